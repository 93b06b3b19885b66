"""The recipes run as notebooks, print what their pages say, and draw the pictures of the pages."""

import ast
import importlib.util
import io
import json
import os
import re

import nbformat
import numpy as np
import pytest
from project import ROOT

PAGES = ROOT / "docs" / "recipes"
NOTEBOOKS = ROOT / "examples"
spec = importlib.util.spec_from_file_location("make_recipes", PAGES / "make.py")
make = importlib.util.module_from_spec(spec)
spec.loader.exec_module(make)


def page_of(name):
    return (PAGES / f"{name}.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module", params=make.NAMES)
def ran(request, tmp_path_factory):
    """The name of a recipe, its page, what its cells printed, and the folder in which they ran."""
    folder = tmp_path_factory.mktemp(request.param)
    page = page_of(request.param)
    return request.param, page, make.run(page, folder), folder


@pytest.mark.slow
def test_cells_print_what_the_page_says(ran):
    _, page, printed, _ = ran
    said = make.outputs(page)
    assert len(said) == len(printed)
    assert [text for text, old in zip(printed, said, strict=True) if old is not None] == [
        old for old in said if old is not None
    ]


@pytest.mark.slow
def test_pictures_of_the_page_are_those_that_its_cells_draw(ran):
    """They are compared coarsely: other versions of matplotlib draw text a little differently."""
    import matplotlib.image

    name, page, _, folder = ran
    assert make.pictures(page)
    for picture in make.pictures(page):
        assert picture.startswith(f"{name}-")
        shown = matplotlib.image.imread(PAGES / "pictures" / picture)
        drawn = matplotlib.image.imread(folder / picture.removeprefix(f"{name}-"))
        assert shown.shape == drawn.shape
        assert np.abs(_blurred(shown) - _blurred(drawn)).max() < 0.05


def _blurred(image, size=20):
    rows, columns = (length // size * size for length in image.shape[:2])
    blocks = image[:rows, :columns].reshape(rows // size, size, columns // size, size, -1)
    return blocks.mean(axis=(1, 3))


@pytest.mark.parametrize("name", make.NAMES)
def test_notebooks_are_made_from_the_pages(name):
    assert (NOTEBOOKS / f"{name}.ipynb").read_text(encoding="utf-8") == make.as_json(
        page_of(name)
    ), "python docs/recipes/make.py writes the notebooks again"


def test_each_page_and_notebook_is_listed():
    assert sorted(make.NAMES) == sorted(path.stem for path in PAGES.glob("*.md"))
    assert sorted(make.NAMES) == sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb"))
    shown = [picture for name in make.NAMES for picture in make.pictures(page_of(name))]
    assert sorted(shown) == sorted(path.name for path in (PAGES / "pictures").iterdir())


@pytest.mark.parametrize("name", make.NAMES)
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


@pytest.mark.parametrize("name", make.NAMES)
def test_links_of_notebooks_lead_where_those_of_the_page_lead(name):
    """Links of a page are from docs/recipes/, and those of a notebook from examples/."""
    page = page_of(name)
    book = make.notebook(page)
    prose = ["".join(cell["source"]) for cell in book["cells"] if cell["cell_type"] == "markdown"]
    assert targets("\n".join(prose), NOTEBOOKS) == targets(page, PAGES) != []


def targets(text, folder):
    links = re.findall(r"(?<!!)\[[^]]*\]\((?!https?:)(.*?)\)", text)  # but those of pictures
    return [os.path.normpath(folder / link) for link in links]


@pytest.mark.parametrize("name", make.NAMES)
def test_commands_that_need_a_network_are_not_cells(name):
    """They are in blocks of `console`, which no test runs; their options are checked here."""
    page = page_of(name)
    consoles = re.findall(r"^```console\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    for command in "".join(consoles).splitlines():
        assert re.fullmatch(
            r"pip install 'gpuprop\[plot\]'[a-z ]*|gpuprop fetch [a-z]+ -o \S+", command
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
