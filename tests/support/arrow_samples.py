"""Small jobs for the tests of gpuprop.snapshots: few satellites, every kind of status, and a layout
small enough to have many parts.
"""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from gpuprop import Elements, Propagator, time_grid, walker, write_snapshots
from gpuprop.dataset.manifest import seal
from gpuprop.time.times import Times, as_times

COORDINATES = ("x", "y", "z", "vx", "vy", "vz")
GRID = time_grid("2026-01-01T00:00:00Z", duration="53min", step="60s")
IRREGULAR = as_times(
    [
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:00:07.5Z",
        "2026-01-03T12:00:00Z",
        "2026-01-02T00:00:00.000000001Z",
    ]
)


def satellites() -> Elements:
    """37 satellites of which one has no mean motion, one an impossible eccentricity and one decays;
    two share a number, two a name.
    """
    sats = walker("53:37/37/1", altitude_km=550.0)
    fields = {name: values.copy() for name, values in sats.fields.items()}
    fields["MEAN_MOTION"][3] = -1.0
    fields["ECCENTRICITY"][11] = 1.5
    fields["MEAN_MOTION"][20], fields["BSTAR"][20] = 16.4, 0.5
    fields["NORAD_CAT_ID"][30] = fields["NORAD_CAT_ID"][5]
    fields["OBJECT_NAME"][7] = fields["OBJECT_NAME"][8] = "ÉTOILE 衛星"
    return Elements(fields, notes=("a note", "another"))


def small_layout(
    monkeypatch: pytest.MonkeyPatch,
    batch_rows: int = 100,
    most: int = 200,
    part_bytes: int = 20_000,
) -> None:
    """Batches of two instants of 37 satellites, parts of eight, unless told otherwise."""
    monkeypatch.setattr("gpuprop.snapshots.layout.BATCH_ROWS", batch_rows)
    monkeypatch.setattr("gpuprop.snapshots.layout.MOST_BATCH_ROWS", most)
    monkeypatch.setattr("gpuprop.snapshots.layout.PART_BYTES", part_bytes)


def propagator(engine: str | None = None, threads: int | None = None) -> Propagator:
    return Propagator(satellites(), engine=engine, threads=threads)


def contents(directory: Path) -> dict[str, bytes]:
    """Every file but the manifest, by its path in the directory."""
    files = (Path(folder) / name for folder, _, names in os.walk(directory) for name in names)
    return {
        str(file.relative_to(directory)): file.read_bytes()
        for file in files
        if file.name != "manifest.json"
    }


def rows(prop: Propagator, times: Times, dtype: str = "float64") -> dict[str, np.ndarray]:
    """The columns that files of this job must hold, straight from the propagator."""
    states = prop.states(times)
    n_times, n_sats = states.x.shape
    columns = {name: getattr(states, name).reshape(-1).astype(dtype) for name in COORDINATES}
    columns["time"] = np.repeat(times.ns, n_sats)
    columns["sat_id"] = np.tile(prop.elements.sat_id, n_times)
    columns["status"] = states.status.reshape(-1)
    return columns


def cut_off(directory, rows=37 * 20, **options):
    """A run that is interrupted after so many rows: here with two parts."""

    def progress(done, total, size):
        if done >= rows:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_snapshots(directory, propagator("numpy", 1), GRID, progress=progress, **options)


def resume(directory, engine="numpy", **options):
    """The run taken up again."""
    return write_snapshots(directory, propagator(engine, 1), GRID, resume=True, **options)


def manifest(directory):
    """The record of a directory."""
    return json.loads((directory / "manifest.json").read_text())


def put_manifest(directory, record, name="manifest.json"):
    """Write a record that was altered, with a new digest of itself, as a forger would."""
    (directory / name).write_text(json.dumps(seal(record)))


def listed(directory):
    """The parts that it lists."""
    return [entry["part"] for entry in manifest(directory)["parts"]]
