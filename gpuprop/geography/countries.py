"""The countries by code, and which points lie in them."""

import difflib
import functools
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from ..errors import UsageError
from ..typing import Array
from .lines import HERE, lines, pieces_of

PAIRS = 1 << 21  # of an edge and a point, that are looked at together


@dataclass(frozen=True)
class Region:
    """A country.

    Attributes
    ----------
    code
        ISO 3166-1 alpha-3, as in Natural Earth's ISO_A3_EH: BRA.
    name
        In English.
    """

    code: str
    name: str
    _rings: tuple[tuple[int, ...], ...] = field(repr=False)

    def contains(self, lat_deg: npt.ArrayLike, lon_deg: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Return which points lie in the country.

        Parameters
        ----------
        lat_deg, lon_deg
            Geodetic latitude and longitude of the points, deg, of one shape. Any longitude is
            reduced to 360 degrees.

        Returns
        -------
        array of bool
            Of the shape of the points. False where a coordinate is NaN.

        Notes
        -----
        The even-odd rule along the meridian: a point lies inside if an odd number of edges of the
        rings pass north of it. So rings around the south pole (Antarctica) and across 180 degrees
        (Russia, Fiji) need no special case; no country contains the north pole. Edges are straight
        in latitude and longitude. The edge between two neighbours is computed alike for both, so a
        point on the border lies in exactly one of them.
        """
        lat, lon = np.broadcast_arrays(
            np.asarray(lat_deg, np.float64), np.asarray(lon_deg, np.float64)
        )
        return _inside(self._edges(), lat.ravel(), lon.ravel()).reshape(lat.shape)

    def outline(self) -> list[Array]:
        """Return what a map draws: lines (n, 2), longitude and latitude, deg."""
        every = lines()
        return [piece for i in self._line_numbers() for piece in pieces_of(every[i])]

    def _line_numbers(self) -> list[int]:
        return [i if i >= 0 else ~i for ring in self._rings for i in ring]

    def _edges(self) -> Array:
        """Return the edges (n, 4): west and east end, each longitude and latitude, deg.

        Longitudes in [-180, 180); the east end is smaller where an edge passes 180 degrees.
        """
        every = lines()
        edges = []
        for i in self._line_numbers():
            lon, lat = _reduced(every[i].lon), every[i].lat
            edges.append(np.column_stack((lon[:-1], lat[:-1], lon[1:], lat[1:])))
        edge = np.concatenate(edges)
        backwards = _reduced(edge[:, 2] - edge[:, 0]) < 0  # the shorter way leads west
        edge[backwards] = edge[backwards][:, [2, 3, 0, 1]]
        covering: Array = edge[edge[:, 0] != edge[:, 2]]  # an edge along a meridian covers none
        return covering


def _reduced(lon: Array) -> Array:
    """Reduce longitudes to [-180, 180)."""
    reduced: Array = np.remainder(lon + 180.0, 360.0) - 180.0
    return reduced


def _inside(edges: Array, lat: Array, lon: Array) -> npt.NDArray[np.bool_]:
    """Decide for points (n,) whether an odd number of edges (m, 4) pass north of each."""
    odd = np.zeros(lat.shape, bool)
    # no point north of all edges lies inside
    near = np.flatnonzero((lat <= edges[:, [1, 3]].max()) & np.isfinite(lon))
    lon = _reduced(lon[near])
    order = np.argsort(lon, kind="stable")
    lon, lat = lon[order], lat[near][order]
    # An edge covers the points from its west end, included, to its east end, not included. One that
    # passes 180 degrees is looked for on both sides.
    past = edges[:, 2] < edges[:, 0]
    before, after = edges[past], edges[past]
    before[:, 2] += 360.0
    after[:, 0] -= 360.0
    edges = np.concatenate((edges[~past], before, after))
    begins = np.maximum(edges[:, 0], -180.0)
    first = np.searchsorted(lon, begins)
    count = np.searchsorted(lon, np.minimum(edges[:, 2], 180.0)) - first
    crossings = np.zeros(len(lon), np.int64)
    met = np.flatnonzero(count)
    edges, first, count = edges[met], first[met], count[met]
    ends = np.cumsum(count)
    begin = 0
    while begin < len(count):
        done = ends[begin - 1] if begin else 0
        end = max(int(np.searchsorted(ends, done + PAIRS, "right")), begin + 1)
        edge = np.repeat(np.arange(begin, end), count[begin:end])
        shift = first[begin:end] - (ends[begin:end] - count[begin:end])
        point = np.arange(done, ends[end - 1]) + np.repeat(shift, count[begin:end])
        west, south, east, north = edges[edge].T
        height = south + (north - south) * ((lon[point] - west) / (east - west))
        crossings += np.bincount(point[height > lat[point]], minlength=len(lon))
        begin = end
    odd[near[order]] = crossings % 2 == 1
    return odd


@functools.cache
def _countries() -> dict[str, Region]:
    table = pq.read_table(HERE / "countries.parquet").to_pylist()
    return {
        row["code"]: Region(row["code"], row["name"], tuple(map(tuple, row["rings"])))
        for row in table
        if row["code"]
    }


def codes() -> dict[str, str]:
    """Return the names of all countries by their codes, in the order of the codes."""
    return {code: region.name for code, region in _countries().items()}


def regions(codes: Iterable[str]) -> list[Region]:
    """Find countries by their codes.

    Parameters
    ----------
    codes
        ISO 3166-1 alpha-3 codes, as in Natural Earth's ISO_A3_EH: ``["BRA", "KAZ"]``. Small
        letters will do.

    Returns
    -------
    list of Region
        In the order given.

    Raises
    ------
    UsageError
        If a code is not known, or is given twice.
    """
    known = _countries()
    asked = [
        code.strip().upper() if isinstance(code, str) and code.strip().upper() in known else code
        for code in ([codes] if isinstance(codes, str) else codes)
    ]
    for code in asked:
        if code not in known:
            raise UsageError(_unknown(code))
    twice = sorted({code for code in asked if asked.count(code) > 1})
    if twice:
        raise UsageError(f"region {', '.join(twice)} is given more than once")
    return [known[code] for code in asked]


def _unknown(code: object) -> str:
    """Make the message for a code that is not known, with codes that may be meant."""
    what = f"there is no region {code!r}"
    if not isinstance(code, str):
        return f"{what}: give codes of ISO 3166-1 alpha-3, such as 'BRA'"
    word = code.strip().casefold()
    names = {region.name.casefold(): region for region in _countries().values()}
    near = [names[word]] if word in names else []
    if not near and len(word) > 3:
        near = [region for name, region in names.items() if word in name][:3]
        near = near or [names[name] for name in difflib.get_close_matches(word, names, 3, 0.75)]
    if not near:
        found = difflib.get_close_matches(word.upper(), _countries(), 3, 0.6)
        near = [_countries()[code] for code in found]
    if near:
        return f"{what}: did you mean {' or '.join(f'{each.code} ({each.name})' for each in near)}?"
    return (
        f"{what} in Natural Earth 1:50m: give codes of ISO 3166-1 alpha-3, such as BRA; "
        "gpuprop.geography.countries.codes() lists them"
    )
