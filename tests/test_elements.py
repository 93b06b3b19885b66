"""Element sets as a structure of arrays: immutable, chosen from, joined, written to Arrow."""

import pickle

import numpy as np
import pyarrow as pa
import pytest
from published import element_sets

from gpuprop import Elements, constellation, walker


def test_they_cannot_be_changed():
    elements = element_sets()
    with pytest.raises(ValueError, match="read-only"):
        elements.fields["BSTAR"][0] = 1.0
    with pytest.raises(TypeError):
        elements.fields["BSTAR"] = None
    copy = pickle.loads(pickle.dumps(elements))
    assert all(np.array_equal(copy.fields[name], values) for name, values in elements.fields.items())
    with pytest.raises(ValueError, match="read-only"):
        copy.fields["BSTAR"][0] = 1.0


def test_choosing():
    elements = element_sets()
    assert elements[3].sat_id.tolist() == elements[3:4].sat_id.tolist() == elements[np.arange(33) == 3].sat_id.tolist() == [8195]
    gen1 = constellation("starlink-gen1")
    assert len(gen1.select("starlink-g1-s3*")) == 720
    assert len(gen1.select(["*G1-S3 *", "*G1-S5 *"])) == 720 + 172
    assert len(gen1.select("nobody")) == 0
    with pytest.raises(ValueError, match="no pattern"):
        gen1.select([])


def test_notes_follow_their_satellites():
    gen1 = constellation("starlink-gen1")
    polar = gen1.select("*G1-S5 *")
    assert len(gen1.notes) == 6
    assert [note for note in polar.notes if "planes of" in note] == [note for note in gen1.notes if "4 planes of 43" in note]
    joined = Elements.concat([polar, walker("53:24/3/1", altitude_km=600.0), element_sets()])
    assert joined[-33:].notes == ()
    assert [note for note in joined[172:196].notes if "planes of" in note] == [joined.notes[-1]]
    assert joined[:172].notes == polar.notes


def test_joining_keeps_all_and_their_order():
    joined = Elements.concat([element_sets(), element_sets()[:2]])
    assert joined.sat_id.tolist() == element_sets().sat_id.tolist() + element_sets().sat_id.tolist()[:2]
    assert set(joined.duplicates) == {5, 4632, 20413}


def test_planes_and_slots_of_filed_constellations_stay_with_them():
    """Counted from 0, as the names count from 1; -1 for satellites of catalogues."""
    gen1 = constellation("starlink-gen1", first_id=1)
    assert gen1.plane.dtype == gen1.slot.dtype == np.int32
    assert gen1.name.tolist() == [
        f"{name[:14]} P{p + 1:02d} S{s + 1:02d}" for name, p, s in zip(gen1.name, gen1.plane, gen1.slot, strict=True)
    ]
    assert (element_sets().plane == -1).all() and (element_sets().slot == -1).all()
    mixed = Elements.concat([element_sets(), gen1.select("*G1-S4*"), gen1.where("inclination_deg == 70")[::-7]])
    for each in (mixed, pickle.loads(pickle.dumps(mixed)), Elements(mixed.fields)):
        assert each.plane.tolist() == [-1] * 33 + np.repeat(range(6), 58).tolist() + gen1[1584 * 2 : 1584 * 2 + 720][::-7].plane.tolist()
        assert each.slot.tolist() == [-1] * 33 + 6 * list(range(58)) + gen1[1584 * 2 : 1584 * 2 + 720][::-7].slot.tolist()
    table = mixed.to_arrow()
    assert table.column_names[-2:] == ["plane", "slot"] and {table.schema.field(name).type for name in ("plane", "slot")} == {pa.int32()}
    assert (table["plane"].to_pylist(), table["slot"].to_pylist()) == (mixed.plane.tolist(), mixed.slot.tolist())


def test_the_median_epoch_is_that_of_catalogues_and_exact():
    def of(*epochs: int) -> Elements:
        sats = walker("53:4/1/0", 550.0)[: len(epochs)]
        fields = dict(sats.fields) | dict(EPOCH=np.array(epochs, np.int64).view("datetime64[ns]"))
        return Elements({name: values for name, values in fields.items() if name not in ("plane", "slot")})

    minute, large = 60_000_000_000, 1_780_000_020_000_000_000  # a whole minute, beyond what float64 holds to the nanosecond
    assert of(large + 1, large + 4).median_epoch.astype(int) == large + 2
    assert of(large + 3, large - 1, large + 900).default_start.astype(int) == large + minute
    assert of(large, large, large + 9 * minute).default_start.astype(int) == large
    assert of(-1, -1).default_start.astype(int) == 0
    assert Elements.concat([walker("53:24/3/1", 550.0), of(large)]).default_start.astype(int) == large
    assert walker("53:24/3/1", 550.0).default_start == np.datetime64("2026-01-01")
    with pytest.raises(ValueError, match="no median epoch"):
        _ = of().default_start


def test_to_arrow():
    table = element_sets().to_arrow()
    assert table.column_names[:4] == ["sat_id", "OBJECT_NAME", "OBJECT_ID", "EPOCH"]
    assert table.schema.field("EPOCH").type == pa.timestamp("ns", "UTC")
    assert table.schema.field("INCLINATION").metadata == {b"unit": b"deg"}
    assert table["sat_id"].to_pylist() == element_sets().sat_id.tolist()
    assert table["EPOCH"].cast(pa.int64()).to_numpy().tolist() == element_sets().epoch.view(np.int64).tolist()


def test_missing_and_unknown_fields_are_named():
    with pytest.raises(ValueError, match="EPOCH"):
        Elements(dict(NORAD_CAT_ID=np.array([1])))
    with pytest.raises(ValueError, match="COLOUR"):
        Elements(dict(element_sets().fields) | dict(COLOUR=np.zeros(33)))
    with pytest.raises(ValueError, match="shape"):
        Elements(dict(element_sets().fields) | dict(BSTAR=np.zeros(3)))
