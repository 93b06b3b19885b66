"""Screening: all close approaches of pairs of satellites.

question.py   what is asked for, checked
propose.py    candidates: pairs that may come close, from states at knots
instants.py   instants of sign changes, from a bracket
ranges.py     exact ranges of pairs, which decide
stays.py      stays below the threshold, of pairs that may stay long
decide.py     from candidates to conjunctions and companions
table.py      both tables
parts.py      the events of a part of the window
contents.py   the plan of a directory, for dataset/
directory.py  write a directory
result.py     what was found; open a directory
run.py        the function `screen`
"""

from .result import Screened, ScreenedDirectory, open_screening
from .run import screen

__all__ = ["Screened", "ScreenedDirectory", "open_screening", "screen"]
