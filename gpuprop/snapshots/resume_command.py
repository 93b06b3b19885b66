"""The command that resumes a run: that of this process, or one from a manifest, which anybody may
have written.
"""

import os
import shlex
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ..dataset.shards import Shard

OURS = ["gpuprop", "propagate"]  # how every command that a run remembers begins
ANEW = ("--resume", "--overwrite", "--dry-run")  # how a run begins, not what it writes
CAUTION = "The manifest records the command below. Anybody may have written it: read it before you run it."


def again(run: dict[str, Any], shard: Shard | None = None) -> str:
    """The command line, or the call, that resumes a run (or a shard of it).

    Parameters
    ----------
    run : dict
        Facts of the run; `command` (a list of words) and `directory` (where it was given) are used.
        From a manifest they may be forged: show them as `advice` does.
    shard : Shard, optional
        The shard to write.

    Returns
    -------
    str
        One line for a shell; a call of write_snapshots if the run has no command of gpuprop.
    """
    words, directory = run.get("command"), run.get("directory")
    if (
        not isinstance(words, list)
        or words[:2] != OURS
        or not all(isinstance(word, str) for word in words)
    ):
        return f"write_snapshots(..., resume=True{f', shard={str(shard)!r}' if shard else ''})"
    words = [
        *OURS,
        *_without_how(iter(words[2:])),
        *(["--shard", str(shard)] if shard else []),
        "--resume",
    ]
    text = " ".join(map(quoted, words))
    return (
        f"cd {quoted(directory)} && {text}"
        if isinstance(directory, str) and directory != os.getcwd()
        else text
    )


def is_claim(command: str) -> bool:
    """Whether a command that `again` made from a manifest repeats the words of the manifest. If
    not, the words are gpuprop's own.
    """
    return command.startswith((" ".join(OURS), "cd "))


def advice(commands: Iterable[str]) -> list[str]:
    """Lines that say how to go on. Commands from a manifest come after a warning."""
    commands = list(dict.fromkeys(commands))
    claims = [command for command in commands if is_claim(command)]
    lines = [f"continue with: {command}" for command in commands if command not in claims]
    if claims:
        shards = " and --shard" if any(" --shard " in claim for claim in claims) else ""
        lines += [
            f"to write what is missing, repeat the command of the run with --resume{shards}. "
            f"{CAUTION}"
        ]
    return [*lines, *(f"  {claim}" for claim in claims)]


def merge_command(directory: os.PathLike[str] | str) -> str:
    """The command that merges the shards in a directory."""
    return f"gpuprop merge {quoted(str(directory))}"


def quoted(word: str) -> str:
    """A word quoted for a shell. Control characters, and bytes that are no text, become escapes:
    $'...'.
    """
    if word.isprintable():
        return shlex.quote(word)

    def sign(each: str) -> str:
        if each.isprintable() and each not in "'\\":
            return each
        data = each.encode(
            "utf-8", "surrogateescape" if "\udc80" <= each <= "\udcff" else "surrogatepass"
        )
        return "".join(f"\\x{byte:02x}" for byte in data)

    return f"$'{''.join(map(sign, word))}'"


def remembered(command: Sequence[str] | None) -> dict[str, Any]:
    """What a manifest keeps of the command line that wrote it."""
    return {"command": list(command), "directory": os.getcwd()} if command else {}


def _without_how(words: Iterator[str]) -> Iterator[str]:
    """The words that say what is written, without those that say how the run begins and which shard
    it is.
    """
    for word in words:
        if word == "--shard":
            next(words, None)
        elif word.partition("=")[0] not in (*ANEW, "--shard"):
            yield word
