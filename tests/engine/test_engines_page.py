"""docs/guides/engines.md has the figures of the model and of bench/results."""

import json
import re

import pytest
from project import ROOT

from gpuprop.engine.rates import CORE_STATES_PER_S, CYCLES_OF_STATE, FLOAT64_LANES, Gpu, gpu_rates
from gpuprop.engine.teams import words

PAGE = (ROOT / "docs" / "guides" / "engines.md").read_text()
RESULTS = ROOT / "bench" / "results"
CAPABILITY = {
    "H200": (9, 0), "B200": (10, 0), "A100": (8, 0), "RTX 5090": (12, 0), "RTX 4090": (8, 9),
    "L4": (8, 9), "RTX 3060": (8, 6), "T4": (7, 5),
}  # fmt: skip
CARD = re.compile(
    r"^\| ([\w ]+) \| (\d+) x (\d+) at ([\d.]+) GHz \| (.+?) \| (.+?) \|$", re.MULTILINE
)


def test_the_table_of_cards_is_the_model():
    cards = CARD.findall(PAGE)
    assert {name for name, *_ in cards} == set(CAPABILITY)
    for name, count, lanes, clock, device, host in cards:
        gpu = Gpu(0, name, CAPABILITY[name], int(count), 1e9 * float(clock))
        rates = gpu_rates(gpu)
        assert FLOAT64_LANES.get(gpu.capability, 2) == int(lanes)
        assert (words(rates.device), words(rates.host)) == (device, host), name
    assert f"time of {CYCLES_OF_STATE} float64 instructions" in PAGE
    cores = CORE_STATES_PER_S
    assert (
        f"AVX-512 computes {cores[8] / 1e6:g} million states a second, with AVX2 "
        f"{cores[4] / 1e6:g} million"
    ) in " ".join(PAGE.split())


@pytest.mark.parametrize("view", ["teme", "itrs", "itrs, sunlit"])
def test_the_table_of_device_blocks_is_the_measurement(view):
    found = []
    for which in ("-before", ""):
        name = f"device-blocks{which}-2026-11-28.json"
        assert f"bench/results/{name}" in PAGE
        results = json.loads((RESULTS / name).read_text())["results"]
        (row,) = [row for row in results["rows"] if row["view"] == view]
        share = 100 * results["gpu_us"] / row["from_block_to_block_us"]
        found.append((f"{row['cpu_us'] / 1e3:.2f} ms", f"{share:.0f} %"))
    (cpu, busy), (cpu_now, busy_now) = found
    assert f"| {view} | {cpu}, {cpu_now} | {busy}, {busy_now} |" in PAGE
