"""The columns of the parts, and the metadata in their schema."""

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import pyarrow as pa

from ..states import state_columns
from ..time.units import MICROSECOND
from ..typing import Bits
from .options import SnapshotOptions

# Fields of a plan that describe its files. They are not in the metadata of a schema.
FILE_FIELDS = (
    "format",
    "compression",
    "parts",
    "part_instants",
    "batch_instants",
    "instant_batches",
)


def columns_of(options: SnapshotOptions) -> pa.Schema:
    """Return the columns of a part, without metadata. ValueError for an unknown frame."""
    return pa.schema(
        state_columns(
            options.frame,
            options.dtype,
            options.velocity,
            options.sunlit,
            options.timestamp_unit,
        )
    )


def instants_of(time: pa.Array) -> Bits:
    """Return the instants of a column `time`, (n,) ns since 1970 UTC.

    Instants of a damaged file may wrap around 64 bits: they are then not those of the plan.
    """
    values: Bits = time.view(pa.int64()).to_numpy()
    return values if time.type.unit == "ns" else values * MICROSECOND


def options_of(plan: Mapping[str, Any]) -> SnapshotOptions:
    """Return the options in a plan as a manifest records it. An older plan may lack some."""
    names = [field.name for field in fields(SnapshotOptions) if field.name in plan]
    return SnapshotOptions(**{name: plan[name] for name in names})


def schema_of(plan: Mapping[str, Any]) -> pa.Schema:
    """Return the schema of the parts of a plan as a manifest records it (Plan.to_dict)."""
    return columns_of(options_of(plan)).with_metadata({"gpuprop": metadata_text(plan)})


def metadata_text(plan: Mapping[str, Any]) -> str:
    """Return the value of the key `gpuprop` in the schema of every part of a plan."""
    return json.dumps({name: value for name, value in plan.items() if name not in FILE_FIELDS})


def satellites_text(plan: Mapping[str, Any]) -> str:
    """Return the value of the key `gpuprop` in the schema of the file of the satellites."""
    return json.dumps(
        {
            name: plan[name]
            for name in ("version", "elements", "satellites", "notes")
            if name in plan
        }
    )


def row_bytes(options: SnapshotOptions) -> int:
    """Return the bytes of a row."""
    return sum(int(column.type.bit_width) for column in columns_of(options)) // 8
