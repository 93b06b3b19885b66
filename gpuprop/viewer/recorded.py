"""Knots that are read from a directory of snapshots."""

from typing import Any

import numpy as np
import numpy.typing as npt

from ..analysis.conversion import convert
from ..elements.fields import FIELDS
from ..elements.sets import Elements
from ..errors import UsageError
from ..snapshots import Snapshots
from ..states import VELOCITY
from ..time.instants import format_ns
from ..time.units import MINUTE, SECOND
from ..typing import Array, Bits
from .computed import LEAST_NS, USUAL_NS
from .knots import LOW_ORBIT_STEP_NS, Budget, Knots, Track, Tracks, hermite, packed

NEAREST = 5  # instants from which velocities are derived


def recorded_elements(snapshots: Snapshots) -> Elements:
    """Return the element sets that a directory holds."""
    table = snapshots.satellites
    fields: dict[str, npt.NDArray[Any]] = {}
    for name, (dtype, _, _) in FIELDS.items():
        if name in table.column_names:
            values = table.column(name).to_numpy()
            fields[name] = values.astype("datetime64[ns]" if name == "EPOCH" else dtype)
    fields.setdefault("NORAD_CAT_ID", table.column("sat_id").to_numpy())
    notes = snapshots.metadata.get("notes") or ()
    return Elements(fields, notes=tuple(str(note) for note in notes))  # type: ignore[attr-defined]


def recorded_tracks(
    snapshots: Snapshots, start_ns: int | None, duration_ns: int | None, most_bytes: int
) -> Tracks:
    """Read the knots of all satellites.

    Parameters
    ----------
    snapshots : Snapshots
        The directory, in any frame. Without velocities, they are derived from the positions at the
        five nearest instants.
    start_ns, duration_ns : int, optional
        The window: by default 90 minutes from the first instant, or less if the page would be too
        large.
    most_bytes : int
        Largest size of the page.

    Returns
    -------
    Tracks
        One track. Where instants are closer than 150 s, only some of them are knots, and the error
        is measured at instants between them; otherwise it is not known.

    Raises
    ------
    UsageError
        If the files have no two instants of the window, or no velocities and less than five
        instants, and if the page would be too large.
    """
    every = np.unique(snapshots.times.ns)
    satellites = snapshots.satellites.num_rows
    budget = Budget(most_bytes, satellites)
    ns, chosen = _chosen(snapshots, every, start_ns, duration_ns, budget)
    budget.check(len(chosen) * satellites, int(ns[-1] - ns[0]))
    knots = np.empty((len(chosen), satellites, 6), np.float32)
    worst = np.zeros(satellites, np.uint8)
    error = np.full(satellites, np.nan)
    for row, index in enumerate(chosen):
        position, velocity, status = _read(snapshots, ns[index])
        if velocity is None:
            velocity = _derived(snapshots, every, int(ns[index]))
        knots[row] = packed(position, velocity)
        np.maximum(worst, status, out=worst)
        between = (chosen[row - 1] + index) // 2 if row else index
        if row and between > chosen[row - 1]:
            error = np.fmax(error, _error(snapshots, ns, knots, chosen, row, int(between)))
    measured = (
        "against instants of the files between the knots"
        if len(chosen) < len(ns)
        else "not measured: every instant of the files is a knot"
    )
    if not snapshots.metadata["velocity"]:
        measured += "; velocities are derived from positions"
    return Tracks([Track(np.arange(satellites), ns[chosen], knots)], error, worst, measured)


def _chosen(
    snapshots: Snapshots, every: Bits, start_ns: int | None, duration_ns: int | None, budget: Budget
) -> tuple[Bits, Bits]:
    """Choose the instants of the window, and which of them are knots (indices)."""
    if not snapshots.metadata["velocity"] and len(every) < NEAREST:
        raise UsageError(
            f"{snapshots.path} has no velocities and only {len(every)} instants, and {NEAREST} are "
            "needed to derive them: name the catalogue in place of the directory"
        )
    start_ns = int(every[0]) if start_ns is None else start_ns
    ns = every[every >= start_ns]
    step_ns = int(np.median(np.diff(every))) if len(every) > 1 else 1
    stride = max(1, LOW_ORBIT_STEP_NS // step_ns)
    if duration_ns is None:
        row = budget.size(budget.satellites) - budget.size(0)
        rows = (budget.most * 0.98 - budget.size(0)) // row
        fits = int(rows - 1) * stride * step_ns // (5 * MINUTE) * (5 * MINUTE)
        duration_ns = max(LEAST_NS, min(USUAL_NS, fits))
    # the first instant at or after the end is the last knot
    inside = int(np.searchsorted(ns, start_ns + duration_ns)) + 1
    ns = ns[: min(len(ns), -(-(inside - 1) // stride) * stride + 1)]
    chosen = np.unique(np.append(np.arange(0, len(ns), stride), len(ns) - 1))
    if len(chosen) < 2:
        raise UsageError(
            f"{snapshots.path} has instants from {format_ns(int(every[0]))} to "
            f"{format_ns(int(every[-1]))}, and a page needs two from {format_ns(start_ns)} on"
        )
    return ns, chosen


def _read(snapshots: Snapshots, ns: np.int64) -> tuple[Array, Array | None, npt.NDArray[np.uint8]]:
    """Read positions and, if there are any, velocities (n, 3) in TEME, and status (n,)."""
    table = convert(snapshots.at(np.datetime64(int(ns), "ns")), "teme")
    position = np.stack([table.column(name).to_numpy() for name in ("x", "y", "z")], axis=-1)
    velocity = None
    if "vx" in table.column_names:
        velocity = np.stack([table.column(name).to_numpy() for name in VELOCITY], axis=-1)
    return position, velocity, table.column("status").to_numpy()


def _derived(snapshots: Snapshots, every: Bits, ns: int) -> Array:
    """Derive velocities (n, 3) at an instant: of the polynomial through the nearest instants.

    Through five instants in steps h the error is h^4/30 times the fifth derivative of the position:
    5 mm/s in low orbit for 60 s.
    """
    first = int(np.searchsorted(every, ns)) - NEAREST // 2
    near = every[max(0, min(first, len(every) - NEAREST)) :][:NEAREST]
    t = (near - ns) / SECOND
    scale = float(np.abs(t).max())
    powers = (t / scale) ** np.arange(NEAREST)[:, None]  # row i: t to the power of i
    weights = np.linalg.solve(powers, np.eye(NEAREST)[1]) / scale
    velocity: Array = sum(
        weight * _read(snapshots, at)[0] for weight, at in zip(weights, near, strict=True)
    )
    return velocity


def _error(
    snapshots: Snapshots, ns: Bits, knots: Knots, chosen: Bits, row: int, between: int
) -> Array:
    """Measure the error of the interval before a row of knots, at one instant, (n,) m."""
    first, last, middle = (int(ns[i]) for i in (chosen[row - 1], chosen[row], between))
    position, _, status = _read(snapshots, ns[between])
    fraction = (middle - first) / (last - first)
    drawn = hermite(knots[row - 1], knots[row], (last - first) / SECOND, fraction)
    apart: Array = 1000.0 * np.sqrt(((drawn - position) ** 2).sum(axis=-1))
    gone = ~(knots[row - 1].any(axis=-1) & knots[row].any(axis=-1))
    apart[(status != 0) | gone] = np.nan
    return apart
