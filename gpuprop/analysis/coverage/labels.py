"""Labels of satellites: coverage counts the satellites of each label separately."""

from typing import Any, NamedTuple

import numpy as np

from ...elements.selection import OTHER
from ...elements.sets import Elements
from ...messages import shown
from ...typing import Bits

ALL = "all"


class Labels(NamedTuple):
    """Labels in alphabetical order, and which one each satellite has (n_sats,)."""

    names: tuple[str, ...]
    of: Bits


def as_labels(by: Any, elements: Elements) -> Labels | None:
    """Return the labels that `by` of coverage means; None without them."""
    if by is None:
        return None
    if isinstance(by, str):
        if by == "operator":
            return _numbered(elements.operator.tolist())
        if by == "source":
            return _numbered(source_labels(elements))
        raise ValueError(
            f"by {shown(by)} is not known: use 'operator' or 'source', or give a label for each "
            f"of the {len(elements):,} satellites"
        )
    given = np.asarray(by, object)
    if given.shape != (len(elements),):
        raise ValueError(
            f"by has shape {given.shape}: give one label for each of the {len(elements):,} "
            "satellites, in their order"
        )
    for number, label in enumerate(given.tolist()):
        if label is None or label != label or not str(label):  # NaN is not equal to itself
            raise ValueError(
                f"by: satellite {elements.sat_id[number]} has the label {label!r}: give a text for "
                f"each satellite, such as {OTHER!r} where none is known"
            )
    texts = [str(label) for label in given.tolist()]
    if ALL in texts:
        raise ValueError(
            f"satellite {elements.sat_id[texts.index(ALL)]} has the label {ALL!r}, which is the "
            "name of all labels together: choose another"
        )
    return _numbered(texts)


def source_labels(elements: Elements) -> list[str]:
    """Return the source of each satellite; ValueError if one has none."""
    assert elements.source is not None
    labels = [str(label) for label in elements.source]
    if "" in labels:
        raise ValueError(
            f"by 'source': it is not known what satellite {elements.sat_id[labels.index('')]} is "
            "from: read it with read_elements, name it with Elements.from_source, or give labels"
        )
    return labels


def _numbered(texts: list[str]) -> Labels:
    names, of = np.unique(np.array(texts, str), return_inverse=True)
    return Labels(tuple(names.tolist()), of.astype(np.int64).ravel())
