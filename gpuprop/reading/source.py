"""From a path, bytes or an open file to the bytes of the catalogue: read and unpacked within limits, as UTF-8 without byte-order mark."""

import codecs
import io
import os
import zlib
from typing import IO, Any, cast

from gpuprop.reading.errors import ElementsError

Source = str | os.PathLike[str] | bytes | bytearray | memoryview | IO[Any]

MAX_BYTES = 1 << 30  # unpacked; the whole public catalogue is 4 MB as two-line sets and some 100 MB as XML with every extra field
MAX_RATIO = 200  # element sets compress 3 to 20 times, never this much: it is a decompression bomb
RATIO_FROM = 64 << 20  # small files may be as repetitive as they like
CHUNK = 1 << 20
GZIP = b"\x1f\x8b"


def load(source: Source) -> tuple[str, bytes]:
    """The name of `source` for messages, and its content.

    Raises ElementsError (a directory, more than MAX_BYTES, damaged gzip), OSError (missing, not permitted), TypeError.
    """
    if isinstance(source, (bytes, bytearray, memoryview)):
        name, data = "the bytes given", _unpack("the bytes given", io.BytesIO(source))
    elif isinstance(source, (str, os.PathLike)):
        name = os.fspath(source)
        if "\n" in name:
            raise ElementsError("read_elements takes a path, bytes or an open file; to read a string, pass text.encode()")
        if os.path.isdir(name):
            raise ElementsError(f"{name} is a directory: name a file in it")
        with open(name, "rb") as file:
            data = _unpack(name, file)
    elif hasattr(source, "read"):
        name = str(getattr(source, "name", "the file given"))
        data = _unpack(name, source)
    else:
        raise TypeError(f"read_elements takes a path, bytes or an open file, not {type(source).__name__}")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        data = data.decode("utf-16", "replace").encode("utf-8", "replace")
    return name, data.removeprefix(codecs.BOM_UTF8)


def decode(data: bytes) -> str:
    """UTF-8, or else Latin-1, which never fails."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _read(file: IO[Any]) -> bytes:
    try:
        chunk = file.read(CHUNK)
    except UnicodeDecodeError:
        name = getattr(file, "name", "the file given")
        raise ElementsError(f"{name} was opened as text in an encoding that is not its own: open it as binary") from None
    return chunk.encode("utf-8", "replace") if isinstance(chunk, str) else cast(bytes, chunk)


def _unpack(name: str, file: IO[Any]) -> bytes:
    chunk = _read(file)
    if chunk.startswith(GZIP):
        return _gunzip(name, file, chunk)
    data = bytearray()
    while chunk:
        data += chunk
        if len(data) > MAX_BYTES:
            raise ElementsError(f"{name} is larger than {MAX_BYTES:,} bytes, the most that is read at once: split it")
        chunk = _read(file)
    return bytes(data)


def _gunzip(name: str, file: IO[Any], chunk: bytes) -> bytes:
    data = bytearray()
    packed = 0
    member: Any = None
    try:
        while chunk:
            packed += len(chunk)
            full = False
            while chunk or full:
                member = member or zlib.decompressobj(wbits=31)
                piece = member.decompress(chunk, CHUNK)
                data += piece
                if len(data) > MAX_BYTES:
                    raise ElementsError(f"{name} unpacks to more than {MAX_BYTES:,} bytes, the most that is read at once: split it")
                if len(data) > max(RATIO_FROM, MAX_RATIO * packed):
                    raise ElementsError(f"{name} unpacks to over {MAX_RATIO} times its size: this is no catalogue")
                chunk, full = member.unconsumed_tail, len(piece) == CHUNK
                if member.eof:
                    chunk, full = member.unused_data.lstrip(b"\0"), False  # padding after a member is allowed
                    member = None
            chunk = _read(file)
            if member is None:
                chunk = chunk.lstrip(b"\0")
    except zlib.error as error:
        raise ElementsError(f"{name} is damaged gzip data ({error}): download it again") from None
    if member is not None:
        raise ElementsError(f"{name} is gzip data that ends too early: download it again")
    return bytes(data)
