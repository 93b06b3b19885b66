"""Errors that gpuprop raises and that have a class of their own. Their messages say what is wrong,
where, and what to do.
"""


class GpupropError(Exception):
    """Base class of gpuprop's own errors."""


class UsageError(GpupropError, ValueError):
    """The arguments contradict each other, or name something that is not known.

    The command line ends with exit code 2.
    """


class DamagedError(GpupropError, ValueError):
    """A run directory is damaged or altered: its manifest, one of its parts or the file of its
    satellites is not what gpuprop wrote.

    The message names the file, says what is wrong with it and what to do.
    """


class ForeignFileError(DamagedError, FileExistsError):
    """A directory holds a file, or a link, that gpuprop did not write there. It is never touched:
    choose another directory or move it.
    """


class LockedError(GpupropError, BlockingIOError):
    """Another job writes the directory; the message names its process and host."""


class PlanDiffersError(UsageError):
    """A directory was written from another plan than the one asked for; the message says in what
    they differ.
    """


class UnmergedError(GpupropError, RuntimeError):
    """Shards are missing or not complete; the message lists them and says how to write them."""
