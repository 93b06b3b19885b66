"""OMM as CSV, with CelesTrak's columns and line ends."""

from collections.abc import Iterator

from ...elements.fields import OMM_FIELDS
from ...elements.sets import Elements
from .omm import columns
from .report import TEXTS, Report

END = "\r\n"


def write(elements: Elements, report: Report) -> Iterator[str]:
    """Write the header, then a row for each satellite."""

    def pieces() -> Iterator[str]:
        texts = columns(elements[report.writable])
        texts |= {name: [_quoted(text) for text in texts[name]] for name in TEXTS}
        yield ",".join(OMM_FIELDS) + END
        for row in zip(*texts.values(), strict=True):
            yield ",".join(row) + END

    return pieces()


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if "," in text or '"' in text else text
