"""Every engine reproduces the committed digest, and one changed bit is found and named."""

import numpy as np
import pytest

from gpuprop import STATUS
from gpuprop.engine import digest
from gpuprop.engine.choice import open_engine
from gpuprop.sgp4.constants import REGIMES, Constants

FURTHER = ("years ahead", "years back", ", turned", ", geodetic")  # parts of one model


class Tampered:
    """The numpy engine with one value changed by one bit, in every propagation or in one."""

    name = "tampered"

    def __init__(self, column=None, constant=None, satellite=0, only=None):
        self.column, self.constant, self.satellite, self.only = column, constant, satellite, only
        self.loaded = 0

    def load(self, model, elements, epoch_ns):
        propagation = open_engine("numpy").load(model, elements, epoch_ns)
        self.loaded += 1
        return (
            propagation
            if self.only not in (None, self.loaded)
            else TamperedPropagation(propagation, self)
        )


class TamperedPropagation:
    def __init__(self, propagation, how):
        self.constants, self._block, self._how = propagation.constants, propagation.block, how
        self.pairs = propagation.pairs
        if how.constant:
            values = dict(self.constants.values)
            values[how.constant] = flip(
                values[how.constant].copy(), np.flatnonzero(self.constants.order == how.satellite)
            )
            self.constants = Constants(
                values, self.constants.epoch_ns, self.constants.order, self.constants.bounds
            )

    def block(self, ns, names, view):
        columns = self._block(ns, names, view)
        if self._how.column:
            flip(columns[self._how.column], (-1, self._how.satellite))
        return columns


def flip(values, place):
    """Change the last bit of one value."""
    values.view(f"u{values.itemsize}")[place] ^= 1
    return values


@pytest.fixture
def short(monkeypatch):
    """Only the first two parts, so that a test that computes several digests stays quick."""
    parts = list(digest.parts())[:2]
    monkeypatch.setattr(digest, "parts", lambda: parts)
    return digest.compute(open_engine("numpy"))


def test_every_engine_reproduces_the_committed_digest(engine):
    assert digest.compare(digest.compute(open_engine(engine)), digest.committed()) == []


def test_pairs_of_every_engine_are_compared_with_its_grid(engine):
    assert digest.compare_pairs(open_engine(engine)) == []


def test_a_changed_bit_of_a_pair_is_named():
    tampered = Tampered(column="vy", satellite=3, only=1)
    assert digest.compare_pairs(tampered) == [
        f"wgs72old, opsmode i, pairs{what}{order}, vy differs from a grid's"
        for what in ("", ", Earth-fixed")
        for order in ("", ", sorted")
    ]


def test_every_regime_and_status_is_covered():
    reachable = set(STATUS) - {5}
    assert len(FURTHER) == len([name for name in digest.committed() if name.endswith(FURTHER)])
    for name, part in digest.committed().items():
        regimes = {regime: counts for regime, counts in part.items() if regime != "constants"}
        statuses = {int(status) for counts in regimes.values() for status in counts["status"]}
        if not name.endswith(FURTHER[:2]):
            assert statuses == reachable, name
            assert set(regimes) == set(REGIMES), name


def test_every_model_has_a_part():
    names = list(digest.committed())
    assert [name for name in names if not name.endswith(FURTHER)] == [
        f"{gravity}, opsmode {opsmode}"
        for gravity in ("wgs72old", "wgs72", "wgs84")
        for opsmode in "ia"
    ]
    far = {name: dict(digest.committed()[name]) for name in names if "years" in name}
    assert {regime for part in far.values() for regime in part} == {"constants", *REGIMES}


def test_no_constant_is_the_same_everywhere_by_accident(short):
    """A constant that is zero for all would prove nothing."""
    for part in short.values():
        assert len(set(part["constants"].values())) == len(part["constants"])


def test_the_sets_are_made_of_published_random_words():
    """The first words of splitmix64 of seed 1234567, as its reference program prints them."""
    words = [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]
    assert digest.splitmix64(1234567, 5).tolist() == words


def test_a_changed_bit_of_a_state_is_named(short):
    satellite = 12 * digest.COHORT  # geostationary
    found = digest.compute(Tampered(column="vx", satellite=satellite, only=2))
    differences = digest.compare(found, short)
    assert differences == [
        "wgs72old, opsmode a, deep space, one-day resonance, columns, vx differs"
    ]


def test_a_changed_bit_of_a_constant_is_named(short):
    found = digest.compute(Tampered(constant="argpdot", satellite=5))
    assert digest.compare(found, short) == [
        "wgs72old, opsmode i, constants, argpdot differs",
        "wgs72old, opsmode a, constants, argpdot differs",
    ]


def test_a_changed_status_is_named_with_its_counts(short):
    counts = short["wgs72old, opsmode i"]["near earth"]["status"]
    differences = digest.compare(digest.compute(Tampered(column="status", only=1)), short)
    assert differences == [
        f"wgs72old, opsmode i, near earth, status, 0: {counts['0'] - 1} instead of {counts['0']}",
        f"wgs72old, opsmode i, near earth, status, 1: {counts['1'] + 1} instead of {counts['1']}",
        "wgs72old, opsmode i, near earth, columns, status differs",
    ]


def test_a_missing_part_is_named_either_way(short):
    less = {name: part for name, part in short.items() if not name.endswith("a")}
    for differences, ending in (
        (digest.compare(less, short), ": none instead of "),
        (digest.compare(short, less), " instead of none"),
    ):
        assert differences and all(
            text.startswith("wgs72old, opsmode a, ") and ending in text for text in differences
        )
