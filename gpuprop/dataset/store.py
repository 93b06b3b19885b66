"""The interface of a directory, on a disk (local.py) or in an object store (objects.py)."""

import errno
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow.fs import FileSystem

# errors when a link, a pipe, a directory or a socket is opened as a regular file
NOT_REGULAR = (errno.ELOOP, errno.EINVAL, errno.EISDIR, errno.ENXIO)


class UnfinishedFile(Protocol):
    """A file that is being written. It appears with commit(); discard() leaves nothing of it."""

    def write(self, data: memoryview) -> object:
        """Write all of the data. The caller may change it afterwards."""

    def commit(self) -> None:
        """Complete the file, and give it its name."""

    def discard(self) -> None:
        """Remove what was written."""


class Lock(ABC):
    """Write access to a directory, until release().

    Attributes
    ----------
    note : str or None
        Why other jobs are not locked out, if they are not.
    """

    note: str | None = None

    @abstractmethod
    def check(self, manifest: str, stored: bytes) -> None:
        """Raise RuntimeError if another job may write there now.

        Parameters
        ----------
        manifest : str
            The name of the manifest of this job.
        stored : bytes
            The manifest as this job last wrote it.
        """

    @abstractmethod
    def release(self, remove: bool) -> None:
        """Let others write.

        remove: also remove the file of the lock; only if this job has the lock to itself.
        """


class Reader(ABC):
    """Reads sizes and ranges of bytes of the files of a store, with as few requests as possible.

    Only regular files are read. A symbolic link is never followed, since it may lead out of the
    directory.
    """

    @abstractmethod
    def size(self, name: str) -> int | None:
        """Return the bytes of a file; None if no regular file has the name."""

    @abstractmethod
    def other(self, name: str) -> str | None:
        """Say what has the name, such as "is a symbolic link"; None for a file or nothing."""

    @abstractmethod
    def fetch(self, ranges: Mapping[str, tuple[int, int]]) -> None:
        """Get the bytes [first, stop) of each file for read(), if single reads would be slow."""

    @abstractmethod
    def fetch_ends(self, count: int) -> None:
        """Get the last `count` bytes of all files for read(), if single reads would be slow."""

    @abstractmethod
    def read(self, name: str, first: int, stop: int) -> bytes:
        """Read the bytes [first, stop) of a file. OSError if they cannot be read."""

    def exists(self, name: str) -> bool:
        """Whether anything has the name."""
        return self.size(name) is not None or self.other(name) is not None


class RawFile(Protocol):
    """A file that is open for reading, without a buffer."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Move to a position, and return it."""

    def readinto(self, buffer: memoryview, /) -> int | None:
        """Read into a buffer, and return the number of bytes: 0 at the end."""

    def close(self) -> None:
        """Close the file."""


class Store(ABC):
    """A directory of files, on a disk or in an object store.

    Files are named relative to the directory, with `/` between folders. Every OSError names the
    file and says what failed.

    Attributes
    ----------
    path : Path
        The directory; in an object store a UPath, which has the methods of a Path.
    maps_files : bool
        Whether an uncompressed file is mapped into memory instead of read.
    reads_are_cheap : bool
        Whether it is fast to open a file and read a few bytes. In an object store each is a
        request.
    """

    maps_files: ClassVar[bool]
    reads_are_cheap: ClassVar[bool]

    def __init__(self, path: Path) -> None:
        self.path = path

    def __str__(self) -> str:
        return str(self.path)

    # --- the directory ---
    @abstractmethod
    def exists(self) -> bool:
        """Whether the directory exists. In an object store it always does."""

    @abstractmethod
    def create(self) -> None:
        """Create the directory with its parents, unless it exists.

        NotADirectoryError if it is a file.
        """

    @abstractmethod
    def create_folder(self, name: str) -> None:
        """Create a folder in the directory, unless it exists."""

    @abstractmethod
    def names(self) -> list[str]:
        """List the names in the directory; none if it does not exist."""

    @abstractmethod
    def contents(self, folder: str) -> dict[str, bool]:
        """List the names in the directory and in a folder of it.

        The value says whether a regular file has the name. ForeignFileError if the folder is a
        symbolic link: its files would be outside the directory.
        """

    @abstractmethod
    def refuse_link(self, folder: str) -> None:
        """Raise ForeignFileError if the folder is a symbolic link."""

    @abstractmethod
    def has_vanished(self, name: str) -> bool:
        """Whether a file was removed after contents() listed it."""

    # --- one file ---
    @abstractmethod
    def read(self, name: str, most: int) -> bytes:
        """Read a whole file. OSError if it has more than `most` bytes, or is not a regular file."""

    @abstractmethod
    def open(self, name: str) -> RawFile:
        """Open a regular file for reading."""

    @abstractmethod
    def create_file(self, name: str) -> UnfinishedFile:
        """Begin a file. When it is committed, it replaces a file of its name."""

    @abstractmethod
    def remove(self, name: str) -> None:
        """Remove a file, if it exists."""

    @abstractmethod
    def reader(self, names: Sequence[str]) -> Reader:
        """Make a reader of these files."""

    # --- jobs ---
    @abstractmethod
    def lock(self, name: str, shared: bool = False, patience_s: float = 0.0) -> Lock:
        """Take the lock with this name: for this job only, or shared with others.

        LockedError if another job still holds it after `patience_s` seconds; ForeignFileError if a
        file that gpuprop did not write has its name.
        """

    @abstractmethod
    def owns_lock(self, name: str) -> bool:
        """Whether gpuprop wrote the file of a lock. True if it has just been removed."""

    @abstractmethod
    def is_empty_lock(self, name: str) -> bool:
        """Whether an empty file has the name of a lock: of a job that begins, or a foreign one."""

    @abstractmethod
    def shared_path(self) -> "str | Path":
        """Return the path by which other machines find the directory; it can be pickled."""

    # --- Arrow ---
    @abstractmethod
    def arrow_file(self, name: str, size: int) -> "pa.NativeFile":
        """Open a file of `size` bytes for pyarrow."""

    @abstractmethod
    def arrow_filesystem(self) -> "FileSystem":
        """Return the filesystem that holds the directory, for pyarrow."""

    @abstractmethod
    def arrow_path(self, name: str) -> str:
        """Return the path of a file in that filesystem."""


def described(error: OSError, path: Path, doing: str) -> OSError:
    """Make the same error, with the path and what was done with it."""
    why = error.strerror or str(error)
    on_disk = isinstance(path, Path)
    if isinstance(error, FileNotFoundError) and on_disk and not path.parent.is_dir():
        why = f"the directory {path.parent} has been removed"
    return type(error)(error.errno, f"{why} while {doing}", str(path))
