"""The command line: `gpuprop propagate | info | verify | merge | fetch | export | shells | constellations | doctor`."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from cyclopts import CycloptsError

from .arrow import PlanDiffers
from .commands import app
from .commands.console import DONE, FAILED, INTERRUPTED, TERMINATED, WRONG_CALL, WrongCall, err
from .commands.propagate import COMMAND
from .reading import ElementsError
from .sources import SourceError, named_input


class Terminated(KeyboardInterrupt):
    """SIGTERM, which ends a command as SIGINT does."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0 done, 1 the job failed, 2 the call was wrong, 130 interrupted, 143 terminated."""
    COMMAND.set(["gpuprop", *(sys.argv[1:] if arguments is None else arguments)])
    try:
        with _terminable():
            result = app(named_input(sys.argv[1:] if arguments is None else arguments), exit_on_error=False, result_action="return_value")
        return result if isinstance(result, int) else DONE
    except CycloptsError:  # printed by cyclopts
        return WRONG_CALL
    except (WrongCall, SourceError, FileExistsError, PlanDiffers) as error:
        return _fail(error, WRONG_CALL)
    except MemoryError:
        return _fail("out of memory: fewer satellites at once need less", FAILED)
    except (ElementsError, OSError, RuntimeError, ValueError) as error:
        return _fail(error, FAILED)
    except KeyboardInterrupt as error:
        terminated = isinstance(error, Terminated)
        return _fail("terminated" if terminated else "interrupted", TERMINATED if terminated else INTERRUPTED, error)


@contextmanager
def _terminable() -> Iterator[None]:
    """SIGTERM ends the command as SIGINT does, with everything put in order, where it is the main thread that runs it."""

    def terminate(number: int, frame: object) -> None:
        raise Terminated

    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield  # whoever set a handler, or ignores it, has their reasons
        return
    signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _fail(what: BaseException | str, code: int, error: BaseException | None = None) -> int:
    """Print what happened, and what is to be said besides."""
    err.print(f"gpuprop: {what}", markup=False)
    for note in getattr(error or what, "__notes__", ()):
        err.print(note, markup=False)
    return code


if __name__ == "__main__":
    sys.exit(main())
