"""What a directory holds: manifests, files that they account for, and files that are somebody else's, which are never touched."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from .disk import final_name
from .lock import NAME as LOCK
from .lock import is_lock
from .manifest import NAME, Manifest
from .place import contents, is_remote, remove
from .plan import PARTS, Files
from .shards import Shard

SHOWN = 60  # characters of a value in a message


class PlanDiffers(ValueError):
    """What a directory holds was written from another plan than the one asked for; the message says in what they differ."""


@dataclass
class Holdings:
    """whole: the manifest of the directory. shards: those of the shards that are not merged yet. ours: files that gpuprop wrote, foreign:
    the others, both by their names relative to the directory. damaged: why a manifest cannot be read."""

    directory: Path
    whole: Manifest | None = None
    shards: dict[Shard, Manifest] = field(default_factory=dict)
    ours: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    damaged: ValueError | None = None

    @staticmethod
    def of(directory: Path) -> "Holdings":
        """Look. FileExistsError where the place of the parts is a symbolic link."""
        parts = directory / PARTS
        if not is_remote(parts) and parts.is_symlink():
            raise FileExistsError(f"{parts} is a symbolic link, which gpuprop does not make there: choose another directory")
        # Names first, manifests then: shards that run write their manifest before any other file.
        held = contents(directory, PARTS)
        holdings = Holdings(directory)
        named = [shard for name in held if (shard := Shard.named(PurePosixPath(name).name))]
        for shard in (*sorted(named), None):  # a merge writes the whole one before it removes theirs
            try:
                manifest = Manifest.read(directory, shard)
            except FileNotFoundError:
                continue
            except ValueError as error:
                holdings.damaged = error
                continue
            if shard is None:
                holdings.whole = manifest
            else:
                holdings.shards[shard] = manifest
        read = [each.name for each in holdings.manifests]
        files = [each.files for each in holdings.manifests]
        for name, is_file in held.items():
            kind = holdings.ours if is_file and _is_ours(PurePosixPath(name), read, files) else holdings.foreign
            kind.append(name)
        if holdings.whole:  # which was written from them: the merge was killed while it removed them
            holdings.shards = {}
        return holdings

    @property
    def manifests(self) -> list[Manifest]:
        return [*([self.whole] if self.whole else []), *self.shards.values()]

    def refuse_foreign(self) -> None:
        """FileExistsError if there are files of somebody else's."""
        if self.foreign:
            names = ", ".join(sorted(self.foreign)[:3]) + (", ..." if len(self.foreign) > 3 else "")
            raise FileExistsError(f"{self.directory} holds files that gpuprop did not write there ({names}): choose another directory")

    def remove_leftovers(self, manifest: Manifest) -> None:
        """Remove what is gpuprop's but not in this manifest: temporaries, parts that were not committed, manifests that are replaced.

        A shard removes its own alone: what else is there may be in another's hands.
        """
        listed = {manifest.name, manifest.satellites.get("file"), *(entry["file"] for entry in manifest.parts)}
        own = {manifest.name, *(manifest.files.part(index) for index in manifest.own)} if manifest.shard else None
        for name in map(PurePosixPath, self.ours):
            final = name.with_name(final_name(name.name) or name.name).as_posix()
            if name.as_posix() not in listed and (own is None or final in own) and name.name != LOCK:
                remove(self.directory / name.as_posix())


def _is_ours(file: PurePosixPath, read: Iterable[str], files: Iterable[Files]) -> bool:
    """Whether a file, relative to its directory, is one of those of the manifests that could be read, or the temporary of one."""
    final = final_name(file.name)
    whole = file.with_name(final or file.name).as_posix()
    if whole == NAME or Shard.named(whole):
        return final is not None or whole in read
    if final is None and is_lock(whole):
        return True
    return any(whole in each for each in files)


def refuse_differences(where: str, there: dict[str, Any], asked: dict[str, Any]) -> None:
    """PlanDiffers if the plan of what is there, `where`, is not the one asked for; in the form of Plan.to_dict()."""
    keys = [key for key in {**there, **asked} if there.get(key) != asked.get(key)]
    if keys:
        named = "; ".join(f"{key}: {_shown(there, key)} there, {_shown(asked, key)} asked for" for key in keys)
        raise PlanDiffers(f"{where} was written from another plan ({named}): ask for the same, or choose another directory")


def _shown(plan: dict[str, Any], key: str) -> str:
    value = str(plan[key]) if key in plan else "nothing"
    return value if len(value) <= SHOWN else f"{value[: SHOWN - 3]}..."
