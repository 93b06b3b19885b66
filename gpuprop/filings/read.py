"""Read constellations from TOML: the known ones, and files of users.

presets.toml explains the format.
"""

import difflib
import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from ..elements.fields import FIRST_SYNTHETIC_ID
from ..elements.sets import Elements
from ..files.addresses import refuse_url
from ..files.small_file import read_small_file
from ..messages import shown
from ..typing import Instant
from .constellation import Constellation
from .shell import EPOCH, Shell

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TABLES = ("shell", "filing", "constellation", "without_geometry")
CONSTELLATION_KEYS = tuple(field.name for field in fields(Constellation))
SHELL_KEYS = tuple(field.name for field in fields(Shell))
SHELL_NEEDS = tuple(field.name for field in fields(Shell) if field.default is MISSING)
TEXTS = ("id", "constellation", "status", "confidence", "source_url", "source_title", "note")
WHOLE = ("planes", "phasing", "sats_per_plane")
MAX_BYTES = 1 << 20  # of a file; presets.toml has 33 kB
# Long dotted keys (a.b.c ... = 1) have no use here. The time of tomllib grows with the square of
# their length: 50 s for 100 kB.
_PIECE = r"""(?:"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[^\s.,=\[\]{}"'\\]+)"""
DEEP_KEY = re.compile(rf"""(?<![^\s.,=\[\]{{}}])(?:{_PIECE}[ \t]*\.[ \t]*){{16}}""")
LONGEST_ID = 60  # characters; the id begins the name of every satellite
# sats_per_plane is one number, or one for each plane
LISTS = ("sats_per_plane", "raan_deg", "phase_deg")


def read_constellation(
    path: str | Path,
    epoch: Instant = EPOCH,
    gravity: str = "wgs72",
    *,
    first_id: int = FIRST_SYNTHETIC_ID,
) -> Elements:
    """Make the element sets of a constellation in a TOML file of [[shell]] tables.

    Parameters
    ----------
    path : str or path
        The file; presets.toml in this package explains the format.
    epoch : str, datetime or numpy.datetime64
        Epoch of the element sets, UTC.
    gravity : str
        Gravity model to propagate with: `wgs72`, `wgs72old` or `wgs84`.
    first_id : int
        Number of the first satellite; the others follow.

    Returns
    -------
    Elements
        The n satellites, shell after shell, as from `gpuprop.constellation`.

    Raises
    ------
    OSError
        If the file cannot be opened.
    ValueError
        If the file is not a valid description of shells (the message names file, shell and key), is
        a directory, a pipe or a device, or is larger than 1 MiB.
    """
    return load_constellation(path).elements(epoch, gravity, first_id=first_id)


def load_constellation(path: str | Path) -> Constellation:
    """Read a constellation from a TOML file.

    It is the [[constellation]] of the file; without one, all shells under the name of the file.
    OSError and ValueError as for `read_constellation`.
    """
    refuse_url(path)
    path = Path(path)
    data = read_small_file(path, MAX_BYTES, "a TOML file of shells")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not a TOML file: {error}") from None
    shells, known = parse_filings(text, str(path))
    if not shells:
        raise ValueError(
            f"{path}: no shell: write [[shell]] and below it id, altitude_km, inclination_deg, "
            "planes, sats_per_plane ..."
        )
    if len(known) > 1:
        raise ValueError(
            f"{path}: {len(known)} constellations, {', '.join(each.name for each in known)}: give "
            "each a file of its own"
        )
    return known[0] if known else Constellation(path.stem, path.name, tuple(shells.values()))


def parse_filings(text: str, where: str) -> tuple[dict[str, Shell], list[Constellation]]:
    """Return the shells, by id, and the constellations of a TOML text.

    ValueError for anything wrong; the message begins with `where`.
    """
    data = parse_toml(text, where)
    shells: dict[str, Shell] = {}
    for row in _rows(data, where):
        shell = _shell(row, where, len(shells) + 1)
        if shell.id in shells:
            raise ValueError(
                f"{where}: shell {shell.id!r} occurs twice: give each an id of its own"
            )
        shells[shell.id] = shell
    return shells, [
        _constellation(row, shells, where) for row in _tables(data, "constellation", where)
    ]


def parse_toml(text: str, where: str) -> dict[str, Any]:
    """Return the tables of a TOML text.

    ValueError, with `where`, for a text that is not TOML, is nested too deeply, or has an unknown
    table.
    """
    too_deep = (
        f"{where}: lists, tables or keys are nested too deeply: a shell needs no more than "
        "[[filing.shells]] and a list of numbers"
    )
    if DEEP_KEY.search(text):
        raise ValueError(too_deep)
    try:
        data = tomllib.loads(text)
    except RecursionError:
        raise ValueError(too_deep) from None
    except ValueError as error:
        # TOMLDecodeError, and Python's error for a number with more than 4300 digits
        raise ValueError(f"{where}: not TOML: {error}") from None
    _known_keys(data, TABLES, where)
    return data


def _rows(data: Mapping[str, Any], where: str) -> Iterable[dict[str, Any]]:
    """Yield each shell with the keys of its filing, if it has one."""
    yield from _tables(data, "shell", where)
    for filing in _tables(data, "filing", where):
        shared = {key: value for key, value in filing.items() if key != "shells"}
        for row in _tables(filing, "shells", where):
            yield shared | row


def _tables(data: Mapping[str, Any], key: str, where: str) -> list[dict[str, Any]]:
    tables = data.get(key, [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ValueError(f"{where}: {key} must be a list of tables: write [[{key}]]")
    return tables


def _shell(row: Mapping[str, Any], where: str, number: int) -> Shell:
    if not isinstance(row.get("id"), str) or not row["id"]:
        raise ValueError(f'{where}: shell {number} has no id: give it one, such as id = "a"')
    if not row["id"].isprintable() or row["id"] != row["id"].strip() or len(row["id"]) > LONGEST_ID:
        raise ValueError(
            f"{where}: shell {number}: id {row['id'][:LONGEST_ID]!r} must be one line of at most "
            f"{LONGEST_ID} characters"
        )
    here = f"{where}: shell {row['id']!r}"
    _known_keys(row, SHELL_KEYS, here)
    for key in SHELL_NEEDS:
        if key not in row:
            raise ValueError(f"{here}: {key} is missing")
    values = {key: _value(key, value, here) for key, value in row.items()}
    try:
        return Shell(**values)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None


def _value(key: str, value: Any, here: str) -> Any:
    """Check the type of a value of a shell; whole numbers are valid for angles and lengths."""
    if key in TEXTS:
        wanted, good = "a text", isinstance(value, str)
    elif key == "assumed":
        wanted, good = (
            "a list of keys",
            isinstance(value, list) and all(isinstance(name, str) for name in value),
        )
    else:
        kind, one = (int, "a whole number") if key in WHOLE else ((int, float), "a number")
        items = value if key in LISTS and isinstance(value, list) else [value]
        good = all(isinstance(item, kind) and not isinstance(item, bool) for item in items)
        good = good and (key not in WHOLE or all(abs(item) < 2**63 for item in items))
        if key in LISTS and key != "sats_per_plane":
            good &= isinstance(value, list)
            one = "a list of numbers"
        wanted = one + (" or a list of them" if key == "sats_per_plane" else "")
        if good and key not in WHOLE:
            try:
                value = [float(item) for item in items] if isinstance(value, list) else float(value)
            except OverflowError:
                raise ValueError(
                    f"{here}: {key} is larger than any floating-point number"
                ) from None
    if not good:
        raise ValueError(f"{here}: {key} must be {wanted}, not {shown(value)}")
    return value


def _constellation(
    row: Mapping[str, Any], shells: Mapping[str, Shell], where: str
) -> Constellation:
    name = row.get("name")
    if not isinstance(name, str) or not name:
        raise ValueError(f"{where}: a constellation has no name: give it one")
    here = f"{where}: constellation {name!r}"
    _known_keys(row, CONSTELLATION_KEYS, here)
    for key in ("title", "assumption"):
        if not isinstance(row.get(key, ""), str):
            raise ValueError(f"{here}: {key} must be a text, not {shown(row[key])}")
    for key in ("shells", "aliases", "conflicts"):
        if not isinstance(row.get(key, []), list) or not all(
            isinstance(each, str) for each in row.get(key, [])
        ):
            raise ValueError(f"{here}: {key} must be a list of texts, not {shown(row[key])}")
    missing = [id for id in row.get("shells", []) if id not in shells]
    if missing:
        raise ValueError(
            f"{here}: shells names {', '.join(missing)}, which is not in the file: it has "
            f"{', '.join(shells)}"
        )
    twice = [id for id, count in Counter(row.get("shells", [])).items() if count > 1]
    if twice:
        raise ValueError(
            f"{here}: shells names {', '.join(twice)} more than once: its satellites would be in "
            "the same places"
        )
    members = (
        tuple(shells[id] for id in row["shells"]) if "shells" in row else tuple(shells.values())
    )
    if not members:
        raise ValueError(f"{here}: shells is empty: name at least one")
    return Constellation(
        name,
        row.get("title", name),
        members,
        tuple(row.get("aliases", ())),
        row.get("assumption", ""),
        tuple(row.get("conflicts", ())),
    )


def _known_keys(table: Mapping[str, Any], known: Sequence[str], here: str) -> None:
    for key in table:
        if key not in known:
            nearest = difflib.get_close_matches(key, known, n=1)
            hint = (
                f"did you mean {nearest[0]}?"
                if nearest
                else f"the known ones are {', '.join(known)}"
            )
            raise ValueError(f"{here}: key {shown(key)} is not known: {hint}")
