"""List what a directory holds: manifests, files that gpuprop wrote, and foreign files.

Foreign files, which gpuprop did not write, are never changed.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from ..errors import DamagedError, ForeignFileError
from ..files.whole_file import final_name
from .check import Checker
from .contents import Files, Kind
from .file_lock import NAME as LOCK
from .file_lock import is_lock
from .manifest import NAME, Manifest
from .shards import Shard
from .store import Store


@dataclass
class Inventory:
    """What a directory holds.

    Attributes
    ----------
    store : Store
        The directory.
    whole : Manifest or None
        The manifest of the directory.
    shards : dict
        The manifests of the shards that are not merged yet.
    ours : list of str
        Files that gpuprop wrote.
    foreign : list of str
        The other files.
    damaged : DamagedError or None
        Why a manifest cannot be read.
    """

    store: Store
    whole: Manifest | None = None
    shards: dict[Shard, Manifest] = field(default_factory=dict)
    ours: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    damaged: DamagedError | None = None

    @staticmethod
    def of(store: Store, kind: Kind) -> "Inventory":
        """Look at a directory. ForeignFileError if its folder of parts is a symbolic link."""
        # First the names, then the manifests: a shard writes its manifest before any other file.
        found = store.contents(kind.folder)
        inventory = Inventory(store)
        inventory._read_manifests(found, kind)
        proven = inventory._proven([name for name, is_file in found.items() if is_file])
        plans = {each.files for each in inventory.manifests}
        for name, is_file in found.items():
            if is_file and inventory._is_ours(PurePosixPath(name), proven, plans):
                inventory.ours.append(name)
            # an empty lock may belong to another job that has just begun
            elif not (is_file and store.is_empty_lock(name)) and not store.has_vanished(name):
                inventory.foreign.append(name)
        if inventory.whole:
            # a merge wrote it from the shards, and was killed while it removed their manifests
            inventory.shards = {}
        return inventory

    @property
    def manifests(self) -> list[Manifest]:
        """The manifest of the directory and those of its shards."""
        return [*([self.whole] if self.whole else []), *self.shards.values()]

    def refuse_foreign(self) -> None:
        """Raise ForeignFileError if there are foreign files."""
        refuse_files(self.store, self.foreign)

    def refuse_unproven(self) -> None:
        """Raise ForeignFileError if a listed file may be foreign: all are about to be removed."""
        for manifest in self.manifests:
            refuse_unproven(self.store, manifest, [entry.file for entry in manifest.entries])

    def remove_leftovers(self, manifest: Manifest) -> None:
        """Remove the files of gpuprop that this manifest does not list.

        These are temporary files, parts that were not committed, and old manifests. A shard
        removes only its own files: other jobs may use the rest.
        """
        listed = {manifest.name, *(entry.file for entry in manifest.entries)}
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
                self.store.remove(name.as_posix())

    def _read_manifests(self, names: Iterable[str], kind: Kind) -> None:
        shards = [shard for name in names if (shard := Shard.named(PurePosixPath(name).name))]
        # shards first: a merge writes the manifest of the directory before it removes theirs
        for shard in (*sorted(shards), None):
            try:
                manifest = Manifest.read(self.store, kind, shard)
            except FileNotFoundError:
                continue
            except DamagedError as error:
                self.damaged = error
                continue
            if shard is None:
                self.whole = manifest
            else:
                self.shards[shard] = manifest

    def _proven(self, names: list[str]) -> set[str]:
        """Return the files that a manifest lists, or whose content is gpuprop's."""
        found = {entry.file for each in self.manifests for entry in each.entries}
        unlisted = [name for name in names if name not in found]
        # shards have one plan
        for manifest in {each.files: each for each in self.manifests}.values():
            named = [name for name in unlisted if name in manifest.files]
            if named:
                found |= set(Checker(self.store, manifest.contents, named).ours(named))
        return found

    def _is_ours(self, file: PurePosixPath, proven: set[str], plans: set[Files]) -> bool:
        """Whether a file is gpuprop's: one of its files, or a temporary file for one of them."""
        final = final_name(file.name)
        whole = file.with_name(final or file.name).as_posix()
        if whole == NAME or Shard.named(whole):
            return final is not None or whole in [each.name for each in self.manifests]
        if is_lock(whole):
            return final is not None or self.store.owns_lock(whole)
        return whole in proven if final is None else any(whole in each for each in plans)


def refuse_unproven(store: Store, manifest: Manifest, names: list[str]) -> None:
    """Raise ForeignFileError if one of these files may be foreign.

    Parameters
    ----------
    store : Store
        The directory.
    manifest : Manifest
        The manifest that lists the files.
    names : list of str
        Files that are about to be removed or replaced.
    """
    checker = Checker(store, manifest.contents, names)
    ours = set(checker.ours(names))
    refuse_files(store, [name for name in names if name not in ours and checker.exists(name)])


def refuse_files(store: Store, names: list[str]) -> None:
    """Raise ForeignFileError if there are such files."""
    if names:
        first = ", ".join(sorted(names)[:3]) + (", ..." if len(names) > 3 else "")
        raise ForeignFileError(
            f"{store} holds files that gpuprop did not write there ({first}): choose another "
            "directory, or move them away"
        )
