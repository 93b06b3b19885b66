"""Trigonometry that uses only + - * / sqrt, comparison and select: every engine rounds alike.

Twin of kernels/trig.cuh. Quadrants and signs are read and set in the bits of a double, which is
exact and takes work off the multipliers.

Absolute errors, checked in tests/sgp4/test_trig.py: sincos 4.5e-16 and cosine 5e-15 for |x| < 1e6
rad (decades of a low orbit), growing with the spacing of doubles beyond; atan2 1e-15; cbrt 4 units
in the last place.
"""

import numpy as np

from ..typing import Array, Bits, Mask

TO_INTEGER = 6755399441055744.0  # 1.5 * 2^52: adding it leaves no bits after the binary point
PI = 3.14159265358979323846
TWO_PI = 2.0 * PI
# A turn is the double nearest to 2 pi, as in the reference, which calls fmod(x, twopi). After a
# year of a low orbit the two differ by 1e-12 rad, and the published vectors show it. A
# quarter turn in two parts: the product of either with a whole number below 2^20 is exact.
PIO2_1 = 1.57079632673412561417e00  # 33 bits
PIO2_2 = 6.077094383272197e-11  # 20 bits
# rad. A larger angle, or one that is not finite, is *lost*: doubles are too coarse there to say
# where in the circle it is, and its sine and cosine are not computed.
LARGEST_ANGLE = 1.0e13


def lost_angle(x: Array) -> Array:
    """Return the replacement of a lost angle: 0, or NaN for one that is infinite or NaN."""
    return 0.0 * x


def nearest(x: Array) -> Array:
    """Round to the nearest whole number (ties to even); |x| < 2^51."""
    return (x + TO_INTEGER) - TO_INTEGER


def truncate(x: Array) -> Array:
    """Remove the fraction of x (towards zero)."""
    whole = nearest(x)
    whole = whole - np.where((whole > x) & (x >= 0.0), 1.0, 0.0)
    return whole + np.where((whole < x) & (x < 0.0), 1.0, 0.0)


def wrap(x: Array) -> Array:
    """Reduce x modulo 2 pi, with the sign of x, as C's fmod does."""
    turns = truncate(x / TWO_PI)
    quarters = 4.0 * turns
    return (x - quarters * PIO2_1) - quarters * PIO2_2


def sincos_small(r: Array) -> tuple[Array, Array]:
    """Compute sine and cosine for |r| <= pi/4 (polynomials of Cephes, sin.c)."""
    z = r * r
    z2 = z * z
    z4 = z2 * z2
    s = (
        (-1.66666666666666307295e-1 + z * 8.33333333332211858878e-3)
        + z2 * (-1.98412698295895385996e-4 + z * 2.75573136213857245213e-6)
    ) + z4 * (-2.50507477628578072866e-8 + z * 1.58962301576546568060e-10)
    c = (
        (4.16666666666665929218e-2 + z * -1.38888888888730564116e-3)
        + z2 * (2.48015872888517045348e-5 + z * -2.75573141792967388112e-7)
    ) + z4 * (2.08757008419747316778e-9 + z * -1.13585365213876817300e-11)
    return r + (z * r) * s, (1.0 - 0.5 * z) + z2 * c


def flip(x: Array, sign: Bits) -> Array:
    """Change the sign of x where the highest bit of `sign` is set."""
    return (x.view(np.int64) ^ sign).view(np.float64)


def sincos(x: Array) -> tuple[Array, Array]:
    """Compute sine and cosine of x, |x| < 2^51.

    The accuracy is limited by the spacing of doubles at x.
    """
    shifted = x * 0.63661977236758134308 + TO_INTEGER  # the quadrant, in the lowest bits
    q = shifted - TO_INTEGER
    s, c = sincos_small((x - q * PIO2_1) - q * PIO2_2)
    quadrant = shifted.view(np.int64)
    odd = (quadrant & 1) != 0
    return flip(np.where(odd, c, s), (quadrant & 2) << 62), flip(
        np.where(odd, s, c), ((quadrant + 1) & 2) << 62
    )


def cosine(x: Array) -> Array:
    """Compute the cosine of x, |x| < 2^51, by one polynomial over half a turn.

    Cheaper than sincos, and less accurate by a few units in the last place.
    """
    shifted = x * 0.31830988618379067154 + TO_INTEGER  # the half turn, in the lowest bit
    q = shifted - TO_INTEGER
    r = (x - q * (2.0 * PIO2_1)) - q * (2.0 * PIO2_2)
    z = r * r
    z2 = z * z
    z4 = z2 * z2
    low = (
        (1.0 - z * 0.5) + z2 * (4.16666666666666666667e-2 - z * 1.38888888888888888889e-3)
    ) + z4 * (
        (2.48015873015873015873e-5 - z * 2.75573192239858906526e-7)
        + z2 * (2.08767569878680989792e-9 - z * 1.14707455977297247139e-11)
    )
    c = low + (z4 * z4) * (4.77947733238738529744e-14 - z * 1.56192069685862264622e-16)
    return flip(c, (shifted.view(np.int64) & 1) << 63)


def atan2(y: Array, x: Array) -> Array:
    """Compute the angle of (x, y), in [-pi, pi] (polynomial of fdlibm, s_atan.c, |t| < 7/16)."""
    ax = absolute(x)
    ay = absolute(y)
    steep = ay > ax
    low = np.where(steep, ax, ay)
    high = np.where(steep, ay, ax)
    far = low > 0.41421356237309503 * high
    below = np.where(far, low + high, high)
    t = np.where(far, low - high, low) / np.where(below == 0.0, 1.0, below)
    z = t * t
    w = z * z
    even = z * (
        3.33333333333329318027e-01
        + w
        * (
            1.42857142725034663711e-01
            + w
            * (
                9.09088713343650656196e-02
                + w
                * (
                    6.66107313738753120669e-02
                    + w * (4.97687799461593236017e-02 + w * 1.62858201153657823623e-02)
                )
            )
        )
    )
    odd = w * (
        -1.99999999998764832476e-01
        + w
        * (
            -1.11111104054623557880e-01
            + w
            * (
                -7.69187620504482999495e-02
                + w * (-5.83357013379057348645e-02 + w * -3.65315727442169155270e-02)
            )
        )
    )
    angle = t - t * (even + odd)
    angle = np.where(far, 0.78539816339744830962 + angle, angle)
    angle = np.where(steep, 1.57079632679489661923 - angle, angle)
    angle = np.where(x < 0.0, PI - angle, angle)
    return np.where(y < 0.0, -angle, angle)


def first_turn(angle: Array) -> Array:
    """Reduce an angle to [0, 2 pi)."""
    angle = wrap(angle)
    return np.where(angle < 0.0, angle + TWO_PI, angle)


def cbrt(x: Array) -> Array:
    """Compute the cube root of x > 0.

    Starts with x^(1/4 + 1/16 + 1/64) by square roots; then three steps of Halley.
    """
    quarter = np.sqrt(np.sqrt(x))
    sixteenth = np.sqrt(np.sqrt(quarter))
    y = (quarter * sixteenth) * np.sqrt(np.sqrt(sixteenth))
    for _ in range(3):
        cube = y * y * y
        y = y * ((cube + (x + x)) / ((cube + cube) + x))
    return y


def absolute(x: Array) -> Array:
    """Return x without its sign."""
    return np.where(x < 0.0, -x, x)


def rotate(s: Array, c: Array, ds: Array, dc: Array) -> tuple[Array, Array]:
    """Compute sine and cosine of a + d from those of a and of d."""
    return s * dc + c * ds, c * dc - s * ds


def sincos_tiny(d: Array) -> tuple[Array, Array]:
    """Compute sine and cosine of an angle that is nearly always below 1/1024 rad.

    Two terms of the series there; sincos if the angle is larger.
    """
    z = d * d
    s = d * (1.0 - z * 0.16666666666666666667)
    c = 1.0 - z * (0.5 - z * 0.041666666666666666667)
    large: Mask = z > 9.5367431640625e-7
    if large.any():
        full_s, full_c = sincos(d)
        s, c = np.where(large, full_s, s), np.where(large, full_c, c)
    return s, c


def sincos_near_zero(d: Array) -> tuple[Array, Array]:
    """Compute sine and cosine of an angle that is nearly always below 1/64 rad.

    A short series there; sincos if the angle is larger.
    """
    z = d * d
    s = d * (1.0 - z * (0.16666666666666666667 - z * 0.0083333333333333333333))
    c = 1.0 - z * (0.5 - z * (0.041666666666666666667 - z * 0.0013888888888888888889))
    large: Mask = z > 2.44140625e-4
    if large.any():
        full_s, full_c = sincos(d)
        s, c = np.where(large, full_s, s), np.where(large, full_c, c)
    return s, c
