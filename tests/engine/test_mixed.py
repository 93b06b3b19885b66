"""Precision mixed: at most 1 m from the exact states within seven days of the epoch, the exact
states elsewhere, the same bits on every engine that has it, and refused on the others.
"""

import ctypes
import pickle
import shutil
import subprocess
import sys

import numpy as np
import pytest
from mixed_samples import DAY, near_the_limits, needs_fma, same_bits, spread, times
from state_samples import COLUMNS, FRAMES

from gpuprop import Elements, Propagator
from gpuprop.elements.mean_elements import mean_elements
from gpuprop.engine import cpu as engine_cpu
from gpuprop.engine import digest, mixed_digest
from gpuprop.engine.choice import open_engine
from gpuprop.engine.cpu import CpuEngine, library
from gpuprop.engine.cpu.mixed import MixedPropagation as CpuMixed
from gpuprop.engine.mixed import PrecisionError
from gpuprop.frames.rotations import rotations
from gpuprop.sgp4.constants import kernels_folder
from gpuprop.sgp4.frames import rotate
from gpuprop.sgp4.gravity import GRAVITY
from gpuprop.sgp4.mixed import BOUND_M, BOUND_MM_S, REACH_NS
from gpuprop.sgp4.model import Model
from gpuprop.sgp4.orbit import State
from gpuprop.time.times import Times


def from_device(column):
    return column.get().tobytes()


def distances(a, b):
    """Between positions, m, and between velocities, mm/s."""
    return (
        1e3 * np.linalg.norm(a.position - b.position, axis=-1),
        1e6 * np.linalg.norm(a.velocity - b.velocity, axis=-1),
    )


@needs_fma
@pytest.mark.parametrize("gravity", GRAVITY)
@pytest.mark.parametrize("opsmode", ["i", "a"])
def test_the_bounds_hold_and_every_status_is_that_of_the_exact_state(gravity, opsmode):
    elements, when = near_the_limits(len(gravity), 3000), spread(5, 40)
    exact = Propagator(elements, "cpu", gravity, opsmode)
    mixed = Propagator(elements, "cpu", gravity, opsmode, precision="mixed")
    a, b, held = exact.states(when), mixed.states(when), mixed.mixed
    position, velocity = distances(a, b)
    assert 0.8 < held.mean() < 0.9  # both classes are there
    assert position[:, held].max() < BOUND_M / 2 and velocity[:, held].max() < BOUND_MM_S / 4
    assert (position[:, held] > 0).all()  # it is another text
    assert np.array_equal(a.status, b.status) and not a.status[:, held].any()
    for name in COLUMNS:
        assert a.columns[name][:, ~held].tobytes() == b.columns[name][:, ~held].tobytes()


@needs_fma
def test_deep_space_strong_drag_and_errors_are_exact():
    elements, _ = digest.sets(4)
    prop = Propagator(elements, "cpu", precision="mixed")
    regimes = prop.constants.regimes()
    assert not prop.mixed[regimes > 0].any() and prop.mixed.any()
    when = Times(np.sort(elements.epoch.view(np.int64))[[0, 100, -1]])
    a, b = Propagator(elements, "cpu").states(when), prop.states(when)
    assert np.array_equal(a.status, b.status) and len(np.unique(a.status)) > 3
    for name in COLUMNS:
        rest = [column.columns[name][:, ~prop.mixed] for column in (a, b)]
        assert rest[0].tobytes() == rest[1].tobytes()


@needs_fma
def test_beyond_the_reach_every_state_is_exact():
    elements = near_the_limits(8, 200)
    edges = times(-REACH_NS - 1, -REACH_NS, REACH_NS, REACH_NS + 1, 900 * DAY, -40_000 * DAY)
    a = Propagator(elements, "cpu").states(edges)
    prop = Propagator(elements, "cpu", precision="mixed")
    b = prop.states(edges)
    far = [0, 3, 4, 5]
    for name in COLUMNS:
        assert a.columns[name][far].tobytes() == b.columns[name][far].tobytes()
    assert (distances(a, b)[0][1:3][:, prop.mixed] > 0).all()


@needs_fma
def test_a_state_depends_on_its_set_and_instant_alone():
    """Also where some lanes of a vector are beyond the reach."""
    elements = near_the_limits(9, 150)
    moved = elements.epoch + (np.arange(150) % 7 * 2 * DAY).astype("timedelta64[ns]")
    elements = Elements(dict(elements.fields) | dict(EPOCH=moved))
    when = spread(1, 6, 14 * DAY)
    whole = Propagator(elements, "cpu", precision="mixed", threads=2).states(when)
    order = np.random.default_rng(2).permutation(150)
    shuffled = Propagator(elements[order], "cpu", precision="mixed", threads=1).states(when)
    for name in COLUMNS:
        assert whole.columns[name][:, order].tobytes() == shuffled.columns[name].tobytes()
    for n in (0, 77, 149):
        alone = Propagator(elements[[n]], "cpu", precision="mixed")
        for k in (0, 3):
            one = alone.states(when[k : k + 1])
            for name in COLUMNS:
                assert one.columns[name].tobytes() == whole.columns[name][k, n].tobytes()


@needs_fma
def test_other_frames_are_rotated_as_exact_states():
    elements, when = near_the_limits(10, 64), spread(3, 5)
    prop = Propagator(elements, "cpu", precision="mixed")
    teme = prop.states(when)
    for frame in FRAMES:
        seen = prop.states(when, frame=frame, sunlit=True)
        exact = Propagator(elements, "cpu").states(when, frame=frame, sunlit=True)
        assert np.array_equal(seen.status, exact.status)
        assert (seen.sunlit == exact.sunlit).mean() > 0.99
        if frame in ("pef", "itrs", "gcrs"):
            rows = rotations(frame, when.ns, prop.eop)
            state = State(*(teme.columns[name] for name in COLUMNS))
            turned = rotate(rows, state)
            for name in COLUMNS[:6]:
                assert np.array_equal(getattr(turned, name), seen.columns[name], equal_nan=True)
            assert np.nanmax(distances(seen, exact)[0]) < BOUND_M / 2


@needs_fma
@pytest.mark.parametrize("count", [1, 7, 8, 9, 15, 16, 17, 63, 64, 65, 100])
def test_every_width_with_fma_gives_the_same_bits(count):
    elements, when = near_the_limits(count, count), spread(count, 3, 9 * DAY)
    found = []
    model = Model(GRAVITY["wgs72"], "i", "mixed")
    for width in library().mixed:
        loaded = CpuEngine(2, width).load(model, mean_elements(elements), elements.epoch.view(int))
        found.append(loaded.block(when.ns, COLUMNS))
    assert len(found) == len(library().mixed)
    for each in found[1:]:
        assert [each[name].tobytes() == found[0][name].tobytes() for name in COLUMNS] == [True] * 7
    narrow = sorted(set(library().widths) - set(library().mixed))
    for width in narrow:
        with pytest.raises(PrecisionError, match=f"for vectors of {width}: this CPU has no fused"):
            CpuEngine(1, width).load(model, mean_elements(elements), elements.epoch.view(int))


@needs_fma
def test_every_engine_has_these_bits_or_refuses(engine):
    elements, when = near_the_limits(15, 90), spread(7, 4, 9 * DAY)
    if engine == "numpy":
        with pytest.raises(PrecisionError):
            Propagator(elements, engine, precision="mixed")
        return
    expected = Propagator(elements, "cpu", precision="mixed").states(when)
    assert same_bits(expected, Propagator(elements, engine, precision="mixed").states(when))


@needs_fma
@pytest.mark.slow
def test_vectors_of_two_with_fma_give_the_same_bits(monkeypatch, tmp_path):
    """As on processors of ARM: here the kernels of two lanes, compiled with FMA."""
    flags = ("-DW=2", "-mfma", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math")
    compiler = shutil.which("g++") or pytest.skip("no C++ compiler")
    source, made = str(kernels_folder() / "cpu.cpp"), str(tmp_path / "two.so")
    command = [compiler, "-std=c++17", "-O1", *flags, "-Wno-psabi", "-shared", "-fPIC", source]
    subprocess.run([*command, "-o", made], check=True)
    work = ctypes.CDLL(made).gpuprop_work_2
    work.argtypes, work.restype = [ctypes.c_void_p, ctypes.c_void_p], None
    elements, when = near_the_limits(14, 101), spread(9, 9, 9 * DAY)
    expected = Propagator(elements, "cpu", precision="mixed").states(when)
    monkeypatch.setitem(library().work, 2, work)
    monkeypatch.setattr(library(), "mixed", (2,))
    model = Model(GRAVITY["wgs72"], "i", "mixed")
    two = CpuEngine(1, 2).load(model, mean_elements(elements), elements.epoch.view(int))
    for name, column in two.block(when.ns, COLUMNS).items():
        assert column.tobytes() == expected.columns[name].tobytes()


@needs_fma
def test_cuda_gives_the_same_bits(fake):
    """Within and beyond the reach, in blocks of the host and of the device, geodetic too."""
    elements, when = near_the_limits(12, 333), spread(4, 9, 9 * DAY)
    cpu = Propagator(elements, "cpu", precision="mixed")
    cuda = Propagator(elements, "cuda:0", precision="mixed")
    assert np.array_equal(cpu.mixed, cuda.mixed)
    for frame in ("teme", "geodetic"):
        a = cpu.states(when, frame=frame, sunlit=True)
        assert same_bits(a, cuda.states(when, frame=frame, sunlit=True))
        on_device = cuda.states(when, frame=frame, sunlit=True, device=True)
        for name, column in on_device.columns.items():
            assert from_device(column) == a.columns[name].tobytes()
    pairs = cuda.pair_states(np.arange(12), when)
    assert pairs.precision == "exact"
    assert same_bits(pairs, Propagator(elements, "cpu").pair_states(np.arange(12), when))
    names = {name for name, *_ in fake.launches}
    assert {"propagate_mixed", "propagate_beyond", "propagate_near_earth"} <= names
    fake.check_guards()


@needs_fma
def test_states_name_their_precision():
    elements, when = near_the_limits(13, 10), spread(4, 1)
    prop = Propagator(elements, "cpu", precision="mixed")
    assert prop.precision == "mixed" and f"precision mixed for {prop.mixed.sum()}" in repr(prop)
    facts = {
        "name": "mixed",
        "position_bound_m": 1.0,
        "velocity_bound_mm_s": 10.0,
        "within_days_of_epoch": 7,
    }
    assert prop.states(when).metadata["precision"] == facts
    assert prop.states(when).precision == "mixed"
    exact = Propagator(elements, "cpu")
    assert exact.precision == "exact" and not exact.mixed.any()
    assert "precision" not in exact.states(when).metadata
    assert "precision" not in prop.pair_states([0], when[:1]).metadata
    woken = pickle.loads(pickle.dumps(prop))
    assert same_bits(woken.states(when), prop.states(when))


@needs_fma
def test_every_engine_reproduces_the_recorded_bits(engine):
    elements, instants = digest.sets(mixed_digest.SEED)
    prop = Propagator(elements, "cpu", precision="mixed")
    near = np.abs(instants[:, None] - elements.epoch.view(np.int64)) <= REACH_NS
    assert (near & prop.mixed).sum() > 1000
    found = mixed_digest.compute(open_engine(engine))
    assert found == (None if engine == "numpy" else mixed_digest.RECORDED)
    assert mixed_digest.compare(open_engine(engine)) == []


@needs_fma
def test_one_changed_bit_is_found(monkeypatch):
    def flipped(engine, *arguments):
        columns = block(engine, *arguments)
        columns["vz"].view(np.int64)[-1, 0] ^= 1
        return columns

    block = CpuMixed.block
    monkeypatch.setattr(CpuMixed, "block", flipped)
    assert mixed_digest.compare(CpuEngine(1)) == ["precision mixed: the states differ"]


def test_numpy_refuses_it_by_name():
    with pytest.raises(PrecisionError, match=r"precision mixed .*\(engine numpy has none\): use"):
        Propagator(near_the_limits(1, 2), "numpy", precision="mixed")


@pytest.mark.parametrize("engine", ["cpu", "auto"])
def test_a_cpu_without_fma_refuses_it(monkeypatch, engine):
    if not engine_cpu.usable()[0]:
        pytest.skip("no compiled kernels")
    monkeypatch.setattr(library(), "mixed", ())
    monkeypatch.setitem(sys.modules, "cupy", None)
    with pytest.raises(ValueError, match=r"no fused multiply-add \(FMA\).*precision exact"):
        Propagator(near_the_limits(1, 2), engine, precision="mixed")


def test_another_precision_is_refused():
    with pytest.raises(ValueError, match="precision 'single' is not known: use exact, or mixed"):
        Propagator(near_the_limits(1, 2), "numpy", precision="single")


@needs_fma
def test_no_satellites_and_none_of_the_class():
    when = spread(1, 2)
    empty = near_the_limits(1, 3)[:0]
    assert Propagator(empty, "cpu", precision="mixed").states(when).x.shape == (5, 0)
    high = Elements(dict(near_the_limits(1, 3).fields) | dict(MEAN_MOTION=np.full(3, 2.0)))
    prop = Propagator(high, "cpu", precision="mixed")
    assert not prop.mixed.any()
    assert same_bits(prop.states(when), Propagator(high, "cpu").states(when))
