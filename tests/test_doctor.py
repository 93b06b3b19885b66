"""gpuprop doctor: what it finds and proves, and that broken parts of a system do not break it."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from gpuprop import doctor
from gpuprop.__main__ import main
from gpuprop.engine import digest, mixed_digest
from gpuprop.engine.choice import EngineReport, open_engine


class OneBitOff:
    """The numpy engine, but for the last bit of one velocity."""

    name = "numpy"

    def load(self, model, elements, epoch_ns):
        propagation = open_engine("numpy").load(model, elements, epoch_ns)
        block = propagation.block

        def wrong(ns, names, view):
            columns = block(ns, names, view)
            columns["vy"].view(np.uint64)[0, 0] ^= 1
            return columns

        propagation.block = wrong
        return propagation


@pytest.fixture(autouse=True)
def only_numpy(monkeypatch):
    """A digest of one part, and numpy alone: what the other engines say is the affair of their
    tests.
    """
    parts = list(digest.parts())[:1]
    monkeypatch.setattr(digest, "parts", lambda: parts)
    wanted = digest.compute(open_engine("numpy"))
    monkeypatch.setattr(digest, "committed", lambda: wanted)
    reports = dict(
        cuda=EngineReport("cuda", False, "no GPU is visible: pip install gpuprop[cuda13]"),
        numpy=EngineReport("numpy", True, "here"),
    )
    monkeypatch.setattr(doctor, "engines", lambda: reports)
    monkeypatch.delenv("GPUPROP_ENGINE", raising=False)
    return reports


@pytest.fixture
def call(capsys):
    """Run `gpuprop doctor`: (exit code, the object printed)."""

    def run():
        code = main(["doctor", "--json"])
        return code, json.loads(capsys.readouterr().out)

    return run


def no_such_engine(name):
    raise RuntimeError("the device fell off the bus")


def test_a_healthy_machine(call):
    code, report = call()
    assert code == 0 and report["healthy"] is True
    proven = report["engines"]["numpy"]
    assert (
        proven["usable"] is True
        and proven["differences"] == []
        and proven["states_per_second"] > 0.0
    )
    assert report["engines"]["cuda"] == dict(
        usable=False,
        detail="no GPU is visible: pip install gpuprop[cuda13]",
        differences=None,
        states_per_second=None,
    )
    assert set(report["facts"]) == set(doctor.PROBES)


def test_facts_are_values(call):
    """Numbers and lists, which a program reads without taking a sentence apart."""
    facts = call()[1]["facts"]
    assert all(isinstance(facts["cores"][name], int) for name in ("usable", "present"))
    assert (
        set(facts["packages"]) == {"numpy", "pyarrow"}
        and facts["packages"]["numpy"] == np.__version__
    )
    for name in ("gpuprop", "python"):
        assert set(facts[name]) == {"version", "path"}
    assert facts["vectors"] is None or all(
        isinstance(lanes, int) for lanes in facts["vectors"].values()
    )
    assert (
        isinstance(facts["CuPy"], list)
        and isinstance(facts["GPUs"], list)
        and facts["GPUPROP_ENGINE"] is None
    )


def test_people_read_the_reason_and_the_fix(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    assert main(["doctor"]) == 0
    printed = capsys.readouterr().out
    assert "no GPU is visible: pip install gpuprop[cuda13]" in printed and "reproduced" in printed
    assert (
        "every usable engine reproduces the committed digest" in printed and "trust" not in printed
    )


def test_an_engine_that_is_one_bit_off_fails_and_the_place_is_named(call, capsys, monkeypatch):
    monkeypatch.setattr(doctor, "open_engine", lambda name: OneBitOff())
    code, report = call()
    assert code == 1 and report["healthy"] is False
    assert report["engines"]["numpy"]["differences"] == [
        "wgs72old, opsmode i, near earth, columns, vy differs"
    ]
    assert report["engines"]["numpy"]["states_per_second"] is None
    assert main(["doctor"]) == 1
    printed = capsys.readouterr().out
    assert (
        "numpy: wgs72old, opsmode i, near earth, columns, vy differs" in printed
        and "Do not trust this installation" in printed
    )


def test_an_engine_whose_pairs_are_wrong_fails(call, monkeypatch):
    monkeypatch.setattr(digest, "compare_pairs", lambda engine: [f"{engine.name}, pairs differ"])
    code, report = call()
    assert code == 1 and report["engines"]["numpy"]["differences"] == ["numpy, pairs differ"]


def test_an_engine_with_wrong_mixed_states_fails(call, monkeypatch):
    monkeypatch.setattr(mixed_digest, "compare", lambda engine: [f"{engine.name}, mixed differs"])
    code, report = call()
    assert code == 1 and report["engines"]["numpy"]["differences"] == ["numpy, mixed differs"]


def test_an_engine_that_raises_fails_and_the_others_are_proven(call, monkeypatch, only_numpy):
    only_numpy["cuda"] = EngineReport("cuda", True, "a GPU")
    monkeypatch.setattr(
        doctor, "open_engine", lambda name: OneBitOff() if name == "numpy" else no_such_engine(name)
    )
    code, report = call()
    assert code == 1
    assert report["engines"]["cuda"]["differences"] == ["RuntimeError: the device fell off the bus"]
    assert len(report["engines"]["numpy"]["differences"]) == 1


def test_narrower_vectors_and_further_gpus_are_proven_too(monkeypatch):
    monkeypatch.setattr(doctor, "library", lambda: SimpleNamespace(widths=(8, 4, 2)))
    monkeypatch.setattr(doctor, "_gpu_names", lambda: ["one", "another"])
    assert list(doctor.variants("cpu")) == ["cpu", "cpu, 4 lanes", "cpu, 2 lanes"]
    assert list(doctor.variants("cuda")) == ["cuda", "cuda:1"]
    assert list(doctor.variants("numpy")) == ["numpy"]


def test_a_lost_digest_is_a_failure(call, monkeypatch, tmp_path):
    monkeypatch.setattr(
        digest, "committed", lambda: json.loads((tmp_path / "digest.json").read_text())
    )
    code, report = call()
    assert code == 1 and "FileNotFoundError" in report["engines"]["numpy"]["differences"][0]


@pytest.mark.parametrize("name", doctor.PROBES)
def test_a_probe_that_fails_says_why(call, monkeypatch, name):
    def broken():
        raise OSError("nothing to read")

    monkeypatch.setitem(doctor.PROBES, name, broken)
    monkeypatch.setattr(doctor, "speed", lambda engine: 1.0)
    code, report = call()
    assert code == 0 and report["facts"][name] == "not known (OSError: nothing to read)"


def test_without_cupy(monkeypatch):
    monkeypatch.setattr(doctor, "_wheels", list)
    assert doctor.PROBES["CuPy"]() == doctor.PROBES["GPUs"]() == []
    assert doctor.PROBES["NVRTC"]() is None and doctor.PROBES["CuPy's cache"]() is None


def test_a_broken_cupy(call, monkeypatch, tmp_path):
    """It is installed, and its import fails: what needs it says so, the rest is as ever."""
    (tmp_path / "cupy").mkdir()
    (tmp_path / "cupy" / "__init__.py").write_text(
        "raise ImportError('libnvrtc.so.99: cannot open shared object file')"
    )
    wheel = tmp_path / "cupy_cuda12x-1.0.dist-info"
    wheel.mkdir()
    (wheel / "METADATA").write_text("Metadata-Version: 2.1\nName: cupy-cuda12x\nVersion: 1.0\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "cupy", raising=False)
    # a real one may be here too
    monkeypatch.setattr("gpuprop.engine.cuda.availability.WHEELS", ("cupy-cuda12x",))
    monkeypatch.setattr(doctor, "speed", lambda engine: 1.0)
    code, report = call()
    assert code == 0
    assert "cupy-cuda12x 1.0" in report["facts"]["CuPy"]
    for fact in ("NVRTC", "GPUs"):
        assert "libnvrtc.so.99" in report["facts"][fact]


def test_vectors_are_those_that_the_kernels_ask_for(monkeypatch, tmp_path):
    monkeypatch.setattr(doctor, "CPUINFO", tmp_path / "cpuinfo")
    assert doctor.PROBES["vectors"]() is None
    for line, wanted in (
        ("flags\t\t: fpu sse sse2 avx avx2 avx512f", dict(SSE2=2, AVX2=4)),
        ("flags\t\t: sse2 avx2 avx512f avx512dq avx512vl", {"SSE2": 2, "AVX2": 4, "AVX-512": 8}),
        ("Features\t: fp asimd evtstrm", dict(NEON=2)),
    ):
        Path(doctor.CPUINFO).write_text(f"processor\t: 0\nmodel name\t: A CPU\n{line}\n")
        assert doctor.PROBES["vectors"]() == wanted
    assert doctor.PROBES["processor"]() == "A CPU"


def test_an_environment_in_which_no_job_starts_is_not_healthy(call, capsys, monkeypatch):
    monkeypatch.setenv("GPUPROP_ENGINE", "abacus")
    code, report = call()
    assert code == 1 and report["healthy"] is False and "GPUPROP_ENGINE" in report["trouble"]
    assert main(["doctor"]) == 1
    assert "Jobs that name no engine fail: engine 'abacus'" in capsys.readouterr().out
