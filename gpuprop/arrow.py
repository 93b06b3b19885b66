"""The old name of gpuprop.snapshots, for programs that were written against it."""

from .snapshots import *  # noqa: F403
from .snapshots import __all__ as __all__
