"""A file on its way to the disk: written under a temporary name, flushed, then renamed. Large
aligned writes go past the system's cache, a few at any time, on threads of their own.

Past the cache, since what a job writes is read much later if at all: the disk takes it at its full
speed from the first byte to the last, where a cache first takes more than the disk can and then
stalls, and the machine's memory stays with its other users. Where a file system has no such writes
they go through its cache, which is told to let go of them soon.
"""

import errno
import mmap
import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..files.whole_file import WholeFile
from .store import described

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

PIECE = 4 << 20  # bytes of a write: a multiple of every disk's block
# at a time: while one waits for the disk to answer, the disk has the other
WRITES = 2 if hasattr(os, "pwrite") else 1
# in memory: one that is filled, and those that wait, so that the disk never does
PIECES = 2 * WRITES + 1


class DiskFile:
    """A file that is written once, from its beginning to its end, under a temporary name; from
    commit() on it is there, after discard() it never was.

    OSErrors name the path. That of a write may be of an earlier one.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._doing("creating the file"):
            self._whole = WholeFile(path)
        self._file = self._whole.file
        self._direct = self._past_the_cache(True)
        self._threads = ThreadPoolExecutor(WRITES, "gpuprop-disk")
        self._under_way: deque[tuple[Future[None], npt.NDArray[np.uint8]]] = deque()
        self._piece: npt.NDArray[np.uint8] | None = None  # the one that is being filled
        self._filled = 0
        self._offset = 0  # of that piece in the file

    def write(self, data: memoryview) -> None:
        """All of it; it is copied, and may change afterwards."""
        given = np.frombuffer(data, np.uint8)
        with self._doing("writing"):
            while len(given):
                piece = self._piece = self._empty() if self._piece is None else self._piece
                count = min(len(given), PIECE - self._filled)
                piece[self._filled : self._filled + count] = given[:count]
                given, self._filled = given[count:], self._filled + count
                if self._filled == PIECE:
                    self._under_way.append(
                        (self._threads.submit(self._put, piece, self._offset), piece)
                    )
                    self._piece, self._filled, self._offset = None, 0, self._offset + PIECE

    def commit(self) -> None:
        """Have all of it on the disk, and the file appear."""
        with self._doing("writing"):
            while self._under_way:
                self._oldest()
            if self._piece is not None:
                if self._direct and self._past_the_cache(False):  # which takes whole blocks alone
                    self._direct = False
                self._put(self._piece[: self._filled], self._offset)
        self._threads.shutdown()
        with self._doing("committing the file"):
            self._whole.commit()

    def discard(self) -> None:
        """Remove what was written."""
        self._threads.shutdown(cancel_futures=True)
        self._whole.discard()

    @contextmanager
    def _doing(self, what: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise described(error, self._path, what) from error

    def _empty(self) -> npt.NDArray[np.uint8]:
        """A piece to be filled: that of the oldest write, once there are enough of them."""
        if len(self._under_way) < PIECES:
            return np.frombuffer(mmap.mmap(-1, PIECE), np.uint8)  # aligned to a page
        return self._oldest()

    def _oldest(self) -> npt.NDArray[np.uint8]:
        """The piece of the oldest write, once it is done; one that failed stays, and fails all that
        comes after it.
        """
        written, piece = self._under_way[0]
        written.result()
        self._under_way.popleft()
        return piece

    def _put(self, piece: npt.NDArray[np.uint8], offset: int) -> None:
        left = piece.data
        while left:
            direct = self._direct
            try:
                count = (
                    os.pwrite(self._file.fileno(), left, offset)
                    if hasattr(os, "pwrite")
                    else self._file.write(left)
                )
            except OSError as error:
                # A block of this disk is larger than a piece, or a write ended within one; another
                # write may have found that out already.
                if error.errno != errno.EINVAL or not direct or not self._past_the_cache(False):
                    raise
                self._direct = False
                continue
            left, offset = left[count:], offset + count
        if not self._direct and hasattr(os, "posix_fadvise"):
            # advice, which a file system may not take: begin with what is written, and keep none of
            # it
            with suppress(OSError):
                os.posix_fadvise(
                    self._file.fileno(), offset - len(piece), len(piece), os.POSIX_FADV_DONTNEED
                )

    def _past_the_cache(self, wanted: bool) -> bool:
        """Ask for writes past the cache, or for none; whether that is granted."""
        if fcntl is None or not hasattr(os, "O_DIRECT"):
            return False
        try:
            flags = fcntl.fcntl(self._file.fileno(), fcntl.F_GETFL)
            fcntl.fcntl(
                self._file.fileno(),
                fcntl.F_SETFL,
                flags | os.O_DIRECT if wanted else flags & ~os.O_DIRECT,
            )
        except OSError:
            return False
        return True
