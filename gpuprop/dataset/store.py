"""Where a directory of snapshots is: on a disk, or in an object store (`s3://`, `gs://`, ...) that
fsspec reaches.

What the two have in common is the interface of pathlib, which universal-pathlib gives to stores.
What differs is here: a store has no directories but names, is listed rather than asked for one file
after the other, and its errors are those of many libraries.
"""

import errno
import io
import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast
from urllib.request import url2pathname

from ..errors import ForeignFileError
from ..files.addresses import shown_url
from ..files.small_file import os_flags
from ..files.whole_file import sync_directory

if TYPE_CHECKING:
    from upath import UPath

# a path on a disk, a URL, or a UPath with the options of its store
AnyPath: TypeAlias = "str | os.PathLike[str] | UPath"

URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]+)://(?P<rest>.*)", re.DOTALL)
LOGIN = re.compile(r"[^@]*:[^@]*@", re.DOTALL)
ON_DISK = ("file", "local")
THIS_MACHINE = ("", "localhost")  # hosts of a file URL (RFC 8089)
# what pathlib makes of a URL
SPOILT = re.compile(r"(s3a?|gcs|gs|az|abfss?|memory|file|local):[/\\][^/\\]", re.IGNORECASE)
NO_BUCKET = re.compile("[Ss]pecified (bucket|container) does not exist")  # as stores put it
# how opening a link, a pipe, a directory or a socket fails
NOT_REGULAR = (errno.ELOOP, errno.EINVAL, errno.EISDIR, errno.ENXIO)
NUMBERS: dict[type[OSError], int] = {  # of errors that come without one
    FileNotFoundError: errno.ENOENT,
    FileExistsError: errno.EEXIST,
    PermissionError: errno.EACCES,
    IsADirectoryError: errno.EISDIR,
    NotADirectoryError: errno.ENOTDIR,
    TimeoutError: errno.ETIMEDOUT,
    ConnectionError: errno.EIO,
}


def place(path: AnyPath) -> Path:
    """A directory given as a path, as a URL or as a UPath. What is in a store has the methods of a
    Path that are used here.

    RuntimeError where what reaches the store is not installed; ValueError for a URL that is not
    known, or with a password in it.
    """
    if not isinstance(path, (str, os.PathLike)) and not hasattr(path, "fs"):
        raise TypeError(f"a directory is a path or a URL, not {path!r}")
    if SPOILT.match(str(path)):
        raise ValueError(
            f"{shown_url(str(path))} is not a URL, which has two slashes: give it as text, not as a "
            "pathlib.Path"
        )
    if isinstance(path, Path):  # which a UPath of a disk is, too
        return Path(path)
    match = URL.match(str(path))
    if match is None:
        if "://" in str(path):
            raise ValueError(
                f"{shown_url(str(path))}: chained URLs are not supported, name the store alone"
            )
        return Path(cast("str | os.PathLike[str]", path))
    if match["scheme"].lower() in ON_DISK:
        return _on_disk(str(path), match["scheme"].lower(), match["rest"])
    if LOGIN.match(match["rest"]):
        raise ValueError(
            f"{shown_url(str(path))}: give no password in a URL, but in the environment or as "
            "options of a UPath"
        )
    if "?" in match["rest"]:
        raise ValueError(
            f"{shown_url(str(path))}: a store has no query (?...): give options in the environment "
            "or as those of a UPath"
        )
    url = f"{match['scheme'].lower()}://{match['rest'].rstrip('/')}"
    try:
        made = path if hasattr(path, "fs") else import_module("upath").UPath(url)
        # what universal-pathlib makes of a scheme that it does not take for one
        if isinstance(made, Path):
            raise ValueError("there is no such store")
        _ = made.fs
    except ModuleNotFoundError as error:
        raise RuntimeError(
            f"{url} needs fsspec and universal-pathlib ({error}): pip install 'gpuprop[remote]'"
        ) from error
    except ImportError as error:  # it names the package of the store
        raise RuntimeError(f"{url} cannot be reached: {error}") from error
    except ValueError as error:
        raise ValueError(f"{url} is not known: {error}") from error
    except Exception as error:  # some stores connect at once
        raise described(_translated(error), url, "connecting") from error
    return cast(Path, made)


def _on_disk(url: str, scheme: str, rest: str) -> Path:
    """The path of a file URL. ValueError for another machine, and for a path that is not absolute."""
    if scheme == "local":  # fsspec's scheme: the rest is the path, unchanged
        return Path(rest)
    host, slash, below = rest.partition("/")
    if host.lower() not in THIS_MACHINE:
        raise ValueError(
            f"{shown_url(url)} names another machine: write file:///PATH for a file of this one"
        )
    if not slash or not below.strip("/"):
        raise ValueError(
            f"{shown_url(url)} names no directory: write file:///PATH, or the path alone"
        )
    return Path(url2pathname(slash + below))


def is_remote(path: Path) -> bool:
    """Whether it is in a store."""
    return not isinstance(path, Path)


def store(path: Path) -> Any:
    """The fsspec filesystem of what is in a store."""
    return cast("UPath", path).fs


def key(path: Path) -> str:
    """Its name there."""
    return str(cast("UPath", path).path)


# --- errors ---
def described(error: OSError, path: Any, doing: str) -> OSError:
    """The same error, with what was being done and to which file."""
    gone = (
        isinstance(error, FileNotFoundError) and isinstance(path, Path) and not path.parent.is_dir()
    )
    why = f"the directory {path.parent} has been removed" if gone else error.strerror or str(error)
    return type(error)(error.errno, f"{why} while {doing}", str(path))


def no_bucket(error: Exception) -> bool:
    """Whether it is the bucket that is not there, rather than an object in it."""
    return isinstance(error, FileNotFoundError) and NO_BUCKET.search(str(error)) is not None


@contextmanager
def asking(path: Path, doing: str) -> Iterator[None]:
    """Requests to a store: whatever goes wrong is an OSError that says what, where, and what to do."""
    try:
        yield
    except Exception as error:
        raise described(_translated(error), path, doing) from error


def _translated(error: Exception) -> OSError:
    """What the libraries of the stores raise, as an OSError without a path."""
    why = (
        (error.strerror if isinstance(error, OSError) else None)
        or str(error)
        or type(error).__name__
    )
    text = f"{type(error).__name__} {why}"
    kind = next((each for each in NUMBERS if isinstance(error, each)), OSError)
    if isinstance(error, PermissionError) or "redential" in text:
        kind = PermissionError
        why += " (see to the credentials and their rights: in the environment, or as options of a UPath)"
    elif no_bucket(error):
        why += " (make it first: gpuprop makes no buckets)"
    elif re.search("[Cc]onnect|[Tt]ime(d )?out", text):
        why += " (see to the network, and to the endpoint of the store)"
    return kind(getattr(error, "errno", None) or NUMBERS.get(kind, errno.EIO), why)


# --- what is there ---
def make_directory(path: Path) -> None:
    """The directory, with its parents, unless it is there. In a store a name makes it.
    NotADirectoryError if it is a file.
    """
    if is_remote(path) or path.is_dir():
        return
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        # checked after the attempt: another job may make the directory at any moment
        if path.exists():
            raise NotADirectoryError(
                f"{path} is a file: give a directory for the snapshots"
            ) from None
        raise
    with suppress(OSError):  # its parent may be one that may not be read
        sync_directory(path.parent)


def listing(directory: Path) -> dict[str, int]:
    """The objects below a name in a store, relative to it, with their sizes: in one request, or one
    for each thousand. NotADirectoryError if it is itself an object.
    """
    fs, base = store(directory), key(directory).rstrip("/")
    with asking(directory, "listing it"):
        fs.invalidate_cache()  # others may write there
        found: dict[str, dict[str, Any]] = fs.find(key(directory), detail=True)
    if any(name == base and each["size"] for name, each in found.items()):
        raise NotADirectoryError(
            f"{directory} is an object: give a name under which there is none for the snapshots"
        )
    files = {
        name.removeprefix(f"{base}/"): each
        for name, each in found.items()
        if name.startswith(f"{base}/")
    }
    return {
        name: int(each["size"])
        for name, each in files.items()
        if name.strip("/") and not name.endswith("/")
    }


def names(directory: Path) -> list[str]:
    """Of what is directly in a directory; none if it is not there."""
    if not is_remote(directory):
        return [path.name for path in directory.iterdir()] if directory.is_dir() else []
    fs = store(directory)
    with asking(directory, "listing it"):
        fs.invalidate_cache()
        try:
            return [
                str(name).rstrip("/").rpartition("/")[2]
                for name in fs.ls(key(directory), detail=False)
            ]
        except FileNotFoundError as error:
            if no_bucket(error):
                raise
            return []


def refuse_links(directory: Path, parts: str) -> None:
    """ForeignFileError if the directory of the parts is a symbolic link: its files are outside the
    directory of the run.
    """
    if not is_remote(directory) and (directory / parts).is_symlink():
        raise ForeignFileError(
            f"{directory / parts} is a symbolic link, and links are not followed: put the parts "
            "there, or choose another directory"
        )


def contents(directory: Path, parts: str) -> dict[str, bool]:
    """The names in a directory and in its directory `parts`, relative to it, and whether each is a
    regular file. In a store: all objects below it.
    """
    if is_remote(directory):
        return dict.fromkeys(listing(directory), True)
    found: dict[str, bool] = {}
    for folder, prefix in ((directory, ""), (directory / parts, f"{parts}/")):
        with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
            found |= {
                prefix + entry.name: entry.is_file(follow_symlinks=False) for entry in entries
            }
    if found.get(parts) is False and (directory / parts).is_dir():
        del found[parts]
    return found


class Look:
    """Sizes and ranges of bytes of the files of a directory. A store is listed once.

    Only regular files are read. A symbolic link is never followed, since it may lead out of the
    directory.

    Parameters
    ----------
    directory : Path
        The directory.
    names : sequence of str
        The files that may be needed, relative to the directory.
    """

    def __init__(self, directory: Path, names: Sequence[str]) -> None:
        self._directory = directory
        self._sizes: dict[str, int] | None = None
        self._ranges: dict[tuple[str, int, int], bytes | OSError] = {}
        if is_remote(directory):
            if len(names) == 1:
                size = object_size(directory / names[0])
                self._sizes = {} if size is None else {names[0]: size}
            else:
                self._sizes = listing(directory)

    def size(self, name: str) -> int | None:
        """Bytes of a file; None if there is no regular file of that name."""
        if self._sizes is not None:
            return self._sizes.get(name)
        try:
            there = os.lstat(self._directory / name)
        except (FileNotFoundError, NotADirectoryError):
            return None
        return there.st_size if stat.S_ISREG(there.st_mode) else None

    def other(self, name: str) -> str | None:
        """What has the name if it is not a regular file: "is a symbolic link"; None for a regular
        file, and if there is nothing.
        """
        if self._sizes is not None:
            return None
        try:
            mode = os.lstat(self._directory / name).st_mode
        except (FileNotFoundError, NotADirectoryError):
            return None
        if stat.S_ISREG(mode):
            return None
        return "is a symbolic link" if stat.S_ISLNK(mode) else "is not a regular file"

    def fetch(self, ranges: Mapping[str, tuple[int, int]]) -> None:
        """In a store: read these bytes [first, stop) of each file in one request, for read() to
        return.
        """
        if self._sizes is None:
            return
        wanted = [
            (name, *span) for name, span in ranges.items() if (name, *span) not in self._ranges
        ]
        if not wanted:
            return
        keys, firsts, stops = (
            [*each]
            for each in zip(
                *((key(self._directory / name), a, b) for name, a, b in wanted), strict=True
            )
        )
        with asking(self._directory, "reading its files"):
            found = store(self._directory).cat_ranges(keys, firsts, stops, on_error="return")
        for each, data in zip(wanted, found, strict=True):
            self._ranges[each] = _translated(data) if isinstance(data, Exception) else bytes(data)

    def read(self, name: str, first: int, stop: int) -> bytes:
        """The bytes [first, stop) of a file. OSError if they cannot be read."""
        path = self._directory / name
        if self._sizes is None:
            with open_regular(path) as file:
                file.seek(first)
                return file.read(stop - first)
        if (name, first, stop) not in self._ranges:
            self.fetch({name: (first, stop)})
        found = self._ranges[name, first, stop]
        if isinstance(found, OSError):
            raise found
        return found


# --- one file ---
def object_size(path: Path) -> int | None:
    """Of an object in a store, in bytes; None if it is not there."""
    with asking(path, "looking at it"):
        store(path).invalidate_cache()
        try:
            found = store(path).info(key(path))
        except FileNotFoundError as error:
            if no_bucket(error):
                raise
            return None
        return int(found["size"]) if found["type"] == "file" else None


def open_regular(path: Path) -> FileIO:
    """Open a file of a disk for reading, without a buffer. OSError if it is not a regular file: a
    link is not followed, and opening a pipe does not wait for its writer.
    """
    flags = os_flags("O_RDONLY", "O_NOFOLLOW", "O_NONBLOCK")
    try:
        file = open(path, "rb", buffering=0, opener=lambda name, _: os.open(name, flags))  # noqa: SIM115  # the caller closes it
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise OSError(
                errno.ELOOP, "it is a symbolic link, which is not followed here", str(path)
            ) from None
        raise
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "it is not a regular file", str(path))
    return file


def read_bytes(path: Path, most: int) -> bytes:
    """All of a file. OSError if it has more than `most` bytes, or is not a regular file."""
    if not is_remote(path):
        # read() of a raw file gives 2 GiB at most
        with open_regular(path) as raw, io.BufferedReader(raw) as file:
            data = file.read(min(most, os.fstat(file.fileno()).st_size) + 1)
    else:
        with asking(path, "reading"):
            data = bytes(store(path).cat_file(key(path), end=most + 1))
    if len(data) > most:
        raise OSError(errno.EFBIG, f"it has more than {most:,} bytes", str(path))
    return data


class ObjectFile(io.RawIOBase):
    """An object in a store, to be read from any place in it: each read is one request, for these
    bytes alone. size: where it is known.
    """

    def __init__(self, path: Path, size: int | None = None) -> None:
        self._path = path
        self._size = object_size(path) if size is None else size
        self._at = 0
        if self._size is None:
            raise FileNotFoundError(errno.ENOENT, "there is no such object", str(path))

    def read(self, count: int | None = -1) -> bytes:
        assert self._size is not None
        stop = self._size if count is None or count < 0 else min(self._at + count, self._size)
        if stop <= self._at:
            return b""
        with asking(self._path, "reading"):
            data = bytes(store(self._path).cat_file(key(self._path), start=self._at, end=stop))
        self._at += len(data)
        return data

    def readinto(self, buffer: Any) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        assert self._size is not None
        self._at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True


def remove(path: Path) -> None:
    """A file, if it is there."""
    if not is_remote(path):
        path.unlink(missing_ok=True)
        return
    with asking(path, "removing"), suppress(FileNotFoundError):
        store(path).rm_file(key(path))
