"""`gpuprop fetch`: download element sets."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ..catalogs.celestrak import fetch as fetch_elements
from ..errors import UsageError
from .console import DONE, print_result, say
from .options import Json, wrong_call


def fetch(
    source: Annotated[
        str,
        Parameter(
            name="GROUP|URL",
            help="A group of CelesTrak (active, starlink ...), an operator, or an address.",
        ),
    ],
    /,
    *,
    output: Annotated[
        Path | None, Parameter(name=["--output", "-o"], help="The file to write.")
    ] = None,
    timeout: Annotated[
        float,
        Parameter(
            help="Seconds to wait for each step of the connection; the whole download may take "
            "15 min."
        ),
    ] = 60.0,
    json: Json = False,
) -> int:
    """Run `gpuprop fetch`."""
    if output is None:
        raise UsageError("-o FILE is missing: name the file to write")
    with wrong_call():
        fetched = fetch_elements(source, output, timeout_s=timeout, say=say)
    print_result(fetched.to_dict(), json, str(fetched))
    return DONE
