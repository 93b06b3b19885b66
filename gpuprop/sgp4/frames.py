"""TEME -> the requested frame: rotation, geodetic coordinates, sunlight.

Twin of kernels/frames.cuh. gpuprop/frames computes what depends on the instant alone (the matrix,
the Sun), once per instant.
"""

import numpy as np
import numpy.typing as npt

from ..typing import Array
from .orbit import NAN, State
from .trig import PI, atan2, sincos

WGS84_A = 6378.137  # km
WGS84_F = 1.0 / 298.257223563
WGS84_E2 = WGS84_F * (2.0 - WGS84_F)
WGS84_B = WGS84_A * (1.0 - WGS84_F)
WGS84_EP2 = WGS84_E2 / (1.0 - WGS84_E2)
DEGREES = 180.0 / PI
SUN_RADIUS = 695700.0  # km, IAU 2015 resolution B3
UMBRA, PENUMBRA, SUNLIT, UNKNOWN = (np.uint8(code) for code in (0, 1, 2, 255))


def rotate(q: Array, s: State) -> State:
    """Rotate a state from TEME to a frame: r' = m r, v' = m v - w x r'.

    q (n_times, 12): the rows of m, then w, the angular velocity of the frame in its axes (rad/s).
    """
    m, w = q.T[:9, :, None], q.T[9:, :, None]
    x = (m[0] * s.x + m[1] * s.y) + m[2] * s.z
    y = (m[3] * s.x + m[4] * s.y) + m[5] * s.z
    z = (m[6] * s.x + m[7] * s.y) + m[8] * s.z
    vx = (m[0] * s.vx + m[1] * s.vy) + m[2] * s.vz
    vy = (m[3] * s.vx + m[4] * s.vy) + m[5] * s.vz
    vz = (m[6] * s.vx + m[7] * s.vy) + m[8] * s.vz
    return State(
        x,
        y,
        z,
        vx - (w[1] * z - w[2] * y),
        vy - (w[2] * x - w[0] * z),
        vz - (w[0] * y - w[1] * x),
        s.status,
    )


def geodetic(x: Array, y: Array, z: Array) -> tuple[Array, Array, Array]:
    """Compute latitude (deg), longitude (deg, in [-180, 180)) and height (km) on WGS-84.

    x, y, z: Earth-fixed, km. One step of Bowring's formula (1976) from his starting value of 1985,
    written as a fraction so that the only division comes last. Error below 3e-13 rad from 100 km
    below the ground upwards.
    """
    p2 = x * x + y * y
    p = np.sqrt(p2)
    r = np.sqrt(p2 + z * z)
    # sine and cosine of the reduced latitude, both times the same length
    sine = ((1.0 - WGS84_F) * z) * (r + WGS84_EP2 * WGS84_B)
    cosine = p * r
    scale2 = sine * sine + cosine * cosine
    scale3 = scale2 * np.sqrt(scale2)
    up = z * scale3 + (WGS84_EP2 * WGS84_B) * (sine * sine * sine)
    out = p * scale3 - (WGS84_E2 * WGS84_A) * (cosine * cosine * cosine)
    up2 = up * up
    length2 = up2 + out * out
    longitude = atan2(y, x) * DEGREES
    latitude = atan2(up, out) * DEGREES
    height = ((p * out + z * up) - WGS84_A * np.sqrt(length2 - WGS84_E2 * up2)) / np.sqrt(length2)
    return latitude, np.where(longitude >= 180.0, longitude - 360.0, longitude), height


def sunlight(sun: Array, x: Array, y: Array, z: Array) -> npt.NDArray[np.uint8]:
    """Compute 0 in the Earth's umbra, 1 in its penumbra, 2 sunlit, 255 without a position.

    sun (n_times, 3) and x, y, z: TEME, km. Umbra and penumbra are cones around the ellipsoidal
    Earth. Stretching space along the Earth's axis makes the Earth a sphere and keeps light rays
    straight. The discs of Earth and Sun, as the satellite sees them, are compared by three cosines:
    of the angle between the centres, and of the sum and the difference of the angular radii. All
    three are multiplied by both distances, which saves the divisions.
    """
    stretch = 1.0 / (1.0 - WGS84_F)
    sun_x, sun_y, sun_z = sun.T[:, :, None]
    z = stretch * z
    dx, dy, dz = sun_x - x, sun_y - y, stretch * sun_z - z
    r2 = (x * x + y * y) + z * z
    d2 = (dx * dx + dy * dy) + dz * dz
    along = -((x * dx + y * dy) + z * dz)
    outside = r2 - WGS84_A * WGS84_A
    edge = np.sqrt(np.where(outside < 0.0, 0.0, outside) * (d2 - SUN_RADIUS * SUN_RADIUS))
    touched = along > edge - WGS84_A * SUN_RADIUS
    covered = (along > edge + WGS84_A * SUN_RADIUS) & (
        (WGS84_A * WGS84_A) * d2 > (SUN_RADIUS * SUN_RADIUS) * r2
    )
    light = np.where(covered, UMBRA, np.where(touched, PENUMBRA, SUNLIT))
    return np.where(r2 != r2, UNKNOWN, light)


def to_frame(q: Array, in_geodetic: bool, s: State) -> State:
    """Turn a state in TEME into the requested frame; every NaN gets the same bits."""
    s = rotate(q, s)
    if in_geodetic:
        latitude, longitude, height = geodetic(s.x, s.y, s.z)
        s = State(latitude, longitude, height, s.vx, s.vy, s.vz, s.status)
    x, y, z, vx, vy, vz = (np.where(part != part, NAN, part) for part in s[:6])
    return State(x, y, z, vx, vy, vz, s.status)


def itrs_of_geodetic(lat: Array, lon: Array, height: Array) -> tuple[Array, Array, Array]:
    """Compute x, y, z (km) from latitude, longitude (rad) and height (km).

    The inverse of `geodetic`. It has no twin, since no kernel needs it.
    """
    (sin_lat, cos_lat), (sin_lon, cos_lon) = sincos(lat), sincos(lon)
    normal = WGS84_A / np.sqrt(1.0 - WGS84_E2 * (sin_lat * sin_lat))
    across = (normal + height) * cos_lat
    return across * cos_lon, across * sin_lon, (normal * (1.0 - WGS84_E2) + height) * sin_lat
