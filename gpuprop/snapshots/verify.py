"""What a directory lacks or has damaged, and the command that writes it again."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

from ..dataset.lock import locked
from ..dataset.shards import Shard
from ..dataset.store import AnyPath, Look, is_remote, place, remove
from .check import Checker
from .inventory import Holdings
from .manifest import Manifest
from .merge import joined
from .resume_command import again, merge_command

SHOWN = 3
MOST_ABSENT = 1000  # shards that are reported one by one


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Attributes
    ----------
    what : str
        What is wrong, in a sentence.
    command : str
        The command that repairs it. It may come from the manifest, which anybody may have written.
    file : str or None
        The file, relative to the directory.
    part : int or None
        The number of the part.
    shard : str or None
        `I/N`, for shards that are not merged.
    """

    what: str
    command: str
    file: str | None = None
    part: int | None = None
    shard: str | None = None

    def __str__(self) -> str:
        return f"{self.what}: {self.command}"


@dataclass(frozen=True)
class Verification:
    """What was found. files, bytes: that the manifests list. quick: whether only sizes and endings
    were looked at. dropped: files that were removed, for resume to write them again.
    """

    path: str
    files: int
    bytes: int
    quick: bool
    findings: list[Finding] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        return not self.findings

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "sound": self.sound}


def verify_snapshots(
    path: AnyPath,
    quick: bool = False,
    drop: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Verification:
    """Compare every file of a directory, on a disk or in an object store, with its manifest, or
    with those of its shards: that it is there, its size, its digest.

    quick: its size, its ending and, of parts on a disk, the instants at its ends; else also its
    digest. drop: remove damaged files from the disk and from the manifest, so that resume writes
    them again. A file that does not carry the plan of the run stays: it may be somebody else's.
    dataset.lock.LockedError while a job writes there. progress(bytes_done, bytes_total) is called after
    each file. FileNotFoundError if the directory holds no manifest, DamagedError (a ValueError) if
    its manifest was altered or cannot be read.
    """
    directory = place(path)
    if not drop:
        return _look(directory, _manifests(directory), quick, progress)
    _manifests(directory)  # so that no lock is looked for where there are no snapshots
    with locked(directory):
        manifests = _manifests(directory)
        verification = _look(directory, manifests, quick, progress)
        dropped: list[str] = []
        for manifest in manifests:
            dropped += _drop(
                directory,
                manifest,
                [each for each in verification.findings if each.shard == _name(manifest.shard)],
            )
        findings = [
            _kept(each) if each.file is not None and each.file not in dropped else each
            for each in verification.findings
        ]
    return replace(verification, findings=findings, dropped=dropped)


def _kept(finding: Finding) -> Finding:
    why = "it was kept, since it may be your own file: move it away, then write the part again"
    return replace(finding, what=f"{finding.what}; {why}")


def _manifests(directory: Path) -> list[Manifest]:
    """The manifest of the directory, or those of its shards."""
    if not is_remote(directory) and not directory.is_dir():
        return [Manifest.read(directory)]  # which says what is wrong
    holdings = Holdings.of(directory)
    if holdings.damaged:
        raise holdings.damaged
    if not holdings.whole and holdings.shards:
        joined(holdings)  # which refuses those that do not belong together
        return list(holdings.shards.values())
    return [holdings.whole or Manifest.read(directory)]


def _look(
    directory: Path,
    manifests: list[Manifest],
    quick: bool,
    progress: Callable[[int, int], None] | None,
) -> Verification:
    files: dict[str, tuple[dict[str, Any], Manifest]] = {}
    for manifest in manifests:
        for entry in (manifest.satellites, *manifest.parts):
            if entry:
                files.setdefault(entry["file"], (entry, manifest))
    total, done = sum(entry["bytes"] for entry, _ in files.values()), 0
    findings = list(_absent(directory, manifests))
    checker = Checker(
        directory, manifests[0].plan, list(files), all(manifest.sealed for manifest in manifests)
    )
    for name, (entry, manifest) in files.items():
        wrong = checker.fault(entry, full=not quick)
        if wrong:
            part = entry.get("part")
            findings.append(
                Finding(f"{name} {wrong}", _command(manifest), name, part, _name(manifest.shard))
            )
        done += entry["bytes"]
        if progress is not None:
            progress(done, total)
    return Verification(str(directory), len(files), total, quick, findings)


def _absent(directory: Path, manifests: list[Manifest]) -> Iterator[Finding]:
    """What is not in the manifests: parts, and shards."""
    there = {manifest.shard: manifest for manifest in manifests}
    some = next((manifest.run for manifest in manifests if "command" in manifest.run), {})
    shards = manifests[0].shard.all() if manifests[0].shard else [None]
    absent = 0
    for shard in shards:
        who = f"shard {shard}: " if shard else ""
        manifest = there.get(shard)
        if manifest is None:
            absent += 1
            if absent <= MOST_ABSENT:
                yield Finding(f"shard {shard} is not there", again(some, shard), shard=str(shard))
        elif missing := manifest.missing:
            count = sum(map(len, missing))
            what = f"{who}{count:,} of {len(manifest.own):,} parts are not written yet (number {_listed(missing)})"
            yield Finding(what, _command(manifest), shard=_name(shard))
        elif not manifest.complete:
            yield Finding(
                f"{who}the file of the satellites was dropped",
                _command(manifest),
                shard=_name(shard),
            )
    if absent > MOST_ABSENT:
        yield Finding(f"{absent - MOST_ABSENT:,} more shards are not there", "write each of them")
    if (
        manifests[0].shard
        and all(manifest.complete for manifest in manifests)
        and len(manifests) == manifests[0].shard.count
    ):
        yield Finding("all shards are complete, but not merged", merge_command(directory))


def _drop(directory: Path, manifest: Manifest, findings: Iterable[Finding]) -> list[str]:
    """Remove damaged files, then take them off the manifest. Returns the files that were removed or
    missing.

    A file stays unless its content shows that gpuprop wrote it: the name alone is no proof.
    """
    damaged = {each.file: each.part for each in findings if each.file is not None}
    look = Look(directory, list(damaged))
    there = set(damaged).difference(
        each for each in damaged if look.size(each) is None and look.other(each) is None
    )
    kept = there.difference(Checker(directory, manifest.plan, damaged).ours(damaged))
    dropped = {name: part for name, part in damaged.items() if name not in kept}
    for name in dropped:
        remove(directory / name)
    if dropped:
        manifest.drop([part for part in dropped.values() if part is not None])
        manifest.complete = False
        manifest.write(directory)
    return list(dropped)


def _command(manifest: Manifest) -> str:
    return again(manifest.run, manifest.shard)


def _name(shard: Shard | None) -> str | None:
    return str(shard) if shard else None


def _listed(ranges: list[range]) -> str:
    """The first numbers of some ranges."""
    first = list(islice(chain.from_iterable(ranges), SHOWN + 1))
    return ", ".join(map(str, first[:SHOWN])) + (" ..." if len(first) > SHOWN else "")
