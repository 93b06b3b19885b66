"""A dataset in an object store (`s3://`, `gs://`, ...) that fsspec reaches.

An object store has no directories, only names. One request lists all objects, so no request is
needed for a single file. There are no locks.
"""

import errno
import io
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pyarrow.fs as pafs

from .requests import as_os_error, no_bucket, object_size, requesting
from .store import Lock, Reader, Store
from .upload import Upload


class ObjectStore(Store):
    """The objects below a name in a store. path: a UPath."""

    maps_files = False
    reads_are_cheap = False

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.filesystem: Any = cast(Any, path).fs

    def key(self, name: str = "") -> str:
        """Return the name of an object in the whole store."""
        return str(cast(Any, self.path / name if name else self.path).path)

    def exists(self) -> bool:
        return True

    def create(self) -> None: ...

    def create_folder(self, name: str) -> None: ...

    def names(self) -> list[str]:
        with requesting(self.path, "listing it"):
            self.filesystem.invalidate_cache()
            try:
                found = self.filesystem.ls(self.key(), detail=False)
            except FileNotFoundError as error:
                if no_bucket(error):
                    raise
                return []
        return [str(name).rstrip("/").rpartition("/")[2] for name in found]

    def sizes(self) -> dict[str, int]:
        """Return names and sizes of all objects: one request, or one for each thousand.

        NotADirectoryError if the name of the directory is itself an object.
        """
        base = self.key().rstrip("/")
        with requesting(self.path, "listing it"):
            self.filesystem.invalidate_cache()  # others may write there
            found: dict[str, dict[str, Any]] = self.filesystem.find(self.key(), detail=True)
        if any(name == base and each["size"] for name, each in found.items()):
            raise NotADirectoryError(
                f"{self} is an object: give a name under which there is none for the dataset"
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

    def contents(self, folder: str) -> dict[str, bool]:
        return dict.fromkeys(self.sizes(), True)

    def refuse_link(self, folder: str) -> None: ...

    def has_vanished(self, name: str) -> bool:
        return False  # a listing shows one moment

    def size(self, name: str) -> int | None:
        """Return the bytes of an object; None if it does not exist."""
        return object_size(self.filesystem, self.key(name), self.path / name)

    def read(self, name: str, most: int) -> bytes:
        with requesting(self.path / name, "reading"):
            data = bytes(self.filesystem.cat_file(self.key(name), end=most + 1))
        if len(data) > most:
            raise OSError(errno.EFBIG, f"it has more than {most:,} bytes", str(self.path / name))
        return data

    def open(self, name: str) -> "ObjectFile":
        size = self.size(name)
        if size is None:
            raise FileNotFoundError(errno.ENOENT, "there is no such object", str(self.path / name))
        return ObjectFile(self, name, size)

    def create_file(self, name: str) -> Upload:
        return Upload(self.filesystem, self.key(name), self.path / name)

    def remove(self, name: str) -> None:
        with requesting(self.path / name, "removing"), suppress(FileNotFoundError):
            self.filesystem.rm_file(self.key(name))

    def reader(self, names: Sequence[str]) -> "ObjectReader":
        return ObjectReader(self, names)

    def lock(self, name: str, shared: bool = False, patience_s: float = 0.0) -> "ManifestWatch":
        return ManifestWatch(self, shared)

    def owns_lock(self, name: str) -> bool:
        return False

    def is_empty_lock(self, name: str) -> bool:
        return False

    def shared_path(self) -> Path:
        return self.path  # with the options of the store

    def arrow_file(self, name: str, size: int) -> pa.NativeFile:
        return pa.PythonFile(ObjectFile(self, name, size), "r")

    def arrow_filesystem(self) -> pafs.FileSystem:
        return pafs.PyFileSystem(pafs.FSSpecHandler(self.filesystem))

    def arrow_path(self, name: str) -> str:
        return self.key(name)


class ManifestWatch(Lock):
    """Write access in a store, which has no locks. The job that began last has it.

    A job that began earlier finds a manifest that it did not write, and stops.
    """

    def __init__(self, store: ObjectStore, shared: bool) -> None:
        self._store, self._shared = store, shared
        self.note = f"an object store has no locks: make sure that no second job writes {store}"

    def check(self, manifest: str, stored: bytes) -> None:
        if self._shared:  # the watch of the shard itself reads its manifest
            return
        try:
            found = self._store.read(manifest, len(stored))
        except FileNotFoundError:
            found = b""
        except OSError as error:
            if error.errno != errno.EFBIG:
                raise
            found = b""
        if found != stored:
            raise RuntimeError(
                f"another job writes {self._store} ({manifest} there is not what this one wrote); "
                "stopped"
            )

    def release(self, remove: bool) -> None: ...


class ObjectReader(Reader):
    """Reads objects: one request lists all sizes, one request reads a range of every file."""

    def __init__(self, store: ObjectStore, names: Sequence[str]) -> None:
        self._store, self._names = store, names
        self._ranges: dict[tuple[str, int, int], bytes | OSError] = {}
        self._ends_fetched = False
        if len(names) == 1:
            size = store.size(names[0])
            self._sizes = {} if size is None else {names[0]: size}
        else:
            self._sizes = store.sizes()

    def size(self, name: str) -> int | None:
        return self._sizes.get(name)

    def other(self, name: str) -> str | None:
        return None

    def fetch(self, ranges: Mapping[str, tuple[int, int]]) -> None:
        wanted = [
            (name, *span) for name, span in ranges.items() if (name, *span) not in self._ranges
        ]
        if not wanted:
            return
        keys, firsts, stops = (
            [*each]
            for each in zip(
                *((self._store.key(name), first, stop) for name, first, stop in wanted),
                strict=True,
            )
        )
        with requesting(self._store.path, "reading its files"):
            found = self._store.filesystem.cat_ranges(keys, firsts, stops, on_error="return")
        for each, data in zip(wanted, found, strict=True):
            self._ranges[each] = as_os_error(data) if isinstance(data, Exception) else bytes(data)

    def fetch_ends(self, count: int) -> None:
        if not self._ends_fetched:
            self._ends_fetched = True
            sizes = {name: self._sizes[name] for name in self._names if name in self._sizes}
            self.fetch({name: (max(0, size - count), size) for name, size in sizes.items()})

    def read(self, name: str, first: int, stop: int) -> bytes:
        found = self._ranges.get((name, first, stop))
        if found is None:  # it is not kept, so memory does not grow with what is read
            with requesting(self._store.path / name, "reading"):
                return bytes(
                    self._store.filesystem.cat_file(self._store.key(name), start=first, end=stop)
                )
        if isinstance(found, OSError):
            raise found
        return found


class ObjectFile(io.RawIOBase):
    """An object that is read from any position. Each read is one request, for these bytes only."""

    def __init__(self, store: ObjectStore, name: str, size: int) -> None:
        self._store, self._name, self._size = store, name, size
        self._position = 0

    def read(self, count: int | None = -1) -> bytes:
        stop = self._size if count is None or count < 0 else min(self._position + count, self._size)
        if stop <= self._position:
            return b""
        with requesting(self._store.path / self._name, "reading"):
            data = bytes(
                self._store.filesystem.cat_file(
                    self._store.key(self._name), start=self._position, end=stop
                )
            )
        self._position += len(data)
        return data

    def readinto(self, buffer: Any) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}
        self._position = start[whence] + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True
