"""What to do when a run is resumed with satellites that differ in their epochs alone."""

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
    """Make the explanation of a plan with other element sets.

    Parameters
    ----------
    store : Store
        The directory of the run.
    elements : Elements
        The satellites asked for.
    """

    def explain(found: Manifest, differing: list[str]) -> str:
        """Make a clause for the message; empty if the satellites differ in more."""
        if "elements" not in differing:
            return ""
        try:
            there = read_satellites(store, found)["EPOCH"].cast(pa.int64()).to_numpy()
        except (OSError, ValueError, LookupError):  # the refusal itself does not depend on them
            return ""
        if len(there) != len(elements):
            return ""
        same = Elements({**elements.fields, "EPOCH": there.view("datetime64[ns]")})
        if elements_digest(same) != found.plan["elements"]:
            return ""
        other = there != elements.epoch.view(np.int64)
        epochs = np.unique(there[other]).tolist()
        if len(epochs) == 1 and elements.synthetic[other].all():
            epoch = format_ns(epochs[0])
            return (
                f"; its satellites have the epoch {epoch} and are the same otherwise: give "
                f"--epoch {epoch}"
            )
        return "; the satellites differ in their epochs alone"

    return explain
