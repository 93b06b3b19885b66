"""The double of CuPy keeps the rules of CUDA's streams and of CuPy's memory pool (see fake_gpu.py
for the sources).
"""

import threading

import numpy as np
import pytest
from fake_cupy import FakeCupy
from fake_gpu import RUBBISH


def rubbish(array):
    return bool((array.view(np.uint8) == RUBBISH).all())


def test_freed_memory_is_reused_only_on_its_stream():
    cupy = FakeCupy()
    one, other = cupy.cuda.Stream(non_blocking=True), cupy.cuda.Stream(non_blocking=True)
    with one:
        array = cupy.empty((1000,), np.float64)
        address = array.data.ptr
        del array
        with other:
            assert cupy.empty((1000,), np.float64).data.ptr != address
        assert cupy.empty((900,), np.float64).data.ptr == address
    assert cupy.empty((1000,), np.float64).data.ptr != address
    assert cupy.live == 0 and cupy.peak == 8000


@pytest.mark.parametrize("ordered", [True, False])
def test_freed_memory_is_overwritten_unless_its_stream_waits(ordered):
    cupy = FakeCupy(eager=(0,))
    home, other = cupy.cuda.Stream(non_blocking=True), cupy.cuda.Stream(non_blocking=True)
    with home:
        array = cupy.asarray(np.arange(8.0))
    memory = cupy.cuda.PinnedMemory(64)
    copy = np.frombuffer(memory, np.float64)
    other.wait_event(home.record())
    array.get(stream=other, out=copy, blocking=False)
    if ordered:
        home.wait_event(other.record())
    del array
    other.synchronize()
    assert copy.tolist() == list(range(8)) if ordered else rubbish(copy)


@pytest.mark.parametrize("per_thread", [False, True])
@pytest.mark.parametrize("non_blocking", [False, True])
def test_the_null_stream_waits_for_blocking_streams_and_they_for_it(per_thread, non_blocking):
    cupy = FakeCupy(eager=("default",), per_thread=per_thread)
    with cupy.cuda.Stream(non_blocking=non_blocking):
        array = cupy.asarray(np.arange(8.0))
    values = array.get()  # on the default stream of the thread
    waited_for = not non_blocking and not per_thread
    assert (values.tolist() == list(range(8))) is waited_for and rubbish(values) is not waited_for
    with cupy.cuda.Stream.null:
        assert rubbish(array.get()) is non_blocking


def test_each_thread_has_its_default_stream_and_its_own_memory():
    cupy = FakeCupy(per_thread=True)
    found = []

    def allocate():
        found.append((cupy.empty((10,), np.float64).data.ptr, cupy.cuda.get_current_stream().queue))

    allocate()
    thread = threading.Thread(target=allocate)
    thread.start()
    thread.join()
    allocate()
    (here, mine), (there, theirs), (again, still) = found
    assert here == again != there and mine is still is not theirs


@pytest.mark.parametrize(("stream", "there"), [("consumer", True), (None, False), (-1, False)])
def test_dlpack_makes_the_importing_stream_wait_for_the_current_one(stream, there):
    cupy = FakeCupy()
    own, consumer = cupy.cuda.Stream(non_blocking=True), cupy.cuda.Stream(non_blocking=True)
    with own:
        array = cupy.asarray(np.arange(8.0))
        imported = array.__dlpack__(stream=consumer.ptr if stream == "consumer" else stream)
    values = imported.get(stream=consumer)
    assert (values.tolist() == list(range(8))) is there and rubbish(values) is not there
    with pytest.raises(ValueError, match="valid stream"):
        array.__dlpack__(stream=0)


def test_ordinary_memory_is_copied_at_once_and_pinned_memory_in_turn():
    cupy = FakeCupy()
    stream = cupy.cuda.Stream(non_blocking=True)
    memory = cupy.cuda.PinnedMemory(64)
    for host, wanted in ((np.zeros(8), 0.0), (np.frombuffer(memory, np.float64), 1.0)):
        with stream:
            host[:] = 0.0
            array = cupy.asarray(host)
            host[:] = 1.0
        assert array.get(stream=stream, out=np.empty(8), blocking=False)[0] == wanted


def test_a_stream_belongs_to_its_gpu():
    cupy = FakeCupy()
    stream = cupy.cuda.Stream(non_blocking=True)
    with cupy.cuda.Device(1), pytest.raises(RuntimeError, match="does not match"), stream:
        pass
