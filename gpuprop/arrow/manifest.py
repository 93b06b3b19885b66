"""manifest.json: the plan of a directory, the parts that are complete, and the facts of the run, which are nowhere else."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .. import __version__
from .files import NewFile
from .plan import PARTS, Files

NAME = "manifest.json"
LAYOUT_VERSION = 1  # of the directory; raised when an older gpuprop could no longer read it

# What readers rely on; the rest is for people.
RECORD = {"gpuprop": str, "plan": dict, "satellites": dict, "parts": list, "complete": bool, "run": dict}
COUNTS = ("satellites", "instants", "parts", "part_instants", "batch_instants", "instant_batches")
PLAN = {"format": str, "compression": str, "frame": str, "start": str | None, "step": str | None, **dict.fromkeys(COUNTS, int)}
FILE = {"file": str, "rows": int, "bytes": int, "digest": str}
PART = {"part": int, **FILE, "first": str, "last": str, "status": dict}


@dataclass
class Manifest:
    """The record of a directory.

    plan: Plan.to_dict(). satellites: file, rows, bytes, digest. parts: the complete ones in order, each with part (its number), file,
    rows, first and last (instants), bytes, digest, engine, status ({code: states}). run: engine, host, started, seconds.
    """

    plan: dict[str, Any]
    satellites: dict[str, Any] = field(default_factory=dict)
    parts: list[dict[str, Any]] = field(default_factory=list)
    complete: bool = False
    run: dict[str, Any] = field(default_factory=dict)
    version: str = __version__

    def write(self, directory: Path) -> None:
        """Replace the directory's manifest, all or nothing."""
        record = {
            "gpuprop": self.version,
            "layout": LAYOUT_VERSION,
            "complete": self.complete,
            "plan": self.plan,
            "run": self.run,
            "satellites": self.satellites,
            "parts": self.parts,
        }
        with NewFile(directory / NAME) as file:
            file.write(json.dumps(record, indent=1).encode() + b"\n")

    @staticmethod
    def read(directory: Path) -> "Manifest":
        """FileNotFoundError if there is none, ValueError if it is damaged, not gpuprop's or of a layout this version does not know."""
        path = directory / NAME
        if not directory.is_dir():
            raise FileNotFoundError(f"{directory} is not a directory of snapshots" + (": it is a file" if directory.exists() else ""))
        if not path.exists():
            raise FileNotFoundError(f"{directory} has no {NAME}: it is not a directory that gpuprop wrote")
        record = _record(path)
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
        for name in COUNTS:
            if manifest.plan[name] < 1:
                raise _damaged(path, f"its plan has {manifest.plan[name]} {name}")
        if manifest.parts:
            _require(path, "its entry of the satellites", manifest.satellites, FILE)
        for number, part in enumerate(manifest.parts):
            _require(path, f"its entry {number} of the parts", part, PART)
            if part["file"] not in manifest.files or part["file"] != manifest.files.part(part["part"]):
                raise _damaged(path, f"part {part['part']} of its plan cannot be {part['file']!r}")
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


def _record(path: Path) -> dict[str, Any] | None:
    """The object in a manifest of gpuprop, None if the file is something else."""
    try:
        record = json.loads(path.read_bytes())
    except ValueError:
        return None
    return record if isinstance(record, dict) and "gpuprop" in record else None


def claim(directory: Path, overwrite: bool) -> None:
    """Make `directory` (with parents) ready to be written, without the files of the run that it held.

    FileExistsError if it holds snapshots and overwrite is False, or anything that its manifest does not account for, which is never
    touched; NotADirectoryError if it, or a parent, is a file.
    """
    if directory.exists() and not directory.is_dir():
        raise NotADirectoryError(f"{directory} is a file: give a directory for the snapshots")
    parts = directory / PARTS
    if parts.is_symlink():
        raise FileExistsError(f"{parts} is a symbolic link, which gpuprop does not make there: choose another directory")
    try:
        manifest = Manifest.read(directory)
    except (FileNotFoundError, ValueError):
        manifest = None
    held = [path for path in directory.iterdir() if path != parts or not path.is_dir()] if directory.exists() else []
    held += parts.iterdir() if parts.is_dir() else []
    ours = [path for path in held if not path.is_dir() and _wrote(manifest, path.relative_to(directory))]
    foreign = sorted(str(path.relative_to(directory)) for path in set(held).difference(ours))
    if foreign:
        names = ", ".join(foreign[:3]) + (", ..." if len(foreign) > 3 else "")
        raise FileExistsError(f"{directory} holds files that gpuprop did not write there ({names}): choose another directory")
    if manifest and not overwrite:
        raise FileExistsError(f"{directory} already holds snapshots: choose another directory, or overwrite=True (--overwrite)")
    parts.mkdir(parents=True, exist_ok=True)
    if manifest:  # from here on it claims no part, but its plan still accounts for those that are not removed yet
        manifest.complete, manifest.parts = False, []
        manifest.write(directory)
    for path in ours:
        if path.name != NAME:
            path.unlink(missing_ok=True)  # the manifest's temporary has been used


def _wrote(manifest: Manifest | None, file: Path) -> bool:
    """Whether a file, relative to its directory, is one of the manifest's or the temporary of one."""
    final = re.sub(r"(^|/)\.([^/]+)\.partial$", r"\1\2", file.as_posix())
    if final == NAME:
        return manifest is not None or final != file.name
    return manifest is not None and final in manifest.files
