"""Earth orientation tables, rotations out of TEME, the Sun and sites agree with published numbers,
ERFA, astropy and skyfield.
"""

import pickle
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import astropy.coordinates as frames
import astropy.units as u
import astropy_iers_data
import erfa
import numpy as np
import pytest
import skyfield.api
from astropy.table import QTable
from astropy.time import Time
from astropy.utils import iers
from skyfield import framelib, sgp4lib

from gpuprop.frames import EarthOrientation, earth_orientation, geodetic_site, rotations, sun
from gpuprop.frames.interpolation import precession_nutation
from gpuprop.frames.rotations import FRAMES, earth_rotation_angle
from gpuprop.sgp4.earth_rotation import gmst82
from gpuprop.time.instants import format_ns, parse_instant
from gpuprop.time.scales import tai_minus_utc
from gpuprop.time.units import DAY, HOUR, SECOND

ARCSECOND = np.pi / 648_000.0
BEGIN_1962, BEGIN_2017, BEGIN_2027 = (parse_instant(f"{year}-01-01") for year in (1962, 2017, 2027))
C04_FILE, FINALS_FILE = Path(astropy_iers_data.IERS_B_FILE), Path(astropy_iers_data.IERS_A_FILE)

RNG = np.random.default_rng(20)
N = 400
NS = np.concatenate((RNG.integers(BEGIN_1962, BEGIN_2027, N - 2), [BEGIN_1962, BEGIN_2017]))
DIRECTION = RNG.normal(size=(N, 3))
RADIUS = RNG.uniform(6_600.0, 42_164.0, (N, 1))
POSITION = DIRECTION / np.linalg.norm(DIRECTION, axis=1, keepdims=True) * RADIUS  # km
SPEED = RNG.normal(size=(N, 3))
# km/s
VELOCITY = SPEED / np.linalg.norm(SPEED, axis=1, keepdims=True) * np.sqrt(398_600.0 / RADIUS)
MM = 1e-6  # km


@pytest.fixture(scope="module")
def eop() -> EarthOrientation:
    return earth_orientation()


def turned(rows: np.ndarray, position: np.ndarray) -> np.ndarray:
    """(n, 3): r' = M r."""
    return np.einsum("nij,nj->ni", rows[:, :9].reshape(-1, 3, 3), position)


def turned_velocity(rows: np.ndarray, position: np.ndarray, velocity: np.ndarray) -> np.ndarray:
    """(n, 3): v' = M v - w x r'."""
    return turned(rows, velocity) - np.cross(rows[:, 9:], turned(rows, position))


def largest(difference: np.ndarray) -> float:
    return float(np.linalg.norm(difference, axis=-1).max())


def julian_dates(ns: np.ndarray, seconds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two-part Julian dates of UTC plus `seconds`."""
    return 2440587.5 + ns // DAY, (ns % DAY) / DAY + seconds / 86_400.0


def tt_dates(ns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return julian_dates(ns, tai_minus_utc(ns) + 32.184)


# --- the published example ---
def test_appendix_c() -> None:
    """AIAA 2006-6753, appendix C, with its UT1, polar motion and length of day as two rows of a
    table.

    The paper's UT1 is the double 2453101.82740678310, 15 microseconds (9 mm) from 07:51:28.386009
    UTC less 0.4399619 s: so is this instant.
    """
    midnight, lod, ut1_utc = parse_instant("2004-04-06"), 0.0015563, -0.4399619
    at = midnight + round((2453101.82740678310 - 2453101.5) * DAY - ut1_utc * SECOND)
    assert abs(at - parse_instant("2004-04-06T07:51:28.386009Z")) < 20_000
    rows = ut1_utc + lod * (at - midnight) / DAY - lod * np.arange(2)
    xp, yp = np.full(2, -0.140682 * ARCSECOND), np.full(2, 0.333309 * ARCSECOND)
    eop = EarthOrientation(np.array([midnight, midnight + DAY]), rows, xp, yp)
    assert eop.at(np.array([at]))[0][0] == pytest.approx(ut1_utc, abs=1e-13)
    assert eop.at(np.array([at]))[3][0] == pytest.approx(lod, abs=1e-13)
    position, velocity = (
        np.array([[5094.18016210, 6127.64465950, 6380.34453270]]),
        np.array([[-4.746131487, 0.785818041, 5.531931288]]),
    )
    pef, itrs = (rotations(frame, np.array([at]), eop) for frame in ("pef", "itrs"))
    assert (
        np.abs(turned(itrs, position) - [-1033.47938300, 7901.29527540, 6380.35659580]).max() < 5e-8
    )
    assert (
        np.abs(
            turned_velocity(itrs, position, velocity) - [-3.225636520, -2.872451450, 5.531924446]
        ).max()
        < 1e-9
    )
    # 0.16 mm apart in the paper itself
    assert (
        np.abs(turned(pef, position) - [-1033.47503120, 7901.30558560, 6380.34453270]).max() < 2e-7
    )
    assert (
        np.abs(
            turned_velocity(pef, position, velocity) - [-3.225632747, -2.872442511, 5.531931288]
        ).max()
        < 1e-9
    )


# --- ERFA ---
def test_angles_against_erfa(eop: EarthOrientation) -> None:
    ut1 = julian_dates(NS, eop.at(NS)[0])
    days = ut1[0] - 2451545.0
    for ours, theirs in (
        (gmst82(days, ut1[1]), erfa.gmst82(*ut1)),
        (earth_rotation_angle(days, ut1[1]), erfa.era00(*ut1)),
    ):
        # GMST82 sums 2 million seconds
        assert np.abs(np.remainder(ours - theirs + 1.0, 2.0 * np.pi) - 1.0).max() < 1e-13
        assert ours.min() >= 0.0 and ours.max() < 2.0 * np.pi


def test_precession_nutation_against_erfa() -> None:
    ns = np.concatenate((NS, BEGIN_2017 + np.arange(0, 30 * DAY, HOUR)))
    assert np.abs(precession_nutation(ns) - erfa.xys06a(*tt_dates(ns))).max() < 2e-13


def test_rotations_against_erfa(eop: EarthOrientation) -> None:
    ut1_utc, xp, yp, lod = eop.at(NS)
    ut1 = julian_dates(NS, ut1_utc)
    pef = erfa.rz(erfa.gmst82(*ut1), np.eye(3))
    polar = erfa.pom00(xp, yp, 0.0)
    cirs = erfa.c2ixys(*erfa.xys06a(*tt_dates(NS)))
    gcrs = np.swapaxes(cirs, 1, 2) @ np.swapaxes(erfa.rz(erfa.era00(*ut1), np.eye(3)), 1, 2) @ pef
    speed = 7.29211514670698e-5 * (1.0 - lod / 86_400.0)
    for frame, matrix, axis in (
        ("pef", pef, [0.0, 0.0, 1.0]),
        ("itrs", polar @ pef, polar[:, :, 2]),
        ("gcrs", gcrs, [0.0, 0.0, 0.0]),
    ):
        rows = rotations(frame, NS, eop)
        assert rows.flags.c_contiguous and rows.dtype == np.float64 and rows.shape == (N, 12)
        assert np.abs(rows[:, :9].reshape(-1, 3, 3) - matrix).max() < 5e-13
        assert np.abs(rows[:, 9:] - speed[:, None] * axis).max() < 1e-19


@pytest.mark.parametrize("frame", FRAMES)
def test_velocity_is_the_slope_of_position(eop: EarthOrientation, frame: str) -> None:
    """Against central differences over 1 s: TEME turns against GCRS and its equinox drifts, 8e-12
    rad/s, which w leaves out.
    """
    ns = np.concatenate(
        (BEGIN_1962 + HOUR + np.arange(0, 65 * 365, 401) * DAY, [BEGIN_2017 + HOUR])
    )
    position, velocity = POSITION[: len(ns)], VELOCITY[: len(ns)]
    after, before = (
        turned(rotations(frame, ns + t * SECOND // 2, eop), position + velocity * t / 2)
        for t in (1, -1)
    )
    difference = turned_velocity(rotations(frame, ns, eop), position, velocity) - (after - before)
    # rad/s
    assert (np.linalg.norm(difference, axis=1) / np.linalg.norm(position, axis=1)).max() < 1.2e-11


# --- astropy and skyfield, given the same Earth orientation ---
@pytest.fixture
def astropy_time(eop: EarthOrientation) -> Iterator[Time]:
    """The instants, as our UT1: astropy's way from UTC is milliseconds off before 1972. It
    interpolates our rows of polar motion itself.
    """
    mjd = eop.ns // DAY + 40_587.0
    table = QTable(
        {
            "MJD": mjd * u.d,
            "UT1_UTC": eop.ut1_utc * u.s,
            "PM_x": eop.xp * u.rad,
            "PM_y": eop.yp * u.rad,
        }
    )
    ut1_utc = eop.at(NS)[0]
    time = Time(*julian_dates(NS, ut1_utc), format="jd", scale="ut1")
    time.delta_ut1_utc = ut1_utc
    with (
        iers.conf.set_temp("auto_download", False),
        iers.earth_orientation_table.set(iers.IERS(table)),
    ):
        yield time


def test_itrs_against_astropy(eop: EarthOrientation, astropy_time: Time) -> None:
    teme = frames.TEME(frames.CartesianRepresentation(POSITION.T * u.km), obstime=astropy_time)
    theirs = teme.transform_to(frames.ITRS(obstime=astropy_time)).cartesian.xyz.to_value(u.km).T
    difference = np.linalg.norm(turned(rotations("itrs", NS, eop), POSITION) - theirs, axis=1)
    print(f"ITRS against astropy: {difference.max() / MM:.2e} mm")
    assert difference.max() < 0.005 * MM


def test_gcrs_against_astropy(eop: EarthOrientation, astropy_time: Time) -> None:
    """astropy goes through ITRS to CIRS with s', from ITRS's TEME without it: 47 microarcseconds a
    century, 4 mm in geostationary orbit.
    """
    teme = frames.TEME(frames.CartesianRepresentation(POSITION.T * u.km), obstime=astropy_time)
    theirs = teme.transform_to(frames.GCRS(obstime=astropy_time)).cartesian.xyz.to_value(u.km).T
    ours = turned(rotations("gcrs", NS, eop), POSITION)
    print(f"GCRS against astropy: {largest(ours - theirs) / MM:.2f} mm")
    sp = erfa.sp00(*tt_dates(NS))
    assert (np.linalg.norm(ours - theirs, axis=1) <= RADIUS[:, 0] * np.abs(sp) + 0.05 * MM).all()


def skyfield_time(eop: EarthOrientation) -> skyfield.api.Time:
    timescale = skyfield.api.load.timescale(builtin=True)
    tt = sum(tt_dates(eop.ns))
    timescale.polar_motion_table = tt, eop.xp / ARCSECOND, eop.yp / ARCSECOND
    time = timescale.tt_jd(*tt_dates(NS))
    time.delta_t = 32.184 + tai_minus_utc(NS) - eop.at(NS)[0]
    return time


def test_itrs_against_skyfield(eop: EarthOrientation) -> None:
    """Its frame ITRS has s' and takes the long way through GCRS; its older function is that of
    appendix C.
    """
    rows = rotations("itrs", NS, eop)
    time = skyfield_time(eop)
    from_gcrs = np.moveaxis(framelib.itrs.rotation_at(time), 2, 0)
    to_teme = np.moveaxis(sgp4lib.TEME.rotation_at(time), 2, 0)
    difference = turned(rows, POSITION) - np.einsum("nij,nkj,nk->ni", from_gcrs, to_teme, POSITION)
    ut1_utc, xp, yp, _ = eop.at(NS)
    whole, fraction = julian_dates(NS, ut1_utc)
    direct = [
        sgp4lib.TEME_to_ITRF(
            whole[i], POSITION[i], VELOCITY[i] * 86_400.0, xp[i], yp[i], fraction[i]
        )
        for i in range(N)
    ]
    position, velocity = np.moveaxis(direct, 1, 0)  # type: ignore[type-var]
    apart = turned(rows, POSITION) - position
    print(
        f"ITRS against skyfield: {largest(difference) / MM:.2f} mm by its frames, "
        f"{largest(apart) / MM:.1e} mm by its function"
    )
    assert largest(difference) < 5 * MM
    assert largest(apart) < 0.01 * MM
    slower = turned_velocity(rows, POSITION, VELOCITY) - velocity / 86_400.0
    # rad/s: it takes the slope of GMST, and no length of day
    assert (np.linalg.norm(slower, axis=1) / RADIUS[:, 0]).max() < 1.3e-11


def test_gcrs_against_skyfield(eop: EarthOrientation) -> None:
    to_gcrs = np.moveaxis(sgp4lib.TEME.rotation_at(skyfield_time(eop)), 2, 0)
    difference = turned(rotations("gcrs", NS, eop), POSITION) - np.einsum(
        "nji,nj->ni", to_gcrs, POSITION
    )
    print(f"GCRS against skyfield: {largest(difference) / MM:.2f} mm")
    assert largest(difference) < 20 * MM


# --- purity ---
@pytest.mark.parametrize("frame", FRAMES)
def test_rows_depend_on_their_instant_alone(eop: EarthOrientation, frame: str) -> None:
    ns = np.concatenate((NS, BEGIN_2017 - DAY + np.arange(0, 2 * DAY, 7 * 61 * SECOND + 1)))
    whole = rotations(frame, ns, eop)
    for part in (
        slice(0, 1),
        slice(1, 8),
        slice(3, None, 7),
        slice(None, None, -1),
        RNG.permutation(len(ns))[:99],
        slice(0, 0),
    ):
        assert np.array_equal(rotations(frame, ns[part], eop), whole[part])
        assert np.array_equal(sun(ns[part], eop), sun(ns, eop)[part])


def test_threads_share_a_table(eop: EarthOrientation) -> None:
    copy = pickle.loads(pickle.dumps(eop))
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda part: rotations("gcrs", NS[part::8], copy), range(8)))
    for part, rows in enumerate(results):
        assert np.array_equal(rows, rotations("gcrs", NS, eop)[part::8])


def test_unknown_frame(eop: EarthOrientation) -> None:
    with pytest.raises(
        ValueError, match="frame 'teme' has no rotation from TEME: use pef, itrs or gcrs"
    ):
        rotations("teme", NS, eop)


# --- values of the table ---
def test_packaged_rows_against_astropy(eop: EarthOrientation) -> None:
    for table in (iers.IERS_B.open(str(C04_FILE)), iers.IERS_A.open(str(FINALS_FILE))):
        rows = np.asarray(table["MJD"].value, np.int64)
        mine = eop if isinstance(table, iers.IERS_B) else earth_orientation(FINALS_FILE)
        place = rows - int(mine.ns[0] // DAY + 40_587)
        filled = place < len(mine.ns)
        assert filled.sum() > 19_000
        for name, values, unit in (
            ("UT1_UTC", mine.ut1_utc, u.s),
            ("PM_x", mine.xp, u.rad),
            ("PM_y", mine.yp, u.rad),
        ):
            assert np.abs(
                values[place[filled]] - table[name].to_value(unit)[filled]
            ).max() < 1e-19 / unit.to(unit)


def test_between_rows_against_astropy(eop: EarthOrientation) -> None:
    table = iers.IERS_B.open(str(C04_FILE))
    ns = RNG.integers(parse_instant("1972-01-01"), parse_instant("2026-01-01"), 2_000)
    ns = ns[eop.ns[(ns - eop.ns[0]) // DAY + 1] < eop.ns[-1]]
    leap_day = tai_minus_utc(ns // DAY * DAY) != tai_minus_utc(ns // DAY * DAY + DAY)
    ns = ns[~leap_day]  # astropy's days of 86,401 s
    time = Time(*julian_dates(ns, np.zeros(len(ns))), format="jd", scale="utc")
    ut1_utc, xp, yp, _ = eop.at(ns)
    assert np.abs(ut1_utc - table.ut1_utc(time).to_value(u.s)).max() < 1e-14
    for ours, theirs in zip((xp, yp), table.pm_xy(time), strict=True):
        assert np.abs(ours - theirs.to_value(u.rad)).max() < 1e-20


def test_a_leap_second_is_not_interpolated() -> None:
    ns = parse_instant("2016-12-31") + DAY * np.arange(3)
    eop = EarthOrientation(ns, np.array([-0.4, 0.599, 0.598]), np.zeros(3), np.zeros(3))
    half = ns[0] + 43_200 * SECOND + SECOND // 2  # half of 86,401 s
    ut1_utc, _, _, lod = eop.at(np.array([ns[0], half, ns[1] - 1, ns[1], ns[2]]))
    assert ut1_utc == pytest.approx(
        [-0.4, -0.4005, -0.401 + 0.001 / 86_401, 0.599, 0.598], abs=1e-13
    )
    assert lod == pytest.approx(
        np.array([86_400 / 86_401, 86_400 / 86_401, 86_400 / 86_401, 1.0, 1.0]) * 1e-3, abs=1e-12
    )


def test_length_of_day_against_its_own_column(eop: EarthOrientation) -> None:
    """At noon, against the mean of the C04's column LOD at the midnights around: all rows, the
    steps and rates of UTC before 1972 too.
    """
    lod = np.array(
        [
            float(line[110:122])
            for line in C04_FILE.read_text().splitlines()
            if not line.startswith("#")
        ]
    )
    noon = eop.ns[: len(lod) - 1] + DAY // 2
    difference = np.abs(eop.at(noon)[3] - (lod[1:] + lod[:-1]) / 2.0)
    # UT1 of the C04 itself jumps there, by 1.6 ms
    seam = noon == parse_instant("1983-12-31T12:00:00")
    assert difference[~seam].max() < 2e-4
    assert difference[noon < parse_instant("1973-01-01")].max() < 5e-5


def test_none() -> None:
    eop = earth_orientation("none")
    ns = np.array([parse_instant("1700-01-01"), 0, parse_instant("2262-01-01")])
    assert all(np.array_equal(values, np.zeros(3)) for values in eop.at(ns))
    assert eop.source == "none: UT1 = UTC, no polar motion"
    assert not eop.predictions(ns).any()
    assert np.array_equal(rotations("itrs", ns, eop), rotations("pef", ns, eop))
    assert pickle.loads(pickle.dumps(eop)).source == eop.source
    with pytest.raises(
        ValueError,
        match=(
            "there is no UTC before 1960-01-01, so TAI, TT and GPS time are not known at 1700-01-01"
        ),
    ):
        rotations("gcrs", ns, eop)


def test_predictions(eop: EarthOrientation) -> None:
    table = iers.IERS_A.open(str(FINALS_FILE))
    first = (
        int(
            table["MJD"].value[(table["PolPMFlag_A"] == "P") | (table["UT1Flag_A"] == "P")][0]
            - 40_587
        )
        * DAY
    )
    assert eop.predicted_from_ns == first
    assert eop.predictions(
        np.array([BEGIN_1962, first - DAY - 1, first - DAY, first])
    ).tolist() == [False, False, True, True]
    assert f"predicted from {format_ns(first)[:10]}" in eop.source


def test_outside(eop: EarthOrientation) -> None:
    last, first = eop.ns[-1], eop.ns[0]
    assert all(np.isfinite(values).all() for values in eop.at(np.array([first, last])))
    message = (
        "there is no Earth orientation for "
        f"{{}}: .* reaches from 1962-01-01T00:00:00Z to {format_ns(last)}; "
    )
    message += (
        "use a newer table: pip install -U astropy-iers-data, or --eop finals2000A.all .* or "
        "use no table: --eop none"
    )
    with pytest.raises(ValueError, match=message.format("1961-12-31T23:59:59.999999999Z")):
        eop.at(np.array([0, first - 1, last + 1]))
    with pytest.raises(ValueError, match=message.format(format_ns(last + 1))):
        rotations("itrs", np.array([0, last + 1]), eop)


def test_source_names_the_values(eop: EarthOrientation) -> None:
    assert eop.source.startswith(f"astropy-iers-data {astropy_iers_data.__version__}: EOP C04 to ")
    same = EarthOrientation(eop.ns, eop.ut1_utc, eop.xp, eop.yp)
    other = EarthOrientation(eop.ns, eop.ut1_utc, eop.xp, np.nextafter(eop.yp, 1.0))
    digest = eop.source[-41:]
    assert digest.startswith("xxh3-128:")
    assert same.source.endswith(digest) and not other.source.endswith(digest)


def test_immutable_and_small(eop: EarthOrientation) -> None:
    assert earth_orientation(eop) is eop and earth_orientation("iers") is eop
    with pytest.raises(ValueError, match="read-only"):
        eop.xp[0] = 0.0
    pickled = pickle.dumps(eop)
    copy = pickle.loads(pickled)
    assert len(pickled) < 25 * len(eop.ns)
    assert all(
        np.array_equal(getattr(copy, name), getattr(eop, name))
        for name in ("ns", "ut1_utc", "xp", "yp")
    )
    assert (copy.predicted_from_ns, copy.source) == (eop.predicted_from_ns, eop.source)
    assert not copy.ut1_utc.flags.writeable


@pytest.mark.parametrize(
    ("ns", "values", "message"),
    [
        ([0], [0.0], "two rows or more, not 1"),
        (
            [0, DAY, 3 * DAY],
            [0.0, 0.0, 0.0],
            "rows 1 and 2, 1970-01-02T00:00:00Z and 1970-01-04T00:00:00Z, are not two UTC "
            "midnights a day",
        ),
        ([1, DAY + 1], [0.0, 0.0], "rows 0 and 1, .* are not two UTC midnights a day apart"),
        ([0, DAY], [0.0, np.nan], r"ut1_utc\[1\] is not a number"),
        ([0, DAY], [0.0], r"ut1_utc has shape \(1,\), ns has 2 rows"),
    ],
)
def test_tables_that_are_none(ns: list[int], values: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        EarthOrientation(np.array(ns), np.array(values), np.zeros(len(ns)), np.zeros(len(ns)))


# --- files ---
FINALS = FINALS_FILE.read_text().splitlines()
C04 = C04_FILE.read_text().splitlines()
C04_2014 = [
    "                            EARTH ORIENTATION PARAMETERS",
    "  Date      MJD      x          y        UT1-UTC       LOD         dX        dY        x "
    "Err     y Err   UT1-UTC Err  LOD Err",
    "1962   1   1  37665  -0.012700   0.213000   0.0326338   0.0017230   0.000000   0.000000   "
    "0.030000   0.030000  0.0020000  0.0014000",
    "1962   1   2  37666  -0.015900   0.214100   0.0320547   0.0016690   0.000000   0.000000   "
    "0.030000   0.030000  0.0020000  0.0014000",
]


def written(folder: Path, lines: list[str], name: str = "table.txt", end: str = "\n") -> Path:
    path = folder / name
    path.write_text(end.join(lines) + end, newline="")
    return path


def test_files_are_told_apart_by_content(tmp_path: Path, eop: EarthOrientation) -> None:
    c04 = earth_orientation(written(tmp_path, C04))
    assert c04.source.startswith("table.txt (EOP C04) to ") and c04.predicted_from_ns is None
    assert np.array_equal(c04.xp, eop.xp[: len(c04.ns)])
    finals = earth_orientation(str(written(tmp_path, FINALS, end="\r\n")))
    assert (
        finals.source.startswith("table.txt (finals2000A) to ")
        and finals.predicted_from_ns == eop.predicted_from_ns
    )
    assert finals.ns[-1] == eop.ns[-1] and finals.ut1_utc[-1] == eop.ut1_utc[-1]
    stripped = earth_orientation(written(tmp_path, [line.rstrip() for line in FINALS]))
    assert np.array_equal(stripped.ut1_utc, finals.ut1_utc)
    assert stripped.source == finals.source
    before = earth_orientation(written(tmp_path, C04_2014))
    assert np.array_equal(before.ut1_utc, [0.0326338, 0.0320547])
    assert before.yp == pytest.approx([0.213 * ARCSECOND, 0.2141 * ARCSECOND], rel=1e-15)


def test_final_values_go_before_rapid_ones(tmp_path: Path) -> None:
    """1973-01-02: Bulletin B's 0.143", 0.137", 0.8075 s; Bulletin A alone says 0.120733",
    0.136966", 0.8084178 s.
    """
    final, rapid = (
        earth_orientation(written(tmp_path, [line[:width] for line in FINALS[:3]]))
        for width in (187, 134)
    )
    assert (final.xp[0], final.yp[0], final.ut1_utc[0]) == pytest.approx(
        (0.143 * ARCSECOND, 0.137 * ARCSECOND, 0.8075), rel=1e-15
    )
    assert (rapid.xp[0], rapid.yp[0], rapid.ut1_utc[0]) == pytest.approx(
        (0.120733 * ARCSECOND, 0.136966 * ARCSECOND, 0.8084178), rel=1e-15
    )


def changed(lines: list[str], number: int, line: str) -> list[str]:
    """A few rows with that line, counted from 1, replaced."""
    return [*lines[: number - 1], line, *lines[number : number + 2]]


BAD_FILES = {
    "web page": (
        ["<!DOCTYPE html>", "<html>moved</html>"],
        "is a web page or XML, not a table in text",
    ),
    "empty": (["", "  "], "is empty: download it again"),
    "something else": (
        ["1 25544U 98067A   19343.69339541"],
        "is neither finals2000A nor EOP C04 of the IERS",
    ),
    "cut in UT1": (
        changed(FINALS, 3, FINALS[2][:65]),
        "line 3 is cut short after 65 characters: download it again",
    ),
    "cut in Bulletin B": (
        changed(FINALS, 3, FINALS[2][:160]),
        "line 3 is cut short after 160 characters",
    ),
    "cut in a date": ([*FINALS[:4], FINALS[4][:11]], "line 5 is cut short after 11 characters"),
    "C04 cut": ([*C04[:10], C04[10][:26]], "line 11 is cut short after 26 characters"),
    "a row twice": (
        changed(FINALS, 3, FINALS[1]),
        "line 3: MJD 41685.00 after 41685.00 is not the next UTC midnight",
    ),
    "a row missing": (
        C04[:9] + C04[10:12],
        "line 10: MJD 37669.00 after 37667.00 is not the next UTC midnight",
    ),
    "not at midnight": (
        changed(FINALS, 1, FINALS[0].replace("41684.00", "41684.50")),
        "line 1: MJD 41684.50 is not the next UTC midnight",
    ),
    "no number": (
        changed(FINALS, 2, FINALS[1].replace("0.118980", "0.1l8980")),
        "line 2: '0.1l8980' in columns 19 to 27 is not a number",
    ),
    "not finite": (
        changed(C04, 8, C04[7].replace("0.0320547", "      nan")),
        "line 8: 'nan' in columns 51 to 62 is not a number",
    ),
    "blank": (
        changed(FINALS, 2, FINALS[1][:37] + " " * 9 + FINALS[1][46:]),
        "line 2: '' in columns 38 to 46 is not a number",
    ),
    "values after none": (
        changed(FINALS, 2, FINALS[1][:15]),
        "line 2 has a date without values, lines after it have some",
    ),
    "one row": (FINALS[:1], "has 1 row of values: two or more are needed"),
    "dates alone": (
        [line[:15] for line in FINALS[:3]],
        "has 0 row of values: two or more are needed",
    ),
}


@pytest.mark.parametrize("what", BAD_FILES)
def test_bad_files(tmp_path: Path, what: str) -> None:
    lines, message = BAD_FILES[what]
    path = written(tmp_path, lines, "finals2000A.all")
    with pytest.raises(ValueError, match=f"{path}[ ,:]+{message}"):
        earth_orientation(path)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(
        FileNotFoundError,
        match=(
            "itrf: there is no such file of Earth orientation; eop is 'iers', 'none' or a "
            "finals2000A"
        ),
    ):
        earth_orientation("itrf")
    with pytest.raises(
        ValueError, match="is a directory: name a finals2000A or EOP C04 file in it"
    ):
        earth_orientation(tmp_path)
    for line in (b"x\n", b"\n", b"\r\n", b"\r", (FINALS[0] + "\n").encode()[:16] + b"\n"):
        (tmp_path / "lines").write_bytes((FINALS[0] + "\n").encode() + line * 900_000)
        with pytest.raises(
            ValueError, match="lines has far more lines than the 73,050 days of the longest table"
        ):
            earth_orientation(tmp_path / "lines")
    (tmp_path / "binary").write_bytes(bytes(range(256)) * 40)
    with pytest.raises(ValueError, match="binary is neither finals2000A nor EOP C04"):
        earth_orientation(tmp_path / "binary")


# --- the Sun ---
def test_sun_of_meeus() -> None:
    """Meeus, Astronomical Algorithms (1998), example 25.b: 1992-10-13 0h TD, from the complete
    VSOP87, equinox of date.
    """
    ns = np.array([parse_instant("1992-10-13") - int(SECOND * (27 + 32.184))])
    x, y, z = sun(ns, None)[0]
    tt = tt_dates(ns)
    right_ascension = np.arctan2(y, x) + erfa.ee06a(*tt)[0]  # TEME counts from the mean equinox
    assert np.degrees(right_ascension) % 360.0 * 240.0 == pytest.approx(
        (13 * 60 + 13) * 60 + 30.749, abs=0.002
    )  # s: precession has been corrected since, by 0.02"
    assert np.degrees(np.arctan2(z, np.hypot(x, y))) * 3600.0 == pytest.approx(
        -(7 * 3600 + 47 * 60 + 1.74), abs=0.02
    )
    assert np.sqrt(x * x + y * y + z * z) / 149_597_870.7 == pytest.approx(0.99760853, abs=2e-8)


def test_sun_against_erfa(eop: EarthOrientation) -> None:
    theirs = -erfa.epv00(*tt_dates(NS))[0]["p"] * 149_597_870.7
    ours = turned(rotations("gcrs", NS, eop), sun(NS, eop, apparent=False))
    assert largest(ours - theirs) < 5e-5


def test_apparent_sun_against_astropy(eop: EarthOrientation, astropy_time: Time) -> None:
    """astropy leaves out the light time, in which the Sun moves some 8 km."""
    theirs = frames.get_sun(astropy_time).cartesian.xyz.to_value(u.km).T
    ours = turned(rotations("gcrs", NS, eop), sun(NS, eop))
    print(f"Sun against astropy: {largest(ours - theirs):.1f} km")
    assert largest(ours - theirs) < 9.0
    aberration = (
        np.linalg.norm(sun(NS, eop) - sun(NS, eop, apparent=False), axis=1)
        / np.linalg.norm(ours, axis=1)
        / ARCSECOND
    )
    assert aberration.min() > 20.1 and aberration.max() < 20.9  # 20.5" times 1 +- 0.0167


def test_far_dates_do_not_warn() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isfinite(sun(np.array([parse_instant("2200-01-01")]), "none")).all()


# --- sites ---
def test_sites_against_erfa() -> None:
    latitude, longitude = RNG.uniform(-np.pi / 2, np.pi / 2, 200), RNG.uniform(-np.pi, np.pi, 200)
    latitude[:2] = np.pi / 2, -np.pi / 2
    height = RNG.uniform(-0.4, 9.0, 200)
    rows = geodetic_site(latitude, longitude, height)
    assert rows.shape == (200, 12) and rows.flags.c_contiguous
    assert (
        np.abs(rows[:, :3] - erfa.gd2gc(1, longitude, latitude, height * 1e3) / 1e3).max() < 5e-12
    )
    axes = rows[:, 3:].reshape(-1, 3, 3)
    assert np.abs(axes @ np.swapaxes(axes, 1, 2) - np.eye(3)).max() < 1e-15
    assert np.abs(np.linalg.det(axes) - 1.0).max() < 1e-14
    step = 1e-6  # rad: East and North are where longitude and latitude grow
    inland = latitude * 0.99
    at = geodetic_site(inland, longitude, height)
    for axis, moved in (
        (3, geodetic_site(inland, longitude + step, height)),
        (6, geodetic_site(inland + step, longitude, height)),
    ):
        way = (moved - at)[:, :3]
        assert (
            np.abs(way / np.linalg.norm(way, axis=1, keepdims=True) - at[:, axis : axis + 3]).max()
            < 1e-6
        )
    higher = geodetic_site(latitude, longitude, height + 1.0)[:, :3] - rows[:, :3]
    assert np.abs(higher - axes[:, 2]).max() < 2e-12


def test_one_site() -> None:
    assert geodetic_site(0.0, 0.0, 0.0).tolist() == [[6378.137, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0]]


@pytest.mark.parametrize(
    ("site", "message"),
    [
        (
            (48.1, 0.2, 0.0),
            "site 0: latitude 48.1 must be between -1.570796 and 1.570796 rad: use np.radians on "
            "degrees",
        ),
        (
            (0.5, [1.0, 11.6], 0.0),
            "site 1: longitude 11.6 must be between -6.283185 and 6.283185 rad",
        ),
        ((0.5, 0.5, [0.0, np.nan]), "site 1: height nan must be a number of km"),
        ((np.zeros((2, 2)), 0.0, 0.0), r"sites of shape \(2, 2\): give one dimension"),
    ],
)
def test_sites_that_are_none(site: tuple[object, object, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        geodetic_site(*site)


def test_before_the_tables_begin():
    """1960 and 1961, when UTC was there and no table of its Earth orientation is: against ERFA's
    own steps with UT1 = UTC.
    """
    ns = RNG.integers(parse_instant("1960-01-01"), BEGIN_1962, 200)
    day = ns // DAY
    utc = (2440587.5 + day, (ns - day * DAY) / DAY)
    date = day.astype("datetime64[D]").astype(object)
    tai_utc = np.array(
        [
            erfa.dat(each.year, each.month, each.day, part)
            for each, part in zip(date, utc[1], strict=True)
        ]
    )
    tt = (utc[0], utc[1] + (tai_utc + 32.184) / 86400)
    x, y, s = erfa.xys06a(*tt)
    to_pef = erfa.rz(erfa.gmst82(*utc), np.broadcast_to(np.eye(3), (200, 3, 3)))
    to_cirs = erfa.rz(-erfa.era00(*utc), to_pef)
    expected = np.swapaxes(erfa.c2ixys(x, y, s), 1, 2) @ to_cirs
    assert np.abs(rotations("gcrs", ns, "none")[:, :9].reshape(-1, 3, 3) - expected).max() < 1e-12
    assert np.abs(rotations("itrs", ns, "none")[:, :9].reshape(-1, 3, 3) - to_pef).max() < 1e-12
