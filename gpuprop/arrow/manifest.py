"""manifest.json: the plan of a directory, the parts that are complete, and the facts of the run, which are nowhere else."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .. import __version__
from .files import NewFile, temporary_name

NAME = "manifest.json"
LAYOUT_VERSION = 1  # of the directory; raised when an older gpuprop could no longer read it
SATELLITES_FILE = re.compile(r"\.?satellites\.(arrow|parquet)(\.partial)?")
PART_FILE = re.compile(r"\.?part-\d{6,}\.(arrow|parquet)(\.partial)?")


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
        """FileNotFoundError if there is none, ValueError if it is not one of gpuprop's or of a layout this version does not know."""
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
        try:
            return Manifest(record["plan"], record["satellites"], record["parts"], record["complete"], record["run"], record["gpuprop"])
        except KeyError as missing:
            raise ValueError(f"{path} is damaged: it has no {missing}") from None


def _record(path: Path) -> dict[str, Any] | None:
    """The object in a manifest of gpuprop, None if the file is something else."""
    try:
        record = json.loads(path.read_bytes())
    except ValueError:
        return None
    return record if isinstance(record, dict) and "gpuprop" in record else None


def claim(directory: Path, overwrite: bool) -> list[Path]:
    """Make `directory` (with parents) ready to be written; the files of the run that it replaces, for the caller to remove.

    FileExistsError if it holds snapshots and overwrite is False, or files that gpuprop did not write, which are never touched;
    NotADirectoryError if it, or a parent, is a file.
    """
    if directory.exists() and not directory.is_dir():
        raise NotADirectoryError(f"{directory} is a file: give a directory for the snapshots")
    wrote = (directory / NAME).is_file() and _record(directory / NAME) is not None
    parts = directory / "snapshots"
    ours: list[Path] = []
    foreign: list[Path] = []
    for path in sorted(directory.iterdir()) if directory.exists() else []:
        if path == parts and path.is_dir():
            continue
        own = wrote and (path.name == NAME or SATELLITES_FILE.fullmatch(path.name))
        (ours if own or path == temporary_name(directory / NAME) else foreign).append(path)
    for path in sorted(parts.iterdir()) if parts.is_dir() else []:
        (ours if wrote and PART_FILE.fullmatch(path.name) else foreign).append(path)
    if foreign:
        names = ", ".join(str(path.relative_to(directory)) for path in foreign[:3]) + (", ..." if len(foreign) > 3 else "")
        raise FileExistsError(f"{directory} holds files that gpuprop did not write there ({names}): choose another directory")
    if wrote and not overwrite:
        raise FileExistsError(f"{directory} already holds snapshots: choose another directory, or overwrite=True (--overwrite)")
    parts.mkdir(parents=True, exist_ok=True)
    return [path for path in ours if path.name != NAME]
