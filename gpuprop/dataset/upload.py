"""An object is complete or absent: its bytes are sent in pieces, and it appears when the store is
told that these were all.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from .requests import object_size, requesting

WHOLE_BYTES = 16 << 20  # objects up to this size, as manifests are, are sent in one request


class Upload:
    """The bytes of one object on their way into a store; from commit() on it is there, after
    discard() it never was.

    A small object is one request, which replaces what has the name. OSErrors name the object.
    """

    def __init__(self, filesystem: Any, key: str, path: Path) -> None:
        self._filesystem, self._key, self._path = filesystem, key, path
        self._held = bytearray()
        self._file: Any = None
        self._shown = False

    def write(self, data: memoryview) -> int:
        if self._file is None and len(self._held) + len(data) <= WHOLE_BYTES:
            self._held += data
            return len(data)
        if self._file is None:
            self._open()
        with requesting(self._path, "uploading"):
            if self._held:
                held, self._held = self._held, bytearray()
                self._file.write(held)
            self._file.write(data)
        return len(data)

    def _open(self) -> None:
        with requesting(self._path, "beginning the upload"):
            self._file = self._filesystem.open(self._key, "wb", autocommit=False)
        # fsspec keeps it for a transaction that nobody has begun
        with suppress(ValueError, AttributeError):
            self._filesystem.transaction.files.remove(self._file)
        # some stores know no commit: what is empty now is this upload
        self._shown = object_size(self._filesystem, self._key, self._path) == 0

    def commit(self) -> None:
        """Have the object appear."""
        with requesting(self._path, "completing the upload"):
            _through(self._put if self._file is None else self._complete)
        self._file = None

    def _put(self) -> None:
        self._filesystem.pipe_file(self._key, bytes(self._held))

    def _complete(self) -> None:
        self._file.close()
        self._file.commit()

    def discard(self) -> None:
        """Forget what was sent. Never closes the upload, which would complete it."""
        self._held = bytearray()
        if self._file is None:
            return
        file, self._file = self._file, None
        with suppress(Exception):  # what led here is the one to report
            file.discard()
        with suppress(Exception):
            file.closed = True  # else it completes itself when it is collected
        if self._shown:
            with suppress(Exception):
                self._filesystem.rm_file(self._key)


def _through(request: Callable[[], None]) -> None:
    """A request that an interrupt does not leave half done, so that what is in the store is known:
    the interrupt comes after it.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="gpuprop-upload") as pool:
        # the thread runs: were an interrupt to come while it starts, nobody would wait for it
        pool.submit(int).result()
        pool.submit(request).result()
