"""Real element sets in every format, and a reader of two-line sets so simple that it can be the
reference: one slice at a time.
"""

import datetime
import json
import pathlib
from fractions import Fraction

import sgp4

VER = pathlib.Path(sgp4.__file__).parent.joinpath("SGP4-VER.TLE").read_bytes()
ALPHA5 = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
ISS = (
    "1 25544U 98067A   98324.28472222 -.00003657  11563-4  00000+0 0    10",
    "2 25544  51.5908 168.3788 0125362  86.4185 359.7454 16.05064833    05",
)


def sets(data: bytes) -> list[tuple[str, str]]:
    lines = [line for line in data.decode("latin-1").splitlines() if line[:2] in ("1 ", "2 ")]
    return list(zip(lines[::2], lines[1::2], strict=True))


def with_checksum(line: str) -> str:
    body = line[:68]
    return body + str(sum(int(c) if c.isdigit() else c == "-" for c in body) % 10)


def epoch_ns(text: str) -> int:
    """`00179.78495062` to integer nanoseconds since 1970, with Fraction."""
    year = int(text[:2])
    start = datetime.date(1900 + year if year >= 57 else 2000 + year, 1, 1)
    days = (start - datetime.date(1970, 1, 1)).days - 1
    return int((days + Fraction(text[2:].strip())) * 86_400_000_000_000)


def iso(ns: int) -> str:
    seconds, fraction = divmod(ns, 1_000_000_000)
    moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=seconds)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{fraction:09d}"


def exponential(text: str) -> str:
    """` 28098-4` to `0.28098E-4`."""
    return f"{text[0].strip()}0.{text[1:6]}E{text[6:].replace(' ', '+')}"


def omm(first: str, second: str, name: str = "") -> dict[str, str]:
    """The set's numbers as texts under the names of an OMM."""
    number = first[2:7]
    launch = first[9:17].strip()
    century = "19" if launch[:2] >= "57" else "20"
    return {
        "OBJECT_NAME": name,
        "OBJECT_ID": f"{century}{launch[:2]}-{launch[2:]}" if launch else "",
        "EPOCH": iso(epoch_ns(first[18:32])),
        "MEAN_MOTION": second[52:63].strip(),
        "ECCENTRICITY": "0." + second[26:33],
        "INCLINATION": second[8:16].strip(),
        "RA_OF_ASC_NODE": second[17:25].strip(),
        "ARG_OF_PERICENTER": second[34:42].strip(),
        "MEAN_ANOMALY": second[43:51].strip(),
        "EPHEMERIS_TYPE": first[62].strip() or "0",
        "CLASSIFICATION_TYPE": first[7],
        "NORAD_CAT_ID": str(ALPHA5.index(number[0].replace(" ", "0")) * 10_000 + int(number[1:])),
        "ELEMENT_SET_NO": first[64:68].strip(),
        "REV_AT_EPOCH": second[63:68].strip(),
        "BSTAR": exponential(first[53:61]),
        "MEAN_MOTION_DOT": first[33:43].strip(),
        "MEAN_MOTION_DDOT": exponential(first[44:52]),
    }


RECORDS = [omm(first, second, f"OBJECT {i}") for i, (first, second) in enumerate(sets(VER))]


def as_csv(records: list[dict[str, str]]) -> bytes:
    rows = [",".join(records[0]), *(",".join(record.values()) for record in records)]
    return "".join(row + "\r\n" for row in rows).encode()


def as_json(records: list[dict[str, str]], **layout: int) -> bytes:
    return json.dumps(records, **layout).encode()  # type: ignore[arg-type]


def as_kvn(records: list[dict[str, str]]) -> bytes:
    head = (
        "CCSDS_OMM_VERS = 2.0\nCREATION_DATE = \nORIGINATOR = \nCENTER_NAME = EARTH\nREF_FRAME "
        "= TEME\nTIME_SYSTEM = UTC\n"
    )
    return "".join(
        head + "".join(f"{name} = {value}\n" for name, value in record.items()) + "\n"
        for record in records
    ).encode()


def as_xml(records: list[dict[str, str]]) -> bytes:
    def message(record: dict[str, str]) -> str:
        inner = "".join(f"<{name}>{value}</{name}>\n" for name, value in record.items())
        return (
            '<omm id="CCSDS_OMM_VERS" version="2.0">\n<body><segment>\n'
            f"{inner}</segment></body>\n</omm>\n"
        )

    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<ndm>\n'
        + "".join(map(message, records))
        + "</ndm>\n"
    ).encode()


def as_tle(data: bytes = VER) -> bytes:
    """With right checksums throughout: three of the published sets have wrong ones."""
    return "".join(
        f"{with_checksum(first)}\n{with_checksum(second)}\n" for first, second in sets(data)
    ).encode()


FORMATS = {"csv": as_csv, "json": as_json, "kvn": as_kvn, "xml": as_xml}
