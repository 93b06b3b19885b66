"""The options of `gpuprop propagate`.

Help needs this module, so it imports neither numpy nor pyarrow.
"""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from cyclopts import Parameter, default_name_transform

from ..literals import OpsMode, Scale
from ..snapshots.options import SnapshotOptions
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


def _shown(default: object) -> object:
    """Return the default of an option as help shows it; a flag that is off shows none."""
    return None if default is False else default


def _option_name(field: str) -> str:
    """Return the option of a field of SnapshotOptions: --timestamp is shorter than its unit."""
    return "timestamp" if field == "timestamp_unit" else default_name_transform(field)


@dataclass(frozen=True)
class PropagateOptions:
    """The options of `gpuprop propagate`, in the order in which help lists them."""

    output: Annotated[
        str | None,
        Parameter(
            name=["--output", "-o"],
            help="The directory to write, or its URL in an object store (s3://bucket/out).",
            group=FILES,
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
        str | None, Parameter(help="End of the instants, not included.", group=INSTANTS)
    ] = None
    duration: Annotated[
        str | None,
        Parameter(
            help="Length of time from --start, in place of --stop [default: 1d].", group=INSTANTS
        ),
    ] = None
    step: Annotated[
        str, Parameter(help="Time between instants: 60s, 1min, 100ms ...", group=INSTANTS)
    ] = "60s"
    scale: Annotated[
        Scale,
        Parameter(help="Time scale of --start and --stop; files are in UTC.", group=INSTANTS),
    ] = "utc"
    epoch: Epoch = None
    first_id: FirstId = None
    snapshots: Annotated[
        SnapshotOptions,
        Parameter(name="*", group=STATES, show_default=_shown, name_transform=_option_name),
    ] = field(default_factory=SnapshotOptions)
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
    overwrite: Annotated[bool, flag("Replace the snapshots that the directory holds.", FILES)] = (
        False
    )
    resume: Annotated[
        bool,
        flag(
            "Continue an interrupted run; complete parts are kept. Without a run, begin one.", FILES
        ),
    ] = False
    shard: Annotated[
        str | None,
        Parameter(
            name="--shard",
            help="I/N: write one of N shares in parallel; the last one to finish merges them.",
            group=FILES,
        ),
    ] = None
    cluster: Annotated[
        str | None,
        Parameter(
            help="Let a Dask cluster write the parts: its scheduler (tcp://host:8786), or "
            "local:4 for four processes here.",
            group=RUN,
        ),
    ] = None
    dry_run: Annotated[bool, flag("Only print how much would be written.", RUN)] = False
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
