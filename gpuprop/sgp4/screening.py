"""Which pairs of objects may come close around a knot: the twin of kernels/screening.cuh.

A *knot* is an instant at which all states are known. Around it, within half a step, an object stays
inside an interval of radius and within an angle of its direction (`reach`). Two objects can come
within the threshold only if their radius intervals overlap and their directions differ by at most
the sum of their angles. Relative motion is then linear but for a small bound (`approach`).

Only a superset of the close pairs is found here, so the bits need not be those of the kernels.
"""

from typing import NamedTuple

import numpy as np

from ..typing import Array, Mask
from .trig import atan2

MU = 398600.8  # km^3/s^2; which gravity model the states have does not matter here
LEAST_SLACK = 0.003  # km: of every object, beside what is measured
FLOAT_SLACK = 1.5e-7  # of the radius, for rounding to float32
# km: where a neighbouring knot has no state to measure with
ROUGH_SLACK = 10.0
LARGE_SLACK = 4.0  # km: with more, velocities are not used
# Share of the central acceleration that oblateness adds at most: 3/2 J2 (1 + ...) near the Earth.
OBLATENESS = 0.004
# The largest gradient of gravity is 2 mu / r^3, oblateness included: times this.
GRADIENT = 1.01


class Motion(NamedTuple):
    """Positions (km) and velocities (km/s) of objects."""

    x: Array
    y: Array
    z: Array
    vx: Array
    vy: Array
    vz: Array


class Reach(NamedTuple):
    """Where objects can be within half a step of a knot."""

    low: Array  # km, radius, with half of the threshold
    high: Array  # km
    angle: Array  # rad, from the direction at the knot
    gradient: Array  # 1/s^2, largest gradient of gravity
    slack: Array  # km, with that of rounding


class Approach(NamedTuple):
    """When pairs may be closer than the threshold, seconds from the knot."""

    close: Mask
    begin: Array
    end: Array
    speed: Array  # km/s


def _gravity(m: Motion) -> Array:
    r2 = m.x * m.x + m.y * m.y + m.z * m.z
    return -MU / (r2 * np.sqrt(r2))


def residual(a: Motion, b: Motion, step: float) -> Array:
    """Compute how far the path from a to b is from the integral of the velocities, km.

    Corrected trapezoidal rule: b - a - step (va + vb) / 2 + step^2 (gb - ga) / 12. What is left is
    that SGP4's velocity is not the derivative of its position.
    """
    ga, gb = _gravity(a), _gravity(b)
    half, twelfth = 0.5 * step, step * step / 12.0
    dx = (b.x - a.x) - half * (a.vx + b.vx) + twelfth * (gb * b.x - ga * a.x)
    dy = (b.y - a.y) - half * (a.vy + b.vy) + twelfth * (gb * b.y - ga * a.y)
    dz = (b.z - a.z) - half * (a.vz + b.vz) + twelfth * (gb * b.z - ga * a.z)
    return np.asarray(np.sqrt(dx * dx + dy * dy + dz * dz))


def extrapolated(m: Motion, t: float) -> Motion:
    """Move objects by t seconds along a parabola."""
    g = _gravity(m)
    half = 0.5 * t * t * g
    return Motion(
        m.x + t * m.vx + half * m.x,
        m.y + t * m.vy + half * m.y,
        m.z + t * m.vz + half * m.z,
        m.vx + t * g * m.x,
        m.vy + t * g * m.y,
        m.vz + t * g * m.z,
    )


def through_positions(a: Motion, m: Motion, b: Motion, step: float) -> tuple[Motion, Array]:
    """Compute the motion by three positions alone, and its slack, km.

    For element sets whose velocities are wrong by kilometres per second. The slack is for the
    curvature (second difference) and its change.
    """
    dx, dy, dz = b.x - a.x, b.y - a.y, b.z - a.z
    bx, by, bz = ((q - p) - (p - o) for o, p, q in zip(a[:3], m[:3], b[:3], strict=True))
    moved = 0.5 * np.sqrt(dx * dx + dy * dy + dz * dz)
    bend = np.sqrt(bx * bx + by * by + bz * bz)
    r = np.sqrt(m.x * m.x + m.y * m.y + m.z * m.z)
    slack = bend * (0.125 + 0.125 * (moved + bend) / r) + LEAST_SLACK
    per_second = 0.5 / step
    return Motion(m.x, m.y, m.z, dx * per_second, dy * per_second, dz * per_second), slack


def around_knot(
    before: Motion, here: Motion, after: Motion, good_before: Mask, step: float
) -> tuple[Motion, Array]:
    """Return the motion of objects at a knot, and their slack, km.

    An object without a state at the knot gets that of a neighbouring knot with status 0, moved:
    the one before if `good_before`.
    """
    worst = np.maximum(residual(before, here, step), residual(here, after, step))
    slack = LEAST_SLACK + 2.0 * worst
    slack = np.where(np.isfinite(slack), slack, ROUGH_SLACK)
    lost = ~np.isfinite(sum(here))
    if lost.any():
        moved = [extrapolated(before, step), extrapolated(after, -step)]
        here = Motion(
            *(
                np.where(lost, np.where(good_before, first, second), own)
                for own, first, second in zip(here, *moved, strict=True)
            )
        )
    if (slack > LARGE_SLACK).any():
        through, other = through_positions(before, here, after, step)
        large = (slack > LARGE_SLACK) & (other < slack)
        here = Motion(*(np.where(large, a, b) for a, b in zip(through, here, strict=True)))
        slack = np.where(large, other, slack)
    return here, slack


def reach(m: Motion, slack: Array, half_step: float, threshold: float) -> Reach:
    """Compute where objects can be within half a step of the knot.

    Taylor's series of the radius, r'' = h^2 / r^3 - mu / r^2 with the angular momentum h, to the
    fourth order, and the largest angular speed in the interval.
    """
    r2 = m.x * m.x + m.y * m.y + m.z * m.z
    r = np.sqrt(r2)
    inverse = 1.0 / r
    climb = np.abs((m.x * m.vx + m.y * m.vy + m.z * m.vz) * inverse)
    across2 = np.maximum((m.vx * m.vx + m.vy * m.vy + m.vz * m.vz) - climb * climb, 0.0)
    gravity = MU * inverse * inverse
    centrifugal = across2 * inverse
    second = np.abs(centrifugal - gravity)
    turn = (3.0 * centrifugal + 2.0 * gravity) * inverse
    third = 1.2 * climb * turn
    fourth = 1.2 * (12.0 * climb * climb * centrifugal * inverse * inverse + second * turn)
    t = half_step
    change = t * (
        climb
        + t
        * (
            0.5 * (second + OBLATENESS * gravity)
            + t * (third * (1.0 / 6.0) + t * (fourth * (1.0 / 24.0)))
        )
    )
    slack = slack + FLOAT_SLACK * r
    margin = slack + 0.5 * threshold
    low = np.maximum(r - change - margin, 1.0)
    inverse_low = 1.0 / low
    angle = 1.001 * (r * np.sqrt(across2) * t * inverse_low * inverse_low + margin * inverse_low)
    gradient = 2.0 * MU * GRADIENT * inverse_low * inverse_low * inverse_low
    return Reach(low, r + change + margin, angle, gradient, slack)


def direction(m: Motion) -> tuple[Array, Array]:
    """Compute the latitude and longitude (rad) of the directions of objects, in TEME."""
    return atan2(m.z, np.sqrt(m.x * m.x + m.y * m.y)), atan2(m.y, m.x)


def approach(
    d: Motion, slack: Array, gradient: Array, half_step: float, threshold: float
) -> Approach:
    """Decide which pairs may be closer than the threshold, from the motion d of one to the other.

    slack: the sum of both, km. gradient: the larger of both. The path differs from a straight line
    by at most gradient (|d| + threshold) t^2 / 2 + slack.
    """
    d2 = d.x * d.x + d.y * d.y + d.z * d.z
    v2 = d.vx * d.vx + d.vy * d.vy + d.vz * d.vz
    dv = d.x * d.vx + d.y * d.vy + d.z * d.vz
    t = half_step
    limit = threshold + (slack + 0.5 * gradient * t * t * (np.sqrt(d2) + threshold))
    l2 = limit * limit
    safe = np.maximum(v2, 1e-18)
    nearest = -dv / safe
    inside = np.minimum(np.maximum(nearest, -t), t)
    close = d2 + inside * (2.0 * dv + inside * v2) <= l2
    span = np.sqrt(np.maximum(l2 - (d2 + nearest * dv), 0.0) / safe)
    return Approach(
        close,
        np.maximum(nearest - span, -t),
        np.minimum(nearest + span, t),
        np.sqrt(v2),
    )
