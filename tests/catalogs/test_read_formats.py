"""Every format is read to the same numbers, which float() of the text and python-sgp4 confirm."""

import gzip
import io
import json
import pathlib

import numpy as np
import pytest
from reading_checks import assert_holds, assert_matches_python_sgp4, same
from reading_samples import (
    ALPHA5,
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
from gpuprop.elements.fields import OMM_FIELDS

ISS_OMM = omm(*ISS, "ISS (ZARYA)")


# --- every format ---


def test_two_line_sets():
    assert_holds(read_elements(as_tle()), [record | {"OBJECT_NAME": ""} for record in RECORDS])


@pytest.mark.parametrize("kind", FORMATS)
def test_orbit_mean_elements_messages(kind):
    assert_holds(read_elements(FORMATS[kind](RECORDS)), RECORDS)


@pytest.mark.parametrize("kind", [*FORMATS, "tle"])
@pytest.mark.parametrize("ends", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_line_ends_and_byte_order_mark(kind, ends, mark):
    data = as_tle() if kind == "tle" else FORMATS[kind](RECORDS)
    plain = data.replace(b"\r\n", b"\n")
    assert same(read_elements(mark + plain.replace(b"\n", ends)), read_elements(plain))


@pytest.mark.parametrize("kind", [*FORMATS, "tle"])
def test_gzip_is_told_by_content(kind, tmp_path):
    data = as_tle() if kind == "tle" else FORMATS[kind](RECORDS)
    path = tmp_path / "elements.txt"
    half = len(data) // 2
    # two members and padding, as tar leaves it
    path.write_bytes(gzip.compress(data[:half]) + gzip.compress(data[half:]) + b"\0" * 512)
    assert same(read_elements(path), read_elements(data))


def test_gzip_that_expands_beyond_one_piece():
    data = as_tle() * 1500  # 6.5 MB, very repetitive
    assert len(read_elements(gzip.compress(data))) == 33 * 1500


@pytest.mark.parametrize("kind", [*FORMATS, "tle"])
def test_chunks_may_end_anywhere(kind, monkeypatch):
    """Within a CRLF, a character or a byte-order mark; more than one block of sets is one
    catalogue.
    """
    data = (as_tle() if kind == "tle" else FORMATS[kind](RECORDS)).replace(b"\r\n", b"\n")
    expected = read_elements(data)
    monkeypatch.setattr("gpuprop.catalogs.read.tle.BLOCK", 5)
    for size in (2, 7, 64):
        monkeypatch.setattr("gpuprop.catalogs.read.source.CHUNK", size)
        assert same(read_elements(data.replace(b"\n", b"\r\n")), expected)
        assert same(read_elements(gzip.compress(data.replace(b"\n", b"\r"))), expected)
        assert same(read_elements(data.decode().encode("utf-16")), expected)


def test_sources(tmp_path):
    path = tmp_path / "a.tle"
    path.write_bytes(as_tle())
    expected = read_elements(as_tle())
    assert same(read_elements(str(path)), expected)
    assert same(read_elements(memoryview(as_tle())), expected)
    assert same(read_elements(io.BytesIO(as_tle())), expected)
    assert same(read_elements(io.StringIO(as_tle().decode())), expected)
    with open(path) as text, open(path, "rb") as binary:
        assert same(read_elements(text), expected)
        assert same(read_elements(binary), expected)


def test_utf_16_as_powershell_writes_it():
    assert same(read_elements(as_tle().decode().encode("utf-16")), read_elements(as_tle()))


# --- two-line sets ---


def test_sgp4_ver_has_three_wrong_checksums_and_trailing_text():
    elements = read_elements(VER, on_error="skip")
    assert (len(elements), [bad.line for bad in elements.rejected]) == (30, [100, 103, 106])
    assert {bad.reason.split(" is ")[0] for bad in elements.rejected} == {"checksum of line 1"}
    assert_holds(
        read_elements(VER, checksum="ignore"), [record | {"OBJECT_NAME": ""} for record in RECORDS]
    )


def test_python_sgp4_has_the_same_bits():
    assert_matches_python_sgp4(read_elements(VER, checksum="ignore"), sets(VER))


def test_names_with_and_without_leading_zero():
    text = "\n".join(
        [
            "",
            "# a comment",
            "0 VANGUARD 1",
            *ISS,
            "0BJECT  ",
            "# between",
            *ISS,
            "",
            *ISS,
            "1 HOPPER",
            *ISS,
            "",
        ]
    )
    assert read_elements(text.encode()).name.tolist() == ["VANGUARD 1", "0BJECT", "", "1 HOPPER"]


def test_names_of_any_encoding():
    text = "\n".join(["CAFÉ", *ISS])
    assert read_elements(text.encode()).name.tolist() == ["CAFÉ"]
    assert read_elements(text.encode("latin-1")).name.tolist() == ["CAFÉ"]
    both = "\n".join(["CAFÉ", *ISS, ""])
    assert read_elements(both.encode() + both.encode("latin-1")).name.tolist() == ["CAFÉ", "CAFÉ"]


@pytest.mark.parametrize("letter", ALPHA5)
def test_alpha5(letter):
    lines = [with_checksum(line[:2] + letter + "0042" + line[7:]) for line in ISS]
    assert read_elements("\n".join(lines).encode()).sat_id.tolist() == [
        ALPHA5.index(letter) * 10_000 + 42
    ]


@pytest.mark.parametrize("number", ["I0001", "O0001", "a0001", "AA001", "1 001", "-0001", "     "])
def test_alpha5_refuses(number):
    lines = [with_checksum(line[:2] + number + line[7:]) for line in ISS]
    with pytest.raises(ElementsError, match="catalogue number"):
        read_elements("\n".join(lines).encode())


@pytest.mark.parametrize(
    ("year", "expected"), [("56", 2056), ("57", 1957), ("99", 1999), ("00", 2000), (" 5", 2005)]
)
def test_two_digit_years_turn_at_57(year, expected):
    first = with_checksum(ISS[0][:9] + year.replace(" ", "0") + ISS[0][11:18] + year + ISS[0][20:])
    elements = read_elements("\n".join([first, ISS[1]]).encode())
    assert elements.epoch[0].astype("datetime64[Y]") == np.datetime64(str(expected))
    assert elements.fields["OBJECT_ID"].tolist() == [f"{expected}-067A"]


@pytest.mark.parametrize("designator", ["        ", "98067   ", "TBA     ", "98067ABC"])
def test_designators(designator):
    first = with_checksum(ISS[0][:9] + designator + ISS[0][17:])
    expected = {"        ": "", "TBA     ": "TBA"}.get(
        designator, f"19{designator[:2]}-{designator[2:].strip()}"
    )
    assert read_elements("\n".join([first, ISS[1]]).encode()).fields["OBJECT_ID"].tolist() == [
        expected
    ]


def test_epoch_of_a_set_is_exact():
    first = with_checksum(ISS[0][:18] + "24366.99999999" + ISS[0][32:])
    epoch = read_elements("\n".join([first, ISS[1]]).encode()).epoch[0]
    assert epoch == np.datetime64("2024-12-31T23:59:59.999136000")


def test_lines_without_checksum():
    lines = "\n".join(line[:68] for line in ISS)
    assert same(read_elements(lines.encode()), read_elements("\n".join(ISS).encode()))


def test_blank_derivatives_are_zero():
    first = with_checksum(ISS[0][:44] + " " * 8 + ISS[0][52:])
    assert read_elements("\n".join([first, ISS[1]]).encode()).fields[
        "MEAN_MOTION_DDOT"
    ].tolist() == [0.0]


# --- orbit mean-elements messages ---


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-09-20T13:39:33", "2026-09-20T13:39:33"),
        ("2026-09-20T13:39:33Z", "2026-09-20T13:39:33"),
        ("2026-09-20T13:39:33.5Z", "2026-09-20T13:39:33.5"),
        ("2026-09-20 13:39:33.839424", "2026-09-20T13:39:33.839424"),
        ("2026-09-20T13:39:33.839424+00:00", "2026-09-20T13:39:33.839424"),
        ("2026-09-20T13:39:33.839424000+0000", "2026-09-20T13:39:33.839424"),
        ("2026-09-20 13:39:33.839424+00", "2026-09-20T13:39:33.839424"),
        ("2026-09-20 13:39:33+00", "2026-09-20T13:39:33"),
        ("1998-324T06:49:59.999808", "1998-11-20T06:49:59.999808"),
        ("2024-366T00:00:00Z", "2024-12-31T00:00:00"),
        ("2024-02-29T00:00:00.123456789", "2024-02-29T00:00:00.123456789"),
        ("2024-02-29T00:00:00.1234567894", "2024-02-29T00:00:00.123456789"),
        ("2024-02-29T23:59:59.9999999995", "2024-03-01T00:00:00"),
        ("1957-10-04T19:28:34", "1957-10-04T19:28:34"),
    ],
)
@pytest.mark.parametrize("kind", FORMATS)
def test_epochs(kind, text, expected):
    records = [*RECORDS[:2], ISS_OMM | {"EPOCH": text}, *RECORDS[2:]]
    assert read_elements(FORMATS[kind](records)).epoch[2] == np.datetime64(expected, "ns")


@pytest.mark.parametrize(
    "text",
    [
        "2025-02-29T00:00:00",
        "2025-366T00:00:00",
        "2025-000T00:00:00",
        "2025-13-01T00:00:00",
        "2025-00-01T00:00:00",
        "2025-01-32T00:00:00",
        "2025-01-01T24:00:00",
        "2025-01-01T00:60:00",
        "2025-01-01T00:00:00.",
        "2025-01-01T00:00:00.5x",
        "2025-01-01",
        "2025-01-01T00:00",
        "25001.5",
        "tomorrow",
        "1600-01-01T00:00:00",
        "2300-01-01T00:00:00",
        "NaT",
        "2025-01-01T00:00:00+02:00",
        "2025-01-01T00:00:00+0200",
        "2025-01-01T00:00:00+02",
        "2025-01-01T00:00:00-00",
        "2025-01-01T00:00:00+00Z",
        "+00",
        "2025-01-01T00:00:00ZZ",
        "Z",
        "2025-01-01T00:00:00.0000000000000000000000000",
        "2025-O1-01T00:00:00",
        "-025-01-01T00:00:00",
    ],
)
@pytest.mark.parametrize("kind", FORMATS)
def test_epochs_refused(kind, text):
    elements = read_elements(
        FORMATS[kind]([RECORDS[0], ISS_OMM | {"EPOCH": text}]), on_error="skip"
    )
    assert len(elements) == 1
    assert [bad.reason.split(":")[0] for bad in elements.rejected] == [
        "EPOCH is not an instant such as 2026-09-20T13"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "+0",
        "-.3657E-4",
        ".5",
        "5.",
        "1.15630e-5",
        "00.1",
        "+.5e+2",
        " 7 ",
        "1e-320",
        "0.1234567890123456789012345",
    ],
)
@pytest.mark.parametrize("kind", FORMATS)
def test_numbers(kind, text):
    value = read_elements(FORMATS[kind]([ISS_OMM | {"MEAN_MOTION_DOT": text}])).fields[
        "MEAN_MOTION_DOT"
    ][0]
    assert value == float(text) and np.signbit(value) == np.signbit(float(text))


@pytest.mark.parametrize(
    "text",
    [
        "nan",
        "inf",
        "-Infinity",
        "1_0",
        "1e",
        "0x10",
        "1,5",
        "--1",
        "1.2.3",
        "1e999",
        "1 2",
        ".",
        "+",
        "O.5",
        "1" * 41,
        "١",
    ],
)
@pytest.mark.parametrize("kind", ["json", "kvn", "xml"])
def test_numbers_refused(kind, text):
    with pytest.raises(ElementsError, match="BSTAR is not a number"):
        read_elements(FORMATS[kind]([ISS_OMM | {"BSTAR": text}]))


def test_json_numbers_texts_nulls_single_objects_and_lines():
    number = {
        name: json.loads(text) if OMM_FIELDS[name][0] in ("int32", "float64") else text
        for name, text in _plain(ISS_OMM).items()
    }
    expected = read_elements(as_csv([_plain(ISS_OMM)]))
    for form in ([number], number, [_plain(ISS_OMM)], _plain(ISS_OMM)):
        assert same(read_elements(json.dumps(form, indent=1).encode()), expected)
    lines = f"{json.dumps(number)}\n{json.dumps(number)}\n"
    assert len(read_elements(lines.encode())) == 2
    assert read_elements(json.dumps([number | {"OBJECT_ID": None}]).encode()).fields[
        "OBJECT_ID"
    ].tolist() == [""]


def _plain(record: dict[str, str]) -> dict[str, str]:
    return {
        name: repr(float(text)) if OMM_FIELDS[name][0] == "float64" else text
        for name, text in record.items()
    }


@pytest.mark.parametrize("kind", FORMATS)
def test_nine_digits_other_case_other_order_and_extra_keywords(kind):
    extra = {
        "semimajor_axis": "6778.1",
        "TLE_LINE1": ISS[0],
        "GP_ID": "1",
        "CX_X": "1e-3",
        "USER_DEFINED_FOO": "BAR",
    }
    swapped = (
        {name.lower(): value for name, value in reversed(ISS_OMM.items())}
        | extra
        | {"norad_cat_id": "999999999"}
    )
    elements = read_elements(FORMATS[kind]([swapped]))
    assert_holds(elements, [ISS_OMM | {"NORAD_CAT_ID": "999999999"}])


OPTIONAL = [
    "OBJECT_NAME",
    "OBJECT_ID",
    "EPHEMERIS_TYPE",
    "CLASSIFICATION_TYPE",
    "ELEMENT_SET_NO",
    "REV_AT_EPOCH",
    "MEAN_MOTION_DOT",
    "MEAN_MOTION_DDOT",
]


@pytest.mark.parametrize("kind", FORMATS)
def test_optional_keywords_take_their_defaults(kind):
    absent = {name: value for name, value in ISS_OMM.items() if name not in OPTIONAL}
    blank = ISS_OMM | dict.fromkeys(OPTIONAL, "")
    for record in (absent, blank):
        assert_holds(read_elements(FORMATS[kind]([record])), [absent])


@pytest.mark.parametrize("kind", ["json", "kvn", "xml"])
def test_a_message_without_number_is_numbered_0_and_says_so(kind):
    elements = read_elements(
        FORMATS[kind]([{name: value for name, value in ISS_OMM.items() if name != "NORAD_CAT_ID"}])
    )
    assert elements.sat_id.tolist() == [0]
    assert elements.notes == ("1 of 1 messages have no NORAD_CAT_ID: numbered 0",)


def test_csv_quotes_and_commas():
    quoted = as_csv(
        [
            {name: f'"{value}"' for name, value in ISS_OMM.items()}
            | {"OBJECT_NAME": '"ISS, ""ZARYA"""'}
        ]
        * 2
    )
    elements = read_elements(quoted)
    assert_holds(elements, [ISS_OMM | {"OBJECT_NAME": 'ISS, "ZARYA"'}] * 2)


def test_csv_as_space_track_quotes_it():
    """Every field in quotation marks, the empty ones too, and twice as many fields as needed."""
    extra = {
        "CCSDS_OMM_VERS": "3.0",
        "COMMENT": "GENERATED VIA SPACE-TRACK.ORG API",
        "CENTER_NAME": "EARTH",
        "REF_FRAME": "TEME",
    }
    extra |= {
        "TIME_SYSTEM": "UTC",
        "MEAN_ELEMENT_THEORY": "SGP4",
        "DECAY_DATE": "",
        "TLE_LINE0": "0 ISS, ZARYA",
    }
    rows = as_csv(
        [
            {f'"{name}"': f'"{value}"' for name, value in (extra | record).items()}
            for record in RECORDS
        ]
    )
    assert_holds(read_elements(rows), RECORDS)


def test_csv_with_blank_lines_and_spaces():
    spaced = as_csv([{name: f" {value}  " for name, value in ISS_OMM.items()}]).replace(
        b"\r\n", b"\n   \n\n"
    )
    assert_holds(read_elements(b"\n\n" + spaced), [ISS_OMM])


def test_csv_in_many_blocks(monkeypatch):
    monkeypatch.setattr("gpuprop.catalogs.read.omm_csv.BLOCK", 500)
    assert_holds(read_elements(as_csv(RECORDS)), RECORDS)


def test_kvn_units_comments_and_brackets_in_names():
    text = as_kvn([ISS_OMM | {"OBJECT_NAME": "ISS [ZARYA]"}]).decode()
    text = text.replace(
        "INCLINATION = 51.5908", "COMMENT = no pair\nCOMMENT\n  INCLINATION\t=  51.5908   [deg]"
    ).replace("MEAN_MOTION_DOT = -.00003657", "MEAN_MOTION_DOT = -.00003657 [rev/day**2]")
    assert_holds(read_elements(text.encode()), [ISS_OMM | {"OBJECT_NAME": "ISS [ZARYA]"}])


def test_xml_units_prefixes_entities_and_comments():
    text = as_xml([ISS_OMM | {"OBJECT_NAME": "A &amp; B&#233;"}]).decode()
    text = text.replace("<INCLINATION>", '<INCLINATION units="deg">').replace(
        "<ndm>", "<ndm><!-- <omm>\nnot one -->\n"
    )
    text = text.replace("<omm ", "<ndm:omm ").replace("</omm>", "</ndm:omm>")
    assert_holds(read_elements(text.encode()), [ISS_OMM | {"OBJECT_NAME": "A & Bé"}])


def test_the_name_of_the_file_says_nothing(tmp_path: pathlib.Path):
    path = tmp_path / "elements.xml"
    path.write_bytes(as_json(RECORDS))
    assert len(read_elements(path)) == len(RECORDS)
