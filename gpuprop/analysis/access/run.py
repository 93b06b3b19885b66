"""The function `access`: passes of satellites over sites."""

from typing import overload

import pyarrow as pa

from ...dataset.location import AnyPath, open_store
from ...dataset.session import JobOptions
from ...literals import TimestampUnit
from ...propagator import Propagator
from ...typing import Duration, Instant
from ..tables import Sites, check_directory
from .directory import PassesDirectory, open_passes, write_passes
from .passes import Progress, passes_in
from .question import ask


@overload
def access(
    propagator: Propagator,
    sites: Sites,
    start: Instant,
    stop: Instant | None = None,
    *,
    duration: Duration | None = None,
    min_elevation_deg: float = 10.0,
    min_duration: Duration | None = None,
    sunlit: bool = False,
    site_sun_below_deg: float | None = None,
    out: None = None,
    resume: bool = False,
    timestamp_unit: TimestampUnit = "ns",
    progress: Progress | None = None,
) -> pa.Table: ...


@overload
def access(
    propagator: Propagator,
    sites: Sites,
    start: Instant,
    stop: Instant | None = None,
    *,
    duration: Duration | None = None,
    min_elevation_deg: float = 10.0,
    min_duration: Duration | None = None,
    sunlit: bool = False,
    site_sun_below_deg: float | None = None,
    out: "AnyPath",
    resume: bool = False,
    timestamp_unit: TimestampUnit = "ns",
    progress: Progress | None = None,
) -> PassesDirectory: ...


def access(
    propagator: Propagator,
    sites: Sites,
    start: Instant,
    stop: Instant | None = None,
    *,
    duration: Duration | None = None,
    min_elevation_deg: float = 10.0,
    min_duration: Duration | None = None,
    sunlit: bool = False,
    site_sun_below_deg: float | None = None,
    out: "AnyPath | None" = None,
    resume: bool = False,
    timestamp_unit: TimestampUnit = "ns",
    progress: Progress | None = None,
) -> pa.Table | PassesDirectory:
    """Find the passes of all satellites over all sites: rise, culmination and set.

    Parameters
    ----------
    propagator : Propagator
        Computes the states; each satellite has one element set.
    sites : Site, iterable of Site, str or path
        The sites, or a CSV file with the columns name, lat, lon (deg) and height_km (km above
        WGS-84). Each has a name of its own.
    start : instant
        First instant of the window, UTC: anything that `as_times` takes.
    stop : instant, optional
        End of the window, not included.
    duration : duration, optional
        Length of the window, such as "1d", in place of stop.
    min_elevation_deg : float
        Minimum elevation above the plane normal to the vertical of WGS-84, deg, in [0, 90).
    min_duration : duration, optional
        Keep passes at least so long.
    sunlit : bool
        Keep passes with the satellite in full sunlight at culmination.
    site_sun_below_deg : float, optional
        Keep passes with the Sun below this elevation at the site at culmination, deg: -6, -12 and
        -18 are the ends of the civil, nautical and astronomical twilight.
    out : str or path, optional
        Directory for the passes, in parts by the time of their rise. Then memory does not grow
        with the window.
    resume : bool
        With `out`, continue an interrupted run; complete parts are kept.
    timestamp_unit : {"ns", "us"}
        With `out`, the unit of instants in the files. Spark reads us only; nothing is lost.
    progress : callable, optional
        Is called as progress(seconds_done, seconds_total) with seconds of the window.

    Returns
    -------
    pyarrow.Table or PassesDirectory
        A row per pass, sorted by rise, then site, then number; with `out`, what `open_passes`
        gives. Columns: sat_id, object_name, site, rise, culmination, set (UTC, whole
        microseconds), duration_s, rise_azimuth_deg, culmination_azimuth_deg, set_azimuth_deg,
        max_elevation_deg, culmination_range_km, sunlit (0 umbra, 1 penumbra, 2 sunlit, at
        culmination), site_sun_elevation_deg (at culmination), rise_cut and set_cut (the window
        begins or ends within the pass).

    Raises
    ------
    ValueError
        If a number has several element sets (`latest` keeps one), for wrong sites, elevations and
        windows, for instants outside the Earth orientation, and if `out` ends as a file does.
    TypeError
        For arguments of other types.
    FileExistsError
        If `out` holds passes, without resume.
    PlanDiffersError
        If resume finds a run with other satellites, sites or options.

    Notes
    -----
    A pass is [rise, set): rise is the first microsecond with status 0 and not below the minimum
    elevation, set the first one without. Passes shorter than 1 ms are not reported, longer ones
    always. If the window cuts a pass, rise or set is the end of the window. The culmination is the
    highest instant inside. Refraction and light time are left out. The bytes are the same on every
    engine, with any number of threads, and in any order of satellites and sites.
    docs/methods/access.md has the method.
    """
    asked = ask(
        propagator,
        sites,
        start,
        stop,
        duration,
        min_elevation_deg,
        timestamp_unit,
        min_duration=min_duration,
        sunlit=sunlit,
        site_sun_below_deg=site_sun_below_deg,
    )
    if out is None:
        if resume:
            raise ValueError("resume continues a directory: give out=DIR")
        if timestamp_unit != "ns":
            raise ValueError("timestamp_unit is for files: give out=DIR")
        return passes_in(propagator, asked, *asked.window, progress=progress)
    check_directory(out)
    store = open_store(out)
    write_passes(store, propagator, asked, JobOptions(resume=resume), progress=progress)
    return open_passes(out)
