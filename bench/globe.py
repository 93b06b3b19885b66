"""Measure the globe: time and size of the file, and pictures a second in a browser without a GPU.

    python bench/globe.py [--satellites 1000 10000 30000] [--seconds 3] [--pictures DIR]
        [--json FILE]

Chromium of the system draws in software (SwiftShader) at 1280 x 800. A picture is drawn whole, with
the CPU and the GPU process waited for; and pictures are counted as the browser shows them. First
positions that the vertex shader computes are compared with exact states. The command is timed as a
process of its own: from a catalogue of 12,992 satellites to its globe. With --pictures, screenshots
in the sizes of a desktop and a phone, light and dark, are written.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import machine
import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

import gpuprop
from gpuprop import Elements, Propagator, view

OPTIONS = ("--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
QUIET: dict[str, Any] = dict(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
FILINGS = ("starlink-gen1", "guowang", "qianfan", "honghu-3", "espace")
MINUTES = 90
DRAWN = """seconds => {
  const began = performance.now(), {clock} = gpuprop.world;
  let count = 0;
  while (performance.now() - began < seconds * 1000) {
    clock.to(clock.now + 1, true);
    gpuprop.draw();
    count++;
  }
  return count * 1000 / (performance.now() - began);
}"""


def satellites(count: int) -> Elements:
    """Take satellites of filed constellations, evenly."""
    every = Elements.concat([gpuprop.constellation(name) for name in FILINGS])
    return every[np.linspace(0, len(every) - 1, count).astype(int)]


def opened(browser: Browser, path: Path, **options: Any) -> Page:
    """Open a page in a context of its own."""
    context = browser.new_context(**dict(viewport=dict(width=1280, height=800)) | options)
    page = context.new_page()
    page.goto(path.as_uri())
    page.wait_for_selector("body[data-ready]")
    return page


def largest_error(page: Page, propagator: Propagator) -> float:
    """Return the largest distance in m of the drawn positions from exact ones, at ten instants."""
    start = int(page.evaluate("gpuprop.world.data.start_ms")) * 1_000_000
    numbers = np.array(page.evaluate("gpuprop.world.data.numbers"))
    place = np.argsort(propagator.elements.sat_id)
    order = place[np.searchsorted(propagator.elements.sat_id[place], numbers)]
    error = 0.0
    for t in (np.arange(10) + 0.37) * (MINUTES * 6.0):
        exact = propagator.states(np.datetime64(start + round(t * 1e9), "ns")).position[0][order]
        drawn = np.array(page.evaluate(f"Array.from(gpuprop.drawn({t}))")).reshape(-1, 3)
        error = max(error, 1000.0 * float(np.linalg.norm(drawn - exact, axis=1).max()))
    assert error < 100.0, f"the page is {error} m from the states"
    return error


def command(folder: Path) -> dict[str, Any]:
    """Time `gpuprop view` of a catalogue, in a new process."""
    catalogue, page = folder / "guowang.csv", folder / "globe.html"
    gpuprop_ = [sys.executable, "-m", "gpuprop"]
    subprocess.run([*gpuprop_, "export", "guowang", "-o", catalogue], check=True, **QUIET)
    began = time.perf_counter()
    subprocess.run([*gpuprop_, "view", catalogue, "-o", page], check=True, **QUIET)
    took = time.perf_counter() - began
    print(f"gpuprop view {catalogue.name}: {took:.1f} s, {page.stat().st_size / 1e6:.1f} MB")
    return dict(catalogue="guowang", seconds=round(took, 2), bytes=page.stat().st_size)


def shots(browser: Browser, path: Path, folder: Path) -> None:
    """Write screenshots in two sizes, light and dark."""
    phone = dict(viewport=dict(width=390, height=844), device_scale_factor=2, has_touch=True)
    for scheme in ("dark", "light"):
        for name, options in (("desktop", {}), ("phone", phone)):
            page = opened(browser, path, color_scheme=scheme, **options)
            page.wait_for_timeout(2000)
            page.screenshot(path=folder / f"globe-{name}-{scheme}.png")
            page.context.close()


def main() -> None:
    parser = machine.arguments(__doc__)
    parser.add_argument("--satellites", type=int, nargs="+", default=[1_000, 10_000, 30_000])
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--pictures", type=Path, help="write screenshots to this folder")
    options = parser.parse_args()
    rows = []
    program = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as place:
        browser = playwright.chromium.launch(executable_path=program, args=list(OPTIONS))
        print(f"Chromium {browser.version}, software renderer, 1280 x 800, {MINUTES} minutes")
        print("satellites      MB  make, s  open, s  error, m  drawn/s  shown/s")
        for count in options.satellites:
            propagator, path = Propagator(satellites(count)), Path(place) / f"{count}.html"
            began = time.perf_counter()
            globe = view(propagator, duration=f"{MINUTES}min", max_bytes=10**9)
            globe.save(path)
            made = time.perf_counter() - began
            began = time.perf_counter()
            page = opened(browser, path)
            ready = time.perf_counter() - began
            error = largest_error(page, propagator)
            drawn = float(page.evaluate(DRAWN, options.seconds))
            before = page.evaluate("gpuprop.pictures")
            page.wait_for_timeout(1000 * options.seconds)
            shown = (page.evaluate("gpuprop.pictures") - before) / options.seconds
            row = dict(
                satellites=count,
                bytes=globe.facts["bytes"],
                make_s=round(made, 2),
                open_s=round(ready, 2),
                error_m=round(error, 1),
                drawn_per_s=round(drawn, 1),
                shown_per_s=round(shown, 1),
            )
            rows.append(row)
            print(
                f"{count:10,} {globe.facts['bytes'] / 1e6:7.1f} {made:8.2f} {ready:8.2f} "
                f"{error:9.1f} {drawn:8.1f} {shown:8.1f}"
            )
            page.context.close()
            if options.pictures and count == options.satellites[-1]:
                options.pictures.mkdir(parents=True, exist_ok=True)
                shots(browser, path, options.pictures)
        results = dict(
            browser=browser.version,
            rows=rows,
            command=command(Path(place)),
            load=[round(each, 1) for each in os.getloadavg()],  # of the machine: how busy
        )
        browser.close()
    machine.report(results, options.json)


if __name__ == "__main__":
    main()
