"""Synthetic constellations: Walker patterns and filed shells, as ordinary element sets for SGP4.

A shell is `planes` circular orbits of one altitude and inclination, with `sats_per_plane` satellites each. Satellite s of plane p, both
from 0, has

    RAAN = raan0 + p * raan_step            mean anomaly = phase0 + s * 360 / sats_per_plane + p * phase_step

and Walker's i:T/P/F (J. G. Walker, JBIS 37, 1984) is raan_step = 360 / P (delta) or 180 / P (star) with phase_step = F * 360 / T.
The filings known, with their sources, are facts in constellations.toml.
"""

import difflib
import math
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from .clock import Instant, instant_ns
from .elements import FIRST_SYNTHETIC_ID, REV_PER_DAY, Elements
from .gravity import Gravity, gravity_model

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

EPOCH = "2026-01-01T00:00:00Z"
SPREAD_DEG = {"delta": 360.0, "star": 180.0}
STATUSES = ("deployed", "authorised", "filed", "planned", "assumed")
LAST_ID = 2**31 - 1  # catalogue numbers are int32

LARGEST = 10_000_000  # satellites of one pattern
NOTATION = re.compile(r"\s*([+-]?\d+(?:\.\d+)?)\s*:\s*(\d+)\s*/\s*(\d+)\s*/\s*(\d+)\s*", re.ASCII)
WALKER_SOURCE = re.compile(r"walker(?:-(?P<kind>\w+))?:(?P<notation>[^@]*)@(?P<altitude>\d+(?:\.\d+)?)(?:\s*km)?", re.ASCII | re.IGNORECASE)


def mean_motion_at(altitude_km: float, inclination_deg: float, gravity: Gravity) -> float:
    """Kozai mean motion, rev/day, of the circular element set whose SGP4 orbit has a mean radius of `gravity.radius` + `altitude_km`.

    Averaged over a revolution, SGP4's radius (AIAA 2006-6753, short-period periodics) is

        a (1 + e'^2 / 2) (1 - 1.5 temp2 betal con41)        e' = J3 sin i / (2 J2 a): the long-period term, which SGP4 adds to e = 0

    so Kepler's law alone, a = radius + altitude, is off by up to 1.5 km in low orbit. Solve for the Brouwer semi-major axis `a`, then for
    the Kozai mean motion that initl turns into it. Both are contractions by about J2, iterated until they no longer move. The mean radius
    is then right to 2 cm in near-Earth orbits. In deep space (225 min and more) SGP4 adds lunar-solar and resonance terms, which are left
    to act: 2 m in ten revolutions, but 0.2 km at geostationary altitude, where the resonance moves it by kilometres over a year.
    """
    radius = 1.0 + altitude_km / gravity.radius  # Earth radii, as are all lengths here
    cosio = math.cos(math.radians(inclination_deg))
    con41 = 3.0 * cosio * cosio - 1.0
    ao = radius
    for _ in range(20):
        e2 = 0.25 * gravity.j3oj2**2 * (1.0 - cosio * cosio) / (ao * ao)
        temp2 = 0.5 * gravity.j2 / (ao * (1.0 - e2)) ** 2
        ao = radius / ((1.0 + 0.5 * e2) * (1.0 - 1.5 * temp2 * math.sqrt(1.0 - e2) * con41))
    no_unkozai = gravity.xke / (ao * math.sqrt(ao))
    no_kozai = no_unkozai
    for _ in range(20):
        no_kozai *= no_unkozai / brouwer_mean_motion(no_kozai, con41, gravity)
    return no_kozai * REV_PER_DAY


def brouwer_mean_motion(no_kozai: float, con41: float, gravity: Gravity) -> float:
    """SGP4's own step from Kozai's to Brouwer's mean motion, rad/min, at zero eccentricity (initl); con41 = 3 cos^2 i - 1."""
    ak = math.pow(gravity.xke / no_kozai, 2.0 / 3.0)
    d1 = 0.75 * gravity.j2 * con41
    delta = d1 / (ak * ak)
    adel = ak * (1.0 - delta * delta - delta * (1.0 / 3.0 + 134.0 * delta * delta / 81.0))
    return no_kozai / (1.0 + d1 / (adel * adel))


@dataclass(frozen=True, kw_only=True)
class Shell:
    """Evenly spaced satellites on evenly spaced circular orbits, and where the figures come from. Keys as in constellations.toml.

    Give exactly one of raan_spread_deg and raan_step_deg, and of phasing and phase_step_deg. ValueError, with the shell's id, otherwise.
    """

    id: str
    altitude_km: float
    inclination_deg: float
    planes: int
    sats_per_plane: int
    raan0_deg: float = 0.0
    raan_spread_deg: float | None = None
    raan_step_deg: float | None = None
    phasing: int | None = None
    phase_step_deg: float | None = None
    phase0_deg: float = 0.0
    constellation: str = ""
    status: str = "assumed"
    confidence: str = "assumed"
    assumed: Sequence[str] = ()
    source_url: str = ""
    source_title: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        def require(good: bool, what: str) -> None:
            if not good:
                raise ValueError(f"shell {self.id!r}: {what}")

        require(self.planes >= 1 and self.sats_per_plane >= 1, f"{self.planes} planes of {self.sats_per_plane} satellites hold none")
        require(0.0 < self.altitude_km < math.inf, f"altitude {self.altitude_km} km must be positive")
        require(0.0 <= self.inclination_deg <= 180.0, f"inclination {self.inclination_deg} deg is not within 0 to 180")
        require((self.raan_spread_deg is None) != (self.raan_step_deg is None), "give exactly one of raan_spread_deg and raan_step_deg")
        require((self.phasing is None) != (self.phase_step_deg is None), "give exactly one of phasing and phase_step_deg")
        require(
            self.phasing is None or 0 <= self.phasing < self.planes,
            f"phasing F = {self.phasing} must be from 0 to {self.planes - 1}, one less than the number of planes",
        )
        angles = (self.raan0_deg, self.phase0_deg, self.raan_spread_deg or 0.0, self.raan_step_deg or 0.0, self.phase_step_deg or 0.0)
        require(all(map(math.isfinite, angles)), f"an angle is not finite: {angles}")
        require(self.status in STATUSES, f"status {self.status!r} is not one of {', '.join(STATUSES)}")
        object.__setattr__(self, "assumed", tuple(self.assumed))

    @property
    def total(self) -> int:
        return self.planes * self.sats_per_plane

    @property
    def raan_step(self) -> float:
        """Node of a plane less that of the one before, deg."""
        return self.raan_spread_deg / self.planes if self.raan_spread_deg is not None else self.raan_step_deg or 0.0

    @property
    def phase_step(self) -> float:
        """Mean anomaly of a satellite less that of its neighbour of the same number in the plane before, deg."""
        return self.phasing * 360.0 / self.total if self.phasing is not None else self.phase_step_deg or 0.0

    def elements(
        self, *, epoch: Instant = EPOCH, first_id: int = FIRST_SYNTHETIC_ID, name: str | None = None, gravity: str = "wgs72"
    ) -> Elements:
        """The shell's satellites, plane by plane, numbered from `first_id` and called `NAME P01 S01` (name: the id in capitals).

        Zero eccentricity and drag; angles as filed, taken as SGP4 mean elements in TEME at `epoch`. Propagate with the same `gravity`: the
        mean motion depends on it (mean_motion_at). ValueError for an epoch that cannot be read or numbers that do not fit into int32.
        """
        if not 1 <= first_id <= LAST_ID + 1 - self.total:
            raise ValueError(f"{self.total} satellites numbered from {first_id} do not fit into 1 to {LAST_ID}")
        model = gravity_model(gravity)
        plane, slot = (index.ravel() for index in np.indices((self.planes, self.sats_per_plane)))
        prefix = self.id.upper() if name is None else name
        plane_width, slot_width = max(2, len(str(self.planes))), max(2, len(str(self.sats_per_plane)))
        slot_names = [f" S{s:0{slot_width}d}" for s in range(1, self.sats_per_plane + 1)]
        return Elements(
            {
                "OBJECT_NAME": np.array(
                    [f"{prefix} P{p:0{plane_width}d}{slot_name}" for p in range(1, self.planes + 1) for slot_name in slot_names], object
                ),
                "NORAD_CAT_ID": np.arange(first_id, first_id + self.total),
                "EPOCH": np.full(self.total, instant_ns(epoch), np.int64).view("datetime64[ns]"),
                "MEAN_MOTION": np.full(self.total, mean_motion_at(self.altitude_km, self.inclination_deg, model)),
                "ECCENTRICITY": np.zeros(self.total),
                "INCLINATION": np.full(self.total, self.inclination_deg),
                "RA_OF_ASC_NODE": (self.raan0_deg + plane * self.raan_step) % 360.0,
                "ARG_OF_PERICENTER": np.zeros(self.total),
                "MEAN_ANOMALY": (self.phase0_deg + slot * (360.0 / self.sats_per_plane) + plane * self.phase_step) % 360.0,
            },
            notes=(self.describe(), _conventions(model)),
        )

    def describe(self) -> str:
        """One line: the geometry, what was assumed, the source and the confidence in it."""
        phasing = f"F = {self.phasing}" if self.phasing is not None else f"{self.phase_step_deg:g} deg from plane to plane"
        parts = [
            f"{self.planes} planes of {self.sats_per_plane} at {self.altitude_km:g} km, {self.inclination_deg:g} deg",
            f"nodes {self.raan0_deg:g} + {self.raan_step:g} k deg, phasing {phasing}",
            f"status {self.status}, confidence {self.confidence}",
        ]
        if self.assumed:
            parts.append(f"assumed, no source states it: {', '.join(self.assumed)}")
        parts += [text for text in (self.note, f"{self.source_title} {self.source_url}".strip()) if text]
        return f"{self.id}: {'; '.join(parts)}"


def _conventions(gravity: Gravity) -> str:
    return (
        f"synthetic circular orbits without drag: altitude is the mean radius less {gravity.radius} km ({gravity.name}), "
        "nodes and phases are taken as TEME at the epoch"
    )


@dataclass(frozen=True)
class Constellation:
    """A named list of shells."""

    name: str
    title: str
    shells: tuple[Shell, ...]

    @property
    def total(self) -> int:
        """How many satellites."""
        return sum(shell.total for shell in self.shells)


@cache
def _known() -> dict[str, Constellation]:
    data: dict[str, list[dict[str, Any]]] = tomllib.loads(resources.files(__package__).joinpath("constellations.toml").read_text("utf-8"))
    shells = {row["id"]: Shell(**row) for row in data["shell"]}
    return {
        row["name"]: Constellation(row["name"], row["title"], tuple(shells[id] for id in row["shells"])) for row in data["constellation"]
    }


def constellations() -> dict[str, Constellation]:
    """The constellations known, by name, each with its shells and their sources."""
    return dict(_known())


def constellation(name: str, epoch: Instant = EPOCH, gravity: str = "wgs72", *, first_id: int = FIRST_SYNTHETIC_ID) -> Elements:
    """Every satellite of a known constellation (case does not matter), shell after shell, numbered from `first_id`.

    `notes` has a line per shell with its source, confidence and assumptions. ValueError, with the nearest names, for one not known.
    """
    known = _known()
    found = known.get(name.strip().lower())
    if found is None:
        nearest = difflib.get_close_matches(name.strip().lower(), known, cutoff=0.5)
        hint = f"did you mean {' or '.join(nearest)}? " if nearest else ""
        raise ValueError(f"constellation {name!r} is not known: {hint}known are {', '.join(sorted(known))}")
    parts = []
    for shell in found.shells:
        parts.append(shell.elements(epoch=epoch, first_id=first_id, gravity=gravity))
        first_id += shell.total
    return Elements.concat(parts)


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
    """A Walker constellation "i:T/P/F": inclination in degrees, T satellites in P planes, phasing F (0 to P - 1).

    kind "delta" spreads the planes over 360 deg, "star" over 180. raan0_deg, phase0_deg: node and mean anomaly of the first satellite.
    Otherwise as Shell.elements. ValueError for a notation that cannot be read, T not divisible by P, F out of range, an unknown kind.
    """
    match = NOTATION.fullmatch(notation)
    if not match:
        raise ValueError(
            f"cannot read Walker {notation!r}: write inclination:satellites/planes/phasing, such as 53:1584/72/39 (F is whole)"
        )
    if kind not in SPREAD_DEG:
        raise ValueError(f"Walker kind {kind!r} is not known: delta spreads the planes over 360 deg, star over 180")
    total, planes, phasing = (int(digits) for digits in match.groups()[1:])
    if total > LARGEST:
        raise ValueError(f"Walker {notation!r}: {total:,} satellites are more than {LARGEST:,}")
    if planes == 0 or total == 0 or total % planes:
        raise ValueError(f"Walker {notation!r}: {total} satellites cannot be shared out evenly among {planes} planes")
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


def parse_walker_source(text: str, *, epoch: Instant = EPOCH, first_id: int = FIRST_SYNTHETIC_ID, gravity: str = "wgs72") -> Elements:
    """The satellites of `walker:53:1584/72/39@550` or `walker-star:86.4:66/6/2@780` (altitude in km); named after the text, so that
    several of them can be joined. ValueError as for walker."""
    match = WALKER_SOURCE.fullmatch(text.strip())
    if not match:
        raise ValueError(f"cannot read {text!r}: write walker:INCLINATION:SATELLITES/PLANES/PHASING@ALTITUDE, walker:53:1584/72/39@550")
    kind = (match["kind"] or "delta").lower()
    name = text.strip().upper()
    return walker(match["notation"], float(match["altitude"]), epoch=epoch, kind=kind, name=name, first_id=first_id, gravity=gravity)
