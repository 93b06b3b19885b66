"""What a manifest records of a file, of a part and of a run."""

import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any


@dataclass(frozen=True)
class FileEntry:
    """A complete file: its name relative to the directory, its rows, its bytes and its digest."""

    file: str
    rows: int
    bytes: int
    digest: str


@dataclass(frozen=True)
class PartEntry(FileEntry):
    """A complete part.

    Attributes
    ----------
    part : int
        Its number in the plan.
    first, last : str
        Its first and last instants, UTC.
    status : dict
        {code: rows with that status}.
    engine, host : str or None
        Who computed it.
    """

    part: int
    first: str
    last: str
    status: dict[int, int] = field(default_factory=dict)
    engine: str | None = None
    host: str | None = None


@dataclass
class RunFacts:
    """The facts of a run that its plan does not have.

    Attributes
    ----------
    engine, host : str
        Who computed the parts.
    started : str
        When, UTC.
    seconds : float
        How long it took.
    command : list of str or None
        The words of the command line, if the run was started by one.
    directory : str or None
        The directory in which the command line was given.
    job : str or None
        A random word, so that no two jobs write the same manifest.
    overwritten : bool
        Whether a new run replaces this one, so that its files will be removed.
    shards : dict
        {shard: its facts}, if shards were merged.
    """

    engine: str = ""
    host: str = ""
    started: str = ""
    seconds: float = 0.0
    command: list[str] | None = None
    directory: str | None = None
    job: str | None = None
    overwritten: bool = False
    shards: "dict[str, RunFacts]" = field(default_factory=dict)

    @staticmethod
    def of_this_process(engine: str, command: Sequence[str] | None = None) -> "RunFacts":
        """Return the facts of a run that begins now in this process."""
        return RunFacts(
            engine=engine,
            host=socket.gethostname(),
            started=datetime.now(timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z"),
            command=[str(word) for word in command] if command else None,
            directory=os.getcwd() if command else None,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the facts as JSON has them. Unknown facts are left out."""
        record = {name: value for name, value in vars(self).items() if value or name == "seconds"}
        if self.shards:
            record["shards"] = {name: facts.to_dict() for name, facts in self.shards.items()}
        return record
