"""Find what is missing or damaged in a directory, and the command that writes it again."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from itertools import chain, islice

from .check import Checker
from .contents import Kind
from .entries import FileEntry, PartEntry, RunFacts
from .inventory import Inventory
from .manifest import Manifest
from .merge import joined
from .resume_command import command_to_resume, merge_command
from .session import locked
from .shards import Shard
from .store import Store

SHOWN = 3  # part numbers in a finding
MOST_ABSENT = 1000  # missing shards that are reported one by one


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Parameters
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
    """The result of comparing a directory with its manifest.

    Parameters
    ----------
    path : str
        The directory.
    files : int
        The number of files that the manifests list.
    bytes : int
        The size of these files.
    quick : bool
        Whether only sizes and endings were checked.
    findings : list of Finding
        What is wrong.
    dropped : list of str
        Files that were removed, so that resume writes them again.
    """

    path: str
    files: int
    bytes: int
    quick: bool
    findings: list[Finding] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings

    def to_dict(self) -> dict[str, object]:
        """Return the fields and `sound`, for JSON.

        Returns
        -------
        dict
            {name of a field: its value}.
        """
        return {**asdict(self), "sound": self.sound}


def verify(
    store: Store,
    kind: Kind,
    quick: bool = False,
    drop: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Verification:
    """Compare every file of a directory with its manifest, or with those of its shards.

    Parameters
    ----------
    store : Store
        The directory.
    kind : Kind
        The kind of dataset.
    quick : bool
        Check the size of each file, its ending and, of parts on a disk, the instants at its ends;
        else also its digest.
    drop : bool
        Remove damaged files from the store and from the manifest, so that resume writes them
        again. A file that does not carry the plan of the run stays: it may be foreign.
    progress : callable, optional
        progress(bytes_done, bytes_total) is called after each file.

    Raises
    ------
    FileNotFoundError
        The directory holds no manifest.
    DamagedError
        Its manifest was altered or cannot be read.
    LockedError
        A job writes there; with `drop` only.
    """
    if not drop:
        return _compare(store, kind, _manifests(store, kind), quick, progress)
    _manifests(store, kind)  # before locking: no lock is put where there is no dataset
    with locked(store):
        manifests = _manifests(store, kind)
        verification = _compare(store, kind, manifests, quick, progress)
        dropped: list[str] = []
        for manifest in manifests:
            dropped += _drop(
                store,
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


def _manifests(store: Store, kind: Kind) -> list[Manifest]:
    """Return the manifest of the directory, or those of its shards."""
    if not store.exists():
        return [Manifest.read(store, kind)]  # its error says what is wrong
    inventory = Inventory.of(store, kind)
    if inventory.damaged:
        raise inventory.damaged
    if not inventory.whole and inventory.shards:
        joined(inventory)  # ValueError if they are not of one run
        return list(inventory.shards.values())
    return [inventory.whole or Manifest.read(store, kind)]


def _compare(
    store: Store,
    kind: Kind,
    manifests: list[Manifest],
    quick: bool,
    progress: Callable[[int, int], None] | None,
) -> Verification:
    files: dict[str, tuple[FileEntry, Manifest]] = {}
    for manifest in manifests:
        for entry in manifest.entries:
            files.setdefault(entry.file, (entry, manifest))
    total, done = sum(entry.bytes for entry, _ in files.values()), 0
    findings = list(_absent(store, kind, manifests))
    sealed = all(manifest.sealed for manifest in manifests)
    checker = Checker(store, manifests[0].contents, list(files), sealed)
    for name, (entry, manifest) in files.items():
        if wrong := checker.fault(entry, full=not quick):
            part = entry.part if isinstance(entry, PartEntry) else None
            findings.append(
                Finding(f"{name} {wrong}", _command(manifest), name, part, _name(manifest.shard))
            )
        done += entry.bytes
        if progress is not None:
            progress(done, total)
    return Verification(str(store), len(files), total, quick, findings)


def _absent(store: Store, kind: Kind, manifests: list[Manifest]) -> Iterator[Finding]:
    """Yield the parts and the shards that the manifests do not list."""
    by_shard = {manifest.shard: manifest for manifest in manifests}
    some = next((manifest.run for manifest in manifests if manifest.run.command), RunFacts())
    shards = manifests[0].shard.all() if manifests[0].shard else [None]
    absent = 0
    for shard in shards:
        prefix = f"shard {shard}: " if shard else ""
        manifest = by_shard.get(shard)
        if manifest is None:
            absent += 1
            if absent <= MOST_ABSENT:
                what = f"shard {shard} is not there"
                yield Finding(what, command_to_resume(some, kind, shard), shard=str(shard))
        elif missing := manifest.missing:
            count = sum(map(len, missing))
            what = (
                f"{prefix}{count:,} of {len(manifest.own):,} parts are not written yet (number "
                f"{_listed(missing)})"
            )
            yield Finding(what, _command(manifest), shard=_name(shard))
        elif not manifest.complete:
            what = f"{prefix}the file of the {kind.companion} was dropped"
            yield Finding(what, _command(manifest), shard=_name(shard))
    if absent > MOST_ABSENT:
        yield Finding(f"{absent - MOST_ABSENT:,} more shards are not there", "write each of them")
    if (
        manifests[0].shard
        and all(manifest.complete for manifest in manifests)
        and len(manifests) == manifests[0].shard.count
    ):
        yield Finding("all shards are complete, but not merged", merge_command(store.path))


def _drop(store: Store, manifest: Manifest, findings: Iterable[Finding]) -> list[str]:
    """Remove damaged files, then their entries in the manifest. Return those removed or missing.

    A file stays unless its content shows that gpuprop wrote it: the name alone is no proof.
    """
    damaged = {each.file: each.part for each in findings if each.file is not None}
    checker = Checker(store, manifest.contents, damaged)
    ours = set(checker.ours(damaged))
    dropped = {
        name: part for name, part in damaged.items() if name in ours or not checker.exists(name)
    }
    for name in dropped:
        store.remove(name)
    if dropped:
        manifest.drop([part for part in dropped.values() if part is not None])
        manifest.complete = False
        manifest.write(store)
    return list(dropped)


def _command(manifest: Manifest) -> str:
    return command_to_resume(manifest.run, manifest.kind, manifest.shard)


def _name(shard: Shard | None) -> str | None:
    return str(shard) if shard else None


def _listed(ranges: list[range]) -> str:
    """Write the first numbers of some ranges."""
    first = list(islice(chain.from_iterable(ranges), SHOWN + 1))
    return ", ".join(map(str, first[:SHOWN])) + (" ..." if len(first) > SHOWN else "")
