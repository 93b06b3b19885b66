"""A constellation: shells with their sources, and what had to be assumed."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace

from ..elements.fields import FIRST_SYNTHETIC_ID
from ..elements.sets import Elements
from ..typing import Instant
from .shell import CONFIDENCES, EPOCH, STATUSES, Shell, sizes_in_words

MOST_NAMES = 4  # shells that a line lists by name; more are only counted


@dataclass(frozen=True)
class Constellation:
    """A named list of shells.

    Parameters
    ----------
    name : str
        The name by which it is found.
    title : str
        A description in a few words.
    shells : tuple of Shell
        At least one.
    aliases : tuple of str
        Other names.
    assumption : str
        What was chosen where the sources leave a choice, in words.
    conflicts : tuple of str
        Where sources disagree, one sentence each.
    """

    name: str
    title: str
    shells: tuple[Shell, ...]
    aliases: tuple[str, ...] = ()
    assumption: str = ""
    conflicts: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        """Number of satellites."""
        return sum(shell.total for shell in self.shells)

    @property
    def statuses(self) -> tuple[str, ...]:
        """The statuses of the shells, each once."""
        return tuple(
            status for status in STATUSES if any(shell.status == status for shell in self.shells)
        )

    @property
    def confidences(self) -> tuple[str, ...]:
        """The degrees of confidence in the shells, each once, best first."""
        return tuple(
            degree
            for degree in CONFIDENCES
            if any(shell.confidence == degree for shell in self.shells)
        )

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What no source states and was chosen here, one line each.

        The lines begin with `assumed:`; gpuprop prints them whenever the constellation is used.
        """
        lines = [f"assumed: {self.name}: {self.assumption}"] if self.assumption else []
        groups: dict[Sequence[str], list[Shell]] = {}
        for shell in self.shells:
            groups.setdefault(shell.assumed, []).append(shell)
        for keys, shells in groups.items():
            if keys:
                every = len(shells) == len(self.shells)
                of = "" if every else f" of {_listed([shell.id for shell in shells])}"
                lines.append(
                    f"assumed: {self.name}: no source states "
                    f"{', '.join(_valued(key, shells) for key in keys)}{of}"
                )
        if lines and any(
            {"altitude_km", "inclination_deg"} <= set(shell.assumed) for shell in self.shells
        ):
            lines[-1] += f"; {self.name}@ALTITUDE/INCLINATION takes yours, as in {self.name}@550/53"
        return tuple(lines)

    def to_dict(self) -> dict[str, object]:
        """Return everything, ready for JSON, with the number of satellites of each shell.

        Returns
        -------
        dict
            The fields of this class; `total`, `statuses`, `confidences` and `assumptions`; and in
            `shells` a dict for each shell.
        """
        shells = [shell.to_dict() for shell in self.shells]
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
        """Make the element sets of every satellite, shell after shell.

        Parameters
        ----------
        epoch : str, datetime or numpy.datetime64
            Epoch, UTC, as for `Shell.elements`.
        gravity : str
            Gravity model to propagate with: `wgs72`, `wgs72old` or `wgs84`.
        first_id : int
            Number of the first satellite; the others follow.

        Returns
        -------
        Elements
            The n satellites. `notes` has the assumptions, then a line for each shell with its
            source and confidence.
        """
        parts = []
        for shell in self.shells:
            part = shell.elements(epoch=epoch, first_id=first_id, gravity=gravity)
            parts.append(Elements(part.fields, notes=(*self.assumptions, *part.notes)))
            first_id += shell.total
        return Elements.concat(parts).from_source(self.name)


def _listed(ids: Sequence[str]) -> str:
    """Return the names of a few shells, or the number of many."""
    return ", ".join(ids) if len(ids) <= MOST_NAMES else f"{len(ids)} shells"


def _valued(key: str, shells: Iterable[Shell]) -> str:
    """Return `key = value` if the shells have one value for it, else the key."""
    values = {
        sizes_in_words(shell) if key == "sats_per_plane" else getattr(shell, key)
        for shell in shells
    }
    (value, *more) = values
    if more or value is None or isinstance(value, tuple):
        return key
    return f"{key} = {value}" if isinstance(value, str) else f"{key} = {value:g}"
