"""Which kind of dataset a directory holds."""

from ..analysis.access.contents import PASSES
from ..analysis.screening.contents import SCREENING
from ..dataset.contents import Kind
from ..dataset.store import Store
from ..snapshots.contents import SNAPSHOTS

KINDS = (PASSES, SCREENING, SNAPSHOTS)


def kind_of(store: Store) -> Kind:
    """Return the kind of dataset in a directory, by its folder of parts; snapshots by default."""
    names = store.names()
    return next((kind for kind in KINDS if kind.folder in names), SNAPSHOTS)
