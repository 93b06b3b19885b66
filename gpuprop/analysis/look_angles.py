"""Look angles: azimuth, elevation and range of satellites from sites on the ground."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..engine.choice import open_engines
from ..frames import EarthOrientationLike, between, earth_orientation, geodetic_site
from ..literals import Engine
from ..sgp4.model import COORDINATES
from ..states import States
from ..time.times import Times
from ..typing import Array
from .conversion import convert


@dataclass(frozen=True)
class Site:
    """A place on the ground or above it.

    Parameters
    ----------
    latitude_deg : float
        Geodetic latitude on WGS-84, deg, north positive.
    longitude_deg : float
        Longitude, deg, east positive, from -360 to 360.
    height_km : float
        Height above the WGS-84 ellipsoid, km.
    name : str
        Name for tables and messages.

    Raises
    ------
    ValueError
        For a latitude beyond 90, a longitude beyond 360, NaN and an infinite height.
    TypeError
        For a value that is not a number.
    """

    latitude_deg: float
    longitude_deg: float
    height_km: float = 0.0
    name: str = ""

    def __post_init__(self) -> None:
        for field, limit in (
            ("latitude_deg", 90.0),
            ("longitude_deg", 360.0),
            ("height_km", math.inf),
        ):
            given = getattr(self, field)
            try:
                value = float(given)
            except (TypeError, ValueError):
                raise TypeError(
                    f"site {self.name!r}: {field} must be a number, not {given!r} "
                    f"({type(given).__name__})"
                ) from None
            if not abs(value) <= limit or math.isinf(value):
                raise ValueError(
                    f"site {self.name!r}: {field} {value} is not "
                    + (f"from -{limit:g} to {limit:g}" if limit < 1000 else "a number")
                )
            object.__setattr__(self, field, value)


@dataclass(frozen=True, eq=False)
class LookAngles:
    """Directions and distances of n_sats satellites from n_sites sites at n_times instants.

    They are NaN if there is no position.

    Parameters
    ----------
    times : Times
        The n_times instants.
    sat_id : (n_sats,) int32
        Catalogue numbers.
    sites : tuple of Site
        The n_sites sites.
    azimuth : (n_times, n_sites, n_sats) float64
        Azimuth from north by east, rad in [0, 2 pi).
    elevation : (n_times, n_sites, n_sats) float64
        Elevation above the plane normal to the vertical of the ellipsoid, rad.
    range : (n_times, n_sites, n_sats) float64
        Distance, km.
    range_rate : (n_times, n_sites, n_sats) float64
        Rate of change of the distance, km/s, positive if the satellite recedes.

    Notes
    -----
    These are geometric: refraction, which raises satellites near the horizon by up to half a
    degree, and light time are left out.
    """

    times: Times
    sat_id: npt.NDArray[np.int32]
    sites: tuple[Site, ...]
    azimuth: Array
    elevation: Array
    range: Array
    range_rate: Array


def look_angles(
    block: States,
    sites: Site | Sequence[Site],
    *,
    eop: EarthOrientationLike = None,
    engine: Engine | None = None,
) -> LookAngles:
    """Compute azimuth, elevation, range and range rate of satellites from sites.

    Parameters
    ----------
    block : States
        States with velocities, in any frame.
    sites : Site or sequence of Site
        One or several sites.
    eop : EarthOrientation, str or path, optional
        Earth orientation for the conversion of the block to ITRS, as Propagator takes it; that of
        the block unless given.
    engine : {"auto", "cuda", "cpu", "numpy"}, optional
        Engine, as for Propagator. A block on a GPU (device=True) is always processed there, and the
        results are CuPy arrays on it.

    Returns
    -------
    LookAngles
        Look angles, (n_times, n_sites, n_sats) each. Every engine computes the same bits.

    Raises
    ------
    ValueError
        For a block without velocities, for a geodetic block on a GPU, if there are no sites, for an
        engine that is not usable, and for instants outside the Earth orientation.
    TypeError
        For a block that is not States, and for a site that is not a Site.
    """
    if not isinstance(block, States):
        raise TypeError(f"look_angles takes the States of a block, not {type(block).__name__}")
    if isinstance(sites, Site):
        sites = (sites,)
    elif isinstance(sites, str) or not isinstance(sites, Iterable):
        raise TypeError(
            f"{sites!r} is not a gpuprop.Site: write Site(latitude_deg, longitude_deg, height_km)"
        )
    sites = tuple(sites)
    for site in sites:
        if not isinstance(site, Site):
            raise TypeError(
                f"{site!r} is not a gpuprop.Site: write Site(latitude_deg, longitude_deg, "
                "height_km)"
            )
    if not sites:
        raise ValueError("there are no sites: give a gpuprop.Site or several")
    if "vx" not in block.columns:
        raise ValueError(
            "the block has no velocities, which range rates need: ask for velocity=True"
        )
    if block.index is not None:
        raise ValueError(
            "these are states of pairs, and look angles are of a block: compute it with "
            "Propagator.states"
        )
    on_gpu = not isinstance(block.columns["vx"], np.ndarray)
    if block.frame == "geodetic":
        if on_gpu:
            raise ValueError("geodetic states on a GPU have no look angles: use the frame itrs")
        block = convert(block, "itrs", eop=eop)
    if on_gpu and any(_strided(block.columns[name]) for name in COORDINATES):
        raise ValueError(
            "columns on a GPU must be contiguous float64: take them as Propagator gives them"
        )
    own = earth_orientation(block.eop)
    rotation = between(
        block.frame, "itrs", block.times.ns, own, own if eop is None else earth_orientation(eop)
    )
    coordinates = [
        [getattr(site, name) for site in sites]
        for name in ("latitude_deg", "longitude_deg", "height_km")
    ]
    latitudes, longitudes, heights = coordinates
    places = geodetic_site(np.radians(latitudes), np.radians(longitudes), heights)
    if on_gpu:
        column: Any = block.columns["vx"]
        engine = f"cuda:{int(column.device.id)}"
    [found] = open_engines(
        lambda each: each.look_angles(block.columns, rotation, places), engine, first=True
    )
    return LookAngles(block.times, block.sat_id, sites, **found)


def _strided(column: Any) -> bool:
    """Whether a CuPy array is not contiguous, or not float64."""
    return column.dtype != np.float64 or column.__cuda_array_interface__.get("strides") is not None
