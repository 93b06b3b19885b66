"""No test fails because a machine is slow, or because a shell runs the tests in the background."""

import ast
import os
import signal
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, settings
from project import SUPPORT, TESTS


def test_examples_are_not_timed():
    assert settings().deadline is None and HealthCheck.too_slow in settings().suppress_health_check


def test_waits_for_what_must_happen_use_patience_s():
    """A fixed number of seconds is too short on some machine. Waits under a second are pauses, in
    which nothing should happen.
    """
    impatient = []
    for path in sorted(TESTS.rglob("*.py")):
        for call in (
            node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)
        ):
            name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
            waits = [word.value for word in call.keywords if word.arg == "timeout"] + (
                call.args if name in ("wait", "join") else []
            )
            seconds = [
                each.value
                for each in waits
                if isinstance(each, ast.Constant) and isinstance(each.value, (int, float))
            ]
            impatient += [
                f"{path.relative_to(TESTS)}:{call.lineno}: {ast.unparse(call)}"
                for each in seconds
                if each >= 1
            ]
    assert not impatient


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_jobs_can_be_interrupted_although_the_tests_ignore_sigint():
    """As they do when a shell starts them with `&`."""
    program = (
        "import conftest, os, signal, sys; os.execv(sys.executable, [sys.executable, '-c', "
        "sys.argv[1]])"
    )
    job = "import signal; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
    done = subprocess.run(
        [sys.executable, "-c", program, job],
        cwd=TESTS,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (TESTS, SUPPORT)))},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
        capture_output=True,
        text=True,
    )
    assert done.stdout == "True\n", done.stderr
