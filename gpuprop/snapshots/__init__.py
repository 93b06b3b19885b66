"""Snapshots as Apache Arrow files: a directory of IPC or Parquet parts, written at the disk's speed and read back an instant at a time.

plan says what a run will write before it is written, and shards who writes which share of it; place is where a directory is, on a disk or
in an object store; files makes a file appear complete or not at all, and disk or upload is its way there; lock keeps a directory to one
job, manifest is the record of a directory and holdings what it holds; claim takes a directory up, anew or where a run was cut off; batches,
encode (with parquet and thrift), part and write fill it; merge makes one run of shards, check and verify look for damage, and read opens
it.
"""

from ..dataset.lock import Busy
from .inventory import PlanDiffers
from .merge import Merged, Unmerged, merge_snapshots
from .plan import Plan, elements_digest, plan_snapshots
from .read import Snapshots, open_snapshots
from .verify import Finding, Verification, verify_snapshots
from .write import Report, write_plan, write_snapshots

__all__ = [
    "Busy",
    "elements_digest",
    "Finding",
    "merge_snapshots",
    "Merged",
    "open_snapshots",
    "Plan",
    "plan_snapshots",
    "PlanDiffers",
    "Report",
    "Snapshots",
    "Unmerged",
    "Verification",
    "verify_snapshots",
    "write_plan",
    "write_snapshots",
]
