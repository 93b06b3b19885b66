"""What follows from states: other frames, the sky of a site, how close satellites come.

conversion.py    states from one frame to another, and the Sun
look_angles.py   azimuth, elevation, range and range rate from sites
spacing.py       the closest approach of the satellites of a shell
"""
