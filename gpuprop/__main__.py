"""The entry point of the command line, and its signals; cli/ does the rest.

Until the handlers of signals are installed, this module and __init__.py import only modules that
are built into Python: a signal during another import would print a traceback. The start of Python
itself, before the first line of this package, cannot be protected.
"""

import _signal  # type: ignore[import-not-found]  # built in; signal imports enum
import sys

INTERRUPTED, TERMINATED = 130, 143


class TerminatedError(KeyboardInterrupt):
    """SIGTERM, which ends a command as SIGINT does."""


def script() -> None:
    """Run the command line as a process, and exit.

    Signals after the end of the command are ignored: its exit code and its files are final.
    """
    sys.exit(_run(sys.argv[1:], last=True))


def main(arguments: list[str] | None = None) -> int:
    """Run the command line within a program.

    Parameters
    ----------
    arguments : list of str, optional
        The arguments, without the name of the program; by default those of the process.

    Returns
    -------
    int
        The exit code: 0 done, 1 the job failed, 2 the call was wrong, 130 interrupted,
        143 terminated.
    """
    return _run(sys.argv[1:] if arguments is None else arguments, last=False)


def _run(arguments: list[str], last: bool) -> int:
    with _Signals(last) as signals:
        try:
            from .cli.run import load, run

            load(arguments)  # up to half a second: numpy, pyarrow
            signals.loaded()
            code = run(arguments)
            signals.ending = True
            return code
        except KeyboardInterrupt as error:
            signals.ending = True
            from .cli.console import print_error

            terminated = isinstance(error, TerminatedError)
            print_error(
                "terminated" if terminated else "interrupted", getattr(error, "__notes__", ())
            )
            return TERMINATED if terminated else INTERRUPTED


class _Signals:
    """The handler of SIGINT and SIGTERM in the main thread: both let the command clean up and end.

    A first signal during the imports is handled when they are done: inside an import it could be
    lost, or printed with a traceback. A second signal is handled at once. When the command is
    already ending, more signals change nothing. A signal that another program handles or ignores
    keeps its handler.

    last: the process ends with the command, so the signals are ignored afterwards; otherwise the
    defaults are restored.
    """

    def __init__(self, last: bool) -> None:
        self.loading, self.ending, self.received = True, False, 0
        self._last = last
        self._defaults: dict[int, object] = {}  # the handlers that are replaced here

    def __enter__(self) -> "_Signals":
        for number, default in (
            (_signal.SIGINT, _signal.default_int_handler),
            (_signal.SIGTERM, _signal.SIG_DFL),
        ):
            if _signal.getsignal(number) == default:
                try:
                    _signal.signal(number, self)
                except ValueError:  # not the main thread
                    break
                self._defaults[number] = default
        return self

    def __exit__(self, *_: object) -> None:
        for number, default in self._defaults.items():
            _signal.signal(number, _signal.SIG_IGN if self._last else default)

    def __call__(self, number: int, frame: object) -> None:
        waits = self.loading and not self.received
        self.received = number
        if not waits and not self.ending:
            self._end()

    def loaded(self) -> None:
        """Handle signals at once from here on."""
        self.loading = False
        if self.received:
            self._end()

    def _end(self) -> None:
        raise TerminatedError if self.received == _signal.SIGTERM else KeyboardInterrupt


if __name__ == "__main__":
    script()
