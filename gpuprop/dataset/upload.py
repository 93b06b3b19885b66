"""Upload an object that is complete or absent.

Its bytes are sent in pieces. It appears when the upload is completed.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from .requests import object_size, requesting

WHOLE_BYTES = 16 << 20  # objects up to this size, such as manifests, are sent in one request


class Upload:
    """The upload of one object. It appears with commit(); discard() leaves nothing of it.

    A small object takes one request. An object that has the name is replaced. OSErrors name the
    object.
    """

    def __init__(self, filesystem: Any, key: str, path: Path) -> None:
        self._filesystem, self._key, self._path = filesystem, key, path
        self._collected = bytearray()  # of a small object, or of one that is not begun yet
        self._file: Any = None
        self._visible = False  # whether the store shows the object before it is complete

    def write(self, data: memoryview) -> int:
        """Write all of the data. The caller may change it afterwards."""
        if self._file is None and len(self._collected) + len(data) <= WHOLE_BYTES:
            self._collected += data
            return len(data)
        if self._file is None:
            self._open()
        with requesting(self._path, "uploading"):
            if self._collected:
                collected, self._collected = self._collected, bytearray()
                self._file.write(collected)
            self._file.write(data)
        return len(data)

    def _open(self) -> None:
        with requesting(self._path, "beginning the upload"):
            self._file = self._filesystem.open(self._key, "wb", autocommit=False)
        # fsspec keeps the file for a transaction, although none has begun
        with suppress(ValueError, AttributeError):
            self._filesystem.transaction.files.remove(self._file)
        # some stores have no commit: an object that is empty now is this upload
        self._visible = object_size(self._filesystem, self._key, self._path) == 0

    def commit(self) -> None:
        """Complete the upload: the object appears."""
        with requesting(self._path, "completing the upload"):
            _complete_request(self._put if self._file is None else self._complete)
        self._file = None

    def _put(self) -> None:
        self._filesystem.pipe_file(self._key, bytes(self._collected))

    def _complete(self) -> None:
        self._file.close()
        self._file.commit()

    def discard(self) -> None:
        """Abort the upload. It is never closed, since that would complete it."""
        self._collected = bytearray()
        if self._file is None:
            return
        file, self._file = self._file, None
        with suppress(Exception):  # the error that led here is the one to report
            file.discard()
        with suppress(Exception):
            file.closed = True  # else it completes the upload when it is deleted
        if self._visible:
            with suppress(Exception):
                self._filesystem.rm_file(self._key)


def _complete_request(request: Callable[[], None]) -> None:
    """Make a request that an interrupt cannot cut off: it takes effect after the request.

    So the job knows whether the object is in the store.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="gpuprop-upload") as pool:
        # start the thread first: after an interrupt during its start, nobody would wait for it
        pool.submit(int).result()
        pool.submit(request).result()
