"""Files as other programs write them: companion fields, JSON around the records, TLE lines in JSON,
tables, headers.
"""

import io
import json
import tarfile
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading_checks import assert_holds, same
from reading_samples import (
    FORMATS,
    ISS,
    RECORDS,
    as_csv,
    as_json,
    as_kvn,
    as_tle,
    as_xml,
    omm,
    sets,
    with_checksum,
)
from sgp4.api import Satrec

from gpuprop import Elements, Propagator
from gpuprop.catalogs.read import ElementsError, json_walk, read_elements
from gpuprop.catalogs.read.json_keywords import INHERITED
from gpuprop.catalogs.read.omm import Messages
from gpuprop.files.addresses import is_url

ISS_OMM = omm(*ISS, "ISS (ZARYA)")
LINES = sets(as_tle())
# A set of an older class of Space-Track, whose EPOCH has whole seconds.
THOR = {
    "OBJECT_NAME": "THOR ABLESTAR DEB",
    "NORAD_CAT_ID": "123",
    "EPOCH": "2016-04-17 12:16:35",
    "EPOCH_MICROSECONDS": "580288",
    "MEAN_MOTION": "14.36592551",
    "ECCENTRICITY": "0.0108466",
    "INCLINATION": "66.6852",
    "RA_OF_ASC_NODE": "193.3195",
    "ARG_OF_PERICENTER": "100.8307",
    "MEAN_ANOMALY": "260.5024",
    "BSTAR": "9.4336e-05",
    "MEAN_MOTION_DOT": "2.06e-06",
    "MEAN_MOTION_DDOT": "0",
}
THOR_LINES = (
    "1 00123U 61015H   16108.51152292  .00000206  00000-0  94336-4 0  9999",
    "2 00123  66.6852 193.3195 0108466 100.8307 260.5024 14.36592551846284",
)


# --- companion fields ---


@pytest.mark.parametrize("kind", FORMATS)
def test_microseconds_belong_to_the_epoch(kind):
    """The state that python-sgp4 gives for the TLE of the same set."""
    elements = read_elements(FORMATS[kind]([THOR]))
    assert elements.epoch[0] == np.datetime64("2016-04-17T12:16:35.580288")
    states = Propagator(elements, engine="numpy").states(
        np.array(["2016-04-17T13:00:00"], "datetime64[ns]")
    )
    assert np.round(states.position[0, 0], 6).tolist() == [6665.765052, 501.912918, 2407.091338]
    assert read_elements("\n".join(THOR_LINES).encode()).epoch[0] == elements.epoch[0]


@pytest.mark.parametrize(
    ("epoch", "microseconds", "expected"),
    [
        ("2016-04-17T12:16:35.580288", "580288", "2016-04-17T12:16:35.580288"),
        ("2016-04-17T12:16:35.580288123", "580288", "2016-04-17T12:16:35.580288123"),
        ("2016-04-17T12:16:35", "", "2016-04-17T12:16:35"),
        ("2016-04-17T12:16:35.25", "", "2016-04-17T12:16:35.25"),
        ("2016-04-17T12:16:35", "0", "2016-04-17T12:16:35"),
        ("2016-04-17T12:16:35", "999999", "2016-04-17T12:16:35.999999"),
    ],
)
def test_microseconds_that_fit(epoch, microseconds, expected):
    record = THOR | {"EPOCH": epoch, "EPOCH_MICROSECONDS": microseconds}
    for write in FORMATS.values():
        assert read_elements(write([record])).epoch[0] == np.datetime64(expected)


OTHER_MEANING = [
    ("EPOCH_MICROSECONDS", "x"),
    ("EPOCH_MICROSECONDS", "1000000"),
    ("EPOCH_MICROSECONDS", "-1"),
    ("EPOCH_MICROSECONDS", "0.5"),
    ("EPOCH_MICROSECONDS", "284721"),  # beside an EPOCH with another fraction
    ("EPOCH_NANOSECONDS", "1"),
    ("EPOCH_MILLISECONDS", "580"),
    ("EPOCH_TIME_SYSTEM", "TAI"),
    ("EPOCH_USEC", "580288"),
    ("EPOCH_UNHEARD_OF", "1"),
    ("TIMESYSTEM", "TAI"),
    ("TIMESCALE", "TT"),
    ("ANGLE_UNITS", "rad"),
    ("ANGULAR_UNIT", "rad"),
    ("TIME_SCALE", "GPS"),
    ("REF_FRAME", "TEMEOFEPOCH"),
    ("REF_FRAME_EPOCH", "2000-01-01T12:00:00"),
    ("MEAN_MOTION_UNITS", "rad/min"),
    ("INCLINATION_UNIT", "rad"),
    ("BTERM", "0.02"),
    ("AGOM", "0.01"),
]


@pytest.mark.parametrize(("name", "value"), OTHER_MEANING)
@pytest.mark.parametrize("kind", FORMATS)
def test_a_companion_field_that_is_not_read_refuses_its_record(kind, name, value):
    iss = ISS_OMM | {"EPOCH": "1998-11-20T06:49:59.999808"}
    data = FORMATS[kind]([RECORDS[0] | {name: ""}, iss | {name: value}]).replace(
        b"REF_FRAME = TEME\n", b""
    )
    elements = read_elements(data, on_error="skip")
    assert elements.sat_id.tolist() == [int(RECORDS[0]["NORAD_CAT_ID"])]
    (bad,) = elements.rejected
    assert bad.reason.startswith(name) and value in bad.reason


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MEAN_ELEMENT_THEORY", "TLE"),
        ("REF_FRAME", "TEMEOFDATE"),
        ("BTERM", "0.0"),
        ("AGOM", "0"),
        ("MEAN_MOTION_UNITS", "rev/day"),
        ("EPOCH_TIME_SYSTEM", "UTC"),
        ("EPOCH_UNHEARD_OF", ""),
        ("TIMESYSTEM", "UTC"),
        ("ANGLE_UNITS", "deg"),
    ],
)
def test_companion_fields_that_do_not_change_the_meaning(name, value):
    for write in FORMATS.values():
        data = write([ISS_OMM | {name: value}]).replace(b"REF_FRAME = TEME\n", b"")
        assert_holds(read_elements(data), [ISS_OMM])


@pytest.mark.parametrize(
    ("name", "unit", "good"),
    [
        ("INCLINATION", "deg", True),
        ("INCLINATION", "rad", False),
        ("MEAN_MOTION", "rev/day", True),
        ("MEAN_MOTION", "rad/s", False),
        ("BSTAR", "1/ER", True),
        ("BSTAR", "m**2/kg", False),
        ("MEAN_MOTION_DOT", "rev/day**2", True),
        ("MEAN_MOTION_DOT", "deg/day**2", False),
        ("EPOCH", "TAI", False),
        ("ECCENTRICITY", "%", False),
    ],
)
def test_units_of_kvn_and_xml(name, unit, good):
    value = ISS_OMM[name]
    kvn = as_kvn([ISS_OMM]).replace(
        f"\n{name} = {value}".encode(), f"\n{name} = {value} [{unit}]".encode()
    )
    xml = as_xml([ISS_OMM]).replace(f"<{name}>".encode(), f'<{name} units="{unit}">'.encode())
    for data in (kvn, xml):
        if good:
            assert_holds(read_elements(data), [ISS_OMM])
        else:
            with pytest.raises(ElementsError, match=f"{name} is not "):
                read_elements(data)


@pytest.mark.parametrize("kind", FORMATS)
def test_an_absent_number_and_a_blank_number_give_the_same(kind):
    absent = {name: value for name, value in ISS_OMM.items() if name != "NORAD_CAT_ID"}
    for record in (absent, ISS_OMM | {"NORAD_CAT_ID": ""}):
        elements = read_elements(FORMATS[kind]([record] * 3))
        assert elements.sat_id.tolist() == [0, 0, 0]
        assert elements.notes == ("3 of 3 messages have no NORAD_CAT_ID: numbered 0",)
    elements = read_elements(FORMATS[kind]([ISS_OMM, ISS_OMM | {"NORAD_CAT_ID": ""}]))
    assert elements.notes == ("1 of 2 messages have no NORAD_CAT_ID: numbered 0",)
    assert elements[0].notes == ()


def test_no_number_in_many_blocks(monkeypatch):
    monkeypatch.setattr("gpuprop.catalogs.read.omm_csv.BLOCK", 500)
    elements = read_elements(as_csv([record | {"NORAD_CAT_ID": ""} for record in RECORDS]))
    assert elements.notes == ("33 of 33 messages have no NORAD_CAT_ID: numbered 0",)


# --- JSON around the records ---

NESTED = {
    "header": {"CREATION_DATE": "2026-01-01T00:00:00"},
    "body": {
        "segment": {
            "metadata": {name: ISS_OMM[name] for name in ("OBJECT_NAME", "OBJECT_ID")}
            | {"CENTER_NAME": "EARTH"},
            "data": {
                "meanElements": {
                    name: value for name, value in ISS_OMM.items() if name in tuple(ISS_OMM)[2:9]
                },
                "tleParameters": {
                    name: value for name, value in ISS_OMM.items() if name in tuple(ISS_OMM)[9:]
                },
            },
        }
    },
}
PAD = {"PAD": "x" * 200}
WRAPPERS = {
    "data": {"data": RECORDS, "request_metadata": {"Total": "33", "Limit": 0}},
    "member": {
        "@context": "https://example.org",
        "totalItems": 33,
        "member": RECORDS,
        "parameters": {"page": 1},
    },
    "satellites": {"status": "ok", "satellites": RECORDS},
    "deep": {"a": {"b": {"c": [RECORDS[:20], RECORDS[20:]]}}},
    "two arrays": {"near": RECORDS[:5], "far": RECORDS[5:]},
    "by number": {f"number {i}": record for i, record in enumerate(RECORDS)},
    "one a member": [{"omm": record, "id": i} for i, record in enumerate(RECORDS)],
    "beyond 64 KiB": {"data": [record | {"PAD": "x" * 5000} for record in RECORDS]},
    "with other members": [
        record | {"tags": ["{", "]", {"a": 1}], "owner": {"name": "x"}} for record in RECORDS
    ],
}


@pytest.mark.parametrize("layout", [{}, {"indent": 1}, {"separators": (",", ":")}])
@pytest.mark.parametrize("which", WRAPPERS)
def test_wrappers(which, layout):
    elements = read_elements(json.dumps(WRAPPERS[which], **layout).encode())
    assert_holds(elements, RECORDS)
    assert elements.notes == ()


@pytest.mark.parametrize(
    "form", [{"omm": NESTED}, [{"omm": NESTED}], {"ndm": {"omm": [NESTED]}}, NESTED]
)
def test_nested_messages(form):
    assert_holds(read_elements(json.dumps(form).encode()), [ISS_OMM])


def test_keywords_of_a_wrapper_hold_for_its_records():
    named = {"OBJECT_NAME": "ISS", "NORAD_CAT_ID": 25544}
    history = [
        {name: value for name, value in ISS_OMM.items() if name not in named} for _ in range(3)
    ]
    for wrapper in (
        named | {"sets": history},
        {"sets": history} | named,
        {"satellite": named, "sets": history},
    ):
        elements = read_elements(json.dumps(wrapper).encode())
        assert (elements.name.tolist(), elements.sat_id.tolist()) == (["ISS"] * 3, [25544] * 3)
    for wrapper in (
        {"TIME_SYSTEM": "TAI", "data": RECORDS},
        {"data": RECORDS, "about": {"TIME_SYSTEM": "TAI"}},
    ):
        with pytest.raises(
            ElementsError, match=r"33 of 33 records could not be read\n.*TIME_SYSTEM is 'TAI'"
        ):
            read_elements(json.dumps(wrapper).encode())
    contradiction = {"a": {"TIME_SYSTEM": "UTC"}, "b": {"TIME_SYSTEM": "TAI"}, "data": RECORDS}
    with pytest.raises(ElementsError, match="TIME_SYSTEM is 'UTC and TAI'"):
        read_elements(json.dumps(contradiction).encode())
    with pytest.raises(
        ElementsError, match=r"1 of 34 records .*\n.* a keyword is given more than once"
    ):
        read_elements(
            json.dumps({"TIME_SYSTEM": "UTC", "time_system": "UTC", "data": RECORDS}).encode()
        )
    # the time of a download is no element set
    assert (
        len(read_elements(json.dumps({"EPOCH": "2026-01-01T00:00:00", "data": RECORDS}).encode()))
        == 33
    )


def test_keywords_around_records_are_kept_once():
    """Not in every record, at every level: nested objects would multiply time and memory."""
    levels, records = 60, 200
    around = "".join(f'"{name}": "{{0}}", ' for name in sorted(INHERITED))
    text = "".join(f'{{{around.replace("{0}", str(level))}"d": ' for level in range(levels))
    walk = json_walk.Walk(
        text + "[" + ", ".join(['{"MEAN_MOTION": 15}'] * records) + "]" + "}" * levels
    )
    while walk.character():
        walk.step()
    messages = walk.messages
    assert [*map(len, messages.records)] == [1] * records
    assert {name: len(kept) for name, kept in messages.shared.items()} == dict.fromkeys(
        INHERITED, levels
    )
    # the innermost holds
    assert messages.texts("OBJECT_NAME", range(records)) == [str(levels - 1)] * records


@given(
    st.recursive(
        st.sampled_from(["", "a", "b"]),
        lambda inner: st.tuples(st.sampled_from(["", "x", "y"]), st.lists(inner, max_size=4)),
    )
)
def test_the_innermost_object_around_a_record_gives_its_keyword(tree):
    messages, expected = Messages(""), []

    def visit(node, given):
        if isinstance(node, str):
            expected.append(node or given)
            messages.add({"OBJECT_ID": node} if node else {}, 1, 0, 0)
            return
        text, inside = node
        first = len(messages.records)
        for each in inside:
            visit(each, text or given)
        if text:
            messages.share("OBJECT_ID", text, first)

    visit(tree, "")
    assert messages.texts("OBJECT_ID", range(len(expected))) == expected
    assert messages.texts("OBJECT_ID", range(0, len(expected), 2)) == expected[::2]


def test_arrays_that_are_not_read_are_named():
    elements = read_elements(
        json.dumps({"data": RECORDS, "links": [{"href": "x"}], "stations": [{"lat": 1}]}).encode()
    )
    assert elements.notes == (
        "not read, because no object in it is an element set: 'links', 'stations' in the JSON",
    )
    mixed = read_elements(
        json.dumps({"data": [*RECORDS, {"a": 1}, [], 5, "x"]}).encode(), on_error="skip"
    )
    assert len(mixed) == 33
    assert sorted(bad.reason for bad in mixed.rejected) == [
        "an array without an element set",
        "no OMM keyword and no TLE line in this object, but 'a'",
        "not a JSON object",
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"data": []}', "the array 'data' is empty: the query matched nothing"),
        (
            '{"foo": {"bar": [{"x": 1}]}, "n": 1}',
            "no OMM keyword and no TLE line in this object, but 'foo', 'n'",
        ),
        ('[{"meanMotion": 15.1}]', "no TLE line in this object, but 'meanMotion'"),
        (
            '{"INCLINATION": {"@units": "deg"}, "EPOCH": "2026-01-01T00:00:00"}',
            "MEAN_MOTION is missing",
        ),
        ('{"name": "ISS", "line1": "1 25544U"}', "line 2 of the set is missing"),
    ],
)
def test_what_is_not_read_is_named(text, says):
    with pytest.raises(ElementsError, match=says):
        read_elements(text.encode())


@pytest.mark.parametrize("damage", ["in a record", "between", "before", "after", "cut"])
def test_damage_in_a_large_wrapper_is_reported_and_affects_no_other_record(damage):
    """Every record but the damaged one is returned, also the first."""
    text = json.dumps(
        {"status": "ok", "data": [record | {"PAD": "x" * 5000} for record in RECORDS], "n": 1}
    )
    at = {
        "in a record": text.index('"EPOCH"') + 7,
        "between": text.index("}, {") + 1,
        "before": 9,
        "after": len(text) - 5,
        "cut": 0,
    }[damage]
    text = text[:-10] if damage == "cut" else text[:at] + text[at + 1 :]
    elements = read_elements(text.encode(), on_error="skip")
    assert elements.sat_id.tolist() == [
        int(record["NORAD_CAT_ID"]) for record in RECORDS[damage == "in a record" :]
    ]
    assert len(elements.rejected) == 1 + (damage == "before")  # and what stands after the array
    with pytest.raises(ElementsError):
        read_elements(text.encode())


# --- TLE lines in JSON ---

SPELLINGS = [
    ("TLE_LINE0", "TLE_LINE1", "TLE_LINE2"),
    ("tle0", "tle1", "tle2"),
    ("name", "line1", "line2"),
    ("OBJECT_NAME", "TLE_LINE1", "TLE_LINE2"),
    ("satelliteName", "tle_line_1", "tleLine2"),
]


@pytest.mark.parametrize("keys", SPELLINGS)
def test_tle_lines_in_json(keys):
    expected = read_elements(
        "".join(f"SAT {i}\n{a}\n{b}\n" for i, (a, b) in enumerate(LINES)).encode()
    )
    zero = "0 " if keys[0].lower() in ("tle_line0", "tle0") else ""
    records = [
        dict(zip(keys, (f"{zero}SAT {i}", *pair), strict=True)) for i, pair in enumerate(LINES)
    ]
    for form in (
        records,
        {"member": records},
        [{"tle": record} for record in records],
        {"sets": {str(i): r for i, r in enumerate(records)}},
    ):
        elements = read_elements(json.dumps(form).encode())
        if keys[0] == "satelliteName":
            assert np.array_equal(elements.sat_id, expected.sat_id)
        else:
            assert same(elements, expected)


def test_tle_lines_in_one_text():
    form = {"info": {"satid": 25544, "satname": "SPACE STATION"}, "tle": "\r\n".join(ISS)}
    elements = read_elements(json.dumps(form).encode())
    assert (elements.name.tolist(), elements.sat_id.tolist()) == (["SPACE STATION"], [25544])


def test_mean_elements_take_precedence_over_lines_and_the_order_is_kept():
    first, second = LINES[3]
    as_lines = {"TLE_LINE1": first, "TLE_LINE2": second}
    records = [
        RECORDS[0],
        as_lines,
        RECORDS[1] | as_lines,
        as_lines | {"MEAN_MOTION": ""},
        RECORDS[2],
    ]
    elements = read_elements(as_json(records))
    assert elements.sat_id.tolist() == [int(RECORDS[i]["NORAD_CAT_ID"]) for i in (0, 3, 1, 3, 2)]


BAD_LINES = {
    "checksum of line 1": (ISS[0][:68] + "1", ISS[1]),
    "line 1 is cut": (ISS[0][:40], ISS[1]),
    "line 2 of the set is missing": (ISS[0], ""),
    "this is not line 1": (ISS[1], ISS[1]),
    "line 1 is of object 25544, line 2 of object 25545": (
        ISS[0],
        with_checksum(ISS[1][:2] + "25545" + ISS[1][7:]),
    ),
}


@pytest.mark.parametrize("reason", BAD_LINES)
def test_bad_lines_in_json(reason):
    first, second = BAD_LINES[reason]
    data = json.dumps(
        [RECORDS[0], {"line1": first, "line2": second}, RECORDS[1]], indent=1
    ).encode()
    elements = read_elements(data, on_error="skip")
    assert len(elements) == 2
    (bad,) = elements.rejected
    assert bad.reason.startswith(reason) and bad.line == data[: data.index(b"line1")].count(b"\n")
    if reason.startswith("checksum"):
        assert len(read_elements(data, checksum="ignore")) == 3


def test_a_number_beside_tle_lines_must_equal_that_of_the_lines():
    lines = {"TLE_LINE1": ISS[0], "TLE_LINE2": ISS[1]}
    assert read_elements(as_json([lines | {"NORAD_CAT_ID": "25544"}])).sat_id.tolist() == [25544]
    with pytest.raises(
        ElementsError, match="NORAD_CAT_ID is '270001', but the lines are of object 25544"
    ):
        read_elements(as_json([lines | {"NORAD_CAT_ID": "270001"}]))


# --- CSV ---


@pytest.mark.parametrize("separator", [b";", b"\t"])
def test_csv_with_other_separators(separator):
    records = [record | {"OBJECT_NAME": f'"A,{i}"'} for i, record in enumerate(RECORDS)]
    data = b"\r\n".join(
        separator.join([b'"A,%d"' % i, *row.split(b",")[2:]] if i >= 0 else row.split(b","))
        for i, row in enumerate(as_csv(records).rstrip().split(b"\r\n"), -1)
    )
    assert_holds(
        read_elements(data),
        [record | {"OBJECT_NAME": f"A,{i}"} for i, record in enumerate(RECORDS)],
    )


def test_arrays_of_tle_lines_in_json():
    """Where it is plain what belongs together; elsewhere the error says how to give them."""
    expected = read_elements(
        "".join(f"SAT {i}\n{a}\n{b}\n" for i, (a, b) in enumerate(LINES)).encode()
    )
    for zero in ("", "0 "):
        arrays = [[f"{zero}SAT {i}", *pair] for i, pair in enumerate(LINES)]
        for form in (
            arrays,
            {"data": arrays},
            [{"tle": array} for array in arrays],
            {str(i): {"TLE": a} for i, a in enumerate(arrays)},
        ):
            assert same(read_elements(json.dumps(form).encode()), expected)
    named = [{"name": f"SAT {i}", "tle": list(pair)} for i, pair in enumerate(LINES)]
    assert same(read_elements(json.dumps(named).encode()), expected)
    for form in (list(ISS), {"tle": list(ISS)}, [list(ISS)], {"satellites": [list(ISS)]}):
        assert read_elements(json.dumps(form).encode()).sat_id.tolist() == [25544]
    for form in (
        {"ISS": list(ISS)},
        [*ISS, *ISS],
        {"a": {"ISS": list(ISS)}},
        [[*ISS, *ISS]],
        [[ISS[1], ISS[0]]],
        {"lines": [*ISS, *ISS]},
    ):
        with pytest.raises(
            ElementsError,
            match=(
                "TLE lines in such an array are not read: give each set an object with its "
                "OBJECT_NAME"
            ),
        ):
            read_elements(json.dumps(form).encode())


def test_csv_below_a_title():
    assert_holds(
        read_elements(b"# exported 2026-11-26\nActive satellites, all\n\n" + as_csv(RECORDS)),
        RECORDS,
    )
    header, first, rest = as_csv(RECORDS).split(b"\r\n", 2)
    with pytest.raises(ElementsError, match=r"line 1 is above the CSV header .* is it a record"):
        read_elements(b"\r\n".join([first, header, rest]))


def test_csv_files_joined_to_one(monkeypatch):
    half = as_csv(RECORDS[:16])
    reversed_columns = as_csv([dict(reversed(record.items())) for record in RECORDS[16:]]).replace(
        b",", b";"
    )
    for block in (8 << 20, 500):
        monkeypatch.setattr("gpuprop.catalogs.read.omm_csv.BLOCK", block)
        assert_holds(read_elements(half + as_csv(RECORDS[16:])), RECORDS)
        assert_holds(read_elements(half + reversed_columns), RECORDS)
    unusable = as_csv(RECORDS[16:18]).replace(b"BSTAR", b"DRAG")
    elements = read_elements(half + unusable + as_csv(RECORDS[18:]), on_error="skip")
    assert len(elements) == 16 + 15
    assert {bad.reason for bad in elements.rejected} == {
        "the CSV header above it (line 18) has no BSTAR: it must name the OMM keywords"
    }
    assert [bad.line for bad in elements.rejected] == [19, 20]
    monkeypatch.setattr("gpuprop.catalogs.read.omm_csv.MAX_TABLES", 2)
    with pytest.raises(ElementsError, match="more than 2 different CSV headers"):
        read_elements((half + reversed_columns) * 2)


@pytest.mark.parametrize(
    "keys",
    [*SPELLINGS[:4], ("OBJECT_NAME", "LINE1", "LINE2"), ("NAME", "tle_line_1", "TLE_LINE_2")],
)
@pytest.mark.parametrize(
    "separator",
    [",", pytest.param(";", marks=pytest.mark.slow), pytest.param("\t", marks=pytest.mark.slow)],
)
def test_tle_lines_in_csv(keys, separator, monkeypatch):
    """As in JSON: the same columns, in any order, beside others."""
    expected = read_elements(
        "".join(f"SAT {i}\n{a}\n{b}\n" for i, (a, b) in enumerate(LINES)).encode()
    )
    zero = "0 " if keys[0].lower() in ("tle_line0", "tle0") else ""
    rows = [["COUNTRY", *keys], *(["", f'"{zero}SAT {i}"', *pair] for i, pair in enumerate(LINES))]
    for block in (8 << 20, 200):
        monkeypatch.setattr("gpuprop.catalogs.read.omm_csv.BLOCK", block)
        for order in (slice(None), slice(None, None, -1)):
            data = "\n".join(separator.join(row[order]) for row in rows).encode()
            assert same(read_elements(data), expected)
            # the header stands there again
            assert same(read_elements(data + b"\n" + data), Elements.concat([expected, expected]))


def test_what_is_wrong_with_tle_lines_in_csv_is_told():
    first, second = ISS
    rows = [(first, second), (first, second[:-1] + "0"), ("", second), (second, first)]
    data = "\n".join(
        [
            "NORAD_CAT_ID,TLE_LINE1,TLE_LINE2",
            *(f"25544,{a},{b}" for a, b in rows),
            f"5,{first},{second}",
        ]
    ).encode()
    elements = read_elements(data, on_error="skip")
    assert elements.sat_id.tolist() == [25544] and [bad.line for bad in elements.rejected] == [
        3,
        4,
        5,
        6,
    ]
    for said, bad in zip(
        ("checksum", "line 1 of the set is missing", "not line 1", "the lines are of object"),
        elements.rejected,
        strict=True,
    ):
        assert said in bad.reason
    with pytest.raises(
        ElementsError, match=r"has no MEAN_MOTION.*or both lines of a TLE \(TLE_LINE2 is missing\)"
    ):
        read_elements(f"NORAD_CAT_ID,EPOCH,TLE_LINE1\n25544,2026-01-01,{first}\n".encode())
    both = as_csv([ISS_OMM | {"TLE_LINE1": first, "TLE_LINE2": second}])
    assert_holds(read_elements(both), [ISS_OMM])  # mean elements have more digits than the lines


SATCAT = {
    "OBJECT_NAME": "X",
    "NORAD_CAT_ID": "25544",
    "PERIOD": "92.9",
    "INCLINATION": "51.64",
    "APOGEE": "421",
    "PERIGEE": "414",
}


@pytest.mark.parametrize(
    "data", [as_csv([SATCAT]), as_csv([SATCAT]).replace(b",", b";"), as_json([SATCAT])]
)
def test_a_satellite_catalogue_is_named(data):
    with pytest.raises(ElementsError, match=r"is a satellite catalogue \(SATCAT\)"):
        read_elements(data)


# --- archives ---


@pytest.mark.parametrize("kind", ["stored", "deflated", "tar", "empty"])
def test_archives_are_named(kind):
    data = io.BytesIO()
    if kind == "tar":
        with tarfile.open(fileobj=data, mode="w") as tar:
            entry = tarfile.TarInfo("a.tle")
            entry.size = len(as_tle())
            tar.addfile(entry, io.BytesIO(as_tle()))
    else:
        with zipfile.ZipFile(
            data, "w", zipfile.ZIP_DEFLATED if kind == "deflated" else zipfile.ZIP_STORED
        ) as archive:
            if kind != "empty":
                archive.writestr("a.tle", as_tle())
    with pytest.raises(ElementsError, match=r"is a (zip|tar) archive.*: unpack it first"):
        read_elements(data.getvalue(), on_error="skip")


# --- two-line sets ---

HYPATIA = "2 3\n" + "".join(
    f"Kuiper-630 {i}\n{first}\n{second}\n" for i, (first, second) in enumerate(LINES[:6])
)


def test_the_header_of_hypatia():
    elements = read_elements(HYPATIA.encode())
    assert elements.name.tolist() == [f"Kuiper-630 {i}" for i in range(6)]
    assert elements.notes == ()
    fewer = read_elements(HYPATIA.replace("2 3\n", "\n3 3\n").encode())
    assert len(fewer) == 6
    assert fewer.notes == (
        "the first line says 3 planes of 3, that is 9 satellites, but the file holds 6",
    )
    # anywhere else it is a name without a set
    lines = HYPATIA.splitlines()
    later = read_elements("\n".join([*lines[1:], "2 3"]).encode(), on_error="skip")
    assert [bad.reason for bad in later.rejected] == ["name without an element set"]


@pytest.mark.parametrize(
    ("start", "point", "field"),
    [(8, 11, "inclo"), (17, 20, "nodeo"), (34, 37, "argpo"), (43, 46, "mo")],
)
def test_angles_with_five_decimals(start, point, field):
    """As python-sgp4 reads them."""
    second = with_checksum(ISS[1][:start] + "53.00001" + ISS[1][start + 8 :])
    elements = read_elements(f"{ISS[0]}\n{second}\n".encode())
    name = {"inclo": "inclination", "nodeo": "raan", "argpo": "argp", "mo": "mean_anomaly"}[field]
    assert getattr(elements, name)[0] == getattr(Satrec.twoline2rv(ISS[0], second), field)
    moved = with_checksum(ISS[1][:start] + " 53.0001"[1:] + " " + ISS[1][start + 8 :])
    with pytest.raises(ElementsError, match="decimal points in the wrong columns"):
        read_elements(f"{ISS[0]}\n{moved}\n".encode())


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_no_break_spaces_are_shown(encoding):
    broken = ISS[0].replace("  ", "\xa0 ")
    data = "\n".join([*ISS, broken, ISS[1], ""]).encode(encoding)
    (bad,) = read_elements(data, on_error="skip").rejected
    assert bad.reason == (
        "line 1 holds no-break spaces (U+00A0) or other spaces that are not blanks: "
        "replace them with blanks"
    )
    assert r"98067A\xa0" in str(bad)
    everywhere = "\n".join(line.replace(" ", "\xa0") for line in ISS).encode(encoding)
    with pytest.raises(ElementsError, match="two-line sets with no-break spaces"):
        read_elements(everywhere)
    with pytest.raises(ElementsError, match=r"begins with 'Hello\\xa0world'"):
        read_elements("Hello\xa0world".encode(encoding))
    for write in (as_csv, as_json, as_kvn, as_xml):
        with pytest.raises(ElementsError, match=r"BSTAR is not a number: '\\xa01'"):
            read_elements(
                write([ISS_OMM | {"BSTAR": "\xa01"}])
                .decode("unicode-escape" if write is as_json else "utf-8")
                .encode(encoding)
            )


# --- work is in proportion to the size ---


class Counted(str):
    """A text that counts how many of its characters are scanned."""

    __slots__ = ()
    work = 0

    def find(self, what, start=0, end=None):
        found = str.find(self, what, start, len(self) if end is None else end)
        Counted.work += (
            found if found >= 0 else (len(self) if end is None else min(end, len(self)))
        ) - start
        return found

    def rfind(self, what, start=0, end=None):
        found = str.rfind(self, what, start, len(self) if end is None else end)
        Counted.work += len(self) - max(found, start)
        return found

    def count(self, what, start=0, end=None):
        Counted.work += (len(self) if end is None else end) - start
        return str.count(self, what, start, len(self) if end is None else end)

    def __getitem__(self, index):
        piece = str.__getitem__(self, index)
        Counted.work += len(piece)
        return piece


class CountedPattern:
    def __init__(self, pattern):
        self.pattern = pattern

    def search(self, text, at=0):
        found = self.pattern.search(text, at)
        Counted.work += (found.end() if found else len(text)) - at
        return found

    match = search


ONE = json.dumps(ISS_OMM).replace('"BSTAR":', '"BSTAR"') + ","
EXPENSIVE = {
    "damaged objects": "[" + ONE * 3000,
    "damaged objects in a wrapper": '{"data": [' + ONE * 3000,
    "objects without end": "[" + ONE.replace("}", "") * 3000,
    "a text without end": '[{"OBJECT_NAME": "' + "a" * 1_000_000,
    "braces within texts": "[" + '{"a":"}{[","b":[1]},' * 50_000 + "{}]",
    "nested objects": '{"a":' * 200_000,
    "nested arrays": "[" * 1_000_000,
    "nested arrays again and again": "[" + ("[" * 50 + "]" * 50 + ",") * 5000 + "[]]",
    "openings in objects": '[{"a":1' + ",{" * 100_000,
    "missing commas": "[" + '{"a":1}' * 50_000,
    "quotation marks": '["' + '\\"{' * 200_000,
}


@pytest.mark.slow
@pytest.mark.parametrize("which", EXPENSIVE)
def test_json_is_scanned_a_bounded_number_of_times(which, monkeypatch):
    text = EXPENSIVE[which]
    monkeypatch.setattr(
        "gpuprop.catalogs.read.omm_json.decode", lambda data: Counted(data.decode())
    )
    for name in ("_NEXT", "_ELEMENT", "_SCALAR"):
        monkeypatch.setattr(json_walk, name, CountedPattern(getattr(json_walk, name)))
    Counted.work = 0
    with pytest.raises(ElementsError):
        read_elements(text.encode(), on_error="skip")
    assert Counted.work < 500 * len(text)  # of damage, 200 characters are shown


def test_each_xml_parser_gets_its_text_in_one_call(monkeypatch):
    """With every new piece, expat reads a tag without end again from its beginning."""
    from xml.parsers import expat

    class Fed:
        def __init__(self, *arguments):
            object.__setattr__(self, "parser", made(*arguments))
            object.__setattr__(self, "pieces", [])

        def Parse(self, data, final=False):
            self.pieces.append(len(data))
            assert len(self.pieces) == 1
            return self.parser.Parse(data, final)

        def __getattr__(self, name):
            return getattr(self.parser, name)

        def __setattr__(self, name, value):
            setattr(self.parser, name, value)

    made = expat.ParserCreate
    monkeypatch.setattr("gpuprop.catalogs.read.omm_xml.expat.ParserCreate", Fed)
    assert len(read_elements(as_xml(RECORDS))) == 33
    with pytest.raises(ElementsError, match="the file around the messages is damaged"):
        read_elements(as_xml(RECORDS).replace(b"<ndm>", b"<ndm><?x "))


# --- addresses ---


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("https://celestrak.org/NORAD/elements/gp.php?GROUP=active", "gpuprop fetch URL -o FILE"),
        ("http://me:secret@example.org/active.csv?token=secret", "gpuprop fetch URL -o FILE"),
        ("s3://bucket/active.csv", "gpuprop fetch"),
        ("file:///tmp/active.csv", "give the path of the file"),
    ],
)
def test_a_url_is_not_a_path(url, says):
    with pytest.raises(ElementsError, match=says) as caught:
        read_elements(url)
    assert "secret" not in str(caught.value)
    assert not is_url("C:/data/active.csv")
