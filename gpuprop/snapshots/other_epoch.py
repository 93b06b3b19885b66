"""Explain why a run cannot be resumed with satellites that differ only in their epochs."""

import numpy as np
import pyarrow as pa

from ..dataset.manifest import Manifest
from ..dataset.session import Explain
from ..dataset.store import Store
from ..elements.sets import Elements
from ..time.instants import format_ns
from .plan import elements_digest
from .read import read_satellites


def explain_epochs(store: Store, elements: Elements) -> Explain:
    """Make a function that explains how the satellites of a run differ from `elements`."""

    def explain(found: Manifest, differing: list[str]) -> str:
        """Return a clause for the message; empty if the satellites differ in more."""
        if "elements" not in differing:
            return ""
        try:
            epochs = read_satellites(store, found)["EPOCH"].cast(pa.timestamp("ns", "UTC"))
            recorded = epochs.cast(pa.int64()).to_numpy()
        except (OSError, ValueError, LookupError):  # the run is refused in any case
            return ""
        if len(recorded) != len(elements):
            return ""
        same = Elements({**elements.fields, "EPOCH": recorded.view("datetime64[ns]")})
        if elements_digest(same) != found.plan["elements"]:
            return ""
        other = recorded != elements.epoch.view(np.int64)
        epochs = np.unique(recorded[other]).tolist()
        if len(epochs) == 1 and elements.synthetic[other].all():
            epoch = format_ns(epochs[0])
            return (
                f"; its satellites have the epoch {epoch} and are the same otherwise: give "
                f"--epoch {epoch}"
            )
        return "; the satellites differ only in their epochs"

    return explain
