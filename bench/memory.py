"""Measure peak memory and time of whole jobs, from the catalogue to the files.

    python bench/memory.py [--json FILE] [--into DIR] [--flat] [--days 30]

Each job is a process of its own. Memory must not grow with the duration: the peak of 30,000
satellites at 60 s for 30 days (32 GB of Arrow files) must be within a tenth of that for one day.
--flat measures this alone, and 720 million states.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import machine
import workloads

WATCH = 0.02  # s between samples of the memory of a job and its worker processes
LIMIT = 1 << 30
# for the jobs of --flat: bytes, and the ratio of the peaks of the long and the short job
SMALLER_LIMIT, FLAT = 1_000_000_000, 1.1


def resident(root: int) -> int:
    """Memory of a process and its descendants in bytes, shared memory counted once.

    This is the proportional set size of Linux.
    """
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except (OSError, IndexError):
                continue
            children.setdefault(parent, []).append(int(entry.name))
    total, family = 0, [root]
    while family:
        pid = family.pop()
        family += children.get(pid, [])
        try:
            lines = (Path("/proc") / str(pid) / "smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        sizes = {line.split(":")[0]: int(line.split()[1]) for line in lines[1:]}
        total += 1024 * sizes["Pss"]
    return total


def job(arguments: list[str], into: Path) -> dict[str, Any]:
    """Run `gpuprop propagate` and sample its memory; the directory is kept."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "gpuprop",
            "propagate",
            *arguments,
            "-o",
            str(into),
            "--json",
            "--quiet",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    peak = 0
    while process.poll() is None:
        peak = max(peak, resident(process.pid))
        time.sleep(WATCH)
    seconds = time.perf_counter() - began
    assert process.returncode == 0 and process.stdout is not None
    report = json.load(process.stdout)
    facts = {name: report[name] for name in ("satellites", "instants", "rows", "bytes", "parts")}
    return dict(
        job=" ".join(Path(each).name if Path(each).is_file() else each for each in arguments),
        **facts,
        seconds=round(seconds, 2),
        peak_bytes=peak,
    )


def flat(into: Path, days: int, form: list[str]) -> dict[str, Any]:
    """Measure the peaks of the same job for one day and for `days`; remove the files."""
    jobs = []
    for duration in ("1d", f"{days}d"):
        every = [
            "walker:53:30000/100/1@550",
            "--duration",
            duration,
            "--step",
            "60s",
            "--no-velocity",
            "--dtype",
            "float32",
            *form,
        ]
        jobs.append(removed(every, into))
    first, last = (each["peak_bytes"] for each in jobs)
    return dict(flat=jobs, ratio=round(last / first, 4))


def removed(arguments: list[str], into: Path) -> dict[str, Any]:
    """Measure a job and remove its files."""
    try:
        figures = job(arguments, into)
    finally:
        shutil.rmtree(into, ignore_errors=True)
    print(figures, flush=True)
    return figures


def main() -> None:
    parser = machine.arguments(__doc__)
    parser.add_argument("--into", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument(
        "--flat",
        action="store_true",
        help="only jobs that differ in their duration alone, and 720 million states",
    )
    parser.add_argument("--days", type=int, default=30, help="duration of the longer job")
    options = parser.parse_args()
    day = ["--duration", "1d", "--step", "60s"]
    jobs = [
        ["starlink-gen1", *day],
        ["starlink-gen1", *day, "--format", "parquet", "--dtype", "float32"],
    ]
    jobs += [
        ["starlink-gen2", "guowang", "qianfan", "honghu-3", *day],
        ["walker:53:200000/400/1@550", "--duration", "4h"],
    ]
    if workloads.CATALOGUE.is_file():
        jobs += [
            [str(workloads.CATALOGUE), *day],
            [str(workloads.CATALOGUE), *day, "--format", "parquet", "--dtype", "float32"],
        ]
    else:
        print(f"{workloads.CATALOGUE} does not exist")
    into = options.into / f"gpuprop-memory-{os.getpid()}"
    results = []
    for arguments in () if options.flat else jobs:
        results.append(removed(arguments, into))
        assert results[-1]["peak_bytes"] < LIMIT, "more than 1 GiB"
    pairs = [flat(into, options.days, form) for form in ([], ["--format", "parquet"])]
    hour = [
        "walker:53:200000/400/1@550",
        "--duration",
        "1h",
        "--step",
        "1s",
        "--format",
        "parquet",
        "--dtype",
        "float32",
    ]
    long = removed(hour, into)
    machine.report([*results, *pairs, long], options.json)
    for pair in pairs:
        print(f"peak of {options.days} days to that of one: {pair['ratio']}")
    assert all(pair["ratio"] <= FLAT for pair in pairs), "memory grows with the duration"
    assert all(
        each["peak_bytes"] < SMALLER_LIMIT
        for each in [*(each for pair in pairs for each in pair["flat"]), long]
    ), "more than 1 GB"


if __name__ == "__main__":
    main()
