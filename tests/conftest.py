"""Fixtures that all tests share. Every engine that is usable here runs every test that takes `engine`."""

from pathlib import Path

import pytest

from gpuprop.engine import engines

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"
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


@pytest.fixture(params=USABLE)
def engine(request: pytest.FixtureRequest) -> str:
    return request.param
