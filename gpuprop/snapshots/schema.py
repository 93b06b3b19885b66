"""The schema of parts, and the metadata in it."""

import json
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from ..states import state_columns

# fields of a plan that say how it is spread over files; the schema does not have them
SPREAD = ("format", "compression", "parts", "part_instants", "batch_instants", "instant_batches")


def schema_of(plan: Mapping[str, Any]) -> pa.Schema:
    """The schema of the parts of a plan as it stands in the manifest (Plan.to_dict): Plan.schema,
    without opening a part.
    """
    columns = state_columns(
        plan["frame"], plan["dtype"], plan["velocity"], plan.get("sunlit", False)
    )
    return pa.schema(columns, metadata={"gpuprop": metadata_text(plan)})


def metadata_text(plan: Mapping[str, Any]) -> str:
    """Return the value of the key `gpuprop` in the schema of every part of a plan."""
    return json.dumps({name: value for name, value in plan.items() if name not in SPREAD})


def satellites_text(plan: Mapping[str, Any]) -> str:
    """Return the value of the key `gpuprop` in the schema of the file of the satellites."""
    return json.dumps(
        {
            name: plan[name]
            for name in ("version", "elements", "satellites", "notes")
            if name in plan
        }
    )


def row_bytes(columns: list[pa.Field]) -> int:
    """Return the bytes of a row."""
    return sum(int(column.type.bit_width) for column in columns) // 8
