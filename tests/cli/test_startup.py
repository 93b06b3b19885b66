"""What the start of the command line costs: which modules it imports, not how long that takes."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import gpuprop
from gpuprop.cli import run
from gpuprop.cli.app import COMMANDS, GROUPS, RUNS, USAGE, app
from gpuprop.elements.altitudes import ALTITUDE
from gpuprop.elements.conditions import QUANTITIES

SHARED = {
    "__init__",
    "access_options",
    "access_run",
    "app",
    "console",
    "coverage_options",
    "coverage_run",
    "directories",
    "inputs",
    "kinds",
    "options",
    "plot_options",
    "plot_run",
    "progress",
    "propagators",
    "shared_options",
    "propagate_options",
    "propagate_run",
    "run",
    "satellites",
    "screen_options",
    "screen_run",
    "sites",
    "view_options",
    "view_run",
}
MODULES = """
import sys
from gpuprop.__main__ import main
code = main(sys.argv[1:])
print(*sorted(sys.modules), file=sys.stderr)
sys.exit(code)
"""


def modules_of(*arguments: str) -> tuple[str, set[str]]:
    """What a command line prints on stdout, and the modules that it imports."""
    command = [sys.executable, "-c", MODULES, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout, set(done.stderr.split())


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"], ["--version"]])
def test_help_and_version_import_little(arguments: list[str]) -> None:
    printed, modules = modules_of(*arguments)
    assert gpuprop.__version__ in printed or all(name in printed for name in COMMANDS)
    assert not modules & {"numpy", "pyarrow", "erfa", "pandas", "astropy_iers_data"}
    assert not modules & {"rich.markdown", "rich.syntax", "importlib.metadata"}
    commands = {f"gpuprop.cli.{name}" for name in COMMANDS}
    assert not modules & commands


@pytest.mark.parametrize("name", ["access", "coverage", "propagate", "screen", "view"])
def test_help_of_a_command_imports_its_own_file_alone(name: str) -> None:
    printed, modules = modules_of(name, "--help")
    assert f"Usage: gpuprop {name} " in printed
    commands = {f"gpuprop.cli.{each}" for each in COMMANDS}
    assert modules & commands == {f"gpuprop.cli.{name}"}
    assert not modules & {"numpy", "pyarrow", "pandas", "rich.markdown", "rich.syntax"}
    assert f"gpuprop.cli.{name}_run" not in modules


def test_help_of_pictures_needs_neither_numpy_nor_matplotlib() -> None:
    for arguments in (["plot", "--help"], ["plot", "sky", "--help"], ["plot", "race", "-h"]):
        printed, modules = modules_of(*arguments)
        assert "Usage: gpuprop plot " in printed
        assert not modules & {"numpy", "pyarrow", "matplotlib", "pandas"}
        assert "gpuprop.cli.plot_run" not in modules


def test_help_of_where_names_every_quantity() -> None:
    """The names are repeated there, so that help needs no numpy."""
    printed, _ = modules_of("propagate", "--help")
    words = " ".join(printed.replace("│", " ").split())
    assert f"Names: {', '.join(QUANTITIES)}; " in words
    assert f"altitude_km: {ALTITUDE}. " in words


def test_each_command_is_a_function_in_a_file_of_its_name() -> None:
    files = {path.stem for path in Path(run.__file__).parent.glob("*.py")}
    assert files - SHARED == set(COMMANDS)
    for name in COMMANDS:
        there = getattr(import_module(f"gpuprop.cli.{name}"), name)
        assert there is (app[name] if name in GROUPS else app[name].default_command)
    assert set(USAGE) < set(COMMANDS) and set(RUNS) < set(COMMANDS)


def test_a_run_has_loaded_what_it_needs(tmp_path: Path) -> None:
    """A signal during an import may be lost; pandas, which pyarrow imports, takes half a second."""
    program = (
        "import sys\n"
        "from gpuprop.cli import run\n"
        "arguments = ['propagate', 'walker:53:8/2/1@600', '-o', 'out', '--duration', '10min']\n"
        "run.load(arguments)\n"
        "before = set(sys.modules)\n"
        "code = run.run(arguments)\n"
        "print(*(set(sys.modules) - before))\n"
        "sys.exit(code)"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    late = {name.partition(".")[0] for name in done.stdout.splitlines()[-1].split()}
    assert not late & {"gpuprop", "pandas", "pyarrow"}


def test_completion_has_loaded_every_command_before_it_runs() -> None:
    """The imports come before signals end a process at once: see __main__.py."""
    program = (
        "import sys\n"
        "from gpuprop.cli import run\n"
        "run.load(['completion', 'bash'])\n"
        "before = set(sys.modules)\n"
        "run.run(['completion', 'bash'])\n"
        "print(*(name for name in set(sys.modules) - before if 'gpuprop' in name), file=sys.stderr)"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "--on-error" in done.stdout and not done.stderr.strip()
