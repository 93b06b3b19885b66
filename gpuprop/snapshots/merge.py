"""The shards of a run made one: their manifests become the one of the directory. The parts are
where they belong already.
"""

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..dataset.lock import LockedError, locked
from ..dataset.shards import Shard
from ..dataset.store import AnyPath, is_remote, names, place
from ..errors import GpupropError
from .check import Checker
from .inventory import Holdings, refuse_differences
from .manifest import Manifest
from .resume_command import advice, again

SHOWN = 100  # shards in a message
PATIENCE_S = 2.0  # how long the last shard waits for whoever is just looking at the directory


class UnmergedError(GpupropError, RuntimeError):
    """Shards are missing or not complete; the message lists them and says how to write them."""


@dataclass(frozen=True)
class Merged:
    """What a directory of merged shards holds. bytes: of all parts."""

    path: str
    shards: int
    parts: int
    rows: int
    bytes: int

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def merge_snapshots(path: AnyPath) -> Merged:
    """Make one run of the shards in a directory, once all are complete; of one that is whole
    already, say what it holds.

    Each file is looked at as by `verify --quick`. UnmergedError, with each shard that is missing,
    damaged or not complete. The directory may be in an object store. FileNotFoundError if there are
    no shards; LockedError if one of them is being written; ValueError for manifests that do not belong
    together.
    """
    directory = place(path)
    if not shard_manifests(directory):
        whole = Manifest.read(directory)
        if not whole.complete:
            raise UnmergedError(
                "\n".join(
                    [
                        f"{directory} holds a run that is not complete, and no shards",
                        *advice([again(whole.run)]),
                    ]
                )
            )
        return _described(directory, whole)
    with locked(directory):
        return _merge(directory)


def merge_when_whole(directory: Path, count: int) -> bool:
    """Merge if this was the last of `count` shards to leave the directory; whether the directory is
    whole now.

    A merge that cannot be done leaves the shards as they are, for `gpuprop merge`, which says why.
    """
    if 0 < len(shard_manifests(directory)) < count:
        return False
    limit = time.perf_counter() + PATIENCE_S
    with suppress(OSError, ValueError, RuntimeError):
        if (
            is_remote(directory)
            and (holdings := Holdings.of(directory)).shards
            and not joined(holdings).complete
        ):
            return False  # where there are locks, those of the others say so
        while True:
            try:
                with locked(directory):
                    return bool(_merge(directory))
            except LockedError:
                # by the shards that still write, and the last of those is to merge; or by somebody
                # who is soon gone
                holdings = Holdings.of(directory)
                if holdings.whole or not joined(holdings).complete or time.perf_counter() > limit:
                    return holdings.whole is not None and holdings.whole.complete
            time.sleep(0.05)
    return False


def _merge(directory: Path) -> Merged:
    """With the directory locked."""
    holdings = Holdings.of(directory)
    manifest = holdings.whole
    if manifest is None:
        if holdings.damaged:
            raise holdings.damaged
        whole = joined(holdings)
        missing = list(unfinished(holdings))
        if missing:
            found = [f"  {what}" for what, _ in missing[:SHOWN]]
            more = [f"  and {len(missing) - SHOWN:,} more"] if len(missing) > SHOWN else []
            how = advice(command for _, command in missing[:SHOWN])
            raise UnmergedError(
                "\n".join([f"{directory} cannot be merged yet:", *found, *more, *how])
            )
        manifest = whole
        manifest.write(directory)
    holdings.remove_leftovers(manifest)
    return _described(directory, manifest)


def unfinished(holdings: Holdings) -> Iterator[tuple[str, str]]:
    """What keeps shards from being merged, and the command that does it."""
    runs = {shard: manifest.run for shard, manifest in holdings.shards.items()}
    some = next((run for run in runs.values() if "command" in run), {})
    for shard in next(iter(holdings.shards)).all():
        manifest = holdings.shards.get(shard)
        command = again(runs.get(shard, some), shard)
        if manifest is None:
            yield f"shard {shard} is not there", command
        elif not manifest.complete:
            yield f"shard {shard} has {len(manifest.parts)} of {len(manifest.own)} parts", command
        else:
            entries = [*([manifest.satellites] if manifest.satellites else []), *manifest.parts]
            checker = Checker(
                holdings.directory,
                manifest.plan,
                [entry["file"] for entry in entries],
                manifest.sealed,
            )
            for entry in entries:
                if wrong := checker.fault(entry, full=False):
                    yield f"shard {shard}: {entry['file']} {wrong}", command


def joined(holdings: Holdings) -> Manifest:
    """The manifests of the shards as one. ValueError if they are not of one run, or there are none."""
    if not holdings.shards:
        raise ValueError(f"{holdings.directory} holds no shards")
    manifests = list(holdings.shards.values())
    first, count = manifests[0], next(iter(holdings.shards)).count
    for shard, manifest in holdings.shards.items():
        if shard.count != count:
            raise ValueError(
                f"{holdings.directory} holds shards of different runs, of {count} and of "
                f"{shard.count}: remove those of one"
            )
        refuse_differences(f"shard {shard} in {holdings.directory}", manifest.plan, first.plan)
    runs = {str(shard): manifest.run for shard, manifest in holdings.shards.items()}
    run: dict[str, Any] = {
        name: ", ".join(sorted({str(each.get(name)) for each in runs.values()}))
        for name in ("engine", "host")
    }
    run |= {"started": min(str(each.get("started")) for each in runs.values())}
    run |= {"seconds": round(sum(float(each.get("seconds", 0.0)) for each in runs.values()), 3)}
    run |= {name: first.run[name] for name in ("command", "directory") if name in first.run}
    satellites = next((each.satellites for each in manifests if each.satellites), {})
    parts = [entry for manifest in manifests for entry in manifest.parts]
    whole = Manifest(
        first.plan, satellites, parts, run={**run, "shards": runs}, version=first.version
    )
    whole.complete = len(manifests) == count and all(each.complete for each in manifests)
    return whole


def shard_manifests(directory: Path) -> list[Shard]:
    """The shards that have a manifest in a directory."""
    return sorted(shard for name in names(directory) if (shard := Shard.named(name)))


def _described(directory: Path, manifest: Manifest) -> Merged:
    entries = manifest.parts
    rows, size = (sum(entry[name] for entry in entries) for name in ("rows", "bytes"))
    return Merged(str(directory), len(manifest.run.get("shards", {})), len(entries), rows, size)
