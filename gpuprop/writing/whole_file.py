"""A file is complete or absent: written under a temporary name beside it, flushed to the disk, then renamed."""

import errno
import gzip
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO

CHUNK = 1 << 20


def replace(path: Path, pieces: Iterable[str | bytes]) -> int:
    """Write `pieces` one after the other to `path`, text as UTF-8, gzipped if its name ends in .gz; returns the bytes on the disk.

    A link stays one: the file it names is replaced. The same text makes the same bytes. OSError names the file and what was being done;
    whatever happens, `path` is then what it was before, and nothing else is left.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        raise OSError(errno.EINVAL, "cannot be replaced by a file, name another", str(path))
    temporary = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        with open(temporary, "wb") as file:
            _write(file, pieces, path.suffix.lower() == ".gz")
            file.flush()
            os.fsync(file.fileno())
            size = file.tell()
        if target.exists():
            temporary.chmod(target.stat().st_mode & 0o7777)
        os.replace(temporary, target)
    except BaseException as error:
        with suppress(OSError):  # the error that led here is the one to report
            temporary.unlink()
        if isinstance(error, OSError):
            raise type(error)(error.errno, f"{error.strerror or error} while writing the file", str(path)) from error
        raise
    sync_directory(target.parent)
    return size


def _write(file: IO[bytes], pieces: Iterable[str | bytes], packed: bool) -> None:
    sink: IO[bytes] | gzip.GzipFile = gzip.GzipFile("", "wb", fileobj=file, mtime=0) if packed else file
    buffer = bytearray()
    for piece in pieces:
        buffer += piece.encode() if isinstance(piece, str) else piece
        if len(buffer) >= CHUNK:
            sink.write(buffer)
            buffer.clear()
    sink.write(buffer)
    if packed:
        sink.close()


def sync_directory(path: Path) -> None:
    """Make the new name durable, where the system and the file system can."""
    if os.name == "posix":
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP):
                raise
        finally:
            os.close(descriptor)
