"""The engines' own trigonometry against the platform's, within the errors that trig.py states."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpuprop.sgp4 import trig

RNG = np.random.default_rng(1)
TURN = 2.0 * math.pi  # the double: the engines' turn
ANGLES = np.concatenate(
    (
        RNG.uniform(-1e6, 1e6, 200_000),
        RNG.uniform(-10, 10, 200_000),
        np.arange(-8, 9) * (math.pi / 4),
        [0.0, -0.0],
    )
)


def reduced(x):
    """x less whole turns of the double 2 pi, exactly, as the reference's fmod."""
    return np.fmod(x, TURN)


def test_sincos():
    s, c = trig.sincos(ANGLES)
    assert np.abs(s - np.sin(reduced(ANGLES))).max() < 4.5e-16
    assert np.abs(c - np.cos(reduced(ANGLES))).max() < 4.5e-16


def test_cosine():
    assert np.abs(trig.cosine(ANGLES) - np.cos(reduced(ANGLES))).max() < 5e-15


def test_wrap_is_fmod():
    inside = ANGLES[np.abs(np.abs(reduced(ANGLES)) - TURN) > 1e-9]
    assert np.array_equal(trig.wrap(inside), reduced(inside))


def test_atan2():
    y, x = RNG.normal(size=(2, 200_000)) * 10.0 ** RNG.integers(-8, 8, (2, 200_000))
    assert np.abs(trig.atan2(y, x) - np.arctan2(y, x)).max() < 4.5e-16
    corners = np.array([0.0, 1.0, -1.0])
    y, x = (grid.ravel() for grid in np.meshgrid(corners, corners))
    assert np.abs(trig.atan2(y, x) - np.arctan2(y, x)).max() < 4.5e-16


def test_cbrt():
    x = 10.0 ** RNG.uniform(-6, 8, 200_000)
    y = trig.cbrt(x).astype(np.longdouble)
    assert np.abs(y * y * y / x - 1).max() < 3 * 4 * 2.3e-16  # three times the relative error of y


def test_sincos_near_zero():
    d = np.concatenate((RNG.uniform(-1 / 64, 1 / 64, 100_000), RNG.uniform(-1.0, 1.0, 100_000)))
    s, c = trig.sincos_near_zero(d)
    assert np.abs(s - np.sin(d)).max() < 2.3e-16
    assert np.abs(c - np.cos(d)).max() < 2.3e-16


@given(st.floats(-(2.0**50), 2.0**50))
def test_nearest_and_truncate(x):
    array = np.array([x])
    assert trig.nearest(array)[0] == np.rint(x)
    assert trig.truncate(array)[0] == math.trunc(x)


@pytest.mark.parametrize("function", [trig.sincos, trig.cosine, trig.sincos_near_zero])
def test_a_nan_stays_one(function):
    with np.errstate(all="ignore"):
        assert np.isnan(function(np.array([np.nan, np.inf, -np.inf]))).all()


def test_resonant_phases():
    """The literals of resonance.py are the sines and cosines of the phases in the paper."""
    from gpuprop.sgp4 import resonance

    phases = dict(FASX2=0.13130908, FASX4=2 * 2.8843198, FASX6=3 * 0.37448087)
    phases |= dict(G22=5.7686396, G32=0.95240898, G44=1.8014998, G52=1.0508330, G54=4.4108898)
    for name, phase in phases.items():
        assert getattr(resonance, name) == pytest.approx(
            (math.sin(phase), math.cos(phase)), abs=1e-15
        )
