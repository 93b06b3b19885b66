"""Passes: against an independent search, planted short passes, special orbits, edges of windows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pass_search import Search, differences, elevation_of
from state_samples import EPOCH, random_elements

from gpuprop import Elements, Propagator, Site, access, read_elements, visible
from gpuprop.analysis.access.passes import passes_in
from gpuprop.analysis.access.question import ask

DAY = np.timedelta64(1, "D")
POLES_AND_MORE = [
    Site(90.0, 0.0, 0.0, "north pole"),
    Site(-90.0, 0.0, 2.8, "south pole"),
    Site(0.0, 0.0, 0.0, "equator"),
    Site(5.0, 180.0, 0.0, "date line"),
    Site(30.0, 90.0, 5.0, "high plateau"),
    Site(-33.45, -70.66, 0.57, "Santiago"),
]


def orbit(number=1, **given):
    """One element set: low and circular unless told otherwise."""
    fields = dict(
        NORAD_CAT_ID=number,
        EPOCH=EPOCH,
        MEAN_MOTION=15.06,
        ECCENTRICITY=1e-4,
        INCLINATION=53.0,
        RA_OF_ASC_NODE=10.0,
        ARG_OF_PERICENTER=0.0,
        MEAN_ANOMALY=0.0,
        BSTAR=0.0,
    )
    return Elements({name: np.array([value]) for name, value in (fields | given).items()})


def compared(elements, sites, start, seconds, least):
    """Assert that access and the independent search find the same."""
    propagator = Propagator(elements, threads=1)
    search = Search(start, seconds, propagator.eop)
    expected = search.all(elements.to_satrecs(), sites, list(least))
    count = 0
    for each in least:
        table = access(propagator, sites, start, duration=f"{seconds}s", min_elevation_deg=each)
        here = {key[:2]: passes for key, passes in expected.items() if key[2] == each}
        numbers = [int(number) for number in elements.sat_id]
        wrong, largest = differences(table, numbers, sites, here, search)
        assert wrong == [] and largest < 2e-5  # s: a Julian date has 40 us
        count += table.num_rows
    return count


def test_every_regime_against_an_independent_search():
    elements = random_elements(11, 60)
    assert compared(elements, POLES_AND_MORE, EPOCH, 21_600, [0.0, 10.0, 40.0]) > 300


@pytest.mark.slow
def test_the_catalogue_against_an_independent_search(shared_data):
    """bench/access.py --validate has 200 satellites, 12 sites and two days."""
    elements = read_elements(
        shared_data / "spacetrack_full_2025-04-15.2le", on_error="skip"
    ).latest()
    chosen = np.sort(np.random.default_rng(3).choice(len(elements), 25, replace=False))
    start = np.datetime64("2025-04-15T03:00:07")
    sites = POLES_AND_MORE
    assert compared(elements[chosen], sites, start, 86_400, [0.0, 10.0, 25.0, 40.0]) > 500


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    latitude=st.floats(-90.0, 90.0),
    longitude=st.floats(-180.0, 180.0),
    height=st.sampled_from([0.0, -0.4, 8.8, 600.0]),
    least=st.sampled_from([0.0, 5.0, 30.0, 60.0, 85.0, 89.9]),
    seconds=st.integers(1, 9000),
)
def test_any_orbit_and_site(seed, latitude, longitude, height, least, seconds):
    elements = random_elements(seed, 6)
    site = Site(latitude, longitude, height, "here")
    compared(elements, [site], EPOCH + np.timedelta64(seed, "s"), seconds, [least])


def test_planted_passes_of_two_seconds_at_any_phase():
    """The minimum elevation is just below the culmination: each pass lasts some two seconds."""
    site = Site(48.0, 11.0, 0.5, "Munich")
    phases, durations = set(), []
    for anomaly in (0.0, 0.7, 1.3, 2.0):  # a degree is 15 s
        elements = orbit(MEAN_MOTION=16.0, INCLINATION=97.0, MEAN_ANOMALY=anomaly)
        propagator = Propagator(elements, threads=1)
        search = Search(EPOCH, 86_400, propagator.eop)
        passes = access(propagator, site, EPOCH, duration="1d", min_elevation_deg=5.0)
        for top in passes.column("culmination").to_numpy():
            aside = (top - EPOCH) / np.timedelta64(1, "s") + np.array([-1.0, 1.0])
            ends = search.elevation(elements.to_satrecs()[0], site, aside)
            window = dict(start=top - np.timedelta64(400, "s"), duration="800s")
            least = float(ends.max())
            found = access(propagator, site, **window, min_elevation_deg=least)
            assert found.num_rows == 1
            durations += found.column("duration_s").to_pylist()
            asked = ask(propagator, site, **window, min_elevation_deg=least)
            for step in (30, 45, 90):  # other knots, and other phases
                assert passes_in(propagator, asked, *asked.window, step_s=step).equals(found)
            phases.add(int(top.astype(np.int64) // 10**9 % 60) // 10)
    assert phases == set(range(6)) and len(durations) > 10
    assert min(durations) > 1.5 and max(durations) < 2.5


def test_passes_of_milliseconds():
    """Longer than 1 ms: found; shorter: not."""
    elements = orbit()
    propagator = Propagator(elements, threads=1)
    site = Site(40.0, 0.0, 0.0, "here")
    one = access(propagator, site, EPOCH, duration="1d").slice(2, 1)
    top = one.column("culmination").to_numpy()[0]
    high = one.column("max_elevation_deg").to_numpy()[0]
    window = dict(start=top - np.timedelta64(300, "s"), duration="600s")
    durations = []
    for below in 10.0 ** np.arange(-4.0, -13.0, -0.5):
        table = access(propagator, site, **window, min_elevation_deg=high - below)
        durations += table.column("duration_s").to_pylist()
    # a parabola: the duration goes with the square root
    ratios = np.array(durations[:-1]) / np.array(durations[1:])
    assert np.allclose(ratios[:6], 10.0**0.25, rtol=0.01)
    assert min(durations) >= 0.001 and min(durations) < 0.01 and len(durations) < 18


def test_a_molniya_pass_with_two_peaks():
    elements = orbit(
        MEAN_MOTION=2.006, ECCENTRICITY=0.72, INCLINATION=63.4, ARG_OF_PERICENTER=270.0
    )
    propagator = Propagator(elements, threads=1)
    grid = EPOCH + np.arange(0, 86_400, 60) * np.timedelta64(1, "s")
    states = propagator.states(grid, "itrs", velocity=False)
    position = np.stack([states.x[:, 0], states.y[:, 0], states.z[:, 0]], axis=-1)
    two = 0
    for longitude in range(0, 360, 15):
        site = Site(62.0, float(longitude), 0.0, "here")
        passes = access(propagator, site, EPOCH, duration="1d", min_elevation_deg=0.0)
        up = elevation_of(position, site)
        for row in passes.to_pylist():
            rise, end = (np.datetime64(row[name].value, "ns") for name in ("rise", "set"))
            inside = np.flatnonzero((grid > rise) & (grid < end))
            peaks = [k for k in inside[1:-1] if up[k] > up[k - 1] and up[k] >= up[k + 1]]
            two += len(peaks) > 1
            highest = max(up[inside])
            assert highest - 1e-6 <= row["max_elevation_deg"] < highest + 0.5
    assert two >= 2
    compared(elements, [Site(62.0, float(k), 0.0, str(k)) for k in (0, 120)], EPOCH, 86_400, [0.0])


def test_a_geostationary_satellite_never_sets():
    elements = orbit(MEAN_MOTION=1.00273, INCLINATION=0.05, ECCENTRICITY=2e-4)
    propagator = Propagator(elements, threads=1)
    grid = propagator.states([EPOCH], "geodetic")
    below = Site(10.0, float(grid.lon[0, 0]), 0.0, "below")
    away = Site(10.0, float(grid.lon[0, 0]) - 180.0 if grid.lon[0, 0] > 0 else 170.0, 0.0, "away")
    table = access(propagator, [below, away], EPOCH, duration="3d")
    [row] = table.to_pylist()
    assert row["site"] == "below" and row["rise_cut"] and row["set_cut"]
    assert row["duration_s"] == 3 * 86_400 and row["max_elevation_deg"] > 75.0
    assert EPOCH <= np.datetime64(row["culmination"].value, "ns") < EPOCH + 3 * DAY
    # the culmination is the highest instant, to what float64 positions define
    minutes = EPOCH + np.arange(3 * 1440) * np.timedelta64(60, "s")
    states = propagator.states(minutes, "itrs")
    position = np.stack([states.x[:, 0], states.y[:, 0], states.z[:, 0]], axis=-1)
    assert elevation_of(position, below).max() <= row["max_elevation_deg"] + 1e-9


def test_a_satellite_that_decays_within_the_window():
    elements = orbit(MEAN_MOTION=16.4, BSTAR=0.01)
    propagator = Propagator(elements, threads=1)
    grid = EPOCH + np.arange(0, 3 * 86_400, 10) * np.timedelta64(1, "s")
    status = propagator.states(grid).status[:, 0]
    assert status[0] == 0 and status[-1] != 0
    died = grid[np.flatnonzero(status)[0]]
    # sites under the place where it ends
    last = propagator.states([died - np.timedelta64(20, "s")], "geodetic")
    sites = [
        Site(float(last.lat[0, 0]), float(last.lon[0, 0]), 0.0, "end"),
        Site(40.0, 0.0, 0.0, "else"),
    ]
    table = access(propagator, sites, EPOCH, duration="3d", min_elevation_deg=0.0)
    ends = table.column("set").to_numpy()
    assert ends.max() <= died and not any(table.column("set_cut").to_pylist())
    assert ends.max() > died - np.timedelta64(11, "s")
    compared(elements, sites, EPOCH, 3 * 86_400, [0.0, 10.0])


def test_the_window_cuts_passes():
    elements = random_elements(2, 30)
    propagator = Propagator(elements, threads=1)
    whole = access(propagator, POLES_AND_MORE, EPOCH, duration="6h").to_pylist()
    row = max(
        (each for each in whole if not each["rise_cut"] and not each["set_cut"]),
        key=lambda r: r["duration_s"],
    )
    rise, top, end = (
        np.datetime64(row[name].value, "ns") for name in ("rise", "culmination", "set")
    )
    for start, stop in ((rise + 1000, end), (rise, end - 1000), (top + 5_000_000, end + 1000)):
        table = access(propagator, POLES_AND_MORE, start, stop)
        [cut] = [
            each
            for each in table.to_pylist()
            if (each["sat_id"], each["site"]) == (row["sat_id"], row["site"])
        ]
        assert cut["rise_cut"] == (start >= rise) and cut["set_cut"] == (stop <= end)
        assert np.datetime64(cut["rise"].value, "ns") == max(start, rise)
        assert np.datetime64(cut["set"].value, "ns") == min(stop, end)
        expected = top if start < top else start
        assert np.datetime64(cut["culmination"].value, "ns") == expected


@pytest.mark.parametrize("length", ["1us", "999us", "1ms", "1001us", "2ms", "1s", "59s"])
def test_a_window_shorter_than_the_knots(length):
    elements = random_elements(3, 40)
    propagator = Propagator(elements, threads=1)
    table = access(propagator, POLES_AND_MORE, EPOCH, duration=length, min_elevation_deg=0.0)
    seen = visible(propagator, POLES_AND_MORE, EPOCH)
    if length in ("1us", "999us"):
        assert table.num_rows == 0  # no pass in it lasts a millisecond
    elif length == "1ms":
        assert table.num_rows == seen.num_rows > 0
        assert all(table.column("rise_cut").to_pylist())
    else:
        assert table.num_rows >= seen.num_rows


def test_at_the_ends_of_the_earth_orientation():
    elements = random_elements(4, 40)
    propagator = Propagator(elements, threads=1)
    first, last = (propagator.eop.ns[k].view("datetime64[ns]") for k in (0, -1))
    hour = np.timedelta64(3_600_000_000_000, "ns")
    inside = access(propagator, POLES_AND_MORE, last - hour, last)
    longer = access(propagator, POLES_AND_MORE, last - 2 * hour, last - 0 * hour)
    starts = inside.column("rise").to_numpy() > last - hour
    rows = inside.filter(starts).to_pylist()
    assert rows and all(row in longer.to_pylist() for row in rows)
    for start, stop in ((last - hour, last + hour), (first - hour, first + hour)):
        with pytest.raises(ValueError, match="there is no Earth orientation for"):
            access(propagator, POLES_AND_MORE, start, stop)
    access(propagator, POLES_AND_MORE, first, first + 1000)


def test_filters():
    elements = random_elements(5, 80)
    propagator = Propagator(elements, threads=1)
    arguments = (propagator, POLES_AND_MORE, EPOCH)
    rows = access(*arguments, duration="1d").to_pylist()
    kept = {
        "min_duration": [row for row in rows if row["duration_s"] >= 300.0],
        "sunlit": [row for row in rows if row["sunlit"] == 2],
        "site_sun_below_deg": [row for row in rows if row["site_sun_elevation_deg"] < -12.0],
    }
    values = {"min_duration": "5min", "sunlit": True, "site_sun_below_deg": -12.0}
    for name, expected in kept.items():
        assert 0 < len(expected) < len(rows)
        assert access(*arguments, duration="1d", **{name: values[name]}).to_pylist() == expected
    together = access(*arguments, duration="1d", **values).to_pylist()
    assert together == [row for row in rows if all(row in each for each in kept.values())]


def test_angles_and_sunlight_are_those_of_the_states():
    elements = random_elements(6, 30)
    propagator = Propagator(elements, threads=1)
    table = access(propagator, POLES_AND_MORE, EPOCH, duration="6h", min_elevation_deg=10.0)
    named = {site.name: site for site in POLES_AND_MORE}
    number = {int(each): k for k, each in enumerate(elements.sat_id)}
    for row in table.to_pylist():
        top = np.datetime64(row["culmination"].value, "ns")
        states = propagator.states([top], "itrs", sunlit=True)
        k = number[row["sat_id"]]
        position = np.array([[states.x[0, k], states.y[0, k], states.z[0, k]]])
        high = elevation_of(position, named[row["site"]])[0]
        assert abs(high - row["max_elevation_deg"]) < 1e-9
        assert states.sunlit[0, k] == row["sunlit"]
        assert row["rise_cut"] or row["set_cut"] or row["max_elevation_deg"] >= 10.0


def test_visible_is_the_states_above():
    elements = random_elements(8, 300)
    propagator = Propagator(elements, threads=1)
    table = visible(propagator, POLES_AND_MORE, EPOCH, min_elevation_deg=5.0)
    states = propagator.states([EPOCH], "itrs", sunlit=True)
    position = np.stack([states.x[0], states.y[0], states.z[0]], axis=-1)
    position[states.status[0] != 0] = np.nan
    expected = {
        (site.name, int(elements.sat_id[k]))
        for site in POLES_AND_MORE
        for k in np.flatnonzero(elevation_of(position, site) >= 5.0)
    }
    rows = table.to_pylist()
    assert {(row["site"], row["sat_id"]) for row in rows} == expected and len(rows) > 30
    assert rows == sorted(rows, key=lambda r: (r["site"], -r["elevation_deg"], r["sat_id"]))


def test_nobody_and_nothing():
    elements = orbit(MEAN_MOTION=1.00273, INCLINATION=0.0)
    propagator = Propagator(elements, threads=1)
    table = access(propagator, Site(89.0, 0.0), EPOCH, duration="1d")
    assert table.num_rows == 0 and table.schema.field("rise").metadata == {b"unit": b""}
    none = Propagator(elements[:0], threads=1)
    assert access(none, Site(0.0, 0.0), EPOCH, duration="1d").num_rows == 0
    assert visible(none, Site(0.0, 0.0), EPOCH).num_rows == 0


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (dict(min_elevation_deg=90.0), "min_elevation_deg is 90.0: give degrees from 0 up to"),
        (dict(min_elevation_deg=-1.0), "min_elevation_deg is -1.0"),
        (dict(min_elevation_deg=float("nan")), "min_elevation_deg is not a number"),
        (dict(site_sun_below_deg=100.0), "site_sun_below_deg is 100.0: give degrees from -90"),
        (dict(min_duration="-1s"), "min_duration"),
        (dict(stop="2026-01-02"), "give either stop or duration"),
        (dict(duration=None), "give either stop or duration"),
        (dict(duration=None, stop="2025-12-31"), "is empty: stop must be later"),
        (dict(resume=True), "resume continues a directory: give out=DIR"),
        (dict(sites=[]), "there are no sites"),
    ],
)
def test_wrong_arguments(wrong, message):
    arguments = dict(sites=Site(0.0, 0.0), start=EPOCH, duration="1h") | wrong
    with pytest.raises(ValueError, match=message):
        access(Propagator(orbit(), "numpy"), **arguments)


def test_several_sets_of_a_number():
    elements = Elements.concat([orbit(7), orbit(7, EPOCH=EPOCH + DAY)])
    propagator = Propagator(elements, "numpy")
    for call in (access, visible):
        with pytest.raises(ValueError, match=r"1 catalogue number has several \(7\).*latest\(\)"):
            call(
                propagator, Site(0.0, 0.0), EPOCH, **({"duration": "1h"} if call is access else {})
            )
    with pytest.raises(TypeError, match="access takes a Propagator, not Elements"):
        access(elements, Site(0.0, 0.0), EPOCH, duration="1h")
