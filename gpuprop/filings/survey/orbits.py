"""Mean orbits of satellites, compared at one epoch."""

from typing import NamedTuple

import numpy as np

from ...elements.altitudes import altitudes_km
from ...elements.mean_elements import mean_elements
from ...elements.sets import Elements, median_ns
from ...sgp4.gravity import gravity_model
from ...sgp4.initialise import initialise
from ...time.units import MINUTE
from ...typing import Array


class Orbits(NamedTuple):
    """n mean orbits, (n,) each; NaN if SGP4 has none."""

    epoch_ns: int  # epoch of the nodes, nanoseconds since 1970-01-01 UTC
    # km: mean radius minus the equatorial radius (elements.altitudes.ALTITUDE), as in presets
    altitude: Array
    semi_major_axis: Array  # km: SGP4's (Brouwer's), which operators control
    inclination: Array  # deg
    eccentricity: Array
    node: Array  # deg, 0 to 360, TEME
    altitude_rate: Array  # km/day


def orbits_of(elements: Elements, gravity: str = "wgs72") -> Orbits:
    """Return the orbits of `elements`, with every node at the median epoch of the sets.

    Notes
    -----
    Semi-major axis and rate of the node are those of SGP4's initialisation (AIAA 2006-6753,
    sgp4init): J2, J4 and in deep space the Moon and the Sun. The rate of altitude follows from
    Kepler's law and the rate of mean motion in the set: da/dt = -2/3 a (dn/dt) / n, where
    MEAN_MOTION_DOT is half of dn/dt (Space-Track's documentation of the TLE). Unlike B*, this rate
    includes the effect of thrusters.
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
        minutes = (epoch_ns - epochs) / MINUTE
        node = np.degrees(c["nodeo"] + (c["nodedot"] + c["dnodt"]) * minutes) % 360.0
        altitude_rate = -4.0 / 3.0 * c["ao"] * model.radius * acceleration / motion
    return Orbits(
        epoch_ns=epoch_ns,
        altitude=altitude,
        semi_major_axis=c["ao"] * model.radius,
        inclination=inclination,
        eccentricity=elements.eccentricity,
        node=node,
        altitude_rate=altitude_rate,
    )
