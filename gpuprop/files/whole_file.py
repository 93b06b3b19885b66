"""Write files that are either complete or absent.

A file is written under a temporary name beside it, flushed to the disk, then renamed.
"""

import errno
import gzip
import os
import re
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Protocol

CHUNK = 1 << 20


def temporary_name(path: Path) -> Path:
    """Make a temporary name beside `path`.

    It is hidden, so that readers of the directory ignore it, and random, so that no two writers
    share it.
    """
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")


def final_name(name: str) -> str | None:
    """Return the final name of a temporary file, or None if `name` is not a temporary name."""
    match = re.fullmatch(r"\.(.+?)(\.[0-9a-f]{8})?\.partial", name)
    return match[1] if match else None


class WholeFile:
    """A file that is being written.

    commit() gives the file its name, discard() removes it. As a context manager it is committed at
    the end, or discarded on an exception. The temporary file is always a new one: an existing file
    or link of that name is never opened.

    Attributes
    ----------
    file : io.FileIO
        Temporary file, open for writing, without a buffer.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._temporary = temporary_name(path)
        self.file = open(self._temporary, "xb", buffering=0)  # noqa: SIM115  # closed by commit and discard

    def commit(self) -> None:
        """Flush to the disk, then rename.

        The new file gets the permissions of the file that it replaces.
        """
        os.fsync(self.file.fileno())
        self.file.close()
        with suppress(FileNotFoundError):
            self._temporary.chmod(self.path.stat().st_mode & 0o7777)
        os.replace(self._temporary, self.path)
        sync_directory(self.path.parent)

    def discard(self) -> None:
        """Remove the temporary file.

        Errors are ignored, because an earlier error, which is being raised, is the one to report.
        """
        with suppress(OSError):
            self.file.close()
        with suppress(OSError):
            self._temporary.unlink()

    def __enter__(self) -> "WholeFile":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        finish(self, kind is not None)


class Unfinished(Protocol):
    """A file that is being written."""

    def commit(self) -> None:
        """Complete the file."""

    def discard(self) -> None:
        """Remove what was written."""


def finish(file: Unfinished, failed: bool) -> None:
    """Commit a file. Discard it if it failed, or if it cannot be committed."""
    if failed:
        file.discard()
        return
    try:
        file.commit()
    except BaseException:
        file.discard()
        raise


def write_whole(path: Path, data: bytes) -> None:
    """Write a file and replace a file or a link of that name.

    The OSError that may be raised does not name the file.
    """
    with WholeFile(path) as whole:
        _write_all(whole.file, data)


def replace(path: Path, pieces: Iterable[str | bytes]) -> int:
    """Write `pieces` one after the other to a file. The same pieces make the same bytes.

    Parameters
    ----------
    path : Path
        File. An existing file is replaced; if it is a link, the file that it points to is
        replaced. If the name ends in .gz, the content is compressed.
    pieces : iterable of str or bytes
        Content; text is written as UTF-8.

    Returns
    -------
    int
        Size of the file in bytes.

    Raises
    ------
    OSError
        With the name of the file. The old file is then unchanged, and no temporary file is left.
    """
    with replacing(path) as file:
        _write(file, pieces, path.suffix.lower() == ".gz")
        return file.tell()


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Open a file that replaces `path` at the end; see `replace`, whose errors it has.

    It is without a buffer: one write() may write only a part.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        raise OSError(errno.EINVAL, "cannot be replaced by a file, name another", str(path))
    try:
        with WholeFile(target) as whole:
            yield whole.file
    except OSError as error:
        raise type(error)(
            error.errno, f"{error.strerror or error} while writing the file", str(path)
        ) from error


def _write(file: IO[bytes], pieces: Iterable[str | bytes], compressed: bool) -> None:
    sink: IO[bytes] | gzip.GzipFile = (
        gzip.GzipFile("", "wb", fileobj=file, mtime=0) if compressed else file
    )
    buffer = bytearray()
    for piece in pieces:
        buffer += piece.encode() if isinstance(piece, str) else piece
        if len(buffer) >= CHUNK:
            _write_all(sink, buffer)
            buffer.clear()
    _write_all(sink, buffer)
    if compressed:
        sink.close()


def _write_all(sink: IO[bytes] | gzip.GzipFile, data: bytes | bytearray) -> None:
    """Write all of the data. One write() to a file without a buffer may write only a part."""
    left = memoryview(data)
    while left:
        left = left[sink.write(left) :]


def sync_directory(path: Path) -> None:
    """Flush new names in a directory to the disk, if the system and the file system can."""
    if os.name == "posix":
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP):
                raise
        finally:
            os.close(descriptor)
