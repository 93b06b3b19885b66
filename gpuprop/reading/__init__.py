"""Catalogues in: TLE, 3LE and OMM (CSV, JSON, XML, KVN), plain or gzipped, told apart by their content; nothing is silently dropped.

```
source.py      a path, bytes or an open file -> its text, within limits
recognise.py   which format; and if none, what it is instead
tle.py  omm_csv.py  omm_json.py  omm_xml.py  omm_kvn.py     one format each
omm.py         OMM keywords as columns of text -> numbers     columns.py  instants.py   the conversions
draft.py       the records, what is wrong with them, and the Elements made of the good ones
```
"""

from typing import Literal

from ..elements import Elements
from . import omm_csv, omm_json, omm_kvn, omm_xml, tle
from .draft import numbers_said
from .errors import ElementsError, bad_records
from .source import Source, load

__all__ = ["ElementsError", "read_elements"]

_READ = {"tle": tle.read, "csv": omm_csv.read, "json": omm_json.read, "xml": omm_xml.read, "kvn": omm_kvn.read}


def read_elements(
    source: Source,
    *,
    on_error: Literal["raise", "skip"] = "raise",
    checksum: Literal["verify", "ignore"] = "verify",
) -> Elements:
    """The element sets of `source`, in its order.

    source: a path, bytes, or an open file (binary or text). The format is told from the content: TLE, 3LE, or OMM as CSV, JSON, XML or KVN
    (CCSDS 502.0-B), plain or gzipped, UTF-8 or Latin-1, any line ends.
    on_error: "raise" an exception that lists the bad records, or "skip" them: they are then in `rejected`, each with its line and reason.
    checksum: "verify" or "ignore" the checksums of TLE lines. A line of 68 columns has none and is accepted.

    The fields hold what the file says, in its units, each number the correctly rounded double of its decimal text; epochs are exact to
    the nanosecond. A set that SGP4 cannot be asked about (eccentricity outside [0, 1), mean motion outside (0, 20] rev/day, another
    theory, frame, centre or time scale) is a bad record. Records in = len(result) + len(result.rejected).

    Raises ElementsError (a ValueError) for bad records under "raise", and always when no record is good, when the source is something
    else (a web page, a notice, empty, binary) or beyond the limits (source.MAX_BYTES unpacked, MAX_LINE and MAX_LINES; draft.MAX_RECORDS
    and MAX_REJECTED); OSError when it cannot be opened.
    """
    if on_error not in ("raise", "skip"):
        raise ValueError(f'on_error is "raise" or "skip", not {on_error!r}')
    if checksum not in ("verify", "ignore"):
        raise ValueError(f'checksum is "verify" or "ignore", not {checksum!r}')
    name, kind, data = load(source)
    elements = numbers_said(_READ[kind](data, name, checksum))
    if elements.rejected and (on_error == "raise" or not len(elements)):
        raise bad_records(name, elements.rejected, len(elements))
    return elements
