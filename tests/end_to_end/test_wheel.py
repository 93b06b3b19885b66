"""The wheel, built and installed by pip in a fresh environment, with and without a C++ compiler."""

import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest
from project import ROOT

pytestmark = pytest.mark.slow

ORDER = (
    "propagate",
    "walker:53:24/3/1@550",
    "--duration",
    "2h",
    "--step",
    "7min",
    "--quiet",
    "--json",
)
PART = "snapshots/part-000000.arrow"


def run(*command, **options):
    """Run a command; what it printed is in the failure."""
    done = subprocess.run(command, capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class Installed:
    """The wheel of this tree in an environment of its own, which sees the packages of the running
    one but not its gpuprop.
    """

    def __init__(self, folder, environment):
        run(
            sys.executable,
            "-m",
            "pip",
            "wheel",
            str(ROOT),
            "--no-deps",
            "-w",
            str(folder),
            env=environment,
        )
        (self.wheel,) = folder.glob("gpuprop-*.whl")
        venv.create(folder / "env", with_pip=False)
        (packages,) = (folder / "env").rglob("site-packages")
        self.names = set(zipfile.ZipFile(self.wheel).namelist())
        dependencies = {
            str(Path(__import__(name).__file__).parent.parent)
            for name in ("numpy", "pyarrow", "cyclopts", "rich")
        }
        # behind this folder on the path
        (packages / "dependencies.pth").write_text("\n".join(dependencies))
        self.python = folder / "env" / ("Scripts" if os.name == "nt" else "bin") / "python"
        run(
            sys.executable,
            "-m",
            "pip",
            "--python",
            str(self.python),
            "install",
            "--no-deps",
            "--no-index",
            str(self.wheel),
        )
        self.empty = folder / "empty"
        self.empty.mkdir()

    def propagate(self, engine):
        """The bytes of the part that this installation's command writes."""
        # -I: nothing of the current directory or of the environment is imported
        run(
            self.python,
            "-I",
            self.python.parent / "gpuprop",
            *ORDER,
            "-o",
            engine,
            "--engine",
            engine,
            cwd=self.empty,
        )
        return (self.empty / engine / PART).read_bytes()

    def ask(self, question):
        return run(
            self.python,
            "-I",
            "-c",
            f"import gpuprop, gpuprop.sgp4.constants; print({question})",
            cwd=self.empty,
        ).strip()


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """The bytes of the part that this process writes with numpy."""
    from gpuprop.__main__ import main

    folder = tmp_path_factory.mktemp("expected")
    before = os.getcwd()
    os.chdir(folder)
    try:
        assert main([*ORDER, "-o", "out", "--engine", "numpy"]) == 0
    finally:
        os.chdir(before)
    return (folder / "out" / PART).read_bytes()


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    if not (shutil.which("c++") or os.environ.get("CXX")):
        pytest.skip("no C++ compiler on this machine")
    return Installed(tmp_path_factory.mktemp("compiled"), os.environ)


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    return Installed(
        tmp_path_factory.mktemp("bare"),
        os.environ | {"CXX": "/nonexistent/c++", "CC": "/nonexistent/cc"},
    )


def test_the_kernels_are_in_it(compiled):
    """The sources, for the GPU's compiler, and the library; the tag says that any Python of this
    platform may have it.
    """
    sources = {f"gpuprop/kernels/{path.name}" for path in (ROOT / "kernels").iterdir()}
    assert sources | {"gpuprop/libgpuprop.so"} <= compiled.names
    assert "-py3-none-" in compiled.wheel.name and not compiled.wheel.name.endswith("-any.whl")
    assert not {
        name
        for name in compiled.names
        if name.split("/")[0]
        not in ("gpuprop", f"gpuprop-{compiled.wheel.name.split('-')[1]}.dist-info")
    }


def test_the_countries_are_in_it(compiled):
    folder = ROOT / "gpuprop" / "geography"
    shapes = {f"gpuprop/geography/{path.name}" for path in folder.glob("*.parquet")}
    assert len(shapes) == 2 and shapes <= compiled.names
    assert any(name.endswith("LICENSE.world-atlas") for name in compiled.names)
    module = "__import__('gpuprop.geography.countries').geography.countries"
    assert compiled.ask(f"{module}.regions('BRA')[0].name") == "Brazil"


def test_the_installed_kernels_are_the_ones_in_use(compiled):
    inside = str(compiled.empty.parent / "env")
    assert compiled.ask("gpuprop.__file__").startswith(inside)
    assert compiled.ask("gpuprop.sgp4.constants.kernels_folder()").startswith(inside)


@pytest.mark.parametrize("engine", ["cpu", "numpy"])
def test_it_writes_the_same_bytes(compiled, expected, engine):
    assert compiled.propagate(engine) == expected


def test_without_a_compiler_it_runs_with_numpy(bare, expected):
    assert "gpuprop/libgpuprop.so" not in bare.names
    assert "install g++ or clang++" in bare.ask("gpuprop.engines()['cpu'].detail")
    assert bare.propagate("auto") == expected


def test_flags_of_the_user_change_no_arithmetic(tmp_path, expected):
    """CXXFLAGS=-ffast-math: the same bits, and the rest of the process still has small numbers."""
    if not (shutil.which("c++") or os.environ.get("CXX")):
        pytest.skip("no C++ compiler on this machine")
    installed = Installed(tmp_path, os.environ | {"CXXFLAGS": "-ffast-math -Ofast"})
    assert installed.propagate("cpu") == expected
    question = "gpuprop.engines()['cpu'].usable, __import__('numpy').float64(5e-324) * 1.0"
    assert installed.ask(question) == "True 5e-324"
