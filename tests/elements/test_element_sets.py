"""Element sets are an immutable structure of arrays that is selected from, joined and written to
Arrow.
"""

import copy
import dataclasses
import json
import pickle
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from published import element_sets

from gpuprop import Elements, constellation, read_elements, walker
from gpuprop.__main__ import main
from gpuprop.catalogs.sources import read_sources
from gpuprop.catalogs.write import write_elements

MEAN = ("MEAN_MOTION", "ECCENTRICITY", "RA_OF_ASC_NODE", "ARG_OF_PERICENTER", "MEAN_ANOMALY")


def test_they_cannot_be_changed():
    elements = element_sets()
    with pytest.raises(ValueError, match="read-only"):
        elements.fields["BSTAR"][0] = 1.0
    with pytest.raises(TypeError):
        elements.fields["BSTAR"] = None  # type: ignore[index]
    copy = pickle.loads(pickle.dumps(elements))
    assert all(
        np.array_equal(copy.fields[name], values) for name, values in elements.fields.items()
    )
    with pytest.raises(ValueError, match="read-only"):
        copy.fields["BSTAR"][0] = 1.0


def test_one_value_for_all_takes_no_memory_and_names_are_made_when_asked_for():
    asked = []

    def names():
        asked.append(1)
        return np.array(["A", "B", "C"], object)

    given = {name: element_sets()[:3].fields[name] for name in ("EPOCH", *MEAN)}
    given["INCLINATION"] = np.broadcast_to(np.float32(53.0), 3)
    fields = {**given, "NORAD_CAT_ID": np.arange(3), "OBJECT_NAME": names}
    elements = Elements(fields)
    columns = elements.fields
    assert columns["INCLINATION"].strides == columns["ELEMENT_SET_NO"].strides == (0,)
    assert columns["INCLINATION"].dtype == np.float64 and not columns["BSTAR"].flags.writeable
    assert not asked and "OBJECT_NAME" in columns
    assert elements.name.tolist() == ["A", "B", "C"] and elements[1:].name.tolist() == ["B", "C"]
    assert len(asked) == 1 and not columns["OBJECT_NAME"].flags.writeable
    assert list(columns | {"BSTAR": 1, "x": 2}) == [*columns, "x"]
    assert ({"x": 2} | columns)["BSTAR"] is columns["BSTAR"] and "BSTAR" in repr(columns)
    full = {name: np.array(values) for name, values in columns.items()}
    assert elements.to_arrow().equals(Elements(full).to_arrow())
    assert pickle.loads(pickle.dumps(elements)).to_arrow().equals(elements.to_arrow())
    assert elements[[2, 0]].fields["INCLINATION"].tolist() == [53.0, 53.0]
    shell = walker("53:100/10/1", 550.0)
    assert shell.fields["MEAN_MOTION"].strides == (0,)
    assert shell.name[[0, 99]].tolist() == ["WALKER P01 S01", "WALKER P10 S10"]


def test_columns_behave_as_a_mapping_of_read_only_arrays():
    def names():
        return ["A", "B", "C"]

    given = {
        name: element_sets()[:3].fields[name]
        for name in ("EPOCH", "NORAD_CAT_ID", "INCLINATION", *MEAN)
    }
    fields: Any = Elements({**given, "OBJECT_NAME": names}).fields
    assert issubclass(type(fields), Mapping) and "BSTAR" in fields and "BSTARS" not in fields
    as_dict = fields.copy()
    assert type(as_dict) is dict and as_dict["BSTAR"] is fields["BSTAR"]
    # a function inside of another one cannot be pickled, but what it makes can
    for again in (pickle.loads(pickle.dumps(fields)), copy.deepcopy(fields)):
        assert list(again) == list(fields) and again["OBJECT_NAME"].tolist() == ["A", "B", "C"]
        assert not any(column.flags.writeable for column in again.values())
    assert copy.copy(fields) is fields
    replaced = dataclasses.replace(Elements(fields), notes=("new",), noted=None)
    assert replaced.notes == ("new",) and replaced.fields is fields  # shared, not copied
    assert replaced.from_source("here").fields is fields


def test_names_that_are_made_must_be_one_for_each_satellite():
    given = {
        name: element_sets()[:3].fields[name]
        for name in ("EPOCH", "NORAD_CAT_ID", "INCLINATION", *MEAN)
    }
    elements = Elements({**given, "OBJECT_NAME": lambda: np.array(["A"], object)})
    with pytest.raises(ValueError, match=r"OBJECT_NAME has shape \(1,\), NORAD_CAT_ID has \(3,\)"):
        _ = elements.name


def test_choosing():
    elements = element_sets()
    assert (
        elements[3].sat_id.tolist()
        == elements[3:4].sat_id.tolist()
        == elements[np.arange(33) == 3].sat_id.tolist()
        == [8195]
    )
    gen1 = constellation("starlink-gen1")
    assert len(gen1.select("starlink-g1-s3*")) == 720
    assert len(gen1.select(["*G1-S3 *", "*G1-S5 *"])) == 720 + 172
    with pytest.raises(ValueError, match="no pattern"):
        gen1.select([])


def test_notes_follow_their_satellites():
    gen1 = constellation("starlink-gen1")
    polar = gen1.select("*G1-S5 *")
    assert len(gen1.notes) == 6
    assert [note for note in polar.notes if "planes of" in note] == [
        note for note in gen1.notes if "4 planes of 43" in note
    ]
    joined = Elements.concat([polar, walker("53:24/3/1", altitude_km=600.0), element_sets()])
    assert joined[-33:].notes == ()
    assert [note for note in joined[172:196].notes if "planes of" in note] == [joined.notes[-1]]
    assert joined[:172].notes == polar.notes


def test_joining_keeps_all_and_their_order():
    joined = Elements.concat([element_sets(), element_sets()[:2]])
    assert (
        joined.sat_id.tolist()
        == element_sets().sat_id.tolist() + element_sets().sat_id.tolist()[:2]
    )
    assert set(joined.duplicates) == {5, 4632, 20413}


def test_planes_and_slots_of_filed_constellations_stay_with_them():
    """Counted from 0, as the names count from 1; -1 for satellites of catalogues."""
    gen1 = constellation("starlink-gen1", first_id=1)
    assert gen1.plane.dtype == gen1.slot.dtype == np.int32
    assert gen1.name.tolist() == [
        f"{name[:14]} P{p + 1:02d} S{s + 1:02d}"
        for name, p, s in zip(gen1.name, gen1.plane, gen1.slot, strict=True)
    ]
    assert (element_sets().plane == -1).all() and (element_sets().slot == -1).all()
    mixed = Elements.concat(
        [element_sets(), gen1.select("*G1-S4*"), gen1.where("inclination_deg == 70")[::-7]]
    )
    for each in (mixed, pickle.loads(pickle.dumps(mixed)), Elements(mixed.fields)):
        assert (
            each.plane.tolist()
            == [-1] * 33
            + np.repeat(range(6), 58).tolist()
            + gen1[1584 * 2 : 1584 * 2 + 720][::-7].plane.tolist()
        )
        assert (
            each.slot.tolist()
            == [-1] * 33 + 6 * list(range(58)) + gen1[1584 * 2 : 1584 * 2 + 720][::-7].slot.tolist()
        )
    table = mixed.to_arrow()
    assert table.column_names[-2:] == ["plane", "slot"] and {
        table.schema.field(name).type for name in ("plane", "slot")
    } == {pa.int32()}
    assert (table["plane"].to_pylist(), table["slot"].to_pylist()) == (
        mixed.plane.tolist(),
        mixed.slot.tolist(),
    )


def test_the_median_epoch_is_that_of_catalogues_and_exact():
    def of(*epochs: int) -> Elements:
        sats = walker("53:4/1/0", 550.0)[: len(epochs)]
        fields = dict(sats.fields) | dict(EPOCH=np.array(epochs, np.int64).view("datetime64[ns]"))
        return Elements(
            {name: values for name, values in fields.items() if name not in ("plane", "slot")}
        )

    # a whole minute, beyond what float64 holds to the nanosecond
    minute, large = 60_000_000_000, 1_780_000_020_000_000_000
    assert of(large + 1, large + 4).median_epoch.astype(int) == large + 2
    assert of(large + 3, large - 1, large + 900).default_start.astype(int) == large + minute
    assert of(large, large, large + 9 * minute).default_start.astype(int) == large
    assert of(-1, -1).default_start.astype(int) == 0
    assert (
        Elements.concat([walker("53:24/3/1", 550.0), of(large)]).default_start.astype(int) == large
    )
    assert walker("53:24/3/1", 550.0).default_start == np.datetime64("2026-01-01")
    with pytest.raises(ValueError, match="no median epoch"):
        _ = of().default_start


# --- several sets of one satellite ---
def history(numbers, days):
    """Sets of satellites with these numbers and their designators, so many days after 2026-01-01;
    the name says the place.
    """
    epochs = np.datetime64("2026-01-01", "ns") + (np.array(days) * 86_400e9).astype(
        "timedelta64[ns]"
    )
    fields = dict(
        NORAD_CAT_ID=numbers,
        EPOCH=epochs,
        OBJECT_NAME=[f"{place}" for place in range(len(numbers))],
    )
    fields |= dict(OBJECT_ID=[f"2020-{number % 1000:03d}A" for number in numbers])
    zeros = dict.fromkeys(
        ("ECCENTRICITY", "INCLINATION", "RA_OF_ASC_NODE", "ARG_OF_PERICENTER", "MEAN_ANOMALY"),
        np.zeros(len(numbers)),
    )
    return Elements(fields | zeros | dict(MEAN_MOTION=np.full(len(numbers), 15.0)))


def places(elements):
    return [int(name) for name in elements.name]


def test_the_latest_set_of_each():
    """In the order of the input; of equal epochs the later in the input."""
    sets = history([7, 5, 7, 5, 9, 7], [3.0, 1.0, 5.0, 2.0, 0.0, 4.0])
    assert places(sets.latest()) == [2, 3, 4]
    assert sets.latest().notes == ("latest element set of each satellite: 3 of 6",)
    assert places(history([5, 5, 5], [1.0, 1.0, 0.0]).latest()) == [1]
    assert sets.latest().latest().notes == sets.latest().notes
    one = history([5, 6], [0.0, 0.0])
    assert one.latest() is one and len(sets[:0].latest()) == 0


def test_the_nearest_set_of_each():
    """Of equally near ones the one after the instant; of equal epochs the later in the input."""
    sets = history([7, 5, 7, 7, 5, 5], [0.0, 9.0, 4.0, 2.0, 1.0, 1.0])
    for day, chosen in (
        (0.9, [0, 5]),
        (1.0, [3, 5]),
        (3.0, [2, 5]),
        (5.0, [1, 2]),
        (100.0, [1, 2]),
    ):
        instant = np.datetime64("2026-01-01", "ns") + np.timedelta64(round(day * 86_400), "s")
        assert places(sets.nearest(instant)) == chosen
    assert sets.nearest("2026-01-03").notes == (
        "element set of each satellite nearest to 2026-01-03T00:00:00Z: 2 of 6",
    )
    # 1752: the differences to the end of time do not fit into 63 bits
    far = history([5, 5], [0.0, -100_000.0])
    assert places(far.nearest("2262-04-11")) == [0] and places(far.nearest("1677-09-22")) == [1]


@given(
    st.lists(
        st.tuples(st.sampled_from([0, 5, 6, 10**9, 10**9 + 1]), st.integers(-3, 3)), max_size=12
    ),
    st.integers(-4, 4),
)
def test_one_set_for_each_satellite_equals_a_simple_loop(sets, day):
    elements = history([number for number, _ in sets], [float(days) for _, days in sets])
    instant = np.datetime64("2026-01-01", "ns") + np.timedelta64(day, "D")
    for chosen, key in (
        (elements.latest(), lambda days: days),
        (elements.nearest(instant), lambda days: (-abs(days - day), days)),
    ):
        best = {
            number: max(
                (key(days), place) for place, (other, days) in enumerate(sets) if other == number
            )[1]
            for number, _ in sets
        }
        assert places(chosen) == [
            place
            for place, (number, _) in enumerate(sets)
            if number in (0, *range(10**9, 10**9 + 2)) or best[number] == place
        ]


def test_different_satellites_of_one_number_are_all_kept():
    """The designator decides; then the name; then the inclination. A launch 000, as generators
    write it, is no designator.
    """

    def one(name="", designator="", inclination=53.0, day=0.0):
        set_ = history([7], [day])
        return Elements(
            dict(set_.fields)
            | dict(OBJECT_NAME=[name], OBJECT_ID=[designator], INCLINATION=[inclination])
        )

    renamed = [one("OBJECT A", "2020-001A"), one("SAT 1", "2020-001A", 60.0, 1.0)]
    corrected = [one("SAT 1", "2020-001A"), one("Sat  1", "2020-001B", 60.0, 1.0)]
    nameless = [one("SAT 1"), one("", "", 53.9, 1.0)]
    for pair in (renamed, corrected, nameless, [one("SAT 1", inclination=20.0), one("SAT 1")]):
        both = Elements.concat(pair)
        assert len(both.latest()) == len(both.nearest("2026-01-01")) == 1 and not len(
            both.shared_numbers
        )
    for pair in (
        [one("SAT 1"), one("SAT 2", day=1.0)],
        [one("SAT 1", "2020-001A"), one("SAT 2", "2020-001B", day=1.0)],
        [one("SAT 1", "2000-000A"), one("SAT 2", "2000-000A")],
        [one(inclination=53.0), one(inclination=54.1)],
        [one(designator="2020-001A"), one(designator="2020-001B")],
    ):
        both = Elements.concat(pair)
        assert (
            both.latest() is both
            and both.nearest("2026-01-01") is both
            and both.shared_numbers.tolist() == [7]
        )
    days = Elements.concat(
        [
            one("A", day=0.0),
            one("B", day=3.0),
            one("A", day=1.0),
            one("C", day=2.0),
            one("B", day=1.0),
        ]
    )
    assert days.latest().name.tolist() == ["B", "A", "C"]
    assert days.latest().epoch.tolist() == days.epoch[[1, 2, 3]].tolist()
    many = Elements.concat([one(f"SAT {number}") for number in range(40)])
    assert many.latest() is many


def test_two_exports_that_count_from_1(tmp_path, capsys):
    """Two constellations with the same numbers keep all satellites, and they are reported."""
    first, second = str(tmp_path / "first.tle"), str(tmp_path / "second.csv")
    for source, path in (("starlink-g1-s5", first), ("guowang-flown", second)):
        assert main(["export", source, "--first-id", "1", "-o", path]) == 0
    capsys.readouterr()
    assert main(["shells", first, second, "--json"]) == 0
    out, err = capsys.readouterr()
    facts = json.loads(out)
    assert facts["satellites"] == 172 + 168 and facts["shared_numbers"] == list(range(1, 169))
    said = " ".join(err.split())
    assert (
        "168 catalogue numbers occur for different satellites, which are all kept" in said
        and "--first-id" in said
    )
    assert (
        main(["export", first, second, "--latest", "-o", str(tmp_path / "both.csv"), "--json"]) == 0
    )
    assert json.loads(capsys.readouterr().out)["satellites"] == 172 + 168


def test_synthetic_satellites_are_never_merged():
    """Nor are sets that have no number, which readers number 0."""
    twice = history([10**9, 10**9, 2**31 - 1, 2**31 - 1, 0, 0], [0.0, 1.0, 0.0, 1.0, 0.0, 1.0])
    assert twice.latest() is twice and twice.nearest("2026-01-01") is twice


def test_joining_renumbers_synthetic_satellites_whose_numbers_collide():
    """Both are numbered from 1,000,000,000 on; the command line numbers them alike."""
    both = Elements.concat([constellation("qianfan"), constellation("guowang")])
    assert len(both) == len(set(both.sat_id.tolist())) == 14_288
    assert both.sat_id.tolist() == read_sources(["qianfan", "guowang"]).sat_id.tolist()
    first, last = 1_000_000_000, 1_000_000_000 + 12_991
    note = (
        f"numbers of other satellites: sat_id {first} to {last} are {first + 1_296} to "
        f"{last + 1_296} here"
    )
    assert note in both.notes and note in both[-1:].notes and note not in both[:1_296].notes
    assert not len(both.duplicates)


def test_joining_keeps_the_numbers_that_do_not_collide():
    a, b = walker("53:6/3/1", 550.0), walker("53:6/3/1", 600.0)
    free = walker("53:6/3/1", 650.0, first_id=1_000_000_006)
    real = history([5, 25_544], [0.0, 0.0])
    numbers = Elements.concat([real, a, b, free, real]).sat_id.tolist()
    assert numbers == [
        5,
        25_544,
        *range(10**9, 10**9 + 6),
        *range(10**9 + 12, 10**9 + 18),
        *range(10**9 + 6, 10**9 + 12),
        5,
        25_544,
    ]
    assert Elements.concat([a[:3], a[3:]]).sat_id.tolist() == a.sat_id.tolist()
    assert not [note for note in Elements.concat([a, free]).notes if note.startswith("numbers")]
    assert Elements.concat([a, history([5, 10**9 + 1], [0.0, 0.0])]).sat_id.tolist()[-2:] == [
        5,
        10**9 + 6,
    ]
    beyond = history([2**31 - 1], [0.0])
    with pytest.raises(
        ValueError, match="no numbers are left for 1 synthetic satellites after 2147483647"
    ):
        Elements.concat([beyond, beyond])


def test_constellations_numbered_from_1_are_synthetic_too():
    """Joined with catalogues that have the same numbers, they are still not sets of a real
    satellite.
    """
    filed, real = walker("53:6/3/1", 550.0, first_id=1), history([2, 7], [0.0, 0.0])
    assert filed.synthetic.all() and not real.synthetic.any()
    for parts in ([real, filed], [filed, real]):
        both = Elements.concat(parts)
        assert sorted(both.sat_id.tolist()) == [2, 7, *range(10**9, 10**9 + 6)]
        assert not len(both.duplicates) and len(both.latest()) == 8
    assert Elements.concat([history([7], [0.0]), filed]).sat_id.tolist() == [7, *range(1, 7)]
    again = filed[[0, 0, 1]]
    assert again.latest() is again


def test_latest_on_the_command_line(tmp_path, capsys):
    """One set for each satellite in every command; repeated numbers are reported, in JSON too."""
    sets = Elements.concat([element_sets()[:4], element_sets()[2:6]])
    path = tmp_path / "sets.csv"
    write_elements(sets, path)
    numbers = element_sets().sat_id[2:4].tolist()
    propagate = ["propagate", str(path), "--duration", "2min", "--start", "2006-06-26", "--json"]
    for command in (
        ["info", str(path), "--json"],
        [*propagate, "--dry-run"],
        [*propagate, "-o", str(tmp_path / "a")],
    ):
        for options, count, duplicates in (([], 8, numbers), (["--latest"], 6, [])):
            assert main([*command, *options, *(["--overwrite"] if "-o" in command else [])]) == 0
            facts, said = capsys.readouterr()
            facts = json.loads(facts)
            assert (facts["satellites"], facts["duplicates"]) == (count, duplicates)
            if command[0] == "propagate":
                assert "2 catalogue numbers occur more than once" in said
                assert ("--latest keeps" in said) is not bool(options)
    assert main(["export", str(path), "-o", str(tmp_path / "one.csv"), "--latest", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["duplicates"] == []
    assert read_elements(tmp_path / "one.csv").sat_id.tolist() == sets.latest().sat_id.tolist()
    assert (
        main(
            [
                "info",
                str(path),
                "--latest",
                "--where",
                f"sat_id in ({numbers[0]}, {numbers[1]})",
                "--json",
            ]
        )
        == 0
    )
    assert (
        json.loads(capsys.readouterr().out)["notes"][0]
        == "latest element set of each satellite: 6 of 8"
    )
    assert main(["info", str(tmp_path), "--latest"]) == 2
    with path.open("a") as file:
        file.write("a line,that is no record\n")
    capsys.readouterr()
    assert main(["info", str(path), "--latest", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["satellites"], len(facts["rejected"])) == (6, 1)


def test_joining_many_parts_takes_work_in_proportion(monkeypatch):
    """What numpy is given while a catalogue is put together again from its satellites: some times
    the catalogue, not its square.
    """
    given_to_numpy = []

    def counted(function):
        def call(*arguments, **options):
            arrays = arguments[0] if function is np.concatenate else arguments
            given_to_numpy.append(sum(np.size(each) for each in arrays))
            return function(*arguments, **options)

        return call

    for parts in (history(range(1, 1001), np.zeros(1000)), walker("53:1000/20/1", 550.0)):
        each = list(parts)
        with monkeypatch.context() as patch:
            for name in (
                "isin",
                "in1d",
                "union1d",
                "unique",
                "append",
                "concatenate",
                "setdiff1d",
                "intersect1d",
            ):
                if hasattr(np, name):
                    patch.setattr(np, name, counted(getattr(np, name)))
            joined = Elements.concat(each)
        assert joined.sat_id.tolist() == parts.sat_id.tolist()
        assert sum(given_to_numpy) < 100 * len(parts), (
            "the work grows with the square of the number of parts"
        )
        given_to_numpy.clear()


def test_to_arrow():
    table = element_sets().to_arrow()
    assert table.column_names[:4] == ["sat_id", "OBJECT_NAME", "OBJECT_ID", "EPOCH"]
    assert table.schema.field("EPOCH").type == pa.timestamp("ns", "UTC")
    assert table.schema.field("INCLINATION").metadata == {b"unit": b"deg"}
    assert table["sat_id"].to_pylist() == element_sets().sat_id.tolist()
    assert (
        table["EPOCH"].cast(pa.int64()).to_numpy().tolist()
        == element_sets().epoch.view(np.int64).tolist()
    )


def test_missing_and_unknown_fields_are_named():
    with pytest.raises(ValueError, match="EPOCH"):
        Elements(dict(NORAD_CAT_ID=np.array([1])))
    with pytest.raises(ValueError, match="COLOUR"):
        Elements(dict(element_sets().fields) | dict(COLOUR=np.zeros(33)))
    with pytest.raises(ValueError, match="shape"):
        Elements(dict(element_sets().fields) | dict(BSTAR=np.zeros(3)))
