"""The pipeline from engine to disk keeps the order, overlaps its steps, and bounds memory on a slow
disk.
"""

import gc
import os
import pickle
import threading
import time
import weakref
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from arrow_samples import GRID, contents, propagator, small_layout
from patience import PATIENCE_S

from gpuprop import open_snapshots, write_snapshots
from gpuprop.dataset.sink import NewFile
from gpuprop.engine.buffers import KEPT_BLOCKS, KEPT_BYTES, LARGE_BYTES, BufferPool
from gpuprop.engine.prefetch import ahead, usable_cores
from gpuprop.propagator import Propagator
from gpuprop.snapshots import plan_snapshots, write_plan
from gpuprop.snapshots.encoding.batches import Batches

FORMS = [
    {},
    {"dtype": "float32"},
    {"format": "parquet"},
    {"format": "parquet", "dtype": "float32", "compression": "lz4"},
]
named = pytest.mark.parametrize("form", FORMS, ids=lambda form: "-".join(form.values()) or "arrow")


# --- work ahead ---
@pytest.mark.parametrize("threads", [1, 3])
def test_results_come_in_order_and_no_more_are_begun_than_there_are_threads(threads):
    begun = []

    def late(item):
        begun.append(item)
        time.sleep(0.002 * (item % 3))
        return -item

    results = ahead(late, range(20), threads, "test")
    for number, result in enumerate(results):
        assert result == -number
        assert max(begun) <= number + threads
    assert sorted(begun) == list(range(20))


def test_the_next_is_computed_while_the_caller_uses_one():
    """Were it not, nobody would set the event."""
    second = threading.Event()
    results = ahead(lambda item: second.set() if item == 1 else None, range(2), 1, "test")
    next(results)
    assert second.wait(PATIENCE_S)
    results.close()


def test_what_fails_fails_in_its_place():
    def items():
        yield from range(5)
        raise OSError("no more")

    results = ahead(lambda item: item, items(), 3, "test")
    assert [next(results) for _ in range(5)] == [0, 1, 2, 3, 4]
    with pytest.raises(OSError, match="no more"):
        next(results)

    results = ahead(lambda item: 1 // (item - 2), range(5), 3, "test")
    assert [next(results), next(results)] == [-1, -1]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_closing_begins_nothing_more_and_leaves_no_thread():
    begun = []
    results = ahead(lambda item: begun.append(item), range(100), 2, "closing")
    next(results)
    results.close()
    assert len(begun) <= 3
    assert not [thread for thread in threading.enumerate() if "gpuprop-closing" in thread.name]


def test_cores():
    assert usable_cores() == usable_cores(10**6) >= 1
    assert usable_cores(1) == 1


# --- memory that is used again ---
def test_memory_comes_back_when_the_last_column_on_it_is_gone():
    memory = BufferPool()
    columns = memory.columns((10, 100), {"x": "float64", "status": "uint8"})
    address, kept = columns["x"].ctypes.data, columns["status"][3:5]
    del columns
    gc.collect()
    other = memory.columns((10, 100), {"x": "float64", "status": "uint8"})
    assert other["x"].ctypes.data != address  # a view of the first holds its memory
    del kept
    gc.collect()
    assert (
        memory.columns((10, 100), {"x": "float64", "status": "uint8"})["x"].ctypes.data == address
    )


def test_memory_of_another_size_is_kept_for_its_own():
    """A short last block does not throw away what the next run of long ones is to use."""
    memory = BufferPool()
    address = memory.columns((1000, 10), {"x": "float64"})["x"].ctypes.data
    small = memory.columns((3, 10), {"x": "float64"})["x"]
    assert small.size == 30
    assert memory.columns((1000, 10), {"x": "float64"})["x"].ctypes.data == address


def test_memory_that_is_kept_is_bounded():
    made = []

    class Piece:
        def __init__(self, size):
            self.array = np.empty(size, np.uint8)
            made.append(weakref.ref(self))

    memory = BufferPool(Piece)
    leases = [memory.lease(1000) for _ in range(3 * KEPT_BLOCKS)]
    del leases
    gc.collect()
    assert sum(each() is not None for each in made) == KEPT_BLOCKS
    memory.lease(KEPT_BYTES + 1)
    gc.collect()
    assert made[-1]() is None
    memory = pickle.loads(pickle.dumps(BufferPool(large=2)))
    addresses = set()
    for _ in range(4):
        leases = [memory.lease(KEPT_BYTES + 1) for _ in range(2)]
        addresses |= {lease.buffer.array.ctypes.data for lease in leases}
        del leases
        gc.collect()
    assert len(addresses) == 2
    memory = BufferPool(Piece, large=2)
    leases = [memory.lease(KEPT_BYTES + 1) for _ in range(4)] + [memory.lease(LARGE_BYTES + 1)]
    del leases
    gc.collect()
    assert sum(each() is not None for each in made[-5:]) == 2


# --- the pipeline ---
@named
def test_a_slow_disk_bounds_what_is_computed(tmp_path, monkeypatch, form):
    """While the disk does not take the first part, the engine stops after the blocks that may be in
    hand.
    """
    small_layout(monkeypatch)
    gc.collect()
    gc.freeze()  # so that each collection below looks through the new objects alone
    gate, blocks, most = threading.Event(), [], [0]
    real_block, real_write = Propagator._block, NewFile.write

    def block(self, *arguments):
        states = real_block(self, *arguments)
        blocks.append(weakref.ref(states.x))
        gc.collect()
        most[0] = max(most[0], sum(each() is not None for each in blocks))
        return states

    def write(self, data):
        if "part-000001" in self.name:
            gate.wait(PATIENCE_S)
        return real_write(self, data)

    monkeypatch.setattr(Propagator, "_block", block)
    monkeypatch.setattr(NewFile, "write", write)
    prop = propagator("numpy", 2)
    plan = plan_snapshots(prop.elements, GRID, **form)
    writer = threading.Thread(target=write_snapshots, args=(tmp_path, prop, GRID), kwargs=form)
    writer.start()
    try:
        # lock, manifest, satellites, two parts
        while sum(len(names) for _, _, names in os.walk(tmp_path)) < 5 and writer.is_alive():
            time.sleep(0.01)
        before = -1
        while before != len(blocks):  # until nothing more is computed
            before = len(blocks)
            time.sleep(0.2)
        # The batches of the first part; of the second at most one an encoder, one that waits for
        # them and one that is computed.
        assert len(blocks) <= plan.layout.part_batches(0) + 2 + 2
    finally:
        gate.set()
        writer.join()
    assert len(blocks) == 27
    assert most[0] <= 1 + 2 + 2  # and the one that is written
    open_snapshots(tmp_path).verify()


@named
def test_states_are_computed_encoded_and_written_on_threads_of_their_own(
    tmp_path, monkeypatch, form
):
    small_layout(monkeypatch)
    seen = {}

    def noting(owner, name, what):
        real = getattr(owner, name)

        def wrapped(*arguments):
            seen.setdefault(what, set()).add(threading.current_thread().name)
            return real(*arguments)

        monkeypatch.setattr(owner, name, wrapped)

    monkeypatch.setattr("gpuprop.dataset.disk_file.PIECE", 4096)
    noting(Propagator, "_block", "computed")
    noting(Batches, "__call__", "encoded")
    noting(os, "pwrite", "written")
    write_snapshots(tmp_path, propagator("numpy", 1), GRID, **form)
    assert all(name.startswith("gpuprop-snapshots") for name in seen["computed"])
    # of float64 there is nothing to encode
    encoder = "gpuprop-encode" if form else threading.current_thread().name
    assert all(name.startswith(encoder) for name in seen["encoded"])
    assert any(name.startswith("gpuprop-disk") for name in seen["written"])


@named
def test_blocks_of_a_caller_that_fills_the_same_arrays_again(tmp_path, monkeypatch, form):
    small_layout(monkeypatch)
    prop = propagator("numpy", 1)
    plan = plan_snapshots(prop.elements, GRID, **form)
    same = {name: values.copy() for name, values in prop.states(GRID[:2]).columns.items()}

    def blocks():
        for first in range(0, len(GRID), 2):
            states = prop.states(GRID[first : first + 2])
            for name, values in states.columns.items():
                same[name][: len(states)] = values
            yield replace(
                states, columns={name: values[: len(states)] for name, values in same.items()}
            )

    write_plan(tmp_path / "given", plan, blocks(), engine="numpy")
    write_snapshots(tmp_path / "computed", prop, GRID, **form)
    assert contents(tmp_path / "given") == contents(tmp_path / "computed")


@named
@pytest.mark.parametrize("threads", [1, 2, 7])
def test_the_bytes_do_not_depend_on_the_threads(tmp_path, monkeypatch, form, threads):
    small_layout(monkeypatch)
    monkeypatch.setattr("gpuprop.engine.prefetch.usable_cores", lambda most=None: most or 7)
    monkeypatch.setattr("gpuprop.propagator.usable_cores", lambda most=None: most or 7)
    write_snapshots(tmp_path / "one", propagator("numpy", 1), GRID, **form)
    prop = propagator("numpy", 1)
    prop.threads = threads
    write_snapshots(tmp_path / "more", prop, GRID, **form)
    assert contents(tmp_path / "more") == contents(tmp_path / "one")


@named
def test_an_encoder_that_fails_leaves_the_parts_before_it(tmp_path, monkeypatch, form):
    small_layout(monkeypatch)
    real, layout = (
        Batches.__call__,
        plan_snapshots(propagator("numpy", 1).elements, GRID, **form).layout,
    )

    def failing(self, rows):
        if GRID.ns[layout.part_instants + 4] in rows.ns:
            raise MemoryError("no memory for a batch")
        return real(self, rows)

    monkeypatch.setattr(Batches, "__call__", failing)
    with pytest.raises(MemoryError, match="no memory for a batch"):
        write_snapshots(tmp_path / "cut", propagator("numpy", 1), GRID, **form)
    assert len(open_snapshots(tmp_path / "cut", partial=True)) == layout.part_instants * 37
    monkeypatch.undo()
    small_layout(monkeypatch)
    write_snapshots(tmp_path / "cut", propagator("numpy", 1), GRID, resume=True, **form)
    write_snapshots(tmp_path / "whole", propagator("numpy", 1), GRID, **form)
    assert contents(tmp_path / "cut") == contents(tmp_path / "whole")


def test_progress_goes_up(tmp_path, monkeypatch):
    small_layout(monkeypatch)
    for number, form in enumerate(FORMS):
        calls = []
        write_snapshots(
            tmp_path / str(number),
            propagator("numpy", 2),
            GRID,
            progress=lambda *done, to=calls: to.append(done),
            **form,
        )
        assert all(a[0] < b[0] and a[2] <= b[2] for a, b in pairwise(calls))
        assert len(calls) == 27
