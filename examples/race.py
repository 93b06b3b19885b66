"""Count the satellites of each constellation, filed and flown, above ten cities through a day.

    python examples/race.py [--catalogue active.csv] [--duration 1d] [--step 5min] [--above 25]
    [-o race.png]

Filed constellations come with gpuprop. Flown ones are read from a catalogue:
`gpuprop fetch active -o active.csv` downloads one from CelesTrak. The cities are in countries where
SpaceSail has signed contracts (Brazil, Kazakhstan, Malaysia, Thailand), and Shanghai. Elevation is
geometric, without refraction or terrain. The picture needs matplotlib.
"""

import argparse
from pathlib import Path

import numpy as np

import gpuprop

FILED = ("starlink-gen1", "starlink-gen2", "guowang", "qianfan", "honghu-3", "kuiper", "oneweb")
FLOWN = ("@starlink", "@guowang", "@qianfan", "@kuiper", "@oneweb")
CITIES = [
    gpuprop.Site(-15.79, -47.88, name="Brasilia"),
    gpuprop.Site(-23.55, -46.63, name="Sao Paulo"),
    gpuprop.Site(-3.12, -60.02, name="Manaus"),
    gpuprop.Site(43.24, 76.89, name="Almaty"),
    gpuprop.Site(51.17, 71.43, name="Astana"),
    gpuprop.Site(3.14, 101.69, name="Kuala Lumpur"),
    gpuprop.Site(5.98, 116.07, name="Kota Kinabalu"),
    gpuprop.Site(13.76, 100.50, name="Bangkok"),
    gpuprop.Site(18.79, 98.99, name="Chiang Mai"),
    gpuprop.Site(31.23, 121.47, name="Shanghai"),
]


def visible(satellites: gpuprop.Elements, times: gpuprop.Times, above_deg: float) -> np.ndarray:
    """Count the satellites above `above_deg` at each instant and city, (n_times, n_cities)."""
    counts = []
    with gpuprop.Propagator(satellites) as propagator:
        for block in propagator.snapshots(times, frame="itrs", block_bytes=8 << 20):
            sky = gpuprop.look_angles(block, CITIES)
            # a state that could not be computed is NaN, which is not above anything
            counts.append((sky.elevation > np.radians(above_deg)).sum(axis=2))
    return np.concatenate(counts)


def flown(catalogue: Path) -> dict[str, gpuprop.Elements]:
    """Select the satellites of each operator that has some in the catalogue."""
    active = gpuprop.read_elements(catalogue, on_error="skip")
    fleets = {f"{operator.strip('@')} (flown)": active.select(operator) for operator in FLOWN}
    return {name: satellites for name, satellites in fleets.items() if len(satellites)}


def picture(counts: dict[str, np.ndarray], above_deg: float, path: Path) -> None:
    """Draw a panel for each constellation, filed above and flown below.

    Each city has a bar from the fewest to the most satellites, and a mark at the median.
    """
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    place = {f"{name} (filed)": (0, column) for column, name in enumerate(FILED)}
    for operator in FLOWN:
        name = operator.strip("@")
        place[f"{name} (flown)"] = (
            1,
            next(column for column, filed in enumerate(FILED) if filed.startswith(name)),
        )
    height = 1 + max(place[name][0] for name in counts)
    figure, panels = plt.subplots(
        height,
        len(FILED),
        figsize=(11.5, 0.6 + 2.6 * height),
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for panel in panels.flat:
        panel.set_visible(False)
    rows = np.arange(len(CITIES))
    for name, seen in counts.items():
        panel, colour = panels[place[name]], ("tab:blue", "tab:orange")[place[name][0]]
        low, middle, high = np.percentile(seen, (0, 50, 100), axis=0)
        panel.set_visible(True)
        panel.barh(rows, high - low, left=low, height=0.6, color=colour, alpha=0.45)
        panel.plot(middle, rows, "|", color=colour, markersize=8, markeredgewidth=2)
        panel.set_title(name.replace(" (", "\n("), fontsize=9)
        panel.set_xlim(0, max(5, 1.05 * high.max()))
        panel.tick_params(labelsize=8)
        panel.grid(axis="x", alpha=0.3)
    panels[0, 0].set_yticks(rows, [city.name for city in CITIES])
    panels[0, 0].invert_yaxis()
    figure.suptitle(
        f"Satellites above {above_deg:g} degrees through a day: fewest to most, and the median",
        fontsize=10,
    )
    figure.savefig(path, dpi=100)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--catalogue",
        type=Path,
        help="element sets of satellites in orbit, in any format that gpuprop reads",
    )
    parser.add_argument(
        "--start", help="UTC [default: the median epoch of the catalogue, else that of the filings]"
    )
    parser.add_argument("--duration", default="1d")
    parser.add_argument("--step", default="5min")
    parser.add_argument("--above", type=float, default=25.0, help="degrees of elevation")
    parser.add_argument("-o", "--output", type=Path, help="a picture")
    options = parser.parse_args()
    flying = flown(options.catalogue) if options.catalogue else {}
    start = options.start or (
        gpuprop.Elements.concat(flying.values()).default_start if flying else "2026-01-01"
    )
    times = gpuprop.time_grid(start, duration=options.duration, step=options.step)
    filed = {f"{name} (filed)": gpuprop.constellation(name, epoch=times[0]) for name in FILED}
    print(f"satellites above {options.above:g} degrees, {times}: fewest / median / most")
    print(f"{'':24}{'satellites':>11}" + "".join(f"{city.name:>16}" for city in CITIES))
    counts = {}
    for name, elements in (filed | flying).items():
        counts[name] = visible(elements, times, options.above)
        figures = np.percentile(counts[name], (0, 50, 100), axis=0).round().astype(int).T
        print(
            f"{name:24}{len(elements):11,}"
            + "".join(f"{'/'.join(map(str, each)):>16}" for each in figures)
        )
    if options.output:
        picture(counts, options.above, options.output)
        print(f"written to {options.output}")


if __name__ == "__main__":
    main()
