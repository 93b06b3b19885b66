"""A file is complete or absent: written under a temporary name, hashed on the way, flushed to the disk, then renamed; or uploaded."""

import os
import re
import secrets
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import xxhash

from ..writing.whole_file import sync_directory
from .place import described, is_remote
from .plan import digest_text
from .upload import Upload

# Linux begins to write out what it is told it will not need again, so that the final fsync finds little to do.
WRITEBACK_BYTES = 32 << 20


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
        self._begun = 0  # bytes whose way to the disk has begun
        self._upload = Upload(path) if is_remote(path) else None
        if self._upload:
            return
        try:
            self._file = open(self._temporary, "xb", buffering=0)  # noqa: SIM115  # closed by commit and discard
        except OSError as error:
            raise described(error, path, "creating the file") from error

    @property
    def digest(self) -> str:
        return digest_text(self._hash)

    def write(self, data: "bytes | memoryview") -> int:
        """All of `data`, or OSError."""
        if self.closed:  # discarded: Parquet's writer still writes its footer when it is collected after an error
            return len(data)
        view = memoryview(data).cast("B")
        self._hash.update(view)
        if self._upload:
            self.bytes += self._upload.write(view)
            return len(view)
        try:
            left = view
            while left:
                left = left[self._file.write(left) :]
        except OSError as error:
            raise described(error, self.path, "writing") from error
        self.bytes += len(view)
        if self.bytes - self._begun >= WRITEBACK_BYTES and hasattr(os, "posix_fadvise"):
            with suppress(OSError):  # advice, which a file system may not take
                os.posix_fadvise(self._file.fileno(), self._begun, self.bytes - self._begun, os.POSIX_FADV_DONTNEED)
            self._begun = self.bytes
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
            except BaseException as failure:
                self._discard()
                if isinstance(failure, OSError) and not self._upload:
                    raise described(failure, self.path, "committing the file") from failure
                raise
        else:
            self._discard()

    def _commit(self) -> None:
        if self._upload:
            self._upload.commit()
            self.closed = True
            return
        os.fsync(self._file.fileno())
        self._file.close()
        os.replace(self._temporary, self.path)
        self.closed = True
        sync_directory(self.path.parent)

    def _discard(self) -> None:
        self.closed = True
        if self._upload:
            self._upload.discard()
            return
        with suppress(OSError):  # the error that led here is the one to report
            self._file.close()
        with suppress(OSError):
            self._temporary.unlink()
