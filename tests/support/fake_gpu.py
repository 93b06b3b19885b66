"""The streams and the memory of GPUs, on a CPU, by the rules of CUDA and of CuPy's memory pool.
fake_cupy.py gives them CuPy's names.

It is stricter than a GPU:
- Work waits in its queue until somebody waits for it; work of an *eager* stream runs at once. What
  two streams do without an order between them is so done in the wrong order, in one of the two
  settings.
- Memory starts as rubbish, and is rubbish again when it is freed: CuPy's pool gives it back at once
  to the stream on which it was allocated, in order with the work of that stream, and with no other.
  The next allocation on that stream may get it.
- The legacy default stream waits for all blocking streams of its GPU, and they wait for it.
  Non-blocking streams do neither. The default stream of a thread
  (CUPY_CUDA_PER_THREAD_DEFAULT_STREAM) is a blocking stream.
- A copy from ordinary host memory takes the values at once (CuPy copies them to a buffer of its
  own); a copy to ordinary host memory returns when it is done. Copies from and to pinned memory
  happen when their turn in the stream comes.

Sources: cupy/cuda/memory.pyx, stream.pyx; CUDA Runtime API, "Stream synchronization behavior" and
"API synchronization behavior".
"""

import ctypes
import math
import threading
import weakref

import numpy as np

GUARD = 4096  # bytes on each side of a buffer
GUARD_BYTE, RUBBISH = 0xA5, 0xDB
NULL, LEGACY, PER_THREAD, FIRST_HANDLE = 0, 1, 2, 1000  # values of cudaStream_t


class CUDARuntimeError(RuntimeError):
    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class OutOfMemoryError(MemoryError):
    pass


class Queue:
    """Work in order: what a stream is on the GPU. `free` is its arena of the memory pool."""

    def __init__(self, gpu, kind, eager):
        self.gpu, self.kind, self.eager = gpu, kind, eager
        self.free = []
        self.done = 0
        self._work = []
        self._running = False
        # how much of the work there was when the last action was given; what the pool does is no
        # action
        self._last = 0
        gpu.queues.append(self)

    def __len__(self):
        return len(self._work)

    def give(self, work, action=True):
        with self.gpu.machine.lock:
            for other in self.gpu.queues:
                if LEGACY_ORDER.get((self.kind, other.kind)) and other.done < other._last:
                    self._work.append(lambda other=other, until=other._last: other.run(until))
            self._work.append(work)
            if action:
                self._last = len(self._work)
            if self.eager:
                self.run(len(self._work))

    def run(self, until):
        with self.gpu.machine.lock:
            # a finalizer gave this queue work in the middle of its work: its turn comes
            if self._running:
                return
            self._running = True
            try:
                while self.done < (len(self._work) if self.eager else until):
                    work, self._work[self.done] = self._work[self.done], None
                    self.done += 1
                    work()
            finally:
                self._running = False


# whose work waits for whose
LEGACY_ORDER = {("legacy", "blocking"): True, ("blocking", "legacy"): True}


class Gpu:
    """One GPU: its queues; the legacy default stream is one of them."""

    def __init__(self, machine, index):
        self.machine, self.index = machine, index
        self.queues = []
        self.legacy = Queue(self, "legacy", "default" in machine.eager)
        self._of_thread = threading.local()

    def of_thread(self):
        """The default stream of this thread."""
        if not hasattr(self._of_thread, "queue"):
            self._of_thread.queue = Queue(self, "blocking", "default" in self.machine.eager)
        return self._of_thread.queue

    def synchronize(self):
        for queue in list(self.queues):
            queue.run(len(queue))


class Machine:
    """The GPUs, what is current in each thread, and how much memory there is.

    per_thread: whether each thread has a default stream of its own. eager: the streams whose work
    runs at once: numbers in the order of their making, and "default" for the default streams.
    """

    def __init__(self, gpus, eager, memory, per_thread):
        self.lock = threading.RLock()  # one for all queues, which wait for each other
        self.eager, self.memory = eager, memory
        self.gpus = [Gpu(self, index) for index in range(gpus)]
        self.null, self.ptds = Stream(self, NULL, None), Stream(self, PER_THREAD, None)
        self.default = self.ptds if per_thread else self.null
        self.streams = {}  # handle -> Stream, for as long as it lives
        self.made = 0
        self.live = self.peak = 0  # bytes of device memory in use
        self.pinned = {}  # address -> bytes
        self.faults = []
        self._chunks = []
        self._here = threading.local()

    @property
    def device(self):
        return getattr(self._here, "device", 0)

    @device.setter
    def device(self, index):
        self._here.device = index

    @property
    def gpu(self):
        return self.gpus[self.device]

    def entered(self, device=None):
        """The streams that this thread has entered on a device, the current one last."""
        stacks = self._here.__dict__.setdefault("stacks", {})
        return stacks.setdefault(self.device if device is None else device, [self.default])

    def make_stream(self, non_blocking):
        queue = Queue(
            self.gpu, "non_blocking" if non_blocking else "blocking", self.made in self.eager
        )
        stream = Stream(self, FIRST_HANDLE + self.made, queue)
        self.made += 1
        self.streams[stream.ptr] = stream
        return stream

    def stream_of(self, handle):
        """The stream behind a cudaStream_t."""
        return {LEGACY: self.null, PER_THREAD: self.ptds}.get(handle) or self.streams[handle]

    def allocate(self, nbytes):
        """(memory, view of its bytes): rubbish, which is freed when no reference to `memory` is
        left.
        """
        with self.lock:
            if self.live + nbytes > self.memory:
                raise OutOfMemoryError(
                    f"Out of memory allocating {nbytes:,} bytes (allocated so far: {self.live:,} "
                    "bytes)."
                )
            self.live += nbytes
            self.peak = max(self.peak, self.live)
            queue = self.entered()[-1].queue
            fitting = [chunk for chunk in queue.free if len(chunk.bytes) >= nbytes + 2 * GUARD]
            if fitting:
                chunk = min(fitting, key=lambda chunk: len(chunk.bytes))
                queue.free.remove(chunk)
                queue.give(lambda: chunk.lend(nbytes), action=False)
            else:
                chunk = Chunk(self, nbytes + 2 * GUARD)
                self._chunks.append(chunk)
                chunk.lend(nbytes)
            memory = Memory()
            weakref.finalize(memory, self._free, chunk, nbytes, queue).atexit = False
            return memory, chunk.bytes[GUARD : GUARD + nbytes]

    def _free(self, chunk, nbytes, queue):
        with self.lock:
            self.live -= nbytes
            queue.free.append(chunk)
            queue.give(chunk.give_back, action=False)

    def is_pinned(self, address, nbytes):
        return any(
            start <= address and address + nbytes <= start + size
            for start, size in list(self.pinned.items())
        )

    def synchronize(self):
        for gpu in self.gpus:
            gpu.synchronize()

    def check(self):
        self.synchronize()
        for chunk in self._chunks:
            chunk.check()
        assert not self.faults, self.faults[0]


class Memory:
    """Device memory in use: lives as long as an array of it does."""


class Chunk:
    """Bytes of the device, with guard zones around those that are in use."""

    def __init__(self, machine, size):
        self.machine, self.bytes = machine, np.empty(size, np.uint8)
        self._used = 0

    def lend(self, nbytes):
        self._used = nbytes
        self.bytes[:] = GUARD_BYTE
        self.bytes[GUARD : GUARD + nbytes] = RUBBISH

    def give_back(self):
        self.check()
        self.bytes[GUARD : GUARD + self._used] = RUBBISH

    def check(self):
        for zone in (self.bytes[:GUARD], self.bytes[GUARD + self._used :]):
            if (zone != GUARD_BYTE).any():
                self.machine.faults.append("a kernel wrote beside a buffer")


class Event:
    def __init__(self, machine):
        self._machine = machine
        self._queue, self._until = None, 0

    def record(self, stream=None):
        with self._machine.lock:
            self._queue = (stream or self._machine.entered()[-1]).queue
            self._queue.give(lambda: None)
            self._until = len(self._queue)

    def synchronize(self):
        if self._queue is not None:
            self._queue.run(self._until)

    @property
    def done(self):
        return self._queue is None or self._queue.done >= self._until


class Stream:
    """A handle of a queue; the default streams stand for that of the current device, or of this
    thread there.
    """

    def __init__(self, machine, ptr, queue):
        self._machine, self.ptr, self._queue = machine, ptr, queue
        self.device_id = -1 if queue is None else queue.gpu.index

    @property
    def queue(self):
        if self._queue is not None:
            return self._queue
        return self._machine.gpu.legacy if self.ptr == NULL else self._machine.gpu.of_thread()

    def record(self, event=None):
        event = event or Event(self._machine)
        event.record(self)
        return event

    def wait_event(self, event):
        queue, until = event._queue, event._until
        self.queue.give((lambda: queue.run(until)) if queue is not None else (lambda: None))

    def synchronize(self):
        self.queue.run(len(self.queue))

    @property
    def done(self):
        return self.queue.done == len(self.queue)

    def __enter__(self):
        if self.device_id not in (-1, self._machine.device):
            raise RuntimeError(
                f"The device that the stream is created on ({self.device_id}) does not match with "
                "the current device "
                f"({self._machine.device})"
            )
        device = self._machine.device
        self._machine.entered(device).append(self)
        self._machine._here.__dict__.setdefault("entered_on", []).append(device)
        return self

    def __exit__(self, *_):
        self._machine.entered(self._machine._here.entered_on.pop()).pop()


class Array:
    """An array in device memory; the host cannot look into it but through get()."""

    def __init__(self, machine, memory, view, device):
        self._machine, self._memory, self._view = machine, memory, view
        self.shape, self.dtype, self.nbytes = view.shape, view.dtype, view.nbytes
        self.data = _Pointer(view.ctypes.data, device)
        self.device = _Id(device)

    def __len__(self):
        return self.shape[0]

    def __getitem__(self, where):
        assert isinstance(where, slice)
        return Array(self._machine, self._memory, self._view[where], self.device.id)

    def get(self, stream=None, out=None, blocking=True):
        stream = stream or self._machine.entered()[-1]
        out = np.empty(self.shape, self.dtype) if out is None else out
        assert (
            out.shape == self.shape
            and out.dtype == self.dtype
            and out.flags.c_contiguous
            and self._view.flags.c_contiguous
        )
        # the memory of neither is held
        source, destination, nbytes = self._view, out.ctypes.data, self.nbytes
        stream.queue.give(lambda: ctypes.memmove(destination, source.ctypes.data, nbytes))
        if blocking or not self._machine.is_pinned(destination, nbytes):
            stream.synchronize()
        return out

    @property
    def __cuda_array_interface__(self):
        handle = self._machine.entered()[-1].ptr or LEGACY
        interface = dict(
            shape=self.shape,
            typestr=self.dtype.str,
            data=(self.data.ptr, False),
            version=3,
            strides=None,
        )
        return interface | dict(stream=handle)

    def __dlpack_device__(self):
        return 2, self.device.id

    def __dlpack__(self, *, stream=None, max_version=None, dl_device=None, copy=None):
        """A capsule: the array itself. The consumer's stream waits for the stream that is current
        on the current device (core.pyx).
        """
        if stream is not None and (not isinstance(stream, int) or stream < -1 or stream == 0):
            raise ValueError(
                "On CUDA, the valid stream for the DLPack protocol is -1, 1, 2, or any larger "
                f"value, but {stream} was provided"
            )
        current = self._machine.entered()[-1]
        consumer = LEGACY if stream is None else stream
        if consumer >= 0 and consumer != (current.ptr or LEGACY):
            self._machine.stream_of(consumer).wait_event(current.record())
        return Array(self._machine, self._memory, self._view, self.device.id)


class _Id:
    def __init__(self, id):
        self.id = id


class _Pointer:
    def __init__(self, ptr, device_id):
        self.ptr, self.device_id = ptr, device_id


def empty(machine, shape, dtype):
    dtype = np.dtype(dtype)
    nbytes = math.prod(np.atleast_1d(shape).tolist()) * dtype.itemsize
    memory, view = machine.allocate(nbytes)
    return Array(machine, memory, view.view(dtype).reshape(shape), machine.device)


def asarray(machine, values):
    if isinstance(values, Array):
        return values
    array = empty(machine, values.shape, values.dtype)
    view = array._view
    source = values if machine.is_pinned(values.ctypes.data, values.nbytes) else values.copy()
    machine.entered()[-1].queue.give(lambda: np.copyto(view, source))
    return array


def pinned(machine, nbytes):
    """Pinned host memory; freeing it waits for the GPUs, as cudaFreeHost does."""

    class Pinned(ctypes.c_uint8 * nbytes):
        def size(_):
            return nbytes

        def __del__(self):
            machine.synchronize()
            machine.pinned.pop(ctypes.addressof(self), None)

    buffer = Pinned()
    machine.pinned[ctypes.addressof(buffer)] = nbytes
    return buffer
