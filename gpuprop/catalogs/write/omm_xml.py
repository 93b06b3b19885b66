"""OMM as XML: an <ndm> with one <omm> for each satellite."""

import re
from collections.abc import Iterable, Iterator, Mapping
from xml.sax.saxutils import escape

import numpy as np

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
from .report import TEXTS, Report

SCHEMA = "https://sanaregistry.org/r/ndmxml_unqualified/ndmxml-2.0.0-master-2.0.xsd"
BEGIN = f"""<?xml version="1.0" encoding="UTF-8"?>
<ndm xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="{SCHEMA}">
"""
# XML 1.0, production [2] Char
_NO_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write(elements: Elements, report: Report) -> Iterator[str]:
    """Write the document, one message at a time."""
    for name in TEXTS:
        wrong = np.array(
            [_NO_XML.search(text) is not None for text in map(str, elements.fields[name])], bool
        )
        report.refuse(
            wrong, f"{name} holds a character that XML does not allow: write csv, json or kvn"
        )

    def pieces() -> Iterator[str]:
        texts = columns(elements[report.writable])
        texts |= {name: list(map(escape, texts[name])) for name in TEXTS}
        header = _tags(
            {"CREATION_DATE": creation_date(), "ORIGINATOR": ORIGINATOR},
            ("CREATION_DATE", "ORIGINATOR"),
        )
        yield BEGIN
        for row in zip(*texts.values(), strict=True):
            values = dict(zip(texts, row, strict=True)) | CONTEXT
            metadata, mean, tle = (
                _tags(values, names)
                for names in ((*METADATA, *CONTEXT), MEAN_ELEMENTS, TLE_PARAMETERS)
            )
            yield (
                f'<omm id="CCSDS_OMM_VERS" version="2.0">\n<header>{header}</header>\n'
                f"<body><segment>\n<metadata>{metadata}</metadata>\n"
                f"<data>\n<meanElements>{mean}</meanElements>\n"
                f"<tleParameters>{tle}</tleParameters>\n</data>\n</segment></body>\n</omm>\n"
            )
        yield "</ndm>\n"

    return pieces()


def _tags(values: Mapping[str, str], names: Iterable[str]) -> str:
    return "".join(f"<{name}>{values[name]}</{name}>" for name in names)
