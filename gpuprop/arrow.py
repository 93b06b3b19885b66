"""The old name of gpuprop.snapshots, for programs that were written against it."""

from .snapshots import *  # noqa: F403
from .snapshots import LockedError as Busy
from .snapshots import PlanDiffersError as PlanDiffers
from .snapshots import UnmergedError as Unmerged
from .snapshots import __all__ as __all__

__all__ = [*__all__, "Busy", "PlanDiffers", "Unmerged"]
