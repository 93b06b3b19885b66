"""Everything that a user can reach has a docstring in numpydoc's form, and types without Any."""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from functools import cached_property, reduce
from importlib import import_module
from operator import attrgetter
from types import FunctionType
from typing import Any

import pytest
from numpydoc.validate import validate

import gpuprop
import gpuprop.api
import gpuprop.snapshots

MODULES = ("gpuprop", "gpuprop.snapshots", "gpuprop.api")
IGNORED = {
    "EX01",  # no examples
    "SA01",  # no See Also
    "ES01",  # no extended summary
    "GL01",  # text begins in the line of the quotes
    "GL02",  # quotes in the line of the text
    "GL03",  # two blank lines
    "YD01",  # no Yields
}
NOUN = {"SS05"}  # the summary of a property names what it is: "Names of the satellites"


def documented() -> Iterator[tuple[str, bool]]:
    """Path of each public class, function, method and property, and whether it is a property."""
    for module in MODULES:
        home = import_module(module)
        for name in home.__all__:
            value = getattr(home, name)
            if inspect.isfunction(value):
                yield f"{module}.{name}", False
            if not inspect.isclass(value):
                continue
            yield f"{module}.{name}", False
            for cls in inspect.getmro(value):
                if cls.__module__.partition(".")[0] != "gpuprop":
                    continue
                for member, kind in vars(cls).items():
                    noun = isinstance(kind, (property, cached_property))
                    method = isinstance(kind, (staticmethod, classmethod, FunctionType))
                    if (noun or method) and not member.startswith("_"):
                        yield f"{module}.{name}.{member}", noun


def cases() -> list[Any]:
    """One case for each documented object."""
    return [pytest.param(path, noun, id=path) for path, noun in dict.fromkeys(documented())]


@pytest.mark.parametrize(("path", "noun"), cases())
def test_docstring(path: str, noun: bool) -> None:
    """Check that numpydoc finds nothing wrong with the docstring."""
    ignored = IGNORED | (NOUN if noun else set())
    wrong = [f"{code} {text}" for code, text in validate(path)["errors"] if code not in ignored]
    assert wrong == []


def hints(node: ast.AST) -> Iterator[ast.expr | None]:
    """Annotations of a field, of a function, or of the fields and special methods of a class."""
    if isinstance(node, ast.AnnAssign):
        yield node.annotation
    elif isinstance(node, ast.FunctionDef):
        every = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
        yield from (argument.annotation for argument in every)
        yield node.returns
    elif isinstance(node, ast.ClassDef):
        for member in node.body:
            if not isinstance(member, ast.FunctionDef) or member.name.startswith("__"):
                yield from hints(member)


@pytest.mark.parametrize(("path", "noun"), cases())
def test_annotations(path: str, noun: bool) -> None:
    """Check that no annotation of a public function or field is Any."""
    value: Any = reduce(getattr, path.split(".")[1:], gpuprop)
    if noun:
        value = value.func if isinstance(value, cached_property) else value.fget
        if isinstance(value, attrgetter):  # a constant of an initialised satellite, a float
            return
    [definition] = ast.parse(textwrap.dedent(inspect.getsource(value))).body
    for hint in filter(None, hints(definition)):
        names = {part.id for part in ast.walk(hint) if isinstance(part, ast.Name)}
        assert "Any" not in names, ast.unparse(hint)
