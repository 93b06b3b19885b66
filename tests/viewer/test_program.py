"""The modules of the page: lint, types, and that they can be joined into one."""

import subprocess
from pathlib import Path

import pytest

import gpuprop.viewer
from gpuprop.viewer.page import program

FOLDER = Path(gpuprop.viewer.__file__).parent / "page"
MODULES = sorted(FOLDER.glob("*.js"))


def deno(*arguments: str) -> None:
    """Run deno, which has a linter and the compiler of TypeScript, and needs no network."""
    find = pytest.importorskip("deno", reason="deno is not installed").find_deno_bin
    done = subprocess.run(
        [find(), *arguments, "--config", str(FOLDER / "deno.json")],
        capture_output=True,
        text=True,
        check=False,
        env={"NO_COLOR": "1", "DENO_NO_UPDATE_CHECK": "1", "HOME": "/nonexistent"},
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_modules_have_no_lint():
    deno("lint", "--quiet", str(FOLDER))


@pytest.mark.slow
def test_types_of_jsdoc_are_right():
    deno("check", "--quiet", *map(str, MODULES))


def test_the_joined_program_has_every_module_and_no_name_twice():
    joined = program()
    assert all(f"// --- {module.name} ---" in joined for module in MODULES)
    assert "\nimport " not in joined and "\nexport " not in joined
    # modules are joined after those that they import
    order = [line.split()[2] for line in joined.splitlines() if line.startswith("// --- ")]
    assert order[-1] == "main.js" and len(order) == len(set(order)) == len(MODULES)
    assert not twice(joined)


def twice(joined: str) -> list[str]:
    """Return names that are declared more than once at the top."""
    words = ("const ", "let ", "class ", "function ", "async function ")
    names = [
        line.removeprefix(word).split("(")[0].split(" ")[0]
        for line in joined.splitlines()
        for word in words
        if line.startswith(word)
    ]
    return sorted({name for name in names if names.count(name) > 1})


def test_modules_read_in_one_sitting():
    assert all(len(module.read_text("utf-8").splitlines()) < 350 for module in MODULES)
