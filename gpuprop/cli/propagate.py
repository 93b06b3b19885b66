"""`gpuprop propagate`: its call; propagate_run.py does the work.

Help needs this module, so it imports neither numpy nor pyarrow.
"""

from typing import Annotated

from cyclopts import Parameter

from ..errors import UsageError
from .propagate_options import PropagateOptions

DEFAULTS = PropagateOptions()


def propagate(
    *sources: Annotated[
        str,
        Parameter(
            name="SOURCE",
            help="Catalogues, constellations and shells (guowang, honghu-3@550/53, starlink-g1-s1, "
            "my.toml), walker:53:1584/72/39@550.",
        ),
    ],
    options: Annotated[PropagateOptions, Parameter(name="*")] = DEFAULTS,
) -> int:
    """Run `gpuprop propagate`."""
    if not sources:
        raise UsageError(
            "SOURCE is missing: name a catalogue file, a constellation (gpuprop constellations) "
            "or walker:53:1584/72/39@550"
        )
    if options.output is None and not options.dry_run:
        raise UsageError("-o DIR is missing: name the directory to write, or give --dry-run")
    from .propagate_run import run_propagate  # numpy, pyarrow, the engines: not for help

    return run_propagate(sources, options)
