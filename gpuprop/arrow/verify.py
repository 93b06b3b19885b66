"""What a directory lacks or has damaged, and the command that writes it again."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from .check import fault
from .command import again
from .holdings import Holdings
from .lock import locked
from .manifest import Manifest
from .merge import joined
from .place import AnyPath, Look, is_remote, place, remove
from .shards import Shard

SHOWN = 3


@dataclass(frozen=True)
class Finding:
    """what: in a sentence. command: what puts it right. file: relative to the directory, where it is one. part: its number, where it is
    one. shard: `I/N`, of shards that are not merged."""

    what: str
    command: str
    file: str | None = None
    part: int | None = None
    shard: str | None = None

    def __str__(self) -> str:
        return f"{self.what}: {self.command}"


@dataclass(frozen=True)
class Verification:
    """What was found. files, bytes: that the manifests list. quick: whether only sizes and endings were looked at. dropped: files that were
    removed, for resume to write them again."""

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
    path: AnyPath, quick: bool = False, drop: bool = False, progress: Callable[[int, int], None] | None = None
) -> Verification:
    """Compare every file of a directory, on a disk or in an object store, with its manifest, or with those of its shards: that it is
    there, its size, its digest.

    quick: its size and its ending instead of its digest. drop: remove what is damaged, from the manifest and from the disk, so that
    resume writes it again; arrow.lock.Busy while a job writes there. progress(bytes_done, bytes_total) is called after each file.
    FileNotFoundError if the directory holds no manifest, ValueError if it holds one that cannot be read.
    """
    directory = place(path)
    if not drop:
        return _look(directory, _manifests(directory), quick, progress)
    with locked(directory):
        manifests = _manifests(directory)
        verification = _look(directory, manifests, quick, progress)
        for manifest in manifests:
            _drop(directory, manifest, [each for each in verification.findings if each.shard == _name(manifest.shard)])
        removed = [each.file for each in verification.findings if each.file is not None]
    return Verification(**{**vars(verification), "dropped": removed})


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


def _look(directory: Path, manifests: list[Manifest], quick: bool, progress: Callable[[int, int], None] | None) -> Verification:
    files: dict[str, tuple[dict[str, Any], Manifest]] = {}
    for manifest in manifests:
        for entry in (manifest.satellites, *manifest.parts):
            if entry:
                files.setdefault(entry["file"], (entry, manifest))
    total, done = sum(entry["bytes"] for entry, _ in files.values()), 0
    findings = list(_absent(directory, manifests))
    look = Look(directory, list(files))
    for name, (entry, manifest) in files.items():
        wrong = fault(directory, entry, not quick, look)
        if wrong:
            part = entry.get("part")
            findings.append(Finding(f"{name} {wrong}", _command(manifest), name, part, _name(manifest.shard)))
        done += entry["bytes"]
        if progress is not None:
            progress(done, total)
    return Verification(str(directory), len(files), total, quick, findings)


def _absent(directory: Path, manifests: list[Manifest]) -> Iterator[Finding]:
    """What is not in the manifests: parts, and shards."""
    there = {manifest.shard: manifest for manifest in manifests}
    some = next((manifest.run for manifest in manifests if "command" in manifest.run), {})
    for shard in manifests[0].shard.all() if manifests[0].shard else [None]:
        who = f"shard {shard}: " if shard else ""
        manifest = there.get(shard)
        if manifest is None:
            yield Finding(f"shard {shard} is not there", again(some, shard), shard=str(shard))
        elif missing := manifest.missing:
            what = f"{who}{len(missing)} of {len(manifest.own)} parts are not written yet (number {_listed(missing)})"
            yield Finding(what, _command(manifest), shard=_name(shard))
        elif not manifest.complete:
            yield Finding(f"{who}the file of the satellites was dropped", _command(manifest), shard=_name(shard))
    if manifests[0].shard and all(manifest.complete for manifest in manifests) and len(manifests) == manifests[0].shard.count:
        yield Finding("all shards are complete, but not merged", f"gpuprop merge {directory}")


def _drop(directory: Path, manifest: Manifest, findings: Iterable[Finding]) -> None:
    """No longer list what is damaged, then remove it."""
    damaged = [each for each in findings if each.file is not None]
    if damaged:
        manifest.drop([each.part for each in damaged if each.part is not None])
        manifest.complete = False
        manifest.write(directory)
    for each in damaged:
        assert each.file is not None
        remove(directory / each.file)


def _command(manifest: Manifest) -> str:
    return again(manifest.run, manifest.shard)


def _name(shard: Shard | None) -> str | None:
    return str(shard) if shard else None


def _listed(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers[:SHOWN])) + (" ..." if len(numbers) > SHOWN else "")
