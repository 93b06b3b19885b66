"""Measure time and peak memory of calls that are wrong on purpose, each in its own process.

    python bench/hostile.py [--python PYTHON] [--limit 120] [--json FILE]

--python: the Python of another environment, to measure the gpuprop installed there, such as the
version before a change. A case is a function that returns the arguments of a Python process;
`plain` is the cost of an ordinary command, for comparison.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import machine

Case = Callable[[Path], Sequence[str]]


def plain(folder: Path) -> Sequence[str]:
    """Plan a day of 24 satellites, without writing it."""
    return ["-m", "gpuprop", "propagate", "walker:53:24/3/1@600", "--dry-run"]


def time_grid(folder: Path) -> Sequence[str]:
    """Plan 10^12 instants of a shell: 126 million parts of 768 MB."""
    return [
        "-m",
        "gpuprop",
        "propagate",
        "walker:53:1584/72/39@550",
        "--dry-run",
        "--duration",
        "1000000s",
        "--step",
        "1us",
    ]


MANIFEST = """
import json, sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from gpuprop.__main__ import main
hour = "--start 2026-01-01 --duration 1h -o run --quiet".split()
assert main(["propagate", "walker:53:24/3/1@600", *hour]) == 0
path = Path("run/manifest.json")
record = json.loads(path.read_text())
if FORGED:
    record["plan"] |= dict(instants=10**8, parts=10**8, part_instants=1, batch_instants=1)
    record["plan"] |= dict(rows=24 * 10**8, step="1ms")
    record |= dict(parts=[], complete=False)
    seal = dict  # versions before that with seals
    for name in ("dataset", "snapshots", "arrow"):  # where the module was in other versions
        with suppress(ImportError, AttributeError):
            seal = import_module(f"gpuprop.{name}.manifest").seal
            break
    path.write_text(json.dumps(seal(record)))
sys.exit(main(["verify", "run"]))
"""


def small_manifest(folder: Path) -> Sequence[str]:
    """Write a run of one part and verify it."""
    return ["-c", MANIFEST.replace("FORGED", "False")]


def manifest_of_many_parts(folder: Path) -> Sequence[str]:
    """Verify the same run with a manifest of 1.4 kB that claims 100 million parts."""
    return ["-c", MANIFEST.replace("FORGED", "True")]


CASES: dict[str, Case] = {
    each.__name__: each for each in (plain, time_grid, small_manifest, manifest_of_many_parts)
}


def measured(python: str, case: Case, limit_s: float) -> dict[str, Any]:
    """Measure seconds, peak memory (MB), exit code and last line of a case.

    A case that takes longer than limit_s is stopped.
    """
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile("w+") as said:
        began = time.perf_counter()
        process = subprocess.Popen(
            [python, *case(Path(folder))], cwd=folder, stdout=said, stderr=said
        )
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            seconds = time.perf_counter() - began
            if pid:
                break
            if seconds > limit_s:
                process.kill()
            time.sleep(0.005)
        said.seek(0)
        lines = said.read().splitlines() or [""]
    process.returncode = os.waitstatus_to_exitcode(status)
    facts = dict(
        seconds=round(seconds, 2),
        peak_mb=round(usage.ru_maxrss / 1000, 1),
        exit=process.returncode,
        stopped=seconds > limit_s,
    )
    return facts | dict(said=lines[-1])


def main() -> None:
    parser = machine.arguments(__doc__)
    parser.add_argument("--python", default=sys.executable, help="the environment to measure")
    parser.add_argument(
        "--limit", type=float, default=120.0, help="seconds after which a case is stopped"
    )
    options = parser.parse_args()
    results = {}
    for name, case in CASES.items():
        results[name] = found = measured(options.python, case, options.limit)
        stopped = f", stopped after {options.limit:g} s" if found["stopped"] else ""
        print(
            f"{name:<24} {found['seconds']:8.2f} s {found['peak_mb']:9.1f} MB  exit "
            f"{found['exit']}{stopped}: {found['said'][:120]}"
        )
    machine.report(results, options.json)


if __name__ == "__main__":
    main()
