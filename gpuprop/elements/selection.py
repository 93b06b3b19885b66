"""Select satellites by name (`STARLINK*`), catalogue number (25544) or operator (`@guowang`).

The patterns of the operators are in operators.toml.
"""

import difflib
import fnmatch
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from ..errors import GpupropError
from ..typing import Mask

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


OTHER = "other"  # the operator of a satellite whose name is nobody's
SHOWN = 5  # patterns in an error


@dataclass(frozen=True, kw_only=True)
class Operator:
    """An operator and the patterns of its satellites' names. Keys as in operators.toml."""

    name: str
    patterns: Sequence[str]
    why: str
    aliases: Sequence[str] = ()
    without: Sequence[str] = ()
    group: str = ""

    @property
    def celestrak_group(self) -> str:
        """The group of CelesTrak's GP service that holds the satellites."""
        return self.group or self.name


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(resources.files(__package__).joinpath("operators.toml").read_text("utf-8"))


def celestrak_groups() -> list[str]:
    """List the groups of CelesTrak's GP service, as it spells them."""
    return list(_data()["celestrak_groups"])


@cache
def operators() -> dict[str, Operator]:
    """Read the known operators, by each of their names (without the @).

    `without` includes the patterns of debris and rocket stages, which are left out for all.
    """
    known: dict[str, Operator] = {}
    for row in _data()["operator"]:
        operator = Operator(**row | {"without": [*row.get("without", ()), *_data()["debris"]]})
        known |= dict.fromkeys((operator.name, *operator.aliases), operator)
    return known


def operator(name: str) -> Operator:
    """Look up an operator by name (`@guowang` or `guowang`; case does not matter).

    ValueError, with the nearest names, for an unknown one.
    """
    known = operators()
    wanted = name.strip().removeprefix("@").lower()
    if wanted in known:
        return known[wanted]
    nearest = difflib.get_close_matches(wanted, known, cutoff=0.6)
    hint = f"did you mean {' or '.join(f'@{near}' for near in nearest)}? " if nearest else ""
    names = ", ".join(f"@{each}" for each in sorted({each.name for each in known.values()}))
    raise ValueError(
        f"operator {name!r} is not known: {hint}the known ones are {names}; any name can be "
        "matched by a pattern such as 'STARLINK*'"
    )


def operators_of(names: Iterable[str]) -> npt.NDArray[np.str_]:
    """Find the operator of each name, (n,); `other` where none is known.

    Iridium's second generation is `iridium`, like its first.
    """
    names = list(names)
    labels = np.full(len(names), OTHER, object)
    for name in sorted({operator.name for operator in operators().values()}, reverse=True):
        labels[find(f"@{name}", names).mask] = name
    return labels.astype(str)


Patterns: TypeAlias = str | int | Iterable[str | int]


class SelectionError(GpupropError, ValueError):
    """No satellite matches the selection."""


class SelectionWarning(UserWarning):
    """One of several patterns matches no satellite."""


class Found(NamedTuple):
    """Result of a selection."""

    mask: Mask  # (n,) satellites that match at least one pattern
    unused: list[str]  # patterns that match none


def as_patterns(patterns: Patterns) -> list[str]:
    """Convert the patterns of a selection to a list of text.

    TypeError for a pattern that is neither text nor a whole number, ValueError if there is none.
    """
    single = isinstance(patterns, (str, bytes, int, np.integer)) or not isinstance(
        patterns, Iterable
    )
    several: Iterable[Any] = [patterns] if single else patterns  # type: ignore[assignment]
    texts = []
    for pattern in several:
        if hasattr(pattern, "as_py"):  # pyarrow's scalars
            pattern = pattern.as_py()
        if isinstance(pattern, (bool, np.bool_)):
            raise TypeError(
                "elements[mask] takes a mask; select takes names, catalogue numbers and @operators"
            )
        if not isinstance(pattern, (str, int, np.integer)):
            raise TypeError(
                "select takes names such as 'STARLINK*', catalogue numbers such as 25544 and "
                "operators such as '@guowang', or a list of them, "
                f"not {pattern!r} ({type(pattern).__name__})"
            )
        texts.append(str(pattern))
    if not texts:
        raise ValueError("no pattern to select by")
    return texts


def find(patterns: Patterns, names: Iterable[str], numbers: npt.ArrayLike | None = None) -> Found:
    """Find the satellites that match at least one pattern, and the patterns that match none.

    Parameters
    ----------
    patterns : str, int, or several of them
        A name, in which `*` stands for any characters and `?` for one; every other character stands
        for itself. Case and the number of spaces do not matter. Digits alone are also a catalogue
        number. `@name` stands for the satellites of that operator: they match one of its patterns
        and none of those in `without`.
    names : (n,) str
        Names of the satellites.
    numbers : (n,) int, optional
        Catalogue numbers. Without them no pattern is taken for a number.

    Returns
    -------
    Found
        Mask of the satellites, and the patterns without a match.

    Raises
    ------
    TypeError, ValueError
        As in as_patterns; ValueError for an unknown operator.
    """
    patterns = as_patterns(patterns)
    plain_names = np.array([_plain(name) for name in names], object)
    mask, unused = np.zeros(len(plain_names), bool), []
    for pattern in patterns:
        fits = _fitting(pattern, plain_names)
        if numbers is not None and _is_number(pattern):
            fits |= np.asarray(numbers) == min(int(pattern), 2**31)
        mask |= fits
        if not fits.any():
            unused.append(pattern)
    return Found(mask, unused)


def matching(
    patterns: Patterns, names: Iterable[str], numbers: npt.ArrayLike | None = None
) -> Mask:
    """Return the mask of `find`, (n,)."""
    return find(patterns, names, numbers).mask


def why_unused(patterns: Sequence[str], names: Sequence[str]) -> str:
    """Explain why patterns match none of the satellites with these names."""
    count = f"none of the {len(names):,} satellites"
    parts = []
    for pattern in patterns[:SHOWN]:
        if pattern.startswith("@"):
            parts.append(f"{pattern} has {count}")
        elif _is_number(pattern):
            parts.append(f"{pattern} is the catalogue number of {count}")
        else:
            nearest = nearest_names(pattern, names)
            hints = [f"the nearest names are {', '.join(nearest)}" if nearest else ""]
            hints += [
                "only * and ? are wildcards, brackets stand for themselves"
                if "[" in pattern
                else ""
            ]
            hints += ["% is not a wildcard: write *" if "%" in pattern else ""]
            hints += [
                "give each number by itself" if re.fullmatch(r"\d+(\s*,\s*\d+)+", pattern) else ""
            ]
            parts.append(
                "; ".join([f"{pattern} matches the name of {count}", *filter(None, hints)])
            )
    if len(patterns) > SHOWN:
        parts.append(f"{len(patterns) - SHOWN:,} more match none")
    nameless = (
        ""
        if any(names) or not len(names)
        else "; none has a name: these are two-line sets without name lines"
    )
    return "; ".join(parts) + nameless


def nearest_names(pattern: str, names: Iterable[str]) -> list[str]:
    """Find up to three names that are spelt, or begin, nearly like a pattern."""
    wanted = _plain(pattern.replace("*", "").replace("?", ""))
    known: dict[str, str] = {}
    for name in names:
        plain = _plain(name)
        known.setdefault(plain, name)
        known.setdefault(plain[: len(wanted)], name)
    close = (
        difflib.get_close_matches(wanted, filter(None, known), n=6, cutoff=0.6) if wanted else []
    )
    return list(dict.fromkeys(known[each] for each in close))[:3]


def _plain(name: str) -> str:
    """Write a name in capitals, with one space between words."""
    return " ".join(name.upper().split())


def _is_number(pattern: str) -> bool:
    return pattern.strip().isascii() and pattern.strip().isdigit()


def _fitting(pattern: str, plain_names: npt.NDArray[np.object_]) -> Mask:
    """Compute which names, in the form of _plain, match a pattern."""
    wanted = _plain(pattern)
    if pattern.startswith("@"):
        chosen = operator(pattern)
        wanted = f"(?!{_regex(chosen.without)})(?:{_regex(chosen.patterns)})"
    elif "*" in wanted or "?" in wanted:
        wanted = _regex([wanted.replace("[", "[[]")])  # in fnmatch, [[] is the bracket itself
    else:
        return np.asarray(plain_names == wanted, bool)
    match = re.compile(wanted).match
    return np.fromiter((match(name) is not None for name in plain_names), bool, len(plain_names))


def _regex(patterns: Sequence[str]) -> str:
    """Translate shell patterns into a regular expression for a whole name.

    It matches if one of the patterns does, so without patterns it never matches. The patterns of
    operators.toml may have sets of characters, as in `GLOBAL-[0-9]*`.
    """
    return "|".join(fnmatch.translate(pattern.upper()) for pattern in patterns) or "(?!)"
