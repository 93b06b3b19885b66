"""gpuprop's streams on a GPU, and their order with the stream of the caller.

CuPy's pool keeps freed memory with the stream on which it was taken, and may give it out again at
once, in order with that stream only. So:

- Everything that kernels read (constants, instants, rotations, sites) is uploaded on the stream on
  which all kernels run. So it is complete before it is read, and freed memory is not reused before
  its last use, also after an error.
- Memory for what a caller gets on the device is taken on the caller's current stream (Room). The
  kernels wait for an event of that stream, and so for the caller's earlier use of this memory.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

# CuPy -> GPU -> its streams
_known: WeakKeyDictionary[Any, dict[int, "Streams"]] = WeakKeyDictionary()


class Streams:
    """Two streams of one GPU: kernels run on `computing`, and `copying` copies results to the host
    at the same time.

    All propagations of a process share them (see `of`). If each had its own streams, it would leave
    memory in CuPy's pool that no other propagation could use.
    """

    def __init__(self, cupy: Any) -> None:
        self.computing = cupy.cuda.Stream(non_blocking=True)
        self.copying = cupy.cuda.Stream(non_blocking=True)

    @classmethod
    def of(cls, cupy: Any) -> "Streams":
        """The streams of CuPy's current GPU."""
        known, gpu = _known.setdefault(cupy, {}), cupy.cuda.Device().id
        if gpu not in known:
            known.setdefault(gpu, cls(cupy))
        return known[gpu]

    @contextmanager
    def work(self, after: Any = None) -> Iterator[None]:
        """Inside, `computing` is the current stream, and waits for the event `after`. At the end,
        wait for all its work.

        Also after an error, so that nothing writes to memory that the caller has dropped.
        """
        with self.computing:
            if after is not None:
                self.computing.wait_event(after)
            try:
                yield
            finally:
                self.computing.record().synchronize()


class Room(NamedTuple):
    """Device memory for results, taken on the caller's current stream. The caller may drop it at
    any time.
    """

    columns: dict[str, Any]  # CuPy arrays, not filled
    free: Any  # event: from then on the memory may be written
