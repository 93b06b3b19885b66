"""Access: rise, culmination and set of every satellite over every site.

question.py   what is asked for, checked
exact.py      exact states, which decide
cells.py      events in cells of absolute time: the definition
estimates.py  the cells in which events may be
decide.py     from candidates to instants of events
search.py     the search of a window, block by block
groups.py     sites in groups, so that memory is bounded
table.py      the table of passes
passes.py     the passes that rise in a span of time
contents.py   the plan of a directory of passes, for dataset/
directory.py  write a directory of passes, and open it
run.py        the function `access`
in_view.py    the function `visible`: the satellites in view at one instant
"""

from .directory import PassesDirectory, open_passes
from .in_view import visible
from .run import access

__all__ = ["PassesDirectory", "access", "open_passes", "visible"]
