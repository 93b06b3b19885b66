"""The order of work and memory on a GPU, without a GPU: the cuda engine on the double of CuPy.

A test runs for every choice of the streams whose work is done at once; the work of the others waits
until somebody waits for it. Two streams without an order between them are so seen in both orders.
"""

import gc
import sys
import weakref
from itertools import combinations

import numpy as np
import pytest
from fake_cupy import FakeCupy
from state_samples import random_elements

from gpuprop import Propagator, Site, look_angles, time_grid
from gpuprop.engine.cuda import propagation as cuda_propagation
from gpuprop.engine.cuda import streams
from gpuprop.sgp4.model import column_dtypes

# streams in the order of their making: the engine's two, then the test's
COMPUTING, COPYING, CONSUMER, OTHER = 0, 1, 2, 3
CHOICES = [
    set(chosen) for n in range(4) for chosen in combinations(("default", COMPUTING, CONSUMER), n)
] + [{COPYING}, {COPYING, CONSUMER}]
ELEMENTS = random_elements(21, 60)
TIMES = time_grid(ELEMENTS.epoch[0], step="97min", duration="970min")
SITES = [Site(-15.79, -47.88), Site(51.17, 71.45)]
VIEWS = {
    "teme": {},
    "itrs": dict(frame="itrs"),
    "geodetic, sunlit": dict(frame="geodetic", sunlit=True),
}


@pytest.fixture(autouse=True)
def small_slices(monkeypatch):
    monkeypatch.setattr(
        cuda_propagation, "SLICE_BYTES", 3 * len(ELEMENTS) * cuda_propagation.STATE_BYTES
    )


@pytest.fixture(params=[False, True], ids=["one default stream", "default streams of threads"])
def per_thread(request):
    return request.param


@pytest.fixture(
    params=CHOICES, ids=lambda chosen: "at once: " + (", ".join(map(str, chosen)) or "none")
)
def cupy(monkeypatch, request, per_thread):
    fake = FakeCupy(gpus=("Fake A",), eager=request.param, per_thread=per_thread)
    monkeypatch.setitem(sys.modules, "cupy", fake)
    yield fake
    fake.check_guards()


@pytest.fixture(scope="module")
def expected():
    """The states that numpy gives, by view."""
    with Propagator(ELEMENTS, "numpy", threads=1) as propagator:
        return {name: propagator.states(TIMES, **options) for name, options in VIEWS.items()}


def loaded(cupy):
    """A propagator, and the consumer's stream, which waits for no other stream."""
    propagator = Propagator(ELEMENTS, "cuda:0")
    while cupy.machine.made < CONSUMER:  # however many streams the engine has
        cupy.cuda.Stream(non_blocking=True)
    return propagator, cupy.cuda.Stream(non_blocking=True)


class Copies:
    """A consumer of blocks: work on some stream that reads columns. Here it copies to pinned
    memory, and nothing waits for the copies.
    """

    def __init__(self, cupy):
        self._cupy, self._memory, self._copies = cupy, [], []

    def take(self, block, stream):
        self._copies.append({})
        for name, column in block.columns.items():
            memory = self._cupy.cuda.PinnedMemory(column.nbytes)
            copy = np.frombuffer(memory, column.dtype).reshape(column.shape)
            column.get(stream=stream, out=copy, blocking=False)
            self._memory.append(memory)
            self._copies[-1][name] = copy

    def are(self, expected):
        self._cupy.machine.synchronize()
        wanted = expected.columns
        return all(
            np.array_equal(
                np.concatenate([copy[name] for copy in self._copies]), wanted[name], equal_nan=True
            )
            for name in wanted
        )


# What is uploaded once is there when it is read


@pytest.mark.parametrize("name", VIEWS)
def test_states_within_a_stream_of_the_user(cupy, expected, name):
    propagator, stream = loaded(cupy)
    consumer = Copies(cupy)
    with stream:
        consumer.take(propagator.states(TIMES, **VIEWS[name], device=True), stream)
    assert consumer.are(expected[name])


@pytest.mark.parametrize("name", VIEWS)
def test_a_propagator_made_within_a_stream_of_the_user(cupy, expected, name):
    with cupy.cuda.Stream(non_blocking=True):
        propagator = Propagator(ELEMENTS, "cuda:0")
    consumer = Copies(cupy)
    consumer.take(
        propagator.states(TIMES, **VIEWS[name], device=True), cupy.cuda.get_current_stream()
    )
    assert consumer.are(expected[name])
    assert np.array_equal(
        propagator.states(TIMES, **VIEWS[name]).columns["status"], expected[name].columns["status"]
    )


@pytest.mark.parametrize("name", VIEWS)
def test_blocks_on_the_default_stream(cupy, expected, name):
    propagator, _ = loaded(cupy)
    consumer = Copies(cupy)
    for block in propagator.snapshots(TIMES, **VIEWS[name], instants=3, device=True):
        consumer.take(block, cupy.cuda.get_current_stream())
    assert consumer.are(expected[name])


def test_blocks_for_the_host_beside_blocks_for_the_device(cupy, expected):
    propagator, stream = loaded(cupy)
    consumer = Copies(cupy)
    with stream:
        for block in propagator.snapshots(TIMES, instants=3, device=True):
            consumer.take(block, stream)
            host = propagator.states(TIMES, "geodetic", sunlit=True)
            wanted = expected["geodetic, sunlit"].columns
            assert all(
                np.array_equal(host.columns[name], wanted[name], equal_nan=True) for name in wanted
            )
            propagator.close()
    assert consumer.are(expected["teme"])


# A block is not written while its consumer still reads it


def test_a_consumer_on_its_own_stream_drops_blocks_without_waiting(cupy, expected):
    propagator, stream = loaded(cupy)
    consumer = Copies(cupy)
    with stream:
        for block in propagator.snapshots(TIMES, instants=2, device=True):
            consumer.take(block, stream)
            del block
    assert consumer.are(expected["teme"])


def test_a_consumer_on_another_stream_makes_the_current_one_wait(cupy, expected):
    propagator, stream = loaded(cupy)
    consumer = Copies(cupy)
    for block in propagator.snapshots(TIMES, instants=2, device=True):
        consumer.take(block, stream)
        cupy.cuda.get_current_stream().wait_event(stream.record())
        del block
    assert consumer.are(expected["teme"])


def test_a_consumer_that_makes_no_stream_wait_reads_wrong_values(monkeypatch, expected):
    """The control: without what the documentation requires of a consumer, the double gives wrong
    values.
    """
    cupy = FakeCupy(gpus=("Fake A",), eager={"default"})
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    propagator, stream = loaded(cupy)
    consumer = Copies(cupy)
    for block in propagator.snapshots(TIMES, instants=2, device=True):
        consumer.take(block, stream)
        del block
    assert not consumer.are(expected["teme"])


def test_a_consumer_on_a_blocking_stream_beside_the_null_stream(monkeypatch, expected):
    """cupy.cuda.Stream() is a blocking stream, which CUDA itself keeps in order with the null
    stream.
    """
    for eager in CHOICES:
        cupy = FakeCupy(gpus=("Fake A",), eager=eager)
        monkeypatch.setitem(sys.modules, "cupy", cupy)
        propagator, consumer = Propagator(ELEMENTS, "cuda:0"), Copies(cupy)
        stream = cupy.cuda.Stream()
        for block in propagator.snapshots(TIMES, instants=2, device=True):
            with stream:
                consumer.take(block, stream)
            del block
        assert consumer.are(expected["teme"])


@pytest.mark.parametrize("handle", ["its own", -1])
def test_a_consumer_in_another_library(cupy, expected, handle):
    """It takes arrays through DLPack, on its own stream. Blocks are finished, so the `stream` that
    it passes does not matter.
    """
    propagator, stream = loaded(cupy)
    consumer, own = Copies(cupy), cupy.cuda.Stream(non_blocking=True)
    with stream:
        for block in propagator.snapshots(TIMES, instants=2, device=True):
            for name in block.columns:
                block.columns[name] = block.columns[name].__dlpack__(
                    stream=own.ptr if handle == "its own" else handle
                )
            consumer.take(block, own)
            stream.wait_event(own.record())
            del block
    assert consumer.are(expected["teme"])


def test_states_one_after_another(cupy, expected):
    propagator, stream = loaded(cupy)
    consumer = Copies(cupy)
    with stream:
        for first in range(0, len(TIMES), 2):
            consumer.take(propagator.states(TIMES[first : first + 2], device=True), stream)
    assert consumer.are(expected["teme"])


def test_look_angles_of_blocks(cupy, expected):
    propagator, stream = loaded(cupy)
    found = []
    with stream:
        for block in propagator.snapshots(TIMES, instants=2, device=True):
            sky = look_angles(block, SITES)
            del block
            memory = cupy.cuda.PinnedMemory(sky.elevation.nbytes)
            copy = np.frombuffer(memory, np.float64).reshape(sky.elevation.shape)
            sky.elevation.get(stream=stream, out=copy, blocking=False)  # type: ignore[attr-defined]
            found.append((memory, copy))
            del sky
    cupy.machine.synchronize()
    wanted = look_angles(expected["teme"], SITES, engine="numpy").elevation
    assert np.array_equal(np.concatenate([copy for _, copy in found]), wanted, equal_nan=True)


def test_look_angles_of_columns_that_a_stream_still_writes(cupy, expected):
    """A caller's own columns, uploaded on the caller's stream."""
    _, stream = loaded(cupy)
    block = expected["itrs"]
    with stream:
        on_gpu = {name: cupy.asarray(column) for name, column in block.columns.items()}
        sky = look_angles(type(block)(block.times, block.sat_id, "itrs", on_gpu), SITES)
        del on_gpu
        found = sky.range.get(stream=stream)  # type: ignore[attr-defined]
    assert np.array_equal(found, look_angles(block, SITES, engine="numpy").range, equal_nan=True)


def test_several_gpus(monkeypatch, expected):
    for eager in (set(), {"default"}, {0, 2}, {1, 3}, {4, 5}, {0, 2, 4, 5}):
        cupy = FakeCupy(eager=eager)
        monkeypatch.setitem(sys.modules, "cupy", cupy)
        propagator, consumer = Propagator(ELEMENTS, "cuda"), Copies(cupy)
        own = []
        for number in (0, 1):
            with cupy.cuda.Device(number):
                own.append(cupy.cuda.Stream(non_blocking=True))
                # as stream.use() does: current on its GPU for this thread
                cupy.machine.entered().append(own[-1])
        blocks = propagator.snapshots(TIMES, instants=2, device=True)
        taken = []
        for block in blocks:
            taken.append(block.x.device.id)  # type: ignore[attr-defined]
            consumer.take(block, own[taken[-1]])
            del block
        assert consumer.are(expected["teme"]) and set(taken) == {0, 1}


def test_blocks_that_nobody_takes(cupy, expected):
    """The next blocks are being computed when the consumer stops: their memory is not written after
    it is freed.
    """
    propagator, stream = loaded(cupy)
    with stream:
        blocks = propagator.snapshots(TIMES, instants=2, device=True)
        next(blocks)
        blocks.close()
        held = [cupy.asarray(np.zeros((2, len(ELEMENTS)))) for _ in range(20)]
        cupy.machine.synchronize()
        assert all((array.get(stream=stream) == 0.0).all() for array in held)


# An interruption leaves nothing at work


def interrupted(monkeypatch, propagation, after):
    """KeyboardInterrupt after so many launches."""
    engine = propagation._engine
    launches = iter(range(100))
    real = engine.kernels

    def launch(kernel):
        def run(*arguments):
            kernel(*arguments)
            if next(launches) == after:
                raise KeyboardInterrupt

        return run

    kernels = {name: launch(kernel) for name, kernel in real.items()}
    monkeypatch.setattr(engine, "kernels", kernels)


@pytest.mark.parametrize("device", [False, True])
def test_nothing_is_written_after_an_interruption(cupy, monkeypatch, expected, device):
    propagator, stream = loaded(cupy)
    with stream:
        with monkeypatch.context() as patch:
            interrupted(patch, propagator._propagations[0], 9 if not device else 1)
            with pytest.raises(KeyboardInterrupt):
                propagator.states(TIMES, device=device)
        gc.collect()
        names = ("x", "y", "z", "vx", "vy", "vz", "status")
        lent = propagator._propagations[0]._buffers.columns(
            (len(TIMES), len(ELEMENTS)), column_dtypes(names)
        )
        held = [cupy.asarray(np.zeros((len(TIMES), len(ELEMENTS)))) for _ in range(7)]
        for column in lent.values():
            column[:] = 7
        cupy.machine.synchronize()
        assert all((column == 7).all() for column in lent.values())
        assert all((array.get(stream=stream) == 0.0).all() for array in held)
        del lent
    again = propagator.states(TIMES).columns
    assert all(
        np.array_equal(again[name], expected["teme"].columns[name], equal_nan=True)
        for name in again
    )


# The streams themselves


def test_propagators_share_the_streams_of_a_gpu_and_their_free_memory(monkeypatch):
    cupy = FakeCupy()
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    made = []
    for _ in range(5):
        Propagator(ELEMENTS, "cuda:1").states(TIMES)
        gc.collect()
        made.append((cupy.machine.made, len(cupy.machine._chunks)))
    assert made[0][0] == 2 and made[1:] == made[:1] * 4
    cupy.machine.synchronize()
    assert cupy.live == 0
    assert cupy in streams._known
    left = weakref.ref(cupy)
    del cupy
    monkeypatch.undo()
    gc.collect()
    assert left() is None
