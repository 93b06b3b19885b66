"""python-sgp4's interface on gpuprop's engine: write `from gpuprop.api import ...` for `from
sgp4.api import ...`, and change nothing else.

Names, arguments, units, attributes and error codes are those of python-sgp4 2.27. Positions are
TEME, in km and km/s. They differ by rounding from python-sgp4's: by less than 1e-6 km in the tests;
the README's section Accuracy has the figures over whole catalogues. Instants are two-part Julian
dates (UTC) in double precision, never rounded to nanoseconds. jday_datetime and sat_epoch_datetime
are here too; python-sgp4's own omm, exporter and conveniences take a Satrec of this module.

Cost: with the compiled kernels one call of Satrec.sgp4 takes one to two microseconds, like
python-sgp4's. The first call of a satellite initialises it, in three microseconds. SatrecArray and
sgp4_array compute several satellites, or several instants, at once: from a hundred states on they
are many times faster than python-sgp4, for a few states slower. bench/api.py measures all of this.
Without the compiled kernels, or with GPUPROP_ENGINE=numpy, numpy gives the same bits: a single call
then takes 0.1 to 0.2 ms, or 0.8 ms with resonance.

Error codes are python-sgp4's, also for element sets that describe no orbit. Differences:

- A malformed TLE is a ValueError, as in python-sgp4's reader in Python (its C++ makes a satellite
  of what it can read). So is an opsmode other than `i` and `a`.
- gpuprop's status 10, an implausible state for which SGP4 reports no error, is 0 here.
- A mean motion that is not positive always gives code 2. python-sgp4 gives NaN and code 0 for a
  negative one.
- When an angle has grown beyond 1e9 rad (1e10 minutes in a low orbit), the place on the orbit
  depends on the last bits of the mean motion. Both libraries then give an arbitrary place, and the
  codes that depend on it: 0, 4 or 6.
- A resonance is followed for 11,500 years from the epoch. Beyond that the state is NaN. python-sgp4
  continues: at 1e30 min it hangs.
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

accelerated = True
SGP4_ERRORS = {
    1: "mean eccentricity is outside the range 0.0 to 1.0",
    2: "nm is less than zero",
    3: "perturbed eccentricity is outside the range 0.0 to 1.0",
    4: "semilatus rectum is less than zero",
    5: "(error 5 no longer in use; it meant the satellite was underground)",
    6: "mrt is less than 1.0 which indicates the satellite has decayed",
}
