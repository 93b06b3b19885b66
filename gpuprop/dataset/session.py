"""Acquire write access to a directory, and list the parts still missing: new run or resume.

`claim` locks the directory, looks at what it holds, and begins or resumes a run. The functions
below it come in the order in which it calls them.
"""

import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from ..errors import PlanDiffersError
from ..messages import shortened
from .check import Checker
from .contents import Kind, Plan
from .entries import PartEntry, RunFacts
from .file_lock import NAME as LOCK
from .inventory import Inventory, refuse_unproven
from .manifest import Manifest
from .shards import Shard
from .store import Lock, Store

SHOWN = 60  # characters of a value in a message
# What it means that a plan lacks a member, which only other values need
ABSENT = {"precision": "exact", "timestamp_unit": "ns"}
# how long a shard waits for the lock: one that has just finished takes it for a moment, to merge
PATIENCE_S = 5.0

# Explains how plans differ: takes the manifest of the other plan and the names of the fields that
# differ, and returns a clause for the message, or an empty text.
Explain: TypeAlias = Callable[[Manifest, list[str]], str]


@dataclass(frozen=True)
class JobOptions:
    """How a job begins.

    Parameters
    ----------
    overwrite : bool
        Replace the dataset that the directory holds.
    resume : bool
        Continue an interrupted run; complete parts are kept. If there is no run, begin one.
    shard : Shard, optional
        Write one of N shares in parallel; the last one to finish merges them.

    Raises
    ------
    ValueError
        overwrite is given with resume or a shard.
    """

    overwrite: bool = False
    resume: bool = False
    shard: Shard | None = None

    def __post_init__(self) -> None:
        """Check that the options do not contradict each other."""
        if self.overwrite and (self.resume or self.shard):
            other, why = ("shard", "a shard has others beside it")
            if self.resume:
                other, why = ("resume", "resume keeps it")
            raise ValueError(
                f"overwrite removes what the directory holds, and {why}: leave out --overwrite or "
                f"--{other}"
            )


@dataclass
class Job:
    """A job with write access to a directory, until claim() ends.

    Attributes
    ----------
    store : Store
        The directory.
    manifest : Manifest
        What is complete.
    locks : list of Lock
        The locks that it holds.
    resumed : int
        How many parts an earlier run has written.
    rewritten : list of str
        Files that are damaged and will be written again, and what is wrong with each.
    writes_companion : bool
        Whether the file beside the parts has to be written.
    merged : bool
        Whether the shards of its run are complete and merged already.
    """

    store: Store
    manifest: Manifest
    locks: list[Lock] = field(default_factory=list)
    resumed: int = 0
    rewritten: list[str] = field(default_factory=list)
    writes_companion: bool = True
    merged: bool = False

    @property
    def todo(self) -> list[range]:
        """The parts that this job has to write, in order."""
        return [] if self.merged else self.manifest.missing

    @property
    def notes(self) -> list[str]:
        """Why other jobs are not locked out, if they are not."""
        return [lock.note for lock in self.locks[:1] if lock.note]

    def check(self) -> None:
        """Raise RuntimeError if another job may write the directory by now."""
        if not self.merged:
            for lock in self.locks:
                lock.check(self.manifest.name, self.manifest.stored)

    def commit(self, part: PartEntry | None = None) -> None:
        """List a part, which is complete, in the manifest. RuntimeError as from check()."""
        self.check()
        if part is not None:
            self.manifest.add(part)
        self.manifest.complete = not self.manifest.missing
        self.manifest.write(self.store)


@contextmanager
def claim(
    store: Store,
    kind: Kind,
    plan: Plan,
    facts: RunFacts,
    how: JobOptions,
    explain: Explain = lambda manifest, names: "",
) -> Iterator[Job]:
    """Acquire write access to a directory, for the parts of a plan or of a shard of it.

    Files that an earlier run left unfinished are removed.

    Parameters
    ----------
    store : Store
        The directory; it is created with its parents.
    kind : Kind
        The kind of dataset.
    plan : dict
        What is written, as the manifest records it.
    facts : RunFacts
        The facts of this run.
    how : JobOptions
        How the job begins: new, resumed, overwriting; whole or a shard.
    explain : callable, optional
        Explains how the plan of an earlier run differs.

    Yields
    ------
    Job
        With the parts that are missing. The directory is locked until the context ends.

    Raises
    ------
    LockedError
        Another job writes it.
    FileExistsError
        It holds a dataset, without resume or overwrite.
    ForeignFileError
        It holds a file that gpuprop did not write; such a file is never changed.
    PlanDiffersError
        resume finds another plan.
    NotADirectoryError
        It or a parent is a file.
    """
    store.create()
    facts = replace(facts, job=secrets.token_hex(8))  # no two jobs write the same manifest
    _checked_inventory(store, kind, how)  # before locking: no lock is put beside foreign files
    with locked(store, how.shard) as locks:
        inventory = _checked_inventory(store, kind, how)
        fresh = Manifest(kind, kind.contents(_as_json(plan)), run=facts, shard=how.shard)
        fresh.complete = not fresh.own  # a shard without parts
        if how.shard:
            job = _claim_shard(inventory, fresh, how.shard, how.resume, explain)
        else:
            job = _claim_whole(inventory, fresh, how, explain)
        job.locks = locks
        if not job.merged:
            store.create_folder(kind.folder)
            inventory.remove_leftovers(job.manifest)
        try:
            yield job
        except BaseException:
            # an interrupt may come between a part and the manifest that would have listed it
            if not job.merged:
                with suppress(OSError, ValueError, RuntimeError):
                    _remove_unlisted(job)
            raise


def _checked_inventory(store: Store, kind: Kind, how: JobOptions) -> Inventory:
    """Look at the directory. Raise an error for foreign files, or for a damaged manifest."""
    inventory = Inventory.of(store, kind)
    if how.resume and inventory.damaged:
        raise inventory.damaged
    inventory.refuse_foreign()
    return inventory


@contextmanager
def locked(store: Store, shard: Shard | None = None) -> Iterator[list[Lock]]:
    """Lock a directory for a whole run, or for one of its shards.

    LockedError if another job writes it.
    """
    locks: list[Lock] = []
    shared = shard is not None
    try:
        locks.append(store.lock(LOCK, shared, PATIENCE_S if shared else 0.0))
        if shard is not None:
            locks.append(store.lock(shard.lock))
        yield locks
    finally:
        for number, lock in reversed(list(enumerate(locks))):
            lock.release(remove=not (shared and number == 0))
        if shared and locks:
            with suppress(OSError):  # if others share the lock, the last of them removes it
                store.lock(LOCK).release(remove=True)


def _as_json(plan: Plan) -> Plan:
    """Return a plan as it is when it is read from a manifest."""
    return dict(json.loads(json.dumps(plan)))


# --- a whole run ---
def _claim_whole(inventory: Inventory, fresh: Manifest, how: JobOptions, explain: Explain) -> Job:
    store, found = inventory.store, inventory.whole
    if how.resume and found and not found.run.overwritten:
        refuse_differences(f"{store}", found, fresh.plan, explain)
        return _resume(store, found, fresh)
    if inventory.shards and not how.overwrite:
        count = next(iter(inventory.shards)).count
        raise FileExistsError(
            f"{store} holds shards of a run (of {count}): continue each (--shard 1/{count} "
            f"--resume ...), or merge them (gpuprop merge {store}); write a whole run to "
            "another directory"
        )
    if found and not how.overwrite and not how.resume:
        raise FileExistsError(
            f"{store} already holds {fresh.kind.folder}: choose another directory, continue the "
            "run (resume=True, --resume) or replace it (overwrite=True, --overwrite)"
        )
    inventory.refuse_unproven()
    # The manifest lists no part from now on. If the job dies before all are removed, its plan still
    # proves that they are gpuprop's.
    if inventory.manifests:
        old = Manifest(fresh.kind, inventory.manifests[0].contents)
        old.run = RunFacts(overwritten=True)
        old.write(store)
        inventory.remove_leftovers(old)
    fresh.write(store)
    return Job(store, fresh)


# --- a shard ---
def _claim_shard(
    inventory: Inventory, fresh: Manifest, shard: Shard, resume: bool, explain: Explain
) -> Job:
    store, whole = inventory.store, inventory.whole
    if whole and resume:
        refuse_differences(f"{store}", whole, fresh.plan, explain)
        if whole.complete and whole.run.shards:
            whole.parts = [entry for entry in whole.parts if entry.part in fresh.own]
            return Job(store, whole, resumed=len(whole.parts), writes_companion=False, merged=True)
    if whole:
        what = "the merged shards of a run" if whole.run.shards else "a whole run"
        raise FileExistsError(
            f"{store} holds {what}: continue it without a shard (--resume), or choose another "
            "directory"
        )
    _refuse_other_shards(inventory, fresh, shard, explain)
    found = inventory.shards.get(shard)
    if found and not resume:
        raise FileExistsError(
            f"{store} already holds shard {shard}: continue it (resume=True, --resume), or choose "
            "another directory"
        )
    if found:
        return _resume(store, found, fresh)
    fresh.write(store)
    try:  # if two shards begin at the same moment, at least one sees the other here
        _refuse_other_shards(Inventory.of(store, fresh.kind), fresh, shard, explain)
    except (FileExistsError, ValueError):
        store.remove(fresh.name)
        raise
    return Job(store, fresh, writes_companion=bool(fresh.own))


def _refuse_other_shards(
    inventory: Inventory, fresh: Manifest, shard: Shard, explain: Explain
) -> None:
    """Raise FileExistsError for shards of another number, PlanDiffersError for another plan."""
    for other, manifest in inventory.shards.items():
        if other.count != shard.count:
            raise FileExistsError(
                f"{inventory.store} holds shard {other}, so {shard} is not of the same run: "
                f"give I/{other.count}, or choose another directory"
            )
        refuse_differences(f"shard {other} in {inventory.store}", manifest, fresh.plan, explain)


# --- resume ---
def refuse_differences(
    what: str, found: Manifest, plan: Plan, explain: Explain = lambda manifest, names: ""
) -> None:
    """Raise PlanDiffersError if the plan of a manifest is not the requested one.

    Parameters
    ----------
    what : str
        What was found, for the message.
    found : Manifest
        Its manifest.
    plan : dict
        The requested plan.
    explain : callable, optional
        Explains how the plans differ.
    """
    names = [name for name in {**found.plan, **plan} if found.plan.get(name) != plan.get(name)]
    if names:
        differences = "; ".join(
            f"{name}: {_shown(found.plan, name)} there, {_shown(plan, name)} asked for"
            for name in names
        )
        raise PlanDiffersError(
            f"{what} was written from another plan ({differences}{explain(found, names)}): use "
            "the same, or choose another directory"
        )


def _shown(plan: Mapping[str, Any], name: str) -> str:
    value = plan.get(name, ABSENT.get(name, "nothing"))
    named = value["name"] if isinstance(value, dict) and "name" in value else value
    return shortened(str(named), SHOWN)


def _resume(store: Store, found: Manifest, fresh: Manifest) -> Job:
    """Keep the good files. Remove the damaged ones from the store and from the manifest.

    Checked for each part: its size, its last bytes, its first and last instants. The digest is
    checked for the two parts that were committed last, since a power cut can damage them; for all
    parts if the manifest is an older one without a digest. ForeignFileError for a damaged file that
    gpuprop may not have written.
    """
    checker = Checker.of(store, found)
    damaged: list[tuple[PartEntry, str]] = []
    for entry in found.parts:
        wrong = checker.fault(entry, full=entry.part in found.last or not found.sealed)
        if wrong:
            damaged.append((entry, wrong))
    companion = found.companion
    lost = checker.fault(companion, full=True) if companion else "is missing"
    job = Job(store, found, writes_companion=bool(lost and found.own))
    job.rewritten = [f"{entry.file} {wrong}" for entry, wrong in damaged]
    doubtful = [entry.file for entry, _ in damaged]
    if lost and companion:
        job.rewritten.append(f"{companion.file} {lost}")
        doubtful.append(companion.file)
    refuse_unproven(store, found, doubtful)
    # first the files, then their entries: a file that is not listed counts as foreign, unless it
    # carries the plan
    for entry, _ in damaged:
        store.remove(entry.file)
    found.drop([entry.part for entry, _ in damaged])
    found.complete = found.complete and not job.writes_companion
    if damaged or job.writes_companion or found.missing:
        found.run = replace(fresh.run, shards=found.run.shards)
        found.write(store)  # in a store, an earlier job that still runs notices it
    job.resumed = len(found.parts)
    return job


def _remove_unlisted(job: Job) -> None:
    """Remove the unfinished files of a job, after an error.

    If another job has taken the directory, remove only the part that this job was writing, which
    the new manifest does not know; then raise RuntimeError.
    """
    inventory = Inventory.of(job.store, job.manifest.kind)
    if inventory.manifests and not inventory.damaged:
        names = [name for name in inventory.foreign if name in job.manifest.files]
        for name in Checker(job.store, job.manifest.contents, names).carriers(names):
            job.store.remove(name)
    job.check()
    shard = job.manifest.shard
    manifest = inventory.shards.get(shard) if shard else inventory.whole
    if manifest:
        inventory.remove_leftovers(manifest)
