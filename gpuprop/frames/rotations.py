"""Rotations from TEME, the Sun in TEME, and sites on the ground.

Tables are turned into results with + - * /, sqrt and gpuprop.sgp4.trig only, so that results do not
depend on the sine of a processor. The exceptions are the knots of interpolation.py, which come from
ERFA, and so from the C library.
"""

import numpy as np
import numpy.typing as npt

from ..sgp4.earth_rotation import gmst82
from ..sgp4.frames import itrs_of_geodetic
from ..sgp4.trig import PI, TWO_PI, sincos
from ..time.units import JD_J2000, julian
from ..typing import Array, Bits
from .eop import EarthOrientation, EarthOrientationLike, earth_orientation
from .interpolation import pole_and_sun, precession_nutation

FRAMES = ("pef", "itrs", "gcrs")
# rad/s for a day of 86,400 s; Vallado, AIAA 2006-6753, appendix C
EARTH_ROTATION = 7.29211514670698e-5
Matrix = list[list[Array]]  # rows of (n,)


def earth_rotation_angle(days: Array, fraction: Array) -> Array:
    """Compute the Earth rotation angle, (n,) rad in [0, 2 pi). Arguments as gmst82.

    Source: Capitaine et al. 2000, as erfa.era00.
    """
    turns = (0.5 + fraction) + (0.7790572732640 + 0.00273781191135448 * (days + fraction))
    return (turns - np.floor(turns)) * TWO_PI


def rotations(frame: str, ns: Bits, eop: EarthOrientationLike) -> Array:
    """Compute the rotation from TEME to another frame.

    Parameters
    ----------
    frame : str
        pef, itrs or gcrs.
    ns : (n_times,) int64
        UTC instants, nanoseconds since 1970.
    eop : EarthOrientation, str, path or None
        As earth_orientation takes it.

    Returns
    -------
    (n_times, 12) float64, C order
        Matrix M from TEME to `frame`, row by row, then the angular velocity w of the frame in its
        own axes, rad/s: r' = M r and v' = M v - w x r'.

    Raises
    ------
    ValueError
        For another frame, for instants outside the Earth orientation, and for gcrs before 1960.

    Notes
    -----
    pef: R3(GMST82 of UT1). itrs: the same, then polar motion R1(-yp) R2(-xp), without s'. Source:
    AIAA 2006-6753, appendix C, except for the order of the two small rotations, which is that of
    IERS Conventions 2010, 5.4.1. The other order differs by xp yp: at most 3e-12 rad since 1962,
    0.13 mm in geostationary orbit.

    gcrs, through the Earth-fixed frame: R3(GMST82), R3(-ERA), then the IAU 2006/2000A matrix of
    CIRS to GCRS (IERS Conventions 2010, equation 5.10) without dX, dY. The rotation of TEME itself
    relative to GCRS (8e-12 rad/s, 0.05 mm/s in low orbit) is left out: w is 0.
    """
    if frame not in FRAMES:
        raise ValueError(
            f"frame {frame!r} has no rotation from TEME: use {', '.join(FRAMES[:-1])} or "
            f"{FRAMES[-1]}"
        )
    ns = np.asarray(ns, np.int64)
    ut1_utc, xp, yp, lod = earth_orientation(eop).at(ns)
    days, fraction = _ut1_days(ns, ut1_utc)
    gmst = gmst82(days, fraction)
    zero = np.zeros(len(ns))
    if frame == "gcrs":
        matrix = _to_gcrs(days, fraction, gmst, precession_nutation(ns))
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
    """Compute the rotation between two Cartesian frames, (n_times, 12) as `rotations`.

    `origin` is the frame of the states, computed with `origin_eop`; `frame` is the new one, with
    `eop`. None if the frames are the same.
    """
    if origin == frame:
        return None
    if origin == "teme":
        return rotations(frame, ns, eop)
    a = rotations(origin, ns, origin_eop).T
    back, spin = [[a[3 * j + i] for j in range(3)] for i in range(3)], a[9:]
    own = np.zeros((3, len(ns)))
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


def sun(ns: Bits, eop: EarthOrientationLike, *, apparent: bool = True) -> Array:
    """Compute the geocentric position of the Sun, (n_times, 3) km in TEME of date, C order.

    `ns` and `eop` as in rotations, and so the errors. The apparent position includes light time and
    annual aberration (20.5"): sunlight comes from there on bodies that move with the Earth, so it
    is the one for shadows. Without `apparent` it is the position at the instant. Source: erfa.epv00
    (good to 5 km from 1900 to 2100) and erfa.ab.
    """
    ns = np.asarray(ns, np.int64)
    days, fraction = _ut1_days(ns, earth_orientation(eop).at(ns)[0])
    pole, (x, y, z) = pole_and_sun(ns, apparent)
    m = _to_gcrs(days, fraction, gmst82(days, fraction), pole)
    return np.stack([(m[0][i] * x + m[1][i] * y) + m[2][i] * z for i in range(3)], axis=-1)


def _ut1_days(ns: Bits, ut1_utc: Array) -> tuple[Array, Array]:
    """Compute days of UT1 from J2000.0 to a midnight, and the fraction of the day after it."""
    midnight, fraction = julian(ns)
    return midnight - JD_J2000, fraction + ut1_utc / 86400.0


def _to_gcrs(days: Array, fraction: Array, gmst: Array, pole: Array) -> Matrix:
    """Compute the rotation from TEME to GCRS. pole: precession_nutation, (3, n)."""
    x, y, s = pole
    return _product(_pole(x, y), _about_z(gmst - earth_rotation_angle(days, fraction) + s))


def geodetic_site(
    latitude: npt.ArrayLike, longitude: npt.ArrayLike, height: npt.ArrayLike
) -> Array:
    """Compute positions and axes of sites on the WGS-84 ellipsoid.

    Parameters
    ----------
    latitude, longitude : float or (n,) float64
        Geodetic, rad, north and east positive.
    height : float or (n,) float64
        Above the ellipsoid, km.

    Returns
    -------
    (n, 12) float64, C order
        ITRS position in km, then the unit vectors East, North and Up in ITRS.

    Raises
    ------
    ValueError
        For values out of range; the message has the index of the site.
    """
    phi, lam, h = (
        np.array(values, np.float64)
        for values in np.broadcast_arrays(*map(np.atleast_1d, (latitude, longitude, height)))
    )
    if phi.ndim != 1:
        raise ValueError(f"sites of shape {phi.shape}: give one dimension")
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
    """Compute R3(angle): the axes turn by angle about z."""
    s, c = sincos(angle)
    zero, one = np.zeros(len(angle)), np.ones(len(angle))
    return [[c, s, zero], [-s, c, zero], [zero, zero, one]]


def _polar_motion(xp: Array, yp: Array) -> Matrix:
    """Compute R1(-yp) R2(-xp), from PEF to ITRS.

    Source: IERS Conventions 2010, 5.4.1, as erfa.pom00 with s' = 0.
    """
    sx, cx = sincos(xp)
    sy, cy = sincos(yp)
    return [[cx, np.zeros(len(xp)), sx], [sx * sy, cy, -cx * sy], [-sx * cy, sy, cx * cy]]


def _pole(x: Array, y: Array) -> Matrix:
    """Compute the rotation from CIRS, turned by s about its z, to GCRS.

    `x`, `y` are those of the pole in GCRS. Source: IERS Conventions 2010, equation 5.10.
    """
    r2 = x * x + y * y
    z = np.sqrt(1.0 - r2)
    a = 1.0 / (1.0 + z)
    return [[1.0 - a * x * x, -a * x * y, x], [-a * x * y, 1.0 - a * y * y, y], [-x, -y, z]]


def _product(a: Matrix, b: Matrix) -> Matrix:
    """Multiply two matrices in a fixed order of operations, which BLAS does not guarantee."""
    return [
        [(a[i][0] * b[0][j] + a[i][1] * b[1][j]) + a[i][2] * b[2][j] for j in range(3)]
        for i in range(3)
    ]


def _rows(matrix: Matrix, velocity: list[Array]) -> Array:
    """Arrange matrices and angular velocities as `rotations` returns them."""
    return np.ascontiguousarray(
        np.stack([*(entry for row in matrix for entry in row), *velocity], axis=-1)
    )
