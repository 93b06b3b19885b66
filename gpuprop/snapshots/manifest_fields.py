"""Check every field of a manifest: its type, its bounds, and whether it agrees with the other
fields.

A manifest comes from a disk or a store, so nothing in it is trusted before `problem` has checked
it. After that, every file name is the one that the plan gives, and every count is small enough to
compute with. The cost grows with the number of listed parts, not with any number in the file.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

from ..dataset.shards import Shard
from ..errors import GpupropError
from ..messages import shown
from ..states import FRAMES
from ..time.durations import duration_ns
from ..time.instants import format_ns
from ..time.times import Times, instant_ns
from .layout import FORMATS, Files, Layout
from .plan import COMPRESSIONS, DTYPES

LARGEST = 2**63 - 1  # of a count: what fits into the integers of Arrow and numpy
LONGEST = 100  # characters of an instant or a duration
DIGEST = re.compile(r"xxh3-128:[0-9a-f]{32}")
CODE = re.compile(r"[0-9]{1,3}")  # a status, as JSON has it

Check = Callable[[Any], bool]


class FieldError(GpupropError):
    """A field has a value that cannot be right; the message says which and why."""


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _short(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


def _integer(least: int) -> Check:
    return lambda value: (
        isinstance(value, int) and not isinstance(value, bool) and least <= value <= LARGEST
    )


def _one_of(*known: str) -> Check:
    return lambda value: isinstance(value, str) and value in known


def _or_null(check: Check) -> Check:
    return lambda value: value is None or check(value)


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_text, value))


def _digest(value: Any) -> bool:
    return isinstance(value, str) and DIGEST.fullmatch(value) is not None


def _seconds(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= LARGEST


def _statuses(value: Any) -> bool:
    states = _integer(0)
    return isinstance(value, dict) and all(
        CODE.fullmatch(code) and int(code) < 256 and states(count) for code, count in value.items()
    )


def _object(value: Any) -> bool:
    return isinstance(value, dict)


RECORD: dict[str, Check] = {
    "gpuprop": _text,
    "plan": _object,
    "satellites": _object,
    "parts": lambda value: isinstance(value, list),
}
RECORD |= {"complete": _flag, "run": _object}
PLAN: dict[str, Check] = {
    "format": _one_of(*FORMATS),
    "compression": _one_of(*COMPRESSIONS),
    "frame": _one_of(*FRAMES),
    "dtype": _one_of(*DTYPES),
    "velocity": _flag,
    "start": _or_null(_short),
    "step": _or_null(_short),
    **dict.fromkeys(
        ("satellites", "instants", "parts", "part_instants", "batch_instants", "instant_batches"),
        _integer(1),
    ),
}
PLAN_OPTIONS: dict[str, Check] = {  # older plans may lack these
    "version": _text,
    "model": _text,
    "time_scale": _text,
    "earth_orientation": _or_null(_text),
    "gravity": _text,
    "opsmode": _text,
    "units": _object,
    "sunlit": _flag,
    "elements": _digest,
    "rows": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "times": _digest,
    "notes": _texts,
}
FILE: dict[str, Check] = {
    "file": _text,
    "rows": _integer(1),
    "bytes": _integer(1),
    "digest": _digest,
}
PART: dict[str, Check] = {
    "part": _integer(0),
    **FILE,
    "first": _short,
    "last": _short,
    "status": _statuses,
}
PART_OPTIONS: dict[str, Check] = {"engine": _text, "host": _text}
RUN_OPTIONS: dict[str, Check] = {
    "engine": _text,
    "host": _text,
    "started": _text,
    "seconds": _seconds,
    "job": _text,
    "overwritten": _flag,
}
RUN_OPTIONS |= {"command": _texts, "directory": _text, "shards": _object}


def problem(record: dict[str, Any], shard: Shard | None) -> str | None:
    """What is wrong with the object of a manifest, in words; None if nothing is wrong.

    Parameters
    ----------
    record : dict
        The object that the file holds.
    shard : Shard or None
        The shard that the manifest belongs to; None for the manifest of the directory.
    """
    try:
        _check("it", record, RECORD)
        if record.get("shard") != (str(shard) if shard else None):
            raise FieldError(f"it belongs to shard {shown(record.get('shard'))}")
        _run("its run", record["run"])
        plan = record["plan"]
        layout, times = _plan(plan)
        files = Files(plan["format"], layout.parts)
        own = shard.parts(layout.parts) if shard else range(layout.parts)
        numbers = _parts(
            record["parts"], own, f"shard {shard}" if shard else "its plan", files, layout, times
        )
        satellites = record["satellites"]
        if satellites or numbers:
            _satellites(satellites, files, layout)
        if record["complete"] and (len(numbers) < len(own) or (own and not satellites)):
            raise FieldError(
                f"it says that it is complete, but lists {len(numbers)} of {len(own)} "
                f"parts{'' if satellites else ' and no satellites'}"
            )
        last = record.get("last", [])
        if not isinstance(last, list) or not all(map(_integer(0), last)):
            raise FieldError(f"its 'last' cannot be {shown(last)}")
    except FieldError as error:
        return str(error)
    return None


def times_of(plan: Mapping[str, Any]) -> Times | None:
    """The instants of a plan, if they are a grid. ValueError if a field is wrong."""
    if plan["step"] is None:
        return None
    return Times.grid(instant_ns(plan["start"]), duration_ns(plan["step"]), plan["instants"])


def layout_of(plan: Mapping[str, Any]) -> Layout:
    """The layout of the plan in a manifest."""
    return Layout(**{part.name: plan[part.name] for part in fields(Layout)})


def _check(
    what: str, record: Any, needed: Mapping[str, Check], options: Mapping[str, Check] | None = None
) -> None:
    """Raise FieldError unless `record`, called `what`, is an object with these names and values."""
    if not isinstance(record, dict):
        raise FieldError(f"{what} is not an object but {shown(record)}")
    for name, check in needed.items():
        if name not in record:
            raise FieldError(f"{what} has no {name!r}")
        if not check(record[name]):
            raise FieldError(f"{name!r} of {what} cannot be {shown(record[name])}")
    for name, check in (options or {}).items():
        if name in record and not check(record[name]):
            raise FieldError(f"{name!r} of {what} cannot be {shown(record[name])}")


def _run(what: str, run: Any) -> None:
    _check(what, run, {}, RUN_OPTIONS)
    for name, facts in run.get("shards", {}).items():
        _check(
            f"{what} of shard {shown(name)}",
            facts,
            {},
            {key: check for key, check in RUN_OPTIONS.items() if key != "shards"},
        )


def _plan(plan: Any) -> tuple[Layout, Times | None]:
    """The layout of a plan, and its instants if they are a grid."""
    _check("its plan", plan, PLAN, PLAN_OPTIONS)
    layout = layout_of(plan)
    if layout.part_instants % layout.batch_instants or (
        layout.instant_batches > 1 and layout.batch_instants > 1
    ):
        raise FieldError("its plan has parts that are not a whole number of batches")
    if layout.instant_batches > layout.satellites or plan["parts"] != layout.parts:
        raise FieldError(f"its plan has {plan['parts']} parts; its instants make {layout.parts}")
    rows = layout.satellites * layout.instants
    if plan.get("rows", rows) != rows:
        raise FieldError(
            f"its plan has {shown(plan['rows'])} rows; its satellites and instants make {rows}"
        )
    if (plan["start"] is None) != (plan["step"] is None):
        raise FieldError("its plan has only one of start and step; a grid has both")
    try:
        return layout, times_of(plan)
    except ValueError as error:
        raise FieldError(f"its plan has wrong instants: {error}") from None


def _satellites(entry: Any, files: Files, layout: Layout) -> None:
    _check("its entry of the satellites", entry, FILE)
    if entry["file"] != files.satellites:
        raise FieldError(f"the file of the satellites cannot be {shown(entry['file'])}")
    if entry["rows"] != layout.satellites:
        raise FieldError(
            f"its entry of the satellites has {entry['rows']} rows; its plan has "
            f"{layout.satellites} satellites"
        )


def _parts(
    entries: list[Any], own: range, owner: str, files: Files, layout: Layout, times: Times | None
) -> set[int]:
    """The numbers of the listed parts. own: those that `owner`, the plan or a shard of it, may
    list.
    """
    numbers: set[int] = set()
    for position, entry in enumerate(entries):
        _check(f"its entry {position} of the parts", entry, PART, PART_OPTIONS)
        number = entry["part"]
        if number not in own:
            raise FieldError(f"part {number} is not in {owner}")
        if number in numbers or (numbers and number < entries[position - 1]["part"]):
            raise FieldError(
                f"part {number} is listed {'twice' if number in numbers else 'after a later one'}"
            )
        numbers.add(number)
        if entry["file"] != files.part(number):
            raise FieldError(f"part {number} of its plan cannot be {shown(entry['file'])}")
        instants = layout.part(number)
        if (
            entry["rows"] != len(instants) * layout.satellites
            or sum(entry["status"].values()) != entry["rows"]
        ):
            raise FieldError(
                f"part {number} of its plan has {len(instants) * layout.satellites} rows; its "
                "entry has another number"
            )
        _edges(entry, instants, times)
    return numbers


def _edges(entry: dict[str, Any], instants: range, times: Times | None) -> None:
    """FieldError unless a part begins and ends with the instants that the plan gives it."""
    for name, instant in (("first", instants[0]), ("last", instants[-1])):
        if times is not None:
            expected = format_ns(int(times.instants[instant]))
            if entry[name] != expected:
                raise FieldError(
                    f"{name!r} of part {entry['part']} is {shown(entry[name])}; its plan says "
                    f"{expected}"
                )
        else:
            try:
                instant_ns(entry[name])
            except ValueError as error:
                raise FieldError(f"{name!r} of part {entry['part']}: {error}") from None
