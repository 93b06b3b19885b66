"""The old name of gpuprop.snapshots, for programs that were written against it."""

from .dataset.lock import Busy
from .snapshots import (
    Finding,
    Merged,
    Plan,
    PlanDiffers,
    Report,
    Snapshots,
    Unmerged,
    Verification,
    elements_digest,
    merge_snapshots,
    open_snapshots,
    plan_snapshots,
    verify_snapshots,
    write_plan,
    write_snapshots,
)

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
