"""Run a command line: find the command, report errors, return the exit code."""

import difflib
import itertools
import os
import re
import shlex
from collections.abc import Sequence
from importlib import import_module

from cyclopts import CycloptsError, UnknownCommandError

from ..errors import GpupropError, UsageError
from ..files.standard_input import name_standard_input
from .app import COMMAND_LINE, COMMANDS, GROUPS, RUNS, app
from .console import DONE, FAILED, WRONG_CALL, print_error

PASSES = (
    "gpuprop access finds passes; in Python, gpuprop.visible gives the satellites in view at one "
    "instant"
)
SCREEN = "gpuprop screen finds close approaches"
STATES = "gpuprop propagate writes the states from which they can be computed"
MISSING = re.compile(r"parameter (\S+) requires an argument")  # as cyclopts says it
HELP = {"--help", "-h"}
NOT_THERE = {  # commands that people look for, and what to use instead
    **dict.fromkeys(("passes", "pass", "visible", "visibility", "look"), PASSES),
    "sky": f"gpuprop plot sky draws it; {PASSES}",
    **dict.fromkeys(("conjunctions", "conjunction"), SCREEN),
    "links": STATES,
    "globe": "gpuprop view draws it",
    "map": "gpuprop coverage --map draws a map of the satellites in view, gpuprop plot other "
    "pictures, gpuprop view a globe",
    **dict.fromkeys(("ground-track", "race"), "gpuprop plot draws it"),
}


def load(arguments: Sequence[str]) -> None:
    """Import the modules of the command; completion needs all, since it lists every option."""
    for name in COMMANDS if arguments[:1] == ["completion"] else arguments[:1]:
        if name in COMMANDS:
            import_module(f"{__package__}.{name}")
        if name in RUNS and arguments[0] == name and not HELP.intersection(arguments):
            import_module(f"{__package__}.{name}_run")


def run(arguments: Sequence[str]) -> int:
    """Run a command. Return the exit code: 0 done, 1 the job failed, 2 the call was wrong."""
    COMMAND_LINE.set(["gpuprop", *arguments])
    try:
        result = app(
            name_standard_input(arguments),
            exit_on_error=False,
            print_error=False,
            result_action="return_value",
        )
        return result if isinstance(result, int) else DONE
    except UnknownCommandError:
        return _failed(_unknown(arguments), WRONG_CALL)
    except CycloptsError as error:
        what = _reworded(str(error).strip(), arguments)
        help = f"gpuprop {_command(arguments)}--help lists the options."
        return _failed(f"{what} {help}", WRONG_CALL)
    except (UsageError, FileExistsError) as error:
        return _failed(f"{error}{_repeat(arguments, str(error))}", WRONG_CALL, error)
    except MemoryError:
        return _failed("out of memory: propagate fewer satellites at once", FAILED)
    except (GpupropError, OSError, RuntimeError, ValueError) as error:
        return _failed(str(error), FAILED, error)


def _failed(what: str, code: int, error: BaseException | None = None) -> int:
    print_error(what, getattr(error, "__notes__", ()))
    return code


def _reworded(said: str, arguments: Sequence[str]) -> str:
    """Make the message of the parser plain, and add what to do."""
    match = MISSING.search(said)
    if not match:
        return f"{said}{_repeat(arguments, said)}"
    name = match[1].strip("\"'")
    if not name.startswith("-"):
        return f"{name} is missing."
    after = next((value for option, value in itertools.pairwise(arguments) if option == name), "")
    return f"{name} needs a value" + (
        f": one that begins with - is given as {name}={after}." if after else "."
    )


def _repeat(arguments: Sequence[str], said: str) -> str:
    """Give a hint if the word that is not understood follows a value of --select or --where.

    These options take one value each.
    """
    for option, value, next_ in zip(arguments, arguments[1:], arguments[2:], strict=False):
        if option in ("--select", "--where") and repr(next_) in said:
            both = f"{option} {shlex.quote(value)} {option} {shlex.quote(next_)}"
            return f"; {option} takes one value: repeat it, as in {both}."
    return ""


def _command(arguments: Sequence[str]) -> str:
    """Return the words of the command that was called, with a space behind each."""
    if not arguments or arguments[0] not in COMMANDS:
        return ""
    words = arguments[: 2 if arguments[0] in GROUPS else 1]
    return " ".join([*(word for word in words if not word.startswith("-")), ""])


def _unknown_of(group: str, word: str) -> str:
    """Make the message for a word that is not a command of a group."""
    known = [name for name in app[group] if not name.startswith("-")]
    near = difflib.get_close_matches(word.lower().replace("_", "-"), known, cutoff=0.5)
    guess = f": did you mean {' or '.join(near)}?" if near else ""
    return (
        f"gpuprop {group} has no {word!r}{guess}\n"
        f"it has: {', '.join(known)}; gpuprop {group} {known[0]} --help describes one"
    )


def _unknown(arguments: Sequence[str]) -> str:
    """Make the message for a word that is not a command."""
    word = arguments[0]
    if word in GROUPS:
        return _unknown_of(word, arguments[1])
    from ..filings.presets import is_preset, is_walker_source  # needs numpy

    if word in NOT_THERE:
        what = f"this version has no command {word!r}: {NOT_THERE[word]}"
    elif os.path.exists(word) or is_preset(word.partition("@")[0]) or is_walker_source(word):
        what = (
            f"{word!r} is a source of satellites, not a command: write gpuprop propagate {word} "
            "-o DIR, or gpuprop info FILE"
        )
    else:
        near = difflib.get_close_matches(word.lower(), COMMANDS, cutoff=0.6)
        what = f"there is no command {word!r}" + (
            f": did you mean {' or '.join(near)}?" if near else ""
        )
    return f"{what}\ncommands: {', '.join(COMMANDS)}; gpuprop COMMAND --help describes each"
