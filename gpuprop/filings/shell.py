"""A shell: orbital planes of one altitude and inclination, and the satellites on them.

Satellite s of plane p, both from 0, has

    RAAN                   raan0 + node(p)
    argument of latitude   phase0 + s * 360 / S + phase(p)

where S is the number of satellites on plane p, and

    node(p)    p * raan_spread / planes, or p * raan_step, or raan[p]: a list, one for each plane
    phase(p)   p * phasing * 360 / satellites, or p * phase_step, or phase[p % len(phase)]: a list,
               which repeats

So Walker's i:T/P/F (J. G. Walker, JBIS 37, 1984) is raan_spread = 360 (delta) or 180 (star) and
phasing = F. A shell that is not a Walker pattern uses a list for what differs from plane to plane.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from ..elements.fields import FIRST_SYNTHETIC_ID, LAST_ID
from ..elements.sets import Elements
from ..sgp4.gravity import Gravity, gravity_model
from ..time.times import instant_ns
from ..typing import Instant
from .altitude import mean_motion_at

EPOCH = "2026-01-01T00:00:00Z"
STATUSES = ("deployed", "authorised", "filed", "planned", "superseded", "assumed")
CONFIDENCES = ("primary-transcribed", "secondary", "derived", "assumed")
LARGEST = 10_000_000  # satellites of one shell
EARTH_RADIUS_KM = gravity_model("wgs72").radius  # for the eccentricity of an ellipse


@dataclass(frozen=True, kw_only=True)
class Shell:
    """Orbital planes of satellites, and the source of the figures.

    Parameters
    ----------
    id : str
        Name of the shell.
    inclination_deg : float
        Inclination, deg.
    planes : int
        Number of planes.
    sats_per_plane : int or sequence of int
        Satellites on each plane; a sequence repeats from plane to plane.
    altitude_km : float
        Mean radius of the orbit minus the equatorial radius, km. For an ellipse it is the mean of
        apogee and perigee.
    apogee_km, perigee_km : float, optional
        Greatest and least altitude of an ellipse, km, in place of altitude_km.
    argp_deg : float
        Argument of perigee, deg.
    raan0_deg : float
        Node of the first plane, deg.
    raan_spread_deg, raan_step_deg, raan_deg : float, float, sequence of float
        Give one of them, deg: the angle over which the planes are spread, the step from plane to
        plane, or the node of each plane.
    phase0_deg : float
        Argument of latitude of the first satellite of the first plane, deg.
    phasing, phase_step_deg, phase_deg : int, float, sequence of float
        Give one of them: Walker's F, the step of the argument of latitude from plane to plane
        (deg), or the phases of the planes (deg), which repeat.
    constellation : str
        The system that the shell belongs to.
    status, confidence : str
        How real the shell is, and how sure its figures are: words of STATUSES and CONFIDENCES.
    assumed : sequence of str
        Names of the parameters that no source states.
    source_url, source_title, note : str
        Where the figures come from.

    Raises
    ------
    ValueError
        For values that contradict each other or are out of range; the message names the shell.
    """

    id: str
    inclination_deg: float
    planes: int
    sats_per_plane: int | Sequence[int]
    altitude_km: float = math.nan
    apogee_km: float | None = None
    perigee_km: float | None = None
    argp_deg: float = 0.0
    raan0_deg: float = 0.0
    raan_spread_deg: float | None = None
    raan_step_deg: float | None = None
    raan_deg: Sequence[float] | None = None
    phase0_deg: float = 0.0
    phasing: int | None = None
    phase_step_deg: float | None = None
    phase_deg: Sequence[float] | None = None
    constellation: str = ""
    status: str = "assumed"
    confidence: str = "assumed"
    assumed: Sequence[str] = ()
    source_url: str = ""
    source_title: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        for name in ("sats_per_plane", "raan_deg", "phase_deg", "assumed"):
            if isinstance(getattr(self, name), Sequence):
                object.__setattr__(self, name, tuple(getattr(self, name)))
        self._set_altitude()
        self._check_orbit()
        self._check_pattern()
        self._check_words()

    def _require(self, good: bool, what: str) -> None:
        """Raise ValueError with the shell's id, unless `good`."""
        if not good:
            raise ValueError(f"shell {self.id!r}: {what}")

    def _set_altitude(self) -> None:
        """Set the altitude of an ellipse half way between its apsides."""
        if self.apogee_km is not None and self.perigee_km is not None:
            middle = 0.5 * (self.apogee_km + self.perigee_km)
            self._require(
                math.isnan(self.altitude_km) or self.altitude_km == middle,
                f"altitude_km = {self.altitude_km:g} is not half way between perigee_km and "
                "apogee_km: leave it out",
            )
            object.__setattr__(self, "altitude_km", middle)
        self._require(
            (self.apogee_km is None) == (self.perigee_km is None),
            "apogee_km and perigee_km go together: give both or altitude_km",
        )

    def _check_orbit(self) -> None:
        """Check the numbers of planes and satellites, altitude and inclination."""
        self._require(self.planes >= 1, f"planes = {self.planes}: there must be at least one")
        sizes = self._sizes
        self._require(
            bool(sizes) and min(sizes) >= 1,
            f"{self.planes} planes of sats_per_plane = {self.sats_per_plane} satellites hold none",
        )
        self._require(
            self.planes * max(sizes) <= LARGEST,
            f"planes = {self.planes} hold more than {LARGEST:,} satellites",
        )
        self._require(
            0.0 < self.altitude_km < math.inf,
            f"altitude {self.altitude_km} km must be positive: give altitude_km, or apogee_km and "
            "perigee_km",
        )
        self._require(
            self.apogee_km is None
            or self.perigee_km is None
            or 0.0 < self.perigee_km <= self.apogee_km,
            f"perigee_km = {self.perigee_km} must be positive and not above apogee_km = "
            f"{self.apogee_km}",
        )
        self._require(
            0.0 <= self.inclination_deg <= 180.0,
            f"inclination {self.inclination_deg} deg is not within 0 to 180",
        )

    def _check_pattern(self) -> None:
        """Check nodes, phases and other angles."""
        for names in (
            ("raan_spread_deg", "raan_step_deg", "raan_deg"),
            ("phasing", "phase_step_deg", "phase_deg"),
        ):
            given = [name for name in names if getattr(self, name) is not None]
            self._require(
                len(given) == 1,
                f"give exactly one of {names[0]}, {names[1]} and {names[2]}"
                + (f", not {' and '.join(given)}" if given else ""),
            )
        self._require(
            self.phasing is None or 0 <= self.phasing < self.planes,
            f"phasing F = {self.phasing} must be from 0 to {self.planes - 1}, one less than the "
            "number of planes",
        )
        self._require(
            self.raan_deg is None or len(self.raan_deg) == self.planes,
            f"raan_deg has {len(self.raan_deg or ())} nodes for {self.planes} planes: one each",
        )
        for name, values in (
            ("sats_per_plane", self._sizes),
            ("phase_deg", self.phase_deg or (0.0,)),
        ):
            self._require(
                self.planes % len(values) == 0,
                f"{name} has {len(values)} entries, which cannot repeat evenly over {self.planes} "
                "planes",
            )
        angles = [
            self.argp_deg,
            self.raan0_deg,
            self.phase0_deg,
            *(self.raan_deg or ()),
            *(self.phase_deg or ()),
        ]
        angles += [
            angle
            for angle in (self.raan_spread_deg, self.raan_step_deg, self.phase_step_deg)
            if angle is not None
        ]
        self._require(all(map(math.isfinite, angles)), f"an angle is not finite: {angles}")

    def _check_words(self) -> None:
        """Check status, confidence and the names of assumed parameters."""
        self._require(
            self.status in STATUSES, f"status {self.status!r} is not one of {', '.join(STATUSES)}"
        )
        self._require(
            self.confidence in CONFIDENCES,
            f"confidence {self.confidence!r} is not one of {', '.join(CONFIDENCES)}",
        )
        unknown = [name for name in self.assumed if name not in self.__dataclass_fields__]
        self._require(
            not unknown, f"assumed names {', '.join(unknown)}, which is not a key of a shell"
        )

    @property
    def _sizes(self) -> tuple[int, ...]:
        """Satellites of the first planes; the list repeats."""
        sizes = self.sats_per_plane
        return tuple(sizes) if isinstance(sizes, Sequence) else (sizes,)

    @property
    def counts(self) -> npt.NDArray[np.int64]:
        """Satellites of each plane, (planes,)."""
        return np.resize(np.array(self._sizes, np.int64), self.planes)

    @property
    def total(self) -> int:
        """Number of satellites."""
        return int(self.counts.sum())

    @property
    def nodes_deg(self) -> npt.NDArray[np.float64]:
        """Right ascension of the ascending node of each plane, (planes,) deg, not wrapped."""
        if self.raan_deg is not None:
            return np.asarray(self.raan0_deg + np.array(self.raan_deg), np.float64)
        step = (
            self.raan_spread_deg / self.planes
            if self.raan_spread_deg is not None
            else self.raan_step_deg
        )
        return np.asarray(self.raan0_deg + np.arange(self.planes) * (step or 0.0), np.float64)

    @property
    def phases_deg(self) -> npt.NDArray[np.float64]:
        """Phase of each plane, (planes,) deg, not wrapped.

        That is the argument of latitude of its first satellite minus phase0_deg.
        """
        if self.phase_deg is not None:
            return np.resize(np.array(self.phase_deg, np.float64), self.planes)
        step = (
            self.phasing * 360.0 / self.total if self.phasing is not None else self.phase_step_deg
        )
        return np.asarray(np.arange(self.planes) * (step or 0.0), np.float64)

    @property
    def eccentricity(self) -> float:
        """Eccentricity of the mean orbit; 0 unless apogee_km and perigee_km differ."""
        if self.apogee_km is None or self.perigee_km is None:
            return 0.0
        return 0.5 * (self.apogee_km - self.perigee_km) / (EARTH_RADIUS_KM + self.altitude_km)

    def elements(
        self,
        *,
        epoch: Instant = EPOCH,
        first_id: int = FIRST_SYNTHETIC_ID,
        name: str | None = None,
        gravity: str = "wgs72",
    ) -> Elements:
        """Make the element sets of the shell's satellites, plane by plane.

        Parameters
        ----------
        epoch : str, datetime or numpy.datetime64
            Epoch, UTC. The angles of the shell are SGP4 mean elements in TEME at this instant.
        first_id : int
            Number of the first satellite; the others follow.
        name : str, optional
            Satellites are called `NAME P01 S01` ...; by default the name is the id in capitals.
        gravity : str
            Gravity model to propagate with: `wgs72`, `wgs72old` or `wgs84`. The mean motion depends
            on it (mean_motion_at).

        Returns
        -------
        Elements
            The n satellites, without drag. The columns `plane` and `slot` are p and s of the
            formulas of this module, from 0: plane 0 is P01.

        Raises
        ------
        ValueError
            For an epoch that cannot be read, and numbers that do not fit into int32.
        TypeError
            For a `first_id` that is not a whole number.
        """
        total, counts = self.total, self.counts
        if isinstance(first_id, bool) or not isinstance(first_id, (int, np.integer)):
            raise TypeError(
                f"first_id is a catalogue number, such as 1, not {first_id!r} "
                f"({type(first_id).__name__})"
            )
        first_id = int(first_id)
        if not 1 <= first_id <= LAST_ID + 1 - total:
            raise ValueError(
                f"{total} satellites numbered from {first_id} do not fit into 1 to {LAST_ID}"
            )
        model = gravity_model(gravity)
        plane = np.repeat(np.arange(self.planes), counts)  # (n,), as is slot
        slot = np.arange(total) - np.repeat(np.cumsum(counts) - counts, counts)
        motion = mean_motion_at(self.altitude_km, self.inclination_deg, model, self.eccentricity)

        def for_all(value: float | np.datetime64) -> npt.NDArray[Any]:
            return np.broadcast_to(np.asarray(value), total)

        names: Any = partial(_names, self.id.upper() if name is None else name, counts)
        return Elements(
            {
                "OBJECT_NAME": names,
                "NORAD_CAT_ID": np.arange(first_id, first_id + total),
                "EPOCH": for_all(np.datetime64(instant_ns(epoch), "ns")),
                "MEAN_MOTION": for_all(motion),
                "ECCENTRICITY": for_all(self.eccentricity),
                "INCLINATION": for_all(self.inclination_deg),
                "RA_OF_ASC_NODE": self.nodes_deg[plane] % 360.0,
                "ARG_OF_PERICENTER": for_all(self.argp_deg % 360.0),
                "MEAN_ANOMALY": (
                    self.phase0_deg
                    + slot * (360.0 / counts[plane])
                    + self.phases_deg[plane]
                    - self.argp_deg
                )
                % 360.0,
                "plane": plane,
                "slot": slot,
            },
            notes=(self.describe(), _conventions(model)),
            source=np.broadcast_to(np.array(self.id, object), total),
        )

    def to_dict(self) -> dict[str, object]:
        """Return the parameters and the number of satellites, ready for JSON.

        Returns
        -------
        dict
            The parameters under their names, and `total`.
        """
        return asdict(self) | dict(total=self.total)

    def describe(self) -> str:
        """Return one line: the geometry, what was assumed, the source and the confidence in it.

        Returns
        -------
        str
            The line.
        """
        height = (
            f"{self.altitude_km:g}"
            if self.apogee_km is None
            else f"{self.perigee_km:g} x {self.apogee_km:g}"
        )
        nodes, phases = self.nodes_deg, self.phases_deg
        if self.planes == 1:
            geometry = (
                f"1 plane of {self.total} at {height} km, {self.inclination_deg:g} deg; "
                f"node {nodes[0]:g} deg"
            )
        else:
            step = (
                ""
                if self.raan_deg is not None
                else f"{self.raan0_deg:g} + {nodes[1] - nodes[0]:g} k"
            )
            if self.phasing is not None:
                phasing = f"F = {self.phasing}"
            elif self.phase_step_deg is not None:
                phasing = f"{self.phase_step_deg:g} deg from plane to plane"
            else:
                phasing = f"{_few(phases)} deg"
            geometry = (
                f"{self.planes} planes of {sizes_in_words(self)} at {height} km, "
                f"{self.inclination_deg:g} deg; "
                f"nodes {step or _few(nodes)} deg, phasing {phasing}"
            )
        parts = [
            geometry,
            f"status {self.status}, confidence {self.confidence}",
        ]
        if self.assumed:
            parts.append(f"assumed, no source states it: {', '.join(self.assumed)}")
        parts += [
            text for text in (self.note, f"{self.source_title} {self.source_url}".strip()) if text
        ]
        return f"{self.id}: {'; '.join(parts)}"


def sizes_in_words(shell: Shell) -> str:
    """Return the satellites of a plane: `63 and 62` if planes differ."""
    return " and ".join(map(str, dict.fromkeys(shell.counts.tolist())))


def _few(angles: npt.NDArray[np.float64]) -> str:
    """Return the first angles of a list as text."""
    return ", ".join(f"{angle:g}" for angle in angles[:4]) + (" ..." if len(angles) > 4 else "")


def _names(prefix: str, counts: npt.NDArray[np.int64]) -> npt.NDArray[np.object_]:
    """Return the names of satellites: the prefix, the plane and the slot, each from 1."""
    plane_width, slot_width = max(2, len(str(len(counts)))), max(2, len(str(counts.max())))
    slot_names = [f" S{s:0{slot_width}d}" for s in range(1, counts.max() + 1)]
    return np.array(
        [
            f"{prefix} P{p:0{plane_width}d}{slot_name}"
            for p, size in enumerate(counts, 1)
            for slot_name in slot_names[:size]
        ],
        object,
    )


def _conventions(gravity: Gravity) -> str:
    """Return a note: how the orbits are defined."""
    return (
        f"synthetic orbits without drag: altitude is the mean radius less {gravity.radius} km "
        f"({gravity.name}), "
        "nodes and phases are taken as TEME at the epoch"
    )
