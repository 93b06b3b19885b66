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
    assert missing <= {"bench/mixed.py", "bench/gpu_day"}  # the first one is run if it is there


def test_the_steps_fit_into_ten_minutes():
    """The time left bounds each step; all together have little more than there is."""
    text = SCRIPT.read_text()
    total = int(re.search(r"^total=(\d+)$", text, re.MULTILINE)[1])  # type: ignore[index]
    seconds = [int(each) for each in re.findall(r"^ +step \S+ (\d+)|^step \S+ (\d+)", text, re.M)
               for each in each if each]  # fmt: skip
    assert total < 600 and len(seconds) >= 9 and max(seconds) < total / 3
