"""Run a command line: find the command, report errors, return the exit code."""

import difflib
import os
from collections.abc import Sequence

from cyclopts import CycloptsError, UnknownCommandError

from ..arrow import PlanDiffers
from ..presets import is_preset, is_walker_source
from ..reading import ElementsError
from ..sources import SourceError, named_input
from . import catalogues, directories, known
from .console import DONE, FAILED, WRONG_CALL, complain
from .options import WrongCall, app
from .propagate import COMMAND

__all__ = ["catalogues", "directories", "known", "run"]  # importing the others registers their commands

LOOK = "in Python, gpuprop.look_angles(states, sites) gives the elevations from which passes can be found"
STATES = "gpuprop propagate writes the states from which they can be computed"
NOT_THERE = {  # commands that people look for, and what to use instead
    **dict.fromkeys(("passes", "pass", "access", "visible", "visibility", "coverage", "look", "sky"), LOOK),
    **dict.fromkeys(("screen", "conjunctions", "conjunction", "links"), STATES),
    **dict.fromkeys(("view", "plot", "globe", "map"), "gpuprop propagate writes files that plotting programs read"),
}


def run(arguments: Sequence[str]) -> int:
    """Run a command; returns the exit code: 0 done, 1 the job failed, 2 the call was wrong."""
    COMMAND.set(["gpuprop", *arguments])
    try:
        result = app(named_input(list(arguments)), exit_on_error=False, print_error=False, result_action="return_value")
        return result if isinstance(result, int) else DONE
    except UnknownCommandError:
        return _failed(_unknown(arguments[0]), WRONG_CALL)
    except CycloptsError as error:
        return _failed(f"{str(error).strip()} gpuprop {_command(arguments)}--help lists the options.", WRONG_CALL)
    except (WrongCall, SourceError, FileExistsError, PlanDiffers) as error:
        return _failed(error, WRONG_CALL)
    except MemoryError:
        return _failed("out of memory: propagate fewer satellites at once", FAILED)
    except (ElementsError, OSError, RuntimeError, ValueError) as error:
        return _failed(error, FAILED)


def _failed(what: BaseException | str, code: int) -> int:
    complain(what, getattr(what, "__notes__", ()))
    return code


def _commands() -> list[str]:
    """The names of the commands, propagate first."""
    return sorted((name for name in app if not name.startswith("-")), key=lambda name: (name != "propagate", name))


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
        what = f"there is no command {word!r}" + (f": did you mean {' or '.join(near)}?" if near else "")
    return f"{what}\ncommands: {', '.join(_commands())}; gpuprop COMMAND --help describes each"
