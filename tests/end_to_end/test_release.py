"""What is released: one version everywhere, the files of the archive, workflows and metadata."""

import re
import subprocess
import sys
import tarfile
from importlib import metadata

import pytest
from packaging.version import Version
from project import ROOT

import gpuprop

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
VERSION = Version(gpuprop.__version__)


def text(name):
    return (ROOT / name).read_text("utf-8")


def test_one_version():
    """The files that cannot read gpuprop/version.py say the same."""
    found = {
        "installed": metadata.version("gpuprop"),
        "CITATION.cff": re.search(r"^version: (\S+)$", text("CITATION.cff"), re.M)[1],
        "recipe": re.search(r'^  version: "(\S+)"$', text("recipe/recipe.yaml"), re.M)[1],
        "Dockerfile": re.search(r'image\.version="(\S+)"', text("Dockerfile"))[1],
    }
    assert found == dict.fromkeys(found, gpuprop.__version__)
    assert "version" not in PROJECT["project"] and PROJECT["project"]["dynamic"] == ["version"]


def test_the_changelog_has_it():
    """A version under development is Unreleased and newer than the last release; a released version
    has a heading with its date.
    """
    headings = re.findall(r"^## \[(\S+)\](?: - (\d{4}-\d\d-\d\d))?$", text("CHANGELOG.md"), re.M)
    released = [Version(name) for name, date in headings if date]
    assert released == sorted(released, reverse=True)
    if VERSION.is_devrelease:
        assert headings[0] == ("Unreleased", "") and released[0] < VERSION
    else:
        assert released[0] == VERSION and headings[0][0] != "Unreleased"


def test_workflows_run_what_was_reviewed():
    """Each action is named by its commit, which nobody can move, with its version beside it."""
    assert {path.stem for path in WORKFLOWS} == {"tests", "wheels"}
    for path in WORKFLOWS:
        used = re.findall(r"uses: (.+)", path.read_text("utf-8"))
        assert used
        for action in used:
            assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action), action
        assert "permissions:\n  contents: read\n" in path.read_text("utf-8")


def test_the_workflow_tests_every_python_of_the_metadata():
    named = re.search(r"python: \[(.+)\]", text(".github/workflows/tests.yml"))[1]
    prefix = "Programming Language :: Python :: "
    assert re.findall(r'"(.+?)"', named) == [
        each.removeprefix(prefix)
        for each in PROJECT["project"]["classifiers"]
        if each.startswith(f"{prefix}3.")
    ]
    assert PROJECT["project"]["requires-python"] == ">=" + re.findall(r'"(.+?)"', named)[0]


def test_the_recipe_needs_what_the_package_needs():
    recipe = text("recipe/recipe.yaml").partition("\n  run:\n")[2].partition("\ntests:")[0]
    found = dict(re.findall(r"- (\S+) (\S+)", recipe))
    needed = {}
    for each in PROJECT["project"]["dependencies"]:
        name, least = re.match(r"([\w-]+)(>=[\w.]+)", each).groups()
        needed[{"xxhash": "python-xxhash"}.get(name, name)] = least
    assert found == needed | {"python": PROJECT["project"]["requires-python"]}


def test_the_image_takes_what_the_build_needs_and_runs_without_rights():
    dockerfile = text("Dockerfile")
    copied = set(re.findall(r"^COPY (?!--from)(.+) \S+$", dockerfile, re.M))
    kept = {line[1:] for line in text(".dockerignore").splitlines() if line.startswith("!")}
    assert set(" ".join(copied).split()) == kept
    assert all((ROOT / name).exists() for name in kept)
    assert re.search(r"^USER [1-9]\d*$", dockerfile, re.M)


def test_entry_points_are_exported():
    """Windows finds only functions that are marked; here the others would work, too."""
    for name in ("kernels/cpu.cpp", "kernels/widths.cpp"):
        exported = text(name).partition('\nextern "C" {\n')[2]
        functions = re.findall(r"^(?!#|//|\}| )(.+\()", exported, re.M)
        assert functions and all(each.startswith("EXPORTED ") for each in functions), functions


@pytest.mark.slow
def test_the_source_archive(tmp_path):
    """It has every file that is kept in version control, licences too, and nothing else."""
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a checkout of git")
    # a copy, so that files which are not in version control yet cannot be in the archive
    copy = tmp_path / "copy"
    for name in listed.stdout.splitlines():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_bytes((ROOT / name).read_bytes())
    subprocess.run(
        [sys.executable, "-m", "build", "--sdist", "-o", str(tmp_path), str(copy)], check=True
    )
    archive = tmp_path / f"gpuprop-{gpuprop.__version__}.tar.gz"
    with tarfile.open(archive) as opened:
        names = {name.partition("/")[2] for name in opened.getnames()}
    assert names == {*listed.stdout.splitlines(), "PKG-INFO"}
    for needed in ("LICENSE", "gpuprop/geography/LICENSE.world-atlas", "kernels/cpu.cpp"):
        assert needed in names
    assert archive.stat().st_size < 10e6
