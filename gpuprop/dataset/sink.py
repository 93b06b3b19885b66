"""A file is complete or absent, on a disk or in a store: a sink that counts and hashes what goes
by, then commits or discards it.
"""

from types import TracebackType

import xxhash

from .store import Store

CACHED_BYTES = 512 << 10  # hashed, and copied from the processor's cache then


class NewFile:
    """A binary sink for a file of a store, as a context manager: the file appears on leaving it, or on an
    exception leaves nothing behind.

    In a store it is an upload, which is completed or aborted. `bytes` and `digest` (xxh3-128) are
    those of what was written. OSErrors name the path. Not seekable.
    """

    def __init__(self, store: Store, name: str) -> None:
        self.name = name
        self.bytes = 0
        self.closed = False
        self._hash = xxhash.xxh3_128()
        self._file = store.create_file(name)

    @property
    def digest(self) -> str:
        return digest_text(self._hash)

    def write(self, data: "bytes | memoryview") -> int:
        """All of `data`, or OSError, which may be that of an earlier write."""
        # discarded: Parquet's writer still writes its footer when it is collected after an error
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
        return self.bytes

    def flush(self) -> None: ...

    def close(self) -> None: ...  # what Arrow calls; only leaving the context ends the file

    def readable(self) -> bool:
        return False

    def seekable(self) -> bool:
        return False

    def writable(self) -> bool:
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
        try:
            if kind is None:
                self._file.commit()
        except BaseException:
            self._file.discard()
            raise
        if kind is not None:
            self._file.discard()


def digest_text(digest: xxhash.xxh3_128) -> str:
    return f"xxh3-128:{digest.hexdigest()}"
