"""What `gpuprop coverage` does: read the satellites, compute, write the tables, draw the map."""

import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ..analysis.coverage import Coverage, coverage
from ..analysis.coverage.compute import checked_question
from ..analysis.coverage.labels import ALL, source_labels
from ..analysis.tables import check_suffix, write_table
from ..elements.selection import OTHER
from ..elements.sets import Elements
from ..errors import UsageError
from ..files.whole_file import replace
from ..geography.countries import regions
from ..messages import counted
from ..plots import check_picture, coverage_page, need_matplotlib
from ..plots.columns import check_column
from ..time.instants import format_ns
from ..time.times import Times
from ..time.units import SECOND
from .console import DONE, out, say, silent, wide
from .coverage_options import CoverageOptions
from .inputs import check_outputs, repeated_numbers
from .options import wrong_call
from .progress import progress_bar
from .propagators import open_propagator, report_engine, report_inputs
from .satellites import read_satellites, time_steps

# When pyarrow first converts an array, it imports pandas if that is installed. A signal during an
# import may be lost, so this happens now, while signals wait (see __main__.py).
pa.array(np.empty(0))


MOST_MAPS = 8  # on a page that can be printed


def run_coverage(sources: Sequence[str], options: CoverageOptions) -> int:
    """Run the command, and return the exit code."""
    codes = _codes(options.region)
    files = _files(sources, options, bool(codes))
    with wrong_call():
        checked_question(options.grid, options.min_elevation, codes)
    tell = silent if options.messages.quiet else say
    if options.by == "source":
        for name in sorted({name for name in sources if sources.count(name) > 1}):
            tell(f"note: {name} is given {sources.count(name)} times, and counts as one source")
    elements, start = read_satellites(
        sources,
        options.satellites,
        options.instants,
        tell,
        gravity=options.run.gravity,
        verbose=options.messages.verbose,
    )
    times = time_steps(start, options.instants)
    propagator = open_propagator(elements, options.run, tell, eop=options.eop)
    report_inputs(elements, times.start_ns, tell)
    tell(
        f"{counted(len(elements), 'satellite')} x {counted(times.count, 'instant')} from "
        f"{format_ns(times.start_ns)}, every {options.instants.step}, grid {options.grid}"
    )
    report_engine(propagator, options.run, tell)
    by_operator = options.by == "operator"
    labels = elements.operator.tolist() if by_operator else source_labels(elements)
    satellites = dict(Counter(labels)) if options.by else None  # in the order of the sources
    if satellites and by_operator:
        satellites = dict(sorted(satellites.items(), key=lambda each: (each[0] == OTHER, each[0])))
    begun = time.perf_counter()
    with propagator, progress_bar(options.messages.quiet) as progress, wrong_call():
        found = coverage(
            propagator,
            times,
            options.grid,
            min_elevation_deg=options.min_elevation,
            regions=codes or None,
            by=labels if options.by else None,
            progress=progress,
        )
        engine = propagator.engine
    seconds = time.perf_counter() - begun
    write_table(files["cells"], found.cells)
    write_table(files["by_latitude"], found.by_latitude)
    if codes:
        write_table(files["by_region"], found.by_region)
    if options.map is not None:
        drawn = _shown(satellites)
        if satellites and drawn and len(drawn) < len(satellites):
            tell(
                f"the map shows the {len(drawn)} of {len(satellites)} with the most satellites: "
                f"{', '.join(drawn)}"
            )
        _draw(found, options, drawn)
    if options.messages.json:
        out.json(_facts(found, files, options, times, elements, engine, seconds))
        return DONE
    if codes:
        for line in region_lines(found, codes, satellites):
            wide.print(line, soft_wrap=True)
    written = ", ".join(str(path) for path in files.values())
    (tell if codes else out.show)(f"wrote {written}, computed in {seconds:.1f} s ({engine})")
    return DONE


def _codes(region: list[str] | None) -> list[str]:
    """Return the codes of --region, which may be given several times, and check them."""
    codes = [code for word in region or () for code in word.replace(",", " ").split()]
    if region and not codes:
        raise UsageError("--region names no country: give codes such as BRA,KAZ")
    try:
        return [each.code for each in regions(codes)]
    except UsageError as error:
        raise UsageError(f"--region: {error}") from None


def _files(sources: Sequence[str], options: CoverageOptions, by_region: bool) -> dict[str, Path]:
    """Name the files, and check before anything is computed that they can be written."""
    assert options.output is not None
    with wrong_call():
        check_suffix(options.output)
    cells = Path(options.output)
    files = {"cells": cells, "by_latitude": cells.with_suffix(f".by_latitude{cells.suffix}")}
    if by_region:
        files["by_region"] = cells.with_suffix(f".by_region{cells.suffix}")
    if options.map is not None:
        check_picture(options.map)
        need_matplotlib()
        check_column(options.map_column)
        import_module("gpuprop.plots.coverage")  # now, so that an error of matplotlib costs nothing
        files["map"] = Path(options.map)
    check_outputs(files.values(), [*sources, options.grid, options.eop])
    return files


def _shown(satellites: dict[str, int] | None) -> list[str] | None:
    """Choose the labels that a page has room for, in their order: those with most satellites."""
    if not satellites:
        return None
    most = sorted(satellites, key=lambda label: -satellites[label])[:MOST_MAPS]
    return [label for label in satellites if label in most]


def _draw(found: Coverage, options: CoverageOptions, constellations: list[str] | None) -> None:
    from ..plots.paper import picture  # needs matplotlib

    assert options.map is not None
    page = coverage_page(
        found,
        options.map_column,
        constellations=constellations,
    )
    replace(Path(options.map), [picture(page, options.map)])


def _share(value: float) -> str:
    """Write a share in per cent, rounded down: only 1 is 100.00%."""
    return f"{math.floor(value * 1e4 + 1e-9) / 100:.2f}%"


COLUMNS: tuple[tuple[str, str, Callable[[float], str]], ...] = (  # of the table of regions
    ("fewest", "visible_min", "{:.0f}".format),
    ("mean", "visible_mean", "{:.2f}".format),
    ("most", "visible_max", "{:.0f}".format),
    ("1 or more", "covered", _share),
    ("worst place", "covered_min", _share),
    ("4 or more", "covered_4", _share),
    ("longest gap", "longest_gap_s", lambda gap: "unknown" if math.isnan(gap) else f"{gap:.0f} s"),
)


def region_lines(
    found: Coverage, codes: Sequence[str], satellites: dict[str, int] | None = None
) -> Iterator[str]:
    """Yield the lines of the table of regions, in the order in which they were asked for.

    satellites: the number of satellites of each label, in the order of the table.
    """
    yield (
        f"satellites above {found.min_elevation_deg:g} deg (fewest, mean, most), and the share of "
        "time with 1 or 4 or more:"
    )
    table = found.by_region.to_pylist()
    labels = list(satellites or ())
    if satellites is not None:
        labels.append(ALL)
        table.sort(key=lambda row: (codes.index(row["region"]), labels.index(row["constellation"])))
        satellites = {**satellites, ALL: sum(satellites.values())}
    rows = [
        [
            "region",
            *(["constellation"] if found.labels else []),
            *(["satellites"] if satellites else []),
            *(heading for heading, _, _ in COLUMNS),
        ]
    ]
    for row in table:
        cells = [f"{row['region']} {row['name']}"]
        if found.labels:
            cells.append(row["constellation"])
        if satellites:
            cells.append(f"{satellites[row['constellation']]:,}")
        rows.append([*cells, *(write(row[column]) for _, column, write in COLUMNS)])
    words = 2 if found.labels else 1
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(
            f"{cell:<{width}}" if i < words else f"{cell:>{width}}"
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()


def _facts(
    found: Coverage,
    files: dict[str, Path],
    options: CoverageOptions,
    times: Times,
    elements: Elements,
    engine: str,
    seconds: float,
) -> dict[str, Any]:
    """Return what --json prints."""
    return {
        "files": {name: str(path) for name, path in files.items()},
        "satellites": len(elements),
        "instants": times.count,
        "start": format_ns(times.start_ns),
        "step_s": times.step_ns / SECOND if times.step_ns and times.count > 1 else None,
        "grid": found.grid,
        "min_elevation_deg": found.min_elevation_deg,
        "rows": found.cells.num_rows,
        "constellations": list(found.labels),
        "engine": engine,
        "seconds": round(seconds, 3),
        "regions": [_json_row(row) for row in found.by_region.to_pylist()],
        **repeated_numbers(elements),
    }


def _json_row(row: dict[str, Any]) -> dict[str, Any]:
    """Replace NaN, which JSON does not have, by None: the lengths of gaps of one instant."""
    return {name: None if value != value else value for name, value in row.items()}
