"""Element sets as columns of text under the keywords of an OMM (CCSDS 502.0-B-2).

The keywords are in the order of CelesTrak's files.
"""

import datetime

import numpy as np
import numpy.typing as npt

from ...elements.fields import OMM_FIELDS
from ...elements.sets import Elements
from .report import TEXTS

ORIGINATOR = "GPUPROP"
CONTEXT = {
    "CENTER_NAME": "EARTH",
    "REF_FRAME": "TEME",
    "TIME_SYSTEM": "UTC",
    "MEAN_ELEMENT_THEORY": "SGP4",
}
METADATA = ("OBJECT_NAME", "OBJECT_ID")
MEAN_ELEMENTS = tuple(OMM_FIELDS)[2:9]
TLE_PARAMETERS = tuple(OMM_FIELDS)[9:]


def columns(elements: Elements) -> dict[str, list[str]]:
    """Return n texts for each keyword.

    A number is the shortest decimal text that is read as the same double. An epoch has six
    decimals, or nine if six are not exact.
    """
    texts: dict[str, list[str]] = {}
    for name, (dtype, _, _) in OMM_FIELDS.items():
        values = elements.fields[name]
        if name in TEXTS:
            texts[name] = values.tolist()
        elif dtype.startswith("datetime"):
            texts[name] = epochs(elements.epoch)
        else:
            texts[name] = [repr(value) for value in values.tolist()]
    return texts


def epochs(instants: npt.NDArray[np.datetime64]) -> list[str]:
    """Write instants as `2026-09-20T13:39:33.839424`, with nine decimals if six are not exact."""
    exact = np.datetime_as_string(instants, unit="ns").tolist()
    return [text.removesuffix("000") for text in exact]


def creation_date() -> str:
    """Return the present time, UTC, to the second; the header of a message requires it."""
    return f"{datetime.datetime.now(datetime.timezone.utc):%Y-%m-%dT%H:%M:%S}"
