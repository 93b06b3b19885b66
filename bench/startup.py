"""How long gpuprop takes to start: help, version and import, beside Python that does nothing.

The commands run in turns. CPU seconds (user and system) are steadier than wall seconds on a machine
that does other work too; the minimum of both is the cost without interruptions.

python bench/startup.py [--runs 20] [--python PYTHON] [--json FILE]
"""

import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import machine

COMMANDS = "completion constellations doctor export fetch info merge propagate shells verify"
OPTIONS = (
    "--output --start --stop --duration --step --frame --eop --sunlit --select --where --velocity "
    "--dtype --format --compression --engine --threads --gravity --opsmode --resume --shard --json"
)


class Program(NamedTuple):
    """A process to be timed. printed: words that its output must have."""

    name: str
    command: list[str]
    printed: list[str]


def programs(python: str) -> list[Program]:
    """Python that does nothing comes first, as the measure of the others."""
    script = str(Path(python).with_name("gpuprop"))
    code = "import gpuprop; print(gpuprop.__version__)"
    version = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    return [
        Program("python -c pass", [python, "-c", "pass"], []),
        Program("import gpuprop", [python, "-c", "import gpuprop"], []),
        Program("gpuprop --version", [script, "--version"], [version.stdout.strip()]),
        Program("gpuprop --help", [script, "--help"], ["Usage:", *COMMANDS.split()]),
        Program(
            "gpuprop propagate --help",
            [script, "propagate", "--help"],
            ["Usage:", "SOURCE...", *OPTIONS.split()],
        ),
    ]


def seconds(program: Program) -> tuple[float, float]:
    """Wall and CPU seconds of one run; AssertionError if it does not print what it should."""
    cpu, wall = cpu_of_children(), time.perf_counter()
    done = subprocess.run(program.command, capture_output=True, text=True, check=True)
    wall, cpu = time.perf_counter() - wall, cpu_of_children() - cpu
    missing = [word for word in program.printed if word not in done.stdout]
    assert not missing, f"{program.name} does not print {', '.join(missing)}"
    return wall, cpu


def cpu_of_children() -> float:
    """User and system seconds of the processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    parser = machine.arguments(__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--python", default=sys.executable, help="of the environment to measure")
    options = parser.parse_args()
    measured = programs(options.python)
    for program in measured:  # files are then in memory, and compiled
        seconds(program)
    found: dict[str, list[tuple[float, float]]] = {program.name: [] for program in measured}
    for _ in range(options.runs):
        for program in measured:
            found[program.name].append(seconds(program))
    print(f"{'seconds':26}{'wall min':>10}{'median':>10}{'cpu min':>10}{'median':>10}{'ratio':>8}")
    results = []
    for name, runs in found.items():
        wall, cpu = zip(*runs, strict=True)
        row = dict(
            program=name,
            wall_minimum_s=round(min(wall), 4),
            wall_median_s=round(statistics.median(wall), 4),
            cpu_minimum_s=round(min(cpu), 4),
            cpu_median_s=round(statistics.median(cpu), 4),
        )
        row["wall_ratio"] = round(min(wall) / min(each for each, _ in found["python -c pass"]), 1)
        results.append(row)
        figures = "".join(f"{value:10.3f}" for value in list(row.values())[1:5])
        print(f"{name:26}{figures}{row['wall_ratio']:8.1f}")
    machine.report(results, options.json)


if __name__ == "__main__":
    main()
