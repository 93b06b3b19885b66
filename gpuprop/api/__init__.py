"""python-sgp4's interface on gpuprop's engines.

Replace `from sgp4.api import ...` by `from gpuprop.api import ...`; nothing else changes.

Names, arguments, units, attributes and error codes are those of python-sgp4 2.27. Positions are in
TEME, km and km/s. They differ from python-sgp4's by rounding: less than 1e-6 km in the tests;
docs/measured/accuracy.md has the figures for whole catalogues. Instants are Julian dates (UTC)
in two parts, in double precision; they are never rounded to nanoseconds. jday_datetime and
sat_epoch_datetime (sgp4.conveniences in python-sgp4) are here too. The modules omm, exporter and
conveniences of python-sgp4 accept a Satrec of this module.

Cost: with the compiled kernels, one call of Satrec.sgp4 takes one to two microseconds, as in
python-sgp4. The first call of a satellite initialises it, in three microseconds. SatrecArray and
sgp4_array compute several satellites, or several instants, at once: many times faster than
python-sgp4 from a hundred states on, slower for a few states. bench/api.py measures all of this.
Without the compiled kernels, or with GPUPROP_ENGINE=numpy, numpy gives the same bits; a single call
then takes 0.1 to 0.2 ms, or 0.8 ms for a resonant orbit.

Error codes are python-sgp4's, also for element sets that describe no orbit. Differences:

- A malformed TLE raises ValueError, as in python-sgp4's reader in Python. (Its reader in C++ makes
  a satellite of the fields that it can read.) An opsmode other than `i` and `a` raises ValueError
  too.
- gpuprop's status 10, an implausible state for which SGP4 reports no error, is 0 here.
- A mean motion that is not positive always gives code 2. For a negative one python-sgp4 gives NaN
  and code 0.
- When an angle has grown beyond 1e9 rad (after 1e10 minutes in a low orbit), the position depends
  on the last bits of the mean motion. Both libraries then return an arbitrary position, and the
  code that belongs to it: 0, 4 or 6.
- A resonance is integrated for 11,500 years from the epoch. Beyond that the state is NaN.
  python-sgp4 continues: at 1e30 min it does not return.
"""

from .array import SatrecArray
from .dates import days2mdhms, jday, jday_datetime, sat_epoch_datetime
from .satrec import WGS72, WGS72OLD, WGS84, Satrec

__all__ = [
    "SGP4_ERRORS",
    "WGS72",
    "WGS72OLD",
    "WGS84",
    "Satrec",
    "SatrecArray",
    "accelerated",
    "days2mdhms",
    "jday",
    "jday_datetime",
    "sat_epoch_datetime",
]

accelerated = True  # python-sgp4's name: sgp4() of many instants is not a loop in Python
SGP4_ERRORS = {
    1: "mean eccentricity is outside the range 0.0 to 1.0",
    2: "nm is less than zero",
    3: "perturbed eccentricity is outside the range 0.0 to 1.0",
    4: "semilatus rectum is less than zero",
    5: "(error 5 no longer in use; it meant the satellite was underground)",
    6: "mrt is less than 1.0 which indicates the satellite has decayed",
}
