"""Measure the time to read element sets on one core, and python-sgp4 on the same lines.

    python bench/parse.py [--runs 5] [--json FILE]

python-sgp4 reads the lines of one satellite at a time. The whole catalogue is also written as OMM
in each format and read again.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import machine
import workloads
from sgp4.api import Satrec

from gpuprop import read_elements, write_elements

FILES = {
    workloads.CATALOGUE: 27_485,
    workloads.ACTIVE: 11_304,
    workloads.DATA / "celestrak_catalog_omm_2022-07-01.csv": 23_952,
    workloads.DATA / "starlink_omm_2025-05-24.json": 7_483,
}


def median_seconds(job: Callable[[], object], runs: int) -> float:
    """Median seconds of a job."""
    found = []
    for _ in range(runs):
        began = time.perf_counter()
        job()
        found.append(time.perf_counter() - began)
    return statistics.median(found)


def one_by_one(path: Path) -> None:
    """Read the lines of a file with python-sgp4, a satellite at a time."""
    lines = [line for line in path.read_text().splitlines() if line[:2] in ("1 ", "2 ")]
    for first, second in zip(lines[::2], lines[1::2], strict=True):
        Satrec.twoline2rv(first, second)


def written(folder: Path) -> dict[Path, int]:
    """Write the catalogue as OMM in each format; return the files and their numbers of sets."""
    if not workloads.CATALOGUE.is_file():
        return {}
    elements = read_elements(workloads.CATALOGUE)
    return {
        write_elements(elements, folder / f"catalogue.{kind}").path: len(elements)
        for kind in ("csv", "json", "xml", "kvn")
    }


def measure(path: Path, count: int, runs: int, results: list[dict[str, object]]) -> None:
    """Check that `path` is read completely, then read it `runs` times."""
    if not path.is_file():
        print(f"{path} does not exist")
        return
    assert len(read_elements(path)) == count
    row: dict[str, object] = dict(
        file=path.name,
        element_sets=count,
        seconds=round(median_seconds(lambda: read_elements(path), runs), 4),
    )
    if path.suffix in (".2le", ".3le"):
        row["python_sgp4_seconds"] = round(median_seconds(lambda: one_by_one(path), runs), 4)
    results.append(row)
    print(row)


def main() -> None:
    parser = machine.arguments(__doc__)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    results: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as folder:
        for path, count in (FILES | written(Path(folder))).items():
            measure(path, count, options.runs, results)
    machine.report(results, options.json)


if __name__ == "__main__":
    main()
