"""The options of `gpuprop screen`.

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
class ScreenOptions:
    """The options of `gpuprop screen`, in the order in which help lists them."""

    output: Annotated[
        str | None,
        Parameter(
            name=["--output", "-o"],
            help="The directory of parts to write, or its URL in an object store; with a suffix "
            "(.parquet, .arrow, .csv) the file of the conjunctions, and beside it that of the "
            "companions (FILE.companions.parquet).",
            group=FILES,
        ),
    ] = None
    threshold: Annotated[
        str,
        Parameter(help="Report approaches below this range: 10m to 100km.", group=STATES),
    ] = "5km"
    primaries: Annotated[
        list[str] | None,
        Parameter(
            name="--primaries",
            negative="",
            help="Screen these against all, in place of all against all: a name ('STARLINK*'), a "
            "catalogue number or an operator (@guowang). Repeated: any of them.",
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
    overwrite: Annotated[bool, flag("Replace the screening that the directory holds.", FILES)] = (
        False
    )
    resume: Annotated[
        bool,
        flag(
            "Continue an interrupted run into a directory; complete files are kept. Without a "
            "run, begin one.",
            FILES,
        ),
    ] = False
    shard: Annotated[
        str | None,
        Parameter(
            name="--shard",
            help="I/N: write one of N shares of a directory in parallel; the last one to finish "
            "merges them.",
            group=FILES,
        ),
    ] = None
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
