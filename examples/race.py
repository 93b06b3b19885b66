"""What four countries get from SpaceSail's satellites, and from others': as filed, and as flown.

    python examples/race.py [--catalogue active.csv] [--regions BRA,KAZ,MYS,THA] [--above 25]
    [--duration 1d] [--step 30s] [-o DIR]

Filed constellations come with gpuprop. Flown ones are read from a catalogue:
`gpuprop fetch active -o active.csv` downloads one from CelesTrak. The directory gets the tables
(Parquet) and the maps (PNG, which need matplotlib). docs/race.md shows them, and says what is
assumed.
"""

import argparse
import math
from collections.abc import Iterator
from pathlib import Path

import gpuprop
from gpuprop.elements.selection import SelectionError

FILED = (  # SpaceSail (Qianfan) at four sizes, then the others
    "spacesail-brazil",
    "qianfan-648",
    "qianfan",
    "spacesail-15000",
    "starlink-gen1",
    "starlink-gen2-2026",
    "guowang",
    "honghu-3",
)
FLOWN = ("qianfan", "guowang", "starlink", "kuiper", "oneweb")
ELSEWHERE = "qianfan elsewhere"
ON_STATION_KM = (
    1_050  # Qianfan flies at 1,070 km; lower satellites are on their way, or have failed
)


def filed(epoch: str) -> Iterator[tuple[str, gpuprop.Elements]]:
    """Yield the name and the satellites of each filing, numbered on."""
    first_id = 1_000_000_000
    for name in FILED:
        satellites = gpuprop.constellation(name, epoch=epoch, first_id=first_id)
        first_id += len(satellites)
        yield name, satellites


def flown(catalogue: Path) -> Iterator[tuple[str, gpuprop.Elements]]:
    """Yield the name and the satellites of each operator that has some in the catalogue."""
    active = gpuprop.read_elements(catalogue, on_error="skip").latest()
    for name in FLOWN:
        try:
            satellites = active.select(f"@{name}")
        except SelectionError:  # none
            continue
        if name != "qianfan":
            yield name, satellites
            continue
        for label, condition in (("qianfan on station", ">"), (ELSEWHERE, "<=")):
            yield label, satellites.where(f"altitude_km {condition} {ON_STATION_KM}")


def covered(
    fleets: list[tuple[str, gpuprop.Elements]], options: argparse.Namespace
) -> gpuprop.Coverage:
    """Count the satellites of each fleet in view of every cell of 1 degree."""
    satellites = gpuprop.Elements.concat([each for _, each in fleets])
    labels = [name for name, each in fleets for _ in range(len(each))]
    start = options.start or satellites.default_start
    times = gpuprop.time_grid(start, duration=options.duration, step=options.step)
    with gpuprop.Propagator(satellites) as propagator:
        return gpuprop.coverage(
            propagator,
            times,
            "1deg",
            min_elevation_deg=options.above,
            regions=options.regions,
            by=labels,
        )


def print_regions(found: gpuprop.Coverage, fleets: list[tuple[str, gpuprop.Elements]]) -> None:
    """Print what each country gets from each fleet, as tables in Markdown.

    A country has the mean of its cells; fewest, most and the longest gap are those of its worst
    and best cells.
    """
    rows = {(row["name"], row["constellation"]): row for row in found.by_region.to_pylist()}
    countries = list(dict.fromkeys(country for country, _ in rows))
    print(f"\n{found.times}\n\nIn view: mean (fewest to most)\n")
    print(f"| | satellites | {' | '.join(countries)} |\n|{'---|' * (2 + len(countries))}")
    for name, satellites in fleets:
        here = [rows[country, name] for country in countries]
        cells = [
            f"{row['visible_mean']:.1f} ({row['visible_min']} to {row['visible_max']})"
            for row in here
        ]
        print(f"| {name} | {len(satellites):,} | {' | '.join(cells)} |")
    print("\nTime with one or more, with four or more in view, and the longest gap\n")
    print(f"| | {' | '.join(countries)} |\n|{'---|' * (1 + len(countries))}")
    for name, _ in fleets:
        here = [rows[country, name] for country in countries]
        cells = [
            f"{share(row['covered'])}, {share(row['covered_4'])}, {row['longest_gap_s']:g} s"
            for row in here
        ]
        print(f"| {name} | {' | '.join(cells)} |")


def share(value: float) -> str:
    """Write a share in per cent, rounded down: only 1 is 100 %."""
    return f"{math.floor(value * 1e3 + 1e-9) / 10:g} %"


def write(
    found: gpuprop.Coverage,
    what: str,
    maps: dict[str, tuple[str, list[str]]],
    source: str,
    directory: Path,
) -> None:
    """Write the tables, and maps: by name of the file a column and some constellations."""
    import pyarrow.parquet as pq

    from gpuprop.plots import coverage_page

    directory.mkdir(parents=True, exist_ok=True)
    for part, table in (("by_latitude", found.by_latitude), ("by_region", found.by_region)):
        pq.write_table(table, directory / f"{what}.{part}.parquet")
    for name, (column, constellations) in maps.items():
        page = coverage_page(found, column, source=source, constellations=constellations)
        page.savefig(directory / f"{name}.png", dpi=120)
    print(f"\nwritten to {directory}: tables {what}.*.parquet, maps {', '.join(maps)}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--catalogue",
        type=Path,
        help="element sets of satellites in orbit, in any format that gpuprop reads",
    )
    parser.add_argument("--regions", default="BRA,KAZ,MYS,THA", help="ISO 3166-1 alpha-3 codes")
    parser.add_argument(
        "--start", help="UTC [default: the epoch of the filings; the median of the catalogue]"
    )
    parser.add_argument("--duration", default="1d")
    parser.add_argument("--step", default="30s")
    parser.add_argument("--above", type=float, default=25.0, help="degrees of elevation")
    parser.add_argument("-o", "--output", type=Path, help="a directory for the tables and the maps")
    options = parser.parse_args()
    print(f"satellites above {options.above:g} degrees")
    fleets = list(filed(options.start or "2026-01-01"))
    found = covered(fleets, options)
    print_regions(found, fleets)
    if options.output:
        maps = {
            "spacesail": ("visible_mean", list(FILED[:4])),
            "filed": ("visible_mean", list(FILED[4:])),
        }
        write(found, "filed", maps, "constellations as filed and planned", options.output)
    if options.catalogue:
        fleets = [fleet for fleet in flown(options.catalogue) if len(fleet[1])]
        found = covered(fleets, options)
        print_regions(found, fleets)
        if options.output:
            names = [name for name, _ in fleets if name != ELSEWHERE]
            maps = {"flown": ("covered", names[:4]), "flown_mean": ("visible_mean", names[:4])}
            write(found, "flown", maps, options.catalogue.name, options.output)


if __name__ == "__main__":
    main()
