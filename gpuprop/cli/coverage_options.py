"""The options of `gpuprop coverage`.

Help needs this module, so it imports neither numpy nor pyarrow.
"""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from cyclopts import Parameter

from .options import FILES, INSTANTS, STATES
from .shared_options import (
    TOGETHER,
    EarthOrientationFile,
    EngineOptions,
    InstantOptions,
    MessageOptions,
    SatelliteOptions,
)


@dataclass(frozen=True)
class CoverageInstants(InstantOptions):
    """Instants at equal steps, half a minute by default."""

    step: Annotated[
        str,
        Parameter(
            help="Time between instants: 30s, 1min ... Gaps are multiples of it.", group=INSTANTS
        ),
    ] = "30s"


@dataclass(frozen=True)
class CoverageOptions:
    """The options of `gpuprop coverage`, in the order in which help lists them."""

    output: Annotated[
        str | None,
        Parameter(
            name=["--output", "-o"],
            help="The table of cells to write: .parquet, .arrow or .csv. The tables by latitude "
            "and by region are written beside it: FILE.by_latitude.parquet, "
            "FILE.by_region.parquet. Existing files are replaced.",
            group=FILES,
        ),
    ] = None
    map: Annotated[
        str | None,
        Parameter(
            help="A picture to write, .png, .svg or .pdf: the world map and the profile by "
            "latitude. With --by: a map for each of the eight with the most satellites. "
            "Needs matplotlib: pip install 'gpuprop[plot]'.",
            group=FILES,
        ),
    ] = None
    map_column: Annotated[
        str,
        Parameter(
            help="The column of the table that the map shows: visible_mean, covered ...",
            group=FILES,
        ),
    ] = "visible_mean"
    grid: Annotated[
        str,
        Parameter(
            help="1deg: cells of latitude and longitude, of any size that divides 180 degrees. "
            "h3:4: cells of that resolution of h3. FILE.csv: points, with the columns name, lat, "
            "lon and height_km.",
            group=STATES,
        ),
    ] = "1deg"
    region: Annotated[
        list[str] | None,
        Parameter(
            negative="",
            help="Countries by ISO 3166-1 alpha-3 code, such as BRA,KAZ: print the means of each. "
            "Borders are those of Natural Earth.",
            group=STATES,
        ),
    ] = None
    by: Annotated[
        Literal["operator", "source"] | None,
        Parameter(
            help="Count the satellites of each operator or of each SOURCE separately, and all "
            "together.",
            group=STATES,
        ),
    ] = None
    min_elevation: Annotated[
        float,
        Parameter(
            help="Minimum elevation, deg, from 0 to below 90: above the horizontal plane of the "
            "WGS-84 ellipsoid, without refraction.",
            group=STATES,
        ),
    ] = 25.0
    instants: Annotated[CoverageInstants, TOGETHER] = field(default_factory=CoverageInstants)
    satellites: Annotated[SatelliteOptions, TOGETHER] = field(default_factory=SatelliteOptions)
    eop: EarthOrientationFile = None
    run: Annotated[EngineOptions, TOGETHER] = field(default_factory=EngineOptions)
    messages: Annotated[MessageOptions, TOGETHER] = field(default_factory=MessageOptions)
