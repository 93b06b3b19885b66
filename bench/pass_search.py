"""An independent search for passes: python-sgp4 at fine steps, erfa for the Earth, plain bisection.

It shares no code with gpuprop but the values of the Earth orientation. Slow, and simple enough to
be read as a definition.
"""

from typing import Any, NamedTuple

import erfa
import numpy as np
import numpy.typing as npt

from gpuprop.frames import EarthOrientation

DAY_S = 86_400.0
Array = npt.NDArray[Any]


class Pass(NamedTuple):
    """Seconds after the start of the window; nan where the window cuts the pass."""

    rise: float
    set: float


class Search:
    """Passes of satellites over sites in a window.

    start: first instant, a whole second. seconds: length of the window. step: between samples, s.
    """

    def __init__(
        self, start: np.datetime64, seconds: float, eop: EarthOrientation, step: float = 2.0
    ) -> None:
        self.start = start.astype("datetime64[us]")
        self.seconds, self.step, self.eop = seconds, step, eop
        self.samples = np.append(np.arange(0.0, seconds, step), seconds - 1e-6)
        self.rotation = self.to_itrs(self.samples)

    def dates(self, seconds: Array) -> tuple[Array, Array]:
        """Julian dates in two parts."""
        midnight = self.start.astype("datetime64[D]")
        since = (self.start - midnight) / np.timedelta64(1, "us") / 1e6 + seconds
        day = midnight.astype(np.int64) + 2440587.5
        return np.full(len(since), day), since / DAY_S

    def to_itrs(self, seconds: Array) -> Array:
        """Rotations from TEME to ITRS, (n, 3, 3)."""
        ns = (self.start.astype("datetime64[ns]").astype(np.int64)) + np.rint(seconds * 1e9).astype(
            np.int64
        )
        found = self.eop.at(ns)
        ut1_utc, xp, yp = found[0], found[1], found[2]
        day, fraction = self.dates(seconds)
        gmst = erfa.gmst82(day, fraction + ut1_utc / DAY_S)
        turn = np.zeros((len(seconds), 3, 3))
        turn[:, 0, 0] = turn[:, 1, 1] = np.cos(gmst)
        turn[:, 0, 1], turn[:, 1, 0] = np.sin(gmst), -np.sin(gmst)
        turn[:, 2, 2] = 1.0
        return np.asarray(erfa.pom00(xp, yp, 0.0) @ turn)

    def elevation(
        self, satellite: Any, site: Any, seconds: Array, rotation: Array | None = None
    ) -> Array:
        """Elevations, deg; nan without a good state."""
        error, r, _ = satellite.sgp4_array(*self.dates(seconds))
        rotation = self.to_itrs(seconds) if rotation is None else rotation
        position = np.einsum("nij,nj->ni", rotation, r)
        return np.where(error == 0, elevation_of(position, site), np.nan)

    def passes(self, satellite: Any, site: Any, least: float, sampled: Array) -> list[Pass]:
        """Passes of one satellite over one site. sampled: its elevations at the samples."""
        times, up = self.samples, sampled >= least
        # Short passes between samples: around every maximum that is nearly high enough.
        with np.errstate(invalid="ignore"):
            tops = np.flatnonzero(
                (sampled[1:-1] >= sampled[:-2])
                & (sampled[1:-1] >= sampled[2:])
                & (sampled[1:-1] > least - 3.0)
                & ~up[1:-1]
            )
        extra = (
            np.concatenate([np.arange(-self.step, self.step, 0.02) + times[k + 1] for k in tops])
            if len(tops)
            else np.empty(0)
        )
        if len(extra):
            times = np.concatenate((times, extra))
            up = np.concatenate((up, self.elevation(satellite, site, extra) >= least))
            order = np.argsort(times, kind="stable")
            times, up = times[order], up[order]
        edges = np.flatnonzero(up[1:] != up[:-1])
        low, high, after = times[edges].copy(), times[edges + 1].copy(), up[edges + 1]
        while len(low) and (high - low).max() > 1e-6:
            middle = 0.5 * (low + high)
            same = (self.elevation(satellite, site, middle) >= least) == after
            high, low = np.where(same, middle, high), np.where(same, low, middle)
        rises, sets = list(high[after]), list(high[~after])
        if up[0]:
            rises.insert(0, np.nan)
        if up[-1]:
            sets.append(np.nan)
        return [Pass(*each) for each in zip(rises, sets, strict=True)]

    def all(
        self, satellites: list[Any], sites: list[Any], least: list[float]
    ) -> dict[tuple[int, int, float], list[Pass]]:
        """All passes by satellite, site and minimum elevation."""
        found = {}
        for i, satellite in enumerate(satellites):
            error, r, _ = satellite.sgp4_array(*self.dates(self.samples))
            position = np.einsum("nij,nj->ni", self.rotation, r)
            for j, site in enumerate(sites):
                sampled = np.where(error == 0, elevation_of(position, site), np.nan)
                for each in least:
                    passes = self.passes(satellite, site, each, sampled)
                    if passes:
                        found[i, j, each] = passes
        return found


def elevation_of(position: Array, site: Any) -> Array:
    """Elevations of positions in ITRS (n, 3), km, from a gpuprop.Site, deg."""
    lon, lat = np.radians(site.longitude_deg), np.radians(site.latitude_deg)
    place = erfa.gd2gc(1, lon, lat, site.height_km * 1000.0) / 1000.0
    up = np.array([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
    away = position - place
    with np.errstate(invalid="ignore"):
        sine = away @ up / np.sqrt((away * away).sum(axis=1))
        # near the zenith the sine is too flat
        level = np.sqrt(((away - np.outer(away @ up, up)) ** 2).sum(axis=1))
        found: Array = np.where(
            np.abs(sine) < 0.5,
            np.degrees(np.arcsin(sine)),
            np.degrees(np.arctan2(away @ up, level)),
        )
    return found


def differences(
    table: Any,
    numbers: list[int],
    sites: list[Any],
    expected: dict[tuple[int, int], list[Pass]],
    search: Search,
    shortest: float = 0.1,
) -> tuple[list[str], float]:
    """Compare a table of gpuprop.access: what differs, and the largest difference in s."""
    wrong, largest = [], 0.0
    ours: dict[tuple[int, str], list[tuple[float, float]]] = {}
    origin = search.start.astype("datetime64[ns]").astype(np.int64)
    for sat, site, rise, sets, cut0, cut1 in zip(
        *(table.column(name).to_pylist() for name in ("sat_id", "site")),
        *((table.column(name).cast("int64").to_numpy() - origin) / 1e9 for name in ("rise", "set")),
        *(table.column(name).to_pylist() for name in ("rise_cut", "set_cut")),
        strict=True,
    ):
        ours.setdefault((sat, site), []).append(
            (np.nan if cut0 else rise, np.nan if cut1 else sets)
        )
    keys = {(numbers[i], sites[j].name): passes for (i, j), passes in expected.items()}
    for key in sorted(set(keys) | set(ours)):
        long = [
            [each for each in passes.get(key, []) if not each[1] - each[0] < shortest]
            for passes in (keys, ours)
        ]
        if len(long[0]) != len(long[1]):
            wrong.append(f"{key}: {len(long[0])} passes expected, {len(long[1])} found")
            continue
        for there, here in zip(*long, strict=True):
            for a, b in zip(there, here, strict=True):
                if np.isnan(a) != np.isnan(b):
                    wrong.append(f"{key}: {there} expected, {here} found")
                elif not np.isnan(a):
                    largest = max(largest, abs(a - b))
    return wrong, largest
