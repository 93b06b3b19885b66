"""The closest approach of two satellites of a shell, and the phasing that makes it largest.

The satellites of a shell share altitude, inclination, eccentricity and argument of perigee, and
have no drag. Near the Earth SGP4 then moves all of them along one closed curve f(u), where u is the
mean argument of latitude, in axes that turn with the node of each satellite. All nodes move at one
rate, and so do all u. So two satellites whose nodes differ by d and whose u differ by m have the
distance

    |Rz(d) f(u + m) - f(u)|

where u takes all values, and the closest approach is the smallest such distance for all u and all
pairs. f is computed from SGP4's states at SAMPLES values of u and interpolated by its Fourier
series: the curve is a circle with terms of J2 and J3, whose harmonics decrease so fast that the
series is accurate to a micrometre. If the orbit is an ellipse, f changes as perigee moves, so TURNS
arguments of perigee are tried.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ..elements.sets import Elements
from ..filings import EPOCH, Shell
from ..filings.altitude import mean_motion_at
from ..filings.shell import EARTH_RADIUS_KM
from ..propagator import Propagator
from ..sgp4.constants import NEAR_EARTH
from ..sgp4.gravity import gravity_model
from ..typing import Array

SAMPLES = 128  # points of the curve
TURNS = 72  # arguments of perigee for an ellipse
FINEST_KM = 1e-9  # harmonics smaller than this are left out
GRID = 64  # values of u from which Newton's method starts
STEPS = 6  # of Newton's method, each of which doubles the number of correct digits
FIRST = 16  # pairs that are closest on circles, for a first bound of the distance
CHUNK = 2048  # pairs that are computed at once
EQUAL_KM = 1e-6  # phasings whose distances differ by less count as equal


class Curve(NamedTuple):
    """The curve f on which all satellites of a shell move."""

    coefficients: npt.NDArray[np.complex128]  # (3, h) km, of exp(i n u), n = 0 ... h - 1; f is real
    inclination: float  # rad
    radius: float  # km, of the circle near the curve
    deviation: float  # km, largest distance of the curve from that circle

    def at(self, u: Array, derivative: int = 0) -> Array:
        """Compute f, or a derivative of it with respect to u, at u (k,) rad: (k, 3) km."""
        n = np.arange(self.coefficients.shape[1])
        return np.asarray(
            (np.exp(1j * np.outer(u, n)) @ (self.coefficients * (1j * n) ** derivative).T).real
        )


def closest_approach_km(shell: Shell) -> float:
    """Compute the smallest distance that two satellites of a shell ever have.

    Parameters
    ----------
    shell : Shell
        A shell of a known constellation (gpuprop.constellations) or your own.

    Returns
    -------
    float
        Distance in km by SGP4 (WGS-72). Infinite for a single satellite. NaN for a shell in deep
        space (periods of 225 minutes and more), where the Moon and the Sun move each plane
        differently, and for a shell whose orbits SGP4 refuses.

    Notes
    -----
    The method is described at the top of this module. Satellites are where they are filed; real
    ones are up to a few kilometres from there. Other shells are not considered.
    """
    if shell.total == 1:
        return math.inf
    curves = _curves(shell)
    return min(_closest(shell, curve) for curve in curves) if curves else math.nan


def widest_phasing(shell: Shell) -> int:
    """Find Walker's F with the largest closest approach in a shell.

    Of several equal ones the smallest F is returned. ValueError for a shell in deep space, for
    which no closest approach is computed.
    """
    curves = _curves(shell)
    if not curves:
        raise ValueError(
            f"shell {shell.id!r} is in deep space, where no closest approach is computed: give its "
            "phasing"
        )
    phased = [
        replace(shell, phasing=phasing, phase_step_deg=None, phase_deg=None)
        for phasing in range(shell.planes)
    ]
    circle = np.array([_on_circles(each, curves[0])[0] for each in phased])
    margin = 2.0 * max(curve.deviation for curve in curves)
    found: dict[int, float] = {}
    best = -math.inf
    for phasing in np.argsort(-circle, kind="stable").tolist():
        if circle[phasing] + margin < best:  # no later one can be better
            break
        closest = math.inf
        for curve in curves:
            closest = min(closest, _closest(phased[phasing], curve, enough=best - EQUAL_KM))
            if closest < best - EQUAL_KM:
                break
        found[phasing] = closest
        best = max(best, closest)
    return min(phasing for phasing, closest in found.items() if closest >= best - EQUAL_KM)


# --- the curve ---
def _curves(shell: Shell) -> list[Curve]:
    """Compute one curve for a circle, TURNS curves for an ellipse (one for each perigee).

    There are none in deep space, or if SGP4 gives no states.
    """
    model = gravity_model("wgs72")
    turns = [0.0] if shell.eccentricity == 0.0 else np.arange(0.0, 360.0, 360.0 / TURNS).tolist()
    u = np.tile(np.arange(SAMPLES) * (360.0 / SAMPLES), len(turns))
    perigee = np.repeat(turns, SAMPLES)
    n = len(u)
    samples = Elements(
        {
            "NORAD_CAT_ID": np.arange(1, n + 1),
            "EPOCH": np.full(n, np.datetime64(EPOCH.removesuffix("Z"), "ns")),
            "MEAN_MOTION": np.full(
                n,
                mean_motion_at(shell.altitude_km, shell.inclination_deg, model, shell.eccentricity),
            ),
            "ECCENTRICITY": np.full(n, shell.eccentricity),
            "INCLINATION": np.full(n, shell.inclination_deg),
            "RA_OF_ASC_NODE": np.zeros(n),
            "ARG_OF_PERICENTER": perigee,
            "MEAN_ANOMALY": (u - perigee) % 360.0,
        }
    )
    propagator = Propagator(samples, "numpy", threads=1)
    if NEAR_EARTH not in propagator.constants.bounds:
        return []
    states = propagator.states(samples.epoch[:1], velocity=False)
    if states.status.any():
        return []
    return [
        _curve(shell, positions) for positions in states.position[0].reshape(len(turns), SAMPLES, 3)
    ]


def _curve(shell: Shell, positions: Array) -> Curve:
    """Fit the curve through positions (SAMPLES, 3) km at evenly spaced u from 0."""
    coefficients = np.fft.rfft(positions, axis=0).T / SAMPLES
    coefficients[:, 1:] *= 2.0
    kept = np.flatnonzero((np.abs(coefficients) > FINEST_KM).any(axis=0)).max(initial=0) + 1
    inclination, radius = math.radians(shell.inclination_deg), EARTH_RADIUS_KM + shell.altitude_km
    u = np.arange(SAMPLES) * (2.0 * math.pi / SAMPLES)
    circle = radius * np.stack(
        [np.cos(u), np.sin(u) * math.cos(inclination), np.sin(u) * math.sin(inclination)], axis=1
    )
    deviation = float(np.linalg.norm(positions - circle, axis=1).max())
    # between the samples it may be a little larger
    return Curve(coefficients[:, :kept], inclination, radius, 1.01 * deviation)


# --- pairs ---
class Pairs(NamedTuple):
    """Pairs of planes, (k,) each, rad.

    On circles two satellites are closest where their planes intersect. Measured from there, one is
    `lead` ahead of the other, and their distance decreases to 2 radius cos_half sin(|lead| / 2).
    """

    node: Array  # d: difference of the nodes
    ahead: Array  # m of a pair of satellites; others differ by multiples of slot
    slot: Array
    lead: Array  # for that pair, from -slot / 2 to slot / 2
    cos_half: Array  # cosine of half the angle between the planes


def _pairs(shell: Shell, curve: Curve) -> Iterator[Pairs]:
    """Yield the pairs of planes. Pairs that are equal to an earlier one may be left out."""
    nodes, phases, counts = np.radians(shell.nodes_deg), np.radians(shell.phases_deg), shell.counts
    sizes, offsets = _length(shell.sats_per_plane), _length(shell.phase_deg)
    repeats = (
        shell.planes if shell.raan_deg is not None else min(math.lcm(sizes, offsets), shell.planes)
    )
    for p in range(repeats):
        node, ahead = nodes[p + 1 :] - nodes[p], phases[p + 1 :] - phases[p]
        slot = 2.0 * math.pi / np.lcm(counts[p], counts[p + 1 :])
        h = 0.5 * node
        cos_half = np.sqrt(np.maximum(0.0, 1.0 - (math.sin(curve.inclination) * np.sin(h)) ** 2))
        crossing = 2.0 * np.arctan2(math.cos(curve.inclination) * np.sin(h), np.cos(h))
        lead = (ahead + crossing + 0.5 * slot) % slot - 0.5 * slot
        yield Pairs(node, lead - crossing, slot, lead, cos_half)


def _length(value: int | Sequence[float] | None) -> int:
    return len(value) if isinstance(value, Sequence) else 1


def _on_circles(shell: Shell, curve: Curve, count: int = 1) -> tuple[float, Array, Array]:
    """Compute the closest approach on circles, km, and d and m of the `count` nearest pairs.

    Pairs within a plane are included.
    """
    node, ahead, distance = [np.zeros(0)], [np.zeros(0)], [np.zeros(0)]
    for pairs in _pairs(shell, curve):
        apart = 2.0 * curve.radius * pairs.cos_half * np.abs(np.sin(0.5 * pairs.lead))
        best = np.argsort(apart, kind="stable")[:count]
        node.append(pairs.node[best])
        ahead.append(pairs.ahead[best])
        distance.append(apart[best])
    within = 2.0 * math.pi / np.unique(shell.counts[shell.counts > 1])
    node.append(np.zeros(len(within)))
    ahead.append(within)
    distance.append(2.0 * curve.radius * np.sin(0.5 * within))
    apart = np.concatenate(distance)
    best = np.argsort(apart, kind="stable")[: count + len(within)]
    return float(apart.min()), np.concatenate(node)[best], np.concatenate(ahead)[best]


def _closest(shell: Shell, curve: Curve, enough: float = -math.inf) -> float:
    """Compute the closest approach on the curve, km. Stop as soon as it is below `enough`.

    The curve is within `deviation` of the circle, so a distance on it differs from that on circles
    by at most twice the deviation. Pairs that are farther apart on circles than the closest pair so
    far by more than that are skipped.
    """
    _, node, ahead = _on_circles(shell, curve, FIRST)
    best = float(_least(curve, node, ahead).min())
    for pairs in _pairs(shell, curve):
        if best < enough:
            break
        reach = (best + 2.0 * curve.deviation) / (2.0 * curve.radius)
        cosine = np.maximum(pairs.cos_half, 1e-300)
        widest = np.where(cosine > reach, 2.0 * np.arcsin(np.minimum(1.0, reach / cosine)), math.pi)
        first = np.ceil((-widest - pairs.lead) / pairs.slot).astype(np.int64)
        last = np.floor((widest - pairs.lead) / pairs.slot).astype(np.int64)
        counts = np.maximum(0, last - first + 1)
        planes = np.repeat(np.arange(len(counts)), counts)
        step = np.arange(len(planes)) - np.repeat(np.cumsum(counts) - counts, counts)
        step += first[planes]
        for begin in range(0, len(planes), CHUNK):
            some = planes[begin : begin + CHUNK]
            m = pairs.ahead[some] + step[begin : begin + CHUNK] * pairs.slot[some]
            best = min(best, float(_least(curve, pairs.node[some], m).min()))
    return best


def _least(curve: Curve, d: Array, m: Array) -> Array:
    """Compute the smallest distance over u of each pair, (k,) km.

    Newton's method starts at every local minimum on a grid of u.
    """
    u = np.arange(GRID, dtype=np.float64) * (2.0 * math.pi / GRID)
    n = np.arange(curve.coefficients.shape[1])
    turned = np.exp(1j * np.outer(m, n))[:, None, :] * curve.coefficients  # (k, 3, h)
    second = (turned.reshape(-1, len(n)) @ np.exp(1j * np.outer(n, u))).real.reshape(
        len(m), 3, GRID
    )
    # (k, GRID)
    squared = (_difference(d[:, None], second.transpose(0, 2, 1), curve.at(u)[None]) ** 2).sum(
        axis=-1
    )
    dips = (squared <= np.roll(squared, 1, axis=1)) & (squared <= np.roll(squared, -1, axis=1))
    pair, place = np.nonzero(dips)
    least = np.sqrt(squared.min(axis=1))
    at, d, m = u[place], d[pair], m[pair]
    for _ in range(STEPS):
        r, r1, r2 = (
            _difference(d, curve.at(at + m, order), curve.at(at, order)) for order in (0, 1, 2)
        )
        slope = (r * r1).sum(axis=-1)
        bend = (r1 * r1).sum(axis=-1) + (r * r2).sum(axis=-1)
        step = np.where(bend > 0.0, -slope / np.where(bend > 0.0, bend, 1.0), 0.0)
        at = at + np.clip(step, -math.pi / GRID, math.pi / GRID)
    distance = np.linalg.norm(_difference(d, curve.at(at + m), curve.at(at)), axis=-1)
    np.minimum.at(least, pair, distance)
    return np.asarray(least)


def _difference(d: Array, second: Array, first: Array) -> Array:
    """Compute Rz(d) second - first; d is (...), the others are (..., 3)."""
    cos, sin = np.cos(d), np.sin(d)
    x, y, z = np.moveaxis(second, -1, 0)
    return np.stack(
        [cos * x - sin * y - first[..., 0], sin * x + cos * y - first[..., 1], z - first[..., 2]],
        axis=-1,
    )
