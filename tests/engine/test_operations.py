"""kernels/operations.def is read alike by C++, ctypes and numpy."""

import ctypes

import numpy as np
import pytest
from fake_cupy import compiled

from gpuprop.engine import operations
from gpuprop.engine.cuda.source import source

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
