"""Write a file that is complete or absent, on a disk or in a store; count and hash its bytes."""

from types import TracebackType

import xxhash

from ..files.whole_file import finish
from .store import Store

CACHED_BYTES = 512 << 10  # hashed at a time, so that they are copied from the processor's cache


class NewFile:
    """A new file of a store, open for writing: a context manager.

    The file appears when the context ends. After an exception, nothing of it is left. It has the
    methods that pyarrow calls; it cannot seek. OSErrors name the file.

    Attributes
    ----------
    name : str
        The name of the file.
    bytes : int
        How many bytes were written.
    closed : bool
        Whether the context has ended.
    """

    def __init__(self, store: Store, name: str) -> None:
        self.name = name
        self.bytes = 0
        self.closed = False
        self._hash = xxhash.xxh3_128()
        self._file = store.create_file(name)

    @property
    def digest(self) -> str:
        """The xxh3-128 digest of the bytes that were written."""
        return digest_text(self._hash)

    def write(self, data: "bytes | memoryview") -> int:
        """Write all of the data. The OSError may be that of an earlier write."""
        # after an error, the Parquet writer still writes its footer when it is deleted
        if self.closed:
            return len(data)
        view = memoryview(data).cast("B")
        for first in range(0, len(view), CACHED_BYTES):
            piece = view[first : first + CACHED_BYTES]
            self._hash.update(piece)
            self._file.write(piece)
        self.bytes += len(view)
        return len(view)

    def tell(self) -> int:
        """Return the position, which is the end."""
        return self.bytes

    def flush(self) -> None:
        """Do nothing: only the end of the context completes the file."""

    def close(self) -> None:
        """Do nothing: only the end of the context completes the file."""

    def readable(self) -> bool:
        """Return False."""
        return False

    def seekable(self) -> bool:
        """Return False."""
        return False

    def writable(self) -> bool:
        """Return True."""
        return True

    def __enter__(self) -> "NewFile":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.closed = True
        finish(self._file, kind is not None)


def digest_text(digest: xxhash.xxh3_128) -> str:
    """Write a digest as manifests have it."""
    return f"xxh3-128:{digest.hexdigest()}"
