"""Read and write manifest.json: the plan of a dataset, its complete parts, the facts of the run.

Each shard has its own manifest, of the same form, until all are merged into one.
"""

import errno
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn

import xxhash

from ..errors import DamagedError
from ..messages import shown
from ..version import __version__
from .contents import Contents, Files, Kind, Plan
from .entries import FileEntry, PartEntry, RunFacts
from .fields import (
    Check,
    FieldError,
    check_fields,
    digest,
    flag,
    integer,
    json_list,
    json_object,
    seconds,
    short_text,
    status_counts,
    text,
    texts,
)
from .requests import no_bucket
from .shards import Shard
from .sink import NewFile, digest_text
from .store import NOT_REGULAR, Store

NAME = "manifest.json"
LAYOUT_VERSION = 1  # of the directory; raised when an older gpuprop could no longer read it

# limits of a manifest: a run has at most 100,000 parts, and an entry takes about 400 bytes
MOST_BYTES = 256 << 20
MOST_OBJECTS = 1_000_000  # objects and lists; an entry has two

RECORD: dict[str, Check] = {
    "gpuprop": text,
    "plan": json_object,
    "parts": json_list,
    "complete": flag,
    "run": json_object,
}
FILE: dict[str, Check] = {"file": text, "rows": integer(0), "bytes": integer(1), "digest": digest}
PART: dict[str, Check] = {
    "part": integer(0),
    **FILE,
    "first": short_text,
    "last": short_text,
    "status": status_counts,
}
PART_OPTIONAL: dict[str, Check] = {"engine": text, "host": text}
RUN: dict[str, Check] = {
    "engine": text,
    "host": text,
    "started": text,
    "seconds": seconds,
    "command": texts,
    "directory": text,
    "job": text,
    "overwritten": flag,
}


@dataclass
class Manifest:
    """The record of a directory, or of a shard of it.

    Attributes
    ----------
    kind : Kind
        The kind of dataset.
    contents : Contents
        The plan of the whole run, and what follows from it.
    companion : FileEntry or None
        The file beside the parts.
    parts : list of PartEntry
        The complete parts, in order.
    complete : bool
        Whether no part is missing.
    run : RunFacts
        Who computed it, when and by which command.
    version : str
        The version of gpuprop that began the run.
    shard : Shard or None
        The shard that the manifest belongs to.
    last : list of int
        The two parts that were committed last.
    stored : bytes
        Its file, as it was read or written last.
    sealed : bool
        Whether its file has a digest of itself. The digest shows accidental changes; a forger can
        make a new one. Manifests of older versions have no digest.
    """

    kind: Kind
    contents: Contents
    companion: FileEntry | None = None
    parts: list[PartEntry] = field(default_factory=list)
    complete: bool = False
    run: RunFacts = field(default_factory=RunFacts)
    version: str = __version__
    shard: Shard | None = None
    last: list[int] = field(default_factory=list)
    stored: bytes = field(default=b"", repr=False, compare=False)
    sealed: bool = field(default=True, compare=False)

    @property
    def plan(self) -> Plan:
        """The plan of the whole run, as JSON has it."""
        return self.contents.plan

    @property
    def files(self) -> Files:
        """The names of the files of the run."""
        return self.contents.files

    @property
    def entries(self) -> list[FileEntry]:
        """The entries of all files: the companion first, then the parts."""
        return [*([self.companion] if self.companion else []), *self.parts]

    @property
    def name(self) -> str:
        """The name of its own file."""
        return self.shard.manifest if self.shard else NAME

    @cached_property
    def own(self) -> range:
        """The parts of the plan that it will list when it is complete."""
        return self.shard.parts(self.files.parts) if self.shard else range(self.files.parts)

    @property
    def missing(self) -> list[range]:
        """The parts that it does not list yet, in order.

        They are ranges: the plan in a damaged manifest may have more parts than fit into memory.
        """
        found: list[range] = []
        first = self.own.start
        for entry in self.parts:
            found.append(range(first, entry.part))
            first = entry.part + 1
        found.append(range(first, self.own.stop))
        return [gap for gap in found if gap]

    def add(self, part: PartEntry) -> None:
        """Add a part that is complete."""
        self.parts = sorted([*self.parts, part], key=lambda entry: entry.part)
        self.last = [*self.last[-1:], part.part]
        self.complete = len(self.parts) == len(self.own)

    def drop(self, numbers: Collection[int]) -> None:
        """Remove these parts from the list."""
        self.parts = [entry for entry in self.parts if entry.part not in numbers]
        self.last = [number for number in self.last if number not in numbers]
        self.complete = len(self.parts) == len(self.own)

    def write(self, store: Store) -> None:
        """Write its file, or leave the old one unchanged."""
        record = {
            "gpuprop": self.version,
            "layout": LAYOUT_VERSION,
            "complete": self.complete,
            **({"shard": str(self.shard)} if self.shard else {}),
            "plan": self.plan,
            "run": self.run.to_dict(),
            self.kind.companion: vars(self.companion) if self.companion else {},
            "last": self.last,
            "parts": [
                {
                    name: value
                    for name, value in {"part": entry.part, **vars(entry)}.items()
                    if value is not None
                }
                for entry in self.parts
            ],
        }
        data = json.dumps(seal(record), indent=1).encode() + b"\n"
        if len(data) > MOST_BYTES:
            raise ValueError(
                f"the manifest of {store} would have {len(data):,} bytes, and at most "
                f"{MOST_BYTES:,} can be read: write fewer parts"
            )
        with NewFile(store, self.name) as file:
            file.write(data)
        self.stored, self.sealed = data, True

    @staticmethod
    def read(store: Store, kind: Kind, shard: Shard | None = None) -> "Manifest":
        """Read the manifest of a directory, or of a shard.

        Every field is checked: its type and its bounds, and that files and parts are those of the
        plan. The cost grows with the number of listed parts, not with any number in the file.

        Raises
        ------
        FileNotFoundError
            There is no manifest.
        DamagedError
            It was altered, was not written by gpuprop, or has a layout that this version does not
            know.
        """
        name = shard.manifest if shard else NAME
        path = store.path / name
        data = _bytes(store, kind, name)
        record = _record(path, data)
        if type(record.get("layout")) is not int or record["layout"] != LAYOUT_VERSION:
            raise DamagedError(
                f"{path} was written by gpuprop {shown(record['gpuprop'])} in layout "
                f"{shown(record.get('layout'))}; "
                f"this is gpuprop {__version__}, which reads layout {LAYOUT_VERSION}"
            )
        try:
            sealed = "digest" in record
            if sealed and record != seal(record):
                raise FieldError(
                    "it was changed after gpuprop wrote it (its digest of itself differs)"
                )
            manifest = _manifest(record, kind, shard)
        except (FieldError, RecursionError) as error:
            why = str(error) if isinstance(error, FieldError) else "it is nested too deeply"
            raise DamagedError(
                f"{path} is damaged: {why}; restore it from a backup, or write the "
                f"{kind.folder} again into another directory"
            ) from None
        manifest.stored, manifest.sealed = data, sealed
        return manifest


def seal(record: Mapping[str, Any]) -> dict[str, Any]:
    """Put a digest of all other fields, in this order, into the record of a manifest.

    White space does not count.
    """
    others = {name: value for name, value in record.items() if name != "digest"}
    found = xxhash.xxh3_128(json.dumps(others, separators=(",", ":")).encode())
    return {"digest": digest_text(found), **others}


def _bytes(store: Store, kind: Kind, name: str) -> bytes:
    """Read the file of a manifest."""
    if not store.exists():
        raise FileNotFoundError(
            f"{store} is not a directory of {kind.folder}: "
            + ("it is a file" if store.path.exists() else "there is no such directory")
        )
    try:
        return store.read(name, MOST_BYTES)
    except FileNotFoundError as error:
        if no_bucket(error):
            raise
        raise FileNotFoundError(
            f"{store} has no {name}: it is not a directory that gpuprop wrote"
        ) from None
    except OSError as error:
        if error.errno in (*NOT_REGULAR, errno.EFBIG):  # something else has the name
            raise DamagedError(
                f"{store.path / name} is not a manifest of gpuprop: {error.strerror}"
            ) from None
        raise


def _record(path: Path, data: bytes) -> dict[str, Any]:
    """Parse the object in a manifest of gpuprop. DamagedError if the file is something else."""
    if data.count(b"{") + data.count(b"[") > MOST_OBJECTS:
        raise DamagedError(
            f"{path} is not a manifest of gpuprop: it holds more than {MOST_OBJECTS:,} objects "
            "and lists"
        )
    try:
        record = json.loads(data, object_pairs_hook=_unique_names, parse_constant=_not_a_number)
    except (ValueError, RecursionError) as error:
        why = "it is nested too deeply" if isinstance(error, RecursionError) else f"{error}"
        raise DamagedError(f"{path} is not a manifest of gpuprop, or is damaged: {why}") from None
    if not isinstance(record, dict) or "gpuprop" not in record:
        raise DamagedError(f"{path} is not a manifest of gpuprop")
    return record


def _unique_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("it names a field twice")
    return found


def _not_a_number(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a number")


# --- check the fields, and make typed entries of them ---
def _manifest(record: dict[str, Any], kind: Kind, shard: Shard | None) -> Manifest:
    """Make the manifest of an object. FieldError if anything in it cannot be right."""
    check_fields("it", record, {**RECORD, kind.companion: json_object})
    if record.get("shard") != (str(shard) if shard else None):
        raise FieldError(f"it belongs to shard {shown(record.get('shard'))}")
    manifest = Manifest(
        kind,
        kind.contents(record["plan"]),
        run=_run("its run", record["run"]),
        complete=record["complete"],
        version=record["gpuprop"],
        shard=shard,
    )
    manifest.parts = _parts(record["parts"], manifest)
    if record[kind.companion] or manifest.parts:
        manifest.companion = _companion(record[kind.companion], manifest)
    own, listed = manifest.own, manifest.parts
    if manifest.complete and (len(listed) < len(own) or (own and not manifest.companion)):
        raise FieldError(
            f"it says that it is complete, but lists {len(listed)} of {len(own)} "
            f"parts{'' if manifest.companion else f' and no {kind.companion}'}"
        )
    manifest.last = record.get("last", [])
    if not isinstance(manifest.last, list) or not all(map(integer(0), manifest.last)):
        raise FieldError(f"its 'last' cannot be {shown(manifest.last)}")
    return manifest


def _run(what: str, record: dict[str, Any]) -> RunFacts:
    check_fields(what, record, {}, {**RUN, "shards": json_object})
    facts = RunFacts(**{name: record[name] for name in RUN if name in record})
    for name, each in record.get("shards", {}).items():
        facts.shards[name] = _run(f"{what} of shard {shown(name)}", each)
    return facts


def _companion(record: dict[str, Any], manifest: Manifest) -> FileEntry:
    name = manifest.kind.companion
    check_fields(f"its entry of the {name}", record, FILE)
    entry = FileEntry(**{name: record[name] for name in FILE})
    if entry.file != manifest.files.companion:
        raise FieldError(f"the file of the {name} cannot be {shown(entry.file)}")
    manifest.contents.check_companion(entry)
    return entry


def _parts(records: list[Any], manifest: Manifest) -> list[PartEntry]:
    files, own, shard = manifest.files, manifest.own, manifest.shard
    entries: list[PartEntry] = []
    numbers: set[int] = set()
    for position, record in enumerate(records):
        entry = _part(f"its entry {position} of the parts", record)
        if entry.part not in own:
            raise FieldError(
                f"part {entry.part} is not in {f'shard {shard}' if shard else 'its plan'}"
            )
        if entry.part in numbers or (entries and entry.part < entries[-1].part):
            how = "twice" if entry.part in numbers else "after a later one"
            raise FieldError(f"part {entry.part} is listed {how}")
        if entry.file != files.part(entry.part):
            raise FieldError(f"part {entry.part} of its plan cannot be {shown(entry.file)}")
        manifest.contents.check_part(entry)
        numbers.add(entry.part)
        entries.append(entry)
    return entries


def _part(what: str, record: Any) -> PartEntry:
    check_fields(what, record, PART, PART_OPTIONAL)
    known = {each.name: record[each.name] for each in fields(PartEntry) if each.name in record}
    status = {int(code): rows for code, rows in record["status"].items()}
    return PartEntry(**{**known, "status": status})
