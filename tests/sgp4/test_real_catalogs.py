"""Whole public catalogs against python-sgp4, with limits: the comparison of bench/accuracy.py."""

import json
import subprocess
import sys

import pytest
from project import ROOT

ACCURACY = ROOT / "bench" / "accuracy.py"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "satellites"),
    [("spacetrack_full_2025-04-15.2le", 27_485), ("celestrak_catalog_omm_2022-07-01.csv", 23_952)],
)
def test_a_week_before_and_after_epoch(installed_engine, shared_data, tmp_path, name, satellites):
    command = [
        sys.executable,
        str(ACCURACY),
        "--engine",
        installed_engine,
        "--catalogue",
        str(shared_data / name),
    ]
    subprocess.run(
        [*command, "--step", "20", "--json", str(tmp_path / "figures.json")],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    [figures] = json.loads((tmp_path / "figures.json").read_text())["results"]["catalogues"]
    assert figures["satellites"] == satellites
    assert figures["states"] > 16 * satellites
    assert (
        figures["errors"] > 0 and figures["wrong_errors"] == 0 and figures["invented_errors"] == 0
    )
    assert figures["good"]["largest"]["km"] < 3e-7
    assert figures["good"]["median_km"] < 2e-10 and figures["good"]["p999_km"] < 1e-7
    assert (
        figures["good_again"]["largest"]["km"] < 1e-5
        and figures["good"]["states"] > 0.99 * figures["states"]
    )
