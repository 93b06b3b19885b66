"""A file is complete or absent: written under a temporary name, hashed on the way, flushed to the disk, then renamed; or uploaded."""

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

import xxhash

from ..writing.whole_file import sync_directory
from .disk import DiskFile
from .place import described, is_remote
from .plan import digest_text
from .upload import Upload

CACHED_BYTES = 512 << 10  # hashed, and copied from the processor's cache then


def temporary_name(path: Path) -> Path:
    """Beside `path`, hidden, so that readers of the directory do not take it for a part; no two writers get the same."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")


def final_name(name: str) -> str | None:
    """The name that a temporary was to get, None for the name of a file that is no temporary."""
    match = re.fullmatch(r"\.(.+?)(\.[0-9a-f]{8})?\.partial", name)
    return match[1] if match else None


class NewFile:
    """A binary sink for `path`, as a context manager: the file appears on leaving it, or on an exception leaves nothing behind.

    In a store it is an upload, which is completed or aborted. `bytes` and `digest` (xxh3-128) are those of what was written. OSErrors
    name the path. Not seekable.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.bytes = 0
        self.closed = False
        self._temporary = temporary_name(path)
        self._hash = xxhash.xxh3_128()
        self._file: DiskFile | Upload
        if is_remote(path):
            self._file = Upload(path)
            return
        with self._doing("creating the file"):
            self._file = DiskFile(self._temporary)

    @property
    def digest(self) -> str:
        return digest_text(self._hash)

    def write(self, data: "bytes | memoryview") -> int:
        """All of `data`, or OSError."""
        if self.closed:  # discarded: Parquet's writer still writes its footer when it is collected after an error
            return len(data)
        view = memoryview(data).cast("B")
        with self._doing("writing"):
            for first in range(0, len(view), CACHED_BYTES):
                piece = view[first : first + CACHED_BYTES]
                self._hash.update(piece)
                self._file.write(piece)
        self.bytes += len(view)
        return len(view)

    def tell(self) -> int:
        return self.bytes

    def flush(self) -> None: ...

    def close(self) -> None: ...  # what Arrow calls; only leaving the context ends the file

    def readable(self) -> bool:
        return False

    def seekable(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def __enter__(self) -> "NewFile":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is None:
            try:
                self._commit()
            except BaseException:
                self._discard()
                raise
        else:
            self._discard()

    @contextmanager
    def _doing(self, what: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if is_remote(self.path):  # which has said so already
                raise
            raise described(error, self.path, what) from error

    def _commit(self) -> None:
        if isinstance(self._file, Upload):
            self._file.commit()
            self.closed = True
            return
        with self._doing("writing"):
            self._file.flush()
        with self._doing("committing the file"):
            self._file.sync()
            os.replace(self._temporary, self.path)
            self.closed = True
            sync_directory(self.path.parent)

    def _discard(self) -> None:
        self.closed = True
        if isinstance(self._file, Upload):
            self._file.discard()
            return
        self._file.abandon()
        with suppress(OSError):  # the error that led here is the one to report
            self._temporary.unlink()
