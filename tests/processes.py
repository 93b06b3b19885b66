"""Processes that tests start."""

import signal
import sys
from typing import Any


def _default_signals() -> None:
    """SIGINT interrupts, also where whoever runs the tests ignores it (a shell does, for what it runs with `&`)."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


INTERRUPTIBLE: dict[str, Any] = {} if sys.platform == "win32" else {"preexec_fn": _default_signals}  # for subprocess.Popen
