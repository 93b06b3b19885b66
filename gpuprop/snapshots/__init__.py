"""Snapshots as Apache Arrow files: written to a directory of parts, and read from it.

options.py           what snapshots hold of each state, and the form of their files
layout.py            which rows go into which part and batch
schema.py            the columns of a part, and the metadata in it
plan.py              what a run will write, before anything is written
encoding/            states -> the bytes of a part
write.py             the parts that are missing, in order
cluster.py           the same, on the workers of a Dask cluster
contents.py          what dataset/ must know: the plan that a manifest records, and every file of it
part_reader.py       a part, compared with its plan while it is read
read.py              a directory, an instant or a satellite at a time
directories.py       verify and merge
other_epoch.py       what to do when a resumed run has satellites of another epoch
"""

from typing import TYPE_CHECKING

# Submodules are imported lazily: the help of the command line needs the options alone.
_MODULES = {
    "elements_digest": "gpuprop.snapshots.plan",
    "Finding": "gpuprop.dataset.verify",
    "LockedError": "gpuprop.errors",
    "merge_snapshots": "gpuprop.snapshots.directories",
    "Merged": "gpuprop.dataset.merge",
    "open_snapshots": "gpuprop.snapshots.read",
    "Plan": "gpuprop.snapshots.plan",
    "plan_snapshots": "gpuprop.snapshots.plan",
    "PlanDiffersError": "gpuprop.errors",
    "Report": "gpuprop.snapshots.write",
    "SnapshotOptions": "gpuprop.snapshots.options",
    "Snapshots": "gpuprop.snapshots.read",
    "UnmergedError": "gpuprop.errors",
    "Verification": "gpuprop.dataset.verify",
    "verify_snapshots": "gpuprop.snapshots.directories",
    "write_plan": "gpuprop.snapshots.write",
    "write_snapshots": "gpuprop.snapshots.write",
}
__all__ = [
    "elements_digest",
    "Finding",
    "LockedError",
    "merge_snapshots",
    "Merged",
    "open_snapshots",
    "Plan",
    "plan_snapshots",
    "PlanDiffersError",
    "Report",
    "SnapshotOptions",
    "Snapshots",
    "UnmergedError",
    "Verification",
    "verify_snapshots",
    "write_plan",
    "write_snapshots",
]

if TYPE_CHECKING:
    from ..dataset.merge import Merged
    from ..dataset.verify import Finding, Verification
    from ..errors import LockedError, PlanDiffersError, UnmergedError
    from .directories import merge_snapshots, verify_snapshots
    from .options import SnapshotOptions
    from .plan import Plan, elements_digest, plan_snapshots
    from .read import Snapshots, open_snapshots
    from .write import Report, write_plan, write_snapshots
else:

    def __getattr__(name: str) -> object:
        if name not in _MODULES:
            raise AttributeError(f"module 'gpuprop.snapshots' has no attribute {name!r}")
        from importlib import import_module

        return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
