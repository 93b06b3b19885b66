"""python-sgp4's interface on gpuprop's engine: write `from gpuprop.api import ...` for `from sgp4.api import ...`, and change nothing else.

Names, arguments, units, attributes and error codes are those of python-sgp4 2.27. Positions are TEME, in
km and km/s, and agree with it to 1e-6 km. Instants are two-part Julian dates (UTC) in double precision, never rounded to nanoseconds.
jday_datetime and sat_epoch_datetime are here too; python-sgp4's own omm, exporter and conveniences take a Satrec of this module.

Cost: SatrecArray and sgp4_array are vectorised, and faster than compiled SGP4 on one core when given some tens of instants or more; at one
instant they are slower (27,000 satellites in 0.1 s instead of 0.02 s). A call for one satellite at one time takes 0.1 to 0.2 ms, or 0.8 ms
with resonance, where compiled SGP4 takes a microsecond. The first call of a satellite initialises it in 1 to 2 ms, and with resonance takes
0.1 ms more for each 720 minutes to its epoch. Making a Satrec costs 15 microseconds; a SatrecArray initialises all its satellites at once.

Differences: a malformed TLE is a ValueError, as in python-sgp4's reader in Python (its C++ makes a satellite of what it can read), and so
is an opsmode other than `i` and `a`. gpuprop's status 10, an implausible state for which SGP4 reports no error, is 0 here.
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
