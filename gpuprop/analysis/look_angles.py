"""Look angles: azimuth, elevation and range of satellites from sites on the ground."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..block_tables import on_host
from ..engine.choice import Engine as OpenEngine
from ..engine.choice import open_engines
from ..frames import EarthOrientationLike, geodetic_site
from ..literals import Engine
from ..sgp4.frames import rotate
from ..sgp4.model import COORDINATES
from ..sgp4.orbit import State
from ..states import States
from ..time.times import Times
from ..typing import Array, Bits, Columns
from .look_sources import BlockSource, Portion, Source, on_gpu, source_of
from .looks import LookAngles, facts_of
from .site import Site
from .topocentric import RADEC, RATES, angular_rates, right_ascension_declination

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.dataset as pads

__all__ = ["LookAngles", "Site", "look_angles"]

PORTION = 1 << 18  # directions that are computed at once: 2 MiB a column
# types of columns without a row, where they are not float64
EMPTY = {"ns": "i8", "sat_id": "i4", "site_index": "i8", "index": "i8", "name": "O"}


@dataclass(frozen=True)
class Wanted:
    """What is asked for: see look_angles."""

    least: float | None  # rad
    range_rate: bool
    radec: bool
    rates: bool

    @property
    def names(self) -> tuple[str, ...]:
        """The columns."""
        return (
            "azimuth",
            "elevation",
            "range",
            *(("range_rate",) if self.range_rate else ()),
            *(RADEC if self.radec else ()),
            *(RATES if self.rates else ()),
        )


def look_angles(
    block: "States | pa.Table | pads.Dataset",
    sites: Site | Sequence[Site],
    *,
    eop: EarthOrientationLike = None,
    engine: Engine | None = None,
    min_elevation_deg: float | None = None,
    range_rate: bool = True,
    radec: bool = False,
    rates: bool = False,
) -> LookAngles:
    """Compute azimuth, elevation, range and range rate of satellites from sites.

    Parameters
    ----------
    block : States, pyarrow.Table or pyarrow.dataset.Dataset
        States of a block or of pairs, in any frame; or rows of snapshots, in any order, with the
        frame in their metadata (``open_snapshots(path).at(instant)``, ``.track(sat_id)``,
        ``.dataset``).
    sites : Site or sequence of Site
        One or several sites.
    eop : EarthOrientation, str or path, optional
        Earth orientation for the conversion of the states to ITRS, as Propagator takes it; that of
        the states unless given. For a table, that must be "none" or that of the installed
        astropy-iers-data.
    engine : {"auto", "cuda", "cpu", "numpy"}, optional
        Engine, as for Propagator. A block on a GPU (device=True) is always processed there.
    min_elevation_deg : float, optional
        Keep only the directions with at least this elevation, deg in [-90, 90]. The result is a
        list. Without it, the result of a block has all of them.
    range_rate : bool
        Compute the range rate. Without it and `rates`, the states need no velocities.
    radec : bool
        Compute right ascension and declination, too, in the axes of GCRS at the site.
    rates : bool
        Compute the rates of azimuth and elevation and the angular rate, too, relative to the
        ground.

    Returns
    -------
    LookAngles
        Look angles, (n_times, n_sites, n_sats) each, of a block; a list, (n,) each, of anything
        else and with `min_elevation_deg`. A list is in the order of the states (of a block: by
        time, then satellite), and of the sites for each. Every engine computes the same bits.

    Raises
    ------
    ValueError
        For states without velocities if they are needed, for a geodetic block on a GPU, if there
        are no sites, for a minimum elevation outside [-90, 90], for an engine that is not usable,
        for instants outside the Earth orientation, and for a table without a frame in its metadata
        or with other units than those of snapshots.
    TypeError
        For anything but States, tables and datasets, and for a site that is not a Site.

    Notes
    -----
    The states are processed in portions, so beside the result this takes some 100 MB, whatever
    their number; a dataset is read from its files in such portions.

    The look angles of a block on a GPU are CuPy arrays there. A list, and what has `radec` or
    `rates`, is copied to the host.

    The vector from the site to the satellite, in ITRS, is resolved along the site's axes east,
    north and up (the normal of WGS-84), as in Vallado, Fundamentals of Astrodynamics and
    Applications, chapter 4. Refraction and light time are left out.
    """
    sites = _checked_sites(sites)
    wanted = Wanted(_least(min_elevation_deg), range_rate, radec, rates)
    source = source_of(block, eop, range_rate or rates)
    latitudes, longitudes, heights = (
        [getattr(site, name) for site in sites]
        for name in ("latitude_deg", "longitude_deg", "height_km")
    )
    places = geodetic_site(np.radians(latitudes), np.radians(longitudes), heights)
    stays = False
    if isinstance(source, BlockSource) and on_gpu(source.block):
        engine = _of_the_gpu(source.block)
        stays = wanted.least is None and not (radec or rates)

    def compute(each: OpenEngine) -> tuple[Times, dict[str, Any]]:
        if not isinstance(source, BlockSource):
            return _listed(each, source, places, wanted)
        times = source.block.times
        if stays:
            return times, _on_the_gpu(each, source, places, wanted)
        if wanted.least is None:
            return times, _grid(each, source, places, wanted)
        return _listed(each, source, places, wanted)

    [(times, found)] = open_engines(compute, engine, first=True)
    orientation = source.eop.described(times.edges) if len(times) else source.eop.source
    facts = facts_of(source.metadata, orientation, sites, min_elevation_deg)
    return LookAngles(times=times, sites=sites, metadata=facts, **found)


def _grid(engine: OpenEngine, source: BlockSource, places: Array, wanted: Wanted) -> dict[str, Any]:
    """Compute all directions of a block, (n_times, n_sites, n_sats)."""
    block = source.block
    shape = len(block), len(places), len(block.sat_id)
    out: dict[str, Array] = {}
    with np.errstate(all="ignore"):
        for portion in source.portions(max(1, PORTION // len(places))):
            found = _looks(engine, portion, places, wanted)
            t, s = np.arange(len(portion.ns))[:, None, None], np.arange(len(places))[None, :, None]
            n = np.arange(found["azimuth"].shape[2])[None, None, :]
            found |= _more(source, portion, places, wanted, found, t, s, n)
            if found["azimuth"].shape == shape:
                out = found
                break
            if not out:
                out = {name: np.empty(shape) for name in wanted.names}
            for name in wanted.names:
                out[name][portion.instants, :, portion.satellites] = found[name]
    if not out:
        out = {name: np.empty(shape) for name in wanted.names}
    return {"sat_id": block.sat_id, "name": _names(block), **out}


def _listed(
    engine: OpenEngine, source: Source, places: Array, wanted: Wanted
) -> tuple[Times, dict[str, Any]]:
    """Compute directions as a list: those above the minimum elevation, or all."""
    pieces: dict[str, list[npt.NDArray[Any]]] = {
        name: [] for name in ("ns", "sat_id", "name", "site_index", "index", *wanted.names)
    }
    with np.errstate(all="ignore"):
        for portion in source.portions(max(1, PORTION // len(places))):
            found = _looks(engine, portion, places, wanted)
            elevation = found["elevation"].transpose(0, 2, 1)
            kept = (
                np.ones(elevation.shape, bool)
                if wanted.least is None
                else (elevation >= wanted.least)
            )
            t, n, s = np.nonzero(kept)
            angles = {name: values[t, s, n] for name, values in found.items()}
            angles |= _more(source, portion, places, wanted, angles, t, s, n)
            place = portion.take(t, n)
            rows: dict[str, npt.NDArray[Any]] = {
                "ns": portion.ns[t],
                "sat_id": portion.sat_id[place],
                "site_index": s,
                "index": portion.index[place],
            }
            for name, values in (rows | angles).items():
                pieces[name].append(values)
            if portion.name is not None:
                pieces["name"].append(portion.name[place])
    known = bool(pieces["name"]) or not pieces["ns"]
    joined: dict[str, Any] = {}
    for name in list(pieces):  # each column's pieces are freed before the next is joined
        parts = pieces.pop(name)
        joined[name] = np.concatenate(parts) if parts else np.empty(0, EMPTY.get(name))
        del parts
    if not known:
        joined["name"] = None
    return Times(joined.pop("ns")), joined


def _looks(engine: OpenEngine, portion: Portion, places: Array, wanted: Wanted) -> dict[str, Array]:
    """Compute look angles of a portion on an engine; the results are on the host."""
    found = engine.look_angles(_complete(portion.columns), portion.rotation, places)
    return {name: on_host(values) for name, values in found.items() if name in wanted.names}


def _on_the_gpu(
    engine: OpenEngine, source: BlockSource, places: Array, wanted: Wanted
) -> dict[str, Any]:
    """Compute all directions of a block on a GPU, and leave them there."""
    block = source.block
    portion = source.portion(slice(0, len(block)), slice(0, len(block.sat_id)))
    found = engine.look_angles(_complete(portion.columns), portion.rotation, places)
    kept = {name: values for name, values in found.items() if name in wanted.names}
    return {"sat_id": block.sat_id, "name": _names(block), **kept}


def _complete(columns: Columns) -> Columns:
    """Give the kernel velocities: where none are needed it takes the positions for them."""
    if "vx" in columns:
        return columns
    return columns | {f"v{name}": columns[name] for name in ("x", "y", "z")}


def _more(
    source: Source,
    portion: Portion,
    places: Array,
    wanted: Wanted,
    looks: dict[str, Array],
    t: Bits,
    s: Bits,
    n: Bits,
) -> dict[str, Array]:
    """Compute right ascensions, declinations and rates of directions (t, s, n)."""
    found: dict[str, Array] = {}
    if wanted.radec:
        to_gcrs = portion.to_gcrs(source.eop)
        both = right_ascension_declination(
            looks["azimuth"], looks["elevation"], places[s, 3:], to_gcrs[t]
        )
        found |= dict(zip(RADEC, both, strict=True))
    if wanted.rates:
        x, y, z, vx, vy, vz = (
            on_host(portion.columns[name]).astype(np.float64) for name in COORDINATES
        )
        state = State(x, y, z, vx, vy, vz, np.empty(0, np.uint8))
        if portion.rotation is not None:
            state = rotate(portion.rotation, state)
        vectors = [values[t, n] for values in state[:6]]
        found |= dict(zip(RATES, angular_rates(places[s], vectors[:3], vectors[3:]), strict=True))
    return found


def _names(block: States) -> npt.NDArray[np.object_] | None:
    return None if block.elements is None else block.name


def _least(min_elevation_deg: float | None) -> float | None:
    """Return the minimum elevation in rad."""
    if min_elevation_deg is None:
        return None
    if isinstance(min_elevation_deg, bool) or not isinstance(
        min_elevation_deg, int | float | np.integer | np.floating
    ):
        raise TypeError(f"min_elevation_deg must be a number, not {min_elevation_deg!r}")
    if not -90.0 <= min_elevation_deg <= 90.0:
        raise ValueError(f"min_elevation_deg {min_elevation_deg} is not from -90 to 90")
    return float(np.radians(min_elevation_deg))


def _checked_sites(sites: Site | Sequence[Site]) -> tuple[Site, ...]:
    if isinstance(sites, Site):
        return (sites,)
    if isinstance(sites, str) or not isinstance(sites, Iterable):
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
    return sites


def _of_the_gpu(block: States) -> str:
    """Return the engine of the GPU that has a block. ValueError if it cannot be used there."""
    if block.frame == "geodetic":
        raise ValueError("geodetic states on a GPU have no look angles: use the frame itrs")
    if any(_strided(block.columns[name]) for name in COORDINATES if name in block.columns):
        raise ValueError(
            "columns on a GPU must be contiguous float64: take them as Propagator gives them"
        )
    column: Any = block.columns["x"]
    return f"cuda:{int(column.device.id)}"


def _strided(column: Any) -> bool:
    """Whether a CuPy array is not contiguous, or not float64."""
    return column.dtype != np.float64 or column.__cuda_array_interface__.get("strides") is not None
