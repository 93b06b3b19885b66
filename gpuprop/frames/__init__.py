"""Frames: Earth orientation and the rotations from TEME, computed on the host for the kernels.

eop.py             tables of UT1 and polar motion (packaged, finals2000A, EOP C04)
interpolation.py   precession-nutation and the Sun: slow to compute, interpolated between knots
rotations.py       rotations from TEME to PEF, ITRS or GCRS; the Sun; sites on the ground

Each value depends on its instant and on the table alone, never on the other instants of a call.
"""

from .eop import EarthOrientation, EarthOrientationLike, earth_orientation
from .rotations import between, geodetic_site, rotations, sun

__all__ = [
    "EarthOrientation",
    "EarthOrientationLike",
    "between",
    "earth_orientation",
    "geodetic_site",
    "rotations",
    "sun",
]
