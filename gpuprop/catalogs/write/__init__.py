"""Write element sets as TLE, 3LE and OMM (CSV, JSON, XML, KVN).

Reading the file gives the same Elements again.

formats.py     the formats, and which one the name of a file means
report.py      what a format cannot hold: refused satellites, and rounded or missing fields
tle.py  omm_csv.py  omm_json.py  omm_kvn.py  omm_xml.py     one format each
omm.py         fields -> texts under the keywords of an OMM
"""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal

from ...elements.sets import Elements, checked_elements
from ...files.whole_file import replace
from . import omm_csv, omm_json, omm_kvn, omm_xml, tle
from .formats import Format, format_of
from .report import Loss, Report, Unwritable, WritingError, Written

__all__ = ["Loss", "Unwritable", "Written", "WritingError", "write_elements"]

_WRITE: dict[str, Callable[[Elements, Report], Iterable[str]]] = {
    "tle": tle.write,
    "2le": tle.write_without_names,
    "3le": tle.write_with_zeros,
    "csv": omm_csv.write,
    "json": omm_json.write,
    "kvn": omm_kvn.write,
    "xml": omm_xml.write,
}


def write_elements(
    elements: Elements,
    path: str | os.PathLike[str],
    format: Format | None = None,
    on_error: Literal["raise", "skip"] = "raise",
) -> Written:
    """Write element sets to a file, in their order.

    The file appears complete or not at all. An existing file is replaced.

    Parameters
    ----------
    elements : Elements
        N element sets.
    path : str or path
        The file. If its name ends in .gz, it is gzipped.
    format : str, optional
        `tle`, `2le`, `3le`, `csv`, `json`, `kvn` or `xml`. By default the ending of `path` says it;
        .txt means tle, .omm means kvn.

        - `tle`: two lines for each satellite, after its name if it has one. `3le`: the name line
          begins with "0 ", as Space-Track writes it. `2le`: without names.
        - `csv`, `json`, `kvn`, `xml`: OMM (CCSDS 502.0-B-2), as CelesTrak writes it.
    on_error : {"raise", "skip"}
        Raise an exception for satellites that the format cannot hold, or leave them out and list
        them in `rejected` of the result.

    Returns
    -------
    Written
        What was written, which satellites were left out, and which fields are not exact.

    Raises
    ------
    WritingError
        If satellites cannot be written, under "raise"; always if none can be written.
    ValueError
        If `elements` is empty, the format is unknown, or the name of the file does not say it.
    OSError
        If the file cannot be written.

    Notes
    -----
    An OMM holds every number exactly. A TLE holds catalogue numbers up to 339,999 (Alpha-5) and few
    decimals. Element sets that came from a TLE are written with the same characters, except for the
    sign of an exponent of zero, which catalogues write in two ways. Other numbers are rounded to
    the nearest that a TLE can hold. `losses` of the result says which fields of how many satellites
    were rounded, and by how much at most. The columns `plane` and `slot` of filed constellations
    are in no format; `losses` says so.

    Element sets that no format can hold are refused: a line end in a name, values that
    `read_elements` refuses.
    """
    if on_error not in ("raise", "skip"):
        raise ValueError(f'on_error is "raise" or "skip", not {on_error!r}')
    kind = format_of(path, format)
    if not len(checked_elements(elements, "elements")):
        raise ValueError(f"{os.fspath(path)}: there are no satellites to write")
    report = Report(elements, kind)
    pieces = _WRITE[kind](elements, report)
    if report.rejected and (on_error == "raise" or len(report.rejected) == len(elements)):
        raise report.error(os.fspath(path))
    size = replace(Path(path), pieces)
    return Written(
        path=Path(path),
        format=kind,
        satellites=len(elements) - len(report.rejected),
        bytes=size,
        rejected=tuple(report.rejected),
        losses=tuple(report.losses),
    )
