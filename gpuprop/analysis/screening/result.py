"""What a screening found: two tables and a summary."""

import json
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ...dataset.entries import PartEntry
from ...dataset.location import AnyPath
from ...dataset.manifest import Manifest
from ...dataset.store import Store
from ...messages import counted
from ...notebook import MOST_ROWS, page
from ...typing import Array
from ..parts_by_time import open_complete
from ..tables import with_metadata
from .contents import SCREENING
from .directory import LOST
from .parts import Part
from .table import COMPANIONS, CONJUNCTIONS

Facts: TypeAlias = dict[str, Any]  # a JSON object
NUMBERS = ("NORAD_CAT_ID_1", "NORAD_CAT_ID_2")
WITHIN_KM = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 50.0)


class Screened:
    """Conjunctions and companions, from memory or from a directory.

    Attributes
    ----------
    conjunctions : pyarrow.Table
        A row for each minimum of the range of a pair, if it is below the threshold and the pair is
        faster than 10 m/s there, sorted by TCA, then the numbers.
    companions : pyarrow.Table
        A row for each stay below the threshold at a lower speed, sorted by ENTER, then the numbers.
    summary : dict
        Window, threshold, counts, the closest approach, and `lost_status`: the numbers of
        satellites that have no state of status 0 at some instants (looked at every three minutes,
        and at both ends of the window).
    """

    conjunctions: pa.Table
    companions: pa.Table
    _lost: list[int]
    _metadata: Facts

    @property
    def summary(self) -> Facts:
        """The summary."""
        options = self._metadata["options"]
        distance, companions = self._ranges(), self._companion_count()
        return {
            "satellites": self._metadata["satellites"],
            "elements": self._metadata["elements"],
            "start": options["start"],
            "stop": options["stop"],
            "threshold_km": options["threshold_km"],
            "primaries": options["primaries"],
            "conjunctions": len(distance),
            "companions": companions,
            "closest_km": float(distance.min()) if len(distance) else None,
            "within_km": {
                f"{limit:g}": int((distance < limit).sum())
                for limit in WITHIN_KM
                if limit <= options["threshold_km"]
            },
            "lost_status": self._lost,
            "recall": self._metadata["recall"],
            "probability": self._metadata["probability"],
        }

    def closest(self, count: int = 10) -> pa.Table:
        """Return the conjunctions with the smallest ranges, the closest first.

        Parameters
        ----------
        count : int
            How many, at most.

        Returns
        -------
        pyarrow.Table
            Rows of `conjunctions`.
        """
        return _closest(self.conjunctions, count)

    def _ranges(self) -> Array:
        return np.asarray(self.conjunctions.column("TCA_RANGE").to_numpy())

    def _companion_count(self) -> int:
        return int(self.companions.num_rows)

    def __repr__(self) -> str:
        options = self._metadata["options"]
        return (
            f"<screening: {counted(self.conjunctions.num_rows, 'conjunction')} and "
            f"{counted(self.companions.num_rows, 'companion')} within "
            f"{options['threshold_km']:g} km, "
            f"{options['start']} to {options['stop']}>"
        )

    def _repr_html_(self) -> str:
        closest = self.closest(MOST_ROWS)
        names = ["OBJECT_NAME_1", "OBJECT_NAME_2", "TCA", "TCA_RANGE", "TCA_RELATIVE_SPEED"]
        instants = closest["TCA"].cast(pa.timestamp("us")).cast(pa.string())
        closest = closest.set_column(closest.column_names.index("TCA"), "TCA", instants)
        rows = closest.select(names).to_pylist()
        facts = {
            "satellites": f"{self._metadata['satellites']:,}",
            "without a state": f"{counted(len(self._lost), 'satellite')}, at some instants",
        }
        caption = "the closest approaches, UTC, km, km/s" if rows else ""
        shown = [row.values() for row in rows]
        return page(repr(self)[1:-1], facts, names if rows else (), shown, caption)


def _closest(table: pa.Table, count: int) -> pa.Table:
    keys = [(name, "ascending") for name in ("TCA_RANGE", "TCA", *NUMBERS)]
    return table.take(pc.sort_indices(table, sort_keys=keys)[:count])


class ScreenedInMemory(Screened):
    """The result of a screening without a directory."""

    def __init__(self, metadata: Facts, part: Part) -> None:
        self._metadata, self._lost = metadata, part.lost.tolist()
        self.conjunctions = part.conjunctions.cast(with_metadata(CONJUNCTIONS, metadata))
        self.companions = part.companions.cast(with_metadata(COMPANIONS, metadata))


class ScreenedDirectory(Screened):
    """The result of a screening in a directory; tables are read when they are used.

    Attributes
    ----------
    path : path
        The directory.
    """

    def __init__(self, store: Store, manifest: Manifest) -> None:
        self.path = store.path
        self._store, self._manifest = store, manifest
        contents: Any = manifest.contents
        self._metadata = contents.metadata

    @cached_property
    def conjunctions(self) -> pa.Table:
        """The conjunctions of all parts."""
        return self._table(0)

    @cached_property
    def companions(self) -> pa.Table:
        """The companions of all parts."""
        return self._table(1)

    @property
    def satellites(self) -> pa.Table:
        """The element sets, a row per satellite, sorted by number."""
        return self._read(self._manifest.files.companion)

    @cached_property
    def _lost(self) -> list[int]:  # type: ignore[override]
        found: set[int] = set()
        for entry in self._entries(1):
            schema = pq.read_schema(
                self._store.arrow_path(entry.file), filesystem=self._store.arrow_filesystem()
            )
            found |= set(json.loads(schema.metadata.get(LOST, b"[]")))
        return sorted(found)

    # The summary and the closest rows of a long window: without all rows in memory.
    def closest(self, count: int = 10) -> pa.Table:
        """Return the conjunctions with the least ranges, as Screened.closest."""
        schema = with_metadata(CONJUNCTIONS, self._metadata)
        table = schema.empty_table()
        for entry in self._entries(0):
            part = _closest(self._read(entry.file).cast(schema), count)
            table = _closest(pa.concat_tables([table, part]), count)
        return table.combine_chunks()

    def _ranges(self) -> Array:
        column = "TCA_RANGE"
        parts = [self._read(entry.file, [column]).column(column) for entry in self._entries(0)]
        return np.concatenate([np.empty(0), *parts])

    def _companion_count(self) -> int:
        return sum(entry.rows for entry in self._entries(1))

    def _table(self, number: int) -> pa.Table:
        columns = (CONJUNCTIONS, COMPANIONS)[number]
        schema = with_metadata(columns, self._metadata)
        tables = [self._read(entry.file).cast(schema) for entry in self._entries(number)]
        return pa.concat_tables([schema.empty_table(), *tables]).combine_chunks()

    def _entries(self, number: int) -> list[PartEntry]:
        return [entry for entry in self._manifest.parts if entry.part % 2 == number]

    def _read(self, file: str, columns: list[str] | None = None) -> pa.Table:
        return pq.read_table(
            self._store.arrow_path(file),
            columns=columns,
            filesystem=self._store.arrow_filesystem(),
        )


def open_screening(path: AnyPath) -> ScreenedDirectory:
    """Open a directory that `screen(..., out=DIR)` or `gpuprop screen -o DIR` wrote.

    Parameters
    ----------
    path : str, path or UPath
        The directory, on a disk or in an object store.

    Returns
    -------
    ScreenedDirectory
        With `conjunctions`, `companions`, `summary` and `satellites`.

    Raises
    ------
    FileNotFoundError
        There is no such directory, or a file is missing.
    ValueError
        The run did not finish: continue it with resume.
    DamagedError
        A file has another size than was written, or the manifest was altered.
    """
    store, manifest = open_complete(path, SCREENING)
    return ScreenedDirectory(store, manifest)
