"""Precision mixed: for which satellites it holds, and their constants for kernels/mixed.cuh.

The constants are computed here for every engine, so that all engines have the same bits.
docs/methods/mixed_precision.md has the method and the measured errors.
"""

import re
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ..typing import Array
from .constants import NEAR_EARTH, Constants, kernels_folder
from .gravity import Gravity
from .model import Model

BOUND_M = 1.0  # a position differs by at most this from the exact one
BOUND_MM_S = 10.0  # and a velocity by this
DAY_NS = 86_400_000_000_000
REACH_NS = 7 * DAY_NS  # from the epoch; further away states are exact

_TEXT = (kernels_folder() / "mixed.def").read_text(encoding="utf-8")
PHASES: tuple[str, ...] = tuple(re.findall(r"^PHASE\((\w+),", _TEXT, re.MULTILINE))
TERMS: tuple[str, ...] = tuple(re.findall(r"^TERM\((\w+),", _TEXT, re.MULTILINE))

SPAN = 2.0**49 / 6.0e10  # minutes in a span: the unit of time of the terms
# its powers, by products: pow of the system's library may round otherwise on another machine
SPAN_2 = SPAN * SPAN
SPAN_3 = SPAN_2 * SPAN
SPAN_4 = SPAN_3 * SPAN
SPAN_5 = SPAN_4 * SPAN
TICKS = 2.0**32 / (2.0 * np.pi)  # in a radian
TO_INTEGER = 1.5 * 2.0**52
REACH = REACH_NS / 6.0e10  # minutes
TINY = 1.0e-30  # smaller terms are zero: float32 has no subnormal terms then

# The first class has precision mixed. Why the others have not; "other": the perigee close to the
# ground, an inclination near 180 degrees, angles of thousands of turns, no orbit.
CLASSES = ("mixed", "deep space", "eccentricity", "drag", "other")

# Limits of the class "mixed", from the epoch to REACH. Within them the measured errors stay below
# the bounds (bench/mixed_worst.py searches for the largest), the series of mixed.cuh end early
# enough, and every status is 0.
# er, eccentricity times semi-major axis, to which most of the rounding is proportional. Semi-major
# axes are above LEAST_RADIUS, so eccentricities are below 0.05, for which the series are made.
MOST_OFFSET = 0.05
LEAST_ECCENTRICITY = -0.0009  # of the mean one with drag: below -0.001 the status is 1
MOST_DECAY = 0.01  # of the square root of the semi-major axis
MOST_DRAG = 3.0  # rad, quadratic drag on the mean longitude
MOST_HIGHER = 0.05  # rad, higher powers of it, of which float32 rounds off 3e-7
MOST_PERIODIC_DRAG = 0.1  # rad, drag on the perigee
MOST_SERIES = 3.0e-9  # what the series of sin(mm) leaves out of the eccentricity
MOST_ROUNDING = 0.05  # xmcof times the eccentricity, of which float32 rounds off 6e-8
MOST_TURNS = 1.0e4  # turns from the origin of an angle
LEAST_RADIUS = 1.005  # er, at perigee: below 1 the status is 6
MOST_LONG_PERIOD = 0.01  # er: terms of the inclination, which grow near 180 degrees


def precision_facts(model: Model) -> dict[str, object]:
    """Return what metadata say of the precision: its name and bounds if it is not exact."""
    if model.precision == "exact":
        return {}  # as files of earlier versions
    facts = {
        "name": model.precision,
        "position_bound_m": BOUND_M,
        "velocity_bound_mm_s": BOUND_MM_S,
        "within_days_of_epoch": REACH_NS // DAY_NS,
    }
    return {"precision": facts}


class MixedTable(NamedTuple):
    """The constants of the satellites of the class mixed."""

    phases: Array  # (len(PHASES), n)
    terms: npt.NDArray[np.float32]  # (len(TERMS), n)


def classify(constants: Constants) -> npt.NDArray[np.uint8]:
    """Return the class of each satellite in execution order, (n,): its place in CLASSES.

    Precision mixed holds for the first class. The others are exact at every instant.
    """
    c = constants.values
    near = np.zeros(len(constants), bool)
    if NEAR_EARTH in constants.bounds:
        near[constants.bounds[NEAR_EARTH]] = True
    t = REACH
    with np.errstate(all="ignore"):
        change = np.abs(c["bcc4"]) * t + 2.0 * np.abs(c["bcc5"])
        most = c["ecco"] + change
        decay = t * (
            np.abs(c["cc1"]) + t * (np.abs(c["d2"]) + t * (np.abs(c["d3"]) + t * np.abs(c["d4"])))
        )
        quadratic = c["no_unkozai"] * np.abs(c["t2cof"]) * t * t
        higher = (c["no_unkozai"] * t * t * t) * (
            np.abs(c["t3cof"]) + t * (np.abs(c["t4cof"]) + t * np.abs(c["t5cof"]))
        )
        eta = np.abs(c["eta"])  # (1 + eta cos m)^3 is within 1 + 3 eta^2 and 3 eta + eta^3 of it
        periodic = np.abs(c["omgcof"]) * t + np.abs(c["xmcof"]) * (eta * (6.0 + 2.0 * eta * eta))
        little_drag = (
            (c["ao"] * most <= MOST_OFFSET)
            & (c["ecco"] - change >= LEAST_ECCENTRICITY)
            & (decay <= MOST_DECAY)
            & (quadratic <= MOST_DRAG)
            & (higher <= MOST_HIGHER)
            & (periodic <= MOST_PERIODIC_DRAG)
            & (np.abs(c["bcc5"]) * periodic * periodic * periodic / 6.0 <= MOST_SERIES)
            & (np.abs(c["xmcof"]) * most <= MOST_ROUNDING)
        )
        angles = [np.abs(c[name]) for name in ("nodeo", "argpo", "mo", "inclo")]
        regular = (
            (c["rmax"] > 1.2 * c["ao"])  # no angle is lost, and the mean motion is positive
            & (np.maximum.reduce(angles) / (2.0 * np.pi) <= MOST_TURNS)
            & (c["ao"] * (1.0 - decay) * (1.0 - decay) * (1.0 - most) >= LEAST_RADIUS)
            & (np.abs(c["aycof"]) <= MOST_LONG_PERIOD)
            & (np.abs(c["xlcof"]) <= MOST_LONG_PERIOD)
        )
        circular = c["ao"] * c["ecco"] <= MOST_OFFSET
    # A NaN is within no limit.
    return np.select([~near, ~circular, ~little_drag, ~regular], [1, 2, 3, 4], 0).astype(np.uint8)


def _phase(angle: Array) -> Array:
    """Return an angle (rad) in ticks, within a turn, and the number that makes it whole."""
    turns = angle / (2.0 * np.pi)
    return np.asarray((turns - np.floor(turns)) * 2.0**32 + TO_INTEGER)


def mixed_table(gravity: Gravity, c: dict[str, Array]) -> MixedTable:
    """Compute the constants for precision mixed.

    c: constants of satellites by name (kernels/constants.def), (n,) each.
    """
    rate = TICKS / 6.0e10  # from rad/min to tick/ns
    no, ao, cosi, sini = c["no_unkozai"], c["ao"], c["cosio"], c["sinio"]
    radius = gravity.radius
    j2 = gravity.j2 * radius * radius
    km = ao * radius
    drag2 = no * c["t2cof"]
    made = dict(
        l0=_phase(c["mo"] + c["argpo"]),
        l1=(c["mdot"] + c["argpdot"]) * rate,
        l2=drag2 * (rate / 6.0e10),
        w0=_phase(c["argpo"]),
        w1=c["argpdot"] * rate,
        n0=_phase(c["nodeo"]),
        n1=c["nodedot"] * rate,
        node2=c["nodecf"] * (TICKS * SPAN_2),
        drag2=drag2 * (TICKS * SPAN_2),
        drag3=no * c["t3cof"] * (TICKS * SPAN_3),
        drag4=no * c["t4cof"] * (TICKS * SPAN_4),
        drag5=no * c["t5cof"] * (TICKS * SPAN_5),
        cc1=c["cc1"] * SPAN,
        d2=c["d2"] * SPAN_2,
        d3=c["d3"] * SPAN_3,
        d4=c["d4"] * SPAN_4,
        ecco=c["ecco"],
        bcc4=c["bcc4"] * SPAN,
        bcc5=c["bcc5"],
        sinmao=c["sinmao"],
        eta=c["eta"],
        omgcof=c["omgcof"] * SPAN,
        xmcof=c["xmcof"],
        delmo=c["delmo"],
        ao=km,
        ao_rest=km - km.astype(np.float32),
        rao=1.0 / km,
        speed=gravity.vkmpersec / c["sqrt_ao"],
        aycof=c["aycof"] * radius,
        xlcof=c["xlcof"] * (radius * TICKS),
        radial=(0.5 * j2) * c["x1mth2"],
        level=(0.75 * j2) * c["con41"],
        along=(-0.125 * j2 * TICKS) * c["x7thm1"],
        across=(0.75 * j2 * TICKS) * cosi,
        tilt=(0.75 * j2) * (cosi * sini),
        sini=sini,
        sini_rest=sini - sini.astype(np.float32),
        cosi=cosi,
        cosi_rest=cosi - cosi.astype(np.float32),
    )
    terms = np.stack([made[name] for name in TERMS])
    return MixedTable(
        np.stack([made[name] for name in PHASES]),
        np.where(np.abs(terms) < TINY, 0.0, terms).astype(np.float32),
    )
