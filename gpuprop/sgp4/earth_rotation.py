"""The rotation from TEME to the Earth-fixed frames PEF and ITRS, from tabulated Earth orientation.

Twin of kernels/earth_rotation.cuh. It gives the bits of gpuprop.frames.rotations, which names the
sources.
"""

from typing import NamedTuple

import numpy as np

from ..typing import Array, Bits
from .trig import TWO_PI, sincos

DAY_NS = 86_400_000_000_000
DAY_S = 86_400.0
LARGEST_POLE = 6.0e-5  # rad; the pole is within 3e-6


class EarthTable(NamedTuple):
    """Earth orientation by days of UTC.

    days: (n_days, 9), the members of EarthDay in kernels/operations.def. first_day: since 1970. An
    instant outside of the days takes the nearest row. polar: with polar motion (ITRS), else PEF.
    """

    days: Array
    first_day: int
    polar: bool


def instant(ns: Bits) -> tuple[Bits, Bits]:
    """Split instants into days from 1970 to the midnight before, and nanoseconds since then."""
    day = ns // DAY_NS
    return day, ns - day * DAY_NS


def gmst82(days: Array, fraction: Array) -> Array:
    """Compute Greenwich mean sidereal time of 1982, rad in [0, 2 pi).

    days: UT1 from J2000.0 to a midnight; fraction: of the day after it. Source: Aoki et al. 1982,
    as erfa.gmst82: the constant term is less half a day, because Julian dates begin at noon.
    """
    t = (days + fraction) / 36525.0
    seconds = (
        (24110.54841 - 43200.0)
        + (8640184.812866 + (0.093104 - 6.2e-6 * t) * t) * t
        + 86400.0 * (0.5 + fraction)
    )
    return (seconds - 86400.0 * np.floor(seconds / 86400.0)) * (TWO_PI / 86400.0)


def sincos_of_pole(r: Array) -> tuple[Array, Array]:
    """Compute sine and cosine of coordinates of the pole, at most LARGEST_POLE.

    They have the bits of sincos_small, whose other terms are below rounding there.
    """
    z = r * r
    sine = r + (z * r) * (-1.66666666666666307295e-1 + z * 8.33333333332211858878e-3)
    return sine, 1.0 - 0.5 * z


def earth_angles(table: EarthTable, ns: Bits) -> tuple[Array, Array, Array, Array]:
    """Compute GMST, the pole's xp and yp (rad), and the Earth's speed (rad/s) at ns (n,)."""
    day, elapsed = instant(ns)
    row = np.clip(day - table.first_day, 0, len(table.days) - 1)
    ut1_tai, ut1_tai_change, tai_utc, length_ns, xp, xp_change, yp, yp_change, speed = table.days[
        row
    ].T
    since = elapsed.astype(np.float64)
    part = since / length_ns
    ut1_utc = (ut1_tai + part * ut1_tai_change) + tai_utc
    days = day.astype(np.float64) - 10957.5  # from J2000.0
    gmst = gmst82(days, since / DAY_NS + ut1_utc / DAY_S)
    return gmst, xp + part * xp_change, yp + part * yp_change, speed


def earth_rotation(table: EarthTable, ns: Bits) -> Array:
    """Compute rotations (n, 12) at ns (n,), as frames.rotate takes them."""
    gmst, xp, yp, speed = earth_angles(table, ns)
    s, c = sincos(gmst)
    zero, one = np.zeros(len(ns)), np.ones(len(ns))
    if not table.polar:
        rows = [c, s, zero, -s, c, zero, zero, zero, one, zero, zero, speed]
        return np.stack(rows, axis=-1)
    xs, xc = sincos_of_pole(xp)
    ys, yc = sincos_of_pole(yp)
    sxsy, cxsy, sxcy, cxcy = xs * ys, -xc * ys, -xs * yc, xc * yc
    rows = [
        *(xc * c, xc * s, xs),
        *(sxsy * c - yc * s, sxsy * s + yc * c, cxsy),
        *(sxcy * c - ys * s, sxcy * s + ys * c, cxcy),
        *(xs * speed, cxsy * speed, cxcy * speed),
    ]
    return np.stack(rows, axis=-1)
