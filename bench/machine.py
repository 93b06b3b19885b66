"""Shared by the benchmarks: options, the JSON of results, and what they were measured on."""

import argparse
import json
import os
import platform
import subprocess
import tempfile
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = ("gpuprop", "numpy", "pyarrow", "sgp4", "heyoka", "astroz", "satkit")


def facts() -> dict[str, Any]:
    """Describe the machine: processor, cores, versions, commit and date."""
    return dict(
        date=time.strftime("%Y-%m-%d", time.gmtime()),
        processor=_processor(),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        python=platform.python_version(),
        packages={name: found for name in PACKAGES if (found := _version(name))},
        commit=_commit(),
    )


def arguments(description: str | None) -> argparse.ArgumentParser:
    """Make a parser with the option that all programs have."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    return parser


def report(results: Any, path: Path | None) -> None:
    """Write the figures and the facts of the machine to a file, if one is given."""
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(dict(machine=facts(), results=results), indent=2) + "\n")
        print(f"written to {path}")


def length(km: float) -> str:
    """Format a length with two digits in a suitable unit: 0.00000023 km is 0.23 mm."""
    for unit, name in ((1.0, "km"), (1e-3, "m"), (1e-6, "mm")):
        if km >= 0.1 * unit:
            return f"{float(f'{km / unit:.2g}'):,.15g} {name}"
    return f"{km * 1e9:.2g} µm"


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(
            line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")
        )
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def tree_of(python: str) -> Path:
    """The checkout from which a Python imports gpuprop."""
    command = [python, "-c", "import gpuprop; print(gpuprop.__file__)"]
    with tempfile.TemporaryDirectory() as elsewhere:  # not in a checkout, which would be imported
        done = subprocess.run(command, cwd=elsewhere, capture_output=True, text=True, check=True)
    return Path(done.stdout.strip()).parent.parent


def commit_of(python: str) -> str:
    """The commit of the checkout from which a Python imports gpuprop."""
    return _commit(tree_of(python))


def _commit(folder: Path = Path(__file__).parent) -> str:
    command = ["git", "describe", "--always", "--dirty"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"
