"""Azimuth, elevation, range and range rate of satellites seen from a site, without refraction.

Twin of kernels/look_angles.cuh.
"""

import numpy as np

from ..typing import Array
from .orbit import NAN, State
from .trig import TWO_PI, atan2


def look_from(site: Array, s: State) -> tuple[Array, Array, Array, Array]:
    """Compute azimuth, elevation (rad), range (km) and range rate (km/s) of states in ITRS.

    The azimuth counts from north by east, in [0, 2 pi). site (12,): its ITRS position (km), then
    the unit vectors east, north and up; gpuprop.frames.geodetic_site computes it. For one site for
    each of n states: (12, n).
    """
    position, to_east, to_north, to_up = site.reshape(4, 3, *site.shape[1:])
    dx, dy, dz = s.x - position[0], s.y - position[1], s.z - position[2]
    east, north, up = ((to[0] * dx + to[1] * dy) + to[2] * dz for to in (to_east, to_north, to_up))
    level2 = east * east + north * north
    distance = np.sqrt(level2 + up * up)
    azimuth = atan2(east, north)
    azimuth = np.where(azimuth < 0.0, azimuth + TWO_PI, azimuth)
    azimuth = np.where(azimuth >= TWO_PI, 0.0, azimuth)
    elevation = atan2(up, np.sqrt(level2))
    rate = ((dx * s.vx + dy * s.vy) + dz * s.vz) / distance
    # Always the same NaN. A comparison with NaN may have turned the angles into numbers.
    lost = distance != distance
    azimuth, elevation, distance = (
        np.where(lost, NAN, values) for values in (azimuth, elevation, distance)
    )
    return azimuth, elevation, distance, np.where(rate != rate, NAN, rate)
