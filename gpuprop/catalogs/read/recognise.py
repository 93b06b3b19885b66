"""Recognise the format of a text from its content, or say what it is instead and what to do."""

import itertools
import re

from .columns import NO_BLANK, decode, trimmed
from .errors import ElementsError
from .omm import KEYWORDS, MANDATORY
from .omm_csv import MAX_TITLES, SEPARATORS, columns_of, header_in

_JSON = re.compile(rb"\s*(\{|\[\s*([\[{\"\]]|$))")
_KVN = re.compile(rb"(?mi)^[ \t]*(CCSDS_\w+_VERS|" + "|".join(KEYWORDS).encode() + rb")[ \t]*=")
_MESSAGE = re.compile(
    rb'"\s*(' + "|".join(MANDATORY).encode() + rb'|(TLE_?)?LINE_?[12]|TLE_?[12]?)\s*"\s*:',
    re.IGNORECASE,
)
_DEFINING = re.compile(rb'"\s*(MEAN_MOTION|(TLE_?)?LINE_?[12]|TLE_?[12]?)\s*"\s*:', re.IGNORECASE)
_ANSWER = re.compile(rb'[\[{]\s*"\s*(error|message|detail)\w*\s*"\s*:', re.IGNORECASE)
_TLE = re.compile(rb"(?m)^[12] (?:[ 0-9A-Za-z][ 0-9]{3}[0-9]|[ -~]{38})")
_INDENTED = re.compile(rb"(?m)^[ \t]+[12] [ 0-9A-Za-z][ 0-9]{3}[0-9]")
_HTML = re.compile(rb"<(!doctype\s+html|html|head)[\s>]", re.IGNORECASE)
_TITLE = re.compile(rb"<title[^<>]*>([^<]{1,80})", re.IGNORECASE)
_CONTROL = re.compile(rb"[\0-\x08\x0e-\x1a\x1c-\x1f]")
HEAD = 64 << 10  # bytes in which the format is recognised

_SATCAT = {"NORAD_CAT_ID", "PERIOD", "APOGEE", "PERIGEE"}
_SATCAT_KEYS = (b'"PERIOD"', b'"APOGEE"', b'"PERIGEE"')
_NO_ELEMENTS = (
    "is a satellite catalogue (SATCAT), with periods and altitudes but without element sets: "
    "download GP data or TLEs of these satellites"
)
_ZIP = "a zip archive or a spreadsheet: unpack it first, or save the table as CSV"
_TAR = slice(257, 262), b"ustar"
_MAGIC = {
    b"\x1f\x8b": "gzip inside gzip: unpack it once",
    b"PK\x03\x04": _ZIP,
    b"PK\x05\x06": _ZIP,
    b"PK\x07\x08": _ZIP,
    b"7z\xbc\xaf\x27\x1c": "a 7z archive: unpack it first",
    b"Rar!": "a RAR archive: unpack it first",
    b"\x04\x22\x4d\x18": "an lz4 file: unpack it first",
    b"\x1f\x9d": "a compress (.Z) file: unpack it first",
    b"\xfd7zXZ": "an xz file: unpack it first",
    b"BZh": "a bzip2 file: unpack it first",
    b"\x28\xb5\x2f\xfd": "a zstd file: unpack it first",
    b"PAR1": "a Parquet file, not element sets; pandas and DuckDB read it",
    b"ARROW1": "an Arrow file, not element sets; pandas and Polars read it",
    b"%PDF": "a PDF document",
}
# What CelesTrak and Space-Track answer when they give no data, and what to do.
_NOTICES = {
    "no gp data found": (
        "the query matched nothing; check the catalogue number or the name of the group"
    ),
    "gp data has not updated": "use the file downloaded before; CelesTrak serves each update once",
    "invalid query": "check the address of the request",
    "forbidden": "the server refused, perhaps for too many requests: wait, then ask again",
    "rate limit": "too many requests: wait, then ask again",
    "violated your query": "too many requests: wait, then ask again",
    "unauthorized": "the server requires a login",
}


def format_of(data: bytes | bytearray, source: str) -> str:
    """Return tle, csv, json, xml or kvn, from the first HEAD bytes of a text with LF line ends.

    Raises ElementsError for anything else; the message says what it is and what to do.
    """
    begin = bytes(data[:HEAD])
    head = begin.lstrip()
    packed = _packed(begin)
    if packed:
        raise ElementsError(f"{source} is {packed}")
    if _JSON.match(head):
        if not _DEFINING.search(head) and all(key in head for key in _SATCAT_KEYS):
            raise ElementsError(f"{source} {_NO_ELEMENTS}")
        answer = not _MESSAGE.search(head) and (_ANSWER.search(head[:400]) or _advice(head[:400]))
        if not answer:
            return "json"
        raise ElementsError(f"{source} {_not_elements(begin, head)}")
    if head.startswith(b"<") and not _HTML.search(head[:4096]):
        return "xml"
    if not head.startswith(b"<"):
        if any(map(header_in, _first_lines(head))):
            return "csv"
        if _KVN.search(head):
            return "kvn"
        if _TLE.search(begin):
            return "tle"
    raise ElementsError(f"{source} {_not_elements(begin, head)}")


def _packed(begin: bytes) -> str:
    """Name an archive, a compressed file or another foreign file; empty for none of these."""
    place, tar = _TAR
    if begin[place] == tar:
        return "a tar archive: unpack it first"
    return next((what for magic, what in _MAGIC.items() if begin.startswith(magic)), "")


def _first_lines(head: bytes) -> list[str]:
    """Return the lines that may be a CSV header; blank lines do not count."""
    lines = (line for line in head.split(b"\n") if line.strip(b" \t"))
    return [decode(line) for line in itertools.islice(lines, MAX_TITLES + 1)]


def _advice(head: bytes) -> str | None:
    """Say what to do about a notice of CelesTrak or Space-Track; None if `head` is none."""
    said = _in_one_line(head).lower()
    return next((advice for notice, advice in _NOTICES.items() if notice in said), None)


def _in_one_line(text: bytes) -> str:
    """Write one blank for each run of blanks and line ends; a no-break space stays."""
    return trimmed(re.sub("[ \t\n]+", " ", decode(text)))


def _not_elements(begin: bytes, head: bytes) -> str:
    """Say what a text without element sets is, and what to do."""
    if not head:
        if not begin:
            return "is empty: download it again"
        blank = "is blank" if len(begin) < HEAD else "begins with nothing but blanks"
        return f"{blank}: download it again"
    if head.startswith(b"<"):
        title = _TITLE.search(head)
        named = f" ({' '.join(decode(title[1]).split())!r})" if title else ""
        return (
            f"is a web page{named}, not element sets: look at it in a browser, then download the "
            "data itself"
        )
    if _CONTROL.search(head):
        return "is binary data, not element sets"
    said = _in_one_line(head[:400])
    advice = _advice(head[:400])
    if _JSON.match(head):
        advice = advice or (
            "read what it says; if it is a limit or a failure of the server, wait, then ask again"
        )
    if advice:
        return f"holds no element sets but the server's answer {said[:200]!r}: {advice}"
    if any(
        _SATCAT.issubset(columns_of(line, separator))
        for line in _first_lines(head)
        for separator in SEPARATORS
    ):
        return _NO_ELEMENTS
    if NO_BLANK.search(decode(head)) and _TLE.search(NO_BLANK.sub(" ", decode(begin)).encode()):
        return (
            "holds two-line sets with no-break spaces (U+00A0) or other spaces that are not "
            "blanks: replace them with blanks"
        )
    if _INDENTED.search(begin):
        return (
            "holds two-line sets with blanks before their lines: they must begin in column 1 (for "
            "text in a program: textwrap.dedent)"
        )
    return (
        "is in no format that is known (TLE, 3LE, or OMM as CSV, JSON, XML or KVN); it begins with "
        f"{said[:80]!r}"
    )
