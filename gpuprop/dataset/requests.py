"""Make requests to an object store. Every error becomes an OSError.

The libraries of the stores raise errors of many kinds. Each OSError says what failed, where, and
what to do.
"""

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .store import described

NO_BUCKET = re.compile("[Ss]pecified (bucket|container) does not exist")  # the words of the stores
ERROR_NUMBERS: dict[type[OSError], int] = {  # for errors without a number
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
    """Make an OSError, without a path, from an error of the library of a store."""
    why = (
        (error.strerror if isinstance(error, OSError) else None)
        or str(error)
        or type(error).__name__
    )
    text = f"{type(error).__name__} {why}"
    kind = next((each for each in ERROR_NUMBERS if isinstance(error, each)), OSError)
    if isinstance(error, PermissionError) or "redential" in text:
        kind = PermissionError
        why += (
            " (check the credentials and their rights: in the environment, or as options of a "
            "UPath)"
        )
    elif no_bucket(error):
        why += " (create it first: gpuprop creates no buckets)"
    elif re.search("[Cc]onnect|[Tt]ime(d )?out", text):
        why += " (check the network, and the endpoint of the store)"
    return kind(getattr(error, "errno", None) or ERROR_NUMBERS.get(kind, errno.EIO), why)


def no_bucket(error: Exception) -> bool:
    """Whether an error says that the bucket is missing, not only an object in it."""
    return isinstance(error, FileNotFoundError) and NO_BUCKET.search(str(error)) is not None


def object_size(filesystem: Any, key: str, path: Path) -> int | None:
    """Return the bytes of an object; None if it does not exist.

    Parameters
    ----------
    filesystem : fsspec.AbstractFileSystem
        The store.
    key : str
        The name of the object in the store.
    path : Path
        The object, for messages.
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
