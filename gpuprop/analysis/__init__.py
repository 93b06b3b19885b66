"""Analysis of states: other frames, look angles from sites, closest approaches.

conversion.py    states from one frame to another, and the Sun
coverage/        satellites in view of every place on the ground
look_angles.py   azimuth, elevation, range and range rate from sites
spacing.py       the closest approach of the satellites of a shell
"""
