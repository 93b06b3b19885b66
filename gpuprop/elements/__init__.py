"""Element sets: an immutable structure of arrays, and the selection of satellites.

fields.py          the fields of the OMM, their types and units; catalogue numbers
sets.py            Elements
mean_elements.py   Elements -> the units of SGP4's initialisation
satrecs.py         to and from python-sgp4's objects
selection.py       satellites by name, number and operator (operators.toml)
conditions.py      conditions such as altitude_km > 500
altitudes.py       mean altitude, apogee and perigee
tle_format.py      catalogue numbers and years of a TLE
"""

from .sets import Elements, Reject

__all__ = ["Elements", "Reject"]
