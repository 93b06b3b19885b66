"""Which format a text is, told from its content; and if it is none, what it is instead and what to do about it."""

import re

from .columns import decode
from .errors import ElementsError
from .omm import KEYWORDS, MANDATORY
from .omm_csv import header

_JSON = re.compile(rb"\s*(\{|\[\s*([\[{\"\]]|$))")
_KVN = re.compile(rb"(?mi)^[ \t]*(CCSDS_\w+_VERS|" + "|".join(KEYWORDS).encode() + rb")[ \t]*=")
_MESSAGE = re.compile(rb'"\s*(' + "|".join(MANDATORY).encode() + rb')\s*"\s*:', re.IGNORECASE)
_ANSWER = re.compile(rb'[\[{]\s*"\s*(error|message|detail)\w*\s*"\s*:', re.IGNORECASE)
_TLE = re.compile(rb"(?m)^[12] (?:[ 0-9A-Za-z][ 0-9]{3}[0-9]|[ -~]{38})")
_INDENTED = re.compile(rb"(?m)^[ \t]+[12] [ 0-9A-Za-z][ 0-9]{3}[0-9]")
_HTML = re.compile(rb"<(!doctype\s+html|html|head)[\s>]", re.IGNORECASE)
_TITLE = re.compile(rb"<title[^>]*>([^<]{1,80})", re.IGNORECASE)
_CONTROL = re.compile(rb"[\0-\x08\x0e-\x1a\x1c-\x1f]")
HEAD = 64 << 10  # bytes that tell the format

_MAGIC = {
    b"\x1f\x8b": "gzip inside gzip: unpack it once",
    b"PK\x03\x04": "a zip archive: unpack it first",
    b"\xfd7zXZ": "an xz file: unpack it first",
    b"BZh": "a bzip2 file: unpack it first",
    b"\x28\xb5\x2f\xfd": "a zstd file: unpack it first",
    b"PAR1": "a Parquet file, not element sets",
    b"ARROW1": "an Arrow file, not element sets",
    b"%PDF": "a PDF document",
}
# What CelesTrak and Space-Track answer when they have no data to give.
_NOTICES = {
    "no gp data found": "the query matched nothing; check the catalogue number or the name of the group",
    "gp data has not updated": "use the file downloaded before; CelesTrak serves each update once",
    "invalid query": "check the address that was asked",
    "forbidden": "the server refused; too many requests, or none allowed: wait, then ask again",
    "rate limit": "too many requests: wait, then ask again",
    "violated your query": "too many requests: wait, then ask again",
    "unauthorized": "the server wants a login",
}


def format_of(data: bytes | bytearray, source: str) -> str:
    """tle, csv, json, xml or kvn, told from the first HEAD bytes. data: with LF line ends.

    Raises ElementsError for anything else, saying what it is and what to do.
    """
    begin = bytes(data[:HEAD])
    head = begin.lstrip()
    if _JSON.match(head):
        answer = not _MESSAGE.search(head) and (_ANSWER.search(head[:400]) or _advice(head[:400]))
        if not answer:
            return "json"
        raise ElementsError(f"{source} {_instead(begin, head)}")
    if head.startswith(b"<") and not _HTML.search(head[:4096]):
        return "xml"
    if not head.startswith(b"<"):
        columns = header(decode(head.split(b"\n", 1)[0]))
        if len({"EPOCH", "MEAN_MOTION", "ECCENTRICITY", "NORAD_CAT_ID"}.intersection(columns)) >= 2:
            return "csv"
        if _KVN.search(head):
            return "kvn"
        if _TLE.search(begin):
            return "tle"
    raise ElementsError(f"{source} {_instead(begin, head)}")


def _advice(head: bytes) -> str | None:
    """What to do about a notice of CelesTrak or Space-Track, None if `head` is none."""
    said = " ".join(decode(head).split()).lower()
    return next((advice for notice, advice in _NOTICES.items() if notice in said), None)


def _instead(begin: bytes, head: bytes) -> str:
    if not head:
        return f"{'is empty' if not begin else 'is blank' if len(begin) < HEAD else 'begins with nothing but blanks'}: download it again"
    for magic, what in _MAGIC.items():
        if begin.startswith(magic):
            return f"is {what}"
    if head.startswith(b"<"):
        title = _TITLE.search(head)
        named = f" ({' '.join(decode(title[1]).split())!r})" if title else ""
        return f"is a web page{named}, not element sets: look at it in a browser, then download the data itself"
    if _CONTROL.search(head):
        return "is binary data, not element sets"
    said = " ".join(decode(head[:400]).split())
    advice = _advice(head[:400])
    if _JSON.match(head):
        advice = advice or "read what it says; where it is a limit or a failure of the server, wait, then ask again"
    if advice:
        return f"holds no element sets but the server's answer {said[:200]!r}: {advice}"
    if _INDENTED.search(begin):
        return "holds two-line sets with blanks before their lines: they must begin in column 1 (for text in a program: textwrap.dedent)"
    return f"is in no format that is known (TLE, 3LE, or OMM as CSV, JSON, XML or KVN); it begins with {said[:80]!r}"
