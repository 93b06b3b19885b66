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
    """Compare every file of a directory with its manifest, or with the manifests of its shards.

    Parameters
    ----------
    path : str, path or UPath
        The directory, on a disk or in an object store.
    quick : bool
        Check only the size and the last bytes of each file and, for parts on a disk, the first and
        last instants. Otherwise the digest of each file is checked too.
    drop : bool
        Remove damaged files from the directory and from the manifest, so that a run with
        resume=True writes them again. A damaged file that does not show that gpuprop wrote it stays
        in the directory, since it may be your own; it is reported.
    progress : callable, optional
        Is called as progress(bytes_done, bytes_total) after each file.

    Returns
    -------
    Verification
        The files that are damaged or missing.

    Raises
    ------
    FileNotFoundError
        The directory holds no manifest.
    DamagedError
        Its manifest was altered or cannot be read.
    LockedError
        A job writes the directory; only with `drop`.
    """
    return verify(open_store(path), SNAPSHOTS, quick, drop, progress)


def merge_snapshots(path: AnyPath) -> Merged:
    """Merge the complete shards in a directory into one run.

    If the directory holds a whole run, nothing is changed.

    Parameters
    ----------
    path : str, path or UPath
        The directory, on a disk or in an object store.

    Returns
    -------
    Merged
        The run in the directory.

    Raises
    ------
    UnmergedError
        Shards are missing, damaged or not complete; the message lists them.
    FileNotFoundError
        There are no shards.
    LockedError
        A job writes one of them.
    ValueError
        The shards belong to different runs.
    """
    return merge(open_store(path), SNAPSHOTS)
