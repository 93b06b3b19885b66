"""UTC, TAI, TT and GPS time agree with published instants, astropy and ERFA at leap seconds too."""

from pathlib import Path

import astropy_iers_data
import erfa
import numpy as np
import pytest
from astropy.time import Time
from astropy.utils import iers
from hypothesis import given
from hypothesis import strategies as st

from gpuprop.time import scales
from gpuprop.time.instants import format_ns, parse_instant
from gpuprop.time.scales import SCALES, leap_seconds_expire, tai_minus_utc, utc_ns
from gpuprop.time.units import DAY, FIRST_NS, LAST_NS, SECOND

BEGIN_1972, BEGIN_2017 = parse_instant("1972-01-01"), parse_instant("2017-01-01")


# --- published instants ---
@pytest.mark.parametrize(
    ("scale", "reading", "utc"),
    [
        ("utc", "2016-12-31T23:59:59", "2016-12-31T23:59:59"),
        ("tai", "2017-01-01T00:00:35", "2016-12-31T23:59:59"),
        ("tt", "2017-01-01T00:01:07.184", "2016-12-31T23:59:59"),
        ("gps", "2017-01-01T00:00:16", "2016-12-31T23:59:59"),
        ("utc", "2017-01-01T00:00:00", "2017-01-01T00:00:00"),
        ("tai", "2017-01-01T00:00:37", "2017-01-01T00:00:00"),
        ("tt", "2017-01-01T00:01:09.184", "2017-01-01T00:00:00"),
        ("gps", "2017-01-01T00:00:18", "2017-01-01T00:00:00"),
        ("gps", "1980-01-06T00:00:00", "1980-01-06T00:00:00"),  # week zero
        ("gps", "2019-04-07T00:00:00", "2019-04-06T23:59:42"),  # week 2048: the second roll-over
        ("tt", "2000-01-01T12:00:00", "2000-01-01T11:58:55.816"),  # J2000.0
        ("tai", "1972-01-01T00:00:10", "1972-01-01T00:00:00"),
        # tai-utc.dat: 4.3131700 s + (MJD - 39126) * 0.002592 s
        ("tai", "1966-01-01T00:00:04.313170", "1966-01-01T00:00:00"),
        # 6.2856820 s before: UTC was set forward by 0.1 s
        ("tai", "1968-02-01T00:00:06.185682", "1968-02-01T00:00:00"),
        # - 6.285682 s + 3 ns: 0.1 s of 0.002592 s a day
        ("tai", "1968-02-01T00:00:06.185681999", "1968-01-31T23:59:59.900000002"),
    ],
)
def test_published_instants(scale: str, reading: str, utc: str) -> None:
    assert utc_ns(parse_instant(reading), scale) == parse_instant(utc)


def test_a_nanosecond_before_and_at_the_end_of_a_leap_second() -> None:
    readings = np.array([BEGIN_2017 + 36 * SECOND - 1, BEGIN_2017 + 37 * SECOND])
    assert utc_ns(readings, "tai").tolist() == [BEGIN_2017 - 1, BEGIN_2017]


@pytest.mark.parametrize(
    ("scale", "reading", "message"),
    [
        ("tai", "2017-01-01T00:00:36", "use 2017-01-01T00:00:35 TAI or 2017-01-01T00:00:37 TAI"),
        (
            "tai",
            "2017-01-01T00:00:36.999999999",
            "use 2017-01-01T00:00:35 TAI or 2017-01-01T00:00:37 TAI",
        ),
        (
            "tt",
            "2017-01-01T00:01:08.5",
            "use 2017-01-01T00:01:07.184 TT or 2017-01-01T00:01:09.184 TT",
        ),
        ("gps", "2017-01-01T00:00:17.25", "use 2017-01-01T00:00:16 GPS or 2017-01-01T00:00:18 GPS"),
        ("tai", "1972-07-01T00:00:10.5", "use 1972-07-01T00:00:09 TAI or 1972-07-01T00:00:11 TAI"),
        # UTC was set back by 0.107758 s
        ("tai", "1972-01-01T00:00:09.95", "or 1972-01-01T00:00:10 TAI"),
        ("tai", "1965-09-01T00:00:04.1", "or 1965-09-01T00:00:04.155058 TAI"),  # by 0.1 s
    ],
)
def test_within_a_leap_second(scale: str, reading: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as error:
        utc_ns(np.array([0, parse_instant(reading)]), scale)
    assert str(error.value).startswith(
        f"{reading} {scale.upper()} is within the leap second before {reading[:10]}T00:00:00Z"
    )


# --- other libraries ---
@pytest.mark.parametrize("scale", ["tai", "tt"])
def test_against_astropy(scale: str) -> None:
    utc = (
        np.random.default_rng(1).integers(BEGIN_1972, parse_instant("2027-01-01"), 2_000)
        // 1_000
        * 1_000
    )
    reading = (
        getattr(Time(utc.view("datetime64[ns]"), scale="utc"), scale)
        .datetime64.astype("datetime64[ns]")
        .view(np.int64)
    )
    # astropy rounds to the picosecond, and cuts to the nanosecond
    assert np.abs(utc_ns(reading, scale) - utc).max() <= 1
    exact = utc + scales.tai_minus_utc_ns(utc) + scales.MINUS_TAI[scale]
    assert np.array_equal(utc_ns(exact, scale), utc)


def test_tai_minus_utc_against_erfa() -> None:
    """Every midnight from 1960 to 2026, and the noon after it."""
    ns = np.arange(parse_instant("1960-01-01"), parse_instant("2027-01-01"), DAY // 2)
    days = (ns // DAY).astype("datetime64[D]").tolist()
    year, month, day = np.array([(day.year, day.month, day.day) for day in days]).T
    assert np.abs(tai_minus_utc(ns) - erfa.dat(year, month, day, (ns % DAY) / DAY)).max() < 0.6e-9
    assert np.array_equal(
        tai_minus_utc(ns[ns >= BEGIN_1972]), erfa.dat(year, month, day, 0.0)[ns >= BEGIN_1972]
    )


def test_rates_before_1972_against_erfa() -> None:
    """UTC -> TAI by erfa.utctai, then back."""
    utc = np.random.default_rng(2).integers(parse_instant("1960-01-02"), BEGIN_1972, 5_000)
    midnight, fraction = erfa.utctai(2440587.5 + utc // DAY, (utc % DAY) / DAY)
    # ERFA's days of UTC have the length that ends them, days of 86,400 s do not: those that end
    # with a step are left out
    ordinary = (
        np.abs(tai_minus_utc(utc // DAY * DAY + DAY) - tai_minus_utc(utc // DAY * DAY + DAY - 1))
        < 1e-6
    )
    tai = np.rint((midnight - 2440587.5) * 86_400.0).astype(np.int64) * SECOND + np.rint(
        fraction * DAY
    ).astype(np.int64)
    assert ordinary.sum() > 4_900
    assert np.abs(utc_ns(tai, "tai") - utc)[ordinary].max() <= 2


@given(st.integers(parse_instant("1960-01-01"), LAST_NS - 100 * SECOND), st.sampled_from(SCALES))
def test_there_and_back(utc: int, scale: str) -> None:
    step = abs(int(np.diff(scales.tai_minus_utc_ns(np.array([utc, utc + 2 * SECOND])))[0]))
    if utc < BEGIN_1972 and step > 1_000:
        return  # a label that UTC skipped is no instant
    reading = (
        utc
        if scale == "utc"
        else utc + int(scales.tai_minus_utc_ns(np.array([utc]))[0]) + scales.MINUS_TAI[scale]
    )
    assert abs(utc_ns(reading, scale) - utc) <= (utc < BEGIN_1972)


# --- what is refused, and the shapes of what is not ---
def test_shapes() -> None:
    readings = BEGIN_2017 + 37 * SECOND + np.arange(6).reshape(2, 3)
    assert utc_ns(readings, "tai").tolist() == (BEGIN_2017 + np.arange(6).reshape(2, 3)).tolist()
    assert type(utc_ns(BEGIN_2017, "tai")) is int
    assert utc_ns(np.empty(0, np.int64), "gps").shape == (0,)


def test_unknown_scale() -> None:
    with pytest.raises(ValueError, match="time scale 'ut1' is not known: use utc, tai, tt or gps"):
        utc_ns(0, "ut1")


@pytest.mark.parametrize("reading", ["1959-12-31T23:59:59", "1960-01-01T00:00:00.9", "1700-01-01"])
def test_no_utc_before_1960(reading: str) -> None:
    with pytest.raises(
        ValueError,
        match=(
            f"there is no UTC before 1960-01-01, so {reading[:10]}.* TAI cannot be converted to it"
        ),
    ):
        utc_ns(np.array([0, parse_instant(reading)]), "tai")
    assert utc_ns(parse_instant(reading), "utc") == parse_instant(reading)
    with pytest.raises(
        ValueError, match=r"TAI, TT and GPS time are not known at 1959-12-31T23:59:59\.999999999Z"
    ):
        tai_minus_utc(np.array([0, parse_instant("1960-01-01") - 1]))


@pytest.mark.parametrize(
    ("scale", "reading"), [("tt", FIRST_NS + SECOND), ("gps", LAST_NS - SECOND)]
)
def test_beyond_64_bits(scale: str, reading: int) -> None:
    with pytest.raises(ValueError, match=f"{scale.upper()} is outside the years 1677 to 2262"):
        utc_ns(reading, scale)


# --- the packaged table ---
def test_expiry_against_astropy() -> None:
    table = iers.LeapSeconds.from_iers_leap_seconds(astropy_iers_data.IERS_LEAP_SECOND_FILE)
    assert format_ns(leap_seconds_expire()) == f"{table.expires.iso[:10]}T00:00:00Z"
    after = np.array([leap_seconds_expire() + 3_650 * DAY])
    assert tai_minus_utc(after)[0] == table["tai_utc"][-1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("#  File expires on 28 June 2027\n", "has no rows of increasing dates"),
        ("    41317.0    1  1 1972       10\n", "does not say when it expires"),
        (
            "#  File expires on 28 June 2027\n    41317.0    1  1\n",
            "line 2: '    41317.0    1  1' is not an MJD",
        ),
        (
            "#  File expires on 28 June 2027\n 41499.0 1 7 1972 11\n 41317.0 1 1 1972 10\n",
            "has no rows of increasing dates",
        ),
    ],
)
def test_damaged_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, message: str
) -> None:
    path = tmp_path / "Leap_Second.dat"
    path.write_text(text)
    monkeypatch.setattr(astropy_iers_data, "IERS_LEAP_SECOND_FILE", str(path))
    scales.leap_seconds.cache_clear()
    try:
        with pytest.raises(
            ValueError, match=f"{path}.*{message}.*pip install --force-reinstall astropy-iers-data"
        ):
            leap_seconds_expire()
    finally:
        scales.leap_seconds.cache_clear()
