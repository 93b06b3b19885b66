"""A browser for the tests of the globe: Chromium of the system, with WebGL 2 in software."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browsers import Opened
from globes import EPOCH, MINUTES, RESET, SITE, globe_satellites

from gpuprop import Elements, view

NAMES = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = ("--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium; the test is skipped where it is not installed."""
    driver = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip(f"none of {', '.join(NAMES)} is installed (Debian: apt-get install chromium)")
    with driver.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=list(OPTIONS))
        yield chromium
        chromium.close()


@pytest.fixture
def opened(browser: Any) -> Iterator[Callable[..., Opened]]:
    """Open a page; it is checked at the end."""
    pages: list[Opened] = []

    def open_page(path: Path, **options: Any) -> Opened:
        pages.append(Opened(browser, path, **options))
        return pages[-1]

    yield open_page
    for each in pages:
        each.context.close()
        each.check()


@pytest.fixture(scope="session")
def satellites() -> Elements:
    return globe_satellites()


@pytest.fixture(scope="session")
def globe(satellites: Elements, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("globe")
    made = view(satellites, start=EPOCH, duration=f"{MINUTES}min", sites=SITE, title="Test & globe")
    return made.save(folder / "globe.html")


@pytest.fixture(scope="module")
def shared_page(browser: Any, globe: Path) -> Iterator[Opened]:
    page = Opened(browser, globe)
    page(
        "const {lat, lon, distance, goal} = gpuprop.world.camera;"
        "const sites = [...gpuprop.world.sites.sites];"
        "globalThis.start = {camera: {lat, lon, distance, goal}, sites}"
    )
    yield page
    page.context.close()


@pytest.fixture
def page(shared_page: Opened) -> Iterator[Opened]:
    """The globe as it is when it opens, paused at its first instant."""
    shared_page(RESET)
    shared_page.page.mouse.move(5, 600)
    yield shared_page
    shared_page.check()
