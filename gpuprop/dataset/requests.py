"""Requests to an object store, whose errors are those of many libraries: each becomes an OSError
that says what failed, where, and what to do.
"""

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .store import described

NO_BUCKET = re.compile("[Ss]pecified (bucket|container) does not exist")  # as stores put it
NUMBERS: dict[type[OSError], int] = {  # of errors that come without one
    FileNotFoundError: errno.ENOENT,
    FileExistsError: errno.EEXIST,
    PermissionError: errno.EACCES,
    IsADirectoryError: errno.EISDIR,
    NotADirectoryError: errno.ENOTDIR,
    TimeoutError: errno.ETIMEDOUT,
    ConnectionError: errno.EIO,
}


@contextmanager
def requesting(path: Path, doing: str) -> Iterator[None]:
    """Turn every error of the requests made in this context into an OSError that names `path`."""
    try:
        yield
    except Exception as error:
        raise described(as_os_error(error), path, doing) from error


def as_os_error(error: Exception) -> OSError:
    """Make an OSError, without a path, of what the library of a store raised."""
    why = (
        (error.strerror if isinstance(error, OSError) else None)
        or str(error)
        or type(error).__name__
    )
    text = f"{type(error).__name__} {why}"
    kind = next((each for each in NUMBERS if isinstance(error, each)), OSError)
    if isinstance(error, PermissionError) or "redential" in text:
        kind = PermissionError
        why += (
            " (see to the credentials and their rights: in the environment, or as options of a "
            "UPath)"
        )
    elif no_bucket(error):
        why += " (make it first: gpuprop makes no buckets)"
    elif re.search("[Cc]onnect|[Tt]ime(d )?out", text):
        why += " (see to the network, and to the endpoint of the store)"
    return kind(getattr(error, "errno", None) or NUMBERS.get(kind, errno.EIO), why)


def no_bucket(error: Exception) -> bool:
    """Whether the bucket is missing, and not only an object in it."""
    return isinstance(error, FileNotFoundError) and NO_BUCKET.search(str(error)) is not None


def object_size(filesystem: Any, key: str, path: Path) -> int | None:
    """Bytes of an object; None if it does not exist.

    Parameters
    ----------
    filesystem : fsspec.AbstractFileSystem
        The store.
    key : str
        The name of the object there.
    path : Path
        The same, for messages.
    """
    with requesting(path, "looking at it"):
        filesystem.invalidate_cache()
        try:
            found = filesystem.info(key)
        except FileNotFoundError as error:
            if no_bucket(error):
                raise
            return None
        return int(found["size"]) if found["type"] == "file" else None
