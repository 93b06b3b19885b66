"""manifest.json: the plan of a directory, the parts that are complete, and the facts of the run,
which are nowhere else.

A shard has one of its own, of the same form, until all are merged into the one of the directory.
"""

import errno
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import xxhash

from ..dataset.shards import Shard
from ..dataset.sink import NewFile, digest_text
from ..dataset.store import NOT_REGULAR, is_remote, no_bucket, read_bytes
from ..errors import DamagedError
from ..messages import shown
from ..version import __version__
from .layout import Files
from .manifest_fields import problem

NAME = "manifest.json"
LAYOUT_VERSION = 1  # of the directory; raised when an older gpuprop could no longer read it

# of a manifest: the entry of a part takes about 400, and a run has at most 100,000 parts
MOST_BYTES = 256 << 20
MOST_OBJECTS = 1_000_000  # and lists in it; an entry of a part has two


@dataclass
class Manifest:
    """The record of a directory, or of a shard of it.

    plan: Plan.to_dict(), of the whole run. satellites: file, rows, bytes, digest. parts: the
    complete ones in order, each with part (its number), file, rows, first and last (instants),
    bytes, digest, engine, status ({code: states}). complete: whether no part is missing. run:
    engine, host, started, seconds, command (a list of words) and directory (where it was given),
    where it was a command; `shards`, these facts of each, where it was done in shards. last: the
    two parts that were committed last. stored: the bytes of its file, as they were read or written
    last. sealed: whether its file has a digest of itself. The digest finds accidental changes; a
    forger can make a new one. Manifests of older versions have no digest.
    """

    plan: dict[str, Any]
    satellites: dict[str, Any] = field(default_factory=dict)
    parts: list[dict[str, Any]] = field(default_factory=list)
    complete: bool = False
    run: dict[str, Any] = field(default_factory=dict)
    version: str = __version__
    shard: Shard | None = None
    last: list[int] = field(default_factory=list)
    stored: bytes = field(default=b"", repr=False, compare=False)
    sealed: bool = field(default=True, compare=False)

    def write(self, directory: Path) -> None:
        """Replace the manifest in the directory, all or nothing."""
        record = {
            "gpuprop": self.version,
            "layout": LAYOUT_VERSION,
            "complete": self.complete,
            **({"shard": str(self.shard)} if self.shard else {}),
            "plan": self.plan,
            "run": self.run,
            "satellites": self.satellites,
            "last": self.last,
            "parts": self.parts,
        }
        data = json.dumps(seal(record), indent=1).encode() + b"\n"
        if len(data) > MOST_BYTES:
            raise ValueError(
                f"the manifest of {directory} would have {len(data):,} bytes, and at most "
                f"{MOST_BYTES:,} can be read: write fewer parts"
            )
        with NewFile(directory / self.name) as file:
            file.write(data)
        self.stored, self.sealed = data, True

    def add(self, part: dict[str, Any]) -> None:
        """A part that is complete from now on."""
        self.parts = sorted([*self.parts, part], key=lambda entry: int(entry["part"]))
        self.last = [*self.last[-1:], part["part"]]
        self.complete = len(self.parts) == len(self.own)

    def drop(self, numbers: Collection[int]) -> None:
        """Parts that are no longer counted on."""
        self.parts = [entry for entry in self.parts if entry["part"] not in numbers]
        self.last = [number for number in self.last if number not in numbers]
        self.complete = len(self.parts) == len(self.own)

    @property
    def name(self) -> str:
        """Of its file."""
        return self.shard.manifest if self.shard else NAME

    @property
    def own(self) -> range:
        """The parts of the plan that it is to list when it is complete."""
        return self.shard.parts(self.plan["parts"]) if self.shard else range(self.plan["parts"])

    @property
    def missing(self) -> list[range]:
        """The parts that it does not list yet, in order, as ranges: a plan may have more parts than
        a list could hold.
        """
        found: list[range] = []
        first = self.own.start
        for entry in self.parts:
            found.append(range(first, entry["part"]))
            first = entry["part"] + 1
        found.append(range(first, self.own.stop))
        return [gap for gap in found if gap]

    @staticmethod
    def read(directory: Path, shard: Shard | None = None) -> "Manifest":
        """The manifest of a directory, or of a shard.

        Every field is checked: its type and its bounds, and that files and parts are those of the
        plan.

        Raises
        ------
        FileNotFoundError
            There is no manifest.
        DamagedError
            It was altered, was not written by gpuprop, or has a layout that this version does not
            know.
        """
        path = directory / (shard.manifest if shard else NAME)
        if not is_remote(directory) and not directory.is_dir():
            raise FileNotFoundError(
                f"{directory} is not a directory of snapshots"
                + (": it is a file" if directory.exists() else "")
            )
        try:
            data = read_bytes(path, MOST_BYTES)
        except FileNotFoundError as error:
            if no_bucket(error):
                raise
            raise FileNotFoundError(
                f"{directory} has no {path.name}: it is not a directory that gpuprop wrote"
            ) from None
        except OSError as error:
            if error.errno in (*NOT_REGULAR, errno.EFBIG):  # something else has its name
                raise DamagedError(
                    f"{path} is not a manifest of gpuprop: {error.strerror}"
                ) from None
            raise
        record = _record(path, data)
        if type(record.get("layout")) is not int or record["layout"] != LAYOUT_VERSION:
            raise DamagedError(
                f"{path} was written by gpuprop {shown(record['gpuprop'])} in layout "
                f"{shown(record.get('layout'))}; "
                f"this is gpuprop {__version__}, which reads layout {LAYOUT_VERSION}"
            )
        sealed = "digest" in record
        try:
            if sealed and record != seal(record):
                raise _damaged(
                    path, "it was changed after gpuprop wrote it (its digest of itself differs)"
                )
            wrong = problem(record, shard)
        except RecursionError:
            wrong = "it is nested too deeply"
        if wrong:
            raise _damaged(path, wrong)
        manifest = Manifest(
            record["plan"],
            record["satellites"],
            record["parts"],
            record["complete"],
            record["run"],
            record["gpuprop"],
        )
        manifest.shard, manifest.stored, manifest.sealed = shard, data, sealed
        manifest.last = record.get("last", [])
        return manifest

    @property
    def files(self) -> Files:
        return Files(self.plan["format"], self.plan["parts"])


def seal(record: Mapping[str, Any]) -> dict[str, Any]:
    """The record of a manifest with the digest of all its other fields, in this order. White space
    does not count.
    """
    said = {name: value for name, value in record.items() if name != "digest"}
    digest = xxhash.xxh3_128(json.dumps(said, separators=(",", ":")).encode())
    return {"digest": digest_text(digest), **said}


def _damaged(path: Path, why: str) -> DamagedError:
    return DamagedError(
        f"{path} is damaged: {why}; restore it from a backup, or write the snapshots again into "
        "another directory"
    )


def _record(path: Path, data: bytes) -> dict[str, Any]:
    """The object in a manifest of gpuprop. DamagedError if the file is something else."""
    if data.count(b"{") + data.count(b"[") > MOST_OBJECTS:
        raise DamagedError(
            f"{path} is not a manifest of gpuprop: it holds more than {MOST_OBJECTS:,} objects "
            "and lists"
        )
    try:
        record = json.loads(data, object_pairs_hook=_named_once, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        why = "it is nested too deeply" if isinstance(error, RecursionError) else f"{error}"
        raise DamagedError(f"{path} is not a manifest of gpuprop, or is damaged: {why}") from None
    if not isinstance(record, dict) or "gpuprop" not in record:
        raise DamagedError(f"{path} is not a manifest of gpuprop")
    return record


def _named_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("it names a field twice")
    return found


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is not a number")
