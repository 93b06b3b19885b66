"""Real catalogs, and the conformance corpus beside the project, are read completely."""

import datetime
import json
import pathlib

import numpy as np
import pytest
from reading_checks import assert_holds, assert_matches_python_sgp4, same
from reading_samples import sets

from gpuprop.catalogs.read import ElementsError, read_elements
from gpuprop.elements.fields import OMM_FIELDS

COUNTS = {
    "spacetrack_full_2025-04-15.2le": 27_485,
    "celestrak_active_2025-04-15.3le": 11_304,
    "starlink_omm_2025-05-24.json": 7_483,
    "celestrak_catalog_omm_2022-07-01.csv": 23_952,
    "celestrak_2026-09_omm.json": 910,
    "celestrak_2026-09_omm.csv": 910,
}


@pytest.mark.parametrize("name", COUNTS)
def test_whole_catalogues(shared_data, name):
    elements = read_elements(shared_data / name)
    assert (len(elements), len(elements.rejected), elements.notes) == (COUNTS[name], 0, ())


def test_the_full_catalogue_has_python_sgp4s_bits(shared_data):
    path = shared_data / "spacetrack_full_2025-04-15.2le"
    elements = read_elements(path)
    assert_matches_python_sgp4(elements, sets(path.read_bytes()))
    assert int((elements.sat_id > 99_999).sum()) == 296


def test_the_active_catalogue_has_names(shared_data):
    names = read_elements(shared_data / "celestrak_active_2025-04-15.3le").name.tolist()
    starts = {
        start: sum(name.startswith(start) for name in names)
        for start in ("STARLINK", "ONEWEB", "QIANFAN", "HULIANWANG")
    }
    assert starts == {"STARLINK": 7_196, "ONEWEB": 651, "QIANFAN": 90, "HULIANWANG": 24}


def test_six_digit_numbers_and_empty_designators(shared_data):
    old = read_elements(shared_data / "celestrak_catalog_omm_2022-07-01.csv")
    new = read_elements(shared_data / "celestrak_2026-09_omm.csv")
    assert int((old.sat_id > 99_999).sum()) == 272
    assert new.fields["OBJECT_ID"].tolist().count("") == 565
    assert same(new, read_elements(shared_data / "celestrak_2026-09_omm.json"))


@pytest.mark.parametrize(
    "name", ["celestrak_catalog_omm_2022-07-01.csv", "starlink_omm_2025-05-24.json"]
)
def test_every_number_is_float_of_its_text(shared_data, name):
    text = (shared_data / name).read_text()
    if name.endswith("csv"):
        header, *rows = (line.split(",") for line in text.splitlines())
        records = [dict(zip(header, row, strict=True)) for row in rows]
    else:
        records = json.loads(text, parse_float=str, parse_int=str)
    assert_holds(read_elements(shared_data / name), records)


# --- the conformance corpus ---


@pytest.fixture
def corpus(shared_data: pathlib.Path) -> pathlib.Path:
    return shared_data / "gpconf"


ALPHA5_FILES = {
    "alpha5-A-100000-saramago-first": 1,
    "alpha5-A-last-30-days-snapshot": 256,
    "alpha5-T-270449-analyst-first": 1,
    "alpha5-T-analyst-27xxxx-snapshot": 346,
    "alpha5-synthetic-epoch-years": 100,
    "alpha5-synthetic-letters": 46,
}


@pytest.mark.parametrize("name", ALPHA5_FILES)
def test_alpha5_files_hold_the_numbers_their_provenance_names(corpus, name):
    elements = read_elements(corpus / "alpha5-tle" / f"{name}.tle")
    provenance = json.loads((corpus / "alpha5-tle" / f"{name}.provenance.json").read_text())
    assert elements.sat_id.tolist() == provenance["norad_cat_ids"]
    assert len(elements) == provenance["record_count"] == ALPHA5_FILES[name]


def test_every_two_digit_year(corpus):
    elements = read_elements(corpus / "alpha5-tle" / "alpha5-synthetic-epoch-years.tle")
    years = elements.epoch.astype("datetime64[Y]").astype(int) + 1970
    assert years.tolist() == [2000 + year if year < 57 else 1900 + year for year in range(100)]


CORRUPT = {
    "c1-checksum-digit.tle": (2, [5], "checksum of line 1"),
    "c2-line-2-short.tle": (2, [6], "line 2 has 68 columns"),
    "c3-letter-in-epoch.tle": (2, [5], "EPOCH"),
    "c4-line-2-missing.tle": (2, [5], "line 1 without its line 2"),
    "c5-cut-closing-bracket.json": (3, [1], "the JSON array has no end"),
    "c5-cut-last-row.csv": (2, [4], "16 fields, the header has 17"),
}


@pytest.mark.parametrize("name", CORRUPT)
def test_corrupt_files(corpus, name):
    good, lines, reason = CORRUPT[name]
    path = corpus / "corrupt-input" / name
    elements = read_elements(path, on_error="skip")
    assert (len(elements), [bad.line for bad in elements.rejected]) == (good, lines)
    assert elements.rejected[0].reason.startswith(reason)
    with pytest.raises(ElementsError, match=name):
        read_elements(path)


def test_the_unedited_files_hold_the_same_three_sets(corpus):
    array, rows, pairs = (
        read_elements(corpus / "corrupt-input" / f"unedited-{name}")
        for name in ("array.json", "rows.csv", "sets.tle")
    )
    assert same(array, rows)
    order = np.argsort(array.sat_id)[np.argsort(np.argsort(pairs.sat_id))]
    for name in (
        "OBJECT_NAME",
        "OBJECT_ID",
        "NORAD_CAT_ID",
        "MEAN_MOTION",
        "INCLINATION",
        "MEAN_MOTION_DOT",
    ):
        assert pairs.fields[name].tolist() == array.fields[name][order].tolist(), name


VARIANTS = [
    "v01-baseline-reserialised.kvn",
    "v02-day-of-year-epoch-Z.kvn",
    "v03-units-brackets-leading-zeros.kvn",
]
VARIANTS += [
    "v04-comments-blank-lines-whitespace-LF.kvn",
    "v05-omm-3.0-header-optional-keywords-omitted.kvn",
]
VARIANTS += ["v06-signed-integers-lowercase-exponent.kvn", "v07-xml-ndm-reserialised.xml"]


@pytest.mark.parametrize("name", VARIANTS)
def test_kvn_and_xml_variants_are_one_set(corpus, name):
    elements = read_elements(corpus / "kvn-variants" / name)
    record = {
        "OBJECT_NAME": "ISS (ZARYA)",
        "OBJECT_ID": "1998-067A",
        "EPOCH": "1998-11-20T06:49:59.999808",
        "MEAN_MOTION": "16.05064833",
        "ECCENTRICITY": ".0125362",
        "INCLINATION": "51.5908",
        "RA_OF_ASC_NODE": "168.3788",
        "ARG_OF_PERICENTER": "86.4185",
        "MEAN_ANOMALY": "359.7454",
        "NORAD_CAT_ID": "25544",
        "ELEMENT_SET_NO": "1",
        "REV_AT_EPOCH": "0",
        "BSTAR": "0",
        "MEAN_MOTION_DOT": "-.3657E-4",
        "MEAN_MOTION_DDOT": ".11563E-4",
    }
    if name.startswith("v05"):
        del record["ELEMENT_SET_NO"], record["REV_AT_EPOCH"]
        record["NORAD_CAT_ID"] = "0"
    assert_holds(elements, [record])
    assert set(record) <= set(OMM_FIELDS)


def test_variants_joined_into_one_file(corpus):
    joined = b"".join(
        (corpus / "kvn-variants" / name).read_bytes() + b"\n" for name in VARIANTS[:6]
    )
    elements = read_elements(joined)
    assert len(elements) == 6
    assert {
        epoch.astype(datetime.datetime) for epoch in elements.epoch.astype("datetime64[us]")
    } == {datetime.datetime(1998, 11, 20, 6, 49, 59, 999808)}


def test_no_gp_data_found(corpus):
    with pytest.raises(ElementsError, match="the query matched nothing"):
        read_elements(corpus / "recorded" / "celestrak-no-gp-data-found.txt", on_error="skip")


# --- what other people's programs write ---

FOUND = {
    "01_epoch_microseconds.csv": 1,
    "01_epoch_microseconds.json": 1,
    "01_epoch_microseconds.tle": 1,
    "02_wrapper_small.json": 3,
    "03_frame_TEMEOFDATE.xml": 1,
    "03_theory_TLE.xml": 1,
    "04_nbsp.tle": "no-break spaces",
    "04_nbsp_all.tle": "no-break spaces",
    "05_hypatia_tles.txt": 2,
    "05_incl_five_decimals.tle": 1,
    "06_nested_omm.json": 1,
    "06_satnogs.json": 1,
    "06_tle_lines_only.json": 1,
    "07_satcat.csv": "satellite catalogue",
    "07_tab.tsv": 1,
    "07_title_line.csv": 1,
    "08_stored_3le.zip": "zip archive",
}


@pytest.mark.parametrize("name", FOUND)
def test_files_found(shared_data, name):
    path, expected = shared_data / "found" / name, FOUND[name]
    if isinstance(expected, int):
        assert len(read_elements(path)) == expected
    else:
        with pytest.raises(ElementsError, match=expected):  # type: ignore[call-overload]
            read_elements(path, on_error="skip")
