"""gpuprop's streams on a GPU, and their order with the stream of the caller.

CuPy's pool keeps freed memory with the stream on which it was allocated, and may lend it again at
once, in order with that stream only. Therefore:

- The input of kernels (constants, instants, rotations, sites) is uploaded on the stream on which
  all kernels run. So it is complete before it is read, and freed memory is not used again before
  its last use, also after an error.
- Memory for results that stay on the device is allocated on the caller's current stream (Room). The
  kernels wait for an event of that stream, and so for the caller's earlier use of this memory.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

# CuPy -> GPU -> its streams
_known: WeakKeyDictionary[Any, dict[int, "Streams"]] = WeakKeyDictionary()


class Streams:
    """Two streams of one GPU: `computing` runs kernels while `copying` copies results to the host.

    All propagations of a process share them (see `of`). If each had its own streams, it would leave
    memory in CuPy's pool that no other propagation could use.
    """

    def __init__(self, cupy: Any) -> None:
        self.computing = cupy.cuda.Stream(non_blocking=True)
        self.copying = cupy.cuda.Stream(non_blocking=True)

    @classmethod
    def of(cls, cupy: Any) -> "Streams":
        """Return the streams of CuPy's current GPU."""
        known, gpu = _known.setdefault(cupy, {}), cupy.cuda.Device().id
        if gpu not in known:
            known.setdefault(gpu, cls(cupy))
        return known[gpu]

    @contextmanager
    def work(self, after: Any = None) -> Iterator[None]:
        """Make `computing` the current stream after an event; in the end wait for its work.

        It waits also after an error: no kernel may write to memory that the caller has dropped.
        """
        with self.computing:
            if after is not None:
                self.computing.wait_event(after)
            try:
                yield
            finally:
                self.computing.record().synchronize()


class Room(NamedTuple):
    """Device memory for results, allocated on the caller's current stream.

    The caller may drop it at any time.
    """

    columns: dict[str, Any]  # CuPy arrays with arbitrary values
    free: Any  # the event after which the memory may be written
