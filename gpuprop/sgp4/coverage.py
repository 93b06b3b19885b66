"""Which places on the ground have a satellite in view, and for how long they have none.

Twin of kernels/coverage.cuh: `sees` has its bits, and everything else gives the same counts.
docs/methods/coverage.md derives the formulas.
"""

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..typing import Array, Bits, Mask

Counts = npt.NDArray[np.int32]

END_ERROR = 3.0e-5  # rad: see coverage.cuh
NEAR_AXIS = 2.0e-3
EARTH = 6400.0  # km
REACH_ERROR = 1.0e-4  # rad
PADDING = 7  # numbers behind a table, which a vector may read
EXPANDED = 1 << 20  # pairs of a satellite and a place that are decided at a time

# What is kept of the counts of a place, and how it begins: the members of TallyJob in
# kernels/operations.def.
TALLIES = {
    "least": 2**31 - 1,
    "most": 0,
    "covered": 0,
    "covered_2": 0,
    "covered_4": 0,
    "covered_8": 0,
    "gaps": 0,
    "longest": 0,
    "run": 0,
    "cut": 0,
    "total": 0,
}


@dataclass(frozen=True, eq=False)
class Ground:
    """Places on the ground, sorted into rows or bands of latitude, as the kernels read them.

    The fields are members of CoverageJob in kernels/operations.def, which describes them: `columns`
    belongs to a grid, `cells`, `first` and `bins` to places without one.
    """

    n_rows: int
    n_columns: int
    n_slots: int
    rows: Array
    south: float
    per_row: float
    per_column: float
    elevation: float
    sine: float
    reach: float
    inner_reach: float
    columns: Array | None = None
    cells: Array | None = None
    first: Bits | None = None
    bins: Bits | None = None

    def members(self) -> dict[str, Any]:
        """Return the members of CoverageJob that describe the places."""
        lengths = {"row_stride": self.rows.shape[1]}
        if self.cells is not None:
            lengths["cell_stride"] = self.cells.shape[1]
        return {field.name: getattr(self, field.name) for field in fields(self)} | lengths

    @cached_property
    def place_of_slot(self) -> Array:
        """Position (km) and unit vector up of each slot, (6, n_slots)."""
        if self.cells is not None:
            return self.cells[:, : self.n_slots]
        assert self.columns is not None
        cosine, sine = self.columns[:, : self.n_columns, None]
        cos, sin, _, rxy2, rz2, _ = self.rows[:, : self.n_rows]
        rxy, rz, ones = 0.5 * rxy2, 0.5 * rz2, np.ones_like(cosine)
        place = (rxy * cosine, rxy * sine, rz * ones, cos * cosine, cos * sine, sin * ones)
        return np.stack(place).reshape(6, -1)


@dataclass(frozen=True, eq=False)
class CoverageRequest:
    """What is counted: satellites in view of places, by label.

    labels (n_sats,): from 0 to n_labels - 1; None: one label. With several labels a last plane
    counts all together.
    """

    ground: Ground
    labels: Bits | None = None
    n_labels: int = 1

    @property
    def n_planes(self) -> int:
        """Number of labels, and one more for their sum if there are labels."""
        return self.n_labels + (self.labels is not None)

    @property
    def size(self) -> int:
        """Counts of an instant."""
        return self.n_planes * self.ground.n_slots

    def instants_of_a_pass(self, most_bytes: int, n_sats: int) -> int:
        """Compute how many instants an engine counts before it tallies them.

        most_bytes: of their counts. The sums of a pass are 32 bits.
        """
        return max(1, min(most_bytes // (4 * self.size), (2**31 - 1) // max(1, n_sats)))

    def empty_tallies(self) -> dict[str, npt.NDArray[Any]]:
        """Make tallies of no instants, (size,) each."""
        return {
            name: np.full(self.size, value, np.int64 if name == "total" else np.int32)
            for name, value in TALLIES.items()
        }


class Viewed(NamedTuple):
    """Satellites with a position at one instant, in ITRS, km; and their plane."""

    x: Array
    y: Array
    z: Array
    plane: Bits

    def at(self, index: Bits) -> "Viewed":
        """Return some of the satellites."""
        return Viewed(self.x[index], self.y[index], self.z[index], self.plane[index])


def sees(place: Array, x: Array, y: Array, z: Array, sine: float) -> Mask:
    """Compute whether satellites are not below the minimum elevation of places.

    place (6, ...): position in ITRS (km) and unit vector up; x, y, z: satellites in ITRS, km.
    """
    px, py, pz, up_x, up_y, up_z = place
    dx, dy, dz = x - px, y - py, z - pz
    up = (up_x * dx + up_y * dy) + up_z * dz
    range2 = (dx * dx + dy * dy) + dz * dz
    return np.asarray(up >= sine * np.sqrt(range2))


def count_all(request: CoverageRequest, viewed: Viewed) -> Counts:
    """Count by brute force: every satellite against every place. (n_labels, n_slots)."""
    ground = request.ground
    counts = np.zeros((request.n_labels, ground.n_slots), np.int32)
    for x, y, z, plane in zip(*viewed, strict=True):
        counts[plane] += sees(ground.place_of_slot, x, y, z, ground.sine)
    return counts


def count(request: CoverageRequest, viewed: Viewed) -> Counts:
    """Count the satellites in view of every slot: (n_planes, n_slots)."""
    ground = request.ground
    counts = np.zeros((request.n_labels, ground.n_slots), np.int32)
    with np.errstate(all="ignore"):
        if ground.columns is not None:
            _count_in_grid(ground, viewed, counts)
        else:
            _count_in_bands(ground, viewed, counts)
    if request.n_planes > request.n_labels:
        counts = np.concatenate((counts, counts.sum(axis=0, keepdims=True, dtype=np.int32)))
    return counts


def tally(tallies: dict[str, npt.NDArray[Any]], counts: Counts, is_first: bool) -> None:
    """Add the counts (size,) of one instant to tallies (size,)."""
    np.minimum(tallies["least"], counts, out=tallies["least"])
    np.maximum(tallies["most"], counts, out=tallies["most"])
    for name, least in (("covered", 1), ("covered_2", 2), ("covered_4", 4), ("covered_8", 8)):
        tallies[name] += counts >= least
    open_ = counts == 0
    run = tallies["run"]
    tallies["gaps"] += open_ & (run == 0)
    run += 1
    run *= open_
    np.maximum(tallies["longest"], run, out=tallies["longest"])
    if is_first:
        tallies["cut"] |= open_
    tallies["total"] += counts


class Pairs(NamedTuple):
    """Pairs of a satellite and a row that may see it, (n_pairs,) each."""

    satellite: Bits
    row: Bits
    column: Array  # longitude of the satellite, in columns


def _pairs(ground: Ground, viewed: Viewed, half: float) -> Pairs:
    """Find the rows that may see each satellite; half: 0.5 for rows, 0 for bands."""
    rxy = np.hypot(viewed.x, viewed.y)
    r = np.hypot(rxy, viewed.z)
    latitude = np.arctan2(viewed.z, rxy)
    reach = np.arccos(np.clip(ground.reach / r, -1.0, 1.0)) - ground.elevation + REACH_ERROR
    low = np.floor((latitude - reach - ground.south) * ground.per_row - half)
    high = np.floor((latitude + reach - ground.south) * ground.per_row - half)
    low = np.maximum(low, 0.0).astype(np.int64)
    high = np.minimum(high, ground.n_rows - 1).astype(np.int64)
    lengths = np.maximum(high - low + 1, 0)
    satellite = np.repeat(np.arange(len(r)), lengths)
    row = np.arange(len(satellite)) - np.repeat(lengths.cumsum() - lengths - low, lengths)
    column = (np.arctan2(viewed.y, viewed.x) + np.pi) * ground.per_column - half
    return Pairs(satellite, row, column[satellite])


def _count_in_grid(ground: Ground, viewed: Viewed, counts: Counts) -> None:
    """Add changes at the ends of the spans, then sum them along the columns."""
    n, n_rows = ground.n_columns, ground.n_rows
    satellite, row, column = _pairs(ground, viewed, 0.5)
    x, y, z, plane = viewed.at(satellite)
    cos, sin, offset, rxy2, rz2, place2 = ground.rows[:, row]
    rxy = np.hypot(x, y)
    r2 = rxy * rxy + z * z
    p, q = rxy * cos, z * sin - offset
    u, v = (r2 + place2) - rz2 * z, rxy2 * rxy
    half = 0.5 * ground.sine * v
    root = ground.sine * np.sqrt(np.maximum(p * (q * v + p * u) + half * half, 0.0))
    c = (root - (p * q + ground.sine * half)) / (p * p)
    reach = np.arccos(np.clip(c, -1.0, 1.0)) * ground.per_column
    error = END_ERROR * ground.per_column
    near_axis = p * p < NEAR_AXIS**2 * (r2 + EARTH**2)
    kept = (p + q >= -1.0e-6) & ((c <= 1.0 + 1.0e-9) | near_axis)
    whole = kept & near_axis

    def seen(pair: Bits, at: Bits) -> Mask:
        """Decide columns, which may be outside of the grid by one turn."""
        place = ground.place_of_slot[:, (at % n) * n_rows + row[pair]]
        return sees(place, x[pair], y[pair], z[pair], ground.sine)

    def changed(pair: Bits, low: Bits, high: Bits) -> None:
        """Count the columns low to high of some pairs."""
        rise, fall = low % n, (high + 1) % n
        planes, rows = counts[:, :].reshape(-1), row[pair] + plane[pair] * ground.n_slots
        np.add.at(planes, rise * n_rows + rows, 1)
        np.add.at(planes, fall * n_rows + rows, -1)
        np.add.at(planes, rows[rise >= fall], 1)

    pair = np.flatnonzero(kept & ~whole)
    left, right = (column - reach)[pair], (column + reach)[pair]
    low, high = np.rint(left), np.rint(right)
    first, last = np.ceil(left).astype(np.int64), np.floor(right).astype(np.int64)
    for values, end, edge in ((first, low, left), (last, high, right)):
        open_ = np.flatnonzero(np.abs(end - edge) < error)
        at = end[open_].astype(np.int64)
        outside = ~seen(pair[open_], at)
        values[open_] = at + outside * (1 if values is first else -1)
    last = np.minimum(last, first + (n - 1))
    some = first <= last
    changed(pair[some], first[some], last[some])
    pair = np.flatnonzero(whole)
    found = seen(np.repeat(pair, n), np.tile(np.arange(n), len(pair)))
    pair, at = np.repeat(pair, n)[found], np.tile(np.arange(n), len(pair))[found]
    changed(pair, at, at)
    by_column = counts.reshape(-1, n, n_rows)
    np.cumsum(by_column, axis=1, out=by_column)


def _count_in_bands(ground: Ground, viewed: Viewed, counts: Counts) -> None:
    """Count the cells that surely see a satellite, and decide those around them."""
    assert ground.first is not None and ground.bins is not None
    n = ground.n_columns
    satellite, row, column = _pairs(ground, viewed, 0.0)
    size = ground.bins[:, n][row]
    some = size > 0
    satellite, row, column, size = satellite[some], row[some], column[some], size[some]
    x, y, z, plane = viewed.at(satellite)
    outer, inner = _reaches_of_band(ground, row, np.hypot(x, y), z)
    low, high = np.floor(column - outer), np.floor(column + outer) + 1.0
    high = np.minimum(high, low + n)
    inner_low, inner_high = np.floor(column - inner) + 1.0, np.floor(column + inner)
    inner_high = np.minimum(inner_high, low + n)
    none = (inner < 0.0) | (inner_high <= inner_low)
    inner_low, inner_high = np.where(none, low, inner_low), np.where(none, low, inner_high)

    def before(bin_: Array) -> Bits:
        """Return the cells of the band before a bin, which may be outside by one turn."""
        turn, here = np.divmod(bin_.astype(np.int64), n)
        return np.asarray(turn * size + ground.bins[row, here])  # type: ignore[index]

    edges = [before(edge) for edge in (low, inner_low, inner_high, high)]
    flat, base = counts.reshape(-1), ground.first[row] + plane * ground.n_slots
    for begin, end, decided in (
        (edges[0], edges[1], False),
        (edges[1], edges[2], True),
        (edges[2], edges[3], False),
    ):
        lengths = np.where(outer < 0.0, 0, end - begin)
        ends = lengths.cumsum()
        done = 0
        while done < len(lengths):
            until = np.searchsorted(ends, (ends[done - 1] if done else 0) + EXPANDED, "right")
            here = slice(done, max(int(until), done + 1))
            pair = np.repeat(np.arange(len(lengths))[here], lengths[here])
            place = np.arange(len(pair)) - np.repeat(
                lengths[here].cumsum() - lengths[here] - begin[here], lengths[here]
            )
            slot = place % size[pair]
            if not decided:
                of = ground.place_of_slot[:, slot + ground.first[row[pair]]]
                found = sees(of, x[pair], y[pair], z[pair], ground.sine)
                pair, slot = pair[found], slot[found]
            np.add.at(flat, slot + base[pair], 1)
            done = here.stop


def _reaches_of_band(ground: Ground, row: Bits, rxy: Array, z: Array) -> tuple[Array, Array]:
    """Compute the outer and inner reach of pairs, in columns: see coverage.cuh."""
    r = np.hypot(rxy, z)
    sin_sat, cos_sat = z / r, rxy / r
    sin_low, cos_low, sin_high, cos_high = ground.rows[:, row]

    def cap_at(c: Array, sin_lat: Array, cos_lat: Array) -> Array:
        return (c - sin_lat * sin_sat) / (cos_lat * cos_sat + 1.0e-30)

    angle = np.arccos(np.clip(ground.reach / r, -1.0, 1.0)) - ground.elevation + REACH_ERROR
    outer = np.cos(angle)
    least = np.minimum(cap_at(outer, sin_low, cos_low), cap_at(outer, sin_high, cos_high))
    touched = (sin_sat > sin_low * outer) & (sin_sat < sin_high * outer)
    touch = np.sqrt(np.maximum(outer * outer - sin_sat * sin_sat, 0.0)) / (cos_sat + 1.0e-30)
    least = np.where(touched, np.minimum(least, touch), least)
    angle = np.arccos(np.clip(ground.inner_reach / r, -1.0, 1.0)) - ground.elevation - REACH_ERROR
    inner = np.cos(angle)
    most = np.maximum(cap_at(inner, sin_low, cos_low), cap_at(inner, sin_high, cos_high))
    outer = (np.arccos(np.clip(least, -1.0, 1.0)) + REACH_ERROR) * ground.per_column
    outer = np.where(least > 1.0 + 1.0e-6, -1.0, outer)
    inner = (np.arccos(np.clip(most, -1.0, 1.0)) - REACH_ERROR) * ground.per_column
    return outer, np.where((angle < 0.0) | (most > 1.0), -1.0, inner)
