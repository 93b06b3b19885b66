"""`gpuprop coverage`: its call; coverage_run.py does the work.

Help needs this module, so it imports neither numpy nor pyarrow.
"""

from typing import Annotated

from cyclopts import Parameter

from ..errors import UsageError
from .coverage_options import CoverageOptions

DEFAULTS = CoverageOptions()


def coverage(
    *sources: Annotated[
        str,
        Parameter(
            name="SOURCE",
            help="Catalogues, constellations and shells, as for propagate; joined.",
        ),
    ],
    options: Annotated[CoverageOptions, Parameter(name="*")] = DEFAULTS,
) -> int:
    """Run `gpuprop coverage`."""
    if not sources:
        raise UsageError(
            "SOURCE is missing: name a catalogue file or a constellation (gpuprop constellations)"
        )
    if options.output is None:
        raise UsageError("-o FILE is missing: name the table to write, such as coverage.parquet")
    from .coverage_run import run_coverage  # numpy, pyarrow, the engines: not for help

    return run_coverage(sources, options)
