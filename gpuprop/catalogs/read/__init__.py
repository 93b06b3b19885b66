"""Read catalogues: TLE, 3LE and OMM (CSV, JSON, XML, KVN), plain or gzipped.

The content says the format, and no record is silently dropped.

source.py      a path, bytes or an open file -> its text, within limits
recognise.py   the format of a text; if it has none, what it is instead
tle.py  omm_csv.py  omm_json.py  omm_xml.py  omm_kvn.py     one format each
json_walk.py   the messages in a JSON text, inside other objects and beside damage
json_keywords.py   their keywords
ending.py      whether a catalogue was cut off
omm.py         texts under OMM keywords -> numbers
columns.py  epochs.py   columns of text -> numbers and instants
draft.py       the records, what is wrong with them, and the Elements made of the good ones
errors.py      ElementsError
"""

import os
from typing import Literal

from ...elements.sets import Elements
from . import omm_csv, omm_json, omm_kvn, omm_xml, tle
from .draft import count_unnumbered
from .errors import ElementsError, bad_records
from .source import Source, load

__all__ = ["ElementsError", "read_elements"]

_READ = {
    "tle": tle.read,
    "csv": omm_csv.read,
    "json": omm_json.read,
    "xml": omm_xml.read,
    "kvn": omm_kvn.read,
}


def read_elements(
    source: Source,
    *,
    on_error: Literal["raise", "skip"] = "raise",
    checksum: Literal["verify", "ignore"] = "verify",
) -> Elements:
    """Read element sets. The format is detected from the content.

    Parameters
    ----------
    source : path, bytes, or open file (binary or text)
        TLE, 3LE (with or without hypatia's header), or OMM as CSV (separated by `,` `;` or tabs,
        also below a title), JSON, XML or KVN; plain or gzipped, UTF-8 or Latin-1, any line ends. In
        JSON the records may be in other objects or arrays, may be nested messages, and may have TLE
        lines instead of mean elements.
    on_error : {"raise", "skip"}
        Raise an exception that lists the bad records, or skip them; `rejected` then has each of
        them with its line and the reason.
    checksum : {"verify", "ignore"}
        Whether to check the checksums of TLE lines. A line of 68 columns has none and is accepted.

    Returns
    -------
    Elements
        N sets in the order of the source; N + len(rejected) is the number of records in it. The
        fields have the values and units of the source. Each number is the correctly rounded double
        of its decimal text; epochs are exact to the nanosecond. `notes` says which sets have no
        catalogue number (they get 0), and which arrays of a JSON text contain no element sets.

    Raises
    ------
    ElementsError
        For bad records under "raise"; always when no record is good, when the source is something
        else (a web page, a notice, an archive, a URL, empty, binary), and beyond the limits: 256
        MiB unpacked, 64 KiB in a line, 10 million lines, 2 million records, 1 million bad ones. A
        set that SGP4 cannot propagate is a bad record: eccentricity outside [0, 1), mean motion
        outside (0, 20] rev/day, another theory, frame, centre, time scale or unit.
    OSError
        When the source cannot be opened.

    Notes
    -----
    Sources: CCSDS 502.0-B for OMM, https://www.space-track.org/documentation#tle for TLE.
    EPOCH_MICROSECONDS, of older classes of Space-Track, belongs to the EPOCH beside it.
    """
    if on_error not in ("raise", "skip"):
        raise ValueError(f'on_error is "raise" or "skip", not {on_error!r}')
    if checksum not in ("verify", "ignore"):
        raise ValueError(f'checksum is "verify" or "ignore", not {checksum!r}')
    name, kind, data = load(source)
    elements = count_unnumbered(_READ[kind](data, name, checksum))
    if elements.rejected and (on_error == "raise" or not len(elements)):
        raise bad_records(name, elements.rejected, len(elements))
    return elements.from_source(os.path.basename(name))
