"""Fixtures that all tests share. Every engine that is usable here runs every test that takes `engine`."""

import sys
from pathlib import Path

import pytest
from fake_cupy import FakeCupy, FromPtx, from_source

from gpuprop.engine import engines

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"
CUDA_ON_A_CPU = "cuda on a CPU"
PTX_ON_A_CPU = "cuda's PTX on a CPU"
USABLE = [name for name, report in engines().items() if report.usable]


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
    monkeypatch.setattr(FakeCupy, "kernels", FromPtx() if origin == "PTX" else staticmethod(from_source))


@pytest.fixture(params=USABLE if "cuda" in USABLE else [CUDA_ON_A_CPU, PTX_ON_A_CPU, *USABLE])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of an engine. Without a GPU, cuda's own code runs on a CPU (fake_cupy) with its kernels, and with the PTX of its kernels."""
    if request.param in (CUDA_ON_A_CPU, PTX_ON_A_CPU):
        _run_kernels_from("PTX" if request.param == PTX_ON_A_CPU else "source", monkeypatch)
        monkeypatch.setitem(sys.modules, "cupy", FakeCupy())
        return "cuda"
    return str(request.param)


@pytest.fixture(params=["source", "PTX"])
def kernels(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """FakeCupy runs the kernels as they are written, and then what NVRTC makes of them."""
    _run_kernels_from(request.param, monkeypatch)


@pytest.fixture(params=USABLE)
def installed_engine(request: pytest.FixtureRequest) -> str:
    """The same for tests that start another process: only what any process finds here."""
    return str(request.param)
