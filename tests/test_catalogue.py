"""The whole public catalogue against python-sgp4: the comparison that bench/accuracy.py prints, with limits."""

import json
import subprocess
import sys
from pathlib import Path

ACCURACY = Path(__file__).resolve().parent.parent / "bench" / "accuracy.py"


def test_a_week_before_and_after_epoch(installed_engine, shared_data, tmp_path):
    command = [sys.executable, str(ACCURACY), "--engine", installed_engine, "--steps", "17", "--json", str(tmp_path / "figures.json")]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    figures = json.loads((tmp_path / "figures.json").read_text())["results"]
    assert figures["satellites"] == 27_485
    assert figures["states"] == 27_485 * 17
    assert figures["errors"] > 0 and figures["wrong_errors"] == 0 and figures["invented_errors"] == 0
    assert figures["largest"][0]["km"] < 1e-6
    assert figures["median_km"] < 1e-8
