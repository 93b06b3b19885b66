"""Walker patterns: inclination:satellites/planes/phasing."""

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
    """Make the element sets of a Walker constellation "i:T/P/F".

    Parameters
    ----------
    notation : str
        Inclination in degrees, T satellites in P planes, phasing F (0 to P - 1), such as
        "53:1584/72/39".
    altitude_km : float
        Mean radius of the orbits minus the equatorial radius, km.
    epoch : str, datetime or numpy.datetime64
        Epoch of the element sets, UTC.
    kind : {"delta", "star"}
        Whether the planes are spread over 360 or 180 deg.
    raan0_deg, phase0_deg : float
        Right ascension of the ascending node, and mean anomaly, of the first satellite, deg (TEME
        at the epoch).
    name : str
        First part of the name of every satellite.
    first_id : int
        Number of the first satellite; the others follow.
    gravity : str
        Gravity model to propagate with: `wgs72`, `wgs72old` or `wgs84`.

    Returns
    -------
    Elements
        T satellites, plane by plane, with the columns `plane` and `slot`.

    Raises
    ------
    ValueError
        For a notation that cannot be read, T not divisible by P, F out of range, or an unknown
        kind; as `Shell.elements` otherwise.

    Notes
    -----
    Source: J. G. Walker, Satellite constellations, JBIS 37, 1984.
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
            "as 53:1584/72/39 (F is a whole number)"
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
    """Return whether a command-line SOURCE asks for a Walker constellation."""
    return re.match(r"walker(-\w+)?:", text, re.ASCII | re.IGNORECASE) is not None


def parse_walker_source(
    text: str, *, epoch: Instant = EPOCH, first_id: int = FIRST_SYNTHETIC_ID, gravity: str = "wgs72"
) -> Elements:
    """Make the satellites of `walker:53:1584/72/39@550` or `walker-star:86.4:66/6/2@780`.

    The altitude is in km. The satellites are named after the text, so that several patterns can be
    joined. ValueError as for `walker`.
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
