"""Bad records, inputs that are not element sets, and malicious files."""

import gzip
import json
import os
import pickle
import subprocess
import sys
import textwrap

import pytest
from patience import PATIENCE_S
from reading_samples import (
    FORMATS,
    ISS,
    RECORDS,
    VER,
    as_csv,
    as_json,
    as_kvn,
    as_tle,
    as_xml,
    omm,
    sets,
    with_checksum,
)

from gpuprop.catalogs.read import ElementsError, read_elements

ISS_OMM = omm(*ISS, "ISS (ZARYA)")
OTHER = [with_checksum(line) for line in sets(VER)[0]]


def between(lines: list[str]) -> bytes:
    """The lines between two good sets, so that they begin on line 3."""
    return "\n".join([*OTHER, *lines, *OTHER, ""]).encode()


def edited(line: int, start: int, text: str) -> list[str]:
    """The set with `text` from 1-based column `start` of a line on, and the checksum put right."""
    lines = list(ISS)
    old = lines[line - 1]
    lines[line - 1] = with_checksum(old[: start - 1] + text + old[start - 1 + len(text) :])
    return lines


BAD_SETS = {
    "checksum of line 1": (3, [ISS[0][:68] + "1", ISS[1]]),
    "checksum of line 2": (4, [ISS[0], ISS[1][:68] + "x"]),
    "line 1 is cut: 40 columns": (3, [ISS[0][:40], ISS[1]]),
    "line 2 is cut: 63 columns": (4, [ISS[0], ISS[1][:66]]),
    "line 2 has 68 columns and line 1 has 69": (4, [ISS[0], ISS[1][:28] + ISS[1][29:]]),
    "line 1 has its blanks or decimal points": (
        3,
        [with_checksum(ISS[0][:28] + ISS[0][29:] + " 0"), ISS[1]],
    ),
    r"EPOCH \(line 1, columns 19 to 32\)": (3, edited(1, 26, "O")),
    "EPOCH: the year 1998 has no day 366": (3, edited(1, 21, "366")),
    "EPOCH: the year 1998 has no day 0": (3, edited(1, 21, "000")),
    r"INCLINATION \(line 2, columns 9 to 16\)": (4, edited(2, 9, " 5l")),
    "INCLINATION is 190.0, not 0 to 180": (3, edited(2, 9, "190.0000")),
    "RA_OF_ASC_NODE is 361.0": (3, edited(2, 18, "361.0000")),
    r"ECCENTRICITY \(line 2": (4, edited(2, 27, "012536 ")),
    "MEAN_MOTION is 0.0, not above 0": (3, edited(2, 53, " 0.00000000")),
    "MEAN_MOTION is 20.00000001": (3, edited(2, 53, "20.00000001")),
    "line 2 holds a sign": (4, edited(2, 53, "-1.00000000")),
    "line 1 has 70 columns": (3, [ISS[0] + "0", ISS[1]]),
    r"BSTAR \(line 1, columns 54 to 61\)": (3, edited(1, 54, "        ")),
    r"BSTAR \(line 1.*1 000-4": (3, edited(1, 54, " 1 000-4")),
    r"MEAN_MOTION_DDOT \(line 1": (3, edited(1, 45, "123456-4")),
    r"MEAN_MOTION_DOT \(line 1": (3, edited(1, 34, "-.0x")),
    r"ELEMENT_SET_NO \(line 1": (3, edited(1, 65, " 1 2")),
    r"REV_AT_EPOCH \(line 2": (4, edited(2, 64, "    x")),
    r"EPHEMERIS_TYPE 4 is SGP4-XP": (3, edited(1, 63, "4")),
    r"EPHEMERIS_TYPE is 6": (3, edited(1, 63, "6")),
    "line 1 is of object 25544, line 2 of object 25545": (4, edited(2, 3, "25545")),
    "line 1 without its line 2": (3, [ISS[0]]),
    "line 2 without its line 1": (3, [ISS[1]]),
    "name without an element set": (3, ["NAME", "NAME"]),
}


@pytest.mark.parametrize("reason", BAD_SETS)
def test_bad_two_line_sets(reason):
    line, lines = BAD_SETS[reason]
    elements = read_elements(between(lines), on_error="skip")
    assert len(elements) == 2
    (bad,) = elements.rejected
    assert (bad.line, bad.text) == (line, lines[line - 3].strip())
    with pytest.raises(ElementsError, match=reason):
        read_elements(between(lines))


@pytest.mark.parametrize("blanks", ["    ", "\t"])
def test_blanks_before_the_lines_of_a_set(blanks):
    """As in a triple-quoted text: every line is moved, or every line but the first."""
    moved = "".join(f"{blanks}{line}\n" for line in ["ISS", *ISS])
    with pytest.raises(ElementsError, match=r"must begin in column 1 .*textwrap\.dedent"):
        read_elements(f"\n{moved}".encode())
    lines = [
        ISS[0],
        blanks + ISS[1],
        *OTHER,
        ISS[0],
        blanks + ISS[1],
        blanks + ISS[0],
        blanks + ISS[1],
        "NAME",
        *OTHER,
    ]
    elements = read_elements("\n".join(lines).encode(), on_error="skip")
    assert elements.name.tolist() == ["", "NAME"]
    assert [bad.line for bad in elements.rejected] == [1, 5, 6, 7, 8]
    assert all("begin in column 1, without blanks" in bad.reason for bad in elements.rejected)


def test_checksums_are_ignored_when_told_so():
    for reason in ("checksum of line 1", "checksum of line 2"):
        assert len(read_elements(between(BAD_SETS[reason][1]), checksum="ignore")) == 3


def test_a_name_belongs_to_the_set_after_it_even_a_bad_one():
    lines = ["A", ISS[0], "B", ISS[1], "C", *ISS, "D"]
    elements = read_elements("\n".join(lines).encode(), on_error="skip")
    assert elements.name.tolist() == ["C"]
    assert [(bad.line, bad.reason) for bad in elements.rejected] == [
        (2, "line 1 without its line 2"),
        (4, "line 2 without its line 1"),
        (8, "name without an element set"),
    ]


BAD_VALUES = [
    ("ECCENTRICITY", "1.0"),
    ("ECCENTRICITY", "-0.1"),
    ("MEAN_MOTION", "0"),
    ("MEAN_MOTION", "20.1"),
    ("INCLINATION", "180.0001"),
    ("MEAN_ANOMALY", "1e3"),
    ("NORAD_CAT_ID", "-1"),
    ("NORAD_CAT_ID", "2147483648"),
    ("NORAD_CAT_ID", "1.5"),
    ("NORAD_CAT_ID", "99999999999"),
    ("NORAD_CAT_ID", "A0001"),
    ("BSTAR", ""),
    ("EPOCH", ""),
    ("MEAN_MOTION", ""),
    ("REV_AT_EPOCH", "x"),
    ("EPHEMERIS_TYPE", "4"),
    ("MEAN_ELEMENT_THEORY", "SGP4-XP"),
    ("MEAN_ELEMENT_THEORY", "DSST"),
    ("TIME_SYSTEM", "TAI"),
    ("REF_FRAME", "GCRF"),
    ("CENTER_NAME", "MARS"),
]


@pytest.mark.parametrize(("name", "value"), BAD_VALUES)
@pytest.mark.parametrize("kind", FORMATS)
def test_bad_values_in_messages(kind, name, value):
    context = {
        "MEAN_ELEMENT_THEORY": "SGP4",
        "TIME_SYSTEM": "UTC",
        "REF_FRAME": "TEME",
        "CENTER_NAME": "Earth",
    }
    records = [record | context for record in (RECORDS[0], ISS_OMM, RECORDS[1])]
    records[1] = records[1] | {name: value}
    data = FORMATS[kind](records)
    if kind == "kvn":  # its writer states the context by itself
        data = "\n".join(line for line in data.decode().split("\n") if line not in STATED).encode()
    elements = read_elements(data, on_error="skip")
    assert elements.sat_id.tolist() == [
        int(RECORDS[0]["NORAD_CAT_ID"]),
        int(RECORDS[1]["NORAD_CAT_ID"]),
    ]
    (bad,) = elements.rejected
    assert bad.reason.startswith(name)
    assert value in bad.reason or name == "MEAN_ANOMALY"


@pytest.mark.parametrize("second", ["60", "60.5Z"])
@pytest.mark.parametrize("kind", FORMATS)
def test_a_leap_second_is_named(kind, second):
    with pytest.raises(
        ElementsError, match=f"EPOCH is in a leap second, .*: '2016-12-31T23:59:{second}'"
    ):
        read_elements(FORMATS[kind]([ISS_OMM | {"EPOCH": f"2016-12-31T23:59:{second}"}]))
    with pytest.raises(ElementsError, match="EPOCH is not an instant"):
        read_elements(FORMATS[kind]([ISS_OMM | {"EPOCH": "2016-12-31T23:60:00"}]))


STATED = ("CENTER_NAME = EARTH", "REF_FRAME = TEME", "TIME_SYSTEM = UTC")


def test_kvn_in_other_units_is_refused():
    data = as_kvn([ISS_OMM]).replace(b"INCLINATION = 51.5908", b"INCLINATION = 0.9 [rad]")
    with pytest.raises(ElementsError, match=r"INCLINATION is not a number: '0.9 \[rad\]'"):
        read_elements(data)


def test_csv_rows_are_spoiled_one_by_one():
    rows = as_csv([ISS_OMM] * 6).decode().split("\r\n")
    rows[2] = rows[2].replace("ISS", '"ISS')
    rows[3] = rows[3] + ",1"
    rows[5] = rows[5][:60]
    elements = read_elements("\n".join(rows).encode(), on_error="skip")
    assert len(elements) == 3
    assert [(bad.line, bad.reason) for bad in elements.rejected] == [
        (3, "a quotation mark without its partner"),
        (4, "18 fields, the header has 17"),
        (6, "4 fields, the header has 17"),
    ]


def test_csv_header_faults():
    data = as_csv([ISS_OMM])
    with pytest.raises(ElementsError, match="header has no BSTAR"):
        read_elements(data.replace(b"BSTAR", b"BSTAG"))
    with pytest.raises(ElementsError, match="EPOCH more than once"):
        read_elements(data.replace(b"OBJECT_NAME", b"EPOCH"))
    with pytest.raises(ElementsError, match="without any record"):
        read_elements(data.split(b"\r\n")[0])


def test_json_damage_is_local():
    texts = [json.dumps(ISS_OMM | {"OBJECT_NAME": f"{i} {{x}}"}) for i in range(6)]
    texts[2] = texts[2].replace('"EPOCH":', '"EPOCH"')
    texts[4] = texts[4].replace("}", ', "EPOCH": "2026-01-01T00:00:00"}').replace("4 {x,", "4 {x},")
    elements = read_elements(f"[\n{(',' + chr(10)).join(texts)}\n]".encode(), on_error="skip")
    assert elements.name.tolist() == ["0 {x}", "1 {x}", "3 {x}", "5 {x}"]
    assert [bad.line for bad in elements.rejected] == [4, 6]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda text: text[:-1], "no end"),
        (lambda text: text[:-20], "not a complete JSON object"),
        (lambda text: text + "]", "text after the end"),
        (lambda text: text.replace("}, {", "} {"), "',' or ']' is missing"),
        (lambda text: text.replace("}]", "},]"), "ends after a comma"),
        (lambda text: text.replace("[{", '["x", {'), "not a JSON object"),
        (lambda text: text.replace("}]", "}, {}]"), "no OMM keyword"),
    ],
)
def test_json_damage_around_the_records(change, reason):
    data = change(json.dumps([ISS_OMM, ISS_OMM])).encode()
    with pytest.raises(ElementsError, match=reason):
        read_elements(data)


def test_kvn_damage_is_local():
    good = as_kvn([ISS_OMM])
    data = (
        good
        + good.replace(b"ECCENTRICITY =", b"ECCENTRICITY ")
        + good
        + good.replace(b"BSTAR", b"EPOCH")
        + good
    )
    elements = read_elements(data, on_error="skip")
    lines = good.count(b"\n")
    assert (len(elements), [bad.line for bad in elements.rejected]) == (
        3,
        [lines + 1, 3 * lines + 1],
    )


def test_xml_damage_is_local():
    parts = [as_xml([ISS_OMM]).decode().split("<ndm>\n")[1].split("</ndm>")[0] for _ in range(5)]
    parts[1] = parts[1].replace("</EPOCH>", "</EPOCK>")
    parts[3] = parts[3].replace("</omm>", "")
    elements = read_elements(f"<ndm>\n{''.join(parts)}</ndm>".encode(), on_error="skip")
    assert (len(elements), [bad.line for bad in elements.rejected]) == (3, [27, 65])


def test_xml_that_is_cut_says_so():
    data = as_xml([ISS_OMM] * 2)
    with pytest.raises(ElementsError, match="is damaged"):
        read_elements(data.replace(b"</ndm>", b""))
    with pytest.raises(ElementsError, match="without its </omm>"):
        read_elements(data[:-60])


def test_the_one_exception_counts_lists_and_advises():
    lines = [line for _ in range(30) for line in BAD_SETS["checksum of line 1"][1]]
    with pytest.raises(ElementsError) as caught:
        read_elements(between(lines))
    text = str(caught.value)
    assert text.startswith(
        "the bytes given: 30 of 32 records could not be read\n  line 3: checksum of line 1 is '1'"
    )
    assert text.count("  line ") == 20 and "and 10 more" in text
    assert 'on_error="skip" (--on-error skip)' in text and 'checksum="ignore"' in text
    assert len(caught.value.rejected) == 30
    assert pickle.loads(pickle.dumps(caught.value)).rejected == caught.value.rejected


def test_no_good_record_is_an_error_under_skip_too():
    with pytest.raises(ElementsError, match="1 of 1 records"):
        read_elements("\n".join(BAD_SETS["checksum of line 1"][1]).encode(), on_error="skip")


@pytest.mark.parametrize("call", [{"on_error": "ignore"}, {"checksum": "no"}])
def test_wrong_arguments(call):
    with pytest.raises(ValueError, match='is "'):
        read_elements(as_tle(), **call)


# --- no element sets ---

PAGE = (
    b"<!DOCTYPE html>\n<html><head><title>CelesTrak: 403\n Forbidden</title></head><body>\n"
    + as_tle()
    + b"</body></html>"
)
RATE_LIMIT = b'{"error":"You\'ve violated your query rate limit."}'
NOT_UPDATED = b"GP data has not updated since your last successful download"
NO_ELEMENTS = {
    "is empty": b"",
    "is blank": b"\r\n  \n",
    "is a web page \\('CelesTrak: 403 Forbidden'\\)": PAGE,
    "the query matched nothing; check": b"No GP data found",
    "use the file downloaded before": (
        b"GP data has not updated since your last successful\ndownload of GROUP=active at "
        b"05:00:00 UTC."
    ),
    "check the address": b'Invalid query: "GROUP=foo&FORMAT=tle"',
    "the server refused": b"403 Forbidden",
    "requires a login": b"401 Unauthorized",
    (
        "^the bytes given holds .* the server's answer .*You.+ve violated.*: too many "
        "requests: wait"
    ): RATE_LIMIT,
    "^the bytes given holds .*answer '.{.*violated your query.* wait, then ask again$": b"["
    + RATE_LIMIT
    + b"]",
    "^the bytes given holds .*answer .*has not updated.*: use the file downloaded before": b'["'
    + NOT_UPDATED
    + b'"]',
    "answer .*has not updated since.*: use the file downloaded before": b'"' + NOT_UPDATED + b'"',
    (
        "^the bytes given holds .*answer .*Server busy.*: read what it says; .* wait, then ask "
        "again$"
    ): b'{"message": "Server busy"}',
    "empty JSON array": b"[]",
    "without any <omm>": b"<error>no</error>",
    "binary data": bytes(range(256)) * 100,
    "zip archive": b"PK\x03\x04" + b"\0" * 100,
    "gzip inside gzip": gzip.compress(gzip.compress(VER)),
    "damaged gzip": gzip.compress(VER)[:500] + b"\xff" * 500,
    "ends too early": gzip.compress(VER)[:-20],
    "Parquet": b"PAR1\x15\x04",
    "no format that is known .* begins with 'Hello": b"Hello, world\n",
    "not an OMM": b"CCSDS_OEM_VERS = 2.0\nOBJECT_NAME = ISS\n",
}


@pytest.mark.parametrize("on_error", ["raise", "skip"])
@pytest.mark.parametrize("says", NO_ELEMENTS)
def test_what_is_no_element_set(says, on_error):
    with pytest.raises(ElementsError, match=says):
        read_elements(NO_ELEMENTS[says], on_error=on_error)


def test_paths_that_cannot_be_read(tmp_path):
    with pytest.raises(ElementsError, match="is a directory"):
        read_elements(tmp_path)
    with pytest.raises(FileNotFoundError):
        read_elements(tmp_path / "missing.tle")
    with pytest.raises(ElementsError, match="takes a path"):
        read_elements("\n".join(ISS))
    with pytest.raises(TypeError, match="not int"):
        read_elements(5)
    path = tmp_path / "latin.tle"
    path.write_bytes("\n".join(["CAFÉ", *ISS]).encode("latin-1"))
    with (
        open(path, encoding="utf-8") as text,
        pytest.raises(ElementsError, match="open it as binary"),
    ):
        read_elements(text)
    (tmp_path / "page.html").write_bytes(PAGE)
    with pytest.raises(ElementsError, match=r"page\.html is a web page"):
        read_elements(tmp_path / "page.html")


# --- files made to do harm ---


def test_limits(monkeypatch):
    monkeypatch.setattr("gpuprop.catalogs.read.source.MAX_BYTES", 3 << 20)
    for data in (as_tle() * 1000, gzip.compress(as_tle() * 1000)):
        with pytest.raises(ElementsError, match="more than 3,145,728 bytes unpacked"):
            read_elements(data)
    monkeypatch.setattr("gpuprop.catalogs.read.source.RATIO_FROM", 1 << 20)
    with pytest.raises(ElementsError, match="over 200 times its size"):
        read_elements(gzip.compress(as_tle() + b"\n" * (2 << 20)))
    monkeypatch.setattr("gpuprop.catalogs.read.source.MAX_LINES", 50)
    with pytest.raises(ElementsError, match="more than 50 lines"):
        read_elements(as_tle())
    monkeypatch.setattr("gpuprop.catalogs.read.source.MAX_LINES", 1000)
    monkeypatch.setattr("gpuprop.catalogs.read.draft.MAX_RECORDS", 20)
    for data in (as_tle(), *(write(RECORDS) for write in FORMATS.values())):
        with pytest.raises(ElementsError, match="more than 20 records"):
            read_elements(data)
    monkeypatch.setattr("gpuprop.catalogs.read.draft.MAX_RECORDS", 1000)
    monkeypatch.setattr("gpuprop.catalogs.read.draft.MAX_REJECTED", 5)
    bad = [record | {"BSTAR": "x"} for record in RECORDS]
    monkeypatch.setattr("gpuprop.catalogs.read.omm_csv.BLOCK", 500)  # no block has six
    monkeypatch.setattr("gpuprop.catalogs.read.tle.BLOCK", 5)
    for data in (
        as_tle().replace(b"U", b"UU"),
        as_csv(bad),
        as_json([{}] * 9 + RECORDS),
        as_tle() + b"x\n" * 9,
    ):
        with pytest.raises(ElementsError, match="more than 5 bad records"):
            read_elements(data, on_error="skip")


@pytest.mark.slow
@pytest.mark.parametrize("copies", [1, 500])
@pytest.mark.parametrize(
    "data", [as_tle(), as_csv(RECORDS), as_kvn(RECORDS)], ids=["tle", "csv", "kvn"]
)
def test_long_lines_are_refused(data, copies):
    """In the first chunk or a later one."""
    data *= copies
    line = data.count(b"\n") + 1
    with pytest.raises(ElementsError, match=f", line {line} has more than 65,536 bytes"):
        read_elements(data + b"=" * 70_000 + b"\n" + data, on_error="skip")
    read_elements(data.rstrip() + b" " * 60_000 + b"\n" + data, on_error="skip")


def test_only_the_beginning_tells_the_format():
    with pytest.raises(ElementsError, match="no format that is known"):
        read_elements(b"x\n" * (1 << 15) + as_tle())
    with pytest.raises(ElementsError, match="begins with nothing but blanks"):
        read_elements(b"\n" * (1 << 16) + as_tle())


BOMB = """<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;&lol;">]>
<ndm><omm><OBJECT_NAME>&lol2;</OBJECT_NAME></omm></ndm>"""
HOSTILE = {
    "entities": (BOMB.encode(), "entity declaration"),
    "entity undeclared": (as_xml([ISS_OMM | {"OBJECT_NAME": "&lol;"}]), "undefined entity"),
    "nested arrays": (b"[" * 1_000_000, "nested more than 100 deep"),
    "nested objects": (b'{"a":' * 1_000_000, "nested more than 100 deep"),
    "nested arrays in an object": (b'[{"EPOCH":' + b"[" * 1_000_000, "nested more than 100 deep"),
    "nested elements": (b"<omm>" + b"<a>" * 1_000_000 + b"</omm>", "longer than"),
    "unclosed comments": (b"<omm></omm>" + b"<!--" * 1_000_000, "missing|not whole"),
    "unclosed messages": (b"<omm>" * 100_000, "without its </omm>"),
    "empty objects": (b"[" + b"{}," * 100_000 + b"{}]", "no OMM keyword"),
    "blanks after a damaged object": (b'[{"a" }' + b" " * 1_000_000, "not a complete"),
    "long text": (
        b'[{"OBJECT_NAME": "' + b"A" * 1_000_000 + b'"}]',
        "OBJECT_NAME is longer than 65,536 characters",
    ),
}


@pytest.mark.parametrize("which", HOSTILE)
def test_hostile(which):
    data, says = HOSTILE[which]
    with pytest.raises(ElementsError, match=says):
        read_elements(data, on_error="skip")


def test_nul_bytes_spoil_their_record_only():
    data = as_tle()
    assert len(read_elements(data[:200] + b"\0" + data[201:], on_error="skip").rejected) == 1
    csv = as_csv([ISS_OMM] * 3)
    at = csv.index(b"16.05", 400)
    assert len(read_elements(csv[:at] + b"\0" + csv[at + 1 :], on_error="skip").rejected) == 1


BOUNDED = """
    import resource, sys, time
    from gpuprop.catalogs.read import ElementsError, read_elements

    class Long:
        name = "long"
        def __init__(self, begin):
            self.begin, self.left = begin, 1024
        def read(self, size):
            begin, self.begin = self.begin, b""
            self.left -= 1
            return begin + b"x" * (1 << 20) if self.left > 0 else b""

    limit = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize() + (512 << 20)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    for source in SOURCES:
        try:
            read_elements(source, on_error="skip")
        except ElementsError as error:
            print(error)
"""


def bounded(sources: str, *paths: str) -> list[str]:
    """What a process that may take at most 512 MiB says to each of `sources`, an expression."""
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    program = textwrap.dedent(BOUNDED).replace("SOURCES", sources)
    done = subprocess.run(
        [sys.executable, "-c", program, *paths],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        env=environment,
    )
    assert not done.returncode, done.stderr
    return done.stdout.splitlines()


def test_a_gzip_bomb_stays_within_memory(tmp_path):
    """Half a gibibyte in 500 kB."""
    (tmp_path / "bomb.gz").write_bytes(
        gzip.compress(as_tle()) + gzip.compress(b"\n" * (64 << 20)) * 8
    )
    (tmp_path / "message.gz").write_bytes(
        gzip.compress(b'[{"OBJECT_NAME": "') + gzip.compress(b"A" * (64 << 20)) * 8
    )
    (tmp_path / "line.gz").write_bytes(
        gzip.compress(as_tle()) + gzip.compress(b"1" * (64 << 20)) * 8
    )
    lines = bounded("sys.argv[1:]", *(str(path) for path in sorted(tmp_path.iterdir())))
    bomb, line, message = (text.split(".gz", 1)[1] for text in lines)
    assert bomb == " has more than 10,000,000 lines, the most that can be read at once: split it"
    assert line == ", line 67 has more than 65,536 bytes: no element set has such a line"
    assert message == " unpacks to over 200 times its size: it is not a catalogue"


def test_a_line_of_a_gibibyte_stays_within_memory():
    begins = [
        b"",
        ISS[0].encode(),
        b"EPOCH,MEAN_MOTION,",
        b"EPOCH = ",
        b'[{"EPOCH": "',
        b"<ndm><omm><EPOCH>",
        b"<html>",
    ]
    unknown, tle, csv, kvn, json_text, xml, page = bounded(f"[Long(begin) for begin in {begins!r}]")
    assert "no format that is known" in unknown and "a web page" in page
    assert (
        tle
        == csv
        == kvn
        == "long, line 1 has more than 65,536 bytes: no element set has such a line"
    )
    assert (
        json_text
        == xml
        == (
            "long holds more than 268,435,456 bytes unpacked, the most that can be read at once: "
            "split it"
        )
    )
