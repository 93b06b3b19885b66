"""kernels/operations.def is read alike by C++, ctypes and numpy."""

import ctypes
import re
from typing import Any

import numpy as np
import pytest
from fake_cupy import compiled
from state_samples import random_elements

from gpuprop import Propagator
from gpuprop.engine import operations
from gpuprop.engine.cpu import usable
from gpuprop.engine.cpu.kernels import task_list
from gpuprop.engine.cuda.source import source
from gpuprop.sgp4.constants import kernels_folder
from gpuprop.sgp4.model import MeanElements

OFFSETS = """
#define W 2
{text}
#include <cstddef>
#define STRUCTURE(name) namespace of_##name {{ typedef gpuprop::name Type; const long offsets[] = {{
#define MEMBER(type, name, meaning) offsetof(Type, name),
#define END (long)sizeof(Type)}}; }}
{list}
#define STRUCTURE(name) extern "C" long name##_word(int i) {{ return of_##name::offsets[i]; }}
#define MEMBER(type, name, meaning)
#define END
{list}
"""


@pytest.mark.parametrize("name", operations.STRUCTURES)
def test_members_have_the_same_places_in_every_language(name):
    text = OFFSETS.format(text=source("constants.cuh"), list=operations.TEXT)
    word = getattr(compiled(text, "-Wno-psabi"), f"{name}_word")
    word.restype = ctypes.c_long
    structure, dtype = operations.structure(name), operations.dtype(name)
    assert word(len(operations.STRUCTURES[name])) == ctypes.sizeof(structure) == dtype.itemsize
    for number, member in enumerate(operations.STRUCTURES[name]):
        assert word(number) == getattr(structure, member).offset == dtype.fields[member][1]


def test_every_kernel_has_an_argument_and_a_number():
    assert set(operations.KERNELS) <= set(operations.NUMBERS)
    assert set(operations.KERNELS.values()) <= set(operations.STRUCTURES)
    assert list(operations.NUMBERS.values()) == list(range(len(operations.NUMBERS)))


def test_a_member_that_is_not_declared_is_an_error():
    with pytest.raises(KeyError, match="nowhere"):
        operations.argument("LookJob", nowhere=3)


def test_an_argument_keeps_its_arrays():
    ns = np.arange(3)
    job = operations.argument("PropagateJob", ns=ns, rotation=None)
    assert job.ns == ns.ctypes.data and job.rotation is None
    assert any(value is ns for value in job.members.values())


def declared(header: str, name: str) -> list[str]:
    """Return the members of a structure in a header, in order."""
    [members] = re.findall(
        rf"^struct {name} {{\n(.*?)^}};", text_of(header), re.MULTILINE | re.DOTALL
    )
    lines = re.findall(r"^ *(?:Real|double) ([^;]*);", members, re.MULTILINE)
    return [member.strip() for line in lines for member in line.split(",")]


def text_of(name: str) -> str:
    return (kernels_folder() / name).read_text(encoding="utf-8")


def test_structures_outside_of_the_list_have_the_same_order():
    """Those with a vector for each number, and those that are arrays."""
    days = list(operations.STRUCTURES["EarthDay"])
    assert declared("earth_rotation.cuh", "EarthRow") == days
    assert declared("resonance.cuh", "Integrator") == list(operations.STRUCTURES["Start"])
    assert declared("initialise.cuh", "MeanElements") == list(MeanElements._fields)
    # where a row is copied member by member: one for all lanes, those of other lanes, on a GPU
    rows = text_of("pairs_cpu.cuh"), text_of("propagate.cu")
    assert re.findall(r"splat\(first\.(\w+)\)", rows[0]) == days
    others = re.findall(r"row\.(\w+) = select\(same, of\.(\w+), row\.(\w+)\)", rows[0])
    assert others == [(day, day, day) for day in days]
    assert re.findall(r"\bd\.(\w+)", rows[1]) == days
    # 12 numbers each, as numpy arrays (n, 12)
    assert declared("frames.cuh", "Rotation") == ["m[9]", "w[3]"]
    assert declared("look_angles.cuh", "Site") == ["position[3]", "east[3]", "north[3]", "up[3]"]


def test_a_row_of_a_list_of_tasks_is_a_task():
    [task] = task_list("pairs", [(1, 2)], [(3, 4)]).view(operations.dtype("Task"))[:, 0]
    number = operations.NUMBERS["pairs"]
    expected = dict(kernel=number, first=1, last=2, begin=3, end=4, chunk=0)
    assert {name: task[name] for name in task.dtype.names} == expected
    if not usable()[0]:
        return
    propagation: Any = Propagator(random_elements(1, 1), "cpu", threads=1)._propagations[0]
    [task] = propagation._tasks(7)[-1:].view(operations.dtype("Task"))[:, 0]
    names = [f"propagate_{name}" for name in operations.REGIME_NAMES]
    assert task["kernel"] in [operations.NUMBERS[name] for name in names]
    assert (task["first"], task["last"], task["end"], task["chunk"]) == (0, 1, 7, 0)
