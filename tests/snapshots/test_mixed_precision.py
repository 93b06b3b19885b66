"""Files of precision mixed: named in their metadata, never mixed with exact ones."""

import json

import numpy as np
import pyarrow as pa
import pytest
from mixed_samples import near_the_limits, needs_fma
from state_samples import COLUMNS, EPOCH

from gpuprop import (
    Propagator,
    open_snapshots,
    time_grid,
    write_snapshots,
)
from gpuprop.snapshots import PlanDiffersError, plan_snapshots

pytestmark = needs_fma
ELEMENTS = near_the_limits(41, 60)
TIMES = time_grid(EPOCH - np.timedelta64(8, "D"), duration="16d", step="11h")
FACTS = {
    "name": "mixed",
    "position_bound_m": 1.0,
    "velocity_bound_mm_s": 10.0,
    "within_days_of_epoch": 7,
}


def write(path, engine="cpu", precision="mixed", **options):
    write_snapshots(path, Propagator(ELEMENTS, engine, precision=precision), TIMES, **options)


@pytest.mark.parametrize("format", ["arrow", "parquet"])
def test_files_have_the_states_and_name_the_precision(tmp_path, format):
    write(tmp_path / "out", format=format)
    found = open_snapshots(tmp_path / "out")
    assert found.metadata["precision"] == FACTS
    table = found.dataset.to_table()
    assert json.loads(table.schema.metadata[b"gpuprop"])["precision"] == FACTS
    assert table.schema.field("x").type == pa.float64()
    states = Propagator(ELEMENTS, "cpu", precision="mixed").states(TIMES)
    for name in COLUMNS:
        assert table[name].to_numpy().tobytes() == states.columns[name].tobytes()


def test_the_engines_write_the_same_bytes(tmp_path, fake):
    for engine in ("cpu", "cuda"):
        write(tmp_path / engine, engine)
    parts = [path.read_bytes() for path in sorted(tmp_path.rglob("part-*.arrow"))]
    assert len(parts) == 2 and parts[0] == parts[1]


@pytest.mark.parametrize("precisions", [("exact", "mixed"), ("mixed", "exact")])
def test_a_run_is_not_resumed_with_another_precision(tmp_path, precisions):
    write(tmp_path / "out", precision=precisions[0])
    words = f"precision: {precisions[0]} there, {precisions[1]} asked for"
    with pytest.raises(PlanDiffersError, match=words):
        write(tmp_path / "out", precision=precisions[1], resume=True)
    write(tmp_path / "out", precision=precisions[0], resume=True)


def test_plans_name_it():
    plan = plan_snapshots(ELEMENTS, TIMES, precision="mixed")
    assert plan.to_dict()["precision"] == FACTS
    assert "precision" not in plan_snapshots(ELEMENTS, TIMES).to_dict()
    with pytest.raises(ValueError, match="precision 'half' is not known"):
        plan_snapshots(ELEMENTS, TIMES, precision="half")
