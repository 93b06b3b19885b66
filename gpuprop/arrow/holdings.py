"""What a directory holds: manifests, files that they account for, and files that are somebody else's, which are never touched."""

from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from ..errors import DamagedError
from ..writing.whole_file import final_name
from .check import Checker, file_digest
from .lock import NAME as LOCK
from .lock import is_lock, is_ours
from .manifest import NAME, Manifest
from .place import contents, refuse_links, remove
from .plan import PARTS
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
    damaged: DamagedError | None = None

    @staticmethod
    def of(directory: Path) -> "Holdings":
        """Look. FileExistsError where the place of the parts is a symbolic link."""
        refuse_links(directory, PARTS)
        # Names first, manifests then: shards that run write their manifest before any other file.
        held = contents(directory, PARTS)
        holdings = Holdings(directory)
        named = [shard for name in held if (shard := Shard.named(PurePosixPath(name).name))]
        for shard in (*sorted(named), None):  # a merge writes the whole one before it removes theirs
            try:
                manifest = Manifest.read(directory, shard)
            except FileNotFoundError:
                continue
            except DamagedError as error:
                holdings.damaged = error
                continue
            if shard is None:
                holdings.whole = manifest
            else:
                holdings.shards[shard] = manifest
        proven = holdings._proven([name for name, is_file in held.items() if is_file])
        for name, is_file in held.items():
            kind = holdings.ours if is_file and holdings._is_ours(PurePosixPath(name), proven) else holdings.foreign
            kind.append(name)
        if holdings.whole:  # which was written from them: the merge was killed while it removed them
            holdings.shards = {}
        return holdings

    @property
    def manifests(self) -> list[Manifest]:
        return [*([self.whole] if self.whole else []), *self.shards.values()]

    def _proven(self, files: list[str]) -> set[str]:
        """The files with the name of a part, or of the satellites, that are gpuprop's: a manifest lists them, or they carry its plan.

        A manifest's plan alone is no proof: any file may have such a name.
        """
        found = {entry["file"] for each in self.manifests for entry in (each.satellites, *each.parts) if entry}
        for manifest in self.manifests:
            unlisted = [name for name in files if name in manifest.files and name not in found]
            if unlisted:
                found |= set(carriers(self.directory, manifest, unlisted))
        return found

    def _is_ours(self, file: PurePosixPath, proven: set[str]) -> bool:
        """Whether a file, relative to the directory, is one of gpuprop's, or the temporary file of one."""
        final = final_name(file.name)
        whole = file.with_name(final or file.name).as_posix()
        if whole == NAME or Shard.named(whole):
            return final is not None or whole in [each.name for each in self.manifests]
        if is_lock(whole):
            return final is not None or is_ours(self.directory / whole)
        return whole in proven if final is None else any(whole in each.files for each in self.manifests)

    def refuse_unproven(self) -> None:
        """FileExistsError if a manifest lists a file that may be somebody else's: it neither carries the plan nor has the digest listed."""
        for manifest in self.manifests:
            entries = {entry["file"]: entry for entry in (manifest.satellites, *manifest.parts) if entry and entry["file"] in self.ours}
            doubtful = set(entries).difference(carriers(self.directory, manifest, list(entries)))
            self.foreign += [name for name in sorted(doubtful) if file_digest(self.directory / name) != entries[name]["digest"]]
        self.refuse_foreign()

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


def carriers(directory: Path, manifest: Manifest, names: list[str]) -> list[str]:
    """Those of the files that carry the plan of a manifest."""
    return Checker(directory, manifest.plan, names).carriers(names)


def refuse_differences(where: str, there: dict[str, Any], asked: dict[str, Any]) -> None:
    """PlanDiffers if the plan of what is there, `where`, is not the one asked for; in the form of Plan.to_dict()."""
    keys = [key for key in {**there, **asked} if there.get(key) != asked.get(key)]
    if keys:
        named = "; ".join(f"{key}: {_shown(there, key)} there, {_shown(asked, key)} asked for" for key in keys)
        raise PlanDiffers(f"{where} was written from another plan ({named}): ask for the same, or choose another directory")


def _shown(plan: dict[str, Any], key: str) -> str:
    value = str(plan[key]) if key in plan else "nothing"
    return value if len(value) <= SHOWN else f"{value[: SHOWN - 3]}..."
