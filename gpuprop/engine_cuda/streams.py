"""The streams of a GPU on which gpuprop works, and their order with the stream of the caller.

CuPy's pool keeps freed memory with the stream that it was taken on, and gives it out again at once, in order with that stream alone. So:

- Everything that kernels read (constants, instants, rotations, sites) is uploaded on the stream on which all kernels run. Nothing can be
  read before it is there, and memory that is given back stays in order with its last use, whatever is raised in between.
- Everything that a caller gets on the device is taken on the caller's current stream (Room). The kernels wait for an event of that stream,
  and thus for the caller's use of what was in this memory before.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

_known: WeakKeyDictionary[Any, dict[int, "Streams"]] = WeakKeyDictionary()  # CuPy -> GPU -> its streams


class Streams:
    """Two streams of one GPU: kernels run on `computing`; `copying` takes results to the host meanwhile.

    All propagations of a process share them (see `of`): with streams of its own, each would leave its memory in CuPy's pool, where no
    other could use it.
    """

    def __init__(self, cupy: Any) -> None:
        self.computing = cupy.cuda.Stream(non_blocking=True)
        self.copying = cupy.cuda.Stream(non_blocking=True)

    @classmethod
    def of(cls, cupy: Any) -> "Streams":
        """Those of CuPy's current GPU."""
        known, gpu = _known.setdefault(cupy, {}), cupy.cuda.Device().id
        if gpu not in known:
            known.setdefault(gpu, cls(cupy))
        return known[gpu]

    @contextmanager
    def work(self, after: Any = None) -> Iterator[None]:
        """Inside, `computing` is the current stream, and waits for the event `after`; at the end, all work given to it is done.

        It is done after an error, too: nothing writes to memory that the caller then lets go of.
        """
        with self.computing:
            if after is not None:
                self.computing.wait_event(after)
            try:
                yield
            finally:
                self.computing.record().synchronize()


class Room(NamedTuple):
    """Device memory for results, taken on the stream that is current for the caller, who may let go of it without waiting for anything."""

    columns: dict[str, Any]  # CuPy arrays, not filled
    free: Any  # event: from then on the memory may be written
