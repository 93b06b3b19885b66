"""Merge the shards of a run: their manifests become one. The parts stay unchanged."""

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass

from ..errors import LockedError, UnmergedError
from .check import Checker
from .contents import Kind
from .entries import RunFacts
from .inventory import Inventory
from .manifest import Manifest
from .resume_command import advice, command_to_resume
from .session import locked, refuse_differences
from .shards import Shard
from .store import Store

SHOWN = 100  # shards in a message
PATIENCE_S = 2.0  # how long the last shard waits for a job that holds the lock for a moment


@dataclass(frozen=True)
class Merged:
    """What a directory of merged shards holds.

    Parameters
    ----------
    path : str
        The directory.
    shards : int
        The number of shards that were merged; 0 for a run without shards.
    parts : int
        The number of parts.
    rows : int
        The number of rows in all parts.
    bytes : int
        The size of all parts.
    """

    path: str
    shards: int
    parts: int
    rows: int
    bytes: int

    def to_dict(self) -> dict[str, object]:
        """Return the fields, for JSON.

        Returns
        -------
        dict
            {name of a field: its value}.
        """
        return asdict(self)


def merge(store: Store, kind: Kind) -> Merged:
    """Merge the shards in a directory into one run, if all are complete.

    Each file is checked as by `verify --quick`. If the shards are merged already, or if the run
    has none, only say what the directory holds.

    Raises
    ------
    UnmergedError
        A shard is missing, damaged or not complete; the message lists all that are.
    FileNotFoundError
        There are no shards.
    LockedError
        A job writes one of the shards.
    ValueError
        The manifests are not of one run.
    """
    if not shards_in(store):
        whole = Manifest.read(store, kind)
        if not whole.complete:
            raise UnmergedError(
                "\n".join(
                    [
                        f"{store} holds a run that is not complete, and no shards",
                        *advice([command_to_resume(whole.run, kind)]),
                    ]
                )
            )
        return _described(store, whole)
    with locked(store):
        return _merge(store, kind)


def merge_if_complete(store: Store, kind: Kind, count: int) -> bool:
    """Merge if this was the last of `count` shards to finish.

    If they cannot be merged, they stay unchanged: `gpuprop merge` says why.

    Returns
    -------
    bool
        Whether the directory holds one complete run now.
    """
    if 0 < len(shards_in(store)) < count:
        return False
    limit = time.perf_counter() + PATIENCE_S
    with suppress(OSError, ValueError, RuntimeError):
        while True:
            inventory = Inventory.of(store, kind)
            if inventory.shards and not joined(inventory).complete:
                return False  # the last shard to finish merges
            try:
                with locked(store):
                    return bool(_merge(store, kind))
            except LockedError:
                # another shard still writes, or a job that holds the lock for a moment
                inventory = Inventory.of(store, kind)
                if inventory.whole or time.perf_counter() > limit:
                    return inventory.whole is not None and inventory.whole.complete
            time.sleep(0.05)
    return False


def _merge(store: Store, kind: Kind) -> Merged:
    """Merge, with the directory locked."""
    inventory = Inventory.of(store, kind)
    manifest = inventory.whole
    if manifest is None:
        if inventory.damaged:
            raise inventory.damaged
        manifest = joined(inventory)
        missing = list(unfinished(inventory, kind))
        if missing:
            found = [f"  {what}" for what, _ in missing[:SHOWN]]
            more = [f"  and {len(missing) - SHOWN:,} more"] if len(missing) > SHOWN else []
            how = advice(command for _, command in missing[:SHOWN])
            raise UnmergedError("\n".join([f"{store} cannot be merged yet:", *found, *more, *how]))
        manifest.write(store)
    inventory.remove_leftovers(manifest)
    return _described(store, manifest)


def unfinished(inventory: Inventory, kind: Kind) -> Iterator[tuple[str, str]]:
    """Yield each reason why the shards cannot be merged, and the command that repairs it."""
    facts = {shard: manifest.run for shard, manifest in inventory.shards.items()}
    some = next((each for each in facts.values() if each.command), RunFacts())
    for shard in next(iter(inventory.shards)).all():
        manifest = inventory.shards.get(shard)
        command = command_to_resume(facts.get(shard, some), kind, shard)
        if manifest is None:
            yield f"shard {shard} is not there", command
        elif not manifest.complete:
            yield f"shard {shard} has {len(manifest.parts)} of {len(manifest.own)} parts", command
        else:
            checker = Checker.of(inventory.store, manifest)
            for entry in manifest.entries:
                if wrong := checker.fault(entry, full=False):
                    yield f"shard {shard}: {entry.file} {wrong}", command


def joined(inventory: Inventory) -> Manifest:
    """Join the manifests of the shards into one.

    ValueError if they are not of one run, or if there are none.
    """
    store = inventory.store
    if not inventory.shards:
        raise ValueError(f"{store} holds no shards")
    manifests = list(inventory.shards.values())
    first, count = manifests[0], next(iter(inventory.shards)).count
    for shard, manifest in inventory.shards.items():
        if shard.count != count:
            raise ValueError(
                f"{store} holds shards of different runs, of {count} and of {shard.count}: remove "
                "those of one"
            )
        refuse_differences(f"shard {shard} in {store}", manifest, first.plan)
    runs = {str(shard): manifest.run for shard, manifest in inventory.shards.items()}
    facts = RunFacts(
        engine=", ".join(sorted({each.engine for each in runs.values()})),
        host=", ".join(sorted({each.host for each in runs.values()})),
        started=min(each.started for each in runs.values()),
        seconds=round(sum(each.seconds for each in runs.values()), 3),
        command=first.run.command,
        directory=first.run.directory,
        shards=runs,
    )
    return Manifest(
        first.kind,
        first.contents,
        companion=next((each.companion for each in manifests if each.companion), None),
        parts=[entry for manifest in manifests for entry in manifest.parts],
        complete=len(manifests) == count and all(each.complete for each in manifests),
        run=facts,
        version=first.version,
    )


def shards_in(store: Store) -> list[Shard]:
    """List the shards that have a manifest in a directory."""
    return sorted(shard for name in store.names() if (shard := Shard.named(name)))


def _described(store: Store, manifest: Manifest) -> Merged:
    parts = manifest.parts
    return Merged(
        str(store),
        len(manifest.run.shards),
        len(parts),
        sum(entry.rows for entry in parts),
        sum(entry.bytes for entry in parts),
    )
