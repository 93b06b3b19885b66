"""The cuda engine without a GPU: its own code on fake_cupy, its kernels and their PTX on this CPU,
with guard zones.
"""

import gc
import pickle
import sys
import threading
from functools import cache

import numpy as np
import pytest
from fake_cupy import FakeCupy
from published import element_sets
from state_samples import COLUMNS, EPOCH, MINUTE, equal, random_elements

from gpuprop import Elements, Propagator, constellation, time_grid
from gpuprop.engine.cuda import device as cuda_device
from gpuprop.engine.cuda import pinned
from gpuprop.engine.cuda import propagation as cuda_propagation
from gpuprop.time.times import as_times

pytestmark = pytest.mark.usefixtures("kernels")

ORDERS = {
    "when waited for": (),
    "computing at once": (0,),
    "copying at once": (1,),
    "at once": (0, 1),
}
DECADES = (-10512000.0, 10512000.0)
WEEK = (-10080.0, -2000.25, -720.0, 0.0, 0.5, 719.0, 1440.0, 10080.0)


@pytest.fixture
def cupy(monkeypatch):
    """Two fake GPUs; whatever ran on them wrote nothing beside a buffer."""
    fake = FakeCupy()
    monkeypatch.setitem(sys.modules, "cupy", fake)
    yield fake
    fake.check_guards()


def instants(*minutes):
    return as_times(EPOCH + (np.array(minutes) * MINUTE).astype("timedelta64[ns]"))


def every_regime():
    return random_elements(11, 500)


@cache
def numpy_answer(gravity, opsmode, minutes):
    """Element sets, their constants and their states as the numpy engine computes them: once for
    every way to run the kernels.
    """
    elements = Elements.concat([element_sets()[::4], random_elements(12, 1000)])
    twin = Propagator(elements, "numpy", gravity, opsmode)
    return elements, twin.constants, twin.states(instants(*minutes))


@pytest.mark.parametrize(
    ("gravity", "opsmode", "minutes"),
    [
        pytest.param("wgs72", "i", DECADES, marks=pytest.mark.slow),
        ("wgs72", "a", WEEK),
        pytest.param("wgs72old", "i", WEEK, marks=pytest.mark.slow),
        pytest.param("wgs84", "i", WEEK, marks=pytest.mark.slow),
    ],
)
def test_the_bits_are_those_of_numpy(cupy, gravity, opsmode, minutes):
    elements, theirs, expected = numpy_answer(gravity, opsmode, minutes)
    cuda = Propagator(elements, "cuda", gravity, opsmode)
    ours = cuda.constants
    assert cuda.engine == "cuda" and set(ours.bounds) == {0, 1, 2, 3}
    assert [
        name
        for name in theirs.values
        if not np.array_equal(ours.values[name], theirs.values[name], equal_nan=True)
    ] == []
    assert np.array_equal(ours.order, theirs.order)
    assert equal(cuda.states(instants(*minutes)), expected)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("n_times", [1, 7, 20])
def test_slices_of_any_size_in_any_order_of_the_streams(monkeypatch, order, n_times):
    fake = FakeCupy(eager=ORDERS[order])
    monkeypatch.setitem(sys.modules, "cupy", fake)
    elements = every_regime()
    times = time_grid(EPOCH, step="97min", duration=f"{97 * n_times}min")
    expected = Propagator(elements, "numpy").states(times)
    for rows in (1, 3, 20):
        monkeypatch.setattr(
            cuda_propagation, "SLICE_BYTES", rows * len(elements) * cuda_propagation.STATE_BYTES
        )
        assert equal(Propagator(elements, "cuda").states(times), expected)
    fake.check_guards()


@pytest.mark.parametrize("n_sats", [1, 31, 32, 33, 257])
@pytest.mark.parametrize("n_times", [1, 7])
def test_launches_of_any_shape(cupy, monkeypatch, n_sats, n_times):
    elements, times = every_regime()[np.arange(n_sats)], instants(*range(n_times))
    expected = Propagator(elements, "numpy").states(times)
    monkeypatch.setattr(
        cuda_propagation, "SLICE_BYTES", n_times * n_sats * cuda_propagation.STATE_BYTES
    )  # nothing but guards behind the last instant
    for block, chunk, threads in (
        (128, 32, 1 << 19),
        (32, 1, 1),
        (1, 3, 1),
        (96, 32, 1),
        (128, 7, 2),
    ):
        monkeypatch.setattr(cuda_device, "BLOCK", block)
        monkeypatch.setattr(cuda_propagation, "CHUNK", chunk)
        monkeypatch.setattr(cuda_propagation, "THREADS", threads)
        assert equal(Propagator(elements, "cuda").states(times), expected)
    assert (
        len(
            {
                (grid, block)
                for name, grid, block, _ in cupy.launches
                if name.startswith("propagate")
            }
        )
        >= 3
    )


def test_more_instants_than_a_grid_is_high(cupy):
    times = time_grid(EPOCH, step="1s", duration="70000s")
    elements = constellation("starlink-gen1", epoch=EPOCH)[0]
    assert equal(
        Propagator(elements, "cuda").states(times), Propagator(elements, "numpy").states(times)
    )
    assert max(grid[1] for _, grid, _, _ in cupy.launches) > 30_000


def test_without_velocity(cupy):
    times = instants(0, 1, 2)
    cuda, twin = (
        Propagator(every_regime(), name).states(times, velocity=False) for name in ("cuda", "numpy")
    )
    assert cuda.vx is None
    assert all(
        np.array_equal(getattr(cuda, name), getattr(twin, name), equal_nan=True)
        for name in ("x", "y", "z", "status")
    )


def test_blocks_that_stay_on_the_device(cupy):
    times = time_grid(EPOCH, step="97min", duration="970min")
    elements = every_regime()
    expected = Propagator(elements, "numpy").states(times)
    cuda = Propagator(elements, "cuda")
    blocks = list(cuda.snapshots(times, instants=4, device=True))
    assert [block.x.shape for block in blocks] == [
        (4, len(elements)),
        (4, len(elements)),
        (2, len(elements)),
    ]
    other = cupy.cuda.Stream(non_blocking=True)  # it waits for nobody: the blocks are finished
    for name in COLUMNS:
        assert all(
            getattr(block, name).__cuda_array_interface__["version"] == 3 for block in blocks
        )
        assert np.array_equal(
            np.concatenate([getattr(block, name).get(other) for block in blocks]),
            getattr(expected, name),
            equal_nan=True,
        )
    assert np.array_equal(
        cuda.states(times, velocity=False, device=True).z.get(),  # type: ignore[attr-defined]
        expected.z,
        equal_nan=True,
    )
    assert cuda.states(times, velocity=False, device=True).vx is None
    assert type(Propagator(elements, "numpy").states(times, device=True).x) is np.ndarray


def test_a_device_block_takes_a_share_of_the_gpu(monkeypatch):
    """1 GiB on a large GPU, a sixteenth of the memory of a small one; 32 MiB on the host."""
    elements = every_regime()[:1]
    times = time_grid(EPOCH, step="5s", duration="10d")
    sizes = {}
    for memory in (1 << 40, 1 << 26):
        monkeypatch.setitem(sys.modules, "cupy", FakeCupy(memory=memory))
        with Propagator(elements, "cuda:0") as propagator:
            sizes[memory] = len(next(propagator.snapshots(times, device=True)).times)
            assert len(next(propagator.snapshots(times)).times) == len(times)
    assert sizes == {1 << 40: len(times), 1 << 26: (1 << 26) // 16 // 49}


def test_device_memory_does_not_grow_with_the_block(cupy, monkeypatch):
    monkeypatch.setattr(cuda_propagation, "SLICE_BYTES", 1 << 20)
    propagator = Propagator(every_regime(), "cuda:0")
    held = cupy.live
    cupy.peak = 0
    times = time_grid(EPOCH, step="10s", duration="2h")
    propagator.states(times)
    assert cupy.live == held and cupy.peak <= held + 8 * len(times)
    propagator.close()
    assert 1 << 20 < held - cupy.live <= 2 << 20
    propagator.states(times)
    assert cupy.live == held
    del propagator
    gc.collect()
    assert cupy.live == 0


def test_the_ring_of_host_memory(cupy):
    times = time_grid(EPOCH, step="10s", duration="1h")
    elements = every_regime()
    propagator = Propagator(elements, "cuda:0")
    expected = Propagator(elements, "numpy").states(times)
    passing = 0
    for number, block in enumerate(propagator.snapshots(times, instants=10)):
        assert block.x.ctypes.data in cupy.pinned_addresses
        passing += np.array_equal(
            block.vz, expected.vz[10 * number : 10 * number + 10], equal_nan=True
        )
    assert passing == 36
    assert cupy.pinned_made <= pinned.BUFFERS
    # more than the ring holds: none overwrites another
    kept = list(propagator.snapshots(times, instants=10))
    corners = [block.vz[3:5, 1:] for block in kept]  # views of views hold their block as well
    del block, kept
    gc.collect()
    for _ in propagator.snapshots(times[:200], instants=10):
        pass
    assert all(
        np.array_equal(corner, expected.vz[10 * n + 3 : 10 * n + 5, 1:], equal_nan=True)
        for n, corner in enumerate(corners)
    )
    assert cupy.pinned_made == pinned.BUFFERS
    del corners, _, propagator
    gc.collect()
    assert cupy.pinned_live == 0


def test_host_memory_that_is_not_pinned(cupy, monkeypatch):
    times, elements = instants(0, 1), every_regime()
    expected = Propagator(elements, "numpy").states(times)
    monkeypatch.setattr(pinned, "LARGEST", 1000)
    assert equal(Propagator(elements, "cuda").states(times), expected)
    assert cupy.pinned_made == 0
    monkeypatch.undo()
    monkeypatch.setitem(sys.modules, "cupy", cupy)

    def refuse(nbytes):
        raise cupy.cuda.runtime.CUDARuntimeError(2, "cudaErrorMemoryAllocation: out of memory")

    monkeypatch.setattr(cupy.cuda, "PinnedMemory", refuse)
    propagator = Propagator(elements, "cuda")
    for _ in range(pinned.BUFFERS + 1):
        assert equal(propagator.states(times), expected)


def test_several_callers_at_once(cupy):
    times = time_grid(EPOCH, step="1min", duration="2h")
    elements = every_regime()
    propagator, expected = Propagator(elements, "cuda"), Propagator(elements, "numpy").states(times)
    failed = []

    def ask(part):
        for _ in range(5):
            if not np.array_equal(
                propagator.states(times[part]).y, expected.y[part], equal_nan=True
            ):
                failed.append(part)

    threads = [
        threading.Thread(target=ask, args=(slice(first, first + 40),)) for first in (0, 40, 80)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def test_the_gpu_asked_for(cupy):
    elements = every_regime()
    for name, numbers in (("cuda", {0, 1}), ("cuda:0", {0}), ("cuda:1", {1})):
        cupy.launches.clear()
        Propagator(elements, name)
        assert {device for *_, device in cupy.launches} == numbers
    with pytest.raises(ValueError, match=r"no GPU 2: use cuda:0 \(Fake A\), cuda:1 \(Fake B\)"):
        Propagator(elements, "cuda:2")
    for name in ("cuda:first", "cuda:-1", "cuda:", "numpy:0"):
        with pytest.raises(ValueError, match=f"'{name}' is not known: .*cuda:1"):
            Propagator(elements, name)


@pytest.mark.parametrize("device", [False, True])
def test_several_gpus_share_the_blocks(cupy, device):
    """Blocks in order, whichever GPU is done first; the bits of one."""
    elements, times = every_regime(), time_grid(EPOCH, step="1min", duration="3h")
    propagator, expected = (
        Propagator(elements, "cuda"),
        Propagator(elements, "numpy", threads=1).states(times, "itrs"),
    )
    cupy.launches.clear()
    blocks = list(propagator.snapshots(times, "itrs", instants=25, device=device))
    assert {at for kernel, _, _, at in cupy.launches} == {0, 1}
    assert [block.times.start_ns for block in blocks] == times.ns[::25].tolist()
    columns = [
        [block.columns[name].get() if device else block.columns[name] for block in blocks]  # type: ignore[attr-defined]
        for name in COLUMNS
    ]
    for name, parts in zip(COLUMNS, columns, strict=True):
        assert np.array_equal(np.concatenate(parts), expected.columns[name], equal_nan=True)
    if device:
        assert {block.x.device.id for block in blocks} == {0, 1}  # type: ignore[attr-defined]


def test_a_propagator_closes_and_travels(cupy):
    elements, times = every_regime(), instants(0, 1)
    propagator = Propagator(elements, "cuda:1")
    expected = propagator.states(times)
    held = cupy.live
    propagator.close()
    assert cupy.live < held
    assert equal(propagator.states(times), expected)
    cupy.launches.clear()
    assert equal(pickle.loads(pickle.dumps(propagator)).states(times), expected)
    assert {device for *_, device in cupy.launches} == {1}


def test_the_compiler_is_told_not_to_contract(cupy):
    Propagator(every_regime(), "cuda")
    assert set(cupy.options) == {("--std=c++17", "--fmad=false")}
