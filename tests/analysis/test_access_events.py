"""Instants of events between knots: the kernels, their twin, and the definition."""

import sys

import numpy as np
import nvrtc
import pytest
from fake_cupy import FakeCupy, FromPtx
from state_samples import EPOCH, random_elements

from gpuprop import Propagator, Site, constellation
from gpuprop.analysis.access.cells import CULMINATE, RISE, SET, from_cells
from gpuprop.analysis.access.exact import Exact, Knots
from gpuprop.analysis.access.search import places_of
from gpuprop.analysis.events import CELL, EXTREMUM_STEP
from gpuprop.elements.mean_elements import mean_elements
from gpuprop.engine.choice import open_engine
from gpuprop.engine.cpu import CpuEngine, library, usable
from gpuprop.sgp4.access import CULMINATION, RISING, SETTING, AccessRule
from gpuprop.sgp4.access_events import OUTSIDE, SURE, UNSURE, Brackets
from gpuprop.time.times import as_times

WIDTHS = library().widths if usable()[0] else ()
PLACES = places_of(
    (Site(90.0, 0.0, 0.0, "pole"), Site(0.0, 180.0, 0.0, "edge"), Site(-15.79, -47.88, 1.17, "B"))
)
STEP, KNOTS = 60, 240
START = int(EPOCH.astype("datetime64[us]").astype(np.int64))
SINE = 0.08715574274765817  # of 5 degrees
RULE = AccessRule((1.0 - SINE * SINE) ** 0.5, SINE, float(STEP), 0, KNOTS - 1)


def satellites():
    elements = random_elements(21, 120)
    return type(elements).concat([elements, constellation("starlink-g1-s1", epoch=EPOCH)[::40]])


@pytest.fixture(scope="module")
def found():
    times = as_times(EPOCH + np.arange(KNOTS) * np.timedelta64(STEP, "s"))
    columns = Propagator(satellites(), "numpy").states(times, "itrs", velocity=False).columns
    return open_engine("numpy").access(columns, PLACES, RULE)


def wanted_of(found):
    crossings = np.flatnonzero(found.kind & (RISING | SETTING))
    return np.concatenate((2 * crossings, 2 * np.flatnonzero(found.kind & CULMINATION) + 1))


def exact_of(propagator):
    # a window that is shorter than the knots on both sides
    window = START + 35 * 60_000_000, START + 200 * 60_000_000 + 12_345
    return Exact(propagator, PLACES, RULE.sine / RULE.cosine, window)


def searched(propagator, found):
    return exact_of(propagator).events(Knots(START, STEP * 1_000_000), found, wanted_of(found))


@pytest.fixture(scope="module")
def expected(found):
    return searched(Propagator(satellites(), "numpy"), found)


def same(result, expected):
    assert np.array_equal(result.certainty, expected.certainty)
    assert np.array_equal(result.us, expected.us)


def bisected(propagator, found, expected):
    """Bisect the cells of sure events."""
    wanted, sure = wanted_of(found), np.flatnonzero(expected.certainty == SURE)
    ends = []
    for climbing in (False, True):
        some = sure[wanted[sure] % 2 == climbing]
        place = wanted[some] >> 1
        goal = (found.kind[place] & RISING) > 0 if not climbing else np.zeros(len(some), bool)
        cell = expected.us[some] // CELL * CELL
        brackets = Brackets(found.satellite[place], found.site[place], goal, cell, cell + CELL)
        step = EXTREMUM_STEP if climbing else 1
        ends += exact_of(propagator).bisected(brackets, climbing, step).tolist()
    return ends


def test_every_engine_finds_the_same(engine, found, expected):
    assert set(expected.certainty) == {OUTSIDE, SURE, UNSURE} and len(expected.us) > 400
    assert (expected.certainty == SURE).mean() > 0.5
    propagator = Propagator(satellites(), engine, threads=2)
    same(searched(propagator, found), expected)
    ends = bisected(propagator, found, expected)
    assert ends == bisected(Propagator(satellites(), "numpy"), found, expected)
    assert len(ends) > 200


@pytest.mark.parametrize("width", WIDTHS)
def test_every_width_finds_the_same(width, found, expected):
    propagator = Propagator(satellites(), "cpu")
    elements, engine = propagator.elements, CpuEngine(1, width)
    propagator._engines, propagator._engine = [engine], engine
    mean, epochs = mean_elements(elements), elements.epoch.view(np.int64)
    propagator._propagations = [engine.load(propagator.model, mean, epochs)]
    same(searched(propagator, found), expected)


@pytest.mark.slow
@pytest.mark.parametrize("capability", [80, 100, 120])
@pytest.mark.parametrize("wheel", nvrtc.libraries())
def test_the_ptx_finds_the_same(monkeypatch, wheel, capability, found, expected):
    """That of other GPUs: the engines above have the PTX of one."""
    monkeypatch.setattr(FakeCupy, "kernels", FromPtx(wheel, capability))
    fake = FakeCupy()
    monkeypatch.setitem(sys.modules, "cupy", fake)
    propagator = Propagator(satellites(), "cuda")
    same(searched(propagator, found), expected)
    assert bisected(propagator, found, expected) == bisected(
        Propagator(satellites(), "numpy"), found, expected
    )
    fake.check_guards()


def test_sure_instants_are_those_of_the_definition(found, expected):
    """The cells around every sure event have it, at this microsecond, by exact states alone."""
    exact = exact_of(Propagator(satellites()))
    wanted, sure = wanted_of(found), np.flatnonzero(expected.certainty == SURE)
    place = wanted[sure] >> 1
    cell = expected.us[sure] // CELL
    events = from_cells(exact, [(found.satellite[place], found.site[place], cell)])
    what = np.where(
        wanted[sure] % 2 == 1, CULMINATE, np.where(found.kind[place] & RISING, RISE, SET)
    )
    there = set(zip(*(column.tolist() for column in events), strict=True))
    mine = zip(found.satellite[place], found.site[place], expected.us[sure], what, strict=True)
    assert all(tuple(int(value) for value in each) in there for each in mine)
