"""OMM as keyword = value notation: one message after the other."""

from collections.abc import Iterator

from ...elements.sets import Elements
from .omm import (
    CONTEXT,
    MEAN_ELEMENTS,
    METADATA,
    ORIGINATOR,
    TLE_PARAMETERS,
    columns,
    creation_date,
)
from .report import Report


def write(elements: Elements, report: Report) -> Iterator[str]:
    """Write a message for each satellite, followed by a blank line."""

    def pieces() -> Iterator[str]:
        texts = columns(elements[report.writable])
        head = {"CCSDS_OMM_VERS": "2.0", "CREATION_DATE": creation_date(), "ORIGINATOR": ORIGINATOR}
        for row in zip(*texts.values(), strict=True):
            values = head | dict(zip(texts, row, strict=True)) | CONTEXT
            for block in (head, (*METADATA, *CONTEXT), MEAN_ELEMENTS, TLE_PARAMETERS):
                yield "".join(f"{name:<19} = {values[name]}\n" for name in block) + "\n"

    return pieces()
