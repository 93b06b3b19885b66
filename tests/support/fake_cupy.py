"""As much of CuPy as gpuprop uses, on a CPU: the streams and the memory of fake_gpu.py, and kernels
compiled by a C++ compiler from their sources, or from the PTX that NVRTC makes of them.

It is stricter than a GPU: see fake_gpu.py. A write beside a buffer is found by `check_guards`.
"""

import ctypes
import shutil
import subprocess
import tempfile
import weakref
from functools import cache, partial
from pathlib import Path
from types import SimpleNamespace

import fake_gpu
import numpy as np
import nvrtc
import ptx
import pytest
from fake_gpu import CUDARuntimeError, Event, Machine, OutOfMemoryError

from gpuprop.engine.operations import KERNELS
from gpuprop.engine.rates import Gpu

GRID_LIMITS = (2**31 - 1, 65535)
LARGEST_BLOCK = 128  # __launch_bounds__
CAPABILITY = 9, 0  # of the GPUs
H200 = Gpu(0, "H200", CAPABILITY, 132, 1.98e9)
CLOCK_KHZ = 13  # cudaDevAttrClockRate
FLAGS = (
    "-std=c++17",
    "-ffp-contract=off",
    "-fno-math-errno",
    "-shared",
    "-fPIC",
    "-Wall",
    "-Wextra",
    "-Werror",
)
SHIM = Path(__file__).with_name("cuda_shim.h")


@cache
def compiled(text: str, *flags: str) -> ctypes.CDLL:
    """C++ as a library for this machine; the test is skipped where no compiler is."""
    compiler = shutil.which("g++") or shutil.which("clang++")
    if compiler is None:
        pytest.skip("no C++ compiler: the CUDA kernels cannot be run on this CPU")
    folder = Path(tempfile.mkdtemp())
    try:
        (folder / "kernels.cpp").write_text(text)
        subprocess.run(
            [compiler, *FLAGS, *flags, "kernels.cpp", "-o", "kernels.so"], cwd=folder, check=True
        )
        return ctypes.CDLL(str(folder / "kernels.so"))
    finally:
        shutil.rmtree(folder)


def from_source(code: str, options: tuple[str, ...]) -> ctypes.CDLL:
    """The kernels as they are written, compiled for this CPU."""
    entries = "".join(f"RUN_ON_CPU({name}, Launch<{job}>)\n" for name, job in KERNELS.items())
    return compiled(f"{SHIM.read_text()}\n{code}\nusing namespace gpuprop;\n{entries}", "-O2")


class FromPtx:
    """The kernels as NVRTC compiles them for a GPU, translated for this CPU (ptx.py). The test is
    skipped if NVRTC is not installed.

    Without arguments it takes the newest NVRTC that is installed, and compiles for the GPUs of
    FakeCupy.
    """

    def __init__(
        self,
        wheel: str | None = None,
        capability: int = 10 * CAPABILITY[0] + CAPABILITY[1],
        may_be_fused: bool = False,
    ) -> None:
        self.wheel = wheel or list(nvrtc.libraries())[-1]
        self.capability, self.may_be_fused = capability, may_be_fused

    def __call__(self, code: str, options: tuple[str, ...]) -> ctypes.CDLL:
        text = nvrtc.ptx(
            code, (f"--gpu-architecture=compute_{self.capability}", *options), self.wheel
        )
        return compiled(ptx.translate(text, may_be_fused=self.may_be_fused), "-O1", "-Wno-unused")


def check_places(job):
    """Satellites are written at the places that an array gives: one that is not filled yet would
    have the kernel write anywhere.
    """
    job = job["job"]
    if "place" in job.dtype.names:
        places = np.ctypeslib.as_array(
            (ctypes.c_int64 * int(job["n_sats"][0])).from_address(int(job["place"][0]))
        )
        assert ((places >= 0) & (places < len(places))).all(), (
            "a kernel read places that are not there yet"
        )


class CUDADriverError(RuntimeError):
    pass


class CompileException(Exception):
    pass


class FakeCupy:
    """Put it into sys.modules["cupy"].

    gpus: names. hardware_of: name -> Gpu, what it says of itself; else that of an H200.
    """

    __version__ = "14.0"
    kernels = staticmethod(from_source)  # what the kernels' code and the compiler's options become

    def __init__(
        self,
        gpus=("Fake A", "Fake B"),
        eager=(),
        memory=1 << 40,
        per_thread=False,
        hardware_of=None,
    ):
        self.gpus, self.hardware_of = gpus, hardware_of or {}
        self.machine = machine = Machine(len(gpus), eager, memory, per_thread)
        self.pinned_live = self.pinned_made = 0
        self.pinned_addresses = set()
        self.launches = []  # (kernel, grid, block, device)
        self.options = []
        self.cuda = SimpleNamespace(
            Device=partial(_Device, machine),
            Event=lambda **_: Event(machine),
            Stream=_Streams(machine),
            PinnedMemory=self._pinned,
            PinnedMemoryPointer=lambda mem, offset: mem,
            get_current_stream=lambda device_id=-1: machine.entered(
                None if device_id == -1 else device_id
            )[-1],
            compiler=SimpleNamespace(CompileException=CompileException),
            driver=SimpleNamespace(CUDADriverError=CUDADriverError),
            memory=SimpleNamespace(OutOfMemoryError=OutOfMemoryError),
            nvrtc=SimpleNamespace(getVersion=lambda: (12, 9)),
            runtime=SimpleNamespace(
                CUDARuntimeError=CUDARuntimeError,
                getDeviceCount=lambda: len(self.gpus),
                driverGetVersion=lambda: 12080,
                runtimeGetVersion=lambda: 12090,
                getDeviceProperties=lambda index: dict(
                    name=self.gpus[index].encode(),
                    major=self.hardware(index).capability[0],
                    minor=self.hardware(index).capability[1],
                    multiProcessorCount=self.hardware(index).multiprocessors,
                    totalGlobalMem=memory,
                ),
                deviceGetAttribute=self._attribute,
                is_hip=False,
            ),
        )

    def hardware(self, index):
        return self.hardware_of.get(self.gpus[index], H200)

    def _attribute(self, attribute, index):
        if attribute == CLOCK_KHZ:
            return round(self.hardware(index).clock_hz / 1e3)
        raise CUDARuntimeError(1, "cudaErrorInvalidValue: invalid argument")

    @property
    def live(self):
        """Bytes of device memory in use."""
        return self.machine.live

    @property
    def peak(self):
        """The most bytes that were in use at once."""
        return self.machine.peak

    @peak.setter
    def peak(self, nbytes):
        self.machine.peak = nbytes

    def RawModule(self, code, options):
        self.options.append(options)
        library = self.kernels(code, options)
        return SimpleNamespace(
            get_function=lambda name: self._kernel(getattr(library, f"run_{name}"), name)
        )

    def _kernel(self, run, name):
        run.argtypes = (ctypes.c_uint, ctypes.c_uint, ctypes.c_uint, ctypes.c_long, ctypes.c_char_p)

        def launch(grid, block, args):
            (job,) = args
            assert job.size == 1
            grid = (*grid, 1)[:2]
            if (
                not all(1 <= size <= limit for size, limit in zip(grid, GRID_LIMITS, strict=True))
                or not 1 <= block[0] <= LARGEST_BLOCK
            ):
                raise CUDADriverError("CUDA_ERROR_INVALID_VALUE: invalid argument")
            self.launches.append((name, grid, block, self.machine.device))
            job, bytes_of_job = job.copy(), job.tobytes()

            def work():
                check_places(job)
                done = run(*grid, *block, len(bytes_of_job), bytes_of_job)
                assert done != 0, f"the argument of {name} has another size in C++"
                assert done > 0, (
                    f"{name} would fail on a GPU at line {-done} of its PTX: an address that is "
                    "not aligned or not there"
                )

            self.machine.entered()[-1].queue.give(work)

        return launch

    def empty(self, shape, dtype):
        return fake_gpu.empty(self.machine, shape, dtype)

    def asarray(self, values):
        return fake_gpu.asarray(self.machine, values)

    def _pinned(self, nbytes):
        buffer = fake_gpu.pinned(self.machine, nbytes)
        self.pinned_live += nbytes
        self.pinned_made += 1
        self.pinned_addresses.add(ctypes.addressof(buffer))
        weakref.finalize(buffer, self._unpinned, nbytes).atexit = False
        return buffer

    def _unpinned(self, nbytes):
        self.pinned_live -= nbytes

    def check_guards(self):
        """AssertionError where a kernel wrote beside a buffer."""
        self.machine.check()


class _Streams:
    """cupy.cuda.Stream: makes streams, and has the default ones."""

    def __init__(self, machine):
        self._machine, self.null, self.ptds = machine, machine.null, machine.ptds

    def __call__(self, null=False, non_blocking=False, ptds=False):
        return self.null if null else self.ptds if ptds else self._machine.make_stream(non_blocking)


class _Device:
    def __init__(self, machine, index=None):
        self._machine, self.id = machine, machine.device if index is None else index

    def __enter__(self):
        if not 0 <= self.id < len(self._machine.gpus):
            raise CUDARuntimeError(101, "cudaErrorInvalidDevice: invalid device ordinal")
        self._before, self._machine.device = self._machine.device, self.id
        return self

    def __exit__(self, *_):
        self._machine.device = self._before

    def synchronize(self):
        self._machine.gpus[self.id].synchronize()
