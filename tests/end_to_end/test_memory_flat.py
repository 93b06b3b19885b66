"""Memory does not grow with the number of instants: the whole pipeline, with the disk taken out.
bench/memory.py has the real files.
"""

import json
import os
import subprocess
import sys

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not os.path.exists("/proc/self/status"),
        reason="/proc/self/status has the peak of a process",
    ),
]

# The peak of a process of its own: catalogue, engine, batches, encoder and manifest as in any run,
# but what goes into the parts is hashed, counted and thrown away. Batches and parts are small, so
# that ten days are hundreds of the ones and dozens of the others.
JOB = """
import json, re, sys
from pathlib import Path
from gpuprop import Propagator, time_grid, walker, write_snapshots
from gpuprop.dataset import sink as files
from gpuprop.snapshots import layout as plan
from gpuprop.snapshots.contents import FOLDER

directory, days, format, keep = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4] == "keep"
plan.BATCH_ROWS, plan.MOST_BATCH_ROWS, plan.PART_BYTES = 1 << 16, 1 << 17, 16 << 20
to_disk, thrown, kept = files.NewFile.write, [0], []

def write(self, data):
    if not self.name.startswith(FOLDER):
        return to_disk(self, data)
    view = memoryview(data).cast("B")
    self._hash.update(view)
    self.bytes += len(view)
    thrown[0] += len(view)
    return len(view)

def snapshots(self, *arguments, **options):
    for block in blocks(self, *arguments, **options):
        if keep:
            kept.append(block)
        yield block

files.NewFile.write = write
blocks, Propagator.snapshots = Propagator.snapshots, snapshots
propagator = Propagator(walker("53:3000/50/1", altitude_km=550.0), threads=1)
times = time_grid("2026-01-01", duration=f"{days}d", step="60s")
options = dict(format=format, dtype="float32", velocity=False)
report = write_snapshots(directory, propagator, times, **options)
assert thrown[0] == report.bytes
assert all(not part.stat().st_size for part in Path(directory, FOLDER).iterdir())
peak = 1024 * int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
print(json.dumps(dict(peak=peak, rows=report.rows, parts=report.parts, bytes=report.bytes)))
"""


def run(directory, days, format="arrow", keep=False):
    """Peak, rows, parts and bytes of so many days of 3,000 satellites."""
    words = [
        sys.executable,
        "-c",
        JOB,
        str(directory),
        str(days),
        format,
        "keep" if keep else "drop",
    ]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.parametrize("format, days", [("arrow", 10), ("parquet", 4)])
def test_more_days_do_not_take_more_memory(tmp_path, format, days):
    day, more = run(tmp_path / "day", 1, format), run(tmp_path / "more", days, format)
    assert more["rows"] == days * day["rows"] == days * 3_000 * 1_440
    assert more["parts"] > 3 * day["parts"] and more["bytes"] > (days - 1) * day["bytes"]
    assert more["peak"] <= 1.1 * day["peak"]


def test_a_pipeline_that_keeps_its_blocks_is_seen(tmp_path):
    """The measure above fails where a reference to each block is kept: for a second day already."""
    day, two = run(tmp_path / "day", 1), run(tmp_path / "two", 2, keep=True)
    assert two["peak"] > 1.1 * day["peak"]
