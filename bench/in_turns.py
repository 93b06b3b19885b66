"""Time two trees with the same benchmark, in turns: the ratio of each figure, with its spread.

    python bench/in_turns.py SCRIPT --python BEFORE --python AFTER [--rounds 5] [--json FILE]
    [-- OPTIONS OF THE SCRIPT]

SCRIPT is a file of bench/ that reports seconds or states per second: propagate.py, stream.py,
frames.py, startup.py. Each environment runs the script of its own tree, or this tree's script if it
has none, with a small setting unless options are given after `--`. The two change places after each
round, so that a drift of the machine favours neither. A ratio is the time of the second environment
divided by that of the first one in the same round: 1.05 means 5 % slower. To see the noise of the
machine, give the same Python twice.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import machine

HERE = Path(__file__).resolve().parent
SMALL = {
    "propagate.py": ["--times", "200", "--runs", "3", "--rounds", "1", "--only", "starlink"],
    "stream.py": ["--times", "300", "--rounds", "1"],
    "frames.py": ["--times", "200", "--runs", "3", "--rounds", "1"],
    "startup.py": ["--runs", "5"],
}


def figures(results: Any, title: tuple[str, ...] = ()) -> Iterator[tuple[str, float]]:
    """Name and seconds (of a job, or of a state) of every figure in the JSON of a benchmark."""
    if isinstance(results, list):
        for each in results:
            yield from figures(each, title)
    if not isinstance(results, dict):
        return
    title += tuple(str(results[key]) for key in ("workload", "name", "program") if key in results)
    if "cores" in results:
        title += ("one core" if results["cores"] == 1 else f"{results['cores']} cores",)
    label = ", ".join(title)
    seconds = results.get("seconds")
    if "states_per_second" in results:
        yield label, 1.0 / results["states_per_second"]
    elif isinstance(seconds, dict):
        yield from ((f"{label}, {name}", value) for name, value in seconds.items())
    elif seconds is not None:
        yield label, seconds
    for kind in ("wall", "cpu"):
        if f"{kind}_minimum_s" in results:
            yield f"{label}, {kind} minimum", results[f"{kind}_minimum_s"]
    yield from figures(results.get("rows"), title)


def measured(python: str, script: str, options: list[str], folder: Path) -> dict[str, float]:
    """Run a benchmark of the tree that `python` imports and return its figures."""
    own = machine.tree_of(python) / "bench" / script
    out = folder / "figures.json"
    command = [python, str(own if own.is_file() else HERE / script), *options, "--json", str(out)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr}")
    return dict(figures(json.loads(out.read_text())["results"]))


def main() -> None:
    parser = machine.arguments(__doc__)
    parser.add_argument("script", help="a file of bench/, such as propagate.py")
    parser.add_argument("--python", action="append", required=True, help="given twice")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = sys.argv[1:]
    split = arguments.index("--") if "--" in arguments else len(arguments)
    options = parser.parse_args(arguments[:split])
    if len(options.python) != 2:
        parser.error("--python is needed twice: the environment before, and the one after")
    # an environment's python is a symbolic link, which must not be resolved
    pythons = [os.path.abspath(each) for each in options.python]
    given = arguments[split + 1 :] or SMALL.get(options.script, [])
    found: tuple[list[dict[str, float]], list[dict[str, float]]] = ([], [])
    with tempfile.TemporaryDirectory() as place:
        for number in range(options.rounds):
            for which in (0, 1) if number % 2 == 0 else (1, 0):
                each = measured(pythons[which], options.script, given, Path(place))
                found[which].append(each)
            print(f"round {number + 1} of {options.rounds} done", file=sys.stderr)
    commits = [machine.commit_of(python) for python in pythons]
    print(f"{options.script} {' '.join(given)}: {commits[1]} against {commits[0]}")
    print(f"{'':56}{'before, s':>12}{'after, s':>12}{'ratio':>8}  least to largest")
    rows = []
    for name in found[0][0]:
        if not all(name in each for each in (*found[0], *found[1])):
            continue
        before, after = ([each[name] for each in side] for side in found)
        ratios = sorted(b / a for a, b in zip(before, after, strict=True))
        row = dict(
            name=name,
            before_s=statistics.median(before),
            after_s=statistics.median(after),
            ratio=round(statistics.median(ratios), 3),
            least=round(ratios[0], 3),
            largest=round(ratios[-1], 3),
        )
        rows.append(row)
        print(
            f"{name:56}{row['before_s']:12.3g}{row['after_s']:12.3g}{row['ratio']:8.3f}"
            f"  {row['least']:.3f} to {row['largest']:.3f}"
        )
    machine.report(
        dict(script=options.script, options=given, commits=commits, rows=rows), options.json
    )


if __name__ == "__main__":
    main()
