"""The options of `gpuprop screen`.

Help needs this module, so it imports neither numpy nor pyarrow.
"""

from dataclasses import dataclass, field
from typing import Annotated

from cyclopts import Parameter

from .options import FILES, STATES
from .shared_options import (
    TOGETHER,
    DirectoryOptions,
    EngineOptions,
    MessageOptions,
    SatelliteOptions,
    Timestamp,
    WindowOptions,
)


@dataclass(frozen=True)
class ScreenOptions:
    """The options of `gpuprop screen`, in the order in which help lists them."""

    output: Annotated[
        str | None,
        Parameter(
            name=["--output", "-o"],
            help="The directory of parts to write, or its URL in an object store. A name with a "
            "suffix (.parquet, .arrow, .csv) is the file of the conjunctions; the companions are "
            "written beside it (FILE.companions.parquet).",
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
            help="Screen these satellites against all, instead of all against all: a name "
            "('STARLINK*'), a catalogue number or an operator (@guowang). Repeated: any of them.",
            group=STATES,
        ),
    ] = None
    timestamp: Timestamp = "ns"
    window: Annotated[WindowOptions, TOGETHER] = field(default_factory=WindowOptions)
    satellites: Annotated[SatelliteOptions, TOGETHER] = field(default_factory=SatelliteOptions)
    run: Annotated[EngineOptions, TOGETHER] = field(default_factory=EngineOptions)
    directory: Annotated[DirectoryOptions, TOGETHER] = field(default_factory=DirectoryOptions)
    shard: Annotated[
        str | None,
        Parameter(
            name="--shard",
            help="I/N: write one of N shares of a directory in parallel; the last one to finish "
            "merges them.",
            group=FILES,
        ),
    ] = None
    messages: Annotated[MessageOptions, TOGETHER] = field(default_factory=MessageOptions)
