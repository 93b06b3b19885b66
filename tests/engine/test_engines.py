"""Every engine is a pure function of element set and instant, agrees with python-sgp4, and reports
what it cannot compute.
"""

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from published import element_sets, satrecs
from sgp4.api import WGS72, WGS72OLD, WGS84, Satrec
from state_samples import COLUMNS, EPOCH, MINUTE, equal, random_elements

from gpuprop import STATUS, Elements, Propagator, constellation, time_grid
from gpuprop.engine.buffers import KEPT_BLOCKS, KEPT_BYTES
from gpuprop.time.times import as_times

EPOCH_DAYS = (EPOCH - np.datetime64("1949-12-31", "ns")) / np.timedelta64(1, "D")
GRAVITY = {"wgs72old": WGS72OLD, "wgs72": WGS72, "wgs84": WGS84}


def reference(elements, gravity, opsmode):
    """python-sgp4's objects of the same element sets."""
    objects = []
    columns = (
        elements.bstar,
        elements.eccentricity,
        elements.argp,
        elements.inclination,
        elements.mean_anomaly,
    )
    for bstar, ecco, argpo, inclo, mo, no, nodeo in zip(
        *columns, elements.mean_motion, elements.raan, strict=True
    ):
        satrec = Satrec()
        satrec.sgp4init(
            GRAVITY[gravity],
            opsmode,
            1,
            EPOCH_DAYS,
            bstar,
            0.0,
            0.0,
            ecco,
            argpo,
            inclo,
            mo,
            no,
            nodeo,
        )
        objects.append(satrec)
    return objects


def replay(satrecs, minutes):
    """Error codes (n_times, n_sats), positions and velocities (n_times, n_sats, 3) of python-sgp4's
    objects.
    """
    rows = [[satrec.sgp4_tsince(minute) for satrec in satrecs] for minute in minutes]
    return tuple(np.array([[state[part] for state in row] for row in rows]) for part in range(3))


@pytest.mark.parametrize("gravity", GRAVITY)
@pytest.mark.parametrize("opsmode", ["a", "i"])
def test_random_orbits_of_every_regime(engine, gravity, opsmode):
    elements = random_elements(3, 4000)
    propagator = Propagator(elements, engine, gravity, opsmode)
    assert set(propagator._propagations[0].constants.bounds) == {0, 1, 2, 3}
    minutes = np.array([-10080.0, -2000.25, -720.0, 0.0, 0.5, 719.0, 1440.0, 10080.0])
    states = propagator.states(as_times(EPOCH + (minutes * MINUTE).astype("timedelta64[ns]")))
    codes, position, velocity = replay(reference(elements, gravity, opsmode), minutes)
    assert np.array_equal(states.status[codes > 0], codes[codes > 0])
    assert set(states.status[codes == 0]) <= {0, 10}
    assert set(np.unique(states.status)) == {0, 1, 6, 10}
    good = states.status == 0
    assert np.abs(states.position - position)[good].max() < 1e-6
    assert np.abs(states.velocity - velocity)[good].max() < 1e-9
    assert np.abs(states.position - position)[states.status == 6].max() < 1e-6
    assert np.isnan(states.position[states.status == 1]).all()


def test_at_180_degrees(engine):
    """SGP4 divides by 1 + cos i there, so that the last bit of a cosine is worth kilometres, in
    every implementation of it.
    """
    elements = random_elements(4, 2000)
    elements = Elements(elements.fields | dict(INCLINATION=np.full(2000, 180.0)))
    minutes = np.array([-1440.0, 0.0, 30.0, 1440.0])
    states = Propagator(elements, engine).states(
        as_times(EPOCH + (minutes * MINUTE).astype("timedelta64[ns]"))
    )
    codes, position, _ = replay(reference(elements, "wgs72", "i"), minutes)
    assert np.array_equal(states.status[codes > 0], codes[codes > 0])
    assert np.abs(states.position - position)[states.status == 0].max() < 10.0


def test_a_state_depends_on_its_element_set_and_instant_alone(engine):
    # some epochs decades away
    elements = Elements.concat([element_sets()[:20], random_elements(5, 500)])
    minutes = np.concatenate((np.arange(0, 4000, 173.0), -np.arange(0, 4000, 211.0)))
    times = as_times(EPOCH + (minutes * MINUTE).astype("timedelta64[ns]"))
    propagator = Propagator(elements, engine)
    together = propagator.states(times)
    rng = np.random.default_rng(0)
    order, later = rng.permutation(len(elements)), rng.permutation(len(minutes))
    shuffled = Propagator(elements[order], engine).states(as_times(times.datetime64[later]))
    for name in COLUMNS:
        assert np.array_equal(
            getattr(together, name)[np.ix_(later, order)], getattr(shuffled, name), equal_nan=True
        )
    for i in (0, 17, 32, 200, 400):
        alone = Propagator(elements[i], engine).states(times[3:5])
        for name in COLUMNS:
            assert np.array_equal(
                getattr(together, name)[3:5, i : i + 1], getattr(alone, name), equal_nan=True
            )


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 40), st.integers(1, 5_000_000), st.booleans())
def test_blocks_of_any_size_hold_the_same_states(instants, block_bytes, velocity):
    propagator = Propagator(random_elements(6, 60), "numpy")
    times = time_grid(EPOCH, step="97min", duration=f"{97 * instants}min")
    whole = propagator.states(times, velocity=velocity)
    blocks = list(propagator.snapshots(times, velocity=velocity, block_bytes=block_bytes))
    assert all(
        len(block) == 1 or len(block) * 60 * (49 if velocity else 25) <= block_bytes
        for block in blocks
    )
    assert len({len(block) for block in blocks[:-1]}) <= 1
    for name in COLUMNS:
        column = getattr(whole, name)
        if column is None:
            assert all(getattr(block, name) is None for block in blocks)
        else:
            assert np.array_equal(
                np.concatenate([getattr(block, name) for block in blocks]), column, equal_nan=True
            )


def test_worker_processes_give_the_same_bits(monkeypatch):
    from gpuprop.engine import numpy as engine_numpy

    monkeypatch.setattr(engine_numpy, "WORTH_WORKERS", 0)
    elements = Elements.concat(
        [random_elements(7, 1000), constellation("starlink-gen1", epoch=EPOCH)]
    )
    times = time_grid("2026-01-01T00:00:00Z", step="61s", duration="1h")
    one, three = (Propagator(elements, "numpy", threads=threads) for threads in (1, 3))
    assert equal(one.states(times), three.states(times))
    assert three._propagations[0]._workers is not None and one._propagations[0]._workers is None  # type: ignore[attr-defined]
    assert equal(one.states(times[7:9]), three.states(times[7:9]))


@pytest.mark.slow
@pytest.mark.skipif(
    not Path("/proc/self/maps").exists(),
    reason="this platform does not say what a process has mapped",
)
def test_workers_keep_no_more_memory_than_the_caller(monkeypatch):
    """Small blocks are used again, large ones end with their last column, in the workers too."""
    from gpuprop.engine import numpy as engine_numpy

    def mapped():
        pids = [
            os.getpid(),
            *(process.pid for process in propagator._propagations[0]._workers.processes),  # type: ignore[attr-defined]
        ]
        return [Path(f"/proc/{pid}/maps").read_text().count("/memfd:gpuprop") for pid in pids]

    monkeypatch.setattr(engine_numpy, "WORTH_WORKERS", 0)
    propagator = Propagator(random_elements(9, 2000), "numpy", threads=2)
    times = time_grid("2026-01-01", step="60s", duration=f"{60 * 700}s")
    for _ in range(3):
        states = propagator.states(times)
        assert sum(column.nbytes for column in states.columns.values()) > KEPT_BYTES
        del states
    assert mapped() == [0, 0, 0]
    kept = [propagator.states(times[:n]) for n in range(1, 2 * KEPT_BLOCKS)]
    del kept
    assert all(1 <= count <= KEPT_BLOCKS for count in mapped())
    propagator.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform does not fork")
def test_a_fork_has_its_own_workers(monkeypatch):
    from gpuprop.engine import numpy as engine_numpy

    monkeypatch.setattr(engine_numpy, "WORTH_WORKERS", 0)
    propagator = Propagator(random_elements(9, 50), "numpy", threads=2)
    here = propagator.states(EPOCH)
    child = os.fork()
    if child == 0:
        try:
            same = equal(propagator.states(EPOCH), here)
            propagator.close()
            os._exit(0 if same else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert equal(propagator.states(EPOCH), here)


@pytest.mark.parametrize("interrupted", ["_send", "_receive"])
def test_an_interrupted_call_leaves_no_answer_behind(monkeypatch, interrupted):
    """Answers to a block that nobody waited for would be taken for those of the next one."""
    from gpuprop.engine import numpy as engine_numpy
    from gpuprop.engine.numpy import workers

    monkeypatch.setattr(engine_numpy, "WORTH_WORKERS", 0)
    elements, times = random_elements(19, 400), time_grid(EPOCH, step="10min", duration="6h")
    expected = Propagator(elements, "numpy", threads=1).states(times[3:9])
    with Propagator(elements, "numpy") as propagator:
        propagator._propagations[0]._threads = 2  # type: ignore[attr-defined]
        propagator.states(times)
        real, calls = getattr(workers, interrupted), iter(range(100))

        def interrupt(*arguments):
            if next(calls) == 1:
                raise KeyboardInterrupt
            return real(*arguments)

        monkeypatch.setattr(workers, interrupted, interrupt)
        with pytest.raises(KeyboardInterrupt):
            propagator.states(times)
        monkeypatch.setattr(workers, interrupted, real)
        assert equal(propagator.states(times[3:9]), expected)


def test_workers_import_nothing_from_the_working_directory(monkeypatch, tmp_path):
    from gpuprop.engine import numpy as engine_numpy

    for name in ("socket", "struct", "gpuprop"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(engine_numpy, "WORTH_WORKERS", 0)
    Propagator(random_elements(9, 50), "numpy", threads=2).states(EPOCH)
    assert not (tmp_path / "ran").exists()


def test_a_propagator_at_work_is_copied_and_closed(monkeypatch, engine):
    from gpuprop.engine import numpy as engine_numpy

    monkeypatch.setattr(engine_numpy, "WORTH_WORKERS", 0)
    with Propagator(random_elements(9, 50), engine, threads=2) as propagator:
        here = propagator.states(EPOCH)
        assert equal(pickle.loads(pickle.dumps(propagator)).states(EPOCH), here)
    assert equal(propagator.states(EPOCH), here)


def test_an_interpreter_that_cannot_start_is_told(monkeypatch):
    from gpuprop.engine import numpy as engine_numpy
    from gpuprop.engine.numpy.workers import WorkerError

    monkeypatch.setattr(engine_numpy, "WORTH_WORKERS", 0)
    for executable in ("/nowhere/python", "/bin/true"):
        monkeypatch.setattr("sys.executable", executable)
        with pytest.raises(WorkerError, match="threads=1"):
            Propagator(element_sets(), "numpy", threads=2).states(element_sets().epoch[0])
    monkeypatch.setattr("sys.executable", "")
    assert Propagator(element_sets()[:2], "numpy", threads=2).states(EPOCH).x.shape == (1, 2)


def test_a_dead_worker_is_an_error_and_not_a_hang(monkeypatch):
    from gpuprop.engine import numpy as engine_numpy
    from gpuprop.engine.numpy.workers import WorkerError

    monkeypatch.setattr(engine_numpy, "WORTH_WORKERS", 0)
    propagator = Propagator(random_elements(8, 10), "numpy", threads=2)
    propagator.states(EPOCH)
    workers = propagator._propagations[0]._workers  # type: ignore[attr-defined]
    for process in workers.processes:
        process.kill()
        process.wait()
    with pytest.raises(WorkerError, match="threads=1"):
        propagator.states(EPOCH)


def test_one_bad_satellite_never_ends_a_job(engine):
    """Element sets that no reader lets through: NaN, infinite, absurd. Their states are NaN with a
    status, the others are untouched.
    """
    good = element_sets()[0]
    fields = {name: np.repeat(values, 9) for name, values in good.fields.items()}
    fields["ECCENTRICITY"][1] = np.nan
    fields["ECCENTRICITY"][2] = 1.5
    fields["MEAN_MOTION"][3] = 0.0
    fields["MEAN_MOTION"][4] = -3.0
    fields["BSTAR"][5] = np.inf
    fields["MEAN_ANOMALY"][6] = np.nan
    fields["RA_OF_ASC_NODE"][7] = 1e300
    states = Propagator(Elements(fields), engine).states(good.epoch)
    assert states.status[0].tolist() == [0, 10, 1, 2, 2, 10, 10, 10, 0]
    assert np.array_equal(states.position[0, 0], states.position[0, 8])
    assert np.isnan(states.position[0, 1:7]).all()


def test_runaway_drag_is_not_called_good(engine):
    """29141 in its last hours: SGP4 takes it to 27 billion km a week before its epoch, and reports
    no error.
    """
    number = element_sets().sat_id.tolist().index(29141)
    satellite = element_sets()[number]
    code, r, _ = satrecs()[number].sgp4_tsince(-10080.0)
    assert code == 0 and np.linalg.norm(r) > 2e10
    states = Propagator(satellite, engine).states(satellite.epoch - np.timedelta64(7, "D"))
    assert states.status.tolist() == [[10]]
    assert 10 in STATUS


def test_two_hundred_ninety_two_years_are_the_limit(engine):
    propagator = Propagator(constellation("starlink-gen1", epoch="1970-01-01T00:00:00Z")[0], engine)
    with pytest.raises(ValueError, match=r"292 years from an epoch \(\S+Z, sat_id \d+\)"):
        Propagator(constellation("starlink-gen1", epoch="1960-01-01T00:00:00Z")[0], engine).states(
            "2262-01-01T00:00:00Z"
        )
    assert propagator.states("2262-01-01T00:00:00Z").x.shape == (1, 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(engine="cuda"), "not usable here"),
        (dict(engine="abacus"), "use auto, cuda, cpu, numpy"),
        (dict(gravity="wgs60"), "wgs72old, wgs72, wgs84"),
        (dict(opsmode="x"), "improved"),
        (dict(threads=0), "one or more"),
        (dict(threads=1.5), "one or more"),
        (dict(threads=True), "one or more"),
        (dict(engine="cuda:99999999999"), "cuda:1 for the second GPU"),
    ],
)
def test_a_wrong_option_says_what_is_right(options, message):
    with pytest.raises(ValueError, match=message):
        Propagator(element_sets(), **options)


def test_names_of_engines_as_people_write_them(monkeypatch):
    assert Propagator(element_sets(), " NumPy ", threads=np.int64(1)).engine == "numpy"
    with pytest.raises(TypeError, match="engine 1 is not a name"):
        Propagator(element_sets(), 1)
    monkeypatch.setenv("GPUPROP_ENGINE", "abacus")
    with pytest.raises(ValueError, match=r"'abacus' \(of GPUPROP_ENGINE\) is not known"):
        Propagator(element_sets())


def test_no_satellites_and_no_instants(engine):
    times = time_grid("2026-01-01T00:00:00Z", duration="1h")
    none = element_sets()[np.zeros(33, bool)]
    assert Propagator(none, engine).states(times).position.shape == (60, 0, 3)
    assert Propagator(element_sets(), engine).states([]).position.shape == (0, 33, 3)
    assert list(Propagator(element_sets(), engine).snapshots([])) == []


def test_the_environment_names_the_default_engine(monkeypatch):
    monkeypatch.setenv("GPUPROP_ENGINE", "cuda")
    with pytest.raises(ValueError, match="cuda"):
        Propagator(element_sets())
    assert Propagator(element_sets(), "numpy").engine == "numpy"
