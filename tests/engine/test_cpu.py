"""The cpu engine: threads, odd sizes, memory, and its message where it cannot run."""

import gc
import os
import pickle
import platform
import re
import shutil
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from patience import PATIENCE_S
from state_samples import EPOCH, MINUTE, random_elements

from gpuprop import Elements, Propagator, engines
from gpuprop.elements.mean_elements import mean_elements
from gpuprop.engine import buffers, digest, operations
from gpuprop.engine import cpu as engine_cpu
from gpuprop.engine.buffers import KEPT_BLOCKS, on_cache_lines
from gpuprop.engine.cpu import (
    LARGE_BLOCKS,
    CpuEngine,
    CpuPropagation,
    CpuUnavailableError,
    kernels,
    library,
    usable,
)
from gpuprop.engine.host import HostPropagation
from gpuprop.engine.numpy import NumpyEngine
from gpuprop.sgp4.gravity import GRAVITY
from gpuprop.sgp4.model import CODES, Model

COLUMNS = ("x", "y", "z", "vx", "vy", "vz", "status")
MODEL = Model(GRAVITY["wgs72"], "i")
needs_kernels = pytest.mark.skipif(not usable()[0], reason=usable()[1])


@pytest.fixture(autouse=True)
def five_cores(monkeypatch):
    """Threads are not more than cores, and a machine may have few."""
    monkeypatch.setattr(engine_cpu, "usable_cores", lambda most=None: min(most or 5, 5))


def load(engine, elements):
    return engine.load(
        MODEL, mean_elements(elements), elements.epoch.astype("datetime64[ns]").view(np.int64)
    )


def instants(count):
    return EPOCH.view(np.int64) + np.arange(count) * 97 * MINUTE


def same(a, b):
    return a.keys() == b.keys() and all(
        np.array_equal(a[name].view(np.uint8), b[name].view(np.uint8)) for name in a
    )


@pytest.mark.skipif(
    not (shutil.which("c++") or os.environ.get("CXX")), reason="no compiler, no kernels"
)
def test_where_a_compiler_is_the_engine_is_usable():
    report = engines()["cpu"]
    assert report.usable, report.detail


@needs_kernels
def test_widths_are_those_of_the_processor():
    """What CPUID says is what the kernel of Linux says."""
    cpuinfo = Path("/proc/cpuinfo")
    if platform.machine() != "x86_64" or not cpuinfo.exists():
        pytest.skip("no list of the features of this processor")
    features = set(re.search(r"^flags\s*:(.*)$", cpuinfo.read_text(), re.MULTILINE)[1].split())
    needed = {8: {"avx2", "fma", "avx512f", "avx512dq", "avx512vl"}, 4: {"avx2", "fma"}, 2: set()}
    assert library().widths == tuple(width for width in needed if needed[width] <= features)


@needs_kernels
@pytest.mark.parametrize("threads", [1, 2, 5])
def test_threads_give_the_same_bits(threads):
    elements = random_elements(21, 1500)
    assert same(
        load(CpuEngine(threads), elements).block(instants(50), COLUMNS),
        load(CpuEngine(3), elements).block(instants(50), COLUMNS),
    )


@needs_kernels
@pytest.mark.parametrize("threads", [2, 5])
def test_few_satellites_are_shared_out_by_instants(threads):
    propagation = load(CpuEngine(threads), random_elements(22, 40))
    tasks = propagation._tasks(20_000)
    assert len(tasks) >= 8 * threads
    done = np.zeros((40, 20_000), int)
    for _, first, last, begin, end, _ in tasks:
        done[first:last, begin:end] += 1
    assert (done == 1).all()
    assert same(
        propagation.block(instants(20_000), COLUMNS),
        load(CpuEngine(1), random_elements(22, 40)).block(instants(20_000), COLUMNS),
    )


@needs_kernels
def test_one_propagation_in_many_threads():
    propagation = load(CpuEngine(2), random_elements(23, 300))
    expected = [propagation.block(instants(count), COLUMNS) for count in range(1, 30)]
    with ThreadPoolExecutor(6) as pool:
        found = list(
            pool.map(lambda count: propagation.block(instants(count), COLUMNS), range(1, 30))
        )
    assert all(same(a, b) for a, b in zip(found, expected, strict=True))


@needs_kernels
@pytest.mark.parametrize("n", [1, 7, 8, 9, 63, 64, 65, 129])
def test_any_number_of_satellites(n):
    """Of all regimes, in an order that is not that of work."""
    elements = random_elements(24, n)
    expected = load(NumpyEngine(1), elements).block(instants(5), COLUMNS)
    for width in library().widths:
        assert same(load(CpuEngine(2, width), elements).block(instants(5), COLUMNS), expected)


@needs_kernels
def test_output_is_in_the_order_of_the_input():
    elements = random_elements(25, 500)
    propagation = load(CpuEngine(), elements)
    assert not np.array_equal(propagation.constants.order, np.arange(500))
    together = propagation.block(instants(3), COLUMNS)
    for i in range(0, 500, 23):
        alone = load(CpuEngine(), elements[i]).block(instants(3), COLUMNS)
        assert same({name: together[name][:, [i]] for name in COLUMNS}, alone)


@needs_kernels
def test_columns_that_are_not_asked_for_are_not_there():
    propagation = load(CpuEngine(), random_elements(26, 30))
    everything = propagation.block(instants(4), COLUMNS)
    for names in (("x", "y", "z", "status"), ("status",), ("vz", "x")):
        assert same(
            propagation.block(instants(4), names), {name: everything[name] for name in names}
        )


@needs_kernels
@pytest.mark.parametrize("n", [1, 9, 64, 101])
def test_nothing_is_written_beside_the_output(n):
    """Guard zones around each column, and an output wider than the satellites: nothing but their
    states changes.
    """
    elements = random_elements(27, n)
    rows, gap, guard = 5, 3, 64
    view = digest.turned(instants(rows), geodetic=True)
    names = (*COLUMNS, "sunlit")
    for width in library().widths:
        propagation = load(CpuEngine(1, width), elements)
        expected = propagation.block(instants(rows), names, view)
        length = rows * (n + gap) + 2 * guard
        arrays = [
            np.full(length, 77, np.uint8) if name in CODES else np.full(length, -7.5)
            for name in names
        ]
        whole = [array.copy() for array in arrays]
        out = {name: array[guard:] for name, array in zip(names, arrays, strict=True)}
        job = propagation._job(instants(rows), out, view)
        job.n_sats = n + gap
        library().run(width, job, propagation._tasks(rows), 1)
        for name, array, untouched in zip(names, arrays, whole, strict=True):
            untouched[guard:-guard].reshape(rows, n + gap)[:, :n] = expected[name]
            assert np.array_equal(array.view(np.uint8), untouched.view(np.uint8))


@needs_kernels
@pytest.mark.parametrize("n", [64, 101, 264])
@pytest.mark.parametrize("shift", [0, 1])
def test_stores_past_the_caches_have_the_same_bits(n, shift):
    """Rows that begin at cache lines, or not; satellites in the order of the output, or not."""
    elements, rows = random_elements(29, n), 5
    view = digest.turned(instants(rows), geodetic=True)
    for width in library().widths:
        propagation = load(CpuEngine(1, width), elements)
        expected = propagation.block(instants(rows), COLUMNS, view)
        memory = {
            name: on_cache_lines((rows * n + shift,), "u1" if name in CODES else "f8")
            for name in COLUMNS
        }
        out = {name: column[shift:].reshape(rows, n) for name, column in memory.items()}
        job = propagation._job(instants(rows), out, view)
        assert not job.streamed
        job.streamed = 1
        library().run(width, job, propagation._tasks(rows), 1)
        assert same(out, expected)


@needs_kernels
def test_what_vectors_read_and_write_begins_at_a_cache_line():
    propagation = load(CpuEngine(1), random_elements(30, 101))
    block = propagation.block(instants(3), COLUMNS)
    for array in (propagation.table, propagation.table[1], propagation._epoch_ns, *block.values()):
        assert array.ctypes.data % 64 == 0


@needs_kernels
def test_large_blocks_have_two_instants_and_are_used_again(monkeypatch):
    elements, times = random_elements(32, 50), EPOCH + np.arange(5)
    for each in (CpuPropagation, HostPropagation):
        monkeypatch.setattr(each, "block_bytes", 1)
    monkeypatch.setattr(buffers, "KEPT_BYTES", 1000)
    propagator = Propagator(elements, "cpu", threads=1)
    assert [len(block) for block in propagator.snapshots(times)] == [2, 2, 1]
    assert [len(block) for block in propagator.snapshots(times, block_bytes=1)] == [1] * 5
    twin = Propagator(elements, "numpy", threads=1)
    assert [len(block) for block in twin.snapshots(times)] == [1] * 5
    gc.collect()
    seen = {block.x.ctypes.data for _ in range(9) for block in propagator.snapshots(times)}
    assert len(seen) <= LARGE_BLOCKS + KEPT_BLOCKS


@needs_kernels
def test_memory_is_taken_back_and_never_while_in_use():
    propagation = load(CpuEngine(1), random_elements(28, 2000))
    first = propagation.block(instants(10), COLUMNS)
    kept, address = first["y"][3:, ::2], first["x"].ctypes.data
    values = kept.copy()
    del first
    gc.collect()
    # a view of the first block is alive: its memory is not reused
    second = propagation.block(instants(10), COLUMNS)
    assert second["x"].ctypes.data != address and np.array_equal(kept, values, equal_nan=True)
    del kept
    gc.collect()
    third = propagation.block(instants(10), COLUMNS)
    assert third["x"].ctypes.data == address
    assert same(second, third)


@needs_kernels
def test_a_pickled_propagation_chooses_its_width_anew():
    expected = load(CpuEngine(2), random_elements(29, 300))
    narrow = load(CpuEngine(1, 2), random_elements(29, 300))
    narrow.block(instants(2), COLUMNS)
    woken = pickle.loads(pickle.dumps(narrow))
    assert woken._engine.width == library().widths[0] and woken._engine.threads == 1
    assert same(woken.block(instants(9), COLUMNS), expected.block(instants(9), COLUMNS))


@needs_kernels
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this platform")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_has_its_own_threads():
    propagation = load(CpuEngine(2), random_elements(29, 300))
    expected = propagation.block(instants(9), COLUMNS)
    child = os.fork()
    if not child:
        os._exit(0 if same(propagation.block(instants(9), COLUMNS), expected) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@needs_kernels
@pytest.mark.parametrize("width", [1, 3, 16])
def test_a_width_that_does_not_run_is_refused(width):
    with pytest.raises(ValueError, match=f"width {width} does not run here: use one of .*2$"):
        CpuEngine(width=width)


@needs_kernels
def test_a_width_that_the_cpu_lacks_is_refused(monkeypatch):
    monkeypatch.setattr(library(), "widths", (2,))
    with pytest.raises(ValueError, match="width 8 does not run here: use one of 2"):
        CpuEngine(width=8)
    assert CpuEngine().width == 2


@pytest.fixture
def fresh_library():
    """library() forgets what it loaded before and after the test."""
    library.cache_clear()
    yield
    library.cache_clear()


def test_without_kernels_the_fix_is_named(monkeypatch, tmp_path, fresh_library):
    monkeypatch.setattr("gpuprop.__path__", [str(tmp_path)])
    report = engines()["cpu"]
    assert not report.usable and "install g++ or clang++ and run pip install" in report.detail
    with pytest.raises(ValueError, match=r"engine 'cpu' is not usable here \(no compiled kernels"):
        Propagator(random_elements(30, 3), "cpu")
    with pytest.raises(CpuUnavailableError, match="no compiled kernels"):
        CpuEngine()


def test_a_library_that_does_not_load_is_told(monkeypatch, tmp_path, fresh_library):
    (tmp_path / "libgpuprop.so").write_bytes(b"not a library")
    monkeypatch.setattr("gpuprop.__path__", [str(tmp_path)])
    ok, why = usable()
    assert not ok and "cannot be loaded" in why and "pip install" in why


@needs_kernels
def test_kernels_of_other_sources_are_refused(monkeypatch, fresh_library):
    monkeypatch.setattr(kernels, "kernels_digest", lambda: "0" * 64)
    ok, why = usable()
    assert not ok and "pip install -e ." in why


@needs_kernels
def test_empty_sets():
    none = Elements({name: values[:0] for name, values in random_elements(31, 3).fields.items()})
    assert {
        name: column.shape
        for name, column in load(CpuEngine(2), none).block(instants(4), COLUMNS).items()
    } == dict.fromkeys(COLUMNS, (4, 0))
    assert load(CpuEngine(2), random_elements(31, 3)).block(instants(0), COLUMNS)["x"].shape == (
        0,
        3,
    )


@needs_kernels
def test_an_interruption_keeps_what_other_threads_use(monkeypatch):
    """The tasks live as long as a thread works on one: it reads them until the end."""
    tasks = kernels.task_list("pairs", [(0, 1)] * 4)
    kept, job = weakref.ref(tasks), operations.argument("PairJob")
    begun, go_on, main = threading.Event(), threading.Event(), threading.current_thread()

    def work(job: object, todo: object) -> None:
        if threading.current_thread() is main:
            assert begun.wait(PATIENCE_S)
            raise KeyboardInterrupt
        begun.set()
        assert go_on.wait(PATIENCE_S)

    width = library().widths[0]
    monkeypatch.setitem(library().work, width, work)
    interrupted = False
    try:
        library().run(width, job, tasks, 2)
    except KeyboardInterrupt:
        interrupted = True
    del tasks
    gc.collect()
    assert interrupted and kept() is not None
    go_on.set()
