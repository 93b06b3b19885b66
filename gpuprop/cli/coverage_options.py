"""The options of `gpuprop coverage`.

Help needs this module, so it imports neither numpy nor pyarrow.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from cyclopts import Parameter

from ..literals import OpsMode, Scale
from .options import (
    FILES,
    INSTANTS,
    MESSAGES,
    RUN,
    STATES,
    Checksum,
    Epoch,
    FirstId,
    Json,
    Latest,
    OnError,
    Select,
    Where,
    flag,
)


@dataclass(frozen=True)
class CoverageOptions:
    """The options of `gpuprop coverage`, in the order in which help lists them."""

    output: Annotated[
        str | None,
        Parameter(
            name=["--output", "-o"],
            help="The table of cells to write: .parquet, .arrow or .csv. Those by latitude and by "
            "region lie beside it: coverage.by_latitude.parquet, coverage.by_region.parquet. "
            "Existing files are replaced.",
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
        Parameter(help="The column that the map shows: visible_mean, covered ...", group=FILES),
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
            help="Countries by ISO 3166-1 alpha-3 code, BRA,KAZ: their means are printed. Borders: "
            "Natural Earth.",
            group=STATES,
        ),
    ] = None
    by: Annotated[
        Literal["operator", "source"] | None,
        Parameter(
            help="Count the satellites of each operator, or of each SOURCE, apart and together.",
            group=STATES,
        ),
    ] = None
    min_elevation: Annotated[
        float,
        Parameter(
            help="Least elevation, deg, from 0 to below 90: above the horizontal plane of the "
            "WGS-84 ellipsoid, without refraction.",
            group=STATES,
        ),
    ] = 25.0
    start: Annotated[
        str | None,
        Parameter(
            help="First instant, UTC unless --scale is given [default: median epoch of the input, "
            "rounded up to the minute].",
            group=INSTANTS,
        ),
    ] = None
    stop: Annotated[
        str | None, Parameter(help="End of the instants, not included.", group=INSTANTS)
    ] = None
    duration: Annotated[
        str | None,
        Parameter(
            help="Length of time from --start, in place of --stop [default: 1d].", group=INSTANTS
        ),
    ] = None
    step: Annotated[
        str,
        Parameter(
            help="Time between instants: 30s, 1min ... Gaps are multiples of it.", group=INSTANTS
        ),
    ] = "30s"
    scale: Annotated[
        Scale,
        Parameter(help="Time scale of --start and --stop; files are in UTC.", group=INSTANTS),
    ] = "utc"
    epoch: Epoch = None
    first_id: FirstId = None
    eop: Annotated[
        str | None,
        Parameter(
            help="Earth orientation: a finals2000A or EOP C04 file, or none (UT1 = UTC) [default: "
            "that of astropy-iers-data].",
            group=STATES,
        ),
    ] = None
    select: Select = None
    where: Where = None
    latest: Latest = False
    engine: Annotated[
        str | None,
        Parameter(
            help="auto, cuda (cuda:1: the second GPU), cpu or numpy [default: $GPUPROP_ENGINE, "
            "else auto].",
            group=RUN,
        ),
    ] = None
    threads: Annotated[
        int | None, Parameter(help="Cores to use, one or more [default: all].", group=RUN)
    ] = None
    gravity: Annotated[
        Literal["wgs72", "wgs72old", "wgs84"], Parameter(help="Gravity model.", group=STATES)
    ] = "wgs72"
    opsmode: Annotated[
        OpsMode, Parameter(help="SGP4's mode: i (improved) or a (as AFSPC).", group=STATES)
    ] = "i"
    on_error: OnError = "raise"
    checksum: Checksum = "verify"
    json: Json = False
    verbose: Annotated[
        bool,
        flag(
            "Print all notes on the satellites: sources, assumptions, selections.",
            MESSAGES,
            ["--verbose", "-v"],
        ),
    ] = False
    quiet: Annotated[bool, flag("Print nothing but errors on stderr.", MESSAGES)] = False
