"""Walker patterns: inclination:satellites/planes/phasing, in Python and as a SOURCE of the command
line.
"""

import re

from ..elements.fields import FIRST_SYNTHETIC_ID
from ..elements.sets import Elements
from ..typing import Instant
from .shell import EPOCH, LARGEST, Shell

SPREAD_DEG = {"delta": 360.0, "star": 180.0}
NOTATION = re.compile(r"\s*([+-]?\d+(?:\.\d+)?)\s*:\s*(\d+)\s*/\s*(\d+)\s*/\s*(\d+)\s*", re.ASCII)
WALKER_SOURCE = re.compile(
    r"walker(?:-(?P<kind>\w+))?:(?P<notation>[^@]*)@(?P<altitude>\d+(?:\.\d+)?)(?:\s*km)?",
    re.ASCII | re.IGNORECASE,
)


def walker(
    notation: str,
    altitude_km: float,
    *,
    epoch: Instant = EPOCH,
    kind: str = "delta",
    raan0_deg: float = 0.0,
    phase0_deg: float = 0.0,
    name: str = "WALKER",
    first_id: int = FIRST_SYNTHETIC_ID,
    gravity: str = "wgs72",
) -> Elements:
    """A Walker constellation "i:T/P/F": inclination in degrees, T satellites in P planes, phasing F
    (0 to P - 1).

    kind "delta" spreads the planes over 360 deg, "star" over 180. raan0_deg, phase0_deg: node and
    mean anomaly of the first satellite. Otherwise as Shell.elements. ValueError for a notation that
    cannot be read, T not divisible by P, F out of range, an unknown kind.
    """
    if not isinstance(notation, str) or isinstance(altitude_km, str):
        raise TypeError(
            "walker takes text and a number, as in walker('53:1584/72/39', 550.0), not "
            f"{notation!r} and {altitude_km!r}"
        )
    match = NOTATION.fullmatch(notation)
    if not match:
        raise ValueError(
            f"cannot read Walker {notation!r}: write inclination:satellites/planes/phasing, such "
            "as 53:1584/72/39 (F is whole)"
        )
    if kind not in SPREAD_DEG:
        raise ValueError(
            f"Walker kind {kind!r} is not known: delta spreads the planes over 360 deg, star over "
            "180"
        )
    total, planes, phasing = (int(digits) for digits in match.groups()[1:])
    if total > LARGEST:
        raise ValueError(f"Walker {notation!r}: {total:,} satellites are more than {LARGEST:,}")
    if planes == 0 or total == 0 or total % planes:
        raise ValueError(
            f"Walker {notation!r}: {total} satellites cannot be shared out evenly among {planes} "
            "planes"
        )
    shell = Shell(
        id=f"walker-{kind} {notation.strip()}",
        altitude_km=altitude_km,
        inclination_deg=float(match[1]),
        planes=planes,
        sats_per_plane=total // planes,
        raan0_deg=raan0_deg,
        raan_spread_deg=SPREAD_DEG[kind],
        phasing=phasing,
        phase0_deg=phase0_deg,
    )
    return shell.elements(epoch=epoch, first_id=first_id, name=name, gravity=gravity)


def is_walker_source(text: str) -> bool:
    """Whether a command-line SOURCE asks for a Walker constellation."""
    return re.match(r"walker(-\w+)?:", text, re.ASCII | re.IGNORECASE) is not None


def parse_walker_source(
    text: str, *, epoch: Instant = EPOCH, first_id: int = FIRST_SYNTHETIC_ID, gravity: str = "wgs72"
) -> Elements:
    """The satellites of `walker:53:1584/72/39@550` or `walker-star:86.4:66/6/2@780` (altitude in
    km); named after the text, so that several of them can be joined. ValueError as for walker.
    """
    match = WALKER_SOURCE.fullmatch(text.strip())
    if not match:
        raise ValueError(
            f"cannot read {text!r}: write walker:INCLINATION:SATELLITES/PLANES/PHASING@ALTITUDE, "
            "walker:53:1584/72/39@550"
        )
    kind = (match["kind"] or "delta").lower()
    name = text.strip().upper()
    return walker(
        match["notation"],
        float(match["altitude"]),
        epoch=epoch,
        kind=kind,
        name=name,
        first_id=first_id,
        gravity=gravity,
    )
