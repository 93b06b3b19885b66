"""`gpuprop view`: its call; view_run.py does the work.

Help needs this module, so it imports neither numpy nor pyarrow.
"""

from typing import Annotated

from cyclopts import Parameter

from ..errors import UsageError
from .view_options import ViewOptions

DEFAULTS = ViewOptions()


def view(
    *sources: Annotated[
        str,
        Parameter(
            name="SOURCE",
            help="Catalogues or constellations, as for propagate; or one directory of snapshots.",
        ),
    ],
    options: Annotated[ViewOptions, Parameter(name="*")] = DEFAULTS,
) -> int:
    """Run `gpuprop view`."""
    if not sources:
        raise UsageError("SOURCE is missing: name a catalogue, a constellation or a directory")
    if options.output is None:
        raise UsageError("-o FILE is missing: name the HTML file to write, such as globe.html")
    from .view_run import run_view  # numpy, pyarrow, the engines: not for help

    return run_view(sources, options.output, options)
