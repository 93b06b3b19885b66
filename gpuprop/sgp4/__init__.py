"""SGP4 and SDP4 in numpy: the twin of kernels/, each formula once in each, under the same names and
in the same order.

gravity.py, model.py           gravity models; what every engine is given
constants.py                   what initialisation computes, sorted by regime
(kernels/constants.def) trig.py                        sine and cosine of additions and
multiplications alone initialise.py                  mean elements -> constants near_earth.py,
deep_space.py   constants and minutes since epoch -> mean elements of the instant lunar_solar.py,
resonance.py   what deep space adds orbit.py                       mean elements -> position and
velocity frames.py, look_angles.py      TEME -> Earth-fixed and geodetic; azimuth, elevation, range
"""
