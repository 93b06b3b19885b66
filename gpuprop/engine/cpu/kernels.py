"""The compiled kernels: which widths of vectors run here, and threads that share their tasks."""

import ctypes
import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

import gpuprop

from ...errors import GpupropError
from ...sgp4.constants import kernels_digest
from .. import operations
from ..prefetch import usable_cores

WIDTHS = (8, 4, 2)
INSTRUCTIONS = {8: "AVX-512", 4: "AVX2", 2: "the architecture's basic vectors"}
REINSTALL = "pip install --force-reinstall --no-deps --no-cache-dir . in a clone of gpuprop"
TASKS_PER_THREAD = 8  # at least, so that no thread waits long for the last task
WORTH_A_TASK = 4096  # states; a task is not made smaller
TILE = 64  # satellites of a task: cpu.cpp keeps their constants in the cache for all instants

TaskList = operations.structure("TaskList")
SatelliteState = operations.structure("SatelliteState")


class CpuUnavailableError(GpupropError, RuntimeError):
    """The compiled kernels cannot be used here; the message names the fix."""


class Library:
    """The compiled kernels.

    CpuUnavailableError, with the reason and the fix, if there are none or if they were compiled
    from other sources.
    """

    def __init__(self) -> None:
        # An editable installation has two folders: the checkout, and the one with the library.
        found = [Path(folder) / "libgpuprop.so" for folder in gpuprop.__path__]
        path = next((path for path in found if path.is_file()), None)
        if path is None:
            raise CpuUnavailableError(
                "no compiled kernels in this installation: install g++ or clang++ and run "
                f"{REINSTALL}"
            )
        try:
            self._library = ctypes.CDLL(str(path))
        except OSError as error:
            raise CpuUnavailableError(
                f"the compiled kernels cannot be loaded ({error}): run {REINSTALL}"
            ) from error
        # Calls through PyDLL keep the interpreter's lock. These take a microsecond, of which
        # releasing the lock would cost a part.
        with_lock = ctypes.PyDLL(str(path))
        self._library.gpuprop_sources.restype = ctypes.c_char_p
        if self._library.gpuprop_sources().decode() != kernels_digest():
            raise CpuUnavailableError(
                "the compiled kernels are not those of kernels/: run pip install again (in a "
                "checkout: pip install -e .)"
            )
        self._library.gpuprop_widths.restype = ctypes.c_int64
        self._library.gpuprop_build.restype = ctypes.c_char_p
        self.build: str = self._library.gpuprop_build().decode()  # compiler, version and flags
        pointer, real, state = ctypes.c_void_p, ctypes.c_double, ctypes.POINTER(SatelliteState)
        self.satellite_initialise, self.satellite_state = (
            with_lock.gpuprop_satellite_initialise,
            with_lock.gpuprop_satellite_state,
        )
        self.satellite_initialise.argtypes, self.satellite_initialise.restype = (
            [pointer, pointer, state],
            None,
        )
        self.satellite_state.argtypes, self.satellite_state.restype = (
            [pointer, real, state, state],
            None,
        )
        bits = self._library.gpuprop_widths()
        # the widths that are compiled and that this CPU runs, the widest first
        self.widths = tuple(width for width in WIDTHS if bits >> width & 1)
        # by width: the C function that does the tasks of a list
        self.work = {width: self._library[f"gpuprop_work_{width}"] for width in self.widths}
        for work in self.work.values():
            work.argtypes, work.restype = [pointer, pointer], None
        # the widths with precision mixed
        self.mixed = tuple(
            width for width in self.widths if self._library[f"gpuprop_has_mixed_{width}"]()
        )

    def run(
        self, width: int, job: ctypes.Structure, tasks: npt.NDArray[np.int64], threads: int
    ) -> None:
        """Do tasks (n_tasks, members of Task) of an operation, on several threads.

        job: the argument of the kernels of all tasks.
        """
        todo = TaskList(tasks.ctypes.data, len(tasks), 0)
        todo.array = tasks  # after an interruption a thread goes on with the task that it has
        work, arguments = self.work[width], (ctypes.byref(job), ctypes.byref(todo))
        others = min(threads, len(tasks)) - 1
        helpers = [_pool(threads, os.getpid()).submit(work, *arguments) for _ in range(others)]
        try:
            work(*arguments)
            for helper in helpers:
                helper.result()
        finally:
            todo.next = len(tasks)  # after an interruption no thread takes another task


def task_list(
    kernel: str,
    satellites: Iterable[tuple[int, int]],
    instants: Iterable[tuple[int, int]] = ((0, 0),),
) -> npt.NDArray[np.int64]:
    """List the tasks of a kernel: each piece of satellites at each piece of instants."""
    number, instants = operations.NUMBERS[kernel], list(instants)
    tasks = [(number, *piece, *when, 0) for piece in satellites for when in instants]
    return np.array(tasks, np.int64).reshape(-1, len(operations.STRUCTURES["Task"]))


def pieces(count: int, size: int) -> list[tuple[int, int]]:
    """Split 0 ... count into pieces of `size`, the last one shorter."""
    return [(first, min(first + size, count)) for first in range(0, count, size)]


@cache
def library() -> Library:
    """Load the library, once."""
    return Library()


def usable() -> tuple[bool, str]:
    """Say whether the compiled kernels run here, and how or why not."""
    try:
        widest = library().widths[0]
    except CpuUnavailableError as reason:
        return False, str(reason)
    return True, f"{widest} satellites at a time ({INSTRUCTIONS[widest]}), {usable_cores()} cores"


@cache
def _pool(threads: int, process: int) -> ThreadPoolExecutor:
    """Return the threads that all propagations of a process share.

    process: a forked process must not use the threads of its parent.
    """
    return ThreadPoolExecutor(threads, "gpuprop-cpu")
