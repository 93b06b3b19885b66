"""Jobs that write snapshots in a process of their own, and may be killed there.

The processes are forked from a server that holds one thread. They import this module by its name,
which they could not do with a module of tests.
"""

import fcntl
import functools
import itertools
import multiprocessing
import os
import signal
import sys

from arrow_samples import GRID, propagator
from patience import PATIENCE_S

import gpuprop.dataset.disk_file
import gpuprop.dataset.file_lock
import gpuprop.dataset.merge
import gpuprop.dataset.session
import gpuprop.snapshots.layout
from gpuprop import write_snapshots

SERVER = multiprocessing.get_context("forkserver" if sys.platform != "win32" else None)
SERVER.set_forkserver_preload(
    ["pytest", "pyarrow.dataset", "pyarrow.parquet", "gpuprop.snapshots", "gpuprop.filings"]
)
# What changes a directory: a file is opened (by NewFile), written, synced and renamed, its
# directory is synced; locks; what is removed.
STEPS = {
    os: ("open", "fsync", "replace", "unlink", "mkdir", "pwrite", "ftruncate", "close"),
    gpuprop.dataset.disk_file: ("open",),
    fcntl: ("flock",),
}


def lay_out(part_bytes):
    """Batches of two instants, parts of so many bytes."""
    layout = gpuprop.snapshots.layout
    layout.BATCH_ROWS, layout.MOST_BATCH_ROWS, layout.PART_BYTES = 100, 200, part_bytes


def job(directory, part_bytes, options, begun=None, die_at=None):
    """Write, in a process of its own. begun: an event that is set when all is loaded. die_at: the
    step that it does not live to do.
    """
    lay_out(part_bytes)
    gpuprop.dataset.disk_file.PIECE = 1024  # so that some are under way on the threads of the disk
    prop = propagator("numpy", 1)
    prop.threads = 3  # encoders
    if die_at is not None:
        die(die_at)
    if begun is not None:
        begun.set()
    write_snapshots(directory, prop, GRID, **options)


def die(at):
    """Make SIGKILL come just before the call number `at` of STEPS: just after the one before it, as
    far as the disk can tell.
    """
    numbers = itertools.count()

    def deadly(function):
        @functools.wraps(function)
        def call(*arguments, **keywords):
            if next(numbers) == at:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*arguments, **keywords)

        return call

    for module, names in STEPS.items():
        for name in names:
            setattr(module, name, deadly(getattr(module, name, open)))


def fill(directory, shard, ready, engine="numpy"):
    """A shard, in a process of its own."""
    for name, value in (("BATCH_ROWS", 100), ("MOST_BATCH_ROWS", 200), ("PART_BYTES", 20_000)):
        setattr(gpuprop.snapshots.layout, name, value)
    gpuprop.dataset.session.PATIENCE_S = gpuprop.dataset.merge.PATIENCE_S = PATIENCE_S
    prop = propagator(engine, 1)
    ready.wait()
    write_snapshots(directory, prop, GRID, shard=shard, resume=True)


def killed(directory):
    for name, value in (("BATCH_ROWS", 100), ("MOST_BATCH_ROWS", 200), ("PART_BYTES", 20_000)):
        setattr(gpuprop.snapshots.layout, name, value)
    write_snapshots(
        directory,
        propagator("numpy", 1),
        GRID,
        shard="1/2",
        progress=lambda *done: os.kill(os.getpid(), signal.SIGKILL),
    )
