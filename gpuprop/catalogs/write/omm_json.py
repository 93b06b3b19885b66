"""OMM as JSON: an array with one object on each line."""

import json
from collections.abc import Iterator

from ...elements.sets import Elements
from .omm import columns
from .report import TEXTS, Report


def write(elements: Elements, report: Report) -> Iterator[str]:
    """Write the array, one line at a time."""

    def pieces() -> Iterator[str]:
        texts = columns(elements[report.writable])
        quoted = {
            name: texts[name] if name not in (*TEXTS, "EPOCH") else list(map(_quoted, texts[name]))
            for name in texts
        }
        yield "[\n"
        between = ""
        for row in zip(*quoted.values(), strict=True):
            yield (
                between
                + "{"
                + ",".join(f'"{name}":{value}' for name, value in zip(quoted, row, strict=True))
                + "}"
            )
            between = ",\n"
        yield "\n]\n"

    return pieces()


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
