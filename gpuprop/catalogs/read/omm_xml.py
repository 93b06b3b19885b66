"""OMM as XML.

Each <omm> is parsed alone, so that damage to one does not affect the others. Document types and
entities are never read.
"""

import itertools
import re
import xml.parsers.expat as expat

from ...elements.sets import Elements
from .columns import decode, trimmed
from .draft import MAX_RECORDS
from .errors import ElementsError
from .omm import Messages, is_keyword, without_unit

MAX_RECORD = 64 << 10  # bytes of one <omm>; Space-Track's have about 3,000
_BEGIN = re.compile(rb"<(?:[A-Za-z]\w*:)?omm(?=[\s>])")
_END = re.compile(rb"</(?:[A-Za-z]\w*:)?omm\s*>")
_ENCODING = re.compile(rb'encoding\s*=\s*["\'][^"\']*["\']')  # the bytes were converted to UTF-8
HEADER = 1000  # the XML declaration ends within these bytes
_DECLARATION = re.compile(rb"<!(DOCTYPE|ENTITY)", re.IGNORECASE)


def read(data: bytes | bytearray, source: str, checksum: str) -> Elements:
    """Read every <omm> of `data` (LF line ends); the bad ones are in `rejected`.

    Raises ElementsError if there is none.
    """
    if not data.isascii():
        data = decode(data).encode()
    declaration = _DECLARATION.search(data)
    if declaration:
        line = data.count(b"\n", 0, declaration.start()) + 1
        raise ElementsError(
            f"{source}, line {line}: an OMM must not have a document type or entity "
            "declaration, which is never read"
        )
    data = _uncommented(data)
    begins = [match.start() for match in itertools.islice(_BEGIN.finditer(data), MAX_RECORDS + 1)]
    if not begins:
        raise ElementsError(
            f"{source} is XML or HTML without any <omm>: it holds no orbit mean-elements message"
        )

    messages = Messages(data)
    around = [_ENCODING.sub(b"", data[: min(begins[0], HEADER)], count=1), data[HEADER : begins[0]]]
    line, counted = 1, 0
    for begin, stop in zip(begins, [*begins[1:], len(data)], strict=True):
        line, counted = line + data.count(b"\n", counted, begin), begin
        end = _END.search(data, begin, stop)
        if end is None:
            messages.reject(line, begin, stop, "<omm> without its </omm>: the message is cut")
            continue
        around += [b"<omm/>", data[end.end() : stop]]
        if end.end() - begin > MAX_RECORD:
            messages.reject(line, begin, stop, f"the message is longer than {MAX_RECORD:,} bytes")
        else:
            _message(data, begin, end.end(), line, messages)
    # in one call, because expat reads an unfinished tag again with every piece
    fault = _feed(_parser(), b"".join(around))
    if fault:
        begin = max(len(data) - 160, 0)
        reason = f"the file around the messages is damaged ({fault}): it was cut or changed"
        messages.reject(data.count(b"\n") + 1, begin, len(data), reason)
    return messages.elements()


def _uncommented(data: bytes | bytearray) -> bytes | bytearray:
    """Replace comments by the line ends in them.

    This takes one pass; a regular expression would search a file of unclosed comments many times.
    """
    pieces: list[bytes | bytearray] = []
    at = 0
    while (begin := data.find(b"<!--", at)) >= 0 and (end := data.find(b"-->", begin)) >= 0:
        pieces += [data[at:begin], b"\n" * data.count(b"\n", begin, end)]
        at = end + 3
    return b"".join([*pieces, data[at:]]) if pieces else data


def _parser() -> expat.XMLParserType:
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    return parser


def _feed(parser: expat.XMLParserType, data: bytes | bytearray) -> str:
    """Say what is wrong with the document `data`; empty if nothing is."""
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        return expat.ErrorString(error.code)
    return ""


def _message(data: bytes | bytearray, begin: int, stop: int, line: int, messages: Messages) -> None:
    """Read the <omm> at data[begin:stop]."""
    record: dict[str, str] = {}
    twice: list[str] = []
    pieces: list[str] = []
    unit = ""

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal unit
        pieces.clear()
        unit = attributes.get("units", "")

    def end(tag: str) -> None:
        name = tag.rpartition(":")[2].upper()
        if is_keyword(name):
            if name in record:
                twice.append(name)
            value = trimmed("".join(pieces))
            record[name] = without_unit(name, f"{value} [{unit}]") if unit else value
        pieces.clear()

    parser = _parser()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = pieces.append
    fault = _feed(parser, data[begin:stop])
    if fault:
        messages.reject(line + parser.ErrorLineNumber - 1, begin, stop, f"not XML: {fault}")
    elif twice:
        messages.reject(line, begin, stop, f"{twice[0]} is given more than once")
    else:
        messages.add(record, line, begin, stop)
