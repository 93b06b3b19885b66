"""From a path, bytes or an open file to the format and the text of a catalogue.

The text is UTF-8 without byte-order mark, with LF line ends. A chain of generators reads it chunk
by chunk, so that a source that is too large is refused before it is in memory.
"""

import codecs
import io
import itertools
import os
import zlib
from collections.abc import Iterable, Iterator
from typing import IO, Any, cast

from ...files.addresses import is_url, url_advice
from .errors import ElementsError
from .recognise import HEAD, format_of

Source = str | os.PathLike[str] | bytes | bytearray | memoryview | IO[bytes] | IO[str]

# Unpacked. The whole public catalogue has 4 MB as two-line sets, and some 100 MB as XML with all
# extra fields.
MAX_BYTES = 256 << 20
MAX_LINE = 64 << 10  # bytes; a two-line set's lines have 69, a row of Space-Track's CSV about 400
# The whole public catalogue has 90 thousand. The limit bounds the memory for positions of lines.
MAX_LINES = 10_000_000
ONE_LINE = ("json", "xml")  # may be one long line; their readers limit each record instead
MAX_RATIO = 200  # element sets compress 3 to 20 times; more than this is a decompression bomb
RATIO_FROM = 64 << 20  # bytes from which MAX_RATIO applies
CHUNK = 1 << 20
PIECE = 16 << 10  # bytes of a gzip file that are unpacked at a time
GZIP = b"\x1f\x8b"


def load(source: Source) -> tuple[str, str, bytearray]:
    """Return the name of `source` for messages, its format (recognise.format_of) and its text.

    Raises ElementsError (a directory, no element sets, beyond MAX_BYTES, MAX_LINE or MAX_LINES,
    damaged gzip), OSError (missing, not permitted), TypeError.
    """
    if isinstance(source, (bytes, bytearray, memoryview)):
        return _text("the bytes given", io.BytesIO(source))
    if isinstance(source, (str, os.PathLike)):
        name = os.fspath(source)
        if isinstance(name, str) and is_url(name):
            raise ElementsError(url_advice(name))
        if "\n" in name:
            raise ElementsError(
                "read_elements takes a path, bytes or an open file; to read a string, pass "
                "text.encode()"
            )
        if os.path.isdir(name):
            raise ElementsError(f"{name} is a directory: name a file in it")
        with open(name, "rb") as file:
            return _text(name, file)
    if hasattr(source, "read"):
        return _text(str(getattr(source, "name", "the file given")), source)
    raise TypeError(
        f"read_elements takes a path, bytes or an open file, not {type(source).__name__}"
    )


def _text(name: str, file: IO[Any]) -> tuple[str, str, bytearray]:
    """Read a file; see `load`."""
    data, kind = bytearray(), ""
    lines, begin = 0, 0  # lines that are short enough, and where the next one begins
    chunks = _newlines(_utf8(_unpacked(name, _chunks(name, file))))
    for chunk in itertools.chain(chunks, [None]):  # None marks the end
        data += chunk or b""
        if len(data) > MAX_BYTES:
            raise ElementsError(
                f"{name} holds more than {MAX_BYTES:,} bytes unpacked, the most that can be read "
                "at once: split it"
            )
        if not kind and (len(data) >= HEAD or chunk is None):
            kind = format_of(data, name)
        if not kind or kind in ONE_LINE:
            continue
        while len(data) - begin > MAX_LINE:
            end = data.rfind(b"\n", begin, begin + MAX_LINE + 1)
            if end < 0:
                raise ElementsError(
                    f"{name}, line {lines + 1} has more than {MAX_LINE:,} bytes: no element set "
                    "has such a line"
                )
            lines += data.count(b"\n", begin, end + 1)
            begin = end + 1
        if lines + data.count(b"\n", begin) > MAX_LINES:
            raise ElementsError(
                f"{name} has more than {MAX_LINES:,} lines, the most that can be read at once: "
                "split it"
            )
    return name, kind, data


def _chunks(name: str, file: IO[Any]) -> Iterator[bytes]:
    """Read the file in chunks; text is encoded again."""
    try:
        while chunk := file.read(CHUNK):
            yield chunk.encode("utf-8", "replace") if isinstance(chunk, str) else cast(bytes, chunk)
    except UnicodeDecodeError:
        raise ElementsError(
            f"{name} was opened as text in an encoding that is not its own: open it as binary"
        ) from None


def _unpacked(name: str, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Unpack gzip data, of one member or several; return other data unchanged."""
    first = next(chunks, b"")
    chunks = itertools.chain([first], chunks)
    return _gunzip(name, chunks) if first.startswith(GZIP) else chunks


def _gunzip(name: str, chunks: Iterable[bytes]) -> Iterator[bytes]:
    packed = unpacked = 0
    member: Any = None
    try:
        for chunk in _pieces(chunks):
            packed += len(chunk)
            if packed > MAX_BYTES:
                raise ElementsError(
                    f"{name} has more than {MAX_BYTES:,} bytes, the most that can be read at once: "
                    "split it"
                )
            if member is None:
                chunk = chunk.lstrip(b"\0")  # zeros may follow a member
            full = False
            while chunk or full:
                member = member or zlib.decompressobj(wbits=31)
                piece = member.decompress(chunk, CHUNK)
                unpacked += len(piece)
                if unpacked > max(RATIO_FROM, MAX_RATIO * packed):
                    raise ElementsError(
                        f"{name} unpacks to over {MAX_RATIO} times its size: it is not a catalogue"
                    )
                yield piece
                chunk, full = member.unconsumed_tail, len(piece) == CHUNK
                if member.eof:
                    chunk, full = member.unused_data.lstrip(b"\0"), False
                    member = None
    except zlib.error as error:
        raise ElementsError(f"{name} is damaged gzip data ({error}): download it again") from None
    if member is not None:
        raise ElementsError(f"{name} is gzip data that ends too early: download it again")


def _pieces(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Cut the chunks into short pieces.

    zlib copies the rest of a piece after every member, and a member may have only 20 bytes.
    """
    for chunk in chunks:
        yield from (chunk[at : at + PIECE] for at in range(0, len(chunk), PIECE))


def _utf8(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Remove a byte-order mark; convert UTF-16 with a mark (as PowerShell writes it) to UTF-8."""
    first = next(chunks, b"")
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        texts = codecs.iterdecode(itertools.chain([first], chunks), "utf-16", "replace")
        yield from (text.encode("utf-8", "replace") for text in texts)
    else:
        yield first.removeprefix(codecs.BOM_UTF8)
        yield from chunks


def _newlines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Replace CRLF and lone CR by LF, so that every format counts lines alike."""
    pending = b""  # a CR at the end of a chunk; its LF may be in the next chunk
    for chunk in chunks:
        whole = pending + chunk
        pending = b"\r" if whole.endswith(b"\r") else b""
        text = whole.removesuffix(pending)
        yield text.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in text else text
    if pending:
        yield b"\n"
