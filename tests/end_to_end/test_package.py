"""The package as other projects use it: names, types, imports."""

import subprocess
import sys
from pathlib import Path

import pytest

import gpuprop
from gpuprop.errors import GpupropError

USER = """
from gpuprop import Elements, Propagator, open_snapshots, read_elements, time_grid, write_snapshots
import pytest

import gpuprop

sats: Elements = gpuprop.constellation("starlink-gen1")
prop = Propagator(sats)
times = time_grid("2026-01-01T00:00:00Z", duration="1h")
for block in prop.snapshots(times):
    size: int = block.x.size
rows: int = write_snapshots("out", prop, times).rows
"""


def test_every_name_is_there():
    for name in gpuprop.__all__:
        assert getattr(gpuprop, name) is not None
    assert set(gpuprop.__all__) < set(dir(gpuprop))


@pytest.mark.slow
def test_a_user_is_type_checked(tmp_path):
    (tmp_path / "user.py").write_text(USER)
    (tmp_path / "wrong.py").write_text("from gpuprop import nobody\n")
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--ignore-missing-imports",
        "--cache-dir",
        str(tmp_path / "cache"),
    ]
    done = subprocess.run(
        [*command, "user.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert (
        subprocess.run(
            [*command, "wrong.py"], cwd=tmp_path, capture_output=True, check=False
        ).returncode
        == 1
    )


def test_importing_it_loads_next_to_nothing():
    code = "import sys, gpuprop; sys.exit('pyarrow' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


NAMES = """
import importlib, pkgutil, types
import pytest

import gpuprop
before = {name: getattr(gpuprop, name) for name in gpuprop.__all__}
for module in pkgutil.walk_packages(gpuprop.__path__, "gpuprop."):
    if module.name not in ("gpuprop.__main__", "gpuprop.libgpuprop"):
        importlib.import_module(module.name)
for name, value in before.items():
    assert getattr(gpuprop, name) is value and not isinstance(value, types.ModuleType), name
gpuprop.engines(), gpuprop.constellations(), gpuprop.time_grid("2026-01-01", duration="1h")
"""


def test_no_module_takes_the_place_of_a_function():
    """Importing a submodule makes it an attribute of the package, where it would replace a function
    of its name.
    """
    subprocess.run([sys.executable, "-c", NAMES], check=True)
    modules = {
        path.stem
        for path in Path(gpuprop.__file__).parent.iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert not modules & set(gpuprop.__all__)


def test_the_old_name_of_snapshots():
    from gpuprop import arrow, snapshots

    assert all(getattr(arrow, name) is getattr(snapshots, name) for name in snapshots.__all__)
    for old in ("Busy", "PlanDiffers", "Unmerged"):
        error = getattr(arrow, old)
        assert old in arrow.__all__ and issubclass(error, GpupropError)


LAZY = """
import sys
import gpuprop
states = gpuprop.Propagator(gpuprop.walker("53:8/2/1", altitude_km=600.0)).states("2026-01-01")
sky = gpuprop.look_angles(states, gpuprop.Site(0.0, 0.0), min_elevation_deg=0.0)
print(states, sky)
sys.exit(bool({"pandas", "xarray", "polars", "duckdb", "astropy"} & set(sys.modules)))
"""


def test_states_and_look_angles_need_no_other_library():
    assert subprocess.run([sys.executable, "-c", LAZY], check=False).returncode == 0
