"""Fixtures that all tests share. Every engine that is usable here runs every test that takes
`engine`.
"""

import gc
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from fake_cupy import FakeCupy, FromPtx, from_source
from hypothesis import HealthCheck, settings
from patience import PATIENCE_S
from project import SHARED

from gpuprop.__main__ import main
from gpuprop.engine.choice import engines

CUDA_ON_A_CPU = "cuda on a CPU"
PTX_ON_A_CPU = "cuda's PTX on a CPU"
# A slow machine is no fault: neither an example nor the making of examples is timed, and Dask's
# workers have time to begin.
os.environ.update(
    {
        f"DASK_DISTRIBUTED__COMM__TIMEOUTS__{name}": f"{PATIENCE_S:.0f}s"
        for name in ("CONNECT", "TCP")
    }
)
settings.register_profile("gpuprop", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("gpuprop")
# A shell starts `pytest &` with SIGINT ignored, and so would be the jobs that tests start and
# interrupt.
for _number in (signal.SIGINT, signal.SIGTERM):
    if signal.getsignal(_number) == signal.SIG_IGN:
        signal.signal(
            _number, signal.default_int_handler if _number == signal.SIGINT else signal.SIG_DFL
        )

USABLE = [name for name, report in engines().items() if report.usable]


def pytest_collection_finish() -> None:
    """Exempt the modules and the tests themselves from garbage collection: they never become
    garbage, and tests that count references would look through them every time.
    """
    gc.collect()
    gc.freeze()


def _folder(name: str) -> Path:
    folder = SHARED / name
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there: real catalogues are not part of the project")
    return folder


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real catalogues and published vectors; the test is skipped where they are absent."""
    return _folder("data")


@pytest.fixture(scope="session")
def shared_constellations() -> Path:
    """Filings with sources; the test is skipped where they are absent."""
    return _folder("constellations")


def _run_kernels_from(origin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        FakeCupy, "kernels", FromPtx() if origin == "PTX" else staticmethod(from_source)
    )


ENGINES = [CUDA_ON_A_CPU, pytest.param(PTX_ON_A_CPU, marks=pytest.mark.slow), *USABLE]


@pytest.fixture(params=USABLE if "cuda" in USABLE else ENGINES)
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of an engine. Without a GPU, cuda's own code runs on a CPU (fake_cupy) with its
    kernels, and with the PTX of its kernels.
    """
    if request.param in (CUDA_ON_A_CPU, PTX_ON_A_CPU):
        _run_kernels_from("PTX" if request.param == PTX_ON_A_CPU else "source", monkeypatch)
        monkeypatch.setitem(sys.modules, "cupy", FakeCupy())
        return "cuda"
    return str(request.param)


@pytest.fixture(params=["source", pytest.param("PTX", marks=pytest.mark.slow)])
def kernels(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """FakeCupy runs the kernels as they are written, and then what NVRTC makes of them."""
    _run_kernels_from(request.param, monkeypatch)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeCupy:
    """Two GPUs, simulated: the cuda engine runs its kernels, as they are written, on this CPU."""
    _run_kernels_from("source", monkeypatch)
    cupy = FakeCupy()
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    return cupy


@pytest.fixture(params=USABLE)
def installed_engine(request: pytest.FixtureRequest) -> str:
    """The same for tests that start another process: only what any process finds here."""
    return str(request.param)


@pytest.fixture
def run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., tuple[int, str, str]]:
    """Run the command line in an empty directory: (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GPUPROP_ENGINE", raising=False)

    def call(*arguments: str) -> tuple[int, str, str]:
        code = main(list(arguments))
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return call
