"""The recipes run as notebooks, print what their pages say, and draw the pictures of the pages."""

import ast
import importlib.util
import io
import json
import os
import re
from functools import cache

import nbformat
import numpy as np
import pandas as pd
import pytest
from astropy.constants import c
from astropy.coordinates import EarthLocation
from PIL import Image
from project import ROOT

import gpuprop

PAGES = ROOT / "docs" / "recipes"
NOTEBOOKS = ROOT / "examples"
spec = importlib.util.spec_from_file_location("make_recipes", PAGES / "make.py")
make = importlib.util.module_from_spec(spec)
spec.loader.exec_module(make)


SGP4_FIELDS = (
    "NORAD_CAT_ID",
    "EPOCH",
    "MEAN_MOTION",
    "ECCENTRICITY",
    "INCLINATION",
    "RA_OF_ASC_NODE",
    "ARG_OF_PERICENTER",
    "MEAN_ANOMALY",
    "BSTAR",
)


def page_of(name):
    return (PAGES / f"{name}.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """Run a recipe, once: its cells with their outputs, and the folder with its files."""

    @cache
    def run(name):
        folder = tmp_path_factory.mktemp(name)
        return make.run(page_of(name), folder), folder

    return run


each_recipe = pytest.mark.parametrize("name", make.NAMES)


@pytest.mark.slow
@each_recipe
def test_cells_print_what_the_page_says(ran, name):
    cells, said = ran(name)[0], make.outputs(page_of(name))
    assert len(said) == len(cells) and any(said)
    for cell, text in zip(cells, said, strict=True):
        assert text in (None, make.printed(cell)), "docs/recipes/make.py --outputs writes it again"


@pytest.mark.slow
@each_recipe
def test_cells_of_python_do_not_warn(ran, name):
    cells = [cell for cell in ran(name)[0] if not cell.source.startswith("%%sh")]
    assert [make.printed(cell, "stderr") for cell in cells] == [""] * len(cells)


@pytest.mark.slow
def test_files_for_a_simulator(ran):
    """They are as Hypatia reads them: satgenpy's read_tles, read_isls, read_ground_stations."""
    folder = ran("network")[1]
    first, *lines = (folder / "tles.txt").read_text().splitlines()
    assert first == "72 22" and len(lines) == 3 * 1584
    assert [line.split()[1] for line in lines[::3]] == [str(k) for k in range(1584)]
    assert len({line[18:32] for line in lines[1::3]}) == 1  # one epoch
    read = [gpuprop.read_elements(folder / name) for name in ("tles.txt", "shell.tle")]
    assert all(np.array_equal(read[0].fields[x], read[1].fields[x]) for x in SGP4_FIELDS)
    links = np.loadtxt(folder / "isls.txt", dtype=int)
    assert (links[:, 0] < links[:, 1]).all() and len(np.unique(links, axis=0)) == len(links)
    assert np.array_equal(np.bincount(links.ravel()), np.full(1584, 4))
    stations = (folder / "ground_stations.basic.txt").read_text().splitlines()
    assert [station.split(",")[0] for station in stations] == [*"01234"]
    assert {station.count(",") for station in stations} == {4}


@pytest.mark.slow
def test_links_and_positions_agree(ran):
    """The range of each link is the distance between the station and the written position."""
    folder = ran("network")[1]
    links = pd.read_parquet(folder / "links.parquet")
    positions = gpuprop.open_snapshots(folder / "positions").dataset.to_table().to_pandas()
    links = links.merge(positions, on=["time", "sat_id"], how="left")
    sites = {"London": (51.51, -0.13, 50.0), "New York": (40.71, -74.01, 50.0)}
    for name, (lat, lon, height_m) in sites.items():
        site = EarthLocation.from_geodetic(lon, lat, height_m).itrs.cartesian.xyz.to_value("km")
        of = links[links["site"] == name]
        away = np.linalg.norm(of[["x", "y", "z"]].to_numpy() - site, axis=1)
        assert len(of) and np.allclose(away, of["range_km"], rtol=0, atol=1e-6)
        assert np.allclose(of["delay_ms"], away / c.to_value("km/ms"), rtol=0, atol=1e-9)


@pytest.mark.slow
def test_the_recipe_for_networks_is_adapted_as_its_table_says(tmp_path):
    """Four values of the table, and the recipe prints for Qianfan what the page says."""
    page = page_of("network")
    section = page[page.index("## Another constellation") :]
    rows = re.findall(r"^\| `(.*)` \| .* \| `(.*)` \|$", section, re.MULTILINE)
    recipe = page.removesuffix(section)
    for where, value in rows:
        value_here = r'("[^"]*"|True|False|\d+(?:, \d+)*)'
        found = list(re.finditer(re.escape(where) + " ?" + value_here, recipe))
        at = found[0].span(1)  # the first place: "duration=" is in "Short steps", too
        recipe = recipe[: at[0]] + value + recipe[at[1] :]
    said = re.findall(r"^- `(.*)`$", section, re.MULTILINE)
    lines = "".join(map(make.printed, make.run(recipe, tmp_path))).splitlines()
    assert len(rows) == 4 and len(said) == 3
    assert set(said) <= set(lines)
    links = np.loadtxt(tmp_path / "isls.txt", dtype=int)
    assert len(links) == 1296 + 1260  # none from the last plane to the first


@pytest.mark.slow
def test_the_list_of_the_night(ran):
    """The command and the Python list the same passes, and all of them are visible."""
    folder = ran("observer")[1]
    passes, night = pd.read_csv(folder / "passes.csv"), pd.read_csv(folder / "tonight.csv")
    assert len(passes) == len(night) > 0
    assert (passes["sunlit"] == 2).all() and (passes["site_sun_elevation_deg"] < -6).all()
    local = pd.to_datetime(night["rise"], utc=True)
    assert (local == pd.to_datetime(passes["rise"]).dt.floor("s")).all()
    assert night["rise"].str.endswith("-03:00").all()


@pytest.mark.slow
@each_recipe
def test_pictures_of_the_page_are_those_that_its_cells_draw(ran, name):
    """Other versions of matplotlib draw texts a little differently; then the sizes are compared."""
    folder, names = ran(name)[1], make.pictures(page_of(name))
    assert names
    for picture in names:
        assert picture.startswith(f"{name}-")
        shown = Image.open(PAGES / "pictures" / picture)
        drawn = Image.open(folder / picture.removeprefix(f"{name}-"))
        assert shown.size == drawn.size and shown.mode == drawn.mode
        if shown.info["Software"] == drawn.info["Software"]:
            colours = [np.asarray(each, float) for each in (shown, drawn)]
            assert np.abs(colours[0] - colours[1]).max() <= 1  # of 255


@each_recipe
def test_notebooks_are_made_from_the_pages(name):
    assert (NOTEBOOKS / f"{name}.ipynb").read_text(encoding="utf-8") == make.as_json(
        page_of(name)
    ), "python docs/recipes/make.py writes the notebooks again"


def test_each_page_and_notebook_is_listed():
    assert sorted(make.NAMES) == sorted(path.stem for path in PAGES.glob("*.md"))
    assert sorted(make.NAMES) == sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb"))
    shown = [picture for name in make.NAMES for picture in make.pictures(page_of(name))]
    assert sorted(shown) == sorted(path.name for path in (PAGES / "pictures").iterdir())


@each_recipe
def test_notebooks_are_clean(name):
    text = (NOTEBOOKS / f"{name}.ipynb").read_text(encoding="utf-8")
    book = nbformat.read(io.StringIO(text), as_version=nbformat.NO_CONVERT)
    nbformat.validate(book)
    assert (book.nbformat, book.nbformat_minor) == (4, 5)
    assert set(json.loads(text)["metadata"]) == {"kernelspec", "language_info"}
    ids = [cell.id for cell in book.cells]
    assert len(set(ids)) == len(ids) and ids[0] == "cell-0"
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)
    assert all(cell.metadata == {} for cell in book.cells)
    for cell in code:
        if not cell.source.startswith("%%sh\n"):
            ast.parse(cell.source)


@each_recipe
def test_links_of_notebooks_lead_where_those_of_the_page_lead(name):
    """Links of a page are from docs/recipes/, and those of a notebook from examples/."""
    page = page_of(name)
    book = make.notebook(page)
    prose = ["".join(cell["source"]) for cell in book["cells"] if cell["cell_type"] == "markdown"]
    assert targets("\n".join(prose), NOTEBOOKS) == targets(page, PAGES) != []


def targets(text, folder):
    links = re.findall(r"(?<!!)\[[^]]*\]\((?!https?:)(.*?)\)", text)  # but those of pictures
    return [os.path.normpath(folder / link) for link in links]


@each_recipe
def test_commands_that_need_a_network_are_not_cells(name):
    """They are in blocks of `console`, which no test runs; their options are checked here."""
    page = page_of(name)
    consoles = re.findall(r"^```console\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    for command in "".join(consoles).splitlines():
        assert re.fullmatch(
            r"pip install ('gpuprop\[plot\]')?[a-z ]*|gpuprop fetch [a-z]+ -o \S+", command
        )
    cells = [text for kind, text in make.pieces(page) if kind in ("python", "sh")]
    assert not re.search(r"fetch|pip install|https?:", "".join(cells))


def test_an_output_without_a_cell_is_an_error():
    with pytest.raises(ValueError, match="output of"):
        make.outputs("# A page\n\n```text\n1\n```\n")


def test_pages_are_refreshed():
    page = "a\n\n```python\nprint(1)\n```\n\n```text\n?\n```\n\nb\n\n```sh\nls\n```\n"
    assert make.outputs(page) == ["?\n", None]
    assert make.refreshed(page, ["1\n", "x\n"]) == page.replace("?", "1")
    assert os.sep not in "".join(make.notebook(page)["cells"][0]["source"])
