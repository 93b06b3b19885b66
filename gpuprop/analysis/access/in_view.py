"""The function `visible`: the satellites in view at one instant."""

import numpy as np
import pyarrow as pa

from ...propagator import Propagator
from ...sgp4.look_angles import look_from
from ...sgp4.orbit import State
from ...sgp4.trig import sincos
from ...time.instants import format_ns
from ...time.times import Times, instant_ns
from ...typing import Instant
from ..tables import Sites, answer_metadata, as_sites, check_one_set_each, field, with_metadata
from .exact import Exact
from .question import least_elevation
from .search import places_of

COLUMNS = pa.schema(
    [
        field("site", pa.string()),
        field("sat_id", pa.int32()),
        field("object_name", pa.string()),
        field("azimuth_deg", pa.float64(), "deg"),
        field("elevation_deg", pa.float64(), "deg"),
        field("range_km", pa.float64(), "km"),
        field("sunlit", pa.uint8()),
    ]
)


def visible(
    propagator: Propagator, sites: Sites, time: Instant, *, min_elevation_deg: float = 0.0
) -> pa.Table:
    """Find the satellites in view of sites at one instant.

    Parameters
    ----------
    propagator : Propagator
        Computes the states; each satellite has one element set.
    sites : Site, iterable of Site, str or path
        Sites, as `access` takes them.
    time : instant
        The instant, UTC: anything that `as_times` takes.
    min_elevation_deg : float
        Minimum elevation, deg, in [0, 90).

    Returns
    -------
    pyarrow.Table
        A row per site and satellite in view with status 0, sorted by site, highest first (equal:
        by number). Columns: site, sat_id, object_name, azimuth_deg (from north by east),
        elevation_deg, range_km, sunlit (0 umbra, 1 penumbra, 2 sunlit).

    Raises
    ------
    ValueError, TypeError
        As for `access`.
    """
    if not isinstance(propagator, Propagator):
        raise TypeError(
            f"visible takes a Propagator, not {type(propagator).__name__}: "
            "gpuprop.Propagator(elements) makes one"
        )
    elements = propagator.elements
    check_one_set_each(elements, "visible")
    places, named = as_sites(sites), least_elevation(min_elevation_deg)
    ns = instant_ns(time)
    sine, cosine = (float(each[0]) for each in sincos(np.radians([named])))
    states = propagator.states(Times(np.array([ns], np.int64)), "itrs", False, sunlit=True)
    x, y, z = (
        np.where(states.status[0] == 0, each[0], np.nan) for each in (states.x, states.y, states.z)
    )
    exact = Exact(propagator, places_of(places), sine / cosine, (0, 0))
    zero = np.zeros(len(elements))
    pieces = []
    for site, place in zip(places, exact.sites, strict=True):
        with np.errstate(all="ignore"):
            up = np.flatnonzero(exact.seen(place, np.stack([x, y, z])) >= 0.0)
            state = State(x[up], y[up], z[up], zero[up], zero[up], zero[up], states.status[0][up])
            azimuth, elevation, distance, _ = look_from(place, state)
        order = np.lexsort((elements.sat_id[up], -elevation))
        up = up[order]
        columns = [
            [site.name] * len(up),
            elements.sat_id[up],
            list(elements.name[up]),
            np.degrees(azimuth[order]),
            np.degrees(elevation[order]),
            distance[order],
            states.columns["sunlit"][0][up],
        ]
        arrays = [pa.array(each, kind.type) for each, kind in zip(columns, COLUMNS, strict=True)]
        pieces.append(pa.table(arrays, schema=COLUMNS))
    options = {
        "time": format_ns(ns),
        "min_elevation_deg": named,
        "sites": [
            [site.name, site.latitude_deg, site.longitude_deg, site.height_km] for site in places
        ],
    }
    metadata = answer_metadata(propagator, states.times, options)
    table = pa.concat_tables(pieces).cast(with_metadata(COLUMNS, metadata))
    return table.combine_chunks()
