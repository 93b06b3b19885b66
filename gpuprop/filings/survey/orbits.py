"""Mean orbits side by side at one epoch: altitude, inclination, node, and how fast the altitude
changes.
"""

from typing import NamedTuple

import numpy as np

from ...elements.altitudes import altitudes_km
from ...elements.mean_elements import mean_elements
from ...elements.sets import Elements, median_ns
from ...sgp4.gravity import gravity_model
from ...sgp4.initialise import initialise
from ...typing import Array

NS_PER_MINUTE = 60_000_000_000


class Orbits(NamedTuple):
    """n mean orbits, (n,) each; NaN where SGP4 has none."""

    epoch_ns: int  # to which the nodes are brought; nanoseconds since 1970-01-01 UTC
    # km: mean radius minus the equatorial radius (apsides.ALTITUDE), as in presets and conditions
    altitude: Array
    semi_major_axis: Array  # km: SGP4's (Brouwer's), which operators control
    inclination: Array  # deg
    eccentricity: Array
    node: Array  # deg, 0 to 360, TEME
    climb: Array  # km/day


def orbits_of(elements: Elements, gravity: str = "wgs72") -> Orbits:
    """The orbits of `elements`, with every node at the median epoch of the sets.

    Semi-major axis and rate of the node are those of SGP4's initialisation (AIAA 2006-6753,
    sgp4init): J2, J4 and in deep space the Moon and the Sun. The rate of altitude is that of
    Kepler's law for the rate of mean motion in the set, which keeps what thrusters did, as B* does
    not: da/dt = -2/3 a (dn/dt) / n, where MEAN_MOTION_DOT is half of dn/dt (Space-Track's
    documentation of the TLE).
    """
    model = gravity_model(gravity)
    epochs = elements.epoch.astype(np.int64)
    epoch_ns = median_ns(epochs) if len(epochs) else 0
    motion, inclination, acceleration = (
        elements.fields[name].astype(np.float64)
        for name in ("MEAN_MOTION", "INCLINATION", "MEAN_MOTION_DOT")
    )
    altitude, _, _ = altitudes_km(motion, elements.eccentricity, inclination, model)
    with np.errstate(all="ignore"):
        c, _ = initialise(model, "i", mean_elements(elements))
        minutes = (epoch_ns - epochs) / NS_PER_MINUTE
        node = np.degrees(c["nodeo"] + (c["nodedot"] + c["dnodt"]) * minutes) % 360.0
        climb = -4.0 / 3.0 * c["ao"] * model.radius * acceleration / motion
    return Orbits(
        epoch_ns=epoch_ns,
        altitude=altitude,
        semi_major_axis=c["ao"] * model.radius,
        inclination=inclination,
        eccentricity=elements.eccentricity,
        node=node,
        climb=climb,
    )
