"""Element sets written and read again keep their bits and characters; faults leave no trace."""

import errno
import gzip
import json
import os
import pathlib
import re
import secrets
import stat
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from datasets import new_file
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from reading_samples import ALPHA5, RECORDS, as_csv, as_tle, sets, with_checksum
from sgp4 import exporter, omm
from sgp4.api import Satrec

import gpuprop
from gpuprop import WritingError, read_elements, write_elements
from gpuprop.__main__ import main
from gpuprop.catalogs.read import draft
from gpuprop.catalogs.write.formats import FORMATS
from gpuprop.elements.fields import OMM_FIELDS
from gpuprop.elements.sets import Elements
from gpuprop.files import whole_file

OMM_FORMATS = ("csv", "json", "kvn", "xml")
TLE_FORMATS = ("tle", "3le")


def bits(elements: Elements) -> dict[str, list]:
    """Every field that formats have, with doubles as their bit patterns."""
    fields = {name: elements.fields[name] for name in OMM_FIELDS}
    return {
        name: (v.view(np.int64) if v.dtype == np.float64 else v).tolist()
        for name, v in fields.items()
    }


def one(**changed) -> Elements:
    """The first published set, with a name, and some fields changed."""
    fields = {
        name: values[:1].copy() for name, values in read_elements(as_csv(RECORDS)).fields.items()
    }
    return Elements(
        fields | {name: np.array([value], fields[name].dtype) for name, value in changed.items()}
    )


# --- the same bits ---


@pytest.mark.parametrize("kind", [*OMM_FORMATS, *TLE_FORMATS])
def test_the_published_sets_come_back(kind, tmp_path):
    elements = read_elements(as_csv(RECORDS))
    path = tmp_path / f"ver.{kind}"
    written = write_elements(elements, path)
    assert (written.satellites, written.bytes, written.format, written.losses) == (
        33,
        path.stat().st_size,
        kind,
        (),
    )
    assert bits(read_elements(path)) == bits(elements)


CATALOGUES = [
    "celestrak_2026-09_omm.csv",
    "starlink_omm_2025-05-24.json",
    "celestrak_catalog_omm_2022-07-01.csv",
]


@pytest.mark.slow
@pytest.mark.parametrize("name", CATALOGUES)
@pytest.mark.parametrize("kind", OMM_FORMATS)
def test_catalogues_come_back(shared_data, name, kind, tmp_path):
    elements = read_elements(shared_data / name)
    path = tmp_path / f"catalogue.{kind}"
    assert write_elements(elements, path).losses == ()
    assert bits(read_elements(path)) == bits(elements)


WORDS = st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters="\r\n"), max_size=30
).map(str.strip)
XML_WORDS = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Cn"), exclude_characters="\r\n"), max_size=30
).map(str.strip)
ANGLES = st.floats(-360.0, 360.0)
ANY = st.floats(allow_nan=False, allow_infinity=False)


def records(words: st.SearchStrategy[str]) -> st.SearchStrategy[dict]:
    """Whatever Elements may hold and a reader takes."""
    whole = st.integers(1 - 2**31, 2**31 - 1)
    return st.fixed_dictionaries(
        {
            "OBJECT_NAME": words,
            "OBJECT_ID": words,
            # 1678 to 2261
            "EPOCH": st.integers(-9_214_560_000_000_000_000, 9_214_646_399_999_999_999),
            "MEAN_MOTION": st.floats(5e-324, 20.0),
            "ECCENTRICITY": st.floats(0.0, 1.0, exclude_max=True),
            "INCLINATION": st.floats(0.0, 180.0),
            "RA_OF_ASC_NODE": ANGLES,
            "ARG_OF_PERICENTER": ANGLES,
            "MEAN_ANOMALY": ANGLES,
            "EPHEMERIS_TYPE": st.integers(0, 3),
            "CLASSIFICATION_TYPE": words.map(lambda word: word or "U"),
            "NORAD_CAT_ID": st.integers(0, 999_999_999),
            "ELEMENT_SET_NO": whole,
            "REV_AT_EPOCH": whole,
            "BSTAR": ANY,
            "MEAN_MOTION_DOT": ANY,
            "MEAN_MOTION_DDOT": ANY,
        }
    )


SMALL = st.one_of(st.floats(-0.5, 0.5), st.just(0.0), st.floats(-1e-6, 1e-6))
TLE_LIKE = {
    "EPOCH": st.integers(-410_227_200_000_000_000, 2_745_100_799_000_000_000),  # 1957 to 2056
    "MEAN_MOTION": st.floats(1e-3, 20.0),
    "ECCENTRICITY": st.floats(0.0, 0.999),
    "NORAD_CAT_ID": st.integers(0, 340_000),
    **dict.fromkeys(("BSTAR", "MEAN_MOTION_DOT", "MEAN_MOTION_DDOT"), SMALL),
}


def elements_of(rows: list[dict]) -> Elements:
    columns = {
        name: np.empty(len(rows), "int64" if dtype.startswith("datetime") else dtype)
        for name, (dtype, _, _) in OMM_FIELDS.items()
    }
    for name, column in columns.items():
        column[:] = [row[name] for row in rows]
    return Elements(columns | {"EPOCH": columns["EPOCH"].view("datetime64[ns]")})


QUICK = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.mark.parametrize("kind", OMM_FORMATS)
@QUICK
@given(data=st.data())
def test_an_omm_holds_everything_bit_for_bit(kind, data, tmp_path):
    elements = elements_of(
        data.draw(st.lists(records(XML_WORDS if kind == "xml" else WORDS), min_size=1, max_size=4))
    )
    path = tmp_path / f"any.{kind}"
    assert write_elements(elements, path).losses == ()
    assert bits(read_elements(path)) == bits(elements)


@pytest.mark.parametrize("kind", TLE_FORMATS)
@QUICK
@given(
    rows=st.lists(
        st.builds(dict.__or__, records(WORDS), st.fixed_dictionaries(TLE_LIKE)),
        min_size=1,
        max_size=4,
    )
)
def test_what_a_tle_rounds_is_rounded_once_and_told(kind, rows, tmp_path):
    """Read, written and read again, a file says the same; every difference from the original is in
    the losses, as large as told.
    """
    elements, path = elements_of(rows), tmp_path / f"any.{kind}"
    try:
        written = write_elements(elements, path, on_error="skip")
    except WritingError:
        return
    back = read_elements(path)
    kept = np.delete(np.arange(len(elements)), [refused.index for refused in written.rejected])
    changed = {name for name, values in bits(elements[kept]).items() if values != bits(back)[name]}
    zeros = {
        name
        for name, v in elements.fields.items()
        if v.dtype == np.float64 and np.array_equal(v[kept], back.fields[name])
    }
    losses = {loss.field: loss for loss in reversed(written.losses)}
    assert changed - zeros <= set(losses)  # the sign of an angle that is -0.0 apart
    for name in ("MEAN_MOTION", "INCLINATION", "ECCENTRICITY"):
        assert np.abs(back.fields[name] - elements.fields[name][kept]).max() == (
            losses[name].largest if name in losses else 0.0
        )
    again = path.read_bytes()
    assert write_elements(back, path).losses == ()
    assert path.read_bytes() == again


@pytest.mark.parametrize("kind", [*OMM_FORMATS, *TLE_FORMATS])
@example(name='A "B", C')
@example(name="<html>&amp; [deg]")
@example(name="# NOT A COMMENT")
@example(name="0 ZERO")
@example(name="1 HOPPER")
@example(name="2 25544  51.5908 168.3788 0125362  86.4185 359.7454 16.05064833    05")
@example(name="EPOCH = 1")
@example(name="EPOCH,A,B")
@example(name='[{"EPOCH": 1}]')
@example(name="CAFÉ ☄")
@example(name="COMMENT")
@QUICK
@given(name=XML_WORDS)
def test_names_that_look_like_something_else(kind, name, tmp_path):
    path = tmp_path / f"named.{kind}"
    write_elements(one(OBJECT_NAME=name), path)
    assert read_elements(path).name.tolist() == [name]


@pytest.mark.parametrize("kind", OMM_FORMATS)
def test_a_synthetic_constellation_comes_back(kind, tmp_path, monkeypatch):
    monkeypatch.setitem(draft.BOUNDS, "NORAD_CAT_ID", (0, 2**31 - 1, "0 to 2147483647"))
    elements = gpuprop.constellation("starlink-gen1")
    path = tmp_path / f"gen1.{kind}"
    written = write_elements(elements, path)
    assert bits(read_elements(path)) == bits(elements)
    assert [str(loss) for loss in written.losses] == [
        f"{name} of 4,408 satellites is left out: no format has a field for it"
        for name in ("plane", "slot")
    ]


# --- the same characters ---


def test_celestraks_files_come_back_to_the_byte(shared_data, tmp_path):
    for name, kind in (
        ("celestrak_active_2025-04-15.3le", "tle"),
        ("celestrak_2026-09_omm.csv", "csv"),
    ):
        path = tmp_path / name
        write_elements(read_elements(shared_data / name), path, kind)
        assert path.read_bytes().rstrip() == (shared_data / name).read_bytes().rstrip()


def usual(line: str) -> str:
    """A line of a set as this project writes it: Space-Track writes some zeros, signs and blanks
    otherwise, all of the same value.
    """
    body = line[:2] + line[2:7].replace(" ", "0") + line[7:68]
    if line.startswith("1"):
        signs = body[33].replace("+", " "), body[44].replace("+", " "), body[53].replace("+", " ")
        body = body[:33] + signs[0] + body[34:44] + signs[1] + body[45:53] + signs[2] + body[54:]
        body = re.sub(r"00000-0", "00000+0", body)
    return with_checksum(body)


@pytest.mark.slow
def test_every_line_of_the_full_catalogue_comes_back(shared_data, tmp_path):
    path = shared_data / "spacetrack_full_2025-04-15.2le"
    written = write_elements(read_elements(path), tmp_path / "full.tle")
    assert (written.satellites, written.losses) == (27_485, ())
    before, after = (each.read_text().splitlines() for each in (path, tmp_path / "full.tle"))
    assert [usual(line) for line in before] == after
    assert before[1::2] == [
        line if re.match(r"2 [0-9A-Z]{5}", old) else old
        for line, old in zip(after[1::2], before[1::2], strict=True)
    ]


def test_python_sgp4_exports_the_same_lines(tmp_path):
    """The published sets, whose checksums and zeros python-sgp4 writes its own way."""
    path = tmp_path / "ver.2le"
    write_elements(read_elements(as_tle()), path)
    theirs = [
        line for pair in sets(as_tle()) for line in exporter.export_tle(Satrec.twoline2rv(*pair))
    ]
    assert [usual(line) for line in path.read_text().splitlines()] == [
        usual(line) for line in theirs
    ]


@pytest.mark.parametrize(("kind", "parse"), [("csv", omm.parse_csv), ("xml", omm.parse_xml)])
def test_python_sgp4_reads_the_same_numbers(kind, parse, tmp_path):
    elements = read_elements(as_csv(RECORDS))
    path = tmp_path / f"ver.{kind}"
    write_elements(elements, path)
    with open(path, newline="") as file:
        rows = list(parse(file))
    assert [float(row["MEAN_MOTION"]) for row in rows] == elements.fields["MEAN_MOTION"].tolist()
    satrec = Satrec()
    omm.initialize(satrec, rows[0])
    assert satrec.satnum == elements.sat_id[0] and satrec.ecco == elements.eccentricity[0]


def test_an_omm_is_what_the_standard_says(tmp_path):
    """Sections and their order: CCSDS 502.0-B-2, tables 4-1 to 4-3; the XML is well formed and has
    the same.
    """
    write_elements(one(), tmp_path / "one.kvn")
    keywords = [
        line.partition("=")[0].strip()
        for line in (tmp_path / "one.kvn").read_text().splitlines()
        if line
    ]
    context = ["CENTER_NAME", "REF_FRAME", "TIME_SYSTEM", "MEAN_ELEMENT_THEORY"]
    assert keywords == [
        "CCSDS_OMM_VERS",
        "CREATION_DATE",
        "ORIGINATOR",
        *list(OMM_FIELDS)[:2],
        *context,
        *list(OMM_FIELDS)[2:],
    ]
    write_elements(one(), tmp_path / "one.xml")
    root = ElementTree.fromstring((tmp_path / "one.xml").read_bytes())
    assert [leaf.tag for leaf in root.iter() if not len(leaf)] == keywords[1:]
    write_elements(one(), tmp_path / "one.json")
    assert list(json.loads((tmp_path / "one.json").read_text())[0]) == list(OMM_FIELDS)


@pytest.mark.parametrize("letter", ALPHA5)
def test_alpha5(letter, tmp_path):
    number = ALPHA5.index(letter) * 10_000 + 42
    write_elements(one(NORAD_CAT_ID=number), tmp_path / "one.2le")
    assert [line[2:7] for line in (tmp_path / "one.2le").read_text().splitlines()] == [
        f"{letter}0042"
    ] * 2


# --- what a format cannot hold ---


def test_numbers_beyond_a_tle_are_refused_and_name_omm(tmp_path):
    elements = Elements.concat(
        [one(NORAD_CAT_ID=339_999), one(NORAD_CAT_ID=340_000), one(NORAD_CAT_ID=1_000_000_000)]
    )
    path = tmp_path / "some.tle"
    with pytest.raises(
        WritingError, match=r"2 of 3 satellites cannot(?s:.*)satellite 340000(?s:.*)write an OMM"
    ) as caught:
        write_elements(elements, path)
    assert [refused.index for refused in caught.value.rejected] == [1, 2] and not path.exists()
    written = write_elements(elements, path, on_error="skip")
    assert (written.satellites, [refused.sat_id for refused in written.rejected]) == (
        1,
        [340_000, 1_000_000_000],
    )
    assert read_elements(path).sat_id.tolist() == [339_999]
    with pytest.raises(WritingError, match="2 of 2"):
        write_elements(elements[1:], path, on_error="skip")


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("MEAN_MOTION", np.nan, "MEAN_MOTION is nan"),
        ("BSTAR", np.inf, "BSTAR is inf"),
        ("MEAN_MOTION", 20.1, "not above 0 and at most 20 rev/day"),
        ("ECCENTRICITY", 1.0, "not at least 0 and below 1"),
        ("EPHEMERIS_TYPE", 4, "EPHEMERIS_TYPE is 4, not one of SGP4"),
        ("NORAD_CAT_ID", -1, "NORAD_CAT_ID is -1, a negative"),
        ("EPOCH", np.datetime64("NaT"), "EPOCH is NaT"),
        ("OBJECT_NAME", "A\nB", "line end"),
        ("OBJECT_NAME", " A", "blanks at its ends"),
        ("OBJECT_ID", "\ud800", "not Unicode"),
        ("OBJECT_NAME", "A" * 1001, "longer than 1000"),
        ("OBJECT_NAME", 5, "not a text"),
        ("REV_AT_EPOCH", -(2**31), "read as no number"),
    ],
)
@pytest.mark.parametrize("kind", FORMATS)
def test_what_no_format_brings_back(kind, field, value, reason, tmp_path):
    with pytest.raises(WritingError, match=reason):
        write_elements(one(**{field: value}), tmp_path / f"one.{kind}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("EPOCH", np.datetime64("1956-12-31T23:00:00", "ns"), "1957 to 2056"),
        ("EPOCH", np.datetime64("2056-12-31T23:59:59.999999999", "ns"), "1957 to 2056"),
        ("MEAN_MOTION", 4e-9, "not fit in the columns"),
        ("ECCENTRICITY", 0.99999996, "not fit in the columns"),
        ("MEAN_MOTION_DOT", -1.0, "not fit in the columns"),
        ("BSTAR", 1e9, "not fit in the columns"),
        ("OBJECT_NAME", "EPOCH,MEAN_MOTION", "header of a CSV"),
    ],
)
def test_what_has_no_columns_in_a_tle(field, value, reason, tmp_path):
    with pytest.raises(WritingError, match=reason):
        write_elements(one(**{field: value}), tmp_path / "one.tle")
    write_elements(one(**{field: value}), tmp_path / "one.csv")
    assert bits(read_elements(tmp_path / "one.csv")) == bits(one(**{field: value}))


@pytest.mark.parametrize(
    ("field", "value", "back", "largest"),
    [
        ("MEAN_MOTION", 15.1234567849, 15.12345678, 4.9e-9),
        (
            "EPOCH",
            np.datetime64("2026-01-01T00:00:00.000432001", "ns"),
            np.datetime64("2026-01-01T00:00:00.000864", "ns"),
            431_999e-9,
        ),
        (
            "EPOCH",
            np.datetime64("2025-12-31T23:59:59.999999", "ns"),
            np.datetime64("2026-01-01", "ns"),
            1e-6,
        ),
        ("BSTAR", -1.23456e-4, -0.12346e-3, 4e-9),
        ("BSTAR", 1.2345e-12, 0.00123e-9, 4.5e-15),
        ("RA_OF_ASC_NODE", -30.0, 330.0, 0.0),
        ("INCLINATION", 53.00004, 53.0, 4e-5),
        ("REV_AT_EPOCH", 123_456, 23_456, 0.0),
        ("ELEMENT_SET_NO", 12_345, 2_345, 0.0),
        ("OBJECT_ID", "1998-067ABCD", "", 0.0),
        ("CLASSIFICATION_TYPE", "UU", "U", 0.0),
    ],
)
def test_what_a_tle_rounds(field, value, back, largest, tmp_path):
    elements = one(**{field: value})
    written = write_elements(elements, tmp_path / "one.tle")
    assert [loss.field for loss in written.losses] == [field] and field in str(written.losses[0])
    assert written.losses[0].largest == pytest.approx(largest, rel=1e-3)
    assert bits(read_elements(tmp_path / "one.tle")) == bits(one(**{field: back}))


def test_names_are_left_out_where_asked_for(tmp_path):
    written = write_elements(one(OBJECT_NAME="ISS"), tmp_path / "one.2le")
    assert [str(loss) for loss in written.losses] == [
        "OBJECT_NAME of 1 satellite is left out, as 2le has no names"
    ]
    assert read_elements(tmp_path / "one.2le").name.tolist() == [""]


# --- the file ---


def test_formats_by_ending_and_name(tmp_path):
    for ending, kind in (("TLE", "tle"), ("txt", "tle"), ("omm", "kvn"), ("csv.gz", "csv")):
        assert write_elements(one(), tmp_path / f"one.{ending}").format == kind
    assert write_elements(one(), str(tmp_path / "one.dat"), "json").format == "json"
    for path, format, message in (
        ("one", None, "without an ending"),
        ("one.dat", None, "ending .dat"),
        ("one.csv", "tel", "'tel' is not known"),
    ):
        with pytest.raises(ValueError, match=message):
            write_elements(one(), tmp_path / path, format)
    with pytest.raises(ValueError, match="on_error"):
        write_elements(one(), tmp_path / "one.csv", on_error="ignore")
    with pytest.raises(ValueError, match="no satellite"):
        write_elements(one()[:0], tmp_path / "none.csv")


def test_gzipped_files_are_the_same_bytes_each_time(tmp_path):
    first, second = (tmp_path / name for name in ("a.csv.gz", "b.csv.gz"))
    assert write_elements(one(), first).bytes == first.stat().st_size
    write_elements(one(), second)
    assert first.read_bytes() == second.read_bytes()
    assert gzip.decompress(first.read_bytes()).startswith(b"OBJECT_NAME,OBJECT_ID,EPOCH")
    assert bits(read_elements(first)) == bits(one())


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_failing_disk_leaves_what_was_there(step, tmp_path, monkeypatch):
    path = tmp_path / "one.csv"
    path.write_text("before")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, step, full)
    with pytest.raises(
        OSError, match=r"No space left on device while writing the file(?s:.*)one\.csv"
    ):
        write_elements(one(), path)
    assert [each.name for each in tmp_path.iterdir()] == [
        "one.csv"
    ] and path.read_text() == "before"


def test_threads_that_write_one_file_never_mix(tmp_path):
    """Each has its own temporary file: the file always holds exactly one of the texts."""
    path, texts = tmp_path / "one.csv", [str(number) * 50_000 for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        sizes = list(pool.map(lambda text: whole_file.replace(path, [text]), texts * 10))
        assert sizes == [50_000] * 80 and path.read_text() in texts
    assert [each.name for each in tmp_path.iterdir()] == ["one.csv"]


@pytest.mark.parametrize(
    "write",
    [
        lambda path: write_elements(one(), path),
        lambda path: new_file(path).__exit__(None, None, None),
    ],
)
def test_a_link_in_the_place_of_the_temporary_file_is_not_followed(tmp_path, monkeypatch, write):
    """The name is random; if somebody guesses it, nothing is written."""
    victim = tmp_path / "victim.txt"
    victim.write_text("mine")
    monkeypatch.setattr(secrets, "token_hex", lambda count: "0" * 2 * count)
    whole_file.temporary_name(tmp_path / "one.csv").symlink_to(victim)
    with pytest.raises(OSError, match="File exists"):
        write(tmp_path / "one.csv")
    assert victim.read_text() == "mine" and not (tmp_path / "one.csv").exists()


def test_an_interrupt_leaves_what_was_there(tmp_path):
    path = tmp_path / "one.csv"

    def pieces():
        yield "x" * (2 * whole_file.CHUNK)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        whole_file.replace(path, pieces())
    assert list(tmp_path.iterdir()) == []


def test_links_and_modes_stay_and_devices_are_refused(tmp_path):
    path, link = tmp_path / "one.csv", tmp_path / "link.csv"
    write_elements(one(), path)
    path.chmod(0o640)
    link.symlink_to(path)
    write_elements(one(OBJECT_NAME="NEW"), link)
    assert link.is_symlink() and read_elements(path).name.tolist() == ["NEW"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    os.mkfifo(tmp_path / "pipe.csv")
    for name in ("pipe.csv", "."):
        with pytest.raises(OSError, match="cannot be replaced by a file"):
            write_elements(one(), tmp_path / name, "csv")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        write_elements(one(), tmp_path / "nowhere" / "one.csv")


def test_a_catalogue_may_replace_itself(tmp_path):
    path = tmp_path / "one.csv"
    path.write_bytes(as_csv(RECORDS))
    assert main(["export", str(path), "-o", str(path)]) == 0
    assert bits(read_elements(path)) == bits(read_elements(as_csv(RECORDS)))


# --- the command ---


def test_export(tmp_path, capsys):
    source, target = tmp_path / "ver.csv", tmp_path / "some.tle"
    source.write_bytes(
        as_csv([*RECORDS[:3], RECORDS[3] | {"NORAD_CAT_ID": "400000", "BSTAR": "0.123456"}])
    )
    assert main(["export", str(source), "-o", str(target)]) == 1
    assert "satellite 400000 'OBJECT 3'" in capsys.readouterr().err and not target.exists()
    assert main(["export", str(source), "-o", str(target), "--on-error", "skip", "--json"]) == 0
    printed = capsys.readouterr()
    facts = json.loads(printed.out)
    assert (facts["satellites"], facts["format"], len(facts["rejected"]), facts["losses"]) == (
        3,
        "tle",
        1,
        [],
    )
    assert facts["rejected"][0] | dict(reason="") == dict(
        index=3, sat_id=400_000, name="OBJECT 3", reason=""
    )
    assert "left out: satellite 400000" in printed.err
    assert (
        main(["export", str(source), "-o", str(target), "--select", "OBJECT 1", "--format", "kvn"])
        == 0
    )
    assert pathlib.Path(target).read_text().count("CCSDS_OMM_VERS") == 1
    for arguments in (
        ["export", str(source)],
        ["export", "-o", str(target)],
        ["export", str(source), "-o", "some.dat"],
    ):
        assert main(arguments) == 2


def test_export_tells_what_is_rounded(tmp_path, capsys):
    source = tmp_path / "one.csv"
    source.write_bytes(as_csv([RECORDS[0] | {"BSTAR": "0.00075988826"}]))
    assert main(["export", str(source), "-o", str(tmp_path / "one.tle")]) == 0
    printed = capsys.readouterr()
    assert (
        "note: BSTAR of 1 satellite is rounded to the decimals of a TLE, by up to 1.7e-09 1/earth "
        "radii" in " ".join(printed.err.split())
    )


def test_every_format_of_the_command_is_one_of_the_library(tmp_path):
    source = tmp_path / "one.csv"
    source.write_bytes(as_csv(RECORDS[:2]))
    for number, kind in enumerate(FORMATS):
        assert (
            main(["export", str(source), "-o", str(tmp_path / f"{number}.dat"), "--format", kind])
            == 0
        )
        assert len(read_elements(tmp_path / f"{number}.dat")) == 2


def test_a_reason_that_many_share_is_said_once(tmp_path, capsys):
    """And one satellite is a satellite, not satellites."""
    assert main(["export", "starlink-gen1", "-o", str(tmp_path / "gen1.tle")]) == 1
    said = " ".join(capsys.readouterr().err.split())
    assert said.count("number the constellation from 1") == 1
    assert (
        "satellites 1000000000 to 1000004407 (4,408 of them): a TLE holds catalogue numbers up to "
        "339999 (Alpha-5)" in said
    )
    assert main(["export", "ast-fm2", "-o", str(tmp_path / "one.csv")]) == 0
    out, err = capsys.readouterr()
    assert ": 1 satellite as csv" in out and "plane of 1 satellite is left out" in err
    assert main(["info", str(tmp_path / "one.csv")]) == 0
    assert "none known" not in capsys.readouterr().out
