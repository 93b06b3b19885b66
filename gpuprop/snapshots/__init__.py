"""Snapshots as Apache Arrow files: a directory of IPC or Parquet parts, and an instant at a time
read back from it.

layout.py            which rows go into which part and batch; the names of the files
schema.py            the columns of a part, and the metadata in it
plan.py              what a run will write, before anything is written
recorded_plan.py     the same, as a manifest records it
manifest.py          the record of a directory: its plan, and the parts that are complete
manifest_fields.py   the types and bounds of its fields
inventory.py         what a directory holds: ours, and what is somebody else's
session.py           write access to a directory, and the parts still missing (new run or resume)
encoding/            states -> the bytes of a part
write.py             the parts that are missing, in order
cluster.py           the same, on the workers of a Dask cluster
part_reader.py       a part, compared with its plan while it is read
read.py              a directory, an instant or a satellite at a time
check.py, verify.py  whether files are what their manifest says
merge.py             shards to one run
resume_command.py    the command that continues a run
"""

from ..dataset.lock import LockedError
from .inventory import PlanDiffersError
from .merge import Merged, UnmergedError, merge_snapshots
from .plan import Plan, elements_digest, plan_snapshots
from .read import Snapshots, open_snapshots
from .verify import Finding, Verification, verify_snapshots
from .write import Report, write_plan, write_snapshots

__all__ = [
    "LockedError",
    "elements_digest",
    "Finding",
    "merge_snapshots",
    "Merged",
    "open_snapshots",
    "Plan",
    "plan_snapshots",
    "PlanDiffersError",
    "Report",
    "Snapshots",
    "UnmergedError",
    "Verification",
    "verify_snapshots",
    "write_plan",
    "write_snapshots",
]
