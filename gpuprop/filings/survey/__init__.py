"""What is up there, told from element sets alone: shells, their planes, who is on the way, and how
much of a filing is filled.

```
orbits.py      element sets -> altitude, inclination, node at one epoch, rate of altitude
planes.py      nodes on a circle -> planes
survey.py      satellites -> shells; raising, decaying and drifting ones apart
against.py     shells filed against shells flown
```
"""

from .against import Comparison, Filling, filling, fitting_better
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
