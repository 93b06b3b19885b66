"""The index of the sky loses no pair, and sign changes are found at the instants defined."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpuprop.analysis.screening.instants import sign_change
from gpuprop.engine.screening import SkyIndex
from gpuprop.sgp4.screening import Motion, direction


def directions(rng, n):
    """Points on the sphere: everywhere, at both poles, and at the seam of longitude."""
    points = rng.normal(size=(n, 3))
    points[: n // 4, :2] *= 0.02
    seam = slice(n // 4, n // 2)
    points[seam, 0] = -np.abs(points[seam, 0])
    points[seam, 1] *= 0.02
    return points / np.linalg.norm(points, axis=1)[:, None]


def homes(index, points):
    """The cell of each direction."""
    latitude, longitude = direction(Motion(*points.T, *points.T))
    bands = index.bands
    band = np.clip(((latitude / np.pi + 0.5) * bands).astype(int), 0, bands - 1)
    counts = np.diff(index.first_cell)[band]
    place = np.clip(((longitude / (2 * np.pi) + 0.5) * counts).astype(int), 0, counts - 1)
    return index.first_cell[band] + place


def listed(first, ranges, cells):
    """(cells, cells) how often a range of the first cell holds the second."""
    table = np.zeros((cells, cells), int)
    for cell in range(cells):
        for begin, end in ranges[first[cell] : first[cell + 1]]:
            table[cell, begin:end] += 1
    return table


@settings(max_examples=15)
@given(st.floats(3e-2, 0.3), st.integers(0, 2**32 - 1))
def test_every_pair_within_reach_is_in_the_tables(angle, seed):
    index = SkyIndex.of(np.full(5000, angle / 1.02))
    rng = np.random.default_rng(seed)
    points = directions(rng, 400)
    cell = homes(index, points)
    apart = np.arccos(np.clip(points @ points.T, -1.0, 1.0))
    near = listed(index.near_first, index.near, index.cells)
    far = listed(index.far_first, index.far, index.cells)
    # each pair of different cells once, no cell with itself, and none twice in `far`
    assert ((near + near.T) <= 1).all() and not near.diagonal().any()
    assert (far <= 1).all() and (far.diagonal() == 1).all()
    i, j = np.nonzero(np.triu(apart <= 2.0 * index.angle, 1))
    assert ((near + near.T)[cell[i], cell[j]] == (cell[i] != cell[j])).all()
    i, j = np.nonzero(apart <= index.angle + index.wide)
    assert (far[cell[i], cell[j]] == 1).all()


def test_the_index_takes_samples_without_numbers():
    for angles in (np.array([]), np.array([np.nan]), np.array([1.0, np.inf])):
        index = SkyIndex.of(angles)
        assert index.cells >= 1 and index.angle <= index.wide


@pytest.mark.parametrize("angle", [0.3, 0.31, 2.0])
def test_a_few_large_cells_still_see_each_other(angle):
    index = SkyIndex.of(np.full(4, angle))
    assert index.cells < 100
    near = listed(index.near_first, index.near, index.cells)
    assert ((near + near.T) <= 1).all()


# --- instants ---
def change_by_bisection(values, low, high):
    while high - low > 1:
        middle = (low + high) // 2
        if (values(middle) >= 0.0) == (values(low) >= 0.0):
            low = middle
        else:
            high = middle
    return high


@settings(max_examples=200)
@given(
    st.lists(
        st.tuples(
            st.integers(-(2**50), 2**50), st.integers(2, 2**25), st.floats(0.001, 0.999),
            st.sampled_from(["line", "bent", "step", "steep", "nan"]), st.booleans(),
        ),
        min_size=1, max_size=8,
    )
)  # fmt: skip
def test_a_sign_change_is_found_exactly(brackets):
    low = np.array([each[0] for each in brackets])
    high = low + [each[1] for each in brackets]
    roots = low + np.array([each[1] * each[2] for each in brackets])
    asked = []

    def value(k, t):
        x = float(t - low[k]) - float(roots[k] - low[k])
        kind, down = brackets[k][3:]
        scale = float(high[k] - low[k])
        result = {
            "line": x,
            "bent": x * (1.0 + (x / scale) ** 2) + 0.3 * x * abs(x) / scale,
            "step": 1.0 if x >= 0.0 else -1e-9,
            "steep": np.sign(x) * abs(x) ** 0.2,
            "nan": x if x >= 0.0 else np.nan,
        }[kind]
        return result if not down or kind == "nan" else -result

    def quantity(which, t):
        asked.append(len(which))
        return np.array([value(k, each) for k, each in zip(which, t, strict=True)])

    which = np.arange(len(low))
    found = sign_change(quantity, low, high, quantity(which, low), quantity(which, high))
    for k, t in enumerate(found.tolist()):
        at_low = value(k, int(low[k])) >= 0.0
        if at_low == (value(k, int(high[k])) >= 0.0):
            continue  # not a bracket: the root is on its edge
        assert low[k] < t <= high[k]
        assert (value(k, t) >= 0.0) != at_low and (value(k, t - 1) >= 0.0) == at_low
        assert t == change_by_bisection(lambda t, k=k: value(k, t), int(low[k]), int(high[k]))
    assert len(asked) < 100


def test_smooth_changes_need_few_steps():
    steps = []

    def quantity(which, t):
        steps.append(len(which))
        x = (t - 12_345_678) * 1e-6
        return 4e-3 * 100.0 * x * (1.0 + 1e-4 * x) + 1e-8 * np.sin(1e6 * x)

    low, high = np.array([0]), np.array([1 << 25])
    sign_change(quantity, low, high, quantity(low, low), quantity(low, high))
    assert len(steps) < 14
