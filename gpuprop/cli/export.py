"""`gpuprop export`: write element sets as a catalogue file."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter
from rich.filesize import decimal

from ..catalogs.sources import read_sources
from ..catalogs.write import write_elements
from ..catalogs.write.formats import Format, format_of
from ..catalogs.write.report import reason_lines
from ..errors import UsageError
from ..messages import counted
from .console import DONE, print_result, say
from .inputs import SHOWN, check_outputs, choose, repeated_numbers, report_records
from .options import Checksum, Epoch, FirstId, Json, Latest, Select, Where, wrong_call


def export(
    *sources: Annotated[
        str,
        Parameter(name="SOURCE", help="Catalogues or constellations, as for propagate; joined."),
    ],
    output: Annotated[
        Path | None,
        Parameter(name=["--output", "-o"], help="The file to write; an existing file is replaced."),
    ] = None,
    format: Annotated[
        Format | None,
        Parameter(
            help="tle, 3le, 2le, or an OMM as csv, json, kvn or xml "
            "[default: by the ending of FILE]."
        ),
    ] = None,
    select: Select = None,
    where: Where = None,
    latest: Latest = False,
    epoch: Epoch = None,
    first_id: FirstId = None,
    on_error: Annotated[
        Literal["raise", "skip"],
        Parameter(help="What to do with element sets that cannot be read or written."),
    ] = "raise",
    checksum: Checksum = "verify",
    json: Json = False,
) -> int:
    """Run `gpuprop export`."""
    if not sources or output is None:
        raise UsageError("name what to write and where: gpuprop export SOURCE -o FILE")
    with wrong_call():
        format_of(output, format)
    check_outputs([output], ())  # a catalogue may replace itself: it is read before it is written
    elements = read_sources(
        sources, on_error=on_error, checksum=checksum, epoch=epoch, first_id=first_id, latest=latest
    )
    report_records(elements, latest=latest)
    elements = choose(elements, select, where, latest=latest)
    written = write_elements(elements, output, format, on_error)
    for line in reason_lines(written.rejected, SHOWN):
        say(f"left out: {line}")
    for loss in written.losses:
        say(f"note: {loss}")
    satellites = counted(written.satellites, "satellite")
    text = f"wrote {written.path}: {satellites} as {written.format}, {decimal(written.bytes)}"
    print_result(written.to_dict() | repeated_numbers(elements), json, text)
    return DONE
