"""The race of the constellations, and 200,000 satellites, within a gigabyte of memory.
bench/memory.py has the whole day.
"""

from pathlib import Path

import memory
import pyarrow.dataset
import pytest

from gpuprop import open_snapshots

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("sources", "duration", "satellites", "instants"),
    [
        (
            ["starlink-gen2", "guowang", "qianfan", "honghu-3"],
            "2h",
            29_988 + 12_992 + 1_296 + 10_000,
            120,
        ),
        (["walker:53:200000/400/1@550"], "30min", 200_000, 30),
    ],
    ids=["race", "stress"],
)
def test_peak_memory(
    tmp_path: Path, sources: list[str], duration: str, satellites: int, instants: int
) -> None:
    """Several blocks and more than one part: what a longer job would hold at once."""
    figures = memory.job([*sources, "--duration", duration], tmp_path / "out")
    assert figures["peak_bytes"] < memory.LIMIT
    states = pyarrow.dataset.dataset(tmp_path / "out" / "snapshots", format="ipc")
    assert figures["rows"] == states.count_rows() == satellites * instants
    assert states.count_rows(filter=pyarrow.dataset.field("status") > 0) == 0
    assert len(open_snapshots(tmp_path / "out").satellites) == satellites
