"""Instants and grids are exact integers of nanoseconds, in every spelling."""

import contextlib
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpuprop import Propagator, sun_position, walker
from gpuprop.time.durations import duration_ns, format_duration, parse_duration
from gpuprop.time.instants import format_ns, parse_instant
from gpuprop.time.times import MOST_LISTED, Times, as_times, instant_ns, time_grid
from gpuprop.time.units import DAY, FIRST_NS, LAST_NS, SECOND

NOON = 1_795_348_800 * SECOND  # 2026-11-22T12:00:00Z
NANOSECONDS = st.integers(FIRST_NS, LAST_NS)


# --- instants ---
@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22T12:00:00Z",
        "2026-11-22 12:00:00",
        "2026-11-22T12:00",
        "2026-11-22t12:00:00z",
        " 2026-11-22 12:00:00 UTC ",
        "2026-11-22T12:00:00.000000000Z",
        "2026-11-22T12:00:00,0Z",
        "2026-11-22T12:00:00.0000000000000Z",
        "2026-11-22T12:00:00+00:00",
        "2026-11-22T17:30:00+05:30",
        "2026-11-22T17:30:00+0530",
        "2026-11-22T04:00:00-08",
        "2026-11-23T00:00:00+12:00",
        "2026-326T12:00:00Z",
    ],
)
def test_spellings_of_one_instant(text: str) -> None:
    assert parse_instant(text) == NOON


def test_published_unix_times() -> None:
    assert parse_instant("1970-01-01") == 0
    assert parse_instant("2001-09-09T01:46:40Z") == 10**18  # the billionth second
    assert parse_instant("2038-01-19T03:14:07Z") == (2**31 - 1) * SECOND
    assert (
        parse_instant("2000-02-29T00:00:00Z") == parse_instant("2000-060") == 951_782_400 * SECOND
    )
    assert parse_instant("1969-12-31T23:59:59.999999999Z") == -1
    assert format_ns(LAST_NS) == "2262-04-11T23:47:16.854775807Z"
    assert format_ns(FIRST_NS) == "1677-09-21T00:12:43.145224193Z"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("yesterday", "cannot read 'yesterday'"),
        ("", "cannot read ''"),
        ("20261122", "write it like"),
        ("2026-13-01", "2026-13-01.*month"),
        ("2026-02-29", "2026-02-29.*day"),
        ("2026-366", "no day 366"),
        ("2026-000", "no day 0"),
        ("0000-01-01", "0000-01-01"),
        ("2026-01-01T24:00:00Z", "hour 24"),
        ("2026-01-01T12:60:00Z", "minute 60"),
        ("2026-01-01T12:00:61Z", "second 61"),
        ("2026-01-01T12:00:00+24:00", "zone hour 24"),
        ("2026-01-01T12:00:00.0000000001Z", "nine decimals"),
        ("2026-01-01T12:00:00Z and more", "cannot read"),
        ("1677-09-21T00:12:43.145224192Z", "1677 to 2262"),  # NaT's own number
        ("2262-04-11T23:47:16.854775808Z", "1677 to 2262"),
        ("9999-12-31", "1677 to 2262"),
        ("9999-365T23:00:00-23:00", "1677 to 2262"),
        ("２０２６-01-01", "cannot read"),
    ],
)
def test_unreadable_instants_say_why(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_instant(text)


@pytest.mark.parametrize(
    "text",
    [
        "2016-12-31T23:59:60Z",
        "2016-12-31T23:59:60.5Z",
        "2017-01-01T02:59:60+03:00",
        "2016-366T23:59:60",
    ],
)
def test_a_leap_second_names_its_neighbours(text: str) -> None:
    with pytest.raises(
        ValueError, match=r"leap second.*2016-12-31T23:59:59Z or 2017-01-01T00:00:00Z"
    ):
        parse_instant(text)


@given(NANOSECONDS)
def test_text_round_trip(ns: int) -> None:
    assert parse_instant(format_ns(ns)) == ns
    # numpy reads it alike
    assert np.datetime64(format_ns(ns).removesuffix("Z"), "ns").view("int64") == ns


UNIT_NS = {
    "W": 7 * DAY,
    "D": DAY,
    "h": 3600 * SECOND,
    "m": 60 * SECOND,
    "25s": 25 * SECOND,
    "s": SECOND,
    "ms": 10**6,
    "us": 1000,
    "ns": 1,
}


@given(NANOSECONDS, st.sampled_from(sorted(UNIT_NS)), st.sampled_from([0, 1, -1, 1000]))
def test_datetime64_of_any_unit(ns: int, unit: str, beyond: int) -> None:
    """Exact to the last value that fits into int64, and an error from the next one on."""
    size = UNIT_NS[unit]
    number = max(min(ns // size + beyond, LAST_NS), FIRST_NS)
    value = np.array([number], np.int64).view(f"datetime64[{unit}]")
    if FIRST_NS <= number * size <= LAST_NS:
        assert instant_ns(value[0]) == number * size
        assert as_times(value.astype(value.dtype.newbyteorder())).ns.tolist() == [number * size]
    else:
        with pytest.raises(ValueError, match="64 bits"):
            as_times(value)


@given(
    st.integers(-(2**63) + 1, 2**63 - 1),
    st.sampled_from([("ps", 1000), ("fs", 10**6), ("as", 10**9)]),
)
def test_datetime64_finer_than_a_nanosecond(number: int, unit: tuple[str, int]) -> None:
    name, parts = unit
    number = max(number, -(2**63) + parts)
    assert instant_ns(np.datetime64(number // parts * parts, name)) == number // parts  # type: ignore[call-overload]
    if number % parts:
        with pytest.raises(ValueError, match="whole number of nanoseconds"):
            instant_ns(np.datetime64(number, name))  # type: ignore[call-overload]


@given(st.integers(1500, 2500), st.integers(1, 12))
def test_datetime64_of_calendar_units(year: int, month: int) -> None:
    for value, text in [
        (np.datetime64(year - 1970, "Y"), f"{year}-01-01"),
        (np.datetime64(f"{year}-{month:02d}", "M"), f"{year}-{month:02d}-01"),
    ]:
        if text < "1677-09-22" or text > "2262-04-11":
            with pytest.raises(ValueError, match="1677 to 2262"):
                instant_ns(value)
        else:
            assert instant_ns(value) == parse_instant(text)


@given(st.datetimes(datetime(1678, 1, 1), datetime(2262, 1, 1)), st.integers(-23 * 60, 23 * 60))
def test_aware_datetimes_are_converted(naive: datetime, offset: int) -> None:
    aware = naive.replace(tzinfo=timezone(timedelta(minutes=offset)))
    assert (
        instant_ns(aware)
        == int(np.datetime64(naive, "us").view("int64")) * 1000 - offset * 60 * SECOND
    )
    assert parse_instant(aware.isoformat()) == instant_ns(aware)
    # as text and datetime64 without a zone
    assert instant_ns(naive) == instant_ns(naive.replace(tzinfo=timezone.utc))


def test_instants_that_are_refused() -> None:
    with pytest.raises(ValueError, match="NaT"):
        instant_ns(np.datetime64("NaT"))
    with pytest.raises(ValueError, match="1677 to 2262"):
        instant_ns(date(1600, 1, 1))
    for number in (0, 2461000.5, np.float32(1), np.int64(5), True):
        with pytest.raises(TypeError, match="number, not an instant"):
            instant_ns(number)
    with pytest.raises(TypeError, match="NoneType"):
        instant_ns(None)


# --- durations ---
@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("60s", 60 * SECOND),
        ("1d", DAY),
        ("10ms", 10_000_000),
        ("500us", 500_000),
        ("500 µs", 500_000),
        ("1ns", 1),
        ("1.5h", 5400 * SECOND),
        ("1w", 7 * DAY),
        ("90min", 5400 * SECOND),
        ("2 hours", 7200 * SECOND),
        ("3mins", 180 * SECOND),
        ("1d12h", 129_600 * SECOND),
        ("0.1s", 100_000_000),
        (".5s", 500_000_000),
        ("0.000000001s", 1),
        ("-60s", -60 * SECOND),
        ("P1D", DAY),
        ("PT60S", 60 * SECOND),
        ("P1DT2H3M4.5S", DAY + 7384 * SECOND + SECOND // 2),
        ("P2W", 14 * DAY),
        ("-PT0.1S", -100_000_000),
    ],
)
def test_durations(text: str, ns: int) -> None:
    assert parse_duration(text) == ns


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("60", "no unit.*60s"),
        ("", "cannot read"),
        ("s", "cannot read"),
        ("5m", "'m' is not one of"),
        ("1 fortnight", "fortnight"),
        ("0.1ns", "finer than a nanosecond"),
        ("0.0000000001s", "finer than a nanosecond"),
        ("P1M", "no fixed length"),
        ("P1Y", "no fixed length"),
        ("P", "cannot read"),
        ("PT", "cannot read"),
        ("P1DT", "cannot read"),
        ("1e3s", "'e' is not"),
        ("--1s", "more than one sign"),
        ("1s 5", "cannot read"),
    ],
)
def test_unreadable_durations_say_why(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_duration(text)


@given(st.integers(-(10**19), 10**19))
def test_duration_round_trip(ns: int) -> None:
    assert parse_duration(format_duration(ns)) == ns


def test_duration_objects() -> None:
    assert duration_ns(timedelta(days=-1, microseconds=1)) == -DAY + 1000
    assert duration_ns(np.timedelta64(90, "m")) == 5400 * SECOND
    for vague in (np.timedelta64(1, "M"), np.timedelta64(5)):
        with pytest.raises(ValueError, match="no fixed length"):
            duration_ns(vague)
    for number in (60, 60.0, np.float32(60)):
        with pytest.raises(TypeError, match="step='60"):
            duration_ns(number, "step")  # type: ignore[arg-type]


# --- grids ---
def test_a_day_by_minutes() -> None:
    times = time_grid("2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z")
    assert (
        times
        == time_grid("2026-11-22", duration="1d", step="60s")
        == time_grid(date(2026, 11, 22), duration=timedelta(1))
    )
    assert (len(times), times.start_ns, times.step_ns, times.is_grid) == (
        1440,
        NOON - DAY // 2,
        60 * SECOND,
        True,
    )
    assert times[0] == np.datetime64("2026-11-22T00:00:00", "ns")
    assert times[-1] == np.datetime64("2026-11-22T23:59:00", "ns")
    assert (
        repr(times)
        == "<Times: 1,440 instants, 2026-11-22T00:00:00Z to 2026-11-22T23:59:00Z, step 1min>"
    )
    with pytest.raises(IndexError):
        times[1440]


@pytest.mark.parametrize(
    ("step", "count"),
    [("60s", 2), ("61s", 2), ("119999999999ns", 2), ("120s", 1), ("3w", 1), ("119s", 2)],
)
def test_an_incomplete_last_step_has_its_instant(step: str, count: int) -> None:
    assert len(time_grid("2026-01-01", duration="120s", step=step)) == count


def test_years_of_nanoseconds_are_not_materialised() -> None:
    times = time_grid("2026-01-01", "2027-01-01", step="1ns")
    assert len(times) == 365 * DAY > 10**16
    assert times[10**16].view("int64") == parse_instant("2026-01-01") + 10**16
    assert times[10**16 : 10**16 + 3].ns.tolist() == [times.start_ns + 10**16 + i for i in range(3)]
    assert Times.grid(FIRST_NS, 1, 2**64 - 1).count == 2**64 - 1  # more than len() can say
    assert Times.grid(FIRST_NS, 1, 2**64 - 1)[-1].view("int64") == LAST_NS


@given(NANOSECONDS, st.integers(1, 2**63 - 1), st.integers(1, 60), st.slices(60))
def test_a_grid_is_its_array(start: int, step: int, count: int, part: slice) -> None:
    """Indexing, slicing and iterating a grid give what the array of start + i * step (in Python's
    integers) gives.
    """
    expected = [start + i * step for i in range(count)]
    if expected[-1] > LAST_NS:
        with pytest.raises(ValueError, match="1677 to 2262"):
            Times.grid(start, step, count)
        return
    grid = Times.grid(start, step, count)
    array = Times(np.array(expected, np.int64))
    assert grid.ns.tolist() == expected == [int(t.view("int64")) for t in grid]
    assert grid.count == len(grid) == count
    assert grid == array and array == grid and not array.is_grid
    assert grid[part] == array[part]
    assert grid[part].ns.tolist() == expected[part] == array[part].ns.tolist()
    assert grid[part].is_grid or (part.step or 1) < 0
    assert (grid.datetime64 == array.datetime64).all() and grid.datetime64.dtype == np.dtype(
        "datetime64[ns]"
    )


@pytest.mark.parametrize("count", [MOST_LISTED + 1, 10**12, 10**17])
def test_a_grid_too_long_for_a_list_says_what_to_do(count: int) -> None:
    times = Times.grid(10**18, 1, count)
    calls: list[Callable[[], object]] = [
        lambda: times.ns,
        lambda: times.datetime64,
        lambda: np.asarray(times),
        lambda: times[::-1],
        lambda: sun_position(times, "teme"),
        lambda: Propagator(walker("53:4/2/1", 550.0), "numpy", threads=1).states(times),
    ]
    for call in calls:
        with pytest.raises(
            ValueError,
            match=rf"{count:,} instants .* holds at most 100,000,000: .*snapshots.* a longer step",
        ):
            call()
    assert times[: 2**20].ns[-1] == 10**18 + 2**20 - 1 and times.edges[1] == 10**18 + count - 1
    assert times != Times(np.arange(3)) and times == Times.grid(10**18, 1, count)


def test_a_block_too_long_for_a_list_is_refused_at_once() -> None:
    propagator, times = (
        Propagator(walker("53:4/2/1", 550.0), "numpy", threads=1),
        Times.grid(0, 1, 10**12),
    )
    for size in ({"instants": 10**12}, {"instants": MOST_LISTED + 1}, {"block_bytes": 10**15}):
        with pytest.raises(
            ValueError, match=r"instants in one block, which holds at most 100,000,000: give fewer"
        ):
            propagator.snapshots(times, **size)
    with contextlib.closing(propagator.snapshots(times, instants=3)) as blocks:
        assert next(blocks).x.shape == (3, 4)
    (block,) = propagator.snapshots(Times.grid(0, 1, 5), instants=10**12)
    assert block.x.shape == (5, 4)


def test_equality_is_of_instants_in_order() -> None:
    grid = Times.grid(0, 10, 3)
    assert (
        grid != Times.grid(0, 10, 4)
        and grid != Times.grid(0, 11, 3)
        and grid != Times.grid(1, 10, 3)
    )
    assert grid != Times(np.array([0, 20, 10])) and grid != Times(np.array([0, 10]))
    assert grid != [0, 10, 20]


def test_times_are_immutable() -> None:
    source = np.array([3, 1, 2], np.int64)
    times = Times(source)
    source[0] = 9
    assert times.ns.tolist() == [3, 1, 2]
    for array in (times.ns, times.datetime64, Times.grid(0, 1, 3).ns, times[:2].ns):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = array[1]
    with pytest.raises(AttributeError):
        times.instants = source  # type: ignore[misc]


def test_grids_that_are_refused() -> None:
    start = "2026-01-01"
    for arguments, reason in [
        ({}, "exactly one"),
        ({"stop": "2026-01-02", "duration": "1d"}, "exactly one"),
        ({"stop": "2025-01-01"}, "before start"),
        ({"stop": start}, "no instants"),
        ({"duration": "0s"}, "must be positive"),
        ({"duration": "-1d"}, "must be positive"),
        ({"duration": "1d", "step": "0s"}, "step '0s' must be positive"),
        ({"duration": "1d", "step": "-1s"}, "step '-1s' must be positive"),
        ({"duration": "400000d"}, "1677 to 2262"),
    ]:
        with pytest.raises(ValueError, match=reason):
            time_grid(start, **arguments)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="step='60s'"):
        time_grid(start, duration="1d", step=60)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no instants"):
        Times.grid(0, 1, 0)
    with pytest.raises(ValueError, match="positive"):
        Times.grid(0, -1, 5)
    with pytest.raises(ValueError, match="NaT"):
        Times(np.array([FIRST_NS - 1]))
    with pytest.raises(TypeError, match="int64"):
        Times(np.array([1.0]))  # type: ignore[arg-type]


# --- as_times ---
def test_as_times_keeps_order_and_repetitions() -> None:
    noon = np.datetime64("2026-11-22T12:00", "s")
    expected = Times(np.array([NOON, NOON - 1, NOON], np.int64))
    text = [format_ns(ns) for ns in (NOON, NOON - 1, NOON)]
    assert as_times(expected) is expected
    assert as_times(expected.datetime64) == expected
    assert (
        as_times(text)
        == as_times(tuple(text))
        == as_times(np.array(text))
        == as_times(np.array(text, object))
        == expected
    )
    assert (
        as_times(
            [noon, "2026-11-22T11:59:59.999999999", datetime(2026, 11, 22, 12, tzinfo=timezone.utc)]
        )
        == expected
    )
    assert (
        as_times(noon).ns.tolist()
        == as_times(np.array(noon)).ns.tolist()
        == as_times("2026-326T12:00").ns.tolist()
        == [NOON]
    )
    assert as_times(date(2026, 11, 22)).ns.tolist() == [NOON - DAY // 2]
    assert np.array_equal(np.asarray(expected), expected.datetime64)
    assert len(as_times([])) == 0


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "uint8", "bool", "complex128"])
def test_numbers_are_no_instants(dtype: str) -> None:
    values = np.array([1, 0], dtype)
    for numbers in (values, values[0], values.tolist(), list(values)):
        with pytest.raises(TypeError, match="ISO 8601 text"):
            as_times(numbers)  # type: ignore[arg-type]


def test_times_that_are_refused() -> None:
    with pytest.raises(ValueError, match="2 dimensions"):
        as_times(np.zeros((2, 2), "datetime64[s]"))
    with pytest.raises(ValueError, match=r"NaT at \[1\]"):
        as_times(np.array(["2026-01-01", "NaT"], "datetime64[D]"))
    for unit, value in [
        ("D", 10**6),
        ("Y", 3000 - 1970),
        ("s", 10**10),
        ("ps", 1),
        ("Y", 10**17),
        ("us", 2**62),
    ]:
        with pytest.raises(ValueError, match="64 bits"):
            as_times(np.array([0, value], f"datetime64[{unit}]"))
    with pytest.raises(ValueError, match=r"times\[1\]: cannot read 'x'"):
        as_times(["2026-01-01", "x"])
    with pytest.raises(TypeError, match=r"times\[0\].*list"):
        as_times([["2026-01-01"]])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="range"):
        as_times(range(3))  # type: ignore[arg-type]


# --- other clocks ---
def test_a_grid_in_gps_time_is_one_in_utc():
    times = time_grid("2026-01-01T00:00:00", "2026-01-01T01:00:00", step="1min", scale="gps")
    assert times.is_grid and times == time_grid("2025-12-31T23:59:42Z", duration="1h", step="1min")


def test_a_grid_over_a_leap_second_is_even_in_its_own_scale():
    # 2016-12-31T23:59:24 UTC
    times = time_grid("2017-01-01T00:00:32.184", duration="6s", step="2s", scale="tt")
    assert times.is_grid
    times = time_grid("2017-01-01T00:00:30", duration="20s", step="4s", scale="tai")
    assert not times.is_grid
    assert [str(each) for each in times.datetime64.astype("datetime64[s]")] == [
        "2016-12-31T23:59:54",
        "2016-12-31T23:59:58",
        "2017-01-01T00:00:01",
        "2017-01-01T00:00:05",
        "2017-01-01T00:00:09",
    ]
    with pytest.raises(ValueError, match="within the leap second before 2017-01-01T00:00:00Z"):
        time_grid("2017-01-01T00:00:30", duration="20s", step="1s", scale="tai")


def test_arrays_and_texts_in_other_scales():
    readings = np.array(["2026-01-01T00:00:37", "2026-01-01T00:01:37"], "datetime64[s]")
    assert as_times(readings, "tai") == time_grid(
        "2026-01-01T00:00:00Z", duration="2min", step="1min"
    )
    assert as_times("2026-01-01T00:00:18", "gps").start_ns == instant_ns("2026-01-01T00:00:00Z")
    assert as_times(["2026-01-01T00:01:09.184"], "tt").start_ns == instant_ns(
        "2026-01-01T00:00:00Z"
    )


@pytest.mark.parametrize("zone", ["Z", "+00:00", " UTC"])
def test_a_zone_contradicts_another_scale(zone):
    with pytest.raises(ValueError, match="leave out the zone"):
        time_grid(f"2026-01-01T00:00:00{zone}", duration="1h", scale="gps")


def test_times_and_time_zones_contradict_another_scale():
    with pytest.raises(ValueError, match="Times are UTC, not tai"):
        as_times(time_grid("2026-01-01", duration="1h"), "tai")
    with pytest.raises(ValueError, match="leave out the zone"):
        as_times([datetime(2026, 1, 1, tzinfo=timezone.utc)], "tai")
    with pytest.raises(ValueError, match="'ut1' is not known: use utc, tai, tt or gps"):
        as_times("2026-01-01", "ut1")
