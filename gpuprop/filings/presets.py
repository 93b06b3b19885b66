"""The known constellations, by name; presets.toml has them, with their sources."""

import difflib
from dataclasses import replace
from functools import cache
from importlib import resources

from ..elements.fields import FIRST_SYNTHETIC_ID
from ..elements.sets import Elements
from ..files.addresses import refuse_url
from ..typing import Instant
from . import (
    EPOCH,
    Constellation,
    Shell,
    brouwer_mean_motion,
    is_walker_source,
    load_constellation,
    mean_motion_at,
    parse_filings,
    parse_toml,
    parse_walker_source,
    read_constellation,
    walker,
)

__all__ = [
    "EPOCH",
    "Constellation",
    "Shell",
    "brouwer_mean_motion",
    "constellation",
    "constellations",
    "find_constellation",
    "is_preset",
    "is_walker_source",
    "load_constellation",
    "mean_motion_at",
    "parse_walker_source",
    "read_constellation",
    "walker",
    "without_geometry",
]
FILE = "presets.toml"


@cache
def _text() -> str:
    return resources.files(__package__).joinpath(FILE).read_text("utf-8")


@cache
def _filings() -> tuple[dict[str, Shell], list[Constellation]]:
    return parse_filings(_text(), FILE)


@cache
def _known() -> dict[str, Constellation]:
    return {each.name: each for each in _filings()[1]}


@cache
def _by_name() -> dict[str, Constellation]:
    """Return the constellations under all names: their own, aliases, and names of shells.

    The name of a shell stands for a constellation of that shell alone.
    """
    alone = {
        shell.id: replace(
            whole, name=shell.id, title=f"one shell of {whole.name}", shells=(shell,), aliases=()
        )
        # if several constellations have a shell, the first one names it
        for whole in reversed(_known().values())
        for shell in whole.shells
    }
    return alone | {
        alias: each for each in _known().values() for alias in (each.name, *each.aliases)
    }


def relatives(name: str) -> tuple[Constellation, ...]:
    """Return the other known constellations of the same systems as `name`.

    `name` is a constellation or a shell. Empty for an unknown name.
    """
    found = _by_name().get(name.strip().lower())
    systems = {shell.constellation for shell in found.shells} if found else set()
    return tuple(
        each
        for each in _known().values()
        if each is not found and systems & {shell.constellation for shell in each.shells}
    )


def constellations() -> dict[str, Constellation]:
    """Return the known constellations by name.

    Returns
    -------
    dict of str to Constellation
        Each with its shells and their sources.
    """
    return dict(_known())


@cache
def without_geometry() -> dict[str, str]:
    """Return systems for which no source states enough for a preset: name -> what is known."""
    return {
        row["name"]: f"{row['known']} ({row['source']})"
        for row in parse_toml(_text(), FILE)["without_geometry"]
    }


def is_preset(name: str) -> bool:
    """Return whether `name` is a known constellation, an alias, or a shell."""
    return name.strip().lower() in _by_name()


def find_constellation(
    name: str, *, altitude_km: float | None = None, inclination_deg: float | None = None
) -> Constellation:
    """Return a known constellation by its name or alias, or one of its shells by name.

    Parameters
    ----------
    name : str
        Case does not matter.
    altitude_km, inclination_deg : float, optional
        For the shells whose sources do not state them.

    Returns
    -------
    Constellation
        With the values given, in place of the assumed ones.

    Raises
    ------
    ValueError
        For an unknown name (with the nearest names), and for an altitude or inclination that the
        source states.
    """
    if not isinstance(name, str):
        raise TypeError(
            f"constellation takes a name, not {type(name).__name__} {name!r}: "
            "gpuprop.constellations() lists them"
        )
    refuse_url(name)
    wanted = name.strip().lower()
    if wanted in without_geometry():
        raise ValueError(
            f"constellation {name!r} has no preset: {without_geometry()[wanted]}. You can "
            "assume the missing values in your own file"
        )
    if wanted not in _by_name():
        names = [alias for each in _known().values() for alias in (each.name, *each.aliases)]
        every = [*names, *_filings()[0]]  # a constellation before a shell of similar name
        begun = [known for known in every if wanted and known.startswith(wanted)]
        nearest = begun[:3] or difflib.get_close_matches(
            wanted, [*every, *without_geometry()], cutoff=0.5
        )
        hint = f"did you mean {' or '.join(dict.fromkeys(nearest))}? " if nearest else ""
        listed = "gpuprop constellations (gpuprop.constellations()) lists all, with their shells"
        raise ValueError(f"constellation {name!r} is not known: {hint}{listed}")
    found = _by_name()[wanted]
    given = {"altitude_km": altitude_km, "inclination_deg": inclination_deg}
    for key, value in given.items():
        if value is not None and not any(key in shell.assumed for shell in found.shells):
            stated = ", ".join(dict.fromkeys(f"{getattr(shell, key):g}" for shell in found.shells))
            raise ValueError(
                f"{found.name}: its sources state {key} = {stated}: leave {value:g} out, or write "
                "your own file"
            )
    wanted_keys = {key: float(value) for key, value in given.items() if value is not None}
    if not wanted_keys:
        return found
    given_text = ", ".join(f"{key} = {value:g}" for key, value in wanted_keys.items())
    assumption = f"{found.assumption}; but {given_text} by the caller" if found.assumption else ""
    return replace(
        found,
        shells=tuple(_with(shell, wanted_keys) for shell in found.shells),
        assumption=assumption,
    )


def _with(shell: Shell, values: dict[str, float]) -> Shell:
    """Replace assumed values of a shell by those given, if it assumed all of them.

    A shell whose altitude is on record keeps its inclination too. The values become part of the
    shell's id, so that variants have different ids.
    """
    if not all(key in shell.assumed for key in values):
        return shell
    changed: dict[str, object] = {
        **values,
        "id": f"{shell.id}@{'/'.join(f'{value:g}' for value in values.values())}",
        "assumed": [key for key in shell.assumed if key not in values],
        "note": "; ".join(filter(None, (shell.note, f"given by the caller: {', '.join(values)}"))),
    }
    return replace(shell, **changed)  # type: ignore[arg-type]


def constellation(
    name: str,
    epoch: Instant = EPOCH,
    gravity: str = "wgs72",
    *,
    first_id: int = FIRST_SYNTHETIC_ID,
    altitude_km: float | None = None,
    inclination_deg: float | None = None,
) -> Elements:
    """Make the element sets of a known constellation, or of one of its shells.

    Parameters
    ----------
    name : str
        Name or alias of a constellation (`starlink-gen1`) or name of a shell (`starlink-g1-s1`).
        Case does not matter.
    epoch : str, datetime or numpy.datetime64
        Epoch of the element sets, UTC: the instant at which nodes and phases are as filed.
    gravity : str
        Gravity model to propagate with: `wgs72`, `wgs72old` or `wgs84`.
    first_id : int
        Number of the first satellite; the others follow. A TLE holds numbers up to 339,999, so use
        `first_id=1` to write TLE.
    altitude_km, inclination_deg : float, optional
        For shells whose sources do not state them, such as those of honghu-3, km and deg. By
        default an assumption is used.

    Returns
    -------
    Elements
        The n satellites, shell after shell. The columns `plane` and `slot`, (n,) int32 from 0, are
        the place of each in its shell. `notes` has the assumptions (lines that begin with
        `assumed:`), then a line for each shell with its source and confidence.

    Raises
    ------
    ValueError
        For an unknown name (with the nearest names), an altitude or inclination that the source
        states already, an epoch that cannot be read, and numbers that do not fit into int32.
    """
    found = find_constellation(name, altitude_km=altitude_km, inclination_deg=inclination_deg)
    return found.elements(epoch, gravity, first_id=first_id)
