"""Make the notebooks of `examples/` from the recipes, or refresh what the recipes show.

    python docs/recipes/make.py              # examples/NAME.ipynb from docs/recipes/NAME.md
    python docs/recipes/make.py --outputs    # run the recipes; write outputs and pictures, too

A recipe is the one source of its notebook. Blocks of `python` and `sh` are its cells, in their
order. A block of `text` after a cell is what the cell prints: the tests compare it. A picture
`pictures/NAME-FILE.png` is the file FILE.png that a cell writes. Notebooks have neither, since
running them shows both.
"""

import argparse
import json
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).resolve().parent
EXAMPLES = HERE.parent.parent / "examples"
NAMES = ("network", "observer", "analyst")
BLOCK = re.compile(r"^```(python|sh|text)\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
PICTURE = re.compile(r"^!\[[^\]]*\]\(pictures/(.*?)\)\n+", re.MULTILINE)
LINK = re.compile(r"\]\((?!https?:|#)(.*?)\)")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")  # Jupyter asks programs for colours
TIMEOUT_S = 600


class Piece(NamedTuple):
    """A part of a page: prose, or a block."""

    kind: str  # "prose", "python", "sh" or "text"
    text: str


def pieces(page: str) -> list[Piece]:
    """Return the parts of a page, in order."""
    found, place = [], 0
    for block in BLOCK.finditer(page):
        found += [Piece("prose", page[place : block.start()]), Piece(*block.groups())]
        place = block.end()
    return [*found, Piece("prose", page[place:])]


def outputs(page: str) -> list[str | None]:
    """Return what each cell of a page prints as the page says; None where it does not say."""
    found: list[str | None] = []
    last = ""
    for kind, text in pieces(page):
        if kind in ("python", "sh"):
            found.append(None)
        elif kind == "text":
            if last not in ("python", "sh"):
                raise ValueError(f"what is this the output of?\n{text}")
            found[-1] = text
        if text.strip():
            last = kind
    return found


def pictures(page: str) -> list[str]:
    """Return the names of the pictures of a page."""
    return PICTURE.findall(page)


def notebook(page: str) -> dict[str, Any]:
    """Return a page as a notebook (nbformat 4.5) without outputs."""
    cells: list[dict[str, Any]] = []
    for kind, text in pieces(page):
        if kind == "prose":
            text = LINK.sub(_from_examples, PICTURE.sub("", text))
        text = text.strip("\n")
        if not text or kind == "text":
            continue
        code: dict[str, Any] = {}
        if kind != "prose":
            code = {"execution_count": None, "outputs": []}
        if kind == "sh":
            text = f"%%sh\n{text}"
        cells.append(
            {
                "cell_type": "code" if code else "markdown",
                **code,
                "id": f"cell-{len(cells)}",
                "metadata": {},
                "source": text.splitlines(keepends=True),
            }
        )
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def _from_examples(link: re.Match[str]) -> str:
    target, *anchor = link[1].split("#")
    path = os.path.relpath(HERE / target, EXAMPLES).replace(os.sep, "/")
    return f"]({'#'.join([path, *anchor])})"


def as_json(page: str) -> str:
    """Return the text of the notebook of a page."""
    return json.dumps(notebook(page), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def run(page: str, folder: Path) -> list[Any]:
    """Run the cells of a page in a folder, in a kernel of this Python; return them with outputs.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        If a cell fails; it has the cell and the traceback.
    """
    import nbformat
    from nbclient import NotebookClient

    book = nbformat.reads(as_json(page), as_version=4)
    here = os.path.dirname(sys.executable)  # cells of sh find the gpuprop of this Python
    before = os.environ.get("PATH", "")
    os.environ["PATH"] = here + os.pathsep + before
    try:
        NotebookClient(
            book,
            timeout=TIMEOUT_S,
            kernel_name="python3",
            resources={"metadata": {"path": str(folder)}},
        ).execute()
    finally:
        os.environ["PATH"] = before
    return [cell for cell in book["cells"] if cell["cell_type"] == "code"]


def printed(cell: Any, where: str = "stdout") -> str:
    """Return what a cell has printed, without colours and without blanks at ends of lines."""
    streams = [output for output in cell["outputs"] if output["output_type"] == "stream"]
    text = "".join(stream["text"] for stream in streams if stream["name"] == where)
    return "".join(f"{line.rstrip()}\n" for line in COLOUR.sub("", text).splitlines())


def refreshed(page: str, now: list[str]) -> str:
    """Return a page with other outputs; a cell without a block of `text` does not get one."""
    said = outputs(page)
    new = [text for text, old in zip(now, said, strict=True) if old is not None]
    return BLOCK.sub(
        lambda block: f"```text\n{new.pop(0)}```\n" if block[1] == "text" else block[0], page
    )


def main() -> None:
    """Make the files that are asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("names", nargs="*", default=NAMES, metavar="NAME")
    parser.add_argument("--outputs", action="store_true", help="run the recipes")
    arguments = parser.parse_args()
    for name in arguments.names:
        path = HERE / f"{name}.md"
        page = path.read_text(encoding="utf-8")
        if arguments.outputs:
            with tempfile.TemporaryDirectory() as folder:
                cells = run(page, Path(folder))
                page = refreshed(page, [printed(cell) for cell in cells])
                path.write_text(page, encoding="utf-8")
                for picture in pictures(page):
                    source = Path(folder) / picture.removeprefix(f"{name}-")
                    shutil.copyfile(source, HERE / "pictures" / picture)
        (EXAMPLES / f"{name}.ipynb").write_text(as_json(page), encoding="utf-8")


if __name__ == "__main__":
    main()
