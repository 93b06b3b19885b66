"""Join the data and the program into one HTML file."""

import base64
import html
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

FOLDER = Path(__file__).parent / "page"
FIRST = "main.js"
IMPORT = re.compile(r'^import\s[^;]*?"\./(?P<name>[a-z_]+\.js)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(async |const |let |function |class ))", re.MULTILINE)
PLACE = re.compile(r"\{\{(title|style|data|bytes|program)\}\}")


def _text(name: str) -> str:
    return (FOLDER / name).read_text("utf-8")


def program(first: str = FIRST) -> str:
    """Join the modules that `first` imports, and itself, in the order of their imports.

    The modules share one scope in the page, so no two may use one name at their top; the page would
    not start (a test checks it).
    """
    return "\n".join(_modules(first, set()))


def _modules(name: str, seen: set[str]) -> Iterator[str]:
    if name in seen:
        return
    seen.add(name)
    text = _text(name)
    for match in IMPORT.finditer(text):
        yield from _modules(match["name"], seen)
    body = EXPORT.sub("", IMPORT.sub("", text))
    yield f"// --- {name} ---\n{body.strip()}\n"


def page(title: str, data: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> str:
    """Make the page.

    Parameters
    ----------
    title : str
        Title of the document.
    data : dict
        What JSON can hold. The page finds it as it is, and in `arrays` where each array is.
    arrays : dict of array
        The large data: they are in the page as little-endian bytes in base64.

    Returns
    -------
    str
        HTML, to be written in UTF-8.

    Notes
    -----
    Names come from files: in JSON `<` is escaped, so that no name ends the element. The page puts
    names into its document as text only.
    """
    places: dict[str, tuple[int, int]] = {}
    pieces: list[bytes] = []
    offset = 0
    for name, array in arrays.items():
        little = np.ascontiguousarray(array)
        little = little.astype(little.dtype.newbyteorder("<"), copy=False)
        padding = -little.nbytes % 8  # typed arrays begin at multiples of their size
        places[name] = (offset, little.size)
        pieces += [little.tobytes(), bytes(padding)]
        offset += little.nbytes + padding
    text = json.dumps({**data, "arrays": places}, separators=(",", ":")).replace("<", "\\u003c")
    content = {
        # a file name that is not UTF-8 has characters that UTF-8 cannot encode
        "title": html.escape(title.encode("utf-8", "replace").decode("utf-8")),
        "style": _text("style.css"),
        "data": text,
        "bytes": base64.b64encode(b"".join(pieces)).decode("ascii"),
        "program": program(),
    }
    return PLACE.sub(lambda match: content[match[1]], _text("template.html"))
