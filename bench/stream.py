"""Measure the whole pipeline, from element sets to files, against its parts and against astroz.

    python bench/stream.py [--directory DIR] [--times 1000] [--rounds 5] [--json FILE]

All jobs write the same columns of the same workload to the same directory, fsync included. They
take turns, and the medians are compared; files are removed between jobs, outside the measured time.

- `raw` writes as many bytes from one buffer; `raw, direct` does so past the system's cache, as
  gpuprop does.
- `null` computes the states and drops them; `kernel` leaves them on the GPU. The slowest engine
  runs a second time with one core less, so that a core is free for writing.
- `astroz` propagates into arrays, and pyarrow writes them as record batches of the same size.
- Forms that must be encoded (float32, compressed, Parquet) are written by the fastest engine, and
  compared with its `null` and with a raw write of their own size.

Files are validated first: ours against the propagator, astroz's against ours within a metre.
"""

import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import machine
import numpy as np
import pyarrow as pa
import workloads

from gpuprop import Propagator, engines, open_snapshots, time_grid, write_snapshots
from gpuprop.dataset.disk_file import DiskFile
from gpuprop.engine.prefetch import usable_cores
from gpuprop.snapshots import plan_snapshots
from gpuprop.time.times import Times

BUFFER = 32 << 20
# as many as in the workload of other libraries; those of the catalogue are repeated to reach it
SATELLITES = 9_341
FORMS: list[tuple[str, dict[str, Any]]] = [
    ("written", {}),
    ("float32", dict(dtype="float32")),
    ("lz4", dict(compression="lz4")),
    ("Parquet", dict(format="parquet")),
    ("Parquet float32", dict(format="parquet", dtype="float32")),
]


def synced(path: Path, write: Callable[[Any], None]) -> None:
    """Write a file and wait until it is on the disk."""
    with open(path, "wb", buffering=0) as file:
        write(file)
        os.fsync(file.fileno())


def raw(path: Path, nbytes: int) -> None:
    """Write zeros through the system's cache."""
    block = memoryview(bytes(BUFFER))

    def write(file: Any) -> None:
        left = nbytes
        while left:
            left -= file.write(block[: min(left, BUFFER)])

    synced(path, write)


def raw_direct(path: Path, nbytes: int) -> None:
    """Write zeros without the system's cache."""
    block = memoryview(bytes(BUFFER))
    file = DiskFile(path)
    for first in range(0, nbytes, BUFFER):
        file.write(block[: min(nbytes - first, BUFFER)])
    file.commit()


def astroz(elements: Any, times: Any) -> Callable[[Path], None] | None:
    """Make a job that propagates with astroz and writes with pyarrow; None without astroz."""
    try:
        from astroz._astroz import SatrecArray
        from astroz.api import Satrec
    except ImportError:
        return None
    native, minutes = [], (times.ns - times.ns[0]) / 6e10
    for line1, line2 in zip(*lines_of(elements), strict=True):
        native.append(Satrec.twoline2rv(line1, line2)._native)
    native = [native[number] for number in np.resize(np.arange(len(native)), len(elements))]
    array = SatrecArray(native)
    offsets = (times.ns[0] - elements.epoch.view(np.int64)) / 6e10
    names = ("x", "y", "z", "vx", "vy", "vz")

    def job(path: Path) -> None:
        position, velocity = (np.empty((len(times), len(elements), 3)) for _ in range(2))
        array.propagate_into(minutes, position, velocity, epoch_offsets=offsets)
        rows = max(1, (1 << 19) // len(elements))

        def batches() -> Any:
            for first in range(0, len(times), rows):
                here = slice(first, min(first + rows, len(times)))
                count = here.stop - first
                columns = [
                    np.ascontiguousarray(values[here, :, axis]).ravel()
                    for values in (position, velocity)
                    for axis in range(3)
                ]
                when = np.repeat(times.ns[here], len(elements)).view("datetime64[ns]")
                who = np.tile(elements.sat_id, count)
                yield pa.RecordBatch.from_arrays(
                    [pa.array(when), pa.array(who), *map(pa.array, columns)],
                    ["time", "sat_id", *names],
                )

        def write(file: Any) -> None:
            writer: Any = None
            for batch in batches():
                writer = writer or pa.ipc.new_file(file, batch.schema)
                writer.write_batch(batch)
            writer.close()

        synced(path, write)

    return job


def lines_of(elements: Any) -> tuple[list[str], list[str]]:
    """Find the two lines of each satellite in the file of the workload."""
    lines = [line.rstrip() for line in workloads.ACTIVE.read_text().splitlines()]
    wanted = set(elements.sat_id.tolist())
    pairs = [
        (a, b)
        for a, b in pairwise(lines)
        if a[:2] == "1 " and b[:2] == "2 " and int(b[2:7]) in wanted
    ]
    assert len(pairs) == len(wanted)
    return [a for a, _ in pairs], [b for _, b in pairs]


def consume(propagator: Propagator, times: Times, device: bool = False) -> None:
    """Compute all blocks and drop them."""
    for _ in propagator.snapshots(times, device=device):
        pass


def main() -> None:
    parser = machine.arguments(__doc__)
    parser.add_argument(
        "--directory", type=Path, help="where to write [default: a temporary directory]"
    )
    parser.add_argument("--times", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    title, elements, path = workloads.starlink()
    distinct = len(elements)
    elements = elements[np.resize(np.arange(distinct), SATELLITES)]
    times = time_grid(
        elements.epoch.max().astype("datetime64[m]"), step="60s", duration=f"{60 * options.times}s"
    )
    nbytes = plan_snapshots(elements, times).bytes
    folder = Path(tempfile.mkdtemp(dir=options.directory))
    out = folder / "out"
    try:
        jobs: dict[str, Callable[[], Any]] = {
            "raw": lambda: raw(out, nbytes),
            "raw, direct": lambda: raw_direct(out, nbytes),
        }
        sizes = dict.fromkeys(jobs, nbytes)
        usable = [report.name for report in engines().values() if report.usable]
        kinds: list[tuple[str, int | None]] = [(engine, None) for engine in usable]
        if usable_cores() > 1:
            kinds.append((usable[-1], usable_cores() - 1))
        for name, threads in kinds:
            propagator = Propagator(elements, name, threads=threads)
            engine = f"{name} (a core free)" if threads else name
            jobs[f"{engine}, null"] = partial(consume, propagator, times)
            if name == "cuda":
                jobs["cuda, kernel"] = partial(consume, propagator, times, device=True)
            forms = FORMS if engine == usable[0] else FORMS[:1]
            for what, form in forms:
                title_of_job = f"{engine}, {what}"
                write = partial(write_snapshots, out, propagator, times, **form)
                jobs[title_of_job], sizes[title_of_job] = write, write().bytes
                instant = times[options.times // 2]
                got = open_snapshots(out).at(instant).column("x").to_numpy()
                assert np.array_equal(
                    got, propagator.states(instant).x[0].astype(got.dtype), equal_nan=True
                )
                shutil.rmtree(out)
        peer = astroz(elements, times) if path else None
        if peer:
            jobs["astroz + pyarrow"] = lambda: peer(out)
            jobs["astroz + pyarrow"]()
            theirs = pa.ipc.open_file(out).get_batch(0).column("x").to_numpy()[: len(elements)]
            assert np.nanmax(np.abs(theirs - propagator.states(times[0]).x[0])) < 1e-3
            out.unlink()
        spent: dict[str, list[float]] = {name: [] for name in jobs}
        for _ in range(options.rounds):
            for name, job in jobs.items():
                began = time.perf_counter()
                job()
                spent[name].append(time.perf_counter() - began)
                if out.is_dir():
                    shutil.rmtree(out)
                out.unlink(missing_ok=True)
    finally:
        shutil.rmtree(folder)
    seconds = {name: statistics.median(each) for name, each in spent.items()}
    states = len(elements) * len(times)
    print(
        f"{title}: {len(elements):,} satellites x {len(times):,} instants, {nbytes / 1e6:,.0f} MB"
    )
    print(
        f"{'':30}{'s':>8}{'M/s':>8}{'MB/s':>8}"
        f"{'of raw':>9}{'of direct':>11}{'of its null':>13}{'x astroz':>10}"
    )
    rows = []
    for name, value in seconds.items():
        size = sizes.get(name, nbytes)
        null = (
            None
            if name.endswith(("null", "kernel"))
            else seconds.get(f"{name.split(',')[0]}, null")
        )
        ratios = dict(
            of_raw=round(seconds["raw"] * size / nbytes / value, 3),
            of_direct=round(seconds["raw, direct"] * size / nbytes / value, 3),
            of_null=round(null / value, 3) if null else None,
            times_astroz=round(seconds["astroz + pyarrow"] / value, 3)
            if "astroz + pyarrow" in seconds
            else None,
        )
        rows.append(dict(name=name, seconds=round(value, 4), bytes=size, **ratios))
        shown = "".join(
            f"{'' if ratio is None else format(ratio, '.2f'):>{width}}"
            for ratio, width in zip(ratios.values(), (9, 11, 13, 10), strict=True)
        )
        print(f"{name:30}{value:8.3f}{states / value / 1e6:8.1f}{size / value / 1e6:8,.0f}{shown}")
    machine.report(
        dict(
            workload=title, satellites=len(elements), instants=len(times), bytes=nbytes, rows=rows
        ),
        options.json,
    )


if __name__ == "__main__":
    main()
