"""Whether a file is what its manifest says: its size, its last bytes, the plan that it carries; or all of it."""

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import xxhash

from ..errors import DamagedError
from .manifest_fields import layout_of, times_of
from .part_reader import Part
from .place import Look, ObjectFile, is_remote, open_regular
from .plan import Files, digest_text, metadata_text, satellites_text

READ_BYTES = 16 << 20
LAST_BYTES = {"arrow": b"ARROW1", "parquet": b"PAR1"}  # what a complete file of the format ends with
PARQUET_TAIL = 8  # bytes: the length of the footer, and PAR1
SCHEMA_BYTES = 64 << 10  # the schema message of an IPC file without the text of the plan takes a few thousand


def file_digest(path: Path) -> str:
    """xxh3-128 of a whole file. OSError if it is not a regular file, or cannot be read."""
    digest = xxhash.xxh3_128()
    with ObjectFile(path) if is_remote(path) else open_regular(path) as file:
        buffer = memoryview(bytearray(min(READ_BYTES, file.seek(0, os.SEEK_END)) + 1))
        file.seek(0)
        while count := file.readinto(buffer):
            digest.update(buffer[:count])
    return digest_text(digest)


def fault(directory: Path, plan: Mapping[str, Any], entry: Mapping[str, Any], full: bool) -> str | None:
    """What is wrong with one file: Checker.fault."""
    return Checker(directory, plan, [entry["file"]]).fault(entry, full)


class Checker:
    """Compares the files of a directory with a plan. In a store, the same bytes of all files are read in one request.

    Parameters
    ----------
    directory : Path
        Of the run.
    plan : mapping
        As it stands in the manifest.
    names : iterable of str
        The files that are to be compared, relative to the directory; each is a name that the plan gives.
    """

    def __init__(self, directory: Path, plan: Mapping[str, Any], names: Iterable[str]) -> None:
        self._directory, self._plan, self._names = directory, dict(plan), list(names)
        self._format: str = plan["format"]
        self._look = Look(directory, self._names)
        self._fetched = not is_remote(directory)

    def fault(self, entry: Mapping[str, Any], full: bool) -> str | None:
        """What is wrong with the file of a manifest's entry, in words that follow its name; None if nothing is.

        Quick: whether it is there, its size and how it ends. full: its digest, the plan that it carries, and its rows and instants, too,
        which reads all of it.
        """
        name, size = entry["file"], self._look.size(entry["file"])
        try:
            if size is None:
                other = self._look.other(name)
                return f"{other}, which gpuprop does not follow or write" if other else "is missing, but the manifest lists it"
            if size != entry["bytes"]:
                return f"is damaged: it has {size:,} bytes, {entry['bytes']:,} were written"
            last = LAST_BYTES[self._format]
            self._fetch_ends(len(last))
            if self._look.read(name, max(0, size - len(last)), size) != last:
                return f"is damaged: it does not end as a complete {self._format} file does"
            if full and file_digest(self._directory / name) != entry["digest"]:
                return "is damaged: its digest is not the one in the manifest"
            if full and not self.carriers([name]):
                return "is damaged: it was not written under the plan of its manifest"
            if full and "part" in entry:
                part = Part(self._directory / name, dict(entry), self._plan, layout_of(self._plan), times_of(self._plan))
                for _ in part.batches(columns=["time"]):
                    pass
        except DamagedError as error:
            return f"is damaged: {error}"
        except OSError as error:
            return f"cannot be read: {error.strerror or error}"
        return None

    def carriers(self, names: Iterable[str]) -> list[str]:
        """Those of the files that have the plan in their schema, as every file that gpuprop writes. The others may be somebody else's.

        The bytes are looked for, not parsed, so that a damaged file cannot do harm. A file that cannot be read carries nothing.
        """
        there = self._there(names)
        satellites = Files(self._format, self._plan["parts"]).satellites
        texts = {name: (satellites_text if name == satellites else metadata_text)(self._plan).encode() for name in there}
        if self._format == "arrow":
            spans = {name: (0, min(size, len(texts[name]) + SCHEMA_BYTES)) for name, size in there.items()}
        else:
            tails = self._read({name: (max(0, size - PARQUET_TAIL), size) for name, size in there.items()})
            lengths = {name: int.from_bytes(tail[:4], "little") for name, tail in tails.items()}
            spans = {name: (max(0, there[name] - PARQUET_TAIL - length), there[name]) for name, length in lengths.items()}
        return [name for name, data in self._read(spans).items() if texts[name] in data]

    def _fetch_ends(self, count: int) -> None:
        """Of a store: the ends of all files, once, in one request."""
        if not self._fetched:
            self._fetched = True
            self._look.fetch({name: (max(0, size - count), size) for name, size in self._there(self._names).items()})

    def _there(self, names: Iterable[str]) -> dict[str, int]:
        return {name: size for name in names if (size := self._look.size(name))}

    def _read(self, spans: Mapping[str, tuple[int, int]]) -> dict[str, bytes]:
        """These bytes of each file that can be read."""
        self._look.fetch(spans)
        found = {}
        for name, span in spans.items():
            with suppress(OSError):
                found[name] = self._look.read(name, *span)
        return found
