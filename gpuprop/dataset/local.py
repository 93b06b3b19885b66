"""A dataset on a disk."""

import mmap
import os
import stat
from collections.abc import Mapping, Sequence
from contextlib import suppress
from io import FileIO
from pathlib import Path

import pyarrow as pa
import pyarrow.fs as pafs

from ..errors import ForeignFileError
from ..files.whole_file import sync_directory
from .disk_file import DiskFile
from .file_lock import FileLock, is_empty_lock, is_ours
from .regular_file import open_regular, read_regular
from .store import Reader, Store


class LocalStore(Store):
    """A directory on a disk."""

    maps_files = True
    reads_are_cheap = True

    def exists(self) -> bool:
        return self.path.is_dir()

    def create(self) -> None:
        if self.path.is_dir():
            return
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except FileExistsError:
            # checked after the attempt: another job may make the directory at any moment
            if self.path.exists():
                raise NotADirectoryError(
                    f"{self} is a file: give a directory for the dataset"
                ) from None
            raise
        with suppress(OSError):  # this user may have no right to read the parent
            sync_directory(self.path.parent)

    def create_folder(self, name: str) -> None:
        (self.path / name).mkdir(exist_ok=True)

    def names(self) -> list[str]:
        return [path.name for path in self.path.iterdir()] if self.path.is_dir() else []

    def contents(self, folder: str) -> dict[str, bool]:
        self.refuse_link(folder)
        found: dict[str, bool] = {}
        for place, prefix in ((self.path, ""), (self.path / folder, f"{folder}/")):
            with suppress(FileNotFoundError, NotADirectoryError), os.scandir(place) as entries:
                found |= {
                    prefix + entry.name: entry.is_file(follow_symlinks=False) for entry in entries
                }
        if found.get(folder) is False and (self.path / folder).is_dir():
            del found[folder]
        return found

    def refuse_link(self, folder: str) -> None:
        if (self.path / folder).is_symlink():
            raise ForeignFileError(
                f"{self.path / folder} is a symbolic link, and links are not followed: put the "
                "parts there, or choose another directory"
            )

    def has_vanished(self, name: str) -> bool:
        return not os.path.lexists(self.path / name)

    def read(self, name: str, most: int) -> bytes:
        return read_regular(self.path / name, most)

    def open(self, name: str) -> FileIO:
        return open_regular(self.path / name)

    def create_file(self, name: str) -> DiskFile:
        return DiskFile(self.path / name)

    def remove(self, name: str) -> None:
        (self.path / name).unlink(missing_ok=True)

    def reader(self, names: Sequence[str]) -> "LocalReader":
        return LocalReader(self.path)

    def lock(self, name: str, shared: bool = False, patience_s: float = 0.0) -> FileLock:
        return FileLock(self.path / name, shared, patience_s)

    def owns_lock(self, name: str) -> bool:
        return is_ours(self.path / name)

    def is_empty_lock(self, name: str) -> bool:
        return is_empty_lock(self.path / name)

    def shared_path(self) -> str:
        return os.path.abspath(self.path)

    def arrow_file(self, name: str, size: int) -> pa.NativeFile:
        # map the open file, which was checked: another file may have its name by now
        with open_regular(self.path / name) as file:
            return pa.BufferReader(
                pa.py_buffer(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
            )

    def arrow_filesystem(self) -> pafs.FileSystem:
        return pafs.LocalFileSystem()

    def arrow_path(self, name: str) -> str:
        return str(self.path.absolute() / name)


class LocalReader(Reader):
    """Reads files one after the other."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def size(self, name: str) -> int | None:
        found = self._stat(name)
        return found.st_size if found and stat.S_ISREG(found.st_mode) else None

    def other(self, name: str) -> str | None:
        found = self._stat(name)
        if found is None or stat.S_ISREG(found.st_mode):
            return None
        return "is a symbolic link" if stat.S_ISLNK(found.st_mode) else "is not a regular file"

    def fetch(self, ranges: Mapping[str, tuple[int, int]]) -> None: ...

    def fetch_ends(self, count: int) -> None: ...

    def read(self, name: str, first: int, stop: int) -> bytes:
        with open_regular(self._path / name) as file:
            file.seek(first)
            return file.read(stop - first)

    def _stat(self, name: str) -> os.stat_result | None:
        try:
            return os.lstat(self._path / name)
        except (FileNotFoundError, NotADirectoryError):
            return None
