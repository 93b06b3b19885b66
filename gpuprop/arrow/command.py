"""The command that goes on with a run, as its manifest remembers it."""

import os
import shlex
from collections.abc import Iterator, Sequence
from typing import Any

from .shards import Shard

ANEW = ("--resume", "--overwrite", "--dry-run")  # how a run begins, not what it writes


def again(run: dict[str, Any], shard: Shard | None = None) -> str:
    """The command line, or the call, that goes on with the run (or with a shard of it) whose facts these are."""
    words, directory = run.get("command"), run.get("directory")
    if not isinstance(words, list) or not words:
        return f"write_snapshots(..., resume=True{f', shard={str(shard)!r}' if shard else ''})"
    text = shlex.join([*_without_how(map(str, words)), *(["--shard", str(shard)] if shard else []), "--resume"])
    return text if directory in (None, os.getcwd()) else f"cd {shlex.quote(str(directory))} && {text}"


def remembered(command: Sequence[str] | None) -> dict[str, Any]:
    """What a manifest keeps of the command line that wrote it."""
    return {"command": list(command), "directory": os.getcwd()} if command else {}


def _without_how(words: Iterator[str]) -> Iterator[str]:
    """The words that say what is written, without those that say how the run begins and which shard it is."""
    for word in words:
        if word == "--shard":
            next(words, None)
        elif word not in ANEW and not word.startswith("--shard="):
            yield word
