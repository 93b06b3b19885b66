"""The right to write a directory, and what is left to be written there: a run begun anew, or taken
up again where it was left.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ..dataset.lock import Lock, locked
from ..dataset.shards import Shard
from ..dataset.store import is_remote, make_directory, read_bytes, remove
from ..elements.sets import Elements
from ..time.instants import format_ns
from .check import Checker
from .inventory import Holdings, refuse_differences, refuse_unproven
from .layout import PARTS
from .manifest import MOST_BYTES, Manifest
from .plan import Plan, elements_digest
from .read import read_satellites

OVERWRITTEN = "overwritten"  # marks, in a manifest's run, what is only waiting to be removed


@dataclass
class Job:
    """A directory that is this job's until it is done. manifest: what is complete. todo: parts to
    be written, in order. resumed: how many parts were there. rewritten: files that were there and
    are damaged, with what is wrong with them. satellites: whether their file is to be written.
    merged: the run of which this is a shard is whole already.
    """

    directory: Path
    manifest: Manifest
    locks: list[Lock] = field(default_factory=list)
    resumed: int = 0
    rewritten: list[str] = field(default_factory=list)
    satellites: bool = True
    merged: bool = False

    @property
    def todo(self) -> list[range]:
        return [] if self.merged else self.manifest.missing

    @property
    def notes(self) -> list[str]:
        return [lock.note for lock in self.locks[:1] if lock.note]

    def check(self) -> None:
        """RuntimeError if the directory is this job's no more. Where there are no locks, in a
        store, another job has then written its manifest.
        """
        for lock in self.locks:
            lock.check()
        if is_remote(self.directory) and not self.merged:
            try:
                there = read_bytes(self.directory / self.manifest.name, MOST_BYTES)
            except FileNotFoundError:
                there = b""
            if there != self.manifest.stored:
                raise RuntimeError(
                    f"another job writes {self.directory} ({self.manifest.name} there is not what "
                    "this one wrote); stopped"
                )

    def commit(self, part: dict[str, Any] | None = None) -> None:
        """Let the manifest list a part that is on the disk. RuntimeError as from check."""
        self.check()
        if part is not None:
            self.manifest.add(part)
        self.manifest.complete = not self.manifest.missing
        self.manifest.write(self.directory)


@contextmanager
def claimed(
    directory: Path,
    plan: Plan,
    run: dict[str, Any],
    *,
    overwrite: bool = False,
    resume: bool = False,
    shard: Shard | None = None,
) -> Iterator[Job]:
    """The directory, made with its parents where it is not there, to be written with the parts of
    the plan (or of the shard) for as long as the context lasts. What an earlier run left half done
    is removed. run: the facts of this run, for the manifest. In a store the job that began last has
    it: one that wrote there notices at its next step.

    LockedError if another job writes it. FileExistsError if it holds snapshots, unless resume or
    overwrite. ForeignFileError if it holds a file that gpuprop did not write; such a file is never
    changed. PlanDiffersError if resume finds another plan. NotADirectoryError if it or a parent is a
    file.
    """
    make_directory(directory)
    if is_remote(directory):
        run = {**run, "job": secrets.token_hex(8)}  # so that no two jobs write the same manifest
    _held(directory, resume)  # so that no lock is made beside files of somebody else's
    with locked(directory, shard) as locks:
        holdings = _held(directory, resume)
        fresh = Manifest(plan.to_dict(), run=run, shard=shard)
        fresh.complete = not fresh.own  # a shard without parts
        job = (
            _shard(holdings, fresh, resume, plan)
            if shard
            else _whole(holdings, fresh, overwrite, resume, plan)
        )
        job.locks = locks
        if not job.merged:
            if not is_remote(directory):
                (directory / PARTS).mkdir(exist_ok=True)
            holdings.remove_leftovers(job.manifest)
        try:
            yield job
        except BaseException:
            # an interrupt may come between a part and the manifest that was to list it
            with suppress(OSError, ValueError, RuntimeError):
                _withdraw(job)
                job.check()
                holdings = Holdings.of(directory)
                manifest = holdings.shards.get(shard) if shard else holdings.whole
                if manifest:
                    holdings.remove_leftovers(manifest)
            raise


def _withdraw(job: Job) -> None:
    """Of a job in a store, replaced by one with another plan: remove the part that it was at, which
    the manifest there does not know.
    """
    if is_remote(job.directory):
        holdings = Holdings.of(job.directory)
        if holdings.manifests and not holdings.damaged:
            names = [name for name in holdings.foreign if name in job.manifest.files]
            for name in Checker(job.directory, job.manifest.plan, names).carriers(names):
                remove(job.directory / name)


def _held(directory: Path, resume: bool) -> Holdings:
    """What the directory holds; errors as of claimed."""
    holdings = Holdings.of(directory)
    if resume and holdings.damaged:
        raise holdings.damaged
    holdings.refuse_foreign()
    return holdings


def _whole(holdings: Holdings, fresh: Manifest, overwrite: bool, resume: bool, plan: Plan) -> Job:
    directory, found = holdings.directory, holdings.whole
    if resume and found and OVERWRITTEN not in found.run:
        refuse_differences(
            str(directory), found.plan, fresh.plan, partial(_other_epoch, directory, found, plan)
        )
        return _continued(directory, found, fresh)
    if holdings.shards and not overwrite:
        count = next(iter(holdings.shards)).count
        raise FileExistsError(
            f"{directory} holds shards of a run (of {count}): go on with each (--shard 1/{count} "
            "--resume ...), or merge them "
            f"(gpuprop merge {directory}); a whole run goes to another directory"
        )
    if found and not overwrite and not resume:
        raise FileExistsError(
            f"{directory} already holds snapshots: choose another directory, go on with them "
            "(resume=True, --resume) "
            "or replace them (overwrite=True, --overwrite)"
        )
    holdings.refuse_unproven()
    # from here on they claim no part, but the plan still accounts for those that are not removed
    # yet
    if holdings.manifests:
        old = Manifest(holdings.manifests[0].plan, run={OVERWRITTEN: True})
        old.write(directory)
        holdings.remove_leftovers(old)
    fresh.write(directory)
    return Job(directory, fresh)


def _shard(holdings: Holdings, fresh: Manifest, resume: bool, plan: Plan) -> Job:
    directory, shard, whole = holdings.directory, fresh.shard, holdings.whole
    assert shard is not None
    if whole and resume:
        refuse_differences(
            str(directory), whole.plan, fresh.plan, partial(_other_epoch, directory, whole, plan)
        )
    if whole and resume and whole.complete and "shards" in whole.run:
        whole.parts = [entry for entry in whole.parts if entry["part"] in fresh.own]
        return Job(directory, whole, resumed=len(whole.parts), satellites=False, merged=True)
    if whole:
        what = "the merged shards of a run" if "shards" in whole.run else "a whole run"
        raise FileExistsError(
            f"{directory} holds {what}: go on with it without a shard (--resume), or choose "
            "another directory"
        )
    _refuse_others(holdings, fresh, plan)
    found = holdings.shards.get(shard)
    if found and not resume:
        raise FileExistsError(
            f"{directory} already holds shard {shard}: go on with it (resume=True, --resume), or "
            "choose another directory"
        )
    if found:
        return _continued(directory, found, fresh)
    fresh.write(directory)
    try:  # of two shards that begin at once, one at least sees the other here
        _refuse_others(Holdings.of(directory), fresh, plan)
    except (FileExistsError, ValueError):
        remove(directory / fresh.name)
        raise
    return Job(directory, fresh, satellites=bool(fresh.own))


def _other_epoch(directory: Path, found: Manifest, plan: Plan) -> str:
    """What to do where the satellites of a run have another epoch than those asked for and are the
    same otherwise; else empty.
    """
    try:
        there = read_satellites(directory, found)["EPOCH"].cast(pa.int64()).to_numpy()
    except (OSError, ValueError, LookupError):  # the refusal itself does not depend on them
        return ""
    asked = plan.elements
    if (
        len(there) != len(asked)
        or elements_digest(Elements({**asked.fields, "EPOCH": there.view("datetime64[ns]")}))
        != found.plan["elements"]
    ):
        return ""
    other = there != asked.epoch.view(np.int64)
    epochs = np.unique(there[other]).tolist()
    if len(epochs) == 1 and asked.synthetic[other].all():
        return f"; its satellites have the epoch {format_ns(epochs[0])} and are the same otherwise: give --epoch {format_ns(epochs[0])}"
    return "; the satellites differ in their epochs alone"


def _refuse_others(holdings: Holdings, fresh: Manifest, plan: Plan) -> None:
    """FileExistsError for shards of another number, PlanDiffersError for shards of another plan."""
    assert fresh.shard is not None
    for shard, manifest in holdings.shards.items():
        if shard.count != fresh.shard.count:
            raise FileExistsError(
                f"{holdings.directory} holds shard {shard}: {fresh.shard} is not of the same run; "
                f"give I/{shard.count}, or another place"
            )
        hint = partial(_other_epoch, holdings.directory, manifest, plan)
        refuse_differences(
            f"shard {shard} in {holdings.directory}", manifest.plan, fresh.plan, hint
        )


def _continued(directory: Path, found: Manifest, fresh: Manifest) -> Job:
    """Keep the good files. Remove the damaged ones from the disk and from the manifest.

    Checked for each part: its size, its last bytes, its first and last instants. The digest is
    checked for the two parts that were committed last, since a power cut can damage them; for all
    parts if the manifest is an older one without a digest. ForeignFileError for a damaged file that
    may be somebody else's.
    """
    bad: dict[int, str] = {}
    checker = Checker(
        directory,
        found.plan,
        [entry["file"] for entry in (found.satellites, *found.parts) if entry],
        found.sealed,
    )
    for entry in found.parts:
        wrong = checker.fault(entry, full=entry["part"] in found.last or not found.sealed)
        if wrong:
            bad[entry["part"]] = f"{entry['file']} {wrong}"
    lost = checker.fault(found.satellites, full=True) if found.satellites else "is missing"
    job = Job(directory, found, rewritten=list(bad.values()), satellites=bool(lost and found.own))
    if lost and found.satellites:
        job.rewritten.append(f"{found.satellites['file']} {lost}")
    damaged = [found.files.part(number) for number in bad]
    refuse_unproven(
        directory,
        found,
        [*damaged, *([found.satellites["file"]] if lost and found.satellites else [])],
    )
    if bad or job.satellites or found.missing:
        found.run = {
            **fresh.run,
            **({"shards": found.run["shards"]} if "shards" in found.run else {}),
        }
    # before it leaves the manifest: a file that is not listed counts as foreign unless it carries
    # the plan
    for file in damaged:
        remove(directory / file)
    found.drop(bad)
    # who wrote there before notices
    if bad or (is_remote(directory) and (job.satellites or found.missing)):
        found.write(directory)
    job.resumed = len(found.parts)
    return job
