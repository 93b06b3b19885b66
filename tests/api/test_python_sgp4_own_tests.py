"""python-sgp4's own test suite, sgp4/tests.py as it is installed, run with its imports replaced by
those of gpuprop.api.

Nothing of that file is copied here: it is loaded from the installed package, with `sgp4.api` and
what else gpuprop.api has replaced.
"""

import importlib.util
import sys
from types import CodeType, FunctionType, ModuleType, SimpleNamespace

import pytest
import sgp4
import sgp4.api
import sgp4.conveniences
import sgp4.functions

import gpuprop.api

# Tests that call nothing that gpuprop.api has, each with what it is about instead.
LEGACY = (
    "the satellites of sgp4.model and the functions sgp4 and sgp4init of 2012, written in "
    "Python: gpuprop.api has those of sgp4.api"
)
READER = (
    "the words of sgp4.io, the reader of the legacy satellites, for a bad line; "
    "test_api.test_malformed_lines asks for gpuprop's"
)
NOT_APPLICABLE = {
    "test_legacy_built_with_twoline2rv": LEGACY,
    "test_legacy_initialized_with_sgp4init": LEGACY,
    "test_legacy_against_tcppver": LEGACY,
    "test_legacy_epochyr": LEGACY,
    "test_support_for_old_no_attribute": LEGACY,
    "test_good_tle_checksum": "the functions for checksums in sgp4.io, which no satellite uses",
    "test_bad_tle_checksum": "the functions for checksums in sgp4.io, which no satellite uses",
    "test_hyperbolic_orbit": "newtonnu of sgp4.ext, which serves the test file alone",
    "test_months_and_days": (
        "a private function of sgp4.functions; test_api.test_dates compares days2mdhms over "
        "whole years"
    ),
    "test_non_ascii_first_line": READER,
    "test_non_ascii_second_line": READER,
    "test_bad_first_line": READER,
    "test_bad_second_line": READER,
    "test_mismatched_lines": READER,
}
# names inside sgp4/tests.py
REPLACED = {"Satrec", "jday", "WGS72OLD", "WGS72", "WGS84", "api", "days2mdhms", "conveniences"}


@pytest.fixture(scope="module")
def suite():
    """sgp4/tests.py, imported again while gpuprop.api replaces sgp4.api."""
    ours = gpuprop.api
    conveniences = {
        name: getattr(ours, name, value) for name, value in vars(sgp4.conveniences).items()
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "sgp4.api", ours)
        patch.setattr(sgp4, "api", ours)
        patch.setattr(sgp4, "conveniences", SimpleNamespace(**conveniences))
        patch.setattr(sgp4.functions, "days2mdhms", ours.days2mdhms)
        spec = importlib.util.find_spec("sgp4.tests")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    assert module.Satrec is ours.Satrec and module.api is ours
    return module


def names_of_tests():
    """The names in the file, for pytest to collect, without running it with replaced imports."""
    return [name for name in dir(importlib.import_module("sgp4.tests")) if name.startswith("test_")]


def uses(function: FunctionType, module: ModuleType) -> set[str]:
    """The replaced names that a function of the module uses, itself or through the module's other
    functions.
    """
    found: set[str] = set()
    waiting: list[CodeType] = [function.__code__]
    while waiting:
        code = waiting.pop()
        waiting += [constant for constant in code.co_consts if isinstance(constant, CodeType)]
        for name in set(code.co_names) - found:
            found.add(name)
            value = vars(module).get(name)
            if isinstance(value, FunctionType) and value.__module__ == module.__name__:
                waiting.append(value.__code__)
    return found & REPLACED


def test_the_list_is_up_to_date(suite):
    """Every test of the suite either runs or has a reason why not."""
    beside_the_point = {name for name in names_of_tests() if not uses(getattr(suite, name), suite)}
    assert beside_the_point == set(NOT_APPLICABLE)
    assert len(names_of_tests()) - len(NOT_APPLICABLE) > 30


@pytest.mark.parametrize("name", [name for name in names_of_tests() if name not in NOT_APPLICABLE])
def test_of_python_sgp4s_own_suite(suite, name):
    """One test of python-sgp4, among them the 700 lines of published states."""
    getattr(suite, name)()
