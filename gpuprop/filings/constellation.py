"""A constellation: shells with their sources, and what of them had to be assumed."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from ..elements.fields import FIRST_SYNTHETIC_ID
from ..elements.sets import Elements
from ..typing import Instant
from .shell import CONFIDENCES, EPOCH, STATUSES, Shell, sizes_in_words

NAMED = 4  # shells listed by name in a line; of more, the number is told


@dataclass(frozen=True)
class Constellation:
    """A named list of shells.

    aliases: other names. assumption: what was chosen where the sources leave a choice, in words.
    conflicts: where sources disagree, a sentence each.
    """

    name: str
    title: str
    shells: tuple[Shell, ...]
    aliases: tuple[str, ...] = ()
    assumption: str = ""
    conflicts: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        """How many satellites."""
        return sum(shell.total for shell in self.shells)

    @property
    def statuses(self) -> tuple[str, ...]:
        """The statuses of the shells, each once."""
        return tuple(
            status for status in STATUSES if any(shell.status == status for shell in self.shells)
        )

    @property
    def confidences(self) -> tuple[str, ...]:
        """How far the shells can be trusted, each degree once, best first."""
        return tuple(
            degree
            for degree in CONFIDENCES
            if any(shell.confidence == degree for shell in self.shells)
        )

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What no source states and was chosen here: a line each, to be said aloud. They begin with
        `assumed:`.
        """
        lines = [f"assumed: {self.name}: {self.assumption}"] if self.assumption else []
        groups: dict[Sequence[str], list[Shell]] = {}
        for shell in self.shells:
            groups.setdefault(shell.assumed, []).append(shell)
        for keys, shells in groups.items():
            if keys:
                of = (
                    ""
                    if len(shells) == len(self.shells)
                    else f" of {_listed([shell.id for shell in shells])}"
                )
                lines.append(
                    f"assumed: {self.name}: no source states "
                    f"{', '.join(_valued(key, shells) for key in keys)}{of}"
                )
        if lines and any(
            {"altitude_km", "inclination_deg"} <= set(shell.assumed) for shell in self.shells
        ):
            lines[-1] += f"; {self.name}@ALTITUDE/INCLINATION takes yours, as in {self.name}@550/53"
        return tuple(lines)

    def to_dict(self) -> dict[str, Any]:
        """Everything, ready for JSON; of each shell also its total."""
        shells = [asdict(shell) | dict(total=shell.total) for shell in self.shells]
        facts = dict(
            total=self.total,
            statuses=self.statuses,
            confidences=self.confidences,
            assumptions=self.assumptions,
        )
        return asdict(replace(self, shells=())) | facts | dict(shells=shells)

    def elements(
        self, epoch: Instant = EPOCH, gravity: str = "wgs72", *, first_id: int = FIRST_SYNTHETIC_ID
    ) -> Elements:
        """Every satellite, shell after shell, numbered from `first_id`; otherwise as
        Shell.elements.

        `notes` has the assumptions, then a line per shell with its source and confidence.
        """
        parts = []
        for shell in self.shells:
            part = shell.elements(epoch=epoch, first_id=first_id, gravity=gravity)
            parts.append(Elements(part.fields, notes=(*self.assumptions, *part.notes)))
            first_id += shell.total
        return Elements.concat(parts)


def _listed(ids: Sequence[str]) -> str:
    return ", ".join(ids) if len(ids) <= NAMED else f"{len(ids)} shells"


def _valued(key: str, shells: Iterable[Shell]) -> str:
    """`key = value` where the shells agree on it, else the key."""
    values = {
        sizes_in_words(shell) if key == "sats_per_plane" else getattr(shell, key)
        for shell in shells
    }
    (value, *more) = values
    if more or value is None or isinstance(value, tuple):
        return key
    return f"{key} = {value}" if isinstance(value, str) else f"{key} = {value:g}"
