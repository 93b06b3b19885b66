"""manifest.json: the plan of a directory, the parts that are complete, and the facts of the run, which are nowhere else.

A shard has one of its own, of the same form, until all are merged into the one of the directory.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .. import __version__
from .files import NewFile
from .place import is_remote, no_bucket, read_bytes
from .plan import Files
from .shards import Shard

NAME = "manifest.json"
LAYOUT_VERSION = 1  # of the directory; raised when an older gpuprop could no longer read it

# What readers rely on; the rest is for people.
RECORD = {"gpuprop": str, "plan": dict, "satellites": dict, "parts": list, "complete": bool, "run": dict}
COUNTS = ("satellites", "instants", "parts", "part_instants", "batch_instants", "instant_batches")
PLAN: dict[str, Any] = {
    "format": str,
    "compression": str,
    "frame": str,
    "dtype": str,
    "velocity": bool,
    "start": str | None,
    "step": str | None,
}
PLAN |= dict.fromkeys(COUNTS, int)
FILE = {"file": str, "rows": int, "bytes": int, "digest": str}
PART = {"part": int, **FILE, "first": str, "last": str, "status": dict}


@dataclass
class Manifest:
    """The record of a directory, or of a shard of it.

    plan: Plan.to_dict(), of the whole run. satellites: file, rows, bytes, digest. parts: the complete ones in order, each with part (its
    number), file, rows, first and last (instants), bytes, digest, engine, status ({code: states}). complete: whether no part is missing.
    run: engine, host, started, seconds, command (a list of words) and directory (where it was given), where it was a command; `shards`,
    these facts of each, where it was done in shards. last: the two parts that were committed last. stored: the bytes of its file, as they
    were read or written last.
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
        data = json.dumps(record, indent=1).encode() + b"\n"
        with NewFile(directory / self.name) as file:
            file.write(data)
        self.stored = data

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
    def missing(self) -> list[int]:
        """Those that it does not list yet."""
        return sorted(set(self.own).difference(entry["part"] for entry in self.parts))

    @staticmethod
    def read(directory: Path, shard: Shard | None = None) -> "Manifest":
        """FileNotFoundError if there is none, ValueError if it is damaged, not gpuprop's or of a layout this version does not know."""
        path = directory / (shard.manifest if shard else NAME)
        if not is_remote(directory) and not directory.is_dir():
            raise FileNotFoundError(f"{directory} is not a directory of snapshots" + (": it is a file" if directory.exists() else ""))
        try:
            data = read_bytes(path)
        except FileNotFoundError as error:
            if no_bucket(error):
                raise
            raise FileNotFoundError(f"{directory} has no {path.name}: it is not a directory that gpuprop wrote") from None
        record = _record(data)
        if record is None:
            raise ValueError(f"{path} is not a manifest of gpuprop")
        if record.get("layout") != LAYOUT_VERSION:
            raise ValueError(
                f"{path} was written by gpuprop {record['gpuprop']} in layout {record.get('layout')}; "
                f"this is gpuprop {__version__}, which reads layout {LAYOUT_VERSION}"
            )
        _require(path, "it", record, RECORD)
        _require(path, "its plan", record["plan"], PLAN)
        manifest = Manifest(record["plan"], record["satellites"], record["parts"], record["complete"], record["run"], record["gpuprop"])
        manifest.shard, manifest.stored = shard, data
        if record.get("shard") != (str(shard) if shard else None):
            raise _damaged(path, f"it is that of shard {record.get('shard')}")
        for name in COUNTS:
            if manifest.plan[name] < 1:
                raise _damaged(path, f"its plan has {manifest.plan[name]} {name}")
        if manifest.parts:
            _require(path, "its entry of the satellites", manifest.satellites, FILE)
        for number, part in enumerate(manifest.parts):
            _require(path, f"its entry {number} of the parts", part, PART)
            if part["file"] not in manifest.files or part["file"] != manifest.files.part(part["part"]):
                raise _damaged(path, f"part {part['part']} of its plan cannot be {part['file']!r}")
            if part["part"] not in manifest.own:
                raise _damaged(path, f"part {part['part']} is not of shard {shard}")
        last = record.get("last", [])
        manifest.last = [number for number in last if isinstance(number, int)] if isinstance(last, list) else []
        return manifest

    @property
    def files(self) -> Files:
        return Files(self.plan["format"], self.plan["parts"])


def _require(path: Path, what: str, record: Any, kinds: Mapping[str, Any]) -> None:
    """ValueError unless `record`, which the manifest calls `what`, is an object with these names and kinds of values."""
    for name, kind in kinds.items():
        if not isinstance(record, dict) or name not in record or not isinstance(record[name], kind):
            raise _damaged(path, f"{what} has no {name!r}")


def _damaged(path: Path, why: str) -> ValueError:
    return ValueError(f"{path} is damaged: {why}; write the snapshots again, to another directory")


def _record(data: bytes) -> dict[str, Any] | None:
    """The object in a manifest of gpuprop, None if the file is something else."""
    try:
        record = json.loads(data)
    except ValueError:
        return None
    return record if isinstance(record, dict) and "gpuprop" in record else None
