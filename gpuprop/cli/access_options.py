"""The options of `gpuprop access`.

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
class AccessOptions:
    """The options of `gpuprop access`, in the order in which help lists them."""

    output: Annotated[
        str | None,
        Parameter(
            name=["--output", "-o"],
            help="The file to write (.parquet, .arrow or .csv); without a suffix a directory of "
            "parts by the time of rise, or its URL in an object store.",
            group=FILES,
        ),
    ] = None
    site: Annotated[
        list[str] | None,
        Parameter(
            name="--site",
            negative="",
            help="A site: name, geodetic latitude and longitude (deg), height above WGS-84 (km): "
            "'Brasilia,-15.79,-47.88,1.17'. Repeated: all of them.",
            group=STATES,
        ),
    ] = None
    sites: Annotated[
        list[str] | None,
        Parameter(
            name="--sites",
            negative="",
            help="A CSV of sites with the columns name, lat, lon, height_km. Repeated: all.",
            group=STATES,
        ),
    ] = None
    min_elevation: Annotated[
        float,
        Parameter(help="Least elevation, deg, from 0 up to, not including, 90.", group=STATES),
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
    start: Annotated[
        str | None,
        Parameter(
            help="First instant, UTC unless --scale is given [default: median epoch of the input, "
            "rounded up to the minute].",
            group=INSTANTS,
        ),
    ] = None
    stop: Annotated[
        str | None, Parameter(help="End of the window, not included.", group=INSTANTS)
    ] = None
    duration: Annotated[
        str | None,
        Parameter(
            help="Length of time from --start, in place of --stop [default: 1d].", group=INSTANTS
        ),
    ] = None
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
    overwrite: Annotated[bool, flag("Replace the passes that the directory holds.", FILES)] = False
    resume: Annotated[
        bool,
        flag(
            "Continue an interrupted run into a directory; complete parts are kept. Without a "
            "run, begin one.",
            FILES,
        ),
    ] = False
    cluster: Annotated[
        str | None,
        Parameter(
            help="Let a Dask cluster write the parts of a directory: its scheduler "
            "(tcp://host:8786), or local:4 for four processes here.",
            group=RUN,
        ),
    ] = None
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
