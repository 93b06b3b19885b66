"""The command that goes on with a run: as this process was given it, or as a manifest remembers it, which is data from a file."""

import os
import shlex
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from .shards import Shard

OURS = ["gpuprop", "propagate"]  # how every command that a run remembers begins
ANEW = ("--resume", "--overwrite", "--dry-run")  # how a run begins, not what it writes
CAUTION = "The manifest says that this was as follows. Anybody may have written that: read it before you run it."


def again(run: dict[str, Any], shard: Shard | None = None) -> str:
    """The command line, or the call, that goes on with a run (or with a shard of it).

    Parameters
    ----------
    run : dict
        Facts of the run; `command` (a list of words) and `directory` (where it was given) are used. From a manifest they are only a
        claim: show them as `advice` does.
    shard : Shard, optional
        The shard to write.

    Returns
    -------
    str
        One line that a shell reads; a call of write_snapshots where no command of gpuprop is remembered.
    """
    words, directory = run.get("command"), run.get("directory")
    if not isinstance(words, list) or words[:2] != OURS or not all(isinstance(word, str) for word in words):
        return f"write_snapshots(..., resume=True{f', shard={str(shard)!r}' if shard else ''})"
    words = [*OURS, *_without_how(iter(words[2:])), *(["--shard", str(shard)] if shard else []), "--resume"]
    text = " ".join(map(quoted, words))
    return f"cd {quoted(directory)} && {text}" if isinstance(directory, str) and directory != os.getcwd() else text


def is_claim(command: str) -> bool:
    """Whether a command that `again` made of a manifest repeats what the manifest says; else gpuprop gives it itself."""
    return command.startswith((" ".join(OURS), "cd "))


def advice(commands: Iterable[str]) -> list[str]:
    """Lines that say how to go on: gpuprop's own commands as such, those of a manifest as what the manifest says."""
    commands = list(dict.fromkeys(commands))
    claims = [command for command in commands if is_claim(command)]
    lines = [f"to go on: {command}" for command in commands if command not in claims]
    if claims:
        shards = " and --shard" if any(" --shard " in claim for claim in claims) else ""
        lines += [f"to write what is missing, give the command that wrote the rest, with --resume{shards}. {CAUTION}"]
    return [*lines, *(f"  {claim}" for claim in claims)]


def merge_command(directory: os.PathLike[str] | str) -> str:
    """The command that merges the shards in a directory."""
    return f"gpuprop merge {quoted(str(directory))}"


def quoted(word: str) -> str:
    """A word as a shell reads it. One with control characters or bytes that are no text is written with escapes: $'...'."""
    if word.isprintable():
        return shlex.quote(word)

    def sign(each: str) -> str:
        if each.isprintable() and each not in "'\\":
            return each
        data = each.encode("utf-8", "surrogateescape" if "\udc80" <= each <= "\udcff" else "surrogatepass")
        return "".join(f"\\x{byte:02x}" for byte in data)

    return f"$'{''.join(map(sign, word))}'"


def remembered(command: Sequence[str] | None) -> dict[str, Any]:
    """What a manifest keeps of the command line that wrote it."""
    return {"command": list(command), "directory": os.getcwd()} if command else {}


def _without_how(words: Iterator[str]) -> Iterator[str]:
    """The words that say what is written, without those that say how the run begins and which shard it is."""
    for word in words:
        if word == "--shard":
            next(words, None)
        elif word.partition("=")[0] not in (*ANEW, "--shard"):
            yield word
