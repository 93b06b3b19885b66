"""Whether a file is what its manifest says: its size and its last bytes, or all of it."""

import os
from pathlib import Path
from typing import Any

import xxhash

from .plan import digest_text

READ_BYTES = 16 << 20
LAST_BYTES = {"arrow": b"ARROW1", "parquet": b"PAR1"}  # what a complete file of the format ends with


def file_digest(path: Path) -> str:
    """xxh3-128 of a whole file."""
    digest = xxhash.xxh3_128()
    buffer = memoryview(bytearray(min(READ_BYTES, path.stat().st_size) + 1))
    with open(path, "rb", buffering=0) as file:
        while count := file.readinto(buffer):
            digest.update(buffer[:count])
    return digest_text(digest)


def fault(directory: Path, entry: dict[str, Any], full: bool) -> str | None:
    """What is wrong with the file of a manifest's entry, in words that follow its name; None if nothing is.

    Quick: whether it is there, its size and how it ends. full: its digest too, which reads all of it.
    """
    path = directory / entry["file"]
    try:
        if not path.is_file():
            return "is missing, but the manifest lists it"
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size != entry["bytes"]:
                return f"is damaged: it has {size:,} bytes, {entry['bytes']:,} were written"
            last = LAST_BYTES[path.suffix[1:]]
            file.seek(max(0, size - len(last)))
            if file.read() != last:
                return f"is damaged: it does not end as a complete {path.suffix[1:]} file does"
        if full and file_digest(path) != entry["digest"]:
            return "is damaged: its digest is not the one in the manifest"
    except OSError as error:
        return f"cannot be read: {error.strerror or error}"
    return None
