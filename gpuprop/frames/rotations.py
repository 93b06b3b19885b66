"""Rotations out of TEME, the Sun in TEME, and sites on the ground.

Only + - * /, sqrt and engine_numpy.trig stand between tables and results, so that no processor's
sine is in them; the nodes of nodes.py alone come from ERFA, and so from the C library's.
"""

import os
from typing import Any

import numpy as np

from ..sgp4.earth_rotation import gmst82
from ..sgp4.frames import itrs_of_geodetic
from ..sgp4.trig import PI, TWO_PI, sincos
from ..time.units import julian
from ..typing import Array, Bits
from .eop import EarthOrientation, earth_orientation
from .interpolation import precession_nutation, sun_gcrs

FRAMES = ("pef", "itrs", "gcrs")
# rad/s for a day of 86,400 s; Vallado, AIAA 2006-6753, appendix C
EARTH_ROTATION = 7.29211514670698e-5
Matrix = list[list[Array]]  # rows of (n,)


def earth_rotation_angle(days: Array, fraction: Array) -> Array:
    """Earth rotation angle in [0, 2 pi), (n,) rad; arguments as gmst82. Source: Capitaine et al.
    2000, as erfa.era00.
    """
    turns = (0.5 + fraction) + (0.7790572732640 + 0.00273781191135448 * (days + fraction))
    return (turns - np.floor(turns)) * TWO_PI


def rotations(frame: str, ns: Bits, eop: EarthOrientation | str | os.PathLike[str] | None) -> Array:
    """(n_times, 12), C order: the matrix M from TEME to `frame`, row by row, then the frame's
    angular velocity w in its own axes, rad/s.

    r' = M r and v' = M v - w x r'. ns: UTC instants, (n_times,) int64 nanoseconds since 1970. eop:
    as earth_orientation takes it.

    pef: R3(GMST82 of UT1). itrs: polar motion R1(-yp) R2(-xp) on top, without s'. Source: AIAA
    2006-6753, appendix C, but for the order of the two small rotations, which is that of IERS
    Conventions 2010, 5.4.1. The other order differs by xp yp: at most 3e-12 rad since 1962,
    0.13 mm in geostationary orbit.
    gcrs: through the Earth-fixed frame: R3(GMST82), R3(-ERA), then the IAU 2006/2000A matrix of
    CIRS to GCRS (IERS Conventions 2010, equation 5.10) without dX, dY. The turning of TEME itself
    against GCRS (8e-12 rad/s, 0.05 mm/s in low orbit) is not in w, which is 0.

    ValueError for another frame, for instants that eop does not reach, and for gcrs before 1960.
    """
    if frame not in FRAMES:
        raise ValueError(
            f"frame {frame!r} has no rotation from TEME: use {', '.join(FRAMES[:-1])} or "
            f"{FRAMES[-1]}"
        )
    ns = np.asarray(ns, np.int64)
    ut1_utc, xp, yp, lod = earth_orientation(eop).at(ns)
    midnight, fraction = julian(ns)
    days, fraction = midnight - 2451545.0, fraction + ut1_utc / 86400.0
    gmst = gmst82(days, fraction)
    zero = np.zeros(len(ns))
    if frame == "gcrs":
        x, y, s = precession_nutation(ns)
        matrix = _product(_pole(x, y), _about_z(gmst - earth_rotation_angle(days, fraction) + s))
        return _rows(matrix, [zero, zero, zero])
    matrix = _about_z(gmst)
    speed = EARTH_ROTATION * (1.0 - lod / 86400.0)
    if frame == "pef":
        return _rows(matrix, [zero, zero, speed])
    polar = _polar_motion(xp, yp)
    return _rows(_product(polar, matrix), [polar[i][2] * speed for i in range(3)])


def between(
    origin: str, frame: str, ns: Bits, origin_eop: EarthOrientation, eop: EarthOrientation
) -> Array | None:
    """As `rotations`, (n_times, 12), from one Cartesian frame, made with origin_eop, to another,
    with eop; None where they are the same.
    """
    if origin == frame:
        return None
    if origin == "teme":
        return rotations(frame, ns, eop)
    a = rotations(origin, ns, origin_eop).T
    back, spin = [[a[3 * j + i] for j in range(3)] for i in range(3)], a[9:]
    own: Any = np.zeros((3, len(ns)))
    matrix = back
    if frame != "teme":
        b = rotations(frame, ns, eop).T
        matrix, own = _product([[b[3 * i + j] for j in range(3)] for i in range(3)], back), b[9:]
    return _rows(
        matrix,
        [
            own[i] - ((matrix[i][0] * spin[0] + matrix[i][1] * spin[1]) + matrix[i][2] * spin[2])
            for i in range(3)
        ],
    )


def sun(
    ns: Bits, eop: EarthOrientation | str | os.PathLike[str] | None, *, apparent: bool = True
) -> Array:
    """The Sun from the centre of the Earth, (n_times, 3) km in TEME of date, C order; ns and eop as
    in rotations.

    apparent: light time and annual aberration (20.5") included: the direction from which sunlight
    falls on what moves about the Earth. This is the one for shadows, which lie along the light in
    the frame that moves with the Earth. Otherwise where the Sun is at the instant. Source:
    erfa.epv00 (good to 5 km from 1900 to 2100) and erfa.ab. ValueError as rotations.
    """
    matrix = rotations("gcrs", ns, eop)[:, :9].reshape(-1, 3, 3)
    x, y, z = sun_gcrs(np.asarray(ns, np.int64), apparent)
    return np.stack(
        [(matrix[:, 0, i] * x + matrix[:, 1, i] * y) + matrix[:, 2, i] * z for i in range(3)],
        axis=-1,
    )


def geodetic_site(latitude: Any, longitude: Any, height: Any) -> Array:
    """(n, 12), C order, of sites on the WGS-84 ellipsoid: ITRS position in km, then the unit
    vectors East, North and Up in ITRS.

    latitude, longitude: rad, north and east positive; height: km above the ellipsoid; one each, or
    (n,). ValueError where a site is none.
    """
    phi, lam, h = (
        np.array(values, np.float64)
        for values in np.broadcast_arrays(*map(np.atleast_1d, (latitude, longitude, height)))
    )
    if phi.ndim != 1:
        raise ValueError(f"sites of shape {phi.shape}: give one row of them")
    for what, values, limit, unit in (
        ("latitude", phi, PI / 2, "rad"),
        ("longitude", lam, TWO_PI, "rad"),
        ("height", h, np.inf, "km"),
    ):
        wrong = ~(np.abs(values) <= limit) | ~np.isfinite(values)
        if wrong.any():
            hint = ": use np.radians on degrees" if unit == "rad" else ""
            reach = (
                f"between -{limit:.6f} and {limit:.6f} {unit}"
                if unit == "rad"
                else f"a number of {unit}"
            )
            raise ValueError(
                f"site {int(wrong.argmax())}: {what} {values[wrong][0]} must be {reach}{hint}"
            )
    sin_phi, cos_phi = sincos(phi)
    sin_lam, cos_lam = sincos(lam)
    zero = np.zeros(len(phi))
    position = itrs_of_geodetic(phi, lam, h)
    east = [-sin_lam, cos_lam, zero]
    north = [-sin_phi * cos_lam, -sin_phi * sin_lam, cos_phi]
    up = [cos_phi * cos_lam, cos_phi * sin_lam, sin_phi]
    return np.stack([*position, *east, *north, *up], axis=-1)


def _about_z(angle: Array) -> Matrix:
    """R3(angle): the axes turn by angle about z."""
    s, c = sincos(angle)
    zero, one = np.zeros(len(angle)), np.ones(len(angle))
    return [[c, s, zero], [-s, c, zero], [zero, zero, one]]


def _polar_motion(xp: Array, yp: Array) -> Matrix:
    """R1(-yp) R2(-xp): PEF -> ITRS. Source: IERS Conventions 2010, 5.4.1, as erfa.pom00 with s' =
    0.
    """
    sx, cx = sincos(xp)
    sy, cy = sincos(yp)
    return [[cx, np.zeros(len(xp)), sx], [sx * sy, cy, -cx * sy], [-sx * cy, sy, cx * cy]]


def _pole(x: Array, y: Array) -> Matrix:
    """CIRS, but for a turn by s about its z, -> GCRS; x, y: the pole in GCRS. Source: IERS
    Conventions 2010, equation 5.10.
    """
    r2 = x * x + y * y
    z = np.sqrt(1.0 - r2)
    a = 1.0 / (1.0 + z)
    return [[1.0 - a * x * x, -a * x * y, x], [-a * x * y, 1.0 - a * y * y, y], [-x, -y, z]]


def _product(a: Matrix, b: Matrix) -> Matrix:
    """a b, in a fixed order of operations (numpy's own product leaves it to BLAS)."""
    return [
        [(a[i][0] * b[0][j] + a[i][1] * b[1][j]) + a[i][2] * b[2][j] for j in range(3)]
        for i in range(3)
    ]


def _rows(matrix: Matrix, velocity: list[Array]) -> Array:
    """(n, 12), C order."""
    return np.ascontiguousarray(
        np.stack([*(entry for row in matrix for entry in row), *velocity], axis=-1)
    )
