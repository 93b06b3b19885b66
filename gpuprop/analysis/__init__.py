"""Analysis of states: other frames, look angles from sites, closest approaches.

conversion.py    states from one frame to another, and the Sun
coverage/        satellites in view of every place on the ground
look_angles.py   azimuth, elevation, range, their rates, right ascension and declination from sites
look_sources.py  the states that they are computed of: blocks, pairs, tables, datasets, in portions
looks.py         LookAngles, and their tables
site.py          a place on the ground
topocentric.py   the formulas of right ascension, declination and rates
spacing.py       the closest approach of the satellites of a shell
"""
