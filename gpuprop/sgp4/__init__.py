"""SGP4 and SDP4 in numpy: the twin of kernels/.

Each formula is written once here and once in kernels/, with the same names and the same order of
operations, so that both give the same bits.

gravity.py, model.py             gravity models; the input of every engine
constants.py                     results of the initialisation, sorted by regime
trig.py                          sine, cosine, atan2 and cube root from basic operations
initialise.py                    mean elements -> constants
near_earth.py, deep_space.py     constants and minutes since epoch -> mean elements at an instant
lunar_solar.py, resonance.py     what deep space adds
orbit.py                         mean elements -> position and velocity
earth_rotation.py                TEME -> Earth-fixed from tabulated Earth orientation, for pairs
frames.py, look_angles.py        TEME -> Earth-fixed and geodetic; azimuth, elevation, range
"""
