"""Whether a file is what its manifest says: its size and its last bytes, or all of it."""

import os
from pathlib import Path
from typing import Any

import xxhash

from .place import Look, ObjectFile, is_remote
from .plan import digest_text

READ_BYTES = 16 << 20
LAST_BYTES = {"arrow": b"ARROW1", "parquet": b"PAR1"}  # what a complete file of the format ends with


def file_digest(path: Path) -> str:
    """xxh3-128 of a whole file."""
    digest = xxhash.xxh3_128()
    with ObjectFile(path) if is_remote(path) else open(path, "rb", buffering=0) as file:
        buffer = memoryview(bytearray(min(READ_BYTES, file.seek(0, os.SEEK_END)) + 1))
        file.seek(0)
        while count := file.readinto(buffer):
            digest.update(buffer[:count])
    return digest_text(digest)


def fault(directory: Path, entry: dict[str, Any], full: bool, look: Look | None = None) -> str | None:
    """What is wrong with the file of a manifest's entry, in words that follow its name; None if nothing is.

    Quick: whether it is there, its size and how it ends. full: its digest too, which reads all of it. look: at the files of all entries
    that are to be checked.
    """
    path = directory / entry["file"]
    look = look or Look(directory, [entry["file"]])
    try:
        size = look.size(entry["file"])
        if size is None:
            return "is missing, but the manifest lists it"
        if size != entry["bytes"]:
            return f"is damaged: it has {size:,} bytes, {entry['bytes']:,} were written"
        last = LAST_BYTES[path.suffix[1:]]
        if look.end(entry["file"], len(last)) != last:
            return f"is damaged: it does not end as a complete {path.suffix[1:]} file does"
        if full and file_digest(path) != entry["digest"]:
            return "is damaged: its digest is not the one in the manifest"
    except OSError as error:
        return f"cannot be read: {error.strerror or error}"
    return None
