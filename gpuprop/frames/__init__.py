"""How the Earth is turned, on the host: tables of Earth orientation, and the rotations out of TEME
that the kernels are given.

```
eop.py             tables of UT1 and polar motion (packaged, finals2000A, EOP C04) ->
EarthOrientation interpolation.py   what is slow to compute and smooth in time (precession-nutation,
the Sun): nodes every 12 h, and between them rotations.py       an instant -> rotation from TEME to
PEF, ITRS or GCRS; the Sun; sites on the ground ```

Each row of what comes out depends on its instant and on the table alone, never on what else is
asked for.
"""

from .eop import EarthOrientation, earth_orientation
from .rotations import between, geodetic_site, rotations, sun

__all__ = ["EarthOrientation", "between", "earth_orientation", "geodetic_site", "rotations", "sun"]
