"""The parts of gpuprop.dataset, for directories of snapshots that are given by their path."""

from contextlib import contextmanager

from gpuprop.dataset.check import Checker
from gpuprop.dataset.entries import RunFacts
from gpuprop.dataset.file_lock import FileLock
from gpuprop.dataset.inventory import Inventory
from gpuprop.dataset.location import open_store
from gpuprop.dataset.manifest import Manifest
from gpuprop.dataset.session import JobOptions, claim, locked
from gpuprop.dataset.sink import NewFile
from gpuprop.snapshots.contents import SNAPSHOTS


def read_manifest(directory, shard=None):
    """The manifest of a directory, or of a shard."""
    return Manifest.read(open_store(directory), SNAPSHOTS, shard)


def inventory(directory):
    """What a directory holds."""
    return Inventory.of(open_store(directory), SNAPSHOTS)


def fault(directory, file, full):
    """What is wrong with a file that the manifest of a directory, or one of its shards, lists."""
    manifests = inventory(directory).manifests
    manifest, entry = next(
        (each, entry) for each in manifests for entry in each.entries if entry.file == file
    )
    return Checker(open_store(directory), manifest.contents, [file]).fault(entry, full)


def new_file(path):
    """A sink for a file."""
    return NewFile(open_store(path.parent), path.name)


def lock(path, shared=False):
    """A lock in a file."""
    return FileLock(path, shared)


@contextmanager
def locked_directory(directory, shard=None):
    """A directory locked by another job."""
    with locked(open_store(directory), shard) as locks:
        yield locks


@contextmanager
def claimed(directory, plan, engine="numpy", **how):
    """Write access to a directory for a plan."""
    store, facts = open_store(directory), RunFacts(engine=engine)
    with claim(store, SNAPSHOTS, plan.to_dict(), facts, JobOptions(**how)) as job:
        yield job
