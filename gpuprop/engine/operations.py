"""The operations of the kernels and their arguments, read from kernels/operations.def.

The file is the only declaration: C++ reads it, too. Here it gives a ctypes structure for the cpu
engine and a numpy dtype for the cuda engine. A pointer is an integer in both.
"""

import ctypes
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

import numpy as np

from ..sgp4.access import Candidates
from ..sgp4.access_events import BisectionRule, Brackets, EventSearch
from ..sgp4.constants import kernels_folder
from ..sgp4.gravity import Gravity
from ..sgp4.model import Model, View
from ..typing import Array, Bits

TEXT = (kernels_folder() / "operations.def").read_text(encoding="utf-8")
MEMBER = re.compile(r"^MEMBER\(([\w *]+), (\w+), ", re.MULTILINE)

# structure -> member -> type in C++
STRUCTURES: dict[str, dict[str, str]] = {
    name: {member: kind for kind, member in MEMBER.findall(members)}
    for name, members in re.findall(
        r"^STRUCTURE\((\w+)\)\n(.*?)^END$", TEXT, re.MULTILINE | re.DOTALL
    )
}
# kernels on a GPU -> structure of the argument
KERNELS: dict[str, str] = dict(
    re.findall(r"^KERNEL(?:_OF_GPU)?\((\w+), (\w+), ", TEXT, re.MULTILINE)
)
# the number of each kernel, those of a CPU included
NUMBERS: dict[str, int] = {
    name: number
    for number, name in enumerate(
        re.findall(r"^KERNEL(?:_OF_[CG]PU)?\((\w+), ", TEXT, re.MULTILINE)
    )
}
REGIME_NAMES = ("near_earth", "deep_space", "one_day", "half_day")  # by regime, in kernels' names


@cache
def structure(name: str) -> type[ctypes.Structure]:
    """Return the ctypes structure called `name`."""
    kinds = {"double": ctypes.c_double, "Integer": ctypes.c_int64}
    fields = [
        (member, ctypes.c_void_p if "*" in kind else kinds.get(kind) or structure(kind))
        for member, kind in STRUCTURES[name].items()
    ]
    return type(name, (ctypes.Structure,), {"_fields_": fields})


@cache
def dtype(name: str) -> np.dtype[Any]:
    """Return the numpy dtype of the structure called `name`."""
    kinds = {"double": np.float64, "Integer": np.int64}
    return np.dtype(
        [
            (member, np.int64 if "*" in kind else kinds.get(kind) or dtype(kind))
            for member, kind in STRUCTURES[name].items()
        ]
    )


def model_members(model: Model) -> dict[str, Any]:
    """Return the members that every operation on element sets has."""
    return {"gravity": model.gravity, "afspc": model.opsmode == "a"}


def view_members(view: View, convert: Callable[[Any], Any]) -> dict[str, Any]:
    """Return the members of PairJob that describe a view; convert: makes arrays for the engine."""
    arrays = {"rotation": view.rotation, "sun": view.sun}
    members: dict[str, Any] = {"geodetic": view.geodetic}
    if view.earth is not None:
        arrays["earth"] = view.earth.days
        members |= {
            "first_day": view.earth.first_day,
            "n_days": len(view.earth.days),
            "polar": view.earth.polar,
        }
    return members | {
        name: None if array is None else convert(array) for name, array in arrays.items()
    }


def event_members(
    found: Candidates, wanted: Bits, search: EventSearch, convert: Callable[[Any], Any]
) -> dict[str, Any]:
    """Return the members of EventJob that describe a search.

    convert: makes arrays for the engine.
    """
    members = search._asdict()
    arrays = {name: members.pop(name) for name in ("sites", "turn_rate")}
    arrays |= found._asdict() | {"wanted": wanted}
    return members | {name: convert(array) for name, array in arrays.items()}


def bisection_members(
    brackets: Brackets, sites: Array, rule: BisectionRule, convert: Callable[[Any], Any]
) -> dict[str, Any]:
    """Return the members of BisectJob; convert: makes arrays for the engine."""
    arrays = brackets._asdict() | {"sites": sites}
    arrays["goal"] = brackets.goal.astype(np.int64)
    arrays["high"] = brackets.high.copy()  # the result comes in its place
    return rule._asdict() | {name: convert(array) for name, array in arrays.items()}


def gravity_values(gravity: Gravity) -> tuple[float, ...]:
    """Return the members of the structure Gravity."""
    return tuple(getattr(gravity, name) for name in STRUCTURES["Gravity"])


def propagate_kernels(bounds: Mapping[int, slice]) -> list[tuple[str, slice]]:
    """Return the kernels of exact states, each with its slice of the execution order.

    bounds: the satellites of each regime, as Constants has them.
    """
    return [(f"propagate_{REGIME_NAMES[regime]}", part) for regime, part in bounds.items()]


def numbers(
    name: str, members: Mapping[str, Any], address: Callable[[Any], int]
) -> Iterator[tuple[str, Any]]:
    """Yield the members of a structure as numbers; members that it does not have are an error.

    address: the address of an array. None is a null pointer.
    """
    for member, value in members.items():
        if isinstance(value, Gravity):
            yield member, gravity_values(value)
        elif isinstance(value, ctypes.Structure | np.void):
            yield member, value  # an earlier structure
        elif "*" in STRUCTURES[name][member]:
            yield member, 0 if value is None else address(value)
        else:
            yield member, value


def record(name: str, members: Mapping[str, Any], address: Callable[[Any], int]) -> np.void:
    """Make an argument of the cuda engine, which does not keep arrays alive."""
    made = np.zeros(1, dtype(name))
    for member, value in numbers(name, members, address):
        made[member] = value
    found: np.void = made[0]
    return found


def argument(name: str, **members: Any) -> ctypes.Structure:
    """Make an argument of the cpu engine; it keeps the arrays alive that it points to."""
    made = structure(name)()
    for member, value in numbers(name, members, lambda array: array.ctypes.data):
        setattr(made, member, value)
    made.members = members
    return made
