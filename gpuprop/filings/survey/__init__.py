"""The shells that satellites occupy, found from element sets alone.

orbits.py       element sets -> altitude, inclination, node at one epoch, rate of altitude
planes.py       nodes on a circle -> orbital planes
survey.py       satellites -> shells, and which satellites are raising, decaying or drifting
comparison.py   how much of a filing is filled
report.py       both, as tables and as JSON
"""

from .comparison import Comparison, Filling, filling, fitting_better
from .planes import Planes
from .survey import STATES, Between, FlownShell, Survey, shells

__all__ = [
    "STATES",
    "Between",
    "Comparison",
    "Filling",
    "FlownShell",
    "Planes",
    "Survey",
    "filling",
    "fitting_better",
    "shells",
]
