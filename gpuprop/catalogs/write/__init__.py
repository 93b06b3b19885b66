"""Element sets out: TLE, 3LE and OMM (CSV, JSON, XML, KVN), so that reading the file gives the same
Elements again.

```
formats.py     which format, by name or by the ending of the file
report.py      what a format cannot hold: satellite by satellite, and what it rounds
tle.py  omm_csv.py  omm_json.py  omm_kvn.py  omm_xml.py     one format each
omm.py         fields to the texts under the keywords of an OMM
whole_file.py  a file is complete or absent
```
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
    path: "str | os.PathLike[str]",
    format: Format | None = None,
    on_error: Literal["raise", "skip"] = "raise",
) -> Written:
    """Write `elements` to the file `path`, in their order. The file appears complete or not at all;
    one that is there is replaced.

    format: tle, 2le, 3le, csv, json, kvn or xml; by the ending of `path` if it is not given (.txt
    is tle, .2le, .3le, .omm is kvn). An ending .gz after it makes the file gzipped.
        tle, 3le, 2le   two lines a satellite, in tle after its name if it has one, in 3le after "0
        " and the name (as Space-Track writes
                        it); 2le drops the names
        csv, json, xml, kvn   OMM (CCSDS 502.0-B-2) as CelesTrak writes it
    on_error: what happens to satellites that the format cannot hold: "raise", or "skip" them, and
    list them in the result's `rejected`.

    The columns plane and slot of filed constellations are in no format, which the losses say.

    Whatever an OMM holds comes back bit for bit. A TLE has catalogue numbers to 339,999 (Alpha-5)
    and few decimals: what came from a TLE comes back as it was, to the character but for the sign
    of an exponent of zero, which catalogues write in two ways; other numbers are rounded to the
    nearest that it can hold, and the result's `losses` say which fields of how many satellites, and
    by how much at most. Everything else that a format cannot hold (a line end in a name, an element
    set that is not SGP4's) is refused.

    Raises WritingError (a ValueError) with the satellites that cannot be written under "raise", and
    always when none can; ValueError for no satellites at all, and for a format that is not known or
    not to be told from the name; OSError when the file cannot be written.
    """
    if on_error not in ("raise", "skip"):
        raise ValueError(f'on_error is "raise" or "skip", not {on_error!r}')
    kind = format_of(path, format)
    if not len(checked_elements(elements, "elements")):
        raise ValueError(f"{os.fspath(path)}: there is no satellite to write")
    report = Report(elements, kind)
    pieces = _WRITE[kind](elements, report)
    if report.rejected and (on_error == "raise" or len(report.rejected) == len(elements)):
        raise report.error(os.fspath(path))
    size = replace(Path(path), pieces)
    return Written(
        Path(path),
        kind,
        len(elements) - len(report.rejected),
        size,
        tuple(report.rejected),
        tuple(report.losses),
    )
