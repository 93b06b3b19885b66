"""What a directory holds: manifests, files that they account for, and files that are somebody
else's, which are never touched.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from ..dataset.lock import NAME as LOCK
from ..dataset.lock import is_empty_lock, is_lock, is_ours
from ..dataset.shards import Shard
from ..dataset.store import contents, is_remote, refuse_links, remove
from ..errors import DamagedError, ForeignFileError, UsageError
from ..files.whole_file import final_name
from ..messages import shortened
from .check import Checker
from .layout import PARTS, Files
from .manifest import NAME, Manifest

SHOWN = 60  # characters of a value in a message


class PlanDiffersError(UsageError):
    """What a directory holds was written from another plan than the one asked for; the message says
    in what they differ.
    """


@dataclass
class Holdings:
    """whole: the manifest of the directory. shards: those of the shards that are not merged yet.
    ours: files that gpuprop wrote, foreign: the others, both by their names relative to the
    directory. damaged: why a manifest cannot be read.
    """

    directory: Path
    whole: Manifest | None = None
    shards: dict[Shard, Manifest] = field(default_factory=dict)
    ours: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    damaged: DamagedError | None = None

    @staticmethod
    def of(directory: Path) -> "Holdings":
        """Look at a directory. ForeignFileError if its directory of parts is a symbolic link."""
        refuse_links(directory, PARTS)
        # Names first, manifests then: shards that run write their manifest before any other file.
        held = contents(directory, PARTS)
        holdings = Holdings(directory)
        named = [shard for name in held if (shard := Shard.named(PurePosixPath(name).name))]
        # a merge writes the whole one before it removes theirs
        for shard in (*sorted(named), None):
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
        plans = {each.files for each in holdings.manifests}
        for name, is_file in held.items():
            if is_file and holdings._is_ours(PurePosixPath(name), proven, plans):
                holdings.ours.append(name)
            elif not is_file or not is_empty_lock(directory / name):
                # an empty lock may belong to another job that has just begun
                holdings.foreign.append(name)
        if not is_remote(directory):
            # else its owner has removed it
            holdings.foreign = [
                name for name in holdings.foreign if os.path.lexists(directory / name)
            ]
        # which was written from them: the merge was killed while it removed them
        if holdings.whole:
            holdings.shards = {}
        return holdings

    @property
    def manifests(self) -> list[Manifest]:
        return [*([self.whole] if self.whole else []), *self.shards.values()]

    def refuse_foreign(self) -> None:
        """ForeignFileError if there are files of somebody else's."""
        refuse(self.directory, self.foreign)

    def _proven(self, files: list[str]) -> set[str]:
        """The files of parts and satellites that a manifest lists, or whose content shows that
        gpuprop wrote them.
        """
        found = {
            entry["file"]
            for each in self.manifests
            for entry in (each.satellites, *each.parts)
            if entry
        }
        unlisted = [name for name in files if name not in found]
        # shards have one plan
        for manifest in {each.files: each for each in self.manifests}.values():
            named = [name for name in unlisted if name in manifest.files]
            if named:
                found |= set(Checker(self.directory, manifest.plan, named).ours(named))
        return found

    def _is_ours(self, file: PurePosixPath, proven: set[str], plans: set[Files]) -> bool:
        """Whether a file, relative to the directory, is gpuprop's: one of its files, or a temporary
        file for one of them.
        """
        final = final_name(file.name)
        whole = file.with_name(final or file.name).as_posix()
        if whole == NAME or Shard.named(whole):
            return final is not None or whole in [each.name for each in self.manifests]
        if is_lock(whole):
            return final is not None or is_ours(self.directory / whole)
        return whole in proven if final is None else any(whole in each for each in plans)

    def refuse_unproven(self) -> None:
        """ForeignFileError if a file that a manifest lists, and that is to be removed, may be
        somebody else's.
        """
        for manifest in self.manifests:
            refuse_unproven(
                self.directory,
                manifest,
                [each["file"] for each in (manifest.satellites, *manifest.parts) if each],
            )

    def remove_leftovers(self, manifest: Manifest) -> None:
        """Remove what is gpuprop's but not in this manifest: temporaries, parts that were not
        committed, manifests that are replaced.

        A shard removes its own alone: what else is there may be in another's hands.
        """
        listed = {
            manifest.name,
            manifest.satellites.get("file"),
            *(entry["file"] for entry in manifest.parts),
        }
        own = (
            {manifest.name, *(manifest.files.part(index) for index in manifest.own)}
            if manifest.shard
            else None
        )
        for name in map(PurePosixPath, self.ours):
            final = name.with_name(final_name(name.name) or name.name).as_posix()
            if (
                name.as_posix() not in listed
                and (own is None or final in own)
                and name.name != LOCK
            ):
                remove(self.directory / name.as_posix())


def refuse_unproven(directory: Path, manifest: Manifest, names: list[str]) -> None:
    """ForeignFileError if one of the files, which are to be removed or replaced, may be somebody
    else's.
    """
    checker = Checker(directory, manifest.plan, names)
    there = (
        [name for name in names if os.path.lexists(directory / name)]
        if not is_remote(directory)
        else names
    )
    doubtful = set(there).difference(checker.ours(names))
    refuse(
        directory,
        [name for name in doubtful if not is_remote(directory) or checker.size(name) is not None],
    )


def refuse(directory: Path, names: list[str]) -> None:
    """ForeignFileError if there are such files."""
    if names:
        shown = ", ".join(sorted(names)[:3]) + (", ..." if len(names) > 3 else "")
        what = f"{directory} holds files that gpuprop did not write there ({shown}): choose another directory, or move them away"
        raise ForeignFileError(what)


def refuse_differences(
    where: str, there: dict[str, Any], asked: dict[str, Any], hint: Callable[[], str] = str
) -> None:
    """PlanDiffersError if the plan of what is there, `where`, is not the one asked for; in the form of
    Plan.to_dict().

    hint: says more of element sets that differ, of which the plan has nothing but the digest.
    """
    keys = [key for key in {**there, **asked} if there.get(key) != asked.get(key)]
    if keys:
        named = "; ".join(
            f"{key}: {_shown(there, key)} there, {_shown(asked, key)} asked for" for key in keys
        )
        named += hint() if "elements" in keys else ""
        raise PlanDiffersError(
            f"{where} was written from another plan ({named}): ask for the same, or choose "
            "another directory"
        )


def _shown(plan: dict[str, Any], key: str) -> str:
    return shortened(str(plan[key]), SHOWN) if key in plan else "nothing"
