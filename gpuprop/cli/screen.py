"""`gpuprop screen`: its call; screen_run.py does the work.

Help needs this module, so it imports neither numpy nor pyarrow.
"""

from typing import Annotated

from cyclopts import Parameter

from ..errors import UsageError
from .screen_options import ScreenOptions

DEFAULTS = ScreenOptions()


def screen(
    *sources: Annotated[
        str,
        Parameter(
            name="SOURCE",
            help="Catalogues, constellations and shells, as for propagate; joined.",
        ),
    ],
    options: Annotated[ScreenOptions, Parameter(name="*")] = DEFAULTS,
) -> int:
    """Run `gpuprop screen`."""
    if not sources:
        raise UsageError(
            "SOURCE is missing: name a catalogue file, a constellation (gpuprop constellations) "
            "or walker:53:1584/72/39@550"
        )
    if options.output is None:
        raise UsageError("-o is missing: name the directory, or the file (.parquet, .arrow, .csv)")
    from .screen_run import run_screen  # numpy, pyarrow, the engines: not for help

    return run_screen(sources, options)
