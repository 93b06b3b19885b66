"""Which format a text is, told from its content; and if it is none, what it is instead and what to do about it."""

import re

from gpuprop.reading.errors import ElementsError
from gpuprop.reading.omm import KEYWORDS
from gpuprop.reading.omm_csv import header
from gpuprop.reading.source import decode

_JSON = re.compile(rb"\s*(\{|\[\s*([\[{\"\]]|$))")
_KVN = re.compile(rb"(?mi)^[ \t]*(CCSDS_\w+_VERS|" + "|".join(KEYWORDS).encode() + rb")[ \t]*=")
_TLE = re.compile(rb"(?m)^[12] (?:[ 0-9A-Za-z][ 0-9]{3}[0-9]|[ -~]{38})")
_HTML = re.compile(rb"<(!doctype\s+html|html|head)[\s>]", re.IGNORECASE)
_TITLE = re.compile(rb"<title[^>]*>([^<]{1,80})", re.IGNORECASE)
_CONTROL = re.compile(rb"[\0-\x08\x0e-\x1a\x1c-\x1f]")
HEAD = 64 << 10

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


def format_of(data: bytes, source: str) -> str:
    """tle, csv, json, xml or kvn. data: with LF line ends. Raises ElementsError for anything else, saying what it is and what to do."""
    head = data[:HEAD].lstrip()
    if _JSON.match(head):
        return "json"
    if head.startswith(b"<") and not _HTML.search(head[:4096]):
        return "xml"
    if not head.startswith(b"<"):
        columns = header(decode(head.split(b"\n", 1)[0]))
        if len({"EPOCH", "MEAN_MOTION", "ECCENTRICITY", "NORAD_CAT_ID"}.intersection(columns)) >= 2:
            return "csv"
        if _KVN.search(head):
            return "kvn"
        if _TLE.search(data):
            return "tle"
    raise ElementsError(f"{source} {_instead(data, head)}")


def _instead(data: bytes, head: bytes) -> str:
    if not data.strip():
        return "is empty: download it again" if not data else "is blank: download it again"
    for magic, what in _MAGIC.items():
        if data.startswith(magic):
            return f"is {what}"
    if head.startswith(b"<"):
        title = _TITLE.search(head)
        named = f" ({' '.join(decode(title[1]).split())!r})" if title else ""
        return f"is a web page{named}, not element sets: look at it in a browser, then download the data itself"
    if _CONTROL.search(head):
        return "is binary data, not element sets"
    said = " ".join(decode(head[:400]).split())
    for notice, advice in _NOTICES.items():
        if notice in said.lower():
            return f"holds no element sets but the server's answer {said[:200]!r}: {advice}"
    return f"is in no format that is known (TLE, 3LE, or OMM as CSV, JSON, XML or KVN); it begins with {said[:80]!r}"
