"""Instants and durations: integer nanoseconds of UTC in days of 86,400 s, never a float.

units.py       seconds, days, Julian dates; numpy's arrays of times, converted exactly
durations.py   text and values of every library -> nanoseconds
instants.py    ISO 8601 text <-> nanoseconds since 1970
scales.py      TAI, TT and GPS time -> UTC
values.py      instants of pandas, Polars, pyarrow, xarray, astropy and Skyfield -> nanoseconds
times.py       Times: a grid, or a list of instants
"""
