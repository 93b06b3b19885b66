"""The columns of element sets: complete, read-only, and some made when they are asked for."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ..time.times import as_times
from ..typing import Instants
from .fields import FIELDS

# the values of a field, or a function that makes them
Column = npt.NDArray[np.generic] | Callable[[], npt.NDArray[np.generic]]


class Fields(Mapping[str, npt.NDArray[np.generic]]):
    """Read-only columns of n element sets, by the name of the field.

    A function in the place of a column makes it, when it is first asked for; it need not be
    callable in another process, since pickling calls it. `copy`, `|` and `dict` give a dict.
    """

    def __init__(self, columns: Mapping[str, Column], n: int) -> None:
        self._columns, self._n = dict(columns), n
        for name, column in columns.items():
            if not callable(column):
                self._columns[name] = self._checked(name, column)

    def _checked(self, name: str, column: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        if column.shape != (self._n,):
            raise ValueError(f"{name} has shape {column.shape}, NORAD_CAT_ID has ({self._n},)")
        column.flags.writeable = False
        return column

    def __getitem__(self, name: str) -> npt.NDArray[np.generic]:
        column = self._columns[name]
        if callable(column):
            column = self._checked(name, np.array(column(), FIELDS[name][0]))
            self._columns[name] = column
        return column

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    def __contains__(self, name: object) -> bool:
        return name in self._columns

    def copy(self) -> dict[str, npt.NDArray[np.generic]]:
        """Return a dict of the same columns, which are not copied."""
        return dict(self)

    def __copy__(self) -> "Fields":
        return self

    def __reduce__(self) -> tuple[object, ...]:
        return Fields, (dict(self), self._n)

    def __or__(self, other: Mapping[str, Any]) -> dict[str, Any]:
        return dict(self) | dict(other)

    def __ror__(self, other: Mapping[str, Any]) -> dict[str, Any]:
        return dict(other) | dict(self)

    def __repr__(self) -> str:
        return f"<fields {', '.join(self)}>"


def complete_fields(fields: Mapping[str, Any], n: int) -> Fields:
    """Copy the given fields of n element sets, and add the defaults of the others.

    A field with one value for all takes no memory. OBJECT_NAME may be a function. ValueError for a
    field of another length; ValueError and TypeError for epochs that are not instants.
    """
    complete: dict[str, Column] = {}
    for name, (dtype, _, default) in FIELDS.items():
        values = fields.get(name)
        if name == "EPOCH" and values is not None:
            values = _epochs(values)
        if name == "OBJECT_NAME" and callable(values):
            complete[name] = values
        elif values is None:
            complete[name] = np.broadcast_to(np.array(default, dtype), n)
        elif isinstance(values, np.ndarray) and values.strides == (0,) and len(values):
            complete[name] = np.broadcast_to(np.array(values[0], dtype), len(values))
        else:
            complete[name] = np.array(values, dtype)
    return Fields(complete, n)


def _epochs(values: Instants) -> npt.NDArray[np.datetime64]:
    """Convert epochs in any form that as_times takes to datetime64[ns]."""
    if isinstance(values, np.ndarray) and values.dtype == np.dtype("datetime64[ns]"):
        return values
    try:
        return as_times(values).datetime64
    except (TypeError, ValueError) as error:
        raise type(error)(f"EPOCH: {error}") from None
