"""How close two satellites of a shell ever come, from spherical trigonometry alone."""

import math

import numpy as np

from .shell import EARTH_RADIUS_KM, Shell


def closest_approach_deg(shell: Shell) -> float:
    """The smallest angle at the Earth's centre that ever separates two satellites of a shell, its orbits taken as circles of one period.

    Orbits whose planes are b apart, one satellite m ahead of the other as counted from where the planes cross, come as close as
    sin(d / 2) = cos(b / 2) |sin(m / 2)|. With nodes 2h apart, sin(b / 2) = sin i sin h, and counting from the node adds
    2 atan2(cos i sin h, cos h) to m. Of planes of S and Z satellites, m takes every multiple of 360 / lcm(S, Z). 360 for one satellite.
    """
    nodes, phases, counts = np.radians(shell.nodes_deg), np.radians(shell.phases_deg), shell.counts
    sini, cosi = math.sin(math.radians(shell.inclination_deg)), math.cos(math.radians(shell.inclination_deg))
    smallest = 2.0 * math.pi / counts.max()
    for p in range(shell.planes):
        h = 0.5 * (nodes[p + 1 :] - nodes[p])
        cos_half_between = np.sqrt(np.maximum(0.0, 1.0 - (sini * np.sin(h)) ** 2))
        ahead = phases[p + 1 :] - phases[p] + 2.0 * np.arctan2(cosi * np.sin(h), np.cos(h))
        slot = 2.0 * math.pi / np.lcm(counts[p], counts[p + 1 :])
        m = (ahead + 0.5 * slot) % slot - 0.5 * slot
        smallest = min(smallest, 2.0 * math.asin(float(np.min(cos_half_between * np.abs(np.sin(0.5 * m)), initial=1.0))))
    return math.degrees(smallest)


def closest_approach_km(shell: Shell) -> float:
    """The same as a distance, km, at the shell's altitude."""
    radius = EARTH_RADIUS_KM + shell.altitude_km
    return 2.0 * radius * math.sin(math.radians(min(closest_approach_deg(shell), 180.0)) / 2.0)
