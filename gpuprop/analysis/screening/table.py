"""The two tables of a screening: conjunctions and companions."""

import numpy as np
import pyarrow as pa

from ...propagator import Propagator
from ...typing import Array, Bits
from ..events import MICROSECOND
from ..tables import UTC, field
from .decide import Companions, Events
from .ranges import Pairs

DAY_NS = 86_400e9
ROWS_AT_ONCE = 1 << 16


def _satellite(number: int) -> list[pa.Field]:
    return [
        field(f"NORAD_CAT_ID_{number}", pa.int32()),
        field(f"OBJECT_NAME_{number}", pa.string()),
    ]


def _age(number: int) -> pa.Field:
    return field(f"DSE_{number}", pa.float64(), "d", meaning="days since epoch at TCA")


_POSITION = dict(frame="of the first: radial, in-track, cross-track", of="the second")
CONJUNCTIONS = pa.schema(
    [
        *_satellite(1),
        _age(1),
        *_satellite(2),
        _age(2),
        field("TCA", UTC, meaning="time of closest approach"),
        field("TCA_RANGE", pa.float64(), "km"),
        field("TCA_RELATIVE_SPEED", pa.float64(), "km/s"),
        field("RADIAL", pa.float64(), "km", **_POSITION),
        field("IN_TRACK", pa.float64(), "km", **_POSITION),
        field("CROSS_TRACK", pa.float64(), "km", **_POSITION),
        field("AT_EDGE", pa.bool_(), meaning="the least range lies at an end of the window"),
    ]
)
COMPANIONS = pa.schema(
    [
        *_satellite(1),
        *_satellite(2),
        field("ENTER", UTC, meaning="first instant below the threshold"),
        field("LEAVE", UTC, meaning="first instant that is not below it any more"),
        field("TCA", UTC, meaning="time of the least range of the stay"),
        field("TCA_RANGE", pa.float64(), "km"),
        field("TCA_RELATIVE_SPEED", pa.float64(), "km/s"),
        field("MINIMA", pa.int64(), meaning="least ranges in the stay"),
        field("ENTER_CUT", pa.bool_(), meaning="the window begins within the stay"),
        field("LEAVE_CUT", pa.bool_(), meaning="the window ends within the stay"),
    ]
)


def _times(us: Bits) -> pa.Array:
    return pa.array(us * MICROSECOND, pa.int64()).cast(UTC)


def _identity(propagator: Propagator, satellites: Bits, number: int) -> dict[str, object]:
    elements = propagator.elements
    return {
        f"NORAD_CAT_ID_{number}": elements.sat_id[satellites],
        f"OBJECT_NAME_{number}": pa.array(elements.name[satellites].tolist(), pa.string()),
    }


def _days(propagator: Propagator, satellites: Bits, us: Bits) -> Array:
    epoch = propagator.elements.epoch[satellites].view(np.int64)
    return np.asarray((us * MICROSECOND - epoch) / DAY_NS)


def conjunction_table(propagator: Propagator, events: Events) -> pa.Table:
    """Make the table of conjunctions, in the order of the events."""
    pieces = [CONJUNCTIONS.empty_table()]
    for begin in range(0, len(events.tca), ROWS_AT_ONCE):
        some = events.at(slice(begin, begin + ROWS_AT_ONCE))
        near = Pairs(propagator, some.first, some.second).geometry(
            np.arange(len(some.tca)), some.tca
        )
        pieces.append(
            pa.table(
                {
                    **_identity(propagator, some.first, 1),
                    "DSE_1": _days(propagator, some.first, some.tca),
                    **_identity(propagator, some.second, 2),
                    "DSE_2": _days(propagator, some.second, some.tca),
                    "TCA": _times(some.tca),
                    "TCA_RANGE": near.range,
                    "TCA_RELATIVE_SPEED": near.speed,
                    "RADIAL": near.radial,
                    "IN_TRACK": near.in_track,
                    "CROSS_TRACK": near.cross_track,
                    "AT_EDGE": some.at_edge,
                },
                schema=CONJUNCTIONS,
            )
        )
    return pa.concat_tables(pieces).combine_chunks()


def companion_table(propagator: Propagator, companions: Companions) -> pa.Table:
    """Make the table of companions, in their order."""
    near = Pairs(propagator, companions.first, companions.second).geometry(
        np.arange(len(companions.tca)), companions.tca
    )
    return pa.table(
        {
            **_identity(propagator, companions.first, 1),
            **_identity(propagator, companions.second, 2),
            "ENTER": _times(companions.enter),
            "LEAVE": _times(companions.leave),
            "TCA": _times(companions.tca),
            "TCA_RANGE": near.range,
            "TCA_RELATIVE_SPEED": near.speed,
            "MINIMA": companions.minima,
            "ENTER_CUT": companions.enter_cut,
            "LEAVE_CUT": companions.leave_cut,
        },
        schema=COMPANIONS,
    )
