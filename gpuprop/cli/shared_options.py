"""The options that the commands which compute states share, in the order in which help lists them.

Help needs this module, so it imports neither numpy nor pyarrow.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from cyclopts import Parameter

from ..literals import OpsMode, Precision, Scale, TimestampUnit
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

TOGETHER = Parameter(name="*")  # for a field that holds options

EarthOrientationFile = Annotated[
    str | None,
    Parameter(
        name="--eop",
        help="Earth orientation: a finals2000A or EOP C04 file, or none (UT1 = UTC) [default: "
        "that of astropy-iers-data].",
        group=STATES,
    ),
]

PrecisionName = Annotated[
    Precision,
    Parameter(
        name="--precision",
        help="exact, or mixed: faster on cpu (with FMA) and cuda, positions at most 1 m off within "
        "7 days of epoch.",
        group=STATES,
    ),
]

Start = Annotated[
    str | None,
    Parameter(
        help="First instant, UTC unless --scale is given. 2026-07-24T18:00-04:00 is local time, "
        "4 h behind UTC [default: median epoch of the input, rounded up to the minute].",
        group=INSTANTS,
    ),
]

Duration = Annotated[
    str | None,
    Parameter(
        help="Length of time from --start, in place of --stop [default: 1d].", group=INSTANTS
    ),
]

TimeScale = Annotated[
    Scale, Parameter(help="Time scale of --start and --stop; files are in UTC.", group=INSTANTS)
]

SiteTexts = Annotated[
    list[str] | None,
    Parameter(
        name="--site",
        negative="",
        help="A site: name, geodetic latitude and longitude (deg, south and west "
        "negative), height above WGS-84 (km): "
        "'Brasilia,-15.79,-47.88,1.17'. Repeated: all of them.",
        group=STATES,
    ),
]

SiteFiles = Annotated[
    list[str] | None,
    Parameter(
        name="--sites",
        negative="",
        help="A CSV file of sites with the columns name, lat, lon, height_km. Repeated: all.",
        group=STATES,
    ),
]

SunlitPasses = Annotated[
    bool, flag("Keep passes with the satellite in sunlight at culmination.", STATES)
]

SiteDark = Annotated[
    float | None,
    Parameter(
        name="--site-dark",
        help="Keep passes with the Sun below this elevation at the site at culmination, deg: "
        "-6, -12 and -18 end civil, nautical and astronomical twilight.",
        group=STATES,
    ),
]


@dataclass(frozen=True)
class SatelliteOptions:
    """Which element sets are read, and which of them are kept."""

    epoch: Epoch = None
    first_id: FirstId = None
    select: Select = None
    where: Where = None
    latest: Latest = False
    on_error: OnError = "raise"
    checksum: Checksum = "verify"


@dataclass(frozen=True)
class WindowOptions:
    """A span of time without steps."""

    start: Start = None
    stop: Annotated[
        str | None, Parameter(help="End of the window, not included.", group=INSTANTS)
    ] = None
    duration: Duration = None
    scale: TimeScale = "utc"


@dataclass(frozen=True)
class InstantOptions:
    """Instants at equal steps."""

    start: Start = None
    stop: Annotated[
        str | None, Parameter(help="End of the instants, not included.", group=INSTANTS)
    ] = None
    duration: Duration = None
    step: Annotated[
        str, Parameter(help="Time between instants: 60s, 1min, 100ms ...", group=INSTANTS)
    ] = "60s"
    scale: TimeScale = "utc"


@dataclass(frozen=True)
class EngineOptions:
    """The engine, and the model that it computes."""

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


Timestamp = Annotated[
    TimestampUnit,
    Parameter(
        help="Unit of instants in files: ns, or us for Spark, which reads no other. Nothing is "
        "lost, because events are whole microseconds.",
        group=FILES,
    ),
]


@dataclass(frozen=True)
class DirectoryOptions:
    """How the parts of a directory of answers are written."""

    overwrite: Annotated[bool, flag("Replace what the directory holds.", FILES)] = False
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


@dataclass(frozen=True)
class MessageOptions:
    """What is printed."""

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
