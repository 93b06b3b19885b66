"""The options that several commands share.

Help needs this module, so it imports neither numpy nor pyarrow.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Literal

from cyclopts import Group, Parameter

from ..errors import UsageError

SATELLITES = Group.create_ordered("Which satellites")
INSTANTS = Group.create_ordered("Which instants")
STATES = Group.create_ordered("What is computed")
FILES = Group.create_ordered("Files")
RUN = Group.create_ordered("How it runs")
MESSAGES = Group.create_ordered("What is printed")
OPTIONS = Group("Options")  # the other options of a command


def flag(help: str, group: Group = OPTIONS, name: str | list[str] | None = None) -> Parameter:
    """Make an option without a value, which is off unless given."""
    return Parameter(negative="", show_default=False, help=help, group=group, name=name)


Json = Annotated[bool, flag("Print one JSON object on stdout instead of text.", MESSAGES)]

OnError = Annotated[
    Literal["raise", "skip"],
    Parameter(help="What to do with element sets that cannot be read.", group=SATELLITES),
]

Checksum = Annotated[
    Literal["verify", "ignore"], Parameter(help="Checksums of TLE lines.", group=SATELLITES)
]

Select = Annotated[
    list[str] | None,
    Parameter(
        negative="",
        group=SATELLITES,
        help="Keep satellites by name ('STARLINK*'; only * and ? are wildcards), catalogue number "
        "(25544) or operator (@guowang ...). Repeated: any of them.",
    ),
]

Where = Annotated[
    list[str] | None,
    Parameter(
        negative="",
        group=SATELLITES,
        # the names of elements.conditions.QUANTITIES, which needs numpy
        help="Keep satellites for which a condition holds: 'altitude_km > 500 and inclination_deg "
        "< 60'. Names: altitude_km, apogee_km, perigee_km, inclination_deg, eccentricity, "
        "period_min, mean_motion, raan_deg, bstar, sat_id, age_days, epoch, name, object_id; < <= "
        "> >= == !=, in (1, 2), like, and, or, not. altitude_km: mean radius of SGP4's orbit minus "
        "the Earth's equatorial radius (WGS-72: 6378.135 km). age_days is counted to --start, else "
        "to the median epoch of the catalogue. Repeated: all of them.",
    ),
]

Latest = Annotated[
    bool,
    flag(
        "Keep only the newest element set of each satellite; this is done before --select and "
        "--where. Constellations stay whole.",
        SATELLITES,
    ),
]

Epoch = Annotated[
    str | None,
    Parameter(
        group=SATELLITES,
        help="Epoch of constellations, UTC: the instant at which nodes and phases are as filed "
        "[default: --start if given, else the median epoch of the catalogues, else 2026-01-01].",
    ),
]

FirstId = Annotated[
    int | None,
    Parameter(
        name="--first-id",
        group=SATELLITES,
        help="Number of the first satellite of constellations; the others follow [default: "
        "1000000000]. A TLE holds numbers up to 339999.",
    ),
]


@contextmanager
def wrong_call() -> Iterator[None]:
    """Turn ValueError, TypeError and a missing file into UsageError: the call is wrong."""
    try:
        yield
    except (ValueError, TypeError, FileNotFoundError) as error:
        raise UsageError(str(error)) from error
