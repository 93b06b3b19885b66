"""Classes of errors that several packages raise.

The message of an error says what is wrong, where, and what to do.
"""


class GpupropError(Exception):
    """Base class of gpuprop's own errors."""


class UsageError(GpupropError, ValueError):
    """The arguments contradict each other, or name something that is not known.

    The command line ends with exit code 2.
    """


class DamagedError(GpupropError, ValueError):
    """A file of a run directory is not what gpuprop wrote: it is damaged or was altered.

    The file is the manifest, a part or the file of the satellites. The message names it.
    """


class ForeignFileError(DamagedError, FileExistsError):
    """A directory holds a file or a link that gpuprop did not write.

    gpuprop does not change it. Choose another directory or move the file.
    """


class LockedError(GpupropError, BlockingIOError):
    """Another job writes the directory. The message names its process and host."""


class PlanDiffersError(UsageError):
    """A directory was written from another plan than the requested one.

    The message says how they differ.
    """


class UnmergedError(GpupropError, RuntimeError):
    """Shards are missing or not complete. The message says how to write them."""
