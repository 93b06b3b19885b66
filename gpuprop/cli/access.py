"""`gpuprop access`: its call; access_run.py does the work.

Help needs this module, so it imports neither numpy nor pyarrow.
"""

from typing import Annotated

from cyclopts import Parameter

from ..errors import UsageError
from .access_options import AccessOptions

DEFAULTS = AccessOptions()


def access(
    *sources: Annotated[
        str,
        Parameter(
            name="SOURCE",
            help="Catalogues, constellations and shells, as for propagate; joined.",
        ),
    ],
    options: Annotated[AccessOptions, Parameter(name="*")] = DEFAULTS,
) -> int:
    """Run `gpuprop access`."""
    if not sources:
        raise UsageError(
            "SOURCE is missing: name a catalogue file, a constellation (gpuprop constellations) "
            "or walker:53:1584/72/39@550"
        )
    if not options.site and not options.sites:
        raise UsageError(
            "there is no site: give --site 'Brasilia,-15.79,-47.88,1.17' or --sites FILE.csv"
        )
    if options.output is None:
        raise UsageError("-o is missing: name the file (.parquet, .arrow, .csv) or the directory")
    from .access_run import run_access  # numpy, pyarrow, the engines: not for help

    return run_access(sources, options)
