"""Instants and durations of other libraries give the same nanoseconds, or the same error, from
every container.
"""

import subprocess
import sys
from datetime import date, datetime, timedelta, timezone

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gpuprop import Elements, as_times, time_grid, walker
from gpuprop.time.durations import duration_ns
from gpuprop.time.instants import format_ns, parse_instant
from gpuprop.time.scales import SCALES, tai_minus_utc
from gpuprop.time.times import instant_ns
from gpuprop.time.units import DAY, LAST_NS, SECOND

UTC = timezone.utc
NS = [
    parse_instant(text)
    for text in (
        "2026-01-01T00:00:00.123456789",
        "2016-12-31T23:59:59.999999999",
        "1969-12-31T23:59:59.5",
    )
]
LONDON = "Europe/London"  # one hour off in summer, and in the winter of 1969
US = [ns // 1_000 * 1_000 for ns in NS]
WITHIN_RANGE = st.integers(parse_instant("1680-01-01"), parse_instant("2260-01-01"))
SINCE_1972 = st.integers(parse_instant("1972-01-01"), parse_instant("2027-01-01"))


def datetimes(values, zone=None):
    return [
        datetime(1970, 1, 1, tzinfo=zone) + timedelta(microseconds=ns // 1_000) for ns in values
    ]


def arrow(values, zone=None):
    return pa.array(values, pa.timestamp("ns", zone))


def pandas(values, zone=None):
    """A Series. None is NaT."""
    pd = pytest.importorskip("pandas")
    series = pd.Series(
        np.array([np.iinfo(np.int64).min if ns is None else ns for ns in values]).view(
            "datetime64[ns]"
        )
    )
    return series if zone is None else series.dt.tz_localize("UTC").dt.tz_convert(zone)


def polars(values, zone=None):
    pl = pytest.importorskip("polars")
    series = pl.Series(values, dtype=pl.Int64).cast(pl.Datetime("ns"))
    return series if zone is None else series.dt.replace_time_zone("UTC").dt.convert_time_zone(zone)


def pandas_on_arrow(values, zone=None):
    pd = pytest.importorskip("pandas")
    return pd.Series(arrow(values, zone), dtype=pd.ArrowDtype(pa.timestamp("ns", zone)))


def index(values, zone=None):
    return pytest.importorskip("pandas").Index(pandas(values, zone))


COLUMNS = {
    "pandas Series": pandas,
    "pandas Index": index,
    "pandas array": lambda values, zone=None: pandas(values, zone).array,
    "pandas Series of Arrow": pandas_on_arrow,
    "pandas Series of objects": lambda values, zone=None: pandas(values, zone).astype(object),
    "list of Timestamps": lambda values, zone=None: pandas(values, zone).tolist(),
    "Polars": polars,
    "Arrow": arrow,
    "Arrow, chunked": lambda values, zone=None: pa.chunked_array(
        [arrow(values[:1], zone), arrow(values[1:], zone)]
    ),
    "Arrow scalars": lambda values, zone=None: list(arrow(values, zone)),
}
NAIVE = {
    **COLUMNS,
    "numpy": lambda values: np.array(values).view("datetime64[ns]"),
    "list of datetime64": lambda values: list(np.array(values).view("datetime64[ns]")),
    "xarray": lambda values: pytest.importorskip("xarray").DataArray(
        np.array(values).view("datetime64[ns]"), dims="time"
    ),
    "text": lambda values: [format_ns(ns).removesuffix("Z") for ns in values],
    "Arrow of text": lambda values: pa.array([format_ns(ns).removesuffix("Z") for ns in values]),
    "Arrow, dictionary of text": lambda values: pa.array(
        [format_ns(ns).removesuffix("Z") for ns in values]
    ).dictionary_encode(),
    "numpy of text": lambda values: np.array([format_ns(ns).removesuffix("Z") for ns in values]),
    "pandas Series of text": lambda values: pytest.importorskip("pandas").Series(
        [format_ns(ns).removesuffix("Z") for ns in values]
    ),
    "Polars of text": lambda values: pytest.importorskip("polars").Series(
        [format_ns(ns).removesuffix("Z") for ns in values]
    ),
}
AWARE = {
    **{
        f"{name}, {zone}": (make, zone)
        for name, make in COLUMNS.items()
        for zone in ("UTC", LONDON)
    },
    "text with Z": (lambda values, zone: [format_ns(ns) for ns in values], "UTC"),
    "Polars of text with Z": (
        lambda values, zone: pytest.importorskip("polars").Series([format_ns(ns) for ns in values]),
        "UTC",
    ),
}


# --- one rule ---
@pytest.mark.parametrize("container", NAIVE)
def test_instants_without_a_zone_are_read_in_the_scale_asked_for(container):
    assert as_times(NAIVE[container](NS)).ns.tolist() == NS
    assert as_times(NAIVE[container](NS[:1]), "gps").ns.tolist() == [NS[0] - 18 * SECOND]
    assert (
        time_grid(NAIVE[container](US[:1])[0], duration="1s", step="1s", scale="gps").start_ns
        == US[0] - 18 * SECOND
    )


def test_datetimes_without_a_zone_are_read_in_the_scale_too():
    """They are exact to the microsecond; dates are midnight."""
    assert (
        as_times(datetimes(US)).ns.tolist() == as_times(np.array(datetimes(US))).ns.tolist() == US
    )
    assert as_times(datetimes(US[:1]), "gps").start_ns == US[0] - 18 * SECOND
    for days in (
        [date(2026, 1, 1)],
        pa.array([date(2026, 1, 1)]),
        pa.array([date(2026, 1, 1)], pa.date64()),
    ):
        assert as_times(days).start_ns == parse_instant("2026-01-01")


@pytest.mark.parametrize("container", AWARE)
def test_instants_with_a_zone_are_utc_and_another_scale_is_refused(container):
    make, zone = AWARE[container]
    assert as_times(make(NS, zone)).ns.tolist() == NS
    for scale in ("gps", "tai", "tt"):
        with pytest.raises(
            ValueError,
            match=r"has a time zone, which makes it UTC.*leave out the zone, or the scale",
        ):
            as_times(make(NS, zone), scale)
    with pytest.raises(ValueError, match="has a time zone"):
        time_grid(make(NS, zone)[0], duration="1s", step="1s", scale="gps")


@pytest.mark.parametrize("container", COLUMNS)
@pytest.mark.parametrize("zone", [None, "UTC"])
def test_missing_values_are_refused_with_their_place(container, zone):
    with pytest.raises(
        ValueError, match=r"(NaT|null)( at \[1\])?: every instant must be a time"
    ) as raised:
        as_times(COLUMNS[container]([NS[0], None, NS[1]], zone))
    assert str(raised.value).startswith(
        ("times[1]: NaT:", "times[1]: null:", "NaT at [1]:", "null at [1]:")
    )


def test_masked_values_are_refused():
    times = np.ma.array(np.array(NS).view("datetime64[ns]"), mask=[False, False, True])
    with pytest.raises(ValueError, match=r"masked at \[2\]"):
        as_times(times)
    assert as_times(times[:2]).ns.tolist() == NS[:2]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC"])
def test_every_unit(unit, zone):
    seconds = [ns // SECOND for ns in NS]
    column = pa.array(seconds, pa.timestamp("s", zone)).cast(pa.timestamp(unit, zone))
    pl, pd = pytest.importorskip("polars"), pytest.importorskip("pandas")
    frame = column.to_numpy(zero_copy_only=False).astype(f"datetime64[{unit}]")
    series = pd.Series(frame) if zone is None else pd.Series(frame).dt.tz_localize(zone)
    for values in (column, pl.from_arrow(column), series, list(series), list(column)):
        assert as_times(values).ns.tolist() == [second * SECOND for second in seconds]


@given(WITHIN_RANGE)
def test_one_timestamp_is_exact(ns):
    pd = pytest.importorskip("pandas")
    for zone in (None, "UTC", "+05:45"):
        assert instant_ns(pd.Timestamp(ns, tz=zone) if zone else pd.Timestamp(ns)) == ns
    assert instant_ns(pa.scalar(ns, pa.timestamp("ns"))) == ns


def test_single_instants():
    xarray = pytest.importorskip("xarray")
    for one in (
        arrow(NS)[0],
        pandas(NS, "UTC")[0],
        polars(NS)[0],
        NAIVE["xarray"](NS)[0],
        np.array(NS[0]).view("datetime64[ns]"),
    ):
        assert instant_ns(one) in (NS[0], US[0])  # Polars gives a datetime, which has microseconds
    assert as_times(xarray.DataArray(np.datetime64("2026-01-01"))).ns.tolist() == [
        parse_instant("2026-01-01")
    ]
    with pytest.raises(TypeError, match="3 instants, where one is needed"):
        instant_ns(pandas(NS))
    with pytest.raises(TypeError, match=r"\(list\) is not an instant"):
        time_grid(["2026-01-01"], duration="1s")


def test_out_of_range():
    pd = pytest.importorskip("pandas")
    for value in (
        pd.Timestamp("1500-01-01"),
        pd.Timestamp("3000-01-01", tz="UTC"),
        pa.array([10**10], pa.timestamp("s")),
    ):
        with pytest.raises(ValueError, match="1677 to 2262"):
            as_times(value)


def test_values_that_are_not_instants():
    pl, pd, xarray = (pytest.importorskip(name) for name in ("polars", "pandas", "xarray"))
    for numbers in (
        pd.Series([1.0]),
        pd.Series([1], dtype="Int64"),
        pl.Series([1]),
        pa.array([1.5]),
        pa.scalar(1),
        xarray.DataArray([1]),
    ):
        with pytest.raises(TypeError, match=r"is a number, not an instant.*use ISO 8601"):
            as_times(numbers)
    durations = np.array([1], "timedelta64[s]")
    for others in (
        durations,
        pd.Series(durations),
        pa.array(durations),
        pa.array([0], pa.time64("ns")),
        pl.Series([b"2026"]),
    ):
        with pytest.raises(TypeError, match=r"not an instant|not instants"):
            as_times(others)
    column = {"time": ["2026-01-01"], "sat_id": [1]}
    for table in (
        pa.table(column),
        pa.RecordBatch.from_pydict(column),
        pl.DataFrame(column),
        pl.LazyFrame(column),
        pd.DataFrame(column),
    ):
        with pytest.raises(TypeError, match="column of instants: give"):
            as_times(table)
    with pytest.raises(TypeError, match="Dataset"):
        as_times(xarray.Dataset(column))
    with pytest.raises(ValueError, match="2 dimensions"):
        as_times(xarray.DataArray(np.zeros((2, 2), "datetime64[s]")))


def test_no_library_is_imported_to_look_for_its_types():
    program = (
        "import sys, gpuprop, numpy\n"
        "gpuprop.as_times([numpy.datetime64('2026-01-01'), '2026-01-02'])\n"
        "print(*{'pandas', 'polars', 'xarray', 'astropy', 'skyfield'} & set(sys.modules))"
    )
    assert (
        subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True
        ).stdout
        == "\n"
    )


# --- astropy ---
@given(WITHIN_RANGE, st.sampled_from(["utc", "tai", "tt"]))
def test_a_julian_date_in_two_doubles_is_exact(ns, scale):
    """Two doubles hold 0.01 ns. Days that end with a step of UTC are left out: they have another
    length.
    """
    from astropy.time import Time

    days, rest = divmod(ns, DAY)
    midnights = np.array([days, days + 1]) * DAY
    if scale == "utc":
        assume(
            midnights[0] < parse_instant("1960-01-02")
            or abs(np.diff(tai_minus_utc(midnights))[0]) < 0.01
        )
    else:
        assume(midnights[0] > parse_instant("1972-01-02"))
    time = Time(2440587.5 + days, rest / DAY, format="jd", scale=scale)
    try:
        assert instant_ns(time) == as_times(np.datetime64(ns, "ns"), scale).start_ns
    except ValueError as error:
        assert "leap second" in str(error)


@given(SINCE_1972, st.sampled_from(["utc", "tai", "tt"]))
def test_astropys_time_in_its_own_scale(ns, scale):
    """Made by astropy from text, which it reads to 0.01 ns, and converted by it to other scales."""
    from astropy.time import Time

    made = Time(format_ns(ns).removesuffix("Z"), scale="utc")
    assert instant_ns(getattr(made, scale)) == ns
    assert as_times([getattr(made, scale), format_ns(ns)]).ns.tolist() == [ns, ns]


def test_astropys_arrays_and_scales():
    from astropy.time import Time

    times = Time([format_ns(ns).removesuffix("Z") for ns in NS[:2]], scale="utc")
    for scale in ("utc", "tai", "tt"):
        assert as_times(getattr(times, scale)).ns.tolist() == NS[:2]
    # by astropy's own conversion, in which tdb is within 10 us without a place
    for scale in ("tcg", "tdb", "tcb"):
        assert np.abs(as_times(getattr(times, scale)).ns - NS[:2]).max() <= 10_000
    assert as_times(times.tai, "tai") == as_times(times)
    for scale in ("utc", "tt"):
        with pytest.raises(ValueError, match=r"has its own time scale.*leave out the scale"):
            as_times(getattr(times, scale), "gps")
    with pytest.raises(ValueError, match="2 dimensions"):
        as_times(Time([["2026-01-01"]]))
    with pytest.raises(ValueError, match="'local' is not an instant"):
        as_times(Time("2026-01-01", scale="local"))
    times[1] = np.ma.masked
    with pytest.raises(ValueError, match=r"masked at \[1\]"):
        as_times(times)
    assert time_grid(Time("2026-01-01T00:00:37", scale="tai"), duration="1min") == time_grid(
        "2026-01-01", duration="1min"
    )
    assert time_grid(
        Time("2026-01-01", scale="tt"), Time("2026-01-02", scale="tt"), scale="tt"
    ) == time_grid("2026-01-01", "2026-01-02", scale="tt")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2016-12-31T12:00:00.000000001", "2016-12-31T12:00:00.000000001"),  # in a day of 86,401 s
        ("2016-12-31T23:59:59.999999999", "2016-12-31T23:59:59.999999999"),
        ("2017-01-01T00:00:00", "2017-01-01T00:00:00"),
        ("1967-12-31T23:59:59.5", "1967-12-31T23:59:59.5"),
        ("1968-01-31T12:00:00", "1968-01-31T12:00:00"),  # 0.1 s shorter: UTC was set forward
        ("1961-07-31T12:00:00", "1961-07-31T12:00:00"),
    ],
)
def test_astropys_days_that_are_not_86400_s_long(text, expected):
    from astropy.time import Time

    assert abs(instant_ns(Time(text)) - parse_instant(expected)) <= (text < "1972")


@pytest.mark.parametrize(
    "text", ["2016-12-31T23:59:60", "2016-12-31T23:59:60.5", "2016-12-31T23:59:60.999999999"]
)
def test_astropys_leap_second(text):
    from astropy.time import Time

    for time in (Time(text), Time(text).tai):
        with pytest.raises(ValueError, match="within the leap second before 2017-01-01T00:00:00Z"):
            as_times(time)


# --- Skyfield ---
@given(SINCE_1972)
def test_skyfields_time(ns):
    from skyfield.api import load

    seconds, rest = divmod(ns, SECOND)
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    scale = load.timescale(builtin=True)
    day = scale.utc(moment.year, moment.month, moment.day)
    assert instant_ns(scale.utc(moment)) == seconds * SECOND
    within = (ns - instant_ns(day)) / DAY
    # the sum of two fractions is rounded
    assert abs(instant_ns(scale.tt_jd(day.whole, day.tt_fraction + within)) - ns) <= (rest > 0)


def test_skyfields_arrays():
    from skyfield.api import load

    scale = load.timescale(builtin=True)
    times = scale.utc(2016, 12, 31, 23, 59, [57, 58, 59])
    assert as_times(times) == time_grid("2016-12-31T23:59:57", duration="3s", step="1s")
    assert as_times([times[0], times[2]]).count == 2
    with pytest.raises(ValueError, match="has its own time scale"):
        as_times(times, "gps")
    with pytest.raises(ValueError, match="within the leap second"):
        as_times(scale.utc(2016, 12, 31, 23, 59, 60.5))


@given(SINCE_1972, st.sampled_from(SCALES))
def test_text_and_numpy_agree_in_every_scale(ns, scale):
    text = format_ns(ns).removesuffix("Z")
    try:
        expected = as_times(text, scale)
    except ValueError as error:
        assert "leap second" in str(error)
        return
    assert as_times(np.datetime64(ns, "ns"), scale) == expected == as_times(arrow([ns]), scale)


# --- durations ---
@given(st.integers(-LAST_NS, LAST_NS))
def test_durations_are_exact(ns):
    pd = pytest.importorskip("pandas")
    for value in (
        pd.Timedelta(ns),
        np.timedelta64(ns, "ns"),
        pa.scalar(ns, pa.duration("ns")),
        np.array(ns).view("timedelta64[ns]"),
    ):
        assert duration_ns(value) == ns


@given(st.integers(-1_000 * DAY, 1_000 * DAY))
def test_astropys_durations_are_exact(ns):
    from astropy.time import TimeDelta

    days, rest = divmod(ns, DAY)
    assert duration_ns(TimeDelta(days, rest / DAY, format="jd")) == ns
    with pytest.raises(ValueError, match="not a length of time"):
        duration_ns(TimeDelta(np.nan, format="jd"))


def test_a_step_of_nanoseconds_is_not_lost():
    """A day of 86,400 steps of 1 s and 500 ns ends 43.2 ms later than one of 1 s: 0.33 km in low
    orbit.
    """
    pd, xarray = pytest.importorskip("pandas"), pytest.importorskip("xarray")
    step = pd.Timedelta(1, "s") + pd.Timedelta(500, "ns")
    times = time_grid("2026-01-01", duration=step * 86_400, step=step)
    assert (times.count, times.step_ns) == (86_400, SECOND + 500)
    assert int(times[-1].view("int64")) == parse_instant("2026-01-01") + 86_399 * (SECOND + 500)
    assert duration_ns(xarray.DataArray(np.timedelta64(5, "ns"))) == 5
    for unit in ("s", "ms", "us", "ns"):
        assert (
            duration_ns(pd.Timedelta(1, "D").as_unit(unit))
            == duration_ns(pa.scalar(86_400, pa.duration("s")).cast(pa.duration(unit)))
            == DAY
        )


def test_durations_that_are_refused():
    pd = pytest.importorskip("pandas")
    for missing in (
        np.timedelta64("NaT"),
        np.timedelta64("NaT", "s"),
        pa.scalar(None, pa.duration("s")),
    ):
        with pytest.raises(ValueError, match="step is NaT"):
            duration_ns(missing, "step")
    with pytest.raises(TypeError, match="step=NaT is not a duration"):
        duration_ns(pd.NaT, "step")
    for other in (
        np.array([1], "timedelta64[s]"),
        pd.Timestamp("2026-01-01"),
        datetime(2026, 1, 1),
        None,
    ):
        with pytest.raises(TypeError, match="is not a duration"):
            duration_ns(other)


# --- where else instants are taken ---
def test_epochs_are_read_in_the_same_way():
    fields = dict(walker("53:3/3/0", 550.0).fields)
    for epochs in (
        pandas(NS, LONDON),
        polars(NS),
        arrow(NS, "UTC"),
        [format_ns(ns) for ns in NS],
        datetimes(NS, UTC),
    ):
        assert abs(Elements(fields | dict(EPOCH=epochs)).epoch.view(np.int64) - NS).max() < 1_000
    with pytest.raises(TypeError, match=r"EPOCH: .*is a number, not an instant"):
        Elements(fields | dict(EPOCH=np.array(NS)))
    with pytest.raises(ValueError, match=r"EPOCH: NaT at \[1\]"):
        Elements(fields | dict(EPOCH=pandas([NS[0], None, NS[2]])))
    assert (
        walker("53:3/3/0", 550.0, epoch=pandas(NS, LONDON)[0]).epoch.view(np.int64) == NS[0]
    ).all()


def test_missing_values_among_objects_are_said_to_be_missing_and_where():
    """What pandas, numpy and Python put where a time is missing in text or objects."""
    pd = pytest.importorskip("pandas")
    text = "2026-01-01"
    lists = [[text, None], [text, float("nan")], [text, np.float32("nan")], [text, pd.NA]]
    for values in (
        *lists,
        pd.Series([text, None]),
        pd.Series([text, None], dtype="string"),
        np.array([text, None], object),
    ):
        with pytest.raises(
            ValueError,
            match=r"^times\[1\]: (None|nan|<NA>) is a missing value: every instant must be a time$",
        ):
            as_times(values)


def test_an_xarray_dataset_is_a_table():
    xarray = pytest.importorskip("xarray")
    for table in (
        xarray.Dataset(),
        xarray.Dataset({"time": ("time", np.array(["2026-01-01"], "datetime64[ns]"))}),
    ):
        with pytest.raises(TypeError, match="a Dataset is a table, not a column of instants"):
            as_times(table)


def test_the_scale_that_an_object_names_is_the_one_in_the_error():
    """Not the one that it was converted to on the way."""
    time = pytest.importorskip("astropy.time").Time
    pairs = (
        (time("2026-01-01", scale="tdb"), "tdb"),
        (time("2026-01-01", scale="tcg"), "tcg"),
        (time("2026-01-01", scale="tai"), "tai"),
    )
    for value, named in (*pairs, (time(1.4e9, format="gps"), "tai, in the format gps")):
        with pytest.raises(
            ValueError, match=rf"has its own time scale \({named}\), but scale is 'gps'"
        ):
            as_times(value, scale="gps")
