"""Look angles: where satellites stand in the sky of places on the ground."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..engine.choice import open_engines
from ..frames import between, earth_orientation, geodetic_site
from ..sgp4.model import COORDINATES
from ..states import States
from ..time.times import Times
from ..typing import Array
from .conversion import Eop, convert


@dataclass(frozen=True)
class Site:
    """A place on the ground or above it, on WGS-84: degrees, north and east positive, and km above
    the ellipsoid.

    ValueError for a latitude beyond 90, a longitude beyond 360, NaN and an infinite height;
    TypeError for what is not a number.
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
    """Where n_sats satellites stand in the sky of n_sites sites at n_times instants, (n_times,
    n_sites, n_sats) each.

    azimuth: rad, from north by east, in [0, 2 pi). elevation: rad, above the plane normal to the
    ellipsoid's vertical. range: km. range_rate: km/s, positive where the satellite recedes. NaN
    where there is no position. Geometric: refraction, which lifts what is near the horizon by up to
    half a degree, and the time that light takes are left out.
    """

    times: Times
    sat_id: npt.NDArray[np.int32]  # (n_sats,)
    sites: tuple[Site, ...]
    azimuth: Array
    elevation: Array
    range: Array
    range_rate: Array


def look_angles(
    block: States, sites: Site | Sequence[Site], *, eop: Eop = None, engine: str | None = None
) -> LookAngles:
    """Azimuth, elevation, range and range rate of the satellites of a block, in any frame, from
    sites on the ground.

    block: with velocities. sites: gpuprop.Site, or several. eop: the Earth orientation that takes
    the block to ITRS, as Propagator takes it; the block's own unless given. engine: as for
    Propagator; a block on a GPU (device=True) is worked on there, and its results stay there, as
    CuPy arrays. The bits are the same on every engine. ValueError for a block without velocities,
    for no site, and for what Propagator refuses; TypeError for what is not States or a Site.
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
        raise ValueError("there is no site to look from: give a gpuprop.Site or several")
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
            raise ValueError("geodetic states on a GPU have no look angles: ask for the frame itrs")
        block = convert(block, "itrs", eop=eop)
    if on_gpu and any(_strided(block.columns[name]) for name in COORDINATES):
        raise ValueError(
            "columns on a GPU must be contiguous float64: take them as Propagator gives them"
        )
    own = earth_orientation(block.eop)
    rotation = between(
        block.frame, "itrs", block.times.ns, own, own if eop is None else earth_orientation(eop)
    )
    where: list[Any] = [
        [getattr(site, name) for site in sites]
        for name in ("latitude_deg", "longitude_deg", "height_km")
    ]
    places = geodetic_site(np.radians(where[0]), np.radians(where[1]), where[2])
    if on_gpu:  # the engine that the columns lie with
        column: Any = block.columns["vx"]
        engine = f"cuda:{int(column.device.id)}"
    [found] = open_engines(
        lambda each: each.look_angles(block.columns, rotation, places), engine, first=True
    )
    return LookAngles(block.times, block.sat_id, sites, **found)


def _strided(column: Any) -> bool:
    """Whether a CuPy array is anything but rows of float64."""
    return column.dtype != np.float64 or column.__cuda_array_interface__.get("strides") is not None
