"""`gpuprop completion`: a script that completes commands and options in a shell."""

from typing import Annotated, Literal

from cyclopts import Parameter
from cyclopts.completion import ShellDetectionError

from ..errors import UsageError
from .app import app
from .console import DONE, out


def completion(
    shell: Annotated[
        Literal["zsh", "bash", "fish", "powershell"] | None,
        Parameter(help="[default: the shell that you use]"),
    ] = None,
    /,
) -> int:
    """Run `gpuprop completion`."""
    try:
        out.raw(app.generate_completion(shell=shell))
    except ShellDetectionError:
        raise UsageError(
            "cannot tell which shell you use: name it, as in gpuprop completion bash"
        ) from None
    return DONE
