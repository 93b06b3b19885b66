"""The function `screen`: close approaches of all against all, or of primaries against all."""

from ...dataset.location import AnyPath, open_store
from ...dataset.manifest import Manifest
from ...dataset.session import JobOptions
from ...dataset.shards import Shard
from ...literals import TimestampUnit
from ...propagator import Propagator
from ...typing import Duration, Instant
from ..tables import check_directory
from .contents import SCREENING
from .directory import write_screening
from .parts import Progress, Screening
from .question import Primaries, ask
from .result import Screened, ScreenedDirectory, ScreenedInMemory, open_screening


def screen(
    propagator: Propagator,
    start: Instant,
    stop: Instant | None = None,
    *,
    duration: Duration | None = None,
    threshold_km: float = 5.0,
    primaries: Primaries | None = None,
    out: "AnyPath | None" = None,
    resume: bool = False,
    shard: str | None = None,
    overwrite: bool = False,
    timestamp_unit: TimestampUnit = "ns",
    progress: Progress | None = None,
) -> Screened:
    """Find all approaches of pairs of satellites below a threshold, and miss none.

    Parameters
    ----------
    propagator : Propagator
        Computes the states; each satellite has one element set.
    start : instant
        First instant of the window, UTC: anything that `as_times` takes.
    stop : instant, optional
        End of the window, not included.
    duration : duration, optional
        Length of the window, such as "1d" (the default), in place of stop. Any length will do.
    threshold_km : float
        Approaches below this range are reported, km, from 0.01 to 100.
    primaries : str, int, or several of them, optional
        A selection, as `Elements.select` takes it: only pairs with at least one of these.
    out : str or path, optional
        Directory for both tables, in parts by time. Then memory does not grow with the window.
    resume : bool
        With `out`, continue an interrupted run; complete files are kept.
    shard : str, optional
        With `out`, `2/8` writes the second of eight shares of the files; the last to finish
        merges them. Until then the result has the rows of this share.
    overwrite : bool
        With `out`, replace the screening that the directory holds.
    timestamp_unit : {"ns", "us"}
        With `out`, the unit of instants in the files. Spark reads us only; nothing is lost.
    progress : callable, optional
        Is called as progress(seconds_done, seconds_total) with seconds of the window.

    Returns
    -------
    Screened
        With `conjunctions` and `companions` (pyarrow.Table) and `summary` (dict).

        Conjunctions, sorted by TCA, then numbers: NORAD_CAT_ID_1, OBJECT_NAME_1, DSE_1 (days since
        epoch at TCA), the same with _2 (the first number is the smaller), TCA (UTC, whole
        microseconds), TCA_RANGE (km), TCA_RELATIVE_SPEED (km/s), RADIAL, IN_TRACK, CROSS_TRACK
        (km, the second relative to the first, in the axes of the first), AT_EDGE (the minimum range
        lies at an end of the window).

        Companions, sorted by ENTER, then numbers: numbers, names, ENTER, LEAVE, TCA, TCA_RANGE,
        TCA_RELATIVE_SPEED, MINIMA (minima of the range in the stay), ENTER_CUT, LEAVE_CUT.

    Raises
    ------
    ValueError
        If a number has several element sets (`latest` keeps one), for a wrong window or threshold,
        and for primaries that match no satellite.
    TypeError
        For arguments of other types.
    FileExistsError
        If `out` holds a screening, without resume or overwrite.
    PlanDiffersError
        If resume finds a run with other satellites or options.

    Notes
    -----
    A stay is an unbroken time with a range below the threshold and the status 0 of both. If the
    relative speed at its minimum range is below 10 m/s, it is one row of the companions; otherwise
    each minimum range in it is a row of the conjunctions. Stays shorter than 1 ms are not reported,
    longer ones always.

    Public element sets are in error by kilometres: the tables say which pairs to examine, not that
    they will come so close. There is no probability of collision, because the sets have no
    covariance. docs/methods/screening.md has the method and its one assumption.
    """
    asked = ask(propagator, start, stop, duration, threshold_km, primaries, timestamp_unit)
    if out is None:
        if resume or shard is not None or overwrite:
            raise ValueError("resume, shard and overwrite are for a directory: give out=DIR")
        if timestamp_unit != "ns":
            raise ValueError("timestamp_unit is for files: give out=DIR")
        window = asked.window
        total = 1e-6 * (window.stop - window.first)
        tell = (
            None
            if progress is None
            else (lambda instant: progress(1e-6 * (instant - window.first), total))
        )
        part = Screening(propagator, asked).part(window.first, window.stop, tell)
        return ScreenedInMemory(asked.metadata(propagator), part)
    check_directory(out)
    how = JobOptions(overwrite, resume, None if shard is None else Shard.parse(shard))
    store = open_store(out)
    report = write_screening(store, propagator, asked, how, progress=progress)
    if how.shard is not None and not report.merged:
        return ScreenedDirectory(store, Manifest.read(store, SCREENING, how.shard))
    return open_screening(out)
