"""docs/reference: every public name stands there once, and its tables have the real columns."""

import importlib
import json
import pkgutil
import re
import sys
from collections import Counter
from importlib.util import module_from_spec, spec_from_file_location

import pyarrow as pa
import pytest
from project import ROOT

import gpuprop
import gpuprop.api
import gpuprop.plots
import gpuprop.snapshots
from gpuprop.columns import state_columns
from gpuprop.errors import GpupropError

CHECKS = {"check_picture", "need_matplotlib"}  # what the commands call before they draw
REFERENCE = ROOT / "docs" / "reference"
PAGES = {path.stem: path.read_text("utf-8") for path in sorted(REFERENCE.glob("*.md"))}
DIRECTIVE = re.compile(r"^\.\. (auto\w+|data|currentmodule):: (\S+)$(\n +:members:)?", re.M)


def entries():
    """Each documented object: its directive, the object, and whether its members are listed."""
    for page in PAGES.values():
        module = "gpuprop"
        for directive, name, members in DIRECTIVE.findall(page):
            if directive == "currentmodule":
                module = name
                continue
            path = name if name.startswith("gpuprop.") else f"{module}.{name}"
            yield directive, path, bool(members)


def found(path):
    """The object with a path such as gpuprop.snapshots.Plan."""
    parts = path.split(".")
    for end in range(len(parts), 0, -1):
        try:
            value = importlib.import_module(".".join(parts[:end]))
        except ModuleNotFoundError:
            continue
        for name in parts[end:]:
            value = getattr(value, name)
        return value
    raise AssertionError(path)


def test_every_public_name_stands_there_once():
    counts = Counter(
        id(found(path)) for kind, path, _ in entries() if kind not in ("data", "automethod")
    )
    named = Counter(path.rpartition(".")[2] for kind, path, _ in entries() if kind == "data")
    for module in (gpuprop, gpuprop.snapshots, gpuprop.api, gpuprop.plots):
        for name in module.__all__:
            if name in CHECKS:
                continue
            value = getattr(module, name)
            documented = callable(value)
            times = counts[id(value)] if documented else named[name]
            assert times == 1, f"{module.__name__}.{name} is there {times} times"
    assert set(counts.values()) == {1}


def test_classes_show_their_members():
    lacking = [path for kind, path, members in entries() if kind == "autoclass" and not members]
    assert lacking == []


def test_every_error_stands_there():
    for module in pkgutil.walk_packages(gpuprop.__path__, "gpuprop."):
        if module.name not in ("gpuprop.__main__", "gpuprop.libgpuprop"):
            importlib.import_module(module.name)

    def below(kind):
        for each in kind.__subclasses__():
            yield each
            yield from below(each)

    inside = {"FieldError", "JsonError"}  # are always caught
    public = {
        each
        for base in (GpupropError, Warning)
        for each in {base, *below(base)}
        if each.__module__.startswith("gpuprop.")
        and not each.__name__.startswith("_")
        and each.__name__ not in inside
    }
    documented = [found(path) for kind, path, _ in entries() if kind == "autoexception"]
    assert set(documented) == public and len(documented) == len(public)


def columns(heading):
    """The names in the first column of the table below a heading of files.md, in order."""
    section = PAGES["files"].partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    first = [row.split("|")[1] for row in section.splitlines() if row.startswith("| `")]
    assert first, heading
    return [name for cell in first for name in re.findall(r"`(\w+)`", cell)]


def less(names, *left):
    return [name for name in names if name not in left]


@pytest.fixture(scope="module")
def answers():
    prop = gpuprop.Propagator(gpuprop.walker("53:24/3/1", altitude_km=1200.0), "numpy")
    times = gpuprop.time_grid("2026-01-01T00:00:00Z", duration="10min", step="60s")
    site = gpuprop.Site(10.0, 20.0, name="here")
    sky = gpuprop.look_angles(
        prop.states(times), site, min_elevation_deg=0.0, radec=True, rates=True
    )
    screened = gpuprop.screen(prop, "2026-01-01", duration="10min")
    coverage = gpuprop.coverage(prop, times, "10deg", by="source", regions="BRA")
    return {
        "Satellites": prop.elements.to_arrow(),
        "Look angles": sky.to_arrow(),
        "Passes": gpuprop.access(prop, site, "2026-01-01", duration="10min"),
        "Coverage": coverage.cells,
        "Conjunctions": screened.conjunctions,
        "Companions": screened.companions,
        "by_latitude": coverage.by_latitude,
        "by_region": coverage.by_region,
        "visible": gpuprop.visible(prop, site, "2026-01-01"),
    }


@pytest.mark.parametrize(
    "heading", ["Satellites", "Look angles", "Passes", "Conjunctions", "Companions"]
)
def test_tables_have_these_columns(answers, heading):
    assert columns(heading) == answers[heading].column_names


def test_columns_of_snapshots():
    cartesian = pa.schema(state_columns("teme", "float64", velocity=True, sunlit=True)).names
    geodetic = pa.schema(state_columns("geodetic", "float32", velocity=True, sunlit=True)).names
    named = columns("Snapshots")
    assert less(named, "lat", "lon", "height") == cartesian
    assert less(named, "x", "y", "z") == geodetic


def test_columns_of_coverage(answers):
    cells = columns("Coverage")
    assert less(cells, "cell", "name") == answers["Coverage"].column_names
    others = {"lat", "region", "name", "cells", "covered_min", *cells}
    for table in ("by_latitude", "by_region"):
        assert set(answers[table].column_names) <= others


def test_columns_of_visible(answers):
    sentence = PAGES["files"].partition("`visible` has a row")[2].partition("; by site")[0]
    assert re.findall(r"`(\w+)`", sentence) == answers["visible"].column_names


def test_units_of_columns(answers):
    """The unit in the table is that of the field."""
    for heading in ("Satellites", "Look angles", "Passes", "Conjunctions", "Companions"):
        section = PAGES["files"].partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
        for row in (line for line in section.splitlines() if line.startswith("| `")):
            cells = [cell.strip() for cell in row.split("|")[1:-1]]
            names, units = re.findall(r"`(\w+)`", cells[0]), cells[2].split(", ")
            units *= len(names) if len(units) == 1 else 1
            for name, unit in zip(names, units, strict=True):
                metadata = answers[heading].schema.field(name).metadata or {}
                real = metadata.get(b"unit", b"").decode().replace("UTC", "")
                assert unit == real or name.startswith(("NORAD", "OBJECT")), name


def test_metadata_keys(answers):
    keys = set(columns("Metadata of the schema"))
    times = gpuprop.as_times(["2026-01-01T00:00:00", "2026-01-01T00:00:07"])
    plan = gpuprop.snapshots.plan_snapshots(
        gpuprop.walker("53:24/3/1", altitude_km=1200.0), times, timestamp_unit="us"
    )
    assert set(plan.metadata) <= keys
    for table in answers.values():
        text = (table.schema.metadata or {}).get(b"gpuprop", b"{}")
        assert set(json.loads(text)) <= keys


@pytest.fixture(scope="module")
def command_help():
    spec = spec_from_file_location("command_help", ROOT / "docs" / "command_help.py")
    module = module_from_spec(spec)
    sys.modules["command_help"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["command_help"]


def test_the_page_of_the_command_line_has_every_option(command_help):
    for command in command_help.COMMANDS:
        lines = command_help.help_of(command).splitlines()
        assert lines[0].startswith("Usage: gpuprop")
        section = command_help.section(command).astext()
        options = [line for line in lines[1:] if line.startswith("  ")]
        for line in options:
            name, _, meaning = line.strip().partition(": ")
            assert f"{name}\n\n{meaning}" in section, line
        assert options


def test_terms_of_the_glossary_have_one_meaning():
    text = (ROOT / "docs" / "glossary.md").read_text("utf-8")
    blocks = re.findall(r"^```\{glossary\}\n(.+?)^```$", text, re.M | re.S)
    terms = [line for block in blocks for line in re.findall(r"^(\S.*)\n    \S", block, re.M)]
    assert len(terms) > 60
    single = [term.lower() for line in terms for term in line.split(", ")]
    assert len(single) == len(set(single))
    for block in blocks:
        names = re.findall(r"^(\S.*)$", block, re.M)
        assert names == sorted(names, key=str.lower)
