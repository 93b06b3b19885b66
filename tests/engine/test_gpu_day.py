"""bench/gpu_day.sh, which needs a GPU, names files that exist and is sound bash."""

import re
import subprocess

from project import ROOT

SCRIPT = ROOT / "bench" / "gpu_day.sh"


def test_it_is_bash():
    subprocess.run(["bash", "-n", str(SCRIPT)], check=True)


def test_all_that_it_runs_is_there():
    text = SCRIPT.read_text()
    named = set(re.findall(r"(?:bench|tests)/[\w/]+(?:\.py)?", text))
    assert len(named) > 10
    missing = {each for each in named if not (ROOT / each).exists()}
    assert missing <= {"bench/gpu_day"}  # the first words of its own name


def test_the_steps_fit_into_ten_minutes():
    """Every step keeps its limit, even if all the others take theirs."""
    text = SCRIPT.read_text()
    total = int(re.search(r"^total=(\d+)$", text, re.MULTILINE)[1])  # type: ignore[index]
    limits = dict(re.findall(r"^ *step (\S+) (\d+) ", text, re.MULTILINE))
    dry = re.search(r"^ *step tests (\d+) ", text, re.MULTILINE)[1]  # type: ignore[index]
    assert int(dry) < int(limits["tests"])  # the limit with a GPU counts
    assert len(limits) == 9 and sum(map(int, limits.values())) <= total - 20 < 600
