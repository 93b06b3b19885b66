"""Lock a directory on a disk. The kernel frees the lock when its process ends, even after a kill.

A whole run has `.lock` to itself. The shards of a run share `.lock`, and each has another lock of
its own. The files are removed at the end. If a killed job left one, it is free, and the next job
takes it. If the system has no such locks (Windows, some cluster file systems), a run continues
without a lock, with a note.
"""

import errno
import json
import os
import socket
import stat
import sys
import time
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path

from ..errors import ForeignFileError, GpupropError, LockedError
from ..files.small_file import os_flags
from ..files.whole_file import temporary_name
from ..version import __version__
from .regular_file import open_regular, read_regular
from .shards import Shard
from .store import Lock, described

if sys.platform != "win32":
    import fcntl

NAME = ".lock"
OURS = b'{"gpuprop": '  # what the content of every lock begins with
MOST_BYTES = 4096  # of the content of a lock
# errors of file systems without hard links, and of those without locks
NO_LINKS = (errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EMLINK)
NO_LOCKS = (errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOLCK, errno.EINVAL)

EMPTY_S = 2.0  # how long an empty file counts as a lock that is being made
POLL_S = 0.05


class _EmptyError(GpupropError):
    """A lock has no content yet: without hard links, it is created before it is written."""


class FileLock(Lock):
    """A lock in a file.

    Parameters
    ----------
    path : Path
        The file; it is created if it does not exist.
    shared : bool
        Whether other jobs may share the lock.
    patience_s : float
        Seconds to wait for a job that holds it.

    Raises
    ------
    LockedError
        Another job still holds it.
    ForeignFileError
        A file that gpuprop did not write has the name.
    OSError
        The file cannot be written.
    """

    def __init__(self, path: Path, shared: bool = False, patience_s: float = 0.0) -> None:
        self.path = path
        if sys.platform == "win32":
            self._file = -1
            self.note = (
                "this system has no file locks: make sure that no second job writes the directory"
            )
            return
        self._begun = time.perf_counter()
        limit = self._begun + patience_s
        while True:
            self._file = _open(path, _content(shared))
            try:
                self._take(shared)
                if self._is_the_file():
                    break  # else the job that held it removed the file after it was opened
            except LockedError:
                if time.perf_counter() >= limit:
                    os.close(self._file)
                    raise
                time.sleep(POLL_S)
            except _EmptyError:
                time.sleep(POLL_S)
            except BaseException:
                os.close(self._file)
                raise
            os.close(self._file)
        with suppress(OSError):  # only people read the content, and a disk may be full
            os.pwrite(self._file, text := _content(shared), 0)
            os.ftruncate(self._file, len(text))

    def _take(self, shared: bool) -> None:
        if sys.platform == "win32":
            return
        is_file = stat.S_ISREG(os.fstat(self._file).st_mode)
        begin = os.pread(self._file, len(OURS), 0) if is_file else b""
        if is_file and not begin and time.perf_counter() < self._begun + EMPTY_S:
            raise _EmptyError("its job has just begun to write it")
        if begin != OURS:
            what = "an empty file" if is_file and not begin else "no lock of gpuprop"
            raise ForeignFileError(
                f"{self.path} is {what}: if no job runs and no other program needs it, remove it"
            )
        try:
            fcntl.flock(self._file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in NO_LOCKS:
                self.note = (
                    f"the file system has no locks ({error.strerror}): make sure that no second "
                    f"job writes {self.path.parent}"
                )
            elif error.errno in (errno.EWOULDBLOCK, errno.EACCES):
                raise LockedError(
                    f"{self._what} is locked by another job ({holder(self.path)}): wait for it to "
                    "finish"
                ) from None
            else:
                raise described(error, self.path, "locking the directory") from error

    def _is_the_file(self) -> bool:
        """Whether the open file is still the one that has the name."""
        try:
            named, opened = os.stat(self.path), os.fstat(self._file)
        except FileNotFoundError:
            return False
        return (named.st_dev, named.st_ino) == (opened.st_dev, opened.st_ino)

    @property
    def _what(self) -> str:
        return (
            f"{self.path.parent}"
            if self.path.name == NAME
            else f"{_shard(self.path.name)} of {self.path.parent}"
        )

    def check(self, manifest: str, stored: bytes) -> None:
        """Raise RuntimeError if the file of the lock, or its directory, was removed or replaced."""
        if self._file >= 0 and not self._is_the_file():
            what = f"its {self.path.name}" if self.path.parent.is_dir() else "it"
            raise RuntimeError(
                f"{self.path.parent}: {what} was removed while the job ran, so another job may "
                "write there now; stopped"
            )

    def release(self, remove: bool) -> None:
        """Free the lock. remove: also remove the file."""
        if self._file >= 0:
            with suppress(OSError):
                if remove and self._is_the_file():
                    os.unlink(self.path)
            os.close(self._file)
            self._file = -1


def is_lock(name: str) -> bool:
    """Whether a file of this name in the directory is one of the locks."""
    return name == NAME or Shard.named(f"shard{name.removeprefix(NAME)}.json") is not None


def holder(path: Path) -> str:
    """Describe the job that holds a lock, as far as its file says: pid, host and start."""
    with suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
        found, _ = json.JSONDecoder().raw_decode(read_regular(path, MOST_BYTES).decode())
        if "shards" in found:
            shards = sorted(each for each in path.parent.glob(f"{NAME}-*") if is_lock(each.name))
            holders = [f"{_shard(each.name)}: {holder(each)}" for each in shards[:3]]
            return "; ".join(holders + (["..."] if len(shards) > 3 else [])) or "a shard"
        return f"pid {found['pid']} on {found['host']}, since {found['started']}"
    return "which one is not known yet"


def _shard(name: str) -> str:
    return f"shard {Shard.named(f'shard{name.removeprefix(NAME)}.json')}"


def _content(shared: bool) -> bytes:
    facts: dict[str, str | int | bool] = {"gpuprop": __version__}
    if shared:
        facts |= {"shards": True}  # several jobs write this file: the same bytes from each
    else:
        started = datetime.now(timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z")
        facts |= {"host": socket.gethostname(), "pid": os.getpid(), "started": started}
    return json.dumps(facts).encode() + b"\n"


def is_ours(path: Path) -> bool:
    """Whether gpuprop wrote the file of a lock. True if it has just been removed."""
    try:
        with open_regular(path) as file:
            return file.read(len(OURS)) == OURS
    except FileNotFoundError:
        return True
    except OSError:
        return False


def is_empty_lock(path: Path) -> bool:
    """Whether an empty file has the name of a lock: that of a job that begins, or a foreign one."""
    with suppress(OSError):
        found = os.lstat(path)
        return is_lock(path.name) and found.st_size == 0 and stat.S_ISREG(found.st_mode)
    return False


def _open(path: Path, content: bytes) -> int:
    """Open the file of a lock. If there is none, create it with its content in one step."""
    flags = os_flags("O_RDWR", "O_NOFOLLOW", "O_NONBLOCK")
    try:
        while True:
            with suppress(FileNotFoundError):
                return os.open(path, flags)
            with suppress(FileExistsError):  # another job was faster
                _make(path, content)
    except OSError as error:
        raise described(error, path, "locking the directory") from error


def _make(path: Path, content: bytes) -> None:
    """Create a file that appears with its whole content. FileExistsError if there is one."""
    temporary = temporary_name(path)
    try:
        with open(temporary, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())  # it must not be empty after a power cut
        # FileNotFoundError: another job removed the temporary file; the caller tries again
        with suppress(FileNotFoundError):
            os.link(temporary, path)
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        with open(path, "xb", buffering=0) as file:  # without hard links
            file.write(content)
    finally:
        with suppress(OSError):
            temporary.unlink()
