"""Make the command that resumes a run.

Its words come from this process, or from a manifest, which anybody may have written.
"""

import os
import shlex
from collections.abc import Iterable, Iterator

from .contents import Kind
from .entries import RunFacts
from .shards import Shard

PROGRAM = "gpuprop"
# options that say how a run begins, not what it writes
BEGINNINGS = ("--resume", "--overwrite", "--dry-run")
CAUTION = (
    "The manifest records the command below. Anybody may have written it: read it before you run "
    "it."
)


def command_to_resume(facts: RunFacts, kind: Kind, shard: Shard | None = None) -> str:
    """Make the command line, or the call, that resumes a run or a shard of it.

    Parameters
    ----------
    facts : RunFacts
        Its `command` and `directory` are used. Those of a manifest may be forged: show them as
        `advice` does.
    kind : Kind
        The kind of dataset.
    shard : Shard, optional
        The shard to write.

    Returns
    -------
    str
        One line for a shell; a call of Python if the run has no command of gpuprop.
    """
    start = [PROGRAM, kind.command]
    words = facts.command or []
    if words[:2] != start:
        share = f", shard={str(shard)!r}" if shard else ""
        return f"{kind.function}(..., resume=True{share})"
    words = [
        *start,
        *_without_beginnings(iter(words[2:])),
        *(["--shard", str(shard)] if shard else []),
        "--resume",
    ]
    text = " ".join(map(quoted, words))
    elsewhere = facts.directory if facts.directory != os.getcwd() else None
    return f"cd {quoted(elsewhere)} && {text}" if elsewhere else text


def repeats_manifest(command: str) -> bool:
    """Return whether a command has words of a manifest; if not, all are gpuprop's own."""
    return command.startswith((f"{PROGRAM} ", "cd ")) and not command.startswith(
        f"{PROGRAM} merge "
    )


def advice(commands: Iterable[str]) -> list[str]:
    """Make lines that say how to continue. Commands from a manifest come after a warning."""
    commands = list(dict.fromkeys(commands))
    from_manifest = [command for command in commands if repeats_manifest(command)]
    lines = [f"continue with: {command}" for command in commands if command not in from_manifest]
    if from_manifest:
        shards = " and --shard" if any(" --shard " in command for command in from_manifest) else ""
        lines += [
            f"to write what is missing, repeat the command of the run with --resume{shards}. "
            f"{CAUTION}"
        ]
    return [*lines, *(f"  {command}" for command in from_manifest)]


def merge_command(directory: os.PathLike[str] | str) -> str:
    """Make the command that merges the shards in a directory."""
    return f"gpuprop merge {quoted(str(directory))}"


def quoted(word: str) -> str:
    """Quote a word for a shell.

    Control characters, and bytes that are not text, become escapes: $'...'.
    """
    if word.isprintable():
        return shlex.quote(word)

    def escaped(each: str) -> str:
        if each.isprintable() and each not in "'\\":
            return each
        data = each.encode(
            "utf-8", "surrogateescape" if "\udc80" <= each <= "\udcff" else "surrogatepass"
        )
        return "".join(f"\\x{byte:02x}" for byte in data)

    return f"$'{''.join(map(escaped, word))}'"


def _without_beginnings(words: Iterator[str]) -> Iterator[str]:
    """Leave out the words that say how the run begins and which shard it is."""
    for word in words:
        if word == "--shard":
            next(words, None)
        elif word.partition("=")[0] not in (*BEGINNINGS, "--shard"):
            yield word
