"""Satellites chosen by name: shell patterns (`STARLINK*`), and operators (`@guowang`), whose patterns are facts in operators.toml."""

import difflib
import fnmatch
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from .typing import Mask

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@dataclass(frozen=True, kw_only=True)
class Operator:
    """Whose satellites they are. Keys as in operators.toml."""

    name: str
    patterns: Sequence[str]
    why: str
    aliases: Sequence[str] = ()
    without: Sequence[str] = ()
    group: str = ""

    @property
    def celestrak_group(self) -> str:
        """The group of CelesTrak's GP service that holds them, where there is one."""
        return self.group or self.name


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(resources.files(__package__).joinpath("operators.toml").read_text("utf-8"))


def celestrak_groups() -> list[str]:
    """The groups of CelesTrak's GP service, as it spells them."""
    return list(_data()["celestrak_groups"])


@cache
def operators() -> dict[str, Operator]:
    """The operators known, under each of their names (without the @), each with its patterns and the reason for them.

    `without` includes the pieces and stages that are left out for all.
    """
    known: dict[str, Operator] = {}
    for row in _data()["operator"]:
        operator = Operator(**row | {"without": [*row.get("without", ()), *_data()["debris"]]})
        known |= dict.fromkeys((operator.name, *operator.aliases), operator)
    return known


def operator(name: str) -> Operator:
    """The operator called `name` (`@guowang` or `guowang`; case does not matter). ValueError, with the nearest names, for one not known."""
    known = operators()
    wanted = name.strip().removeprefix("@").lower()
    if wanted in known:
        return known[wanted]
    nearest = difflib.get_close_matches(wanted, known, cutoff=0.6)
    hint = f"did you mean {' or '.join(f'@{near}' for near in nearest)}? " if nearest else ""
    names = ", ".join(f"@{each}" for each in sorted({each.name for each in known.values()}))
    raise ValueError(f"operator {name!r} is not known: {hint}known are {names}; any name can be matched by a pattern such as 'STARLINK*'")


def matching(patterns: str | Sequence[str], names: Iterable[str]) -> Mask:
    """Which names match a shell pattern or an `@operator`, or one of several, (n,). Case does not matter.

    An operator's satellites are those that match its patterns and none of what it leaves out. ValueError for no pattern at all and for an
    operator that is not known.
    """
    patterns = [patterns] if isinstance(patterns, str) else list(patterns)
    if not patterns:
        raise ValueError("no pattern to select by")
    tests = [re.compile(_regex([pattern for pattern in patterns if not pattern.startswith("@")]))]
    for pattern in patterns:
        if pattern.startswith("@"):
            chosen = operator(pattern)
            tests.append(re.compile(f"(?!{_regex(chosen.without)})(?:{_regex(chosen.patterns)})"))
    found = (any(test.match(name) for test in tests) for name in map(str.upper, names))
    return np.fromiter(found, bool)


def _regex(patterns: Sequence[str]) -> str:
    """An expression that matches from the beginning what one of the shell patterns matches as a whole; for no pattern, nothing."""
    return "|".join(fnmatch.translate(pattern.upper()) for pattern in patterns) or "(?!)"
