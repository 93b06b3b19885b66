"""Knots: the steps that the error chooses, the size of a page, and what is refused."""

import numpy as np
import pytest
from published import text

import gpuprop
from gpuprop import Elements, Propagator, open_snapshots, read_elements, view, write_snapshots
from gpuprop.errors import UsageError
from gpuprop.time.units import MINUTE, SECOND
from gpuprop.viewer.computed import TOLERANCE_M, computed_tracks, usual_duration
from gpuprop.viewer.knots import hermite
from gpuprop.viewer.recorded import recorded_elements, recorded_tracks

EPOCH = "2026-01-01T00:00:00Z"
START = int(np.datetime64("2026-01-01", "ns").astype(np.int64))
PLENTY = 10**9


@pytest.fixture(scope="module")
def low() -> Propagator:
    return Propagator(gpuprop.walker("53:240/6/1", altitude_km=550.0, epoch=EPOCH))


def test_hermite_is_exact_for_cubics():
    """The property that defines it."""
    t = np.array([0.0, 0.5, 1.0])
    cubic = np.stack([t**3 - 2 * t, 3 * t**2, 1 - t], axis=-1)  # (3, 3)
    slope = np.stack([3 * t**2 - 2, 6 * t, -np.ones(3)], axis=-1)
    knots = np.concatenate([cubic, slope], axis=-1).astype(np.float32)
    for fraction in (0.0, 0.5, 1.0):
        found = hermite(knots[0], knots[2], 1.0, fraction)
        expected = np.array([fraction**3 - 2 * fraction, 3 * fraction**2, 1 - fraction])
        assert np.abs(found - expected).max() < 1e-12


@pytest.mark.parametrize(("minutes", "knots"), [(90, 37), (10, 5), (7, 4), (125, 51)])
def test_low_orbits_have_a_knot_every_120_to_150_s(low, minutes, knots):
    tracks = computed_tracks(low, START, minutes * MINUTE, PLENTY)
    (track,) = tracks.tracks
    assert len(track.ns) == knots and 120.0 <= track.step_s <= 150.0
    assert track.ns[0] == START and track.ns[-1] >= START + minutes * MINUTE
    # h^4 n^4 r / 384 is 13.7 m
    assert 8.0 < tracks.error_m.max() < 15.0


def test_the_stated_error_is_that_of_exact_states(low):
    tracks = computed_tracks(low, START, 30 * MINUTE, PLENTY)
    (track,) = tracks.tracks
    worst = np.zeros(len(low.elements))
    for i in range(len(track.ns) - 1):
        for fraction in np.linspace(0.0, 1.0, 16):
            step = track.ns[i + 1] - track.ns[i]
            at = np.datetime64(int(track.ns[i] + round(fraction * step)), "ns")
            own = hermite(track.knots[i], track.knots[i + 1], step / SECOND, fraction)
            far = 1000.0 * np.linalg.norm(own - low.states(at).position[0], axis=-1)
            worst = np.maximum(worst, far)
    assert (worst < tracks.error_m + 1.0).all()  # and the rounding to float32


def test_eccentric_and_high_orbits_take_the_longest_step_that_is_good_enough():
    """Vallado's verification file: Molniya, geostationary, transfer, decaying, failing sets."""
    elements = read_elements(text("SGP4-VER.TLE").encode(), on_error="skip").latest()
    start = int(elements.default_start.astype(np.int64))
    elements = elements[np.abs(elements.epoch.view(np.int64) - start) < 40 * 86400 * SECOND]
    propagator = Propagator(elements)
    tracks = computed_tracks(propagator, start, 90 * MINUTE, PLENTY)
    members = np.concatenate([track.members for track in tracks.tracks])
    assert np.array_equal(np.sort(members), np.arange(len(elements)))  # nothing is dropped
    steps = [track.step_s for track in tracks.tracks]
    assert len(steps) > 2 and min(steps) >= 37.5 and max(steps) <= 2700.0
    shortest = min(steps)
    for track in tracks.tracks:
        error = tracks.error_m[track.members]
        if track.step_s > shortest:
            assert not (error > TOLERANCE_M).any()
        # a longer step would not do
        others = [step for step in steps if step > track.step_s]
        if others and track.step_s == shortest:
            assert len(track.members) < len(elements)


def test_a_satellite_without_a_position_has_zeros():
    shell = gpuprop.walker("53:6/2/1", altitude_km=550.0, epoch=EPOCH)
    eccentricity = np.array([0.001, 1.5, 0.001, 0.001, 0.001, 0.001])
    elements = Elements(dict(shell.fields) | {"ECCENTRICITY": eccentricity})
    tracks = computed_tracks(Propagator(elements), START, 10 * MINUTE, PLENTY)
    assert tracks.status[1] != 0 and np.isnan(tracks.error_m[1])
    for track in tracks.tracks:
        gone = ~track.knots.any(axis=(0, 2))
        assert np.array_equal(track.members[gone], [1] if 1 in track.members else [])
        assert np.isfinite(track.knots).all()
    globe = view(elements, start=EPOCH, duration="10min")
    assert "1 without a position" in globe.html and "no position" in globe.html


# --- size ---
@pytest.mark.slow
def test_ten_thousand_satellites_for_90_minutes_take_less_than_15_mb():
    globe = view(gpuprop.constellation("honghu-3"), duration="90min")
    assert globe.facts["satellites"] == 10_000 and globe.facts["duration_s"] == 5400.0
    assert len(globe.html.encode()) == globe.facts["bytes"] < 15_000_000


@pytest.mark.slow
def test_what_is_too_large_is_refused_with_what_fits(low):
    most = 1_500_000
    with pytest.raises(UsageError, match="What fits: --duration ") as refused:
        view(low, start=EPOCH, duration="1d", max_bytes=most)
    said = str(refused.value)
    minutes = said.split("--duration ")[1].split("min")[0]
    size = float(said.split("--max-size ")[1].removesuffix("MB"))
    assert view(low, start=EPOCH, duration=f"{minutes}min", max_bytes=most).facts["bytes"] <= most
    view(low, start=EPOCH, duration="1d", max_bytes=int(size * 1e6))
    satellites = int(said.split(" or ")[1].split(" satellite")[0])
    view(low.elements[:satellites], start=EPOCH, duration="1d", max_bytes=most)


def test_the_default_window_is_90_minutes_or_what_fits(low):
    assert usual_duration(low, 15_000_000) == 90 * MINUTE
    assert view(low, start=EPOCH).facts["duration_s"] == 5400.0
    large = Propagator(gpuprop.constellation("guowang"), threads=1)
    assert 10 * MINUTE < usual_duration(large, 15_000_000) < 90 * MINUTE


def test_wrong_calls_say_what_to_do(low, tmp_path):
    with pytest.raises(UsageError, match="not both"):
        view(low, stop=EPOCH, duration="1h")
    with pytest.raises(UsageError, match="less than 90"):
        view(low, min_elevation_deg=90.0)
    with pytest.raises(UsageError, match="a second or more"):
        view(low, start=EPOCH, stop=EPOCH)
    with pytest.raises(UsageError, match="no satellites"):
        view(low.elements[:0])
    with pytest.raises(OSError, match="nowhere"):
        view(low, start=EPOCH, duration="2min").save(tmp_path / "nowhere" / "globe.html")


# --- a directory of snapshots ---
@pytest.mark.parametrize("frame", ["teme", "itrs", "geodetic", "gcrs"])
def test_a_directory_gives_the_positions_of_its_files(low, tmp_path, frame):
    times = gpuprop.time_grid(EPOCH, duration="31min", step="60s")
    write_snapshots(tmp_path / "out", low, times, frame=frame)
    snapshots = open_snapshots(tmp_path / "out")
    (track,) = recorded_tracks(snapshots, None, None, PLENTY).tracks
    assert track.step_s == 120.0 and len(track.ns) == 16
    exact = low.states(track.ns.view("datetime64[ns]"))
    assert np.abs(track.knots[..., :3] - exact.position).max() < 1e-3  # float32
    assert np.abs(track.knots[..., 3:] - exact.velocity).max() < 1e-6
    elements = recorded_elements(snapshots)
    assert np.array_equal(elements.name, low.elements.name)
    globe = view(tmp_path / "out", duration="10min", title="out")
    assert globe.facts["duration_s"] == 600.0 and globe.facts["error_m"]["largest"] < 10.0
    assert "against instants of the files" in globe.html


def test_a_directory_with_few_instants_says_that_the_error_is_not_known(low, tmp_path):
    times = gpuprop.time_grid(EPOCH, duration="1h", step="200s")
    write_snapshots(tmp_path / "out", low, times)
    globe = view(tmp_path / "out")
    assert globe.facts["error_m"] is None and globe.facts["steps_s"] == [200.0]
    assert "every instant of the files is a knot" in globe.html


def test_velocities_that_a_directory_lacks_are_derived(low, tmp_path):
    times = gpuprop.time_grid(EPOCH, duration="31min", step="60s")
    write_snapshots(tmp_path / "out", low, times, frame="itrs", velocity=False)
    tracks = recorded_tracks(open_snapshots(tmp_path / "out"), None, None, PLENTY)
    (track,) = tracks.tracks
    # SGP4's own velocity is 20 mm/s from the derivative of its position
    before, after = (
        low.states((track.ns + shift).view("datetime64[ns]")).position
        for shift in (-SECOND, SECOND)
    )
    off = np.abs(track.knots[..., 3:] - (after - before) / 2.0).max(axis=(1, 2))
    # h^4/30 n^5 r is 5 mm/s, and six times that at the ends
    assert off[1:-1].max() < 7e-6 and off.max() < 5e-5
    assert tracks.error_m.max() < 15.0
    assert "derived from positions" in view(tmp_path / "out").html


def test_a_directory_with_too_few_instants_is_refused(low, tmp_path):
    times = gpuprop.time_grid(EPOCH, duration="4min", step="60s")
    write_snapshots(tmp_path / "out", low, times, velocity=False)
    with pytest.raises(UsageError, match="no velocities and only 4 instants"):
        view(tmp_path / "out")
    write_snapshots(tmp_path / "other", low, times)
    with pytest.raises(UsageError, match="needs two"):
        view(tmp_path / "other", start="2027-01-01")
