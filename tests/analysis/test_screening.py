"""Planted approaches are found, with their range and instant, wherever and whenever they are."""

import math

import numpy as np
import pytest
from approach_samples import circular, elements_of, encounter, mean_of
from approach_search import Search

from gpuprop import Elements, Propagator, screen
from gpuprop.analysis.screening.parts import Screening
from gpuprop.analysis.screening.question import ask
from gpuprop.analysis.screening.stays import CELL
from gpuprop.time.units import julian

# a knot of every grid that is used here, and the edge of a cell of absolute time 20 s later
KNOT = 1_767_225_600_000_000 // 180_000_000 * 180_000_000
SECOND = 1_000_000
HOUR = 3600 * SECOND


def instant(us):
    return np.datetime64(int(us), "us").astype("datetime64[ns]")


def found(elements, first, seconds, threshold=5.0, engine="numpy", **how):
    return screen(
        Propagator(elements, engine),
        instant(first),
        instant(first + round(seconds * SECOND)),
        threshold_km=threshold,
        **how,
    )


def truth(elements, first, seconds, threshold=5.0, step=4.0):
    satrecs = elements.to_satrecs()
    return Search(satrecs, julian(first * 1000), seconds, threshold, step)


def tca_seconds(table, first):
    return (table.column("TCA").to_numpy().astype("datetime64[us]").astype(int) - first) / SECOND


def planted(first, velocity, miss, tca=KNOT):
    """Two objects that meet at `tca`."""
    states = first, encounter(first, velocity, miss)
    return elements_of([mean_of(state, tca) for state in states], [tca, tca])


def turned(state, degrees):
    """The velocity of a state, turned about its position."""
    up = state[:3] / np.linalg.norm(state[:3])
    v, angle = state[3:], math.radians(degrees)
    return (
        v * math.cos(angle)
        + np.cross(up, v) * math.sin(angle)
        + up * (up @ v) * (1 - math.cos(angle))
    )


LOW = circular(40.0, 10.0, 30.0, 6878.0)
PERIGEE = np.concatenate((LOW[:3], LOW[3:] * math.sqrt(1.72)))  # eccentricity 0.72
SEAM = circular(179.999, 5.0, 20.0, 7000.0)
NORTH, SOUTH = circular(10.0, 89.98, 0.0, 7178.0), circular(10.0, -89.999, 0.0, 7178.0)
HIGH = circular(0.0, 0.0, 60.0, 42164.0)
EVENTS = {
    "head on": planted(LOW, -LOW[3:] * 0.9999, 0.8),
    "crossing": planted(LOW, turned(LOW, 80.0), 3.0),
    "slow crossing": planted(LOW, turned(LOW, 0.4), 1.0),
    "perigee of an ellipse": planted(PERIGEE, turned(LOW, 60.0), 2.0),
    "two perigees": planted(PERIGEE, turned(PERIGEE, 150.0), 4.0),
    "seam of longitude": planted(SEAM, turned(SEAM, 70.0), 2.5),
    "north pole": planted(NORTH, turned(NORTH, 77.0), 1.5),
    "south pole": planted(SOUTH, turned(SOUTH, -100.0), 1.5),
    "geostationary": planted(HIGH, turned(HIGH, 5.0), 4.0),
}


def check(table, elements, first, seconds, threshold=5.0):
    """The rows are the minimum ranges of brute force: none missed, none invented."""
    expected = truth(elements, first, seconds, threshold).approaches()
    order = elements.sat_id
    rows = sorted(
        zip(
            table.column("NORAD_CAT_ID_1").to_pylist(),
            table.column("NORAD_CAT_ID_2").to_pylist(),
            tca_seconds(table, first).tolist(),
            table.column("TCA_RANGE").to_pylist(),
            table.column("TCA_RELATIVE_SPEED").to_pylist(),
            strict=True,
        )
    )
    expected = sorted((*sorted((int(order[i]), int(order[j]))), *rest) for i, j, *rest in expected)
    assert len(rows) == len(expected), (rows, expected)
    for row, event in zip(rows, expected, strict=True):
        assert row[:2] == event[:2]
        assert abs(row[2] - event[2]) <= (0.005 if event[4] > 0.5 else 0.2)
        assert abs(row[3] - event[3]) <= 0.005
        assert abs(row[4] - event[4]) <= 0.001
    return rows


@pytest.mark.parametrize("name", EVENTS)
def test_a_planted_approach_is_found(name):
    elements, first = EVENTS[name], KNOT - 600 * SECOND
    rows = check(found(elements, first, 1200.0).conjunctions, elements, first, 1200.0)
    assert len(rows) == 1 and abs(rows[0][2] - 600.0) < 20.0


@pytest.mark.parametrize("phase", [0, 1, 9.999999, 20, 29.999999, 30, 30.000001, 41.3, 59, 60])
def test_at_any_phase_of_the_knots(phase):
    tca = KNOT + round(phase * SECOND)
    elements = planted(LOW, turned(LOW, 140.0), 1.0, tca)
    for first in (tca - 90 * SECOND, tca - 31 * SECOND, tca - SECOND):
        seconds = 2.0 * (tca - first) / SECOND
        (row,) = check(found(elements, first, seconds).conjunctions, elements, first, seconds)
        assert abs(row[3] - 1.0) < 1e-3


@pytest.mark.parametrize("offset", [-1, 0, 1])
def test_on_the_edge_of_a_cell_of_absolute_time(offset):
    edge = (KNOT // CELL + 1) * CELL
    elements = planted(LOW, turned(LOW, 90.0), 0.5, edge + offset)
    first = edge - HOUR // 60
    check(found(elements, first, 120.0).conjunctions, elements, first, 120.0)


def test_a_part_that_begins_with_an_event_on_the_edge_of_a_cell():
    edge = (KNOT // CELL + 1) * CELL
    for shift in range(-40, 41):
        elements = planted(LOW, turned(LOW, 90.0), 0.5, edge + shift)
        table = found(elements, edge - 60 * SECOND, 120.0).conjunctions
        if table.column("TCA")[0].value // 1000 == edge:
            break
    assert table.column("TCA")[0].value // 1000 == edge
    prop = Propagator(elements, "numpy")
    asked = ask(prop, instant(edge - 60 * SECOND), instant(edge + 60 * SECOND), None, 5.0, None)
    for cut, rows in ((edge, [0, 1]), (edge + 1, [1, 0])):
        screening = Screening(prop, asked)
        parts = [
            screening.part(*span).conjunctions
            for span in ((cut, asked.window.stop), (asked.window.first, cut))
        ][::-1]
        assert [part.num_rows for part in parts] == rows


def test_just_below_and_just_above_the_threshold():
    for miss, rows in ((4.999, 1), (5.001, 0)):
        elements = planted(LOW, turned(LOW, 120.0), miss)
        first = KNOT - 60 * SECOND
        assert abs(truth(elements, first, 120.0, 9.0).approaches()[0][3] - miss) < 5e-4
        assert found(elements, first, 120.0).conjunctions.num_rows == rows
    # 10 m: the stay takes 1.3 ms
    result = found(planted(LOW, turned(LOW, 120.0), 0.005), first, 120.0, 0.01)
    assert result.conjunctions.num_rows == 1 and abs(result.summary["closest_km"] - 0.005) < 1e-4


def test_both_ends_of_the_window():
    elements = planted(LOW, turned(LOW, 100.0), 1.0)
    whole = found(elements, KNOT - 100 * SECOND, 200.0).conjunctions
    tca = int(whole.column("TCA")[0].value) // 1000
    for first, stop, edge in (
        (tca, tca + 10 * SECOND, tca),
        (tca + 100_000, tca + 10 * SECOND, tca + 100_000),
        (tca - 10 * SECOND, tca, tca - 1),
        (tca - 10 * SECOND, tca - 100_000, tca - 100_001),
    ):
        (row,) = found(elements, first, (stop - first) / SECOND).conjunctions.to_pylist()
        assert row["AT_EDGE"] and row["TCA"].value // 1000 == edge
        assert not whole.column("AT_EDGE")[0].as_py()
    # the minimum range is outside of the window, and so is the stay
    assert not found(elements, tca + 2 * SECOND, 10.0).conjunctions.num_rows
    # inside a window that is shorter than the stay, and shorter than a step
    (row,) = found(elements, tca - 50_000, 0.1).conjunctions.to_pylist()
    assert not row["AT_EDGE"] and row["TCA"].value // 1000 == tca


def test_stays_shorter_than_a_millisecond_are_not_reported():
    elements = planted(LOW, -LOW[3:] * 0.9999, 0.5)
    tca = int(found(elements, KNOT - 60 * SECOND, 120.0).conjunctions.column("TCA")[0].value)
    for microseconds, rows in ((999, 0), (1000, 1)):
        first = tca // 1000 - 300
        assert found(elements, first, microseconds * 1e-6).conjunctions.num_rows == rows
    # a stay that is short because it grazes the threshold: 0.5 mm deep at 15 km/s is 0.3 ms
    least = truth(elements, KNOT - 60 * SECOND, 120.0).approaches()[0][3]
    for deeper, rows in ((1e-9, 0), (1e-3, 1)):
        found_rows = found(elements, KNOT - 60 * SECOND, 120.0, least + deeper).conjunctions
        assert found_rows.num_rows == rows


def test_a_companion_has_one_row_for_each_stay():
    # 1 m/s apart: some minutes within 2 km, and back after a revolution
    elements = planted(LOW, LOW[3:] * (1.0 + 1.3e-4), 1.0)
    first = KNOT - HOUR // 2
    result = found(elements, first, 4 * 3600.0, 2.0)
    assert not result.conjunctions.num_rows and result.companions.num_rows
    exact = truth(elements, first, 4 * 3600.0, 2.0)
    t = np.arange(0.0, 4 * 3600.0, 5.0)
    r, _, _ = exact.positions(t)
    inside = np.linalg.norm(r[1] - r[0], axis=1) < 2.0
    starts = np.flatnonzero(inside[1:] & ~inside[:-1])
    assert result.companions.num_rows == len(starts) + inside[0]
    for row in result.companions.to_pylist():
        enter, leave, tca = (
            (row[name].value // 1000 - first) / SECOND for name in ("ENTER", "LEAVE", "TCA")
        )
        assert enter <= tca < leave and row["TCA_RELATIVE_SPEED"] < 0.01
        _, least = exact.least(0, 1, max(enter, tca - 60), min(leave, tca + 60))
        assert abs(least - row["TCA_RANGE"]) < 1e-6
        for cut, at in ((row["ENTER_CUT"], enter), (row["LEAVE_CUT"], leave)):
            if not cut:
                assert abs(exact.range(0, 1, at) - 2.0) < 1e-6
        assert row["MINIMA"] >= 1


def test_identical_orbits_are_companions_at_range_0():
    one = elements_of([mean_of(LOW, KNOT)], [KNOT])
    same = elements_of([mean_of(LOW, KNOT)] * 2, [KNOT] * 2, 2)
    result = found(Elements.concat([one, same]), KNOT, 3600.0, 0.01)
    rows = result.companions.to_pylist()
    assert not result.conjunctions.num_rows and len(rows) == 3
    for row, numbers in zip(rows, ((1, 2), (1, 3), (2, 3)), strict=True):
        assert (row["NORAD_CAT_ID_1"], row["NORAD_CAT_ID_2"]) == numbers
        assert row["TCA_RANGE"] == 0.0 and row["TCA_RELATIVE_SPEED"] == 0.0
        assert row["TCA"] == row["ENTER"] and row["MINIMA"] == 0
        assert row["ENTER_CUT"] and row["LEAVE_CUT"]


def test_a_formation_is_companions_all_the_time():
    means = [mean_of(LOW, KNOT)]
    for offset in (0.4, 0.9, 1.7):  # km behind
        behind = means[0].copy()
        behind[5] -= offset / 6878.0
        means.append(behind)
    elements = elements_of(means, [KNOT] * 4)
    result = found(elements, KNOT, 7200.0, 2.0)
    assert result.companions.num_rows == 6 and not result.conjunctions.num_rows
    assert result.companions.column("ENTER_CUT").to_pylist() == [True] * 6


def decaying(tca):
    """Two objects that meet while one of them is below the surface before and after perigee."""
    low = circular(40.0, 10.0, 30.0, 6400.0)
    low[3:] *= 1.0 - 4e-3
    return planted(low, turned(low, 90.0), 1.0, tca)


def test_only_states_of_status_0_count():
    tca = KNOT + 17 * SECOND
    elements = decaying(tca)
    prop = Propagator(elements, "numpy")
    times = instant(tca) + np.arange(-900, 900).astype("timedelta64[s]")
    good = (prop.states(times).status == 0).all(axis=1)
    assert not good.all() and good[900]  # they decay within minutes of the approach
    first = tca - 900 * SECOND
    result = found(elements, first, 1800.0)
    assert result.conjunctions.num_rows == 1
    assert set(result.summary["lost_status"]) <= {1, 2} and result.summary["lost_status"]
    # an approach at which one has no good state is none
    late = elements_of([mean_of(LOW, tca)] * 2, [tca] * 2)
    fields = dict(late.fields)
    fields["BSTAR"] = np.array([0.0, 3.0])
    assert found(Elements(fields), tca + 86_400 * SECOND, 60.0).companions.num_rows == 0


def test_primaries_against_all():
    parts = [EVENTS[name] for name in ("head on", "crossing", "two perigees")]
    elements = Elements.concat(parts)
    fields = dict(elements.fields, NORAD_CAT_ID=np.arange(6) + 1)
    elements, first = Elements(fields), KNOT - 600 * SECOND
    everything = found(elements, first, 1200.0, 50.0).conjunctions
    for numbers in ([3], [1, 6]):
        some = found(elements, first, 1200.0, 50.0, primaries=numbers).conjunctions
        mask = np.isin(everything.column("NORAD_CAT_ID_1"), numbers) | np.isin(
            everything.column("NORAD_CAT_ID_2"), numbers
        )
        assert some.num_rows and some.to_pylist() == everything.filter(mask).to_pylist()


def test_what_is_asked_for_is_checked():
    elements = EVENTS["head on"]
    prop = Propagator(elements, "numpy")
    start = instant(KNOT)
    one = elements[:1]
    later = Elements(dict(one.fields, EPOCH=one.epoch + np.timedelta64(1, "h")))
    twice = Propagator(Elements.concat([one, later]), "numpy")
    with pytest.raises(ValueError, match=r"takes one element set a satellite.*latest\(\)"):
        screen(twice, start)
    for threshold in (0.0, 0.0099, 100.1, math.nan, -1.0):
        with pytest.raises(ValueError, match=r"from 0\.01 km \(10 m\) to 100 km"):
            screen(prop, start, threshold_km=threshold)
    with pytest.raises(ValueError, match=r"is a directory of parts: name it without \.csv"):
        screen(prop, start, duration="1h", out="zz.csv")
    with pytest.raises(TypeError, match="number of kilometres"):
        screen(prop, start, threshold_km="five")
    with pytest.raises(ValueError, match="either stop or duration"):
        screen(prop, start, start, duration="1d")
    with pytest.raises(ValueError, match="empty: stop must be later"):
        screen(prop, start, start)
    with pytest.raises(TypeError, match="duration=0 has no unit"):
        screen(prop, start, duration=0)
    with pytest.raises(ValueError, match="has none of the 2 satellites"):
        screen(prop, start, primaries="@guowang")
    with pytest.raises(ValueError, match="give out=DIR"):
        screen(prop, start, resume=True)
    with pytest.raises(TypeError, match="takes a Propagator"):
        screen(elements, start)
    with pytest.raises(ValueError, match="there are no satellites"):
        screen(Propagator(elements[:0], "numpy"), start)


def test_the_tables_say_what_they_hold():
    result = found(EVENTS["crossing"], KNOT - 60 * SECOND, 120.0)
    for table in (result.conjunctions, result.companions):
        assert b"recall" in table.schema.metadata[b"gpuprop"]
        assert b"none: public element sets have no covariance" in table.schema.metadata[b"gpuprop"]
    unit = result.conjunctions.schema.field("TCA_RANGE").metadata[b"unit"]
    assert unit == b"km"
    (row,) = result.conjunctions.to_pylist()
    distance = math.sqrt(row["RADIAL"] ** 2 + row["IN_TRACK"] ** 2 + row["CROSS_TRACK"] ** 2)
    assert abs(distance - row["TCA_RANGE"]) < 1e-9
    assert abs(row["DSE_1"] - (row["TCA"].value - KNOT * 1000) / 86_400e9) < 1e-12
    assert result.summary["conjunctions"] == 1 and result.summary["within_km"]["5"] == 1
    assert result.closest(3).num_rows == 1 and "1 conjunction and" in repr(result)


def test_axes_of_the_first():
    elements = EVENTS["two perigees"]
    (row,) = found(elements, KNOT - 60 * SECOND, 120.0).conjunctions.to_pylist()
    exact = truth(elements, KNOT, 1.0)
    seconds = (row["TCA"].value // 1000 - KNOT) / SECOND
    r, v, _ = (each[:, 0] for each in exact.positions([seconds]))
    up = r[0] / np.linalg.norm(r[0])
    normal = np.cross(r[0], v[0])
    normal /= np.linalg.norm(normal)
    offset = r[1] - r[0]
    for name, axis in (("RADIAL", up), ("CROSS_TRACK", normal), ("IN_TRACK", np.cross(normal, up))):
        assert abs(row[name] - offset @ axis) < 1e-6


def test_progress_goes_to_the_end():
    seen = []
    prop = Propagator(EVENTS["crossing"], "numpy")
    asked = ask(prop, instant(KNOT - HOUR), instant(KNOT + HOUR), None, 5.0, None)
    Screening(prop, asked, knots=9, enough=0).part(*asked.window, seen.append)
    assert seen == sorted(seen) and seen[-1] == asked.window.stop and len(seen) > 10
