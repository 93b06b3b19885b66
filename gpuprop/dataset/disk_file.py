"""Write a file to a disk: under a temporary name, flushed, then renamed.

Large aligned writes bypass the cache of the system (O_DIRECT), on a few threads. What a job writes
is read much later, if at all. So the cache would only cost: it takes memory from other programs,
accepts more than the disk can write, and then stalls. If a file system has no direct writes, they
go through its cache, which is asked to drop them soon.
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

PIECE = 4 << 20  # bytes of a write: a multiple of the block size of every disk
# concurrent writes: with two, the disk works on one while the other is prepared
WRITES = 2 if hasattr(os, "pwrite") else 1
# pieces in memory: one is filled, the others are being written or wait
PIECES = 2 * WRITES + 1


class DiskFile:
    """A file that is written once, from beginning to end. It appears with commit().

    OSErrors name the path. A write may raise the error of an earlier write.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._doing("creating the file"):
            self._whole = WholeFile(path)
        self._file = self._whole.file
        self._direct = self._set_direct(True)
        self._threads = ThreadPoolExecutor(WRITES, "gpuprop-disk")
        self._pending: deque[tuple[Future[None], npt.NDArray[np.uint8]]] = deque()
        self._piece: npt.NDArray[np.uint8] | None = None  # the one that is being filled
        self._filled = 0  # bytes in it
        self._offset = 0  # where it begins in the file

    def write(self, data: memoryview) -> None:
        """Write all of the data. It is copied, and may change afterwards."""
        left = np.frombuffer(data, np.uint8)
        with self._doing("writing"):
            while len(left):
                piece = self._piece = self._free_piece() if self._piece is None else self._piece
                count = min(len(left), PIECE - self._filled)
                piece[self._filled : self._filled + count] = left[:count]
                left, self._filled = left[count:], self._filled + count
                if self._filled == PIECE:
                    written = self._threads.submit(self._write_piece, piece, self._offset)
                    self._pending.append((written, piece))
                    self._piece, self._filled, self._offset = None, 0, self._offset + PIECE

    def commit(self) -> None:
        """Write what is left, and give the file its name."""
        with self._doing("writing"):
            while self._pending:
                self._oldest_piece()
            if self._piece is not None:
                if self._direct and self._set_direct(False):  # direct writes need whole blocks
                    self._direct = False
                self._write_piece(self._piece[: self._filled], self._offset)
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

    def _free_piece(self) -> npt.NDArray[np.uint8]:
        """Return a piece to fill: a new one, or that of the oldest write if there are enough."""
        if len(self._pending) < PIECES:
            return np.frombuffer(mmap.mmap(-1, PIECE), np.uint8)  # aligned to a page
        return self._oldest_piece()

    def _oldest_piece(self) -> npt.NDArray[np.uint8]:
        """Wait for the oldest write, and return its piece.

        A write that failed is not forgotten: every later call raises its error again.
        """
        written, piece = self._pending[0]
        written.result()
        self._pending.popleft()
        return piece

    def _write_piece(self, piece: npt.NDArray[np.uint8], offset: int) -> None:
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
                # The blocks of this disk are larger than a piece, or a write ended within a block.
                # Another thread may have turned direct writes off already.
                if error.errno != errno.EINVAL or not direct or not self._set_direct(False):
                    raise
                self._direct = False
                continue
            left, offset = left[count:], offset + count
        if not self._direct and hasattr(os, "posix_fadvise"):
            # advice, which a file system may ignore: write these bytes out, then drop them from the
            # cache
            with suppress(OSError):
                os.posix_fadvise(
                    self._file.fileno(), offset - len(piece), len(piece), os.POSIX_FADV_DONTNEED
                )

    def _set_direct(self, wanted: bool) -> bool:
        """Turn direct writes on or off. Return whether the system did so."""
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
