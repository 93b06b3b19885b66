"""The command line: `gpuprop propagate | info | verify | merge | fetch | export | shells | constellations | doctor | completion`.

Here are the signals; what a command line does is in commands/. Nothing large is imported before the signals have their handlers.
"""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

INTERRUPTED, TERMINATED = 130, 143


class Terminated(KeyboardInterrupt):
    """SIGTERM, which ends a command as SIGINT does."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0 done, 1 the job failed, 2 the call was wrong, 130 interrupted, 143 terminated."""
    with _signals() as signals:
        try:
            from .commands.run import run  # half a second

            signals.loaded()
            return run(sys.argv[1:] if arguments is None else arguments)
        except KeyboardInterrupt as error:
            signals.ending = True
            from .commands.console import complain

            terminated = isinstance(error, Terminated)
            complain("terminated" if terminated else "interrupted", getattr(error, "__notes__", ()))
            return TERMINATED if terminated else INTERRUPTED


class _Signals:
    """The handler of SIGINT and SIGTERM: both end the command with everything put in order.

    One that comes while modules are imported waits until they are: within an import it could be lost, or printed with a traceback. A
    second one does not wait. Once the command is ending, more of them change nothing.
    """

    def __init__(self) -> None:
        self.loading, self.ending, self.received = True, False, 0

    def __call__(self, number: int, frame: Any) -> None:
        waits = self.loading and not self.received
        self.received = number
        if not waits and not self.ending:
            self._end()

    def loaded(self) -> None:
        """Signals are answered at once from here on."""
        self.loading = False
        if self.received:
            self._end()

    def _end(self) -> None:
        raise Terminated if self.received == signal.SIGTERM else KeyboardInterrupt


@contextmanager
def _signals() -> Iterator[_Signals]:
    """Handlers, where this is the main thread and the signals have their defaults: others who handle or ignore them have their reasons."""
    handler, defaults = _Signals(), {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}
    ours: dict[signal.Signals, Any] = {}
    if threading.current_thread() is threading.main_thread():
        ours = {number: default for number, default in defaults.items() if signal.getsignal(number) is default}
    try:
        for number in ours:
            signal.signal(number, handler)
        yield handler
    finally:
        for number, default in ours.items():
            signal.signal(number, default)


if __name__ == "__main__":
    sys.exit(main())
