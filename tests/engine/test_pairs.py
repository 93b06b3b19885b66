"""States of pairs have the bits of the grid, whatever their order, on every engine."""

import pickle
from typing import Any

import numpy as np
import pytest
from fake_cupy import FakeCupy
from hypothesis import given, settings
from hypothesis import strategies as st
from state_samples import random_elements

from gpuprop import Propagator, Times, convert, read_elements, views
from gpuprop import propagator as propagator_module
from gpuprop.elements.mean_elements import mean_elements
from gpuprop.engine import cuda as engine_cuda
from gpuprop.engine import digest
from gpuprop.engine.cpu import CpuEngine, library, usable
from gpuprop.engine.cuda import propagation as cuda_propagation
from gpuprop.engine.operations import STRUCTURES
from gpuprop.frames import earth_orientation, rotations
from gpuprop.frames.tables import earth_table
from gpuprop.sgp4.constants import FIELDS
from gpuprop.sgp4.earth_rotation import LARGEST_POLE, earth_rotation, sincos_of_pole
from gpuprop.sgp4.trig import sincos
from gpuprop.states import FRAMES

DAY = 86_400_000_000_000
needs_kernels = pytest.mark.skipif(not usable()[0], reason=usable()[1])
WIDTHS = library().widths if usable()[0] else ()
ENGINES = [
    "numpy",
    pytest.param("cpu", marks=needs_kernels),
    pytest.param("cuda", id="cuda" if engine_cuda.usable()[0] else "cuda on a CPU"),
]


@pytest.fixture(autouse=True)
def cupy(monkeypatch):
    """Without a GPU, the engine cuda runs on a CPU."""
    import sys

    if engine_cuda.usable()[0]:
        yield
        return
    fake = FakeCupy()
    monkeypatch.setitem(sys.modules, "cupy", fake)
    yield fake
    fake.check_guards()


def sets():
    """Element sets of every regime and error, and instants around their epochs."""
    elements, instants = digest.sets(4)
    return elements, instants


def same(pairs, grid, k, index):
    """The columns of pairs have the bits of the grid's states at (k, index)."""
    assert list(pairs.columns) == list(grid.columns)
    for name, column in pairs.columns.items():
        assert column.shape == (len(index),)
        assert column.tobytes() == grid.columns[name][k, index].tobytes(), name


def drawn(elements, instants, n, seed=1):
    rng = np.random.default_rng(seed)
    k, index = rng.integers(0, len(instants), n), rng.integers(0, len(elements), n)
    return k, index, instants[k].view("datetime64[ns]")


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("frame", FRAMES)
def test_pairs_are_the_grids_states(engine, frame):
    elements, instants = sets()
    k, index, times = drawn(elements, instants, 9001)
    grid = Propagator(elements, "numpy").states(
        instants.view("datetime64[ns]"), frame=frame, sunlit=True
    )
    propagator = Propagator(elements, engine, threads=2)
    pairs = propagator.pair_states(index, times, frame=frame, sunlit=True)
    same(pairs, grid, k, index)
    assert np.array_equal(pairs.index, index)
    assert np.array_equal(pairs.sat_id, elements.sat_id[index])
    assert np.array_equal(pairs.times.ns, instants[k])
    # sorted by satellite, as vectors of one satellite are computed in another way
    order = np.argsort(index, kind="stable")
    again = propagator.pair_states(index[order], times[order], frame=frame, sunlit=True)
    same(again, grid, k[order], index[order])


@needs_kernels
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("frame", FRAMES)
def test_every_width(width, frame):
    elements, instants = sets()
    propagator = Propagator(elements, "cpu")
    grid = propagator.states(instants.view("datetime64[ns]"), frame=frame)
    mean = mean_elements(elements)
    propagator._propagations = [
        CpuEngine(1, width).load(propagator.model, mean, elements.epoch.view(np.int64))
    ]
    for n in (1, 2, 7, 63, 64, 65, 129, 5000):
        k, index, times = drawn(elements, instants, n, seed=n)
        same(propagator.pair_states(index, times, frame=frame), grid, k, index)


@needs_kernels
@pytest.mark.parametrize("width", WIDTHS)
def test_resonances_are_integrated_to_the_span_once(width):
    """Spans before, across and after the epochs; satellites with and without resonance."""
    elements, _ = sets()
    middle = int(np.median(elements.epoch.view(np.int64)))
    propagator = Propagator(elements, "cpu")
    propagation: Any = CpuEngine(1, width).load(
        propagator.model, mean_elements(elements), elements.epoch.view(np.int64)
    )
    propagator._propagations = [propagation]
    for days in (-400, -9, -2, 0, 7, 300):
        instants = middle + days * DAY + np.arange(8) * (DAY // 2 - 1)
        k, index, times = drawn(elements, instants, 4 * len(elements), seed=days + 400)
        used = propagation._starts(instants[k])
        assert used is not None and (abs(days) < 9 or (used["step"] != 0.0).any())
        assert propagation._starts(np.append(instants[k], instants[0] + 30 * DAY)) is None
        grid = propagator.states(Times(instants))
        same(propagator.pair_states(index, times), grid, k, index)
        order = np.argsort(index, kind="stable")
        same(propagator.pair_states(index[order], times[order]), grid, k[order], index[order])


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_pair_depends_on_itself_alone(data):
    """Any choice, in any order, with repetitions; with the columns asked for and no others."""
    elements, instants = sets()
    engine = data.draw(st.sampled_from(["numpy", *(["cpu"] if usable()[0] else [])]))
    frame = data.draw(st.sampled_from(["teme", "pef", "itrs"]))
    velocity = data.draw(st.booleans())
    chosen = data.draw(
        st.lists(
            st.tuples(
                st.integers(0, len(instants) - 1),
                # a few satellites of every cohort, so that some are drawn several times
                st.integers(0, len(digest.COHORTS) - 1).map(lambda i: i * digest.COHORT),
            ),
            max_size=80,
        )
    )
    k, index = np.array(chosen, np.int64).reshape(-1, 2).T
    propagator = Propagator(elements, engine, threads=1)
    pairs = propagator.pair_states(index, Times(instants[k]), frame=frame, velocity=velocity)
    grid = Propagator(elements, engine, threads=1).states(
        Times(instants), frame=frame, velocity=velocity
    )
    same(pairs, grid, k, index)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["numpy", "cuda", *WIDTHS])
def test_the_whole_catalogue(engine, shared_data):
    """Each satellite once, in random order, at one of three instants, in every frame."""
    elements = read_elements(shared_data / "spacetrack_full_2025-04-15.2le")
    instants = int(elements.epoch.max().astype(np.int64)) + np.arange(3) * (DAY // 3)
    rng = np.random.default_rng(5)
    k, index = rng.integers(0, 3, len(elements)), rng.permutation(len(elements))
    propagator = Propagator(elements, engine if isinstance(engine, str) else "cpu")
    if isinstance(engine, int):
        mean, epochs = mean_elements(elements), elements.epoch.view(np.int64)
        propagator._propagations = [CpuEngine(2, engine).load(propagator.model, mean, epochs)]
    for frame in FRAMES:
        grid = Propagator(elements).states(Times(instants), frame=frame, sunlit=True)
        pairs = propagator.pair_states(index, Times(instants[k]), frame=frame, sunlit=True)
        same(pairs, grid, k, index)


@pytest.mark.parametrize("engine", ENGINES)
def test_no_pairs(engine):
    elements, _ = sets()
    for frame in FRAMES:
        pairs = Propagator(elements, engine).pair_states([], Times(np.empty(0, np.int64)), frame)
        assert all(column.shape == (0,) for column in pairs.columns.values())
        assert len(pairs) == 0


def test_a_gpu_takes_many_pairs_in_parts(monkeypatch):
    monkeypatch.setattr(cuda_propagation, "PAIRS", 100)
    elements, instants = sets()
    k, index, times = drawn(elements, instants, 301)
    for frame in ("teme", "itrs", "gcrs"):
        grid = Propagator(elements, "numpy").states(Times(instants), frame, sunlit=True)
        pairs = Propagator(elements, "cuda").pair_states(index, times, frame, sunlit=True)
        same(pairs, grid, k, index)


def test_wrong_arguments():
    propagator = Propagator(random_elements(1, 5), "numpy")
    times = ["2026-01-01", "2026-01-02"]
    durations = np.arange(2).astype("timedelta64[ns]")
    for index in ([0.5, 1.0], [True, False], [[0, 1]], ["a", "b"], durations):
        with pytest.raises(TypeError, match="index must be a one-dimensional array of integers"):
            propagator.pair_states(index, times)
    with pytest.raises(ValueError, match="index has 1 satellites, and times 2 instants: give one"):
        propagator.pair_states([0], times)
    for index in ([0, 5], [-1, 0], np.array([0, 2**64 - 1], np.uint64)):
        with pytest.raises(ValueError, match=r"index -?\d+ is outside of the 5 element sets"):
            propagator.pair_states(index, times)
    with pytest.raises(ValueError, match="index 18446744073709551615 is outside"):
        propagator.pair_states(np.array([0, 2**64 - 1], np.uint64), times)
    masked = np.ma.MaskedArray([0, 1], [False, True])
    with pytest.raises(ValueError, match="index has masked values: leave these pairs out"):
        propagator.pair_states(masked, times)
    assert len(propagator.pair_states(np.ma.MaskedArray([0, 1]), times)) == 2
    with pytest.raises(ValueError, match="frame 'icrf' is not known"):
        propagator.pair_states([0, 1], times, "icrf")
    with pytest.raises(ValueError, match="no Earth orientation for 1900"):
        propagator.pair_states([0, 1], ["1900-01-01", "2026-01-02"], "itrs")


def test_pairs_are_converted():
    elements, instants = sets()
    _, index, times = drawn(elements, instants, 500)
    propagator = Propagator(elements, "numpy")
    pairs = propagator.pair_states(index, times, "teme", sunlit=True)
    for frame in FRAMES:
        found = convert(pairs, frame)
        expected = propagator.pair_states(index, times, frame, sunlit=True)
        assert list(found.columns) == list(expected.columns)
        assert np.array_equal(found.index, index)
        for name, column in found.columns.items():
            assert np.array_equal(column, expected.columns[name], equal_nan=True), (frame, name)


# The rotation that the kernels compute


@pytest.mark.parametrize("frame", ["pef", "itrs"])
def test_the_table_gives_the_rotations(frame):
    """Every bit, at random instants, around leap seconds, and at both ends of the table."""
    eop = earth_orientation()
    rng = np.random.default_rng(5)
    first, last = 730 * DAY, int(eop.ns[-1])
    leap = int(np.datetime64("2017-01-01", "ns").astype(np.int64))
    ns = np.concatenate(
        (
            rng.integers(first, last, 20_000),
            leap + np.array([-DAY, -DAY // 2, -1, 0, 1, DAY // 2, DAY]),
            [first, first + 1, last - 1, last],
        )
    )
    table = earth_table(frame, ns, eop)
    assert table is not None and table.days.shape[1] == len(STRUCTURES["EarthDay"])
    assert np.array_equal(earth_rotation(table, ns), rotations(frame, ns, eop))


def test_the_short_sine_of_the_pole():
    """For small angles the terms that are left out change no bit."""
    rng = np.random.default_rng(6)
    r = rng.uniform(-1.0, 1.0, 100_000) * LARGEST_POLE * 10.0 ** rng.uniform(-9.0, 0.0, 100_000)
    r = np.concatenate((r, [0.0, -0.0, LARGEST_POLE, -LARGEST_POLE]))
    for short, full in zip(sincos_of_pole(r), sincos(r), strict=True):
        assert short.tobytes() == full.tobytes()


def test_without_earth_orientation():
    eop, ns = earth_orientation("none"), np.arange(-50_000, 50_000, 997) * (DAY // 3 + 1)
    for frame in ("pef", "itrs"):
        table = earth_table(frame, ns, eop)
        assert np.array_equal(earth_rotation(table, ns), rotations(frame, ns, eop))


def test_where_a_table_is_not_enough():
    eop = earth_orientation()
    assert earth_table("gcrs", eop.ns[5000:5002], eop) is None
    assert earth_table("itrs", np.array([730 * DAY - 1, 730 * DAY + 1]), eop) is None
    assert earth_table("itrs", np.empty(0, np.int64), eop) is None
    wide = type(eop)(eop.ns, eop.ut1_utc, eop.xp + 1e-4, eop.yp)
    assert earth_table("itrs", eop.ns[5000:5002], wide) is None
    xp = eop.xp.copy()
    xp[15_001] = 0.2  # at the end of the day only
    wide = type(eop)(eop.ns, eop.ut1_utc, xp, eop.yp)
    assert earth_table("itrs", eop.ns[15_000:15_001], wide) is None


@pytest.mark.parametrize("engine", ENGINES)
def test_before_1972(engine):
    elements = random_elements(3, 20)
    epoch = np.datetime64("1970-05-01T12:00:00", "ns")
    fields = {**elements.fields, "EPOCH": np.full(20, epoch)}
    elements = type(elements)(fields)
    instants = epoch.astype(np.int64) + np.arange(-3, 4) * (DAY // 5)
    k, index, times = drawn(elements, instants, 50)
    grid = Propagator(elements, "numpy").states(Times(instants), "itrs")
    same(Propagator(elements, engine).pair_states(index, times, "itrs"), grid, k, index)


def test_only_the_pairs_before_1972_need_the_hosts_rotations(monkeypatch):
    elements, eop = random_elements(3, 20), earth_orientation()
    start = int(np.datetime64("1972-01-01", "ns").astype(np.int64))
    instants = start + np.array([-DAY, -1, 0, 1, DAY])
    k, index, times = drawn(elements, instants, 200)
    propagator = Propagator(elements, "numpy", eop=eop)
    rows = []
    whole = views.view
    monkeypatch.setattr(views, "view", lambda ns, *rest: rows.append(len(ns)) or whole(ns, *rest))
    pairs = propagator.pair_states(index, times, "itrs", sunlit=True)
    assert rows == [np.count_nonzero(k < 2)]
    same(pairs, propagator.states(Times(instants), "itrs", sunlit=True), k, index)


@pytest.mark.parametrize("frame", ["teme", "itrs"])
def test_several_devices_share_the_pairs(monkeypatch, frame):
    elements, instants = sets()
    k, index, times = drawn(elements, instants, 1001)
    propagator = Propagator(elements, "numpy")
    grid = propagator.states(Times(instants), frame)
    taken = []

    class Device:
        def __init__(self, number):
            self.number, self.propagation = number, propagator._propagations[0]

        def pairs(self, index, *rest):
            taken.append((self.number, len(index)))
            return self.propagation.pairs(index, *rest)

    monkeypatch.setattr(propagator_module, "WORTH_A_GPU", 100)
    shared = Propagator(elements, "numpy")
    shared._propagations = [Device(0), Device(1), Device(2)]  # type: ignore[list-item]
    same(shared.pair_states(index, times, frame), grid, k, index)
    assert sorted(taken) == [(0, 334), (1, 334), (2, 333)]
    taken.clear()
    same(shared.pair_states(index[:90], times[:90], frame), grid, k[:90], index[:90])
    assert taken == [(0, 90)]


def test_the_index_is_copied():
    index = np.array([0, 1])
    pairs = Propagator(random_elements(1, 5), "numpy").pair_states(index, ["2026-01-01"] * 2)
    index[:] = 4
    assert pairs.index is not None and list(pairs.index) == [0, 1]


@needs_kernels
def test_close_and_pickle_drop_the_rows():
    propagator = Propagator(random_elements(4, 9), "cpu")
    before = pickle.dumps(propagator)
    pairs = propagator.pair_states([3, 1], ["2026-01-01"] * 2)
    loaded = pickle.loads(pickle.dumps(propagator))
    assert len(pickle.dumps(propagator)) < len(before) + 1000
    propagator.close()
    for each in (propagator, loaded):
        propagation: Any = each._propagations[0]
        assert propagation._by_satellite is None
        again = each.pair_states([3, 1], ["2026-01-01"] * 2)
        assert again.x.tobytes() == pairs.x.tobytes()


@needs_kernels
def test_the_rows_of_the_cpu_engine():
    propagation: Any = Propagator(random_elements(4, 9), "cpu")._propagations[0]
    propagation.pairs(np.array([0]), np.array([0]), ("x",))
    rows = propagation._by_satellite
    assert rows.ctypes.data % 64 == 0 and rows.shape[1] % 8 == 0
    order = propagation.constants.order
    assert np.array_equal(rows[order, 0].view(np.int64), propagation.constants.epoch_ns)
    assert np.array_equal(rows[order, 1 : 1 + len(FIELDS)], propagation.table[:, :9].T)
