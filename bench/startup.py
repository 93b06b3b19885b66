"""Seconds until gpuprop is ready: `import gpuprop`, and the commands that only print text.

    python bench/startup.py [--rounds 15] [--json FILE]

Each is a process of its own; they run in turns, and the medians count. `python` is an interpreter
that does nothing, so that the others can be read against it. To compare two trees:
bench/in_turns.py.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any

import machine

COMMANDS = {
    "python": ["-c", "pass"],
    "import gpuprop": ["-c", "import gpuprop"],
    "import numpy": ["-c", "import numpy"],
    "gpuprop --help": ["-m", "gpuprop", "--help"],
    "gpuprop propagate --help": ["-m", "gpuprop", "propagate", "--help"],
    "gpuprop --version": ["-m", "gpuprop", "--version"],
}


def main() -> None:
    parser = machine.arguments(__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    spent: dict[str, list[float]] = {name: [] for name in COMMANDS}
    with tempfile.TemporaryDirectory() as elsewhere:  # not in a checkout, which would be imported
        for number in range(options.rounds + 1):
            for name, arguments in COMMANDS.items():
                began = time.perf_counter()
                subprocess.run(
                    [sys.executable, *arguments], cwd=elsewhere, check=True, capture_output=True
                )
                if number:  # the first round fills the caches
                    spent[name].append(time.perf_counter() - began)
    rows: list[dict[str, Any]] = [
        dict(name=name, seconds=round(statistics.median(each), 4), least=round(min(each), 4))
        for name, each in spent.items()
    ]
    for row in rows:
        print(f"{row['name']:26}{1e3 * row['seconds']:8.0f} ms (least {1e3 * row['least']:.0f})")
    machine.report(rows, options.json)


if __name__ == "__main__":
    main()
