"""The options of `gpuprop view`.

Help needs this module, so it imports neither numpy nor pyarrow.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ..literals import Scale
from .options import FILES, INSTANTS, MESSAGES, STATES, Json, flag
from .shared_options import (
    TOGETHER,
    EarthOrientationFile,
    EngineOptions,
    SatelliteOptions,
    SiteFiles,
    SiteTexts,
)


@dataclass(frozen=True)
class ViewOptions:
    """The options of `gpuprop view`, in the order in which help lists them."""

    output: Annotated[
        Path | None,
        Parameter(
            name=["--output", "-o"],
            help="The HTML file to write; an existing file is replaced.",
            group=FILES,
        ),
    ] = None
    start: Annotated[
        str | None,
        Parameter(
            help="First instant, UTC [default: median epoch of the input, rounded up to the "
            "minute].",
            group=INSTANTS,
        ),
    ] = None
    stop: Annotated[str | None, Parameter(help="Last instant, UTC.", group=INSTANTS)] = None
    duration: Annotated[
        str | None,
        Parameter(
            help="Length of time from --start, in place of --stop [default: 90min, or less if the "
            "page would be larger than --max-size].",
            group=INSTANTS,
        ),
    ] = None
    scale: Annotated[Scale, Parameter(help="Time scale of --start and --stop.", group=INSTANTS)] = (
        "utc"
    )
    coverage: Annotated[
        Path | None,
        Parameter(help="A table of cells of gpuprop coverage, drawn on the Earth.", group=STATES),
    ] = None
    site: SiteTexts = None
    sites: SiteFiles = None
    min_elevation: Annotated[
        float, Parameter(help="Minimum elevation for sites, deg.", group=STATES)
    ] = 25.0
    title: Annotated[
        str | None, Parameter(help="Title of the page [default: the SOURCEs].", group=FILES)
    ] = None
    max_size: Annotated[
        str, Parameter(help="Largest size of the file: 15MB, 800kB ...", group=FILES)
    ] = "15MB"
    open: Annotated[bool, flag("Open the file in the browser.", FILES)] = False
    satellites: Annotated[SatelliteOptions, TOGETHER] = field(default_factory=SatelliteOptions)
    eop: EarthOrientationFile = None
    run: Annotated[EngineOptions, TOGETHER] = field(default_factory=EngineOptions)
    json: Json = False
    quiet: Annotated[bool, flag("Print nothing but errors on stderr.", MESSAGES)] = False
