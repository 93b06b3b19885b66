"""Verify a directory of snapshots, or merge the shards in it."""

from collections.abc import Callable

from ..dataset.location import AnyPath, open_store
from ..dataset.merge import Merged, merge
from ..dataset.verify import Verification, verify
from .contents import SNAPSHOTS


def verify_snapshots(
    path: AnyPath,
    quick: bool = False,
    drop: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Verification:
    """Compare every file of a directory with its manifest, or with those of its shards.

    Parameters
    ----------
    path : str, path or UPath
        The directory, on a disk or in an object store.
    quick : bool
        Check the size of each file, its ending and, of parts on a disk, the instants at its ends;
        else also its digest.
    drop : bool
        Remove damaged files from the directory and from the manifest, so that resume writes them
        again. A file that does not carry the plan of the run stays: it may be your own.
    progress : callable, optional
        progress(bytes_done, bytes_total) is called after each file.

    Returns
    -------
    Verification
        What was found.

    Raises
    ------
    FileNotFoundError
        The directory holds no manifest.
    DamagedError
        Its manifest was altered or cannot be read.
    LockedError
        A job writes there; with `drop` only.
    """
    return verify(open_store(path), SNAPSHOTS, quick, drop, progress)


def merge_snapshots(path: AnyPath) -> Merged:
    """Make one run of the shards in a directory, once all are complete. If it holds a whole run,
    say what it holds.

    Parameters
    ----------
    path : str, path or UPath
        The directory, on a disk or in an object store.

    Returns
    -------
    Merged
        What the directory holds.

    Raises
    ------
    UnmergedError
        Shards are missing, damaged or not complete; the message lists them.
    FileNotFoundError
        There are no shards.
    LockedError
        One of them is being written.
    ValueError
        The shards do not belong together.
    """
    return merge(open_store(path), SNAPSHOTS)
