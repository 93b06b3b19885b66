"""Damaged files: no exception but ElementsError, records in = records out + records rejected, no
damaged number read as another, and the same bits from the numpy and cpu engines for what is read.

Records in are counted here by loops over lines that share nothing with the reader.
"""

import json
import pathlib
import re

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from reading_samples import FORMATS, ISS, RECORDS, as_tle, sets

from gpuprop import Propagator
from gpuprop.catalogs.read import ElementsError, read_elements
from gpuprop.catalogs.read.recognise import format_of
from gpuprop.elements.fields import OMM_FIELDS
from gpuprop.elements.sets import Elements

NUMERIC = [name for name, (dtype, _, _) in OMM_FIELDS.items() if dtype != "object"]
NAMED = b"".join(
    b"OBJECT %d\n%s\n" % (i, b"\n".join(as_tle().split(b"\n")[2 * i : 2 * i + 2]))
    for i in range(12)
)
FILES = {
    "tle": as_tle(),
    "3le": NAMED,
    **{kind: write(RECORDS[:12]) for kind, write in FORMATS.items()},
}
FILES["json in an object"] = json.dumps(
    {"total": 12, "data": RECORDS[:12], "view": {"next": None}}, indent=1
).encode()
FILES["json of lines"] = json.dumps(
    [{"name": "A", "line1": first, "line2": second} for first, second in sets(as_tle())[:12]]
).encode()


# --- records in ---


def lines_of(data: bytes) -> list[bytes]:
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")


def count_tle(data: bytes) -> int:
    def kind(line: bytes) -> int:
        if line[:2] in (b"1 ", b"2 ") and (
            len(line) > 40 or (re.fullmatch(rb" *[0-9]+", line[3:7]) and len(line) > 6)
        ):
            return int(line[:1])
        return 0

    kinds = [
        kind(line)
        for line in lines_of(data)
        if line.strip(b" \t") and not line.lstrip(b" \t").startswith(b"#")
    ]
    total = 0
    for i, this in enumerate(kinds):
        following = kinds[i + 1] if i + 1 < len(kinds) else 0
        previous = kinds[i - 1] if i else 0
        total += this == 1 or (this == 2 and previous != 1) or (this == 0 and following == 0)
    return total


def count_csv(data: bytes) -> int:
    def is_header(line: bytes) -> bool:
        columns = [
            {name.strip(b' "\t').upper() for name in line.split(separator)}
            for separator in (b",", b";", b"\t")
        ]
        return any(
            len(names & {b"EPOCH", b"MEAN_MOTION", b"ECCENTRICITY", b"NORAD_CAT_ID"}) >= 2
            for names in columns
        )

    lines = [line for line in lines_of(data) if line.strip(b" \t")]
    first = next(i for i, line in enumerate(lines) if is_header(line))
    return sum(not (is_header(line) and b"ECCENTRICITY" in line) for line in lines[first + 1 :])


def count_kvn(data: bytes) -> int:
    total = 0
    for line in lines_of(data):
        text = line.decode("latin-1").strip()
        if text and text.split()[0].upper() != "COMMENT":
            total += (
                total == 0 or re.match(r"CCSDS_[A-Z]+_VERS[ \t]*=", text, re.IGNORECASE) is not None
            )
    return total


def count_xml(data: bytes) -> int:
    return len(
        re.findall(
            rb"<(?:[A-Za-z]\w*:)?omm[\s>]", re.sub(rb"<!--.*?-->", b"", data, flags=re.DOTALL)
        )
    )


COUNT = {"tle": count_tle, "csv": count_csv, "kvn": count_kvn, "xml": count_xml}


def check(data: bytes) -> None:
    try:
        elements = read_elements(data, on_error="skip")
        good, rejected = len(elements), elements.rejected
        assert good and all(
            np.isfinite(elements.fields[name].astype(float)).all() for name in NUMERIC
        )
        check_engines(elements[:50])
    except ElementsError as error:
        good, rejected = 0, error.rejected
        if not rejected:
            assert len(str(error)) > 20
            return
    kind = format_of(b"\n".join(lines_of(data.removeprefix(b"\xef\xbb\xbf"))), "")
    if kind == "json":
        check_json(data, good, len(rejected))
    else:
        around = sum(bad.reason.startswith("the file around the messages") for bad in rejected)
        assert good + len(rejected) - around == COUNT[kind](data)
    assert [bad.line for bad in rejected] == sorted(bad.line for bad in rejected)
    if rejected:
        with pytest.raises(ElementsError):
            read_elements(data)


def values_of(text: str) -> list[object] | None:
    """The JSON values that stand in the text one after the other; None where something else stands
    between them.
    """
    values, at = [], 0
    while text[at:].strip(" \t\r\n"):
        at += len(text[at:]) - len(text[at:].lstrip(" \t\r\n"))
        if text[at] not in "{[":
            return None
        try:
            value, at = json.JSONDecoder().raw_decode(text, at)
        except json.JSONDecodeError:
            return None
        values.append(value)
    return values


def is_flat(value: object) -> bool:
    return not (
        isinstance(value, (dict, list))
        and any(
            isinstance(each, (dict, list))
            for each in (value if isinstance(value, list) else value.values())
        )
    )


def check_json(data: bytes, good: int, rejected: int) -> None:
    """What is JSON has as many records as flat objects; what is none is never read without a
    complaint.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    values = values_of(text)
    if values is None:
        assert rejected
        return
    assert good + rejected
    for whole in values if len(values) == 1 else []:
        records = whole.get("data") if isinstance(whole, dict) and not is_flat(whole) else whole
        if (
            isinstance(records, list)
            and all(isinstance(each, dict) and is_flat(each) for each in records)
            and records
        ):
            keys = {key.strip().upper() for each in records for key in each}
            known = keys & {*OMM_FIELDS, "LINE1", "LINE2"}
            assert good + rejected == (len(records) if known or records is whole else 1)
        elif isinstance(records, dict) and is_flat(records):
            assert good + rejected == 1


def check_engines(elements: Elements) -> None:
    """Over an hour, for the sets of the same month: a deep-space orbit is stepped on from its
    epoch.
    """
    elements = elements[np.abs(elements.epoch - elements.epoch[0]) < np.timedelta64(30, "D")]
    times = elements.epoch[0] + np.array([0, 3_600_000_000_000], "timedelta64[ns]")
    one, other = (Propagator(elements, engine=engine).states(times) for engine in ("numpy", "cpu"))
    for name in ("x", "y", "z", "vx", "vy", "vz", "status"):
        assert getattr(one, name).tobytes() == getattr(other, name).tobytes(), name


# --- mutations ---

MUTATION = st.tuples(
    st.sampled_from(["flip", "insert", "delete", "duplicate", "truncate", "swap"]),
    st.floats(0, 1, exclude_max=True),
    st.floats(0, 1, exclude_max=True),
    st.binary(min_size=1, max_size=3)
    | st.sampled_from(
        [b"\n", b"\r\n", b"\0", b'"', b",", b"<", b"}", b"]", b"{", b"#", b"1 ", b"=", b"\xff"]
    ),
)


def mutated(data: bytes, mutation: tuple[str, float, float, bytes]) -> bytes:
    what, where, there, piece = mutation
    at = int(where * (len(data) + 1))
    end = min(at + 1 + int(there * 40), len(data))
    if what == "swap":
        lines = data.split(b"\n")
        i, j = int(where * len(lines)), int(there * len(lines))
        lines[i], lines[j] = lines[j], lines[i]
        return b"\n".join(lines)
    return {
        "flip": data[:at] + piece + data[at + len(piece) :],
        "insert": data[:at] + piece + data[at:],
        "delete": data[:at] + data[end:],
        "duplicate": data[:end] + data[at:],
        "truncate": data[:at],
    }[what]


@pytest.mark.parametrize(
    "kind",
    [
        kind if kind in ("tle", "csv", "json") else pytest.param(kind, marks=pytest.mark.slow)
        for kind in FILES
    ],
)
@settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
@given(mutations=st.lists(MUTATION, min_size=1, max_size=4))
@example(mutations=[("truncate", 0.99, 0.0, b"x")])
def test_mutations_of_every_format(kind, mutations):
    data = FILES[kind]
    for mutation in mutations:
        data = mutated(data, mutation)
    check(data)


NESTED = json.dumps(
    [
        {"omm": {"metadata": {"OBJECT_NAME": "A"}, "data": record | {"tags": [{}, "}{"]}}}
        for record in RECORDS[:6]
    ]
).encode()


@pytest.mark.parametrize(
    "data", [FILES["json"], FILES["json in an object"], FILES["json of lines"], NESTED]
)
@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(mutations=st.lists(MUTATION, min_size=1, max_size=3))
def test_objects_decoded_at_once_and_token_by_token_are_the_same(data, mutations):
    for mutation in mutations:
        data = mutated(data, mutation)

    def outcome() -> tuple[object, ...]:
        try:
            elements = read_elements(data, on_error="skip")
            return (
                [values.tolist() for values in elements.fields.values()],
                elements.rejected,
                elements.notes,
            )
        except ElementsError as error:
            return str(error), error.rejected

    at_once = outcome()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gpuprop.catalogs.read.json_walk.Walk._flat", lambda *_: False)
        assert outcome() == at_once


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    data=st.binary(max_size=300)
    | st.text(alphabet='12 #{}[]",:.=<>/\n\rAE-+0', max_size=300).map(str.encode)
)
def test_random_bytes(data):
    check(data)


REAL = [
    "spacetrack_full_2025-04-15.2le",
    "celestrak_active_2025-04-15.3le",
    "celestrak_2026-09_omm.csv",
    "celestrak_2026-09_omm.json",
]


@pytest.mark.slow
@pytest.mark.parametrize("name", REAL)
@settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(mutations=st.lists(MUTATION, min_size=1, max_size=4), start=st.floats(0, 0.9))
def test_mutations_of_real_catalogues(name: str, shared_data: pathlib.Path, mutations, start):
    data = (shared_data / name).read_bytes()
    if not name.endswith("json"):  # a stretch of the catalogue after its first line
        lines = data.split(b"\n")
        at = 1 + 6 * int(start * len(lines) / 6)
        data = b"\n".join([lines[0], *lines[at : at + 300]])
    for mutation in mutations:
        data = mutated(data, mutation)
    check(data)


# --- no damaged number is read as another ---


def damaged_sets(change: str) -> bytes:
    """A set as it is, then with every possible single change, one after the other."""
    sets = ["\n".join(ISS).encode()]
    for line in (0, 1):
        text = ISS[line].encode("latin-1")
        for at in range(len(text)):
            for byte in range(256) if change != "delete" else [0]:
                if byte in b"\r\n" and change != "delete":
                    continue
                new = {
                    "delete": b"",
                    "insert": bytes([byte]) + text[at : at + 1],
                    "replace": bytes([byte]),
                }[change]
                damaged = [ISS[0].encode(), ISS[1].encode()]
                damaged[line] = text[:at] + new + text[at + 1 :]
                sets.append(b"\n".join(damaged))
    return b"\n".join(sets)


@pytest.mark.parametrize("change", ["replace", "delete", "insert"])
def test_one_changed_character_never_makes_another_number(change):
    elements = read_elements(damaged_sets(change), on_error="skip")
    original = read_elements("\n".join(ISS).encode())
    for name in NUMERIC:
        assert np.unique(elements.fields[name]).tolist() == original.fields[name].tolist(), name
