"""As much of CuPy as gpuprop uses, on a CPU: memory with guard zones, streams that run late or early, kernels compiled by a C++ compiler
from their sources or from the PTX that NVRTC makes of them.

It is stricter than a GPU: work waits in its stream until something asks for it (or, in an eager stream, runs at once), so that a missing
wait between two streams shows; memory starts as rubbish; a write beside a buffer is found by `check_guards`.
"""

import ctypes
import math
import shutil
import subprocess
import tempfile
import threading
import weakref
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import nvrtc
import ptx
import pytest

GUARD = 4096  # bytes on each side of a buffer
GUARD_BYTE, RUBBISH = 0xA5, 0xDB
GRID_LIMITS = (2**31 - 1, 65535)
LARGEST_BLOCK = 128  # __launch_bounds__
CAPABILITY = 9, 0  # of the GPUs
FLAGS = ("-std=c++17", "-ffp-contract=off", "-fno-math-errno", "-shared", "-fPIC", "-Wall", "-Wextra", "-Werror")
SHIM = Path(__file__).with_name("cuda_shim.h")
JOBS = dict(initialise_satellites="InitialiseJob") | {
    f"propagate_{regime}": "PropagateJob" for regime in ("near_earth", "deep_space", "one_day", "half_day")
}
JOBS["look_angles"] = "LookJob"


@cache
def compiled(text: str, *flags: str) -> ctypes.CDLL:
    """C++ as a library for this machine; the test is skipped where no compiler is."""
    compiler = shutil.which("g++") or shutil.which("clang++")
    if compiler is None:
        pytest.skip("no C++ compiler: the CUDA kernels cannot be run on this CPU")
    folder = Path(tempfile.mkdtemp())
    try:
        (folder / "kernels.cpp").write_text(text)
        subprocess.run([compiler, *FLAGS, *flags, "kernels.cpp", "-o", "kernels.so"], cwd=folder, check=True)
        return ctypes.CDLL(str(folder / "kernels.so"))
    finally:
        shutil.rmtree(folder)


def from_source(code: str, options: tuple[str, ...]) -> ctypes.CDLL:
    """The kernels as they are written, compiled for this CPU."""
    entries = "".join(f"RUN_ON_CPU({name}, {job})\n" for name, job in JOBS.items())
    return compiled(f"{SHIM.read_text()}\n{code}\nusing namespace gpuprop;\n{entries}", "-O2")


class FromPtx:
    """The kernels as NVRTC compiles them for a GPU, translated for this CPU (ptx.py). The test is skipped if NVRTC is not installed.

    Without arguments it takes the newest NVRTC that is installed, and compiles for the GPUs of FakeCupy.
    """

    def __init__(self, wheel: str | None = None, capability: int = 10 * CAPABILITY[0] + CAPABILITY[1], may_be_fused: bool = False) -> None:
        self.wheel = wheel or list(nvrtc.libraries())[-1]
        self.capability, self.may_be_fused = capability, may_be_fused

    def __call__(self, code: str, options: tuple[str, ...]) -> ctypes.CDLL:
        text = nvrtc.ptx(code, (f"--gpu-architecture=compute_{self.capability}", *options), self.wheel)
        return compiled(ptx.translate(text, may_be_fused=self.may_be_fused), "-O1", "-Wno-unused")


class CUDARuntimeError(RuntimeError):
    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class CUDADriverError(RuntimeError):
    pass


class CompileException(Exception):
    pass


class OutOfMemoryError(MemoryError):
    pass


class Event:
    def __init__(self, stream, position):
        self.stream, self.position = stream, position

    def reach(self):
        self.stream.run(self.position)


class Stream:
    """Work in order. Eager streams run it when it is given, the others when somebody waits for it."""

    def __init__(self, eager):
        self.eager = eager
        self.work = []
        self.done = 0
        self._running = threading.RLock()

    def give(self, work):
        self.work.append(work)
        if self.eager:
            self.run(len(self.work))

    def run(self, until):
        with self._running:
            while self.done < until:
                work, self.work[self.done] = self.work[self.done], None
                work()
                self.done += 1

    def record(self):
        return Event(self, len(self.work))

    def wait_event(self, event):
        self.give(event.reach)

    def synchronize(self):
        self.run(len(self.work))


class _Memory:
    """Device memory: lives as long as an array of it does."""


class Array:
    """A view of device memory; the host cannot look into it but through get()."""

    def __init__(self, fake, memory, view):
        self._fake, self._memory, self._view = fake, memory, view
        self.shape, self.dtype = view.shape, view.dtype
        self.data = SimpleNamespace(ptr=view.ctypes.data)
        self.device = SimpleNamespace(id=getattr(fake._here, "device", 0))
        self.__cuda_array_interface__ = dict(shape=view.shape, typestr=view.dtype.str, data=(self.data.ptr, False), version=3)

    def __len__(self):
        return self.shape[0]

    def __getitem__(self, where):
        assert isinstance(where, slice)
        return Array(self._fake, self._memory, self._view[where])

    def get(self, stream=None, out=None, blocking=True):
        stream = stream or self._fake.current_stream()
        out = np.empty(self.shape, self.dtype) if out is None else out
        assert out.shape == self.shape and out.dtype == self.dtype and out.flags.c_contiguous
        stream.give(lambda: np.copyto(out, self._view))
        if blocking:
            stream.synchronize()
        return out


class FakeCupy:
    """Put it into sys.modules["cupy"]."""

    __version__ = "14.0"
    kernels = staticmethod(from_source)  # what the kernels' code and the compiler's options become

    def __init__(self, gpus=("Fake A", "Fake B"), eager=(), memory=1 << 40):
        self.gpus = gpus
        self.eager = eager  # numbers of the streams that run at once, in the order of their making
        self.memory = memory
        self.live = self.peak = 0  # bytes of device memory
        self.pinned_live = self.pinned_made = 0
        self.pinned_addresses = set()
        self.launches = []  # (kernel, grid, block, device)
        self.options = []
        self._streams = []
        self._buffers = []
        self._here = threading.local()
        self._null = Stream(eager=False)
        self.cuda = SimpleNamespace(
            Device=self._device,
            Stream=self._stream,
            PinnedMemory=self._pinned,
            PinnedMemoryPointer=lambda mem, offset: mem,
            get_current_stream=self.current_stream,
            compiler=SimpleNamespace(CompileException=CompileException),
            driver=SimpleNamespace(CUDADriverError=CUDADriverError),
            memory=SimpleNamespace(OutOfMemoryError=OutOfMemoryError),
            nvrtc=SimpleNamespace(getVersion=lambda: (12, 9)),
            runtime=SimpleNamespace(
                CUDARuntimeError=CUDARuntimeError,
                getDeviceCount=lambda: len(self.gpus),
                driverGetVersion=lambda: 12080,
                runtimeGetVersion=lambda: 12090,
                getDeviceProperties=lambda index: dict(name=self.gpus[index].encode(), major=CAPABILITY[0], minor=CAPABILITY[1]),
            ),
        )

    def RawModule(self, code, options):
        self.options.append(options)
        library = self.kernels(code, options)
        return SimpleNamespace(get_function=lambda name: self._kernel(getattr(library, f"run_{name}"), name))

    def _kernel(self, run, name):
        run.argtypes = (ctypes.c_uint, ctypes.c_uint, ctypes.c_uint, ctypes.c_long, ctypes.c_char_p)

        def launch(grid, block, args):
            (job,) = args
            assert job.size == 1
            grid = (*grid, 1)[:2]
            if not all(1 <= size <= limit for size, limit in zip(grid, GRID_LIMITS, strict=True)) or not 1 <= block[0] <= LARGEST_BLOCK:
                raise CUDADriverError("CUDA_ERROR_INVALID_VALUE: invalid argument")
            self.launches.append((name, grid, block, self._here.device))
            bytes_of_job = job.tobytes()

            def work():
                done = run(*grid, *block, len(bytes_of_job), bytes_of_job)
                assert done != 0, f"the argument of {name} has another size in C++"
                assert done > 0, f"{name} would fail on a GPU at line {-done} of its PTX: an address that is not aligned or not there"

            self.current_stream().give(work)

        return launch

    def empty(self, shape, dtype):
        dtype = np.dtype(dtype)
        nbytes = math.prod(np.atleast_1d(shape).tolist()) * dtype.itemsize
        if self.live + nbytes > self.memory:
            raise OutOfMemoryError(f"Out of memory allocating {nbytes:,} bytes (allocated so far: {self.live:,} bytes).")
        self.live += nbytes
        self.peak = max(self.peak, self.live)
        buffer = np.full(nbytes + 2 * GUARD, GUARD_BYTE, np.uint8)
        body = buffer[GUARD : GUARD + nbytes]
        body[:] = RUBBISH
        self._buffers.append(buffer)  # kept, as CuPy's pool keeps memory that streams may still use
        memory = _Memory()
        weakref.finalize(memory, self._freed, nbytes)
        return Array(self, memory, body.view(dtype).reshape(shape))

    def asarray(self, host):
        array = self.empty(host.shape, host.dtype)
        copy = host.copy()
        self.current_stream().give(lambda: np.copyto(array._view, copy))
        return array

    def _freed(self, nbytes):
        self.live -= nbytes

    def _pinned(self, nbytes):
        class Pinned(ctypes.c_uint8 * nbytes):
            def size(_):
                return nbytes

            def __del__(_):
                self.pinned_live -= nbytes

        self.pinned_live += nbytes
        self.pinned_made += 1
        buffer = Pinned()
        self.pinned_addresses.add(ctypes.addressof(buffer))
        return buffer

    def current_stream(self):
        return getattr(self._here, "stream", None) or self._null

    def _stream(self, non_blocking):
        assert non_blocking
        stream = _EnteredStream(self._here, len(self._streams) in self.eager)
        self._streams.append(stream)
        return stream

    def _device(self, index=None):
        return _Device(self, index)

    def check_guards(self):
        for buffer in self._buffers:
            assert (buffer[:GUARD] == GUARD_BYTE).all() and (buffer[-GUARD:] == GUARD_BYTE).all(), "a kernel wrote beside a buffer"


class _EnteredStream(Stream):
    def __init__(self, here, eager):
        super().__init__(eager)
        self._here = here

    def __enter__(self):
        self._here.stream = self

    def __exit__(self, *_):
        self._here.stream = None


class _Device:
    def __init__(self, fake, index):
        self._fake, self._index = fake, index

    def __enter__(self):
        if not 0 <= self._index < len(self._fake.gpus):
            raise CUDARuntimeError(101, "cudaErrorInvalidDevice: invalid device ordinal")
        self._before = getattr(self._fake._here, "device", 0)
        self._fake._here.device = self._index

    def __exit__(self, *_):
        self._fake._here.device = self._before

    def synchronize(self):
        for stream in (self._fake._null, *self._fake._streams):
            stream.synchronize()
