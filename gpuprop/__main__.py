"""The command line: `gpuprop propagate | info | verify | merge | fetch | export | shells | constellations | doctor | completion`.

This module handles signals; commands/ does the rest. Nothing large is imported before the signal handlers are installed.
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
            from .commands.run import run  # takes half a second

            signals.loaded()
            return run(sys.argv[1:] if arguments is None else arguments)
        except KeyboardInterrupt as error:
            signals.ending = True
            from .commands.console import complain

            terminated = isinstance(error, Terminated)
            complain("terminated" if terminated else "interrupted", getattr(error, "__notes__", ()))
            return TERMINATED if terminated else INTERRUPTED


class _Signals:
    """The handler of SIGINT and SIGTERM. Both end the command after it has cleaned up.

    A first signal during the imports is handled when they are done: inside an import it could be lost, or printed with a traceback. A
    second signal is handled at once. When the command is already ending, more signals change nothing.
    """

    def __init__(self) -> None:
        self.loading, self.ending, self.received = True, False, 0

    def __call__(self, number: int, frame: Any) -> None:
        waits = self.loading and not self.received
        self.received = number
        if not waits and not self.ending:
            self._end()

    def loaded(self) -> None:
        """From here on, handle signals at once."""
        self.loading = False
        if self.received:
            self._end()

    def _end(self) -> None:
        raise Terminated if self.received == signal.SIGTERM else KeyboardInterrupt


@contextmanager
def _signals() -> Iterator[_Signals]:
    """Install the handlers in the main thread. A signal that somebody else handles or ignores keeps its handler."""
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
