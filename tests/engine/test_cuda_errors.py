"""If a part of CUDA is missing, the message of the cuda engine names the fix."""

import errno
import os
import subprocess
import sys
import warnings
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
from fake_cupy import CompileException, CUDADriverError, FakeCupy
from fake_gpu import CUDARuntimeError, OutOfMemoryError
from project import ROOT
from published import element_sets

import gpuprop
from gpuprop import Propagator, Site, doctor, look_angles
from gpuprop.__main__ import main
from gpuprop.engine.choice import EngineWarning, open_engine
from gpuprop.engine.cuda import CudaEngine, CudaError, CudaMissingError, availability, usable


@pytest.fixture
def cupy(monkeypatch):
    fake = FakeCupy()
    monkeypatch.setitem(sys.modules, "cupy", fake)
    return fake


def raising(error):
    def function(*_, **__):
        raise error

    return function


def installed(monkeypatch, *wheels):
    def version(name):
        if name in wheels:
            return "14.0"
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", version)


def test_not_installed(monkeypatch):
    installed(monkeypatch)
    monkeypatch.setitem(sys.modules, "cupy", None)
    fine, reason = usable()
    assert not fine
    assert "CuPy is not installed" in reason and ".[cuda12]" in reason and ".[cuda13]" in reason
    with pytest.raises(CudaError, match="not installed"):
        CudaEngine()
    with pytest.raises(ValueError, match=r"not usable here .*\.\[cuda12\]"):
        Propagator(element_sets(), "cuda")
    assert ".[cuda12]" in gpuprop.engines()["cuda"].detail


def test_asking_costs_nothing_without_cupy():
    code = (
        "import sys, gpuprop; sys.modules['cupy'] = None; gpuprop.engines(); "
        "print(*(sorted(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert {name for name in done.stdout.split() if name.startswith(("cu", "nvidia"))} == {"cupy"}


def test_two_wheels(monkeypatch, cupy):
    installed(monkeypatch, "cupy-cuda12x", "cupy-cuda13x")
    fine, reason = usable()
    assert not fine
    assert (
        "cupy-cuda12x 14.0 and cupy-cuda13x 14.0" in reason
        and "pip uninstall cupy-cuda12x cupy-cuda13x" in reason
    )


@pytest.mark.parametrize(
    "error",
    [
        ImportError("undefined symbol: nvrtcVersion"),
        ModuleNotFoundError("No module named 'fastrlock'", name="fastrlock"),
    ],
)
def test_broken_import(monkeypatch, error):
    class Broken:
        def find_spec(self, name, path=None, target=None):
            if name == "cupy":
                raise error

    monkeypatch.delitem(sys.modules, "cupy", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Broken(), *sys.meta_path])
    installed(monkeypatch, "cupy-cuda12x")
    fine, reason = usable()
    assert not fine
    assert str(error) in reason and "pip install --force-reinstall 'cupy-cuda12x[ctk]'" in reason


@pytest.mark.parametrize(
    ("driver", "words"),
    [
        (0, ["there is no NVIDIA driver", "--gpus all"]),
        (
            11040,
            ["the driver is for CUDA 11.4", "built for CUDA 12.9", "newer driver", ".[cuda12]"],
        ),
    ],
)
def test_driver(cupy, driver, words):
    error = CUDARuntimeError(
        35,
        "cudaErrorInsufficientDriver: CUDA driver version is insufficient for CUDA runtime version",
    )
    cupy.cuda.runtime.getDeviceCount = raising(error)
    cupy.cuda.runtime.driverGetVersion = lambda: driver
    fine, reason = usable()
    assert not fine and all(word in reason for word in words)


@pytest.mark.parametrize(
    "count",
    [
        lambda: 0,
        raising(CUDARuntimeError(100, "cudaErrorNoDevice: no CUDA-capable device is detected")),
    ],
)
def test_no_gpu(cupy, count):
    cupy.cuda.runtime.getDeviceCount = count
    fine, reason = usable()
    assert not fine and "CUDA_VISIBLE_DEVICES" in reason


def test_a_driver_that_does_not_start(cupy):
    cupy.cuda.runtime.getDeviceCount = raising(
        CUDARuntimeError(803, "cudaErrorSystemDriverMismatch")
    )
    fine, reason = usable()
    assert not fine and "cudaErrorSystemDriverMismatch" in reason and "nvidia-smi" in reason


def test_no_nvrtc(cupy):
    cupy.cuda.nvrtc.getVersion = raising(RuntimeError('Failure finding "libnvrtc.so.12"'))
    fine, reason = usable()
    assert not fine and "libnvrtc.so.12" in reason and ".[cuda12]" in reason


def test_whatever_else_is_wrong_is_a_reason_too(cupy):
    cupy.cuda.runtime.getDeviceProperties = raising(KeyError())
    assert usable() == (False, "KeyError()")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            'catastrophic error: cannot open source file "vector_types.h"',
            ["CUDA's headers", ".[cuda12]", "vector_types.h"],
        ),
        (
            "nvrtc: error: invalid value for --gpu-architecture (-arch)",
            ["older than this CuPy supports", "--gpu-architecture"],
        ),
    ],
)
def test_nvrtc_fails(cupy, text, words):
    cupy.RawModule = raising(CompileException(text))
    with pytest.raises(CudaError) as caught:
        Propagator(element_sets(), "cuda")
    assert all(word in str(caught.value) for word in words)


def test_out_of_memory(cupy):
    cupy.machine.memory = 1 << 20
    with pytest.raises(
        CudaError, match=r"GPU 0 has not enough memory.*smaller block.*fewer satellites"
    ) as caught:
        Propagator(element_sets(), "cuda")
    assert isinstance(caught.value.__cause__, OutOfMemoryError)
    cupy.machine.memory = 64 << 20
    propagator = Propagator(element_sets(), "cuda:0")
    for compute in (propagator.states, propagator.snapshots):
        with pytest.raises(CudaError, match=r"GPU 0 has not enough memory.*smaller block"):
            list(compute(np.arange(10**6) + element_sets().epoch[0], device=True))
    assert propagator.states(element_sets().epoch).x.shape == (33, 33)


@pytest.mark.parametrize(
    "error",
    [
        CUDARuntimeError(719, "unspecified launch failure"),
        CUDADriverError("CUDA_ERROR_LAUNCH_FAILED"),
    ],
)
def test_a_gpu_that_fails_at_work(cupy, error):
    propagator = Propagator(element_sets(), "cuda:1")
    cupy.cuda.get_current_stream = raising(error)
    with pytest.raises(CudaError, match=r"GPU 1 failed .*nvidia-smi"):
        propagator.states(element_sets().epoch, device=True)


def test_only_this_engine_imports_cupy():
    folder = Path(gpuprop.__file__).parent
    importing = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*.py")
        if "import cupy" in path.read_text()
    }
    assert importing == {"engine/cuda/availability.py"}


def test_a_folder_that_an_uninstallation_left(monkeypatch, tmp_path):
    (tmp_path / "cupy").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "cupy", raising=False)
    fine, reason = usable()
    sys.modules.pop("cupy", None)
    assert not fine and f"delete {tmp_path / 'cupy'}" in reason


# A GPU that does not start: auto goes on without it, and says why once; asked for by name it is an
# error that names the fix


def full_after(nbytes):
    def fill(cupy, monkeypatch):
        cupy.machine.memory = nbytes

    return fill


def compiling(error):
    def break_it(cupy, monkeypatch):
        monkeypatch.setattr(cupy, "RawModule", raising(error), raising=False)

    return break_it


def starting(where, error):
    def break_it(cupy, monkeypatch):
        monkeypatch.setattr(f"gpuprop.engine.cuda.{where}", raising(error))

    return break_it


def two_wheels(cupy, monkeypatch):
    installed(monkeypatch, "cupy-cuda12x", "cupy-rocm-5-0")


def old_driver(cupy, monkeypatch):
    cupy.cuda.runtime.getDeviceCount = raising(CUDARuntimeError(35, "cudaErrorInsufficientDriver"))
    cupy.cuda.runtime.driverGetVersion = lambda: 11040


def no_nvrtc(cupy, monkeypatch):
    cupy.cuda.nvrtc.getVersion = raising(RuntimeError('Failure finding "libnvrtc.so.12"'))


def launches_fail(cupy, monkeypatch):
    monkeypatch.setattr(
        cupy, "_kernel", lambda run, name: raising(CUDADriverError("CUDA_ERROR_NO_BINARY_FOR_GPU"))
    )


def silent(name, *lost):
    """A function of CUDA's runtime fails: for every GPU, or for those that are lost."""

    def break_it(cupy, monkeypatch):
        answer = getattr(cupy.cuda.runtime, name)
        busy = raising(
            CUDARuntimeError(
                46, "cudaErrorDevicesUnavailable: all CUDA-capable devices are busy or unavailable"
            )
        )
        setattr(
            cupy.cuda.runtime,
            name,
            lambda *index: busy() if not lost or index[0] in lost else answer(*index),
        )

    return break_it


def old_driver_and_silent(cupy, monkeypatch):
    old_driver(cupy, monkeypatch)
    silent("driverGetVersion")(cupy, monkeypatch)


NO_TEMPORARY = FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']")
TROUBLE = {
    "no memory for constants": (full_after(1000), "not enough memory.*nvidia-smi"),
    "no memory for buffers": (full_after(1 << 20), "not enough memory.*nvidia-smi"),
    "no memory to start": (
        compiling(CUDARuntimeError(2, "cudaErrorMemoryAllocation: out of memory")),
        "not enough memory.*nvidia-smi",
    ),
    "kernels do not compile": (
        compiling(CompileException("no such architecture")),
        r"does not compile.*\.\[cuda12\]",
    ),
    "cache is not writable": (
        compiling(PermissionError(errno.EACCES, "Permission denied", "/k/tmp1")),
        "/k/tmp1.*CUPY_CACHE_DIR",
    ),
    "cache is read-only": (
        compiling(OSError(errno.EROFS, "Read-only file system", "/k/tmp1")),
        "Read-only.*CUPY_CACHE_DIR",
    ),
    "disk is full": (
        compiling(OSError(errno.ENOSPC, "No space left on device")),
        "No space left.*CUPY_CACHE_DIR.*TMPDIR",
    ),
    "no temporary folder": (compiling(NO_TEMPORARY), "set TMPDIR"),
    "no library": (
        compiling(ImportError("libcudart.so.12: cannot open shared object file")),
        "libcudart.so.12.*nvidia-smi",
    ),
    "no streams": (
        starting("streams.Streams.of", CUDARuntimeError(719, "unspecified launch failure")),
        "unspecified launch failure",
    ),
    "launches fail": (launches_fail, "NO_BINARY_FOR_GPU.*nvidia-smi"),
    "old driver": (old_driver, "newer driver"),
    "no NVRTC": (no_nvrtc, r"libnvrtc.*\.\[cuda12\]"),
    "the runtime does not count": (
        silent("getDeviceCount"),
        "CUDA does not start .*DevicesUnavailable.*nvidia-smi",
    ),
    "GPUs do not answer": (
        silent("getDeviceProperties"),
        "GPU 0 does not answer .*DevicesUnavailable.*nvidia-smi",
    ),
    "the driver does not answer": (
        silent("driverGetVersion"),
        "CUDA does not answer .*DevicesUnavailable.*nvidia-smi",
    ),
    "an old driver does not answer": (old_driver_and_silent, "CUDA does not answer .*nvidia-smi"),
    "two wheels": (two_wheels, "pip uninstall cupy-cuda12x cupy-rocm-5-0"),
}


@pytest.mark.parametrize("what", TROUBLE)
def test_auto_runs_without_a_gpu_that_does_not_start(cupy, monkeypatch, what):
    break_it, reason = TROUBLE[what]
    break_it(cupy, monkeypatch)
    with pytest.warns(
        EngineWarning, match=rf"(?s)engine (cpu|numpy) is used instead of cuda: .*{reason}"
    ) as said:
        propagator = Propagator(element_sets(), "auto")
    assert len(said) == 1 and said[0].filename == __file__
    assert propagator.engine in ("cpu", "numpy")
    assert propagator.states(element_sets().epoch[:2], device=True).x.shape == (2, 33)
    with pytest.raises((CudaError, ValueError), match=f"(?s){reason}"):
        Propagator(element_sets(), "cuda")


def no_gpu(cupy, monkeypatch):
    cupy.cuda.runtime.getDeviceCount = lambda: 0


def no_driver(cupy, monkeypatch):
    cupy.cuda.runtime.getDeviceCount = raising(CUDARuntimeError(35, "cudaErrorInsufficientDriver"))
    cupy.cuda.runtime.driverGetVersion = lambda: 0


def no_cupy(cupy, monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)


def built_for_rocm(cupy, monkeypatch):
    cupy.cuda.runtime.is_hip = True


MISSING = {
    no_gpu: "CUDA_VISIBLE_DEVICES",
    no_driver: "no NVIDIA driver",
    no_cupy: "not installed",
    built_for_rocm: "AMD GPUs .ROCm.",
}


@pytest.mark.parametrize("what", MISSING)
def test_auto_gives_no_warning_without_a_usable_gpu(cupy, monkeypatch, what):
    what(cupy, monkeypatch)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Propagator(element_sets(), "auto").engine in ("cpu", "numpy")
    report = gpuprop.engines()["cuda"]
    assert not report.usable
    with pytest.raises(CudaMissingError, match=MISSING[what]):
        CudaEngine()
    with pytest.raises(ValueError, match=f"not usable here .*{MISSING[what]}"):
        Propagator(element_sets(), "cuda")


def test_auto_takes_the_gpus_that_start(cupy, monkeypatch):
    load, full = CudaEngine.load, CudaError("GPU 0 has not enough memory")
    monkeypatch.setattr(
        CudaEngine,
        "load",
        lambda self, *given: load(self, *given) if self.device else raising(full)(),
    )
    with pytest.warns(EngineWarning, match="cuda leaves out a GPU: GPU 0 has not enough memory"):
        propagator = Propagator(element_sets(), "auto")
    assert "cuda" in propagator.engine and len(propagator._propagations) == 1
    with pytest.raises(CudaError, match="GPU 0 has not enough memory"):
        Propagator(element_sets(), "cuda")


@pytest.mark.parametrize("lost", [0, 1])
def test_a_lost_gpu_does_not_end_the_other(cupy, monkeypatch, lost):
    silent("getDeviceProperties", lost)(cupy, monkeypatch)
    with pytest.warns(
        EngineWarning, match=f"cuda leaves out a GPU: GPU {lost} does not answer .*nvidia-smi"
    ):
        propagator = Propagator(element_sets(), "auto")
    assert "cuda" in propagator.engine and {each[-1] for each in cupy.launches} == {1 - lost}
    assert Propagator(element_sets(), f"cuda:{1 - lost}").engine == "cuda"
    with pytest.raises((CudaError, ValueError), match=f"GPU {lost} does not answer"):
        Propagator(element_sets(), "cuda")
    assert f"GPU {lost} does not answer" in availability.gpu_names(cupy)[lost]


@pytest.mark.parametrize(("name", "gpus"), [("auto", {0, 1}), ("auto:1", {1}), ("auto:0", {0})])
def test_the_gpus_that_auto_takes(cupy, name, gpus):
    Propagator(element_sets(), name)
    assert {device for *_, device in cupy.launches} == gpus
    with pytest.raises(ValueError, match="not known"):
        Propagator(element_sets(), name.replace("auto", "numpy") + ":0")


def test_auto_without_the_gpu_that_it_names(cupy):
    with pytest.warns(EngineWarning, match=r"no GPU 2: use cuda:0 \(Fake A\)"):
        assert open_engine("auto:2").name in ("cpu", "numpy")


def test_look_angles_are_computed_without_a_gpu_that_is_full(cupy):
    states = Propagator(element_sets(), "numpy", threads=1).states(element_sets().epoch[:2])
    cupy.machine.memory = 1000
    with pytest.warns(EngineWarning, match="not enough memory"):
        found = look_angles(states, Site(0.0, 0.0))
    assert np.array_equal(
        found.range, look_angles(states, Site(0.0, 0.0), engine="numpy").range, equal_nan=True
    )


def test_errors_that_are_not_of_the_gpu_are_raised_by_auto_too(cupy, monkeypatch):
    monkeypatch.setattr(CudaEngine, "load", raising(KeyError("a fault of ours")))
    with pytest.raises(KeyError):
        Propagator(element_sets(), "auto")


# The file system: what CuPy writes, and where


@pytest.fixture
def package(monkeypatch, tmp_path):
    """A package that begins as CuPy does: its import makes the cache, and after a failure it cannot
    be imported again.
    """
    folder = tmp_path / "site"
    (folder / "cupy").mkdir(parents=True)
    (folder / "cupy" / "__init__.py").write_text(
        "import os, sys\n"
        "if 'cupy._core' in sys.modules: raise AttributeError('partially initialized module')\n"
        "import cupy._core\n"
        "if os.environ.get('BROKEN'): raise ImportError('undefined symbol: first cause')\n"
        "cache = os.environ.get('CUPY_CACHE_DIR', os.path.expanduser('~/.cupy/kernel_cache'))\n"
        "if not os.path.isdir(cache): os.makedirs(cache, exist_ok=True)\n"
        "from types import SimpleNamespace as _N\n"
        "cuda = _N(runtime=_N(is_hip=False))\n"
    )
    (folder / "cupy" / "_core.py").write_text("")
    wheel = folder / "cupy_cuda12x-1.0.dist-info"
    wheel.mkdir()
    (wheel / "METADATA").write_text("Metadata-Version: 2.1\nName: cupy-cuda12x\nVersion: 1.0\n")
    monkeypatch.setattr(availability, "WHEELS", ("cupy-cuda12x",))
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delenv("CUPY_CACHE_DIR", raising=False)
    before = {
        name: module for name, module in sys.modules.items() if name.partition(".")[0] == "cupy"
    }
    for name in before:
        del sys.modules[name]
    yield folder
    for name in [name for name in sys.modules if name.partition(".")[0] == "cupy"]:
        del sys.modules[name]
    sys.modules.update(before)


@pytest.mark.parametrize(
    ("variable", "value"),
    [("HOME", "/dev/null"), ("CUPY_CACHE_DIR", "/dev/null/cache"), ("CUPY_CACHE_DIR", "")],
)
def test_a_home_that_cannot_be_written(package, monkeypatch, tmp_path, variable, value):
    """The error names CUPY_CACHE_DIR, and setting it helps in the same process."""
    monkeypatch.setenv(variable, value)
    for _ in range(2):
        fine, reason = usable()
        assert (
            not fine
            and "set CUPY_CACHE_DIR" in reason
            and "reinstall" not in reason
            and "partially" not in reason
        )
    with pytest.warns(EngineWarning, match="set CUPY_CACHE_DIR"):
        assert open_engine("auto").name in ("cpu", "numpy")
    monkeypatch.setenv("CUPY_CACHE_DIR", str(tmp_path / "cache"))
    assert availability.import_cupy().__name__ == "cupy"


def test_an_existing_cache_may_be_read_only(package, monkeypatch, tmp_path):
    """It may hold the kernels already, as in an image of a container."""
    monkeypatch.setenv("CUPY_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(
        os,
        "makedirs",
        raising(OSError(errno.EROFS, "Read-only file system", str(tmp_path))),
    )
    assert availability.import_cupy().__name__ == "cupy"


def test_a_failed_import_keeps_its_first_reason(package, monkeypatch, tmp_path):
    monkeypatch.setenv("CUPY_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("BROKEN", "1")
    first, second = usable(), usable()
    assert (
        "first cause" in first[1] and "first cause" in second[1] and "restart Python" in second[1]
    )
    assert "partially" not in second[1]


# What people see


@pytest.fixture
def full(cupy):
    cupy.machine.memory = 1000
    return cupy


def test_the_command_says_why_the_gpu_is_not_used(full, capsys, tmp_path):
    call = ["propagate", "walker:53:8/4/1@550", "--duration", "2min", "-o"]
    assert main([*call, str(tmp_path / "a")]) == 0
    said = capsys.readouterr().err
    assert (
        said.count("instead of cuda") == 1
        and "note: engine " in said
        and "GPU 0 has not enough memory" in said
    )
    assert "EngineWarning" not in said
    assert main([*call, str(tmp_path / "b"), "--quiet"]) == 0
    assert capsys.readouterr().err == ""
    assert main([*call, str(tmp_path / "c"), "--engine", "cuda:0"]) == 1
    assert "GPU 0 has not enough memory" in capsys.readouterr().err


def test_the_doctor_says_why_the_gpu_is_not_used(full, monkeypatch):
    monkeypatch.delenv("GPUPROP_ENGINE", raising=False)
    monkeypatch.setattr(
        doctor, "variants", lambda kind: {kind: lambda: open_engine(kind)} if kind == "cuda" else {}
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report = doctor.examine()
    [verdict] = report.verdicts
    assert (
        not verdict.usable
        and "GPU 0 has not enough memory" in verdict.detail
        and verdict.differences is None
    )
    assert report.healthy and report.auto in ("cpu", "numpy") and not report.trouble
    monkeypatch.setenv("GPUPROP_ENGINE", "cuda")
    assert not doctor.examine().healthy
