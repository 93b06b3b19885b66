"""The options of `gpuprop access`.

Help needs this module, so it imports neither numpy nor pyarrow.
"""

from dataclasses import dataclass, field
from typing import Annotated

from cyclopts import Parameter

from .options import FILES, STATES
from .shared_options import (
    TOGETHER,
    DirectoryOptions,
    EarthOrientationFile,
    EngineOptions,
    MessageOptions,
    SatelliteOptions,
    SiteDark,
    SiteFiles,
    SiteTexts,
    SunlitPasses,
    Timestamp,
    WindowOptions,
)


@dataclass(frozen=True)
class AccessOptions:
    """The options of `gpuprop access`, in the order in which help lists them."""

    output: Annotated[
        str | None,
        Parameter(
            name=["--output", "-o"],
            help="The file to write (.parquet, .arrow or .csv). A name without a suffix is a "
            "directory of parts by the time of rise; it may be a URL in an object store.",
            group=FILES,
        ),
    ] = None
    site: SiteTexts = None
    sites: SiteFiles = None
    min_elevation: Annotated[
        float,
        Parameter(help="Minimum elevation, deg, from 0 to below 90.", group=STATES),
    ] = 10.0
    min_duration: Annotated[
        str, Parameter(help="Shortest pass: 0s, 90s, 5min ...", group=STATES)
    ] = "0s"
    sunlit: SunlitPasses = False
    site_dark: SiteDark = None
    timestamp: Timestamp = "ns"
    window: Annotated[WindowOptions, TOGETHER] = field(default_factory=WindowOptions)
    satellites: Annotated[SatelliteOptions, TOGETHER] = field(default_factory=SatelliteOptions)
    eop: EarthOrientationFile = None
    run: Annotated[EngineOptions, TOGETHER] = field(default_factory=EngineOptions)
    directory: Annotated[DirectoryOptions, TOGETHER] = field(default_factory=DirectoryOptions)
    messages: Annotated[MessageOptions, TOGETHER] = field(default_factory=MessageOptions)
