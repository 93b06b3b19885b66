"""Run a command line: find the command, report errors, return the exit code."""

import difflib
import itertools
import os
import re
import shlex
from collections.abc import Sequence

from cyclopts import CycloptsError, UnknownCommandError

from ..catalogs.sources import named_input
from ..errors import GpupropError, UsageError
from ..filings.presets import is_preset, is_walker_source
from . import catalogs as catalogues
from . import constellations as known
from . import directories
from .console import DONE, FAILED, WRONG_CALL, complain
from .options import app
from .propagate import COMMAND

# importing the others registers their commands
__all__ = ["catalogues", "directories", "known", "run"]

LOOK = "in Python, gpuprop.look_angles(states, sites) gives the elevations from which passes can be found"
STATES = "gpuprop propagate writes the states from which they can be computed"
MISSING = re.compile(r"parameter (\S+) requires an argument")  # as cyclopts says it
NOT_THERE = {  # commands that people look for, and what to use instead
    **dict.fromkeys(
        ("passes", "pass", "access", "visible", "visibility", "coverage", "look", "sky"), LOOK
    ),
    **dict.fromkeys(("screen", "conjunctions", "conjunction", "links"), STATES),
    **dict.fromkeys(
        ("view", "plot", "globe", "map"),
        "gpuprop propagate writes files that plotting programs read",
    ),
}


def run(arguments: Sequence[str]) -> int:
    """Run a command; returns the exit code: 0 done, 1 the job failed, 2 the call was wrong."""
    COMMAND.set(["gpuprop", *arguments])
    try:
        result = app(
            named_input(list(arguments)),
            exit_on_error=False,
            print_error=False,
            result_action="return_value",
        )
        return result if isinstance(result, int) else DONE
    except UnknownCommandError:
        return _failed(_unknown(arguments[0]), WRONG_CALL)
    except CycloptsError as error:
        what = f"{_in_our_words(str(error).strip(), arguments)} gpuprop {_command(arguments)}--help lists the options."
        return _failed(what, WRONG_CALL)
    except (UsageError, FileExistsError) as error:
        return _failed(f"{error}{_repeat(arguments, str(error))}", WRONG_CALL, error)
    except MemoryError:
        return _failed("out of memory: propagate fewer satellites at once", FAILED)
    except (GpupropError, OSError, RuntimeError, ValueError) as error:
        return _failed(str(error), FAILED, error)


def _failed(what: str, code: int, error: BaseException | None = None) -> int:
    complain(what, getattr(error, "__notes__", ()))
    return code


def _in_our_words(said: str, arguments: Sequence[str]) -> str:
    """What the parser says of a command line, with what to do about it."""
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
    """A hint where a word that is not understood follows the value of --select or --where, which
    take one each.
    """
    for option, value, next_ in zip(arguments, arguments[1:], arguments[2:], strict=False):
        if option in ("--select", "--where") and repr(next_) in said:
            return f"; {option} takes one value: repeat it, as in {option} {shlex.quote(value)} {option} {shlex.quote(next_)}."
    return ""


def _commands() -> list[str]:
    """The names of the commands, propagate first."""
    return sorted(
        (name for name in app if not name.startswith("-")),
        key=lambda name: (name != "propagate", name),
    )


def _command(arguments: Sequence[str]) -> str:
    return f"{arguments[0]} " if arguments and arguments[0] in _commands() else ""


def _unknown(word: str) -> str:
    """The message for a word that is not a command."""
    if word in NOT_THERE:
        what = f"this version has no command {word!r}: {NOT_THERE[word]}"
    elif os.path.exists(word) or is_preset(word.partition("@")[0]) or is_walker_source(word):
        what = f"{word!r} is a source of satellites, not a command: write gpuprop propagate {word} -o DIR, or gpuprop info FILE"
    else:
        near = difflib.get_close_matches(word.lower(), _commands(), cutoff=0.6)
        what = f"there is no command {word!r}" + (
            f": did you mean {' or '.join(near)}?" if near else ""
        )
    return f"{what}\ncommands: {', '.join(_commands())}; gpuprop COMMAND --help describes each"
