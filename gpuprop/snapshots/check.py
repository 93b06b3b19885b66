"""Compare a file with its manifest: its size, its last bytes and the plan that it carries; or every
byte.
"""

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import xxhash

from ..dataset.sink import digest_text
from ..dataset.store import Look, ObjectFile, is_remote, open_regular
from ..errors import DamagedError
from .part_reader import Part
from .recorded_plan import RecordedPlan

READ_BYTES = 16 << 20
# what a complete file of the format ends with
LAST_BYTES = {"arrow": b"ARROW1", "parquet": b"PAR1"}
ARROW_BEGINS, PARQUET_BEGINS = b"ARROW1\0\0", b"PAR1"
# the schema without the text of the plan takes a few thousand bytes, in both formats
SCHEMA_BYTES = 64 << 10


def file_digest(path: Path) -> str:
    """xxh3-128 of a whole file. OSError if it is not a regular file, or cannot be read."""
    digest = xxhash.xxh3_128()
    with ObjectFile(path) if is_remote(path) else open_regular(path) as file:
        buffer = memoryview(bytearray(min(READ_BYTES, file.seek(0, os.SEEK_END)) + 1))
        file.seek(0)
        while count := file.readinto(buffer):
            digest.update(buffer[:count])
    return digest_text(digest)


def fault(
    directory: Path, plan: Mapping[str, Any], entry: Mapping[str, Any], full: bool
) -> str | None:
    """What is wrong with one file: Checker.fault."""
    return Checker(directory, plan, [entry["file"]]).fault(entry, full)


class Checker:
    """Compares the files of a directory with a plan. In a store, the same bytes of all files are
    read in one request.

    Parameters
    ----------
    directory : Path
        The directory of the run.
    plan : mapping
        The plan in the manifest.
    names : iterable of str
        The files to compare, relative to the directory. Each name comes from the plan.
    sealed : bool
        Whether the manifest has a digest of itself.
    """

    def __init__(
        self, directory: Path, plan: Mapping[str, Any], names: Iterable[str], sealed: bool = True
    ) -> None:
        self._directory, self._recorded, self._names = directory, RecordedPlan(plan), list(names)
        self._look = Look(directory, self._names)
        # whether to look into files, which costs a store many requests
        self._inside = not is_remote(directory) or not sealed
        self._fetched = not is_remote(directory)

    def fault(self, entry: Mapping[str, Any], full: bool) -> str | None:
        """What is wrong with the file of a manifest's entry, as words that follow its name; None if
        nothing is wrong.

        Always checked: whether it exists, its size and its last bytes; for a part on a disk also
        its plan and its first and last instants, which show that two parts were exchanged. full:
        check the digest too, which reads the whole file.
        """
        name, last = entry["file"], LAST_BYTES[self._recorded.format]
        try:
            size = self._look.size(name)
            if size is None:
                other = self._look.other(name)
                return (
                    f"{other}, which gpuprop does not follow or write"
                    if other
                    else "is missing, but the manifest lists it"
                )
            if size != entry["bytes"]:
                return f"is damaged: it has {size:,} bytes, {entry['bytes']:,} were written"
            self._fetch_ends(len(last))
            if self._look.read(name, max(0, size - len(last)), size) != last:
                return (
                    f"is damaged: it does not end as a complete {self._recorded.format} file does"
                )
            if full and file_digest(self._directory / name) != entry["digest"]:
                return "is damaged: its digest is not the one in the manifest"
            if self._inside and not self.carriers([name]):
                return "is damaged: it was not written under the plan of its manifest"
            if self._inside and "part" in entry:
                Part(self._directory / name, entry, self._recorded).check_ends()
        except DamagedError as error:
            return f"is damaged: {error}"
        except OSError as error:
            return f"cannot be read: {error.strerror or error}"
        return None

    def size(self, name: str) -> int | None:
        """Bytes of a file; None if there is no regular file of that name."""
        return self._look.size(name)

    def ours(self, names: Iterable[str]) -> list[str]:
        """The files that may be removed or replaced. The others may be somebody else's: neither the
        name nor a manifest that lists it proves that gpuprop wrote a file.

        A file that carries the plan is gpuprop's. A file with nothing to lose may be removed too:
        it is empty, has only zeros, or was cut so that nobody can read it (a Parquet file without
        its end, an Arrow file without its schema).
        """
        there = self._there(names)
        carriers = set(self.carriers(there))
        return [
            name for name in there if name in carriers or self._holds_nothing(name, there[name])
        ]

    def carriers(self, names: Iterable[str]) -> list[str]:
        """The files that have the plan in their schema, as every file that gpuprop writes.

        The bytes are searched, not parsed, so a damaged file cannot do harm. A file that cannot be
        read carries no plan.
        """
        there = {name: size for name, size in self._there(names).items() if size}
        texts = {name: self._recorded.text(name) for name in there}
        if self._recorded.format == "arrow":
            spans = {
                name: (0, min(size, len(texts[name]) + SCHEMA_BYTES))
                for name, size in there.items()
            }
        else:
            # The footer ends with the plan, twice. The row groups, which may take much space, come
            # before it.
            most = {name: 4 * len(texts[name]) + SCHEMA_BYTES for name in there}
            spans = {name: (max(0, size - most[name]), size) for name, size in there.items()}
        return [name for name, data in self._read(spans).items() if texts[name] in data]

    def _holds_nothing(self, name: str, size: int) -> bool:
        """Whether a file that does not carry the plan is empty, has only zeros, or was cut so that
        nobody can read it.
        """
        with suppress(OSError):
            pieces = (
                (first, min(first + READ_BYTES, size)) for first in range(0, size, READ_BYTES)
            )
            if all(
                (data := self._look.read(name, *piece)).count(0) == len(data) for piece in pieces
            ):
                return True
            begin = self._look.read(name, 0, min(size, 16))
            if self._recorded.format == "arrow":  # its schema, which comes first, is not complete
                # older files have the length of the schema at once
                marked = begin[8:12] == b"\xff" * 4
                length = int.from_bytes(begin[12:16] if marked else begin[8:12], "little")
                return ARROW_BEGINS.startswith(begin[:8]) and (
                    size < 16 or size < 12 + 4 * marked + length
                )
            return (
                PARQUET_BEGINS.startswith(begin[:4])
                and self._look.read(name, max(4, size - 4), size) != PARQUET_BEGINS
            )
        return False

    def _fetch_ends(self, count: int) -> None:
        """In a store: read the ends of all files in one request, once."""
        if not self._fetched:
            self._fetched = True
            self._look.fetch(
                {
                    name: (max(0, size - count), size)
                    for name, size in self._there(self._names).items()
                }
            )

    def _there(self, names: Iterable[str]) -> dict[str, int]:
        return {name: size for name in names if (size := self._look.size(name)) is not None}

    def _read(self, spans: Mapping[str, tuple[int, int]]) -> dict[str, bytes]:
        """These bytes of each file that can be read."""
        self._look.fetch(spans)
        found = {}
        for name, span in spans.items():
            with suppress(OSError):
                found[name] = self._look.read(name, *span)
        return found
