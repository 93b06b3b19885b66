"""What every place of a dataset can do: a directory on a disk (local.py), or a name in an object
store (objects.py).
"""

import errno
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow.fs import FileSystem

# how opening a link, a pipe, a directory or a socket as a regular file fails
NOT_REGULAR = (errno.ELOOP, errno.EINVAL, errno.EISDIR, errno.ENXIO)


class UnfinishedFile(Protocol):
    """A file that is being written: after commit() it has its name, after discard() nothing is
    left of it.
    """

    def write(self, data: memoryview) -> object:
        """Write all of the data. The caller may change it afterwards."""

    def commit(self) -> None:
        """Give the file its name."""

    def discard(self) -> None:
        """Remove what was written."""


class Lock(ABC):
    """Write access to a directory, from its making until release().

    Attributes
    ----------
    note : str or None
        Why other jobs are not locked out, if they are not.
    """

    note: str | None = None

    @abstractmethod
    def check(self, manifest: str, stored: bytes) -> None:
        """Raise RuntimeError if another job may write there by now.

        Parameters
        ----------
        manifest : str
            The name of the manifest of this job.
        stored : bytes
            The manifest as this job wrote it last.
        """

    @abstractmethod
    def release(self, remove: bool) -> None:
        """Let others write. remove: also remove the file of the lock, if this job holds it alone."""


class Reader(ABC):
    """Sizes and ranges of bytes of the files of a store, asked for in as few requests as it takes.

    Only regular files are read. A symbolic link is never followed, since it may lead out of the
    directory.
    """

    @abstractmethod
    def size(self, name: str) -> int | None:
        """Bytes of a file; None if there is no regular file of that name."""

    @abstractmethod
    def other(self, name: str) -> str | None:
        """What has the name if it is not a regular file, such as "is a symbolic link"; else None."""

    @abstractmethod
    def fetch(self, ranges: Mapping[str, tuple[int, int]]) -> None:
        """Have the bytes [first, stop) of each file ready for read(), where reading one range after
        the other would be slow.
        """

    @abstractmethod
    def fetch_ends(self, count: int) -> None:
        """Have the last `count` bytes of all files of the reader ready for read(), likewise."""

    @abstractmethod
    def read(self, name: str, first: int, stop: int) -> bytes:
        """Read the bytes [first, stop) of a file. OSError if they cannot be read."""

    def exists(self, name: str) -> bool:
        """Whether anything has the name."""
        return self.size(name) is not None or self.other(name) is not None


class RawFile(Protocol):
    """A file that is open for reading, without a buffer."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Move to a place; it is returned."""

    def readinto(self, buffer: memoryview, /) -> int | None:
        """Fill a buffer; the number of bytes is returned, 0 at the end."""

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
        Whether opening a file and reading a few bytes costs next to nothing. In an object store
        each is a request.
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
        """Whether the directory exists. In an object store every name does."""

    @abstractmethod
    def create(self) -> None:
        """Make the directory with its parents, unless it exists. NotADirectoryError for a file."""

    @abstractmethod
    def create_folder(self, name: str) -> None:
        """Make a folder in the directory, unless it exists."""

    @abstractmethod
    def names(self) -> list[str]:
        """Names directly in the directory; none if it does not exist."""

    @abstractmethod
    def contents(self, folder: str) -> dict[str, bool]:
        """Names in the directory and in a folder of it, and whether each is a regular file.

        ForeignFileError if the folder is a symbolic link: its files would be outside the directory.
        """

    @abstractmethod
    def refuse_link(self, folder: str) -> None:
        """Raise ForeignFileError if the folder is a symbolic link."""

    @abstractmethod
    def has_vanished(self, name: str) -> bool:
        """Whether a name that contents() gave has been removed since."""

    # --- one file ---
    @abstractmethod
    def read(self, name: str, most: int) -> bytes:
        """Read a whole file. OSError if it has more than `most` bytes, or is not a regular file."""

    @abstractmethod
    def open(self, name: str) -> RawFile:
        """Open a regular file for reading."""

    @abstractmethod
    def create_file(self, name: str) -> UnfinishedFile:
        """Begin a file, which replaces one of its name when it is committed."""

    @abstractmethod
    def remove(self, name: str) -> None:
        """Remove a file, if it exists."""

    @abstractmethod
    def reader(self, names: Sequence[str]) -> Reader:
        """Make a reader of these files."""

    # --- jobs ---
    @abstractmethod
    def lock(self, name: str, shared: bool = False, patience_s: float = 0.0) -> Lock:
        """Take the lock with this name, alone or shared with others.

        LockedError if another job holds it for longer than `patience_s` seconds; ForeignFileError
        if a file that gpuprop did not write has its name.
        """

    @abstractmethod
    def owns_lock(self, name: str) -> bool:
        """Whether gpuprop wrote the file with the name of a lock. True if it has just been removed."""

    @abstractmethod
    def is_empty_lock(self, name: str) -> bool:
        """Whether it is an empty file with the name of a lock: one of a job that has just begun, or
        a foreign one.
        """

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
    """Make the same error with what was done, and to which file."""
    gone = (
        isinstance(error, FileNotFoundError) and isinstance(path, Path) and not path.parent.is_dir()
    )
    why = f"the directory {path.parent} has been removed" if gone else error.strerror or str(error)
    return type(error)(error.errno, f"{why} while {doing}", str(path))
