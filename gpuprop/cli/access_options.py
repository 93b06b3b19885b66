"""The options of `gpuprop access`.

Help needs this module, so it imports neither numpy nor pyarrow.
"""

from dataclasses import dataclass, field
from typing import Annotated

from cyclopts import Parameter

from .options import FILES, STATES, flag
from .shared_options import (
    TOGETHER,
    DirectoryOptions,
    EarthOrientationFile,
    EngineOptions,
    MessageOptions,
    SatelliteOptions,
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
    site: Annotated[
        list[str] | None,
        Parameter(
            name="--site",
            negative="",
            help="A site: name, geodetic latitude and longitude (deg, south and west "
            "negative), height above WGS-84 (km): "
            "'Brasilia,-15.79,-47.88,1.17'. Repeated: all of them.",
            group=STATES,
        ),
    ] = None
    sites: Annotated[
        list[str] | None,
        Parameter(
            name="--sites",
            negative="",
            help="A CSV file of sites with the columns name, lat, lon, height_km. Repeated: all.",
            group=STATES,
        ),
    ] = None
    min_elevation: Annotated[
        float,
        Parameter(help="Minimum elevation, deg, from 0 to below 90.", group=STATES),
    ] = 10.0
    min_duration: Annotated[
        str, Parameter(help="Shortest pass: 0s, 90s, 5min ...", group=STATES)
    ] = "0s"
    sunlit: Annotated[
        bool, flag("Keep passes with the satellite in sunlight at culmination.", STATES)
    ] = False
    site_dark: Annotated[
        float | None,
        Parameter(
            help="Keep passes with the Sun below this elevation at the site at culmination, deg: "
            "-6, -12 and -18 end civil, nautical and astronomical twilight.",
            group=STATES,
        ),
    ] = None
    timestamp: Timestamp = "ns"
    window: Annotated[WindowOptions, TOGETHER] = field(default_factory=WindowOptions)
    satellites: Annotated[SatelliteOptions, TOGETHER] = field(default_factory=SatelliteOptions)
    eop: EarthOrientationFile = None
    run: Annotated[EngineOptions, TOGETHER] = field(default_factory=EngineOptions)
    directory: Annotated[DirectoryOptions, TOGETHER] = field(default_factory=DirectoryOptions)
    messages: Annotated[MessageOptions, TOGETHER] = field(default_factory=MessageOptions)
