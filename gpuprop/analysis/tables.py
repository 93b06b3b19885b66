"""What the tables of answers have in common: metadata, files, sites, one set a satellite."""

import csv
import io
import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias, cast, get_args

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from ..elements.sets import Elements
from ..files.whole_file import CHUNK, replacing
from ..literals import TimestampUnit
from ..propagator import Propagator
from ..snapshots.plan import elements_digest
from ..time.instants import format_ns
from ..time.times import Times
from ..version import __version__
from .look_angles import Site

UTC = pa.timestamp("ns", "UTC")
SUFFIXES = (".parquet", ".arrow", ".csv")
SHOWN = 5  # catalogue numbers in a message
SITE_COLUMNS = ("name", "lat", "lon", "height_km")

Sites: TypeAlias = Site | Iterable[Site] | str | os.PathLike[str]


def field(name: str, kind: pa.DataType, unit: str = "", **facts: str) -> pa.Field:
    """Make a field without nulls, with its unit in the metadata."""
    return pa.field(name, kind, nullable=False, metadata={"unit": unit, **facts})


def answer_metadata(
    propagator: Propagator, window: Times, options: Mapping[str, Any], frame: str = "itrs"
) -> dict[str, object]:
    """Compute the metadata of a table of answers: the model and the options, as snapshots have.

    Nothing in it depends on the engine, the host, the threads or the order of the input.

    Parameters
    ----------
    propagator : Propagator
        Computes the states; its elements and its Earth orientation are named.
    window : Times
        Instants whose first and last are those of the question.
    options : dict
        The options of the question, by name: text, numbers, lists, None.
    frame : str
        Frame of the states that decide the answer; in teme there is no Earth orientation.

    Returns
    -------
    dict
        What goes into the schema as JSON under the key `gpuprop`: see `with_metadata`.
    """
    return {
        "version": __version__,
        "model": "SGP4",
        "frame": frame,
        "time_scale": "UTC",
        "earth_orientation": None if frame == "teme" else propagator.eop.described(window.edges),
        "gravity": propagator.model.gravity.name,
        "opsmode": propagator.model.opsmode,
        "elements": unordered_digest(propagator.elements),
        "satellites": len(propagator.elements),
        **_epochs(propagator.elements),
        "options": dict(options),
        **({"notes": sorted(notes)} if (notes := propagator.elements.notes) else {}),
    }


def _epochs(elements: Elements) -> dict[str, object]:
    """Describe the epochs as metadata; nothing if there are no element sets."""
    if not len(elements):
        return {}
    ordered = np.sort(elements.epoch.view(np.int64))
    places = dict(first=0, median=len(ordered) // 2, last=-1)
    return {"epochs": {name: format_ns(int(ordered[at])) for name, at in places.items()}}


def named_sources(elements: Elements) -> list[str]:
    """Return the names of the sources of element sets, each once, sorted."""
    assert elements.source is not None
    return sorted({str(name) for name in elements.source.tolist() if name})


def with_metadata(schema: pa.Schema, metadata: Mapping[str, object]) -> pa.Schema:
    """Return the schema with metadata as JSON under the key `gpuprop`."""
    return schema.with_metadata({"gpuprop": json.dumps(metadata)})


def with_timestamps(table: pa.Table, unit: TimestampUnit) -> pa.Table:
    """Return a table whose instants have the unit ns, or us for Spark.

    ValueError for an instant that is not a whole number of microseconds, if the unit is us.
    """
    kind = pa.timestamp(unit, "UTC")
    fields = [
        each.with_type(kind) if pa.types.is_timestamp(each.type) else each for each in table.schema
    ]
    try:
        return table.cast(pa.schema(fields, table.schema.metadata))
    except pa.ArrowInvalid as error:
        raise ValueError(
            f"an instant is not a whole number of microseconds ({error}): use "
            "timestamp_unit='ns', or --timestamp ns"
        ) from None


def checked_unit(unit: TimestampUnit) -> TimestampUnit:
    """Return a unit of instants. ValueError unless it is ns or us."""
    if unit not in get_args(TimestampUnit):
        raise ValueError(f"timestamp_unit is {unit!r}: give 'ns', or 'us' for Spark")
    return unit


def unordered_digest(elements: Elements) -> str:
    """Compute a digest of element sets that does not depend on their order.

    It is `elements_digest` of the sets sorted by catalogue number, of which each has one set.
    """
    order = np.argsort(elements.sat_id, kind="stable")
    in_order = bool((order[1:] > order[:-1]).all())
    return elements_digest(elements if in_order else elements[order])


def check_one_set_each(elements: Elements, question: str) -> None:
    """Raise ValueError if a catalogue number has several element sets.

    question: what was called, for the message, such as `access`.
    """
    repeated = elements.duplicates
    if not len(repeated):
        return
    numbers = "1 catalogue number has" if len(repeated) == 1 else f"{len(repeated):,} have"
    left = elements.latest()
    others = left.duplicates
    synthetic = np.intersect1d(others, left.sat_id[left.synthetic])
    remedies = []
    if len(np.setdiff1d(repeated, others)):
        remedies.append(
            "keep the newest of each with elements.latest(), on the command line --latest"
        )
    if len(synthetic):
        remedies.append(
            f"numbers of filings are repeated ({_listed(synthetic)}): take each satellite once, "
            "and give files of other filings another --first-id in gpuprop export"
        )
    if 0 in others:
        remedies.append(
            "number 0 means that a set has no number: give each of these satellites a number "
            "(NORAD_CAT_ID) of its own"
        )
    others = np.setdiff1d(others, [0, *synthetic])
    if len(others):
        remedies.append(
            f"different satellites share a number ({_listed(others)}): give each one its own; if "
            "gpuprop export made the files, give each another --first-id"
        )
    raise ValueError(
        f"{question} takes one element set a satellite, and {numbers} several "
        f"({_listed(repeated)}): {'; '.join(remedies)}"
    )


def _listed(numbers: npt.NDArray[np.int32]) -> str:
    """Return the first catalogue numbers as text."""
    return ", ".join(map(str, numbers[:SHOWN])) + (", ..." if len(numbers) > SHOWN else "")


# --- files ---
def check_suffix(path: str | os.PathLike[str]) -> str:
    """Return the suffix of a file of a table; ValueError for one that is not known."""
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise ValueError(
            f"{os.fspath(path)!r} does not say the format: end it in {', '.join(SUFFIXES[:-1])} "
            f"or {SUFFIXES[-1]}"
        )
    return suffix


def check_directory(out: object) -> None:
    """Raise ValueError for a directory of parts that is called like one file: passes.csv."""
    suffix = Path(str(out)).suffix.lower()
    if suffix in SUFFIXES:
        raise ValueError(
            f"out={str(out)!r} is a directory of parts: name it without {suffix}. Without out, the "
            "answer is one table, which pyarrow or pandas write to a file"
        )


def write_table(path: str | os.PathLike[str], table: pa.Table) -> int:
    """Write a table to one file, which is complete or absent.

    Parameters
    ----------
    path : str or path
        The file; an existing one is replaced. Its suffix is the format: .parquet (zstd), .arrow
        (IPC, not compressed) or .csv (times in ISO 8601, without metadata).
    table : pyarrow.Table
        The table.

    Returns
    -------
    int
        Bytes of the file.

    Raises
    ------
    ValueError
        For another suffix.
    OSError
        If it cannot be written; the old file is then unchanged.
    """
    suffix = check_suffix(path)
    write: dict[str, Callable[[pa.Table, Any], None]] = {
        ".parquet": write_parquet,
        ".arrow": write_arrow,
        ".csv": _write_csv,
    }
    with replacing(Path(path)) as file:
        # a large table is not held a second time; the buffer writes all of what it is given
        buffered = io.BufferedWriter(cast(io.FileIO, file), CHUNK)
        write[suffix](table, pa.PythonFile(buffered, "w"))
        buffered.flush()
        return file.tell()


def write_parquet(table: pa.Table, sink: Any) -> None:
    """Write a table as Parquet to a file that is open."""
    with parquet_writer(sink, table.schema) as writer:
        writer.write_table(table)


def parquet_writer(sink: Any, schema: pa.Schema) -> pq.ParquetWriter:
    """Return a writer of tables, a row group or more each, as Parquet to a file that is open."""
    return pq.ParquetWriter(sink, schema, compression="zstd", store_schema=True)


def write_arrow(table: pa.Table, sink: Any) -> None:
    """Write a table as an Arrow IPC file to a file that is open."""
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=1 << 17)


def _write_csv(table: pa.Table, sink: Any) -> None:
    for number, column in enumerate(table.schema):
        if pa.types.is_timestamp(column.type):
            text = pa.compute.strftime(
                table.column(number).cast(pa.timestamp("us", "UTC")), format="%Y-%m-%dT%H:%M:%SZ"
            )
            table = table.set_column(number, column.name, text)
    pa.csv.write_csv(table, sink)


# --- sites ---
def as_sites(sites: Sites) -> tuple[Site, ...]:
    """Return sites sorted by name, from Site objects or from a CSV file.

    Parameters
    ----------
    sites : Site, iterable of Site, str or path
        Sites, or a CSV with the columns name, lat, lon (deg) and height_km (which may be absent:
        0). A site without a name gets its coordinates as one.

    Returns
    -------
    tuple of Site
        Sorted by name.

    Raises
    ------
    ValueError
        If there is none, if two have one name, and for a line that cannot be read.
    TypeError
        For anything else.
    """
    if isinstance(sites, str | os.PathLike):
        sites = read_sites(sites)
    elif isinstance(sites, Site):
        sites = (sites,)
    if not isinstance(sites, Iterable):
        raise TypeError(_not_a_site(sites))
    found = []
    for site in sites:
        if not isinstance(site, Site):
            raise TypeError(_not_a_site(site))
        found.append(replace(site, name=site.label))
    if not found:
        raise ValueError("there are no sites: give a gpuprop.Site, several, or a CSV of them")
    twice = [name for name, count in Counter(site.name for site in found).items() if count > 1]
    if twice:
        raise ValueError(
            f"several sites are called {twice[0]!r}: give each a name of its own, which the table "
            "needs"
        )
    return tuple(sorted(found, key=lambda site: site.name))


def _not_a_site(value: object) -> str:
    return (
        f"{value!r} is not a gpuprop.Site: write Site(latitude_deg, longitude_deg, height_km, "
        "name), or name a CSV file"
    )


def read_sites(path: str | os.PathLike[str]) -> list[Site]:
    """Read a CSV with the columns name, lat, lon (deg) and height_km. Errors name the line."""
    name = os.fspath(path)
    data = Path(path).read_bytes()
    try:
        text = data.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ValueError(
            f"{name}: line {line} is not UTF-8 (byte 0x{data[error.start]:02x}): save the file as "
            "UTF-8"
        ) from None
    reader = csv.reader(io.StringIO(text))
    header = [column.strip().lower() for column in next(reader, [])]
    missing = [column for column in SITE_COLUMNS[:3] if column not in header]
    if missing:
        raise ValueError(
            f"{name}: line 1 lacks the column {missing[0]}: a file of sites begins with "
            f"{','.join(SITE_COLUMNS)}"
        )
    found = []
    for row in reader:
        if not any(map(str.strip, row)):
            continue
        values = dict(zip(header, map(str.strip, row), strict=False))
        found.append(site_of([values.get(column, "") for column in SITE_COLUMNS], name, reader))
    if not found:
        raise ValueError(f"{name}: there are no sites after line 1")
    return found


def site_of(values: list[str], where: str, reader: Any = None) -> Site:
    """Make a site of texts: name, latitude, longitude and, if given, height.

    where: the file, or the option, for messages.
    """
    place = f"{where}: line {reader.line_num}" if reader is not None else where
    if not 3 <= len(values) <= 4:
        raise ValueError(f"{place}: give name,lat,lon or name,lat,lon,height_km")
    numbers = []
    for column, text in zip(SITE_COLUMNS[1:], values[1:], strict=False):
        try:
            numbers.append(float(text) if text or column != "height_km" else 0.0)
        except ValueError:
            raise ValueError(f"{place}: {column} {text!r} is not a number") from None
    try:
        return Site(numbers[0], numbers[1], numbers[2] if len(numbers) > 2 else 0.0, values[0])
    except ValueError as error:
        raise ValueError(f"{place}: {error}") from None
