"""The options of `gpuprop propagate`.

Help needs this module, so it imports neither numpy nor pyarrow.
"""

from dataclasses import dataclass, field
from typing import Annotated

from cyclopts import Parameter, default_name_transform

from ..snapshots.options import SnapshotOptions
from .options import FILES, RUN, STATES, flag
from .shared_options import (
    TOGETHER,
    EarthOrientationFile,
    EngineOptions,
    InstantOptions,
    MessageOptions,
    PrecisionName,
    SatelliteOptions,
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
    instants: Annotated[InstantOptions, TOGETHER] = field(default_factory=InstantOptions)
    satellites: Annotated[SatelliteOptions, TOGETHER] = field(default_factory=SatelliteOptions)
    snapshots: Annotated[
        SnapshotOptions,
        Parameter(name="*", group=STATES, show_default=_shown, name_transform=_option_name),
    ] = field(default_factory=SnapshotOptions)
    eop: EarthOrientationFile = None
    precision: PrecisionName = "exact"
    run: Annotated[EngineOptions, TOGETHER] = field(default_factory=EngineOptions)
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
    messages: Annotated[MessageOptions, TOGETHER] = field(default_factory=MessageOptions)
