"""Compare files with their manifest: size, last bytes, the plan inside, or every byte."""

from collections.abc import Iterable
from contextlib import suppress

import xxhash

from ..errors import DamagedError
from .contents import Contents
from .entries import FileEntry, PartEntry
from .manifest import Manifest
from .sink import digest_text
from .store import Store

READ_BYTES = 16 << 20


def file_digest(store: Store, name: str, size: int) -> str:
    """Compute the xxh3-128 digest of a whole file of `size` bytes.

    OSError if it is not a regular file, or cannot be read.
    """
    found = xxhash.xxh3_128()
    file = store.open(name)
    try:
        buffer = memoryview(bytearray(min(READ_BYTES, size) + 1))
        while count := file.readinto(buffer):
            found.update(buffer[:count])
    finally:
        file.close()
    return digest_text(found)


class Checker:
    """Compares files of a directory with a plan and with the entries of a manifest.

    In an object store, the same bytes of all files are read in one request.

    Parameters
    ----------
    store : Store
        The directory of the run.
    contents : Contents
        The plan in the manifest, and what it says of every file.
    names : iterable of str
        The files to compare. Each name comes from the plan.
    sealed : bool
        Whether the manifest has a digest of itself.
    """

    def __init__(
        self, store: Store, contents: Contents, names: Iterable[str], sealed: bool = True
    ) -> None:
        self._store, self._contents = store, contents
        self._reader = store.reader(list(names))
        self._looks_inside = store.reads_are_cheap or not sealed

    @staticmethod
    def of(store: Store, manifest: Manifest) -> "Checker":
        """Make the checker of all files that a manifest lists."""
        names = [entry.file for entry in manifest.entries]
        return Checker(store, manifest.contents, names, manifest.sealed)

    def fault(self, entry: FileEntry, full: bool) -> str | None:
        """Say what is wrong with a file, in words that follow its name; None if nothing is wrong.

        Always checked: whether it exists, its size and its last bytes; for a part on a disk also
        its plan and its first and last instants, which show that two parts were exchanged.

        Parameters
        ----------
        entry : FileEntry
            What the manifest says of the file.
        full : bool
            Whether to check the digest too, which reads the whole file.
        """
        name, ending = entry.file, self._contents.ending
        try:
            size = self._reader.size(name)
            if size is None:
                other = self._reader.other(name)
                return (
                    f"{other}, which gpuprop does not follow or write"
                    if other
                    else "is missing, but the manifest lists it"
                )
            if size != entry.bytes:
                return f"is damaged: it has {size:,} bytes, {entry.bytes:,} were written"
            self._reader.fetch_ends(len(ending))
            if self._reader.read(name, max(0, size - len(ending)), size) != ending:
                return (
                    f"is damaged: it does not end as a complete {self._contents.format} file does"
                )
            if full and file_digest(self._store, name, size) != entry.digest:
                return "is damaged: its digest is not the one in the manifest"
            if self._looks_inside and not self.carriers([name]):
                return "is damaged: it was not written under the plan of its manifest"
            if self._looks_inside and isinstance(entry, PartEntry):
                self._contents.check_ends(self._store, entry)
        except DamagedError as error:
            return f"is damaged: {error}"
        except OSError as error:
            return f"cannot be read: {error.strerror or error}"
        return None

    def exists(self, name: str) -> bool:
        """Whether anything has the name of a file."""
        return self._reader.exists(name)

    def ours(self, names: Iterable[str]) -> list[str]:
        """List the files that may be removed or replaced.

        The others may be the user's own: neither the name nor a manifest that lists it
        proves that gpuprop wrote a file. A file that carries the plan is gpuprop's. A file without
        usable content may be removed too: it is empty, has only zeros, or was cut so that nobody
        can read it (a Parquet file without its end, an Arrow file without its schema).
        """
        sizes = self._sizes(names)
        carriers = set(self.carriers(sizes))
        return [
            name
            for name, size in sizes.items()
            if name in carriers or self._is_unusable(name, size)
        ]

    def carriers(self, names: Iterable[str]) -> list[str]:
        """List the files that carry the plan, as every file does that gpuprop writes.

        The bytes are searched, not parsed, so a damaged file cannot do harm. A file that cannot be
        read is not listed.
        """
        spans = {
            name: self._contents.text_range(name, size)
            for name, size in self._sizes(names).items()
            if size
        }
        self._reader.fetch(spans)
        found = []
        for name, span in spans.items():
            with suppress(OSError):
                if self._contents.text(name) in self._reader.read(name, *span):
                    found.append(name)
        return found

    def _is_unusable(self, name: str, size: int) -> bool:
        """Whether a file is empty, has only zeros, or was cut so that nobody can read it."""

        def read(first: int, stop: int) -> bytes:
            return self._reader.read(name, first, stop)

        pieces = ((first, min(first + READ_BYTES, size)) for first in range(0, size, READ_BYTES))
        with suppress(OSError):
            if all((data := read(*piece)).count(0) == len(data) for piece in pieces):
                return True
            return self._contents.was_cut(read, size)
        return False

    def _sizes(self, names: Iterable[str]) -> dict[str, int]:
        """Return the sizes of those that are regular files."""
        return {name: size for name in names if (size := self._reader.size(name)) is not None}
