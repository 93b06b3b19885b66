"""Arrow, pandas and xarray tables of blocks: columns (n_times, ..., n_sats), a row for each value.

A label (the time, the site, the satellite) belongs to one axis and is repeated along the others.
Batches are made when they are read, so a stream takes the memory of a batch, and columns are shared
with the block where they need no conversion. Columns on a GPU are copied to the host, a batch at a
time.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

if TYPE_CHECKING:
    import pandas
    import xarray

BATCH_ROWS = 1 << 20
UTC = pa.timestamp("ns", "UTC")
NAMES = pa.dictionary(pa.int32(), pa.string())  # each name is stored once


@dataclass(frozen=True, eq=False)
class Label:
    """A column that belongs to one axis.

    Parameters
    ----------
    field : pyarrow.Field
        Its name, type, and metadata.
    values : array
        (n,) along the axis: int64 nanoseconds for a time, str objects for names, else numbers.
    axis : int
        The axis.
    """

    field: pa.Field
    values: npt.NDArray[Any]
    axis: int = 0


@dataclass(frozen=True, eq=False)
class Column:
    """A column with a value for each row.

    Parameters
    ----------
    field : pyarrow.Field
        Its name, type, and metadata (`unit`, `frame`, `codes`).
    values : array
        Of the shape of the block; numpy or CuPy.
    in_radians : bool
        Whether the values are radians, and the table has degrees.
    """

    field: pa.Field
    values: Any
    in_radians: bool = False


@dataclass(frozen=True, eq=False)
class BlockTable:
    """A block as a table.

    Parameters
    ----------
    labels : list of Label
        The first columns.
    columns : list of Column
        The others.
    dimensions : tuple of str
        Names of the axes for xarray.
    metadata : dict
        Facts about all rows: JSON under the key `gpuprop` of the schema.
    attributes : dict
        {column: attributes for xarray in place of those of its field}.
    """

    labels: list[Label]
    columns: list[Column]
    dimensions: tuple[str, ...]
    metadata: Mapping[str, object]
    attributes: Mapping[str, Mapping[str, object]] = field(default_factory=dict)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the block."""
        return tuple(self.columns[0].values.shape)

    @property
    def schema(self) -> pa.Schema:
        """The columns, with the metadata."""
        fields = [label.field for label in self.labels] + [each.field for each in self.columns]
        return pa.schema(fields, {"gpuprop": json.dumps(dict(self.metadata))})

    def batches(self, rows: int = 0) -> Iterator[pa.RecordBatch]:
        """Make record batches of whole instants, of about `rows` rows; BATCH_ROWS unless given."""
        n, *others = self.shape
        row = int(np.prod(others, dtype=np.int64))
        height, schema = max(1, (rows or BATCH_ROWS) // max(1, row)), self.schema
        encoded = [_Encoded.of(label) for label in self.labels]
        for first in range(0, n if row else 0, height):
            last = min(n, first + height)
            arrays = [label.rows(first, last, (last - first, *others)) for label in encoded]
            arrays += [_values(column, first, last) for column in self.columns]
            yield pa.RecordBatch.from_arrays(arrays, schema=schema)

    def table(self) -> pa.Table:
        """Make a pyarrow.Table."""
        return pa.Table.from_batches(self.batches(), self.schema)

    def stream(self, requested_schema: object = None) -> object:
        """Make the capsule of Arrow's C stream; its batches are made when they are read."""
        reader = pa.RecordBatchReader.from_batches(self.schema, self.batches())
        return reader.__arrow_c_stream__(requested_schema)

    def pandas(self) -> "pandas.DataFrame":
        """Make a pandas.DataFrame, with the facts in `attrs`."""
        need("pandas", "to_pandas")
        frame = self.table().to_pandas()
        units, frames = (
            {each.name: value for each in self.schema if (value := _fact(each, key))}
            for key in (b"unit", b"frame")
        )
        frame.attrs.update({**self.metadata, "units": units, "frames": frames})
        return frame

    def xarray(self) -> "xarray.Dataset":
        """Make an xarray.Dataset; columns without conversion are shared with the block."""
        package = need("xarray", "to_xarray")
        coordinates: dict[str, Any] = {}
        for label in self.labels:
            values = label.values
            if label.field.type == UTC:
                values = values.view("datetime64[ns]")
            about = self._attributes(label.field)
            coordinates[label.field.name] = (self.dimensions[label.axis], values, about)
        data = {
            column.field.name: (
                self.dimensions,
                _plain(column, on_host(column.values)),
                self._attributes(column.field),
            )
            for column in self.columns
        }
        facts = {
            name: value if isinstance(value, (str, int, float)) else json.dumps(value)
            for name, value in self.metadata.items()
            if value is not None and name != "units"
        }
        found: xarray.Dataset = package.Dataset(
            data, coordinates, {"Conventions": "CF-1.11", **facts}
        )
        return found

    def _attributes(self, about: pa.Field) -> dict[str, object]:
        """Return the attributes of a column, with the names of CF where CF has one."""
        found: dict[str, object] = {}
        unit, frame, codes = (_fact(about, key) for key in (b"unit", b"frame", b"codes"))
        if unit and about.type != UTC:  # xarray gives a time its own units when it is written
            found["units"] = unit
        if frame:
            found["frame"] = frame
        if codes:
            meanings = json.loads(codes)
            found["flag_values"] = np.array(sorted(map(int, meanings)), np.uint8)
            found["flag_meanings"] = " ".join(
                re.sub(r"[^\w.+@-]+", "_", meanings[code].partition(":")[0])
                for code in sorted(meanings, key=int)
            )
        return {**found, **self.attributes.get(about.name, {})}


@dataclass(frozen=True, eq=False)
class _Encoded:
    """A label, ready to be repeated: names as indices into a dictionary."""

    label: Label
    values: npt.NDArray[Any]
    dictionary: pa.Array | None

    @staticmethod
    def of(label: Label) -> "_Encoded":
        if label.field.type != NAMES:
            return _Encoded(label, label.values, None)
        names = pa.array(label.values, pa.string()).dictionary_encode()
        return _Encoded(label, names.indices.to_numpy(zero_copy_only=False), names.dictionary)

    def rows(self, first: int, last: int, shape: tuple[int, ...]) -> pa.Array:
        """Repeat the label over rows [first, last) of the first axis."""
        values = self.values[first:last] if self.label.axis == 0 else self.values
        lengths = [1] * len(shape)
        lengths[self.label.axis] = len(values)
        every = np.broadcast_to(values.reshape(lengths), shape).reshape(-1)
        if self.dictionary is not None:
            return pa.DictionaryArray.from_arrays(pa.array(every, pa.int32()), self.dictionary)
        if self.label.field.type == UTC:
            return pa.array(every, pa.int64()).view(UTC)
        return pa.array(every, self.label.field.type)


def _values(column: Column, first: int, last: int) -> pa.Array:
    part = _plain(column, on_host(column.values[first:last]))
    return pa.array(np.ascontiguousarray(part).reshape(-1), column.field.type)


def _plain(column: Column, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return values in degrees and in the byte order of the machine."""
    values = np.degrees(values) if column.in_radians else values
    return values if values.dtype.isnative else values.astype(values.dtype.newbyteorder("="))


def on_host(values: Any) -> npt.NDArray[Any]:
    """Return a numpy array, copied from a GPU if it is there."""
    return values if isinstance(values, np.ndarray) else np.asarray(values.get())


def typed(about: pa.Field, values: Any) -> pa.Field:
    """Return a field with the type of the values: float32 stays float32."""
    return about.with_type(pa.from_numpy_dtype(values.dtype.newbyteorder("=")))


def need(package: str, what: str) -> Any:
    """Import an optional package. ImportError that names it if it is not installed."""
    from importlib import import_module

    try:
        return import_module(package)
    except ImportError:
        raise ImportError(
            f"{what} needs {package}, which is not installed: pip install {package}"
        ) from None


def _fact(about: pa.Field, key: bytes) -> str:
    return str((about.metadata or {}).get(key, b"").decode())
