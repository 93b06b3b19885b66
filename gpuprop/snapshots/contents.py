"""The plan of a run as its manifest records it, and what it means for every file."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa

from ..time.times import Times
from .layout import Files, Layout
from .manifest_fields import layout_of, times_of
from .schema import metadata_text, satellites_text, schema_of


@dataclass(frozen=True, eq=False)
class RecordedPlan:
    """A plan that was checked (manifest_fields.problem).

    plan: in the form of Plan.to_dict().
    """

    plan: Mapping[str, Any]

    @property
    def format(self) -> str:
        return str(self.plan["format"])

    @cached_property
    def layout(self) -> Layout:
        return layout_of(self.plan)

    @cached_property
    def times(self) -> Times | None:
        """The instants if they are a grid."""
        return times_of(self.plan)

    @cached_property
    def files(self) -> Files:
        return Files(self.format, self.layout.parts)

    @cached_property
    def columns(self) -> pa.Schema:
        """The columns of a part, without metadata."""
        return schema_of(dict(self.plan)).remove_metadata()

    @cached_property
    def part_text(self) -> bytes:
        """The value of the key `gpuprop` in the schema of each part."""
        return metadata_text(dict(self.plan)).encode()

    @cached_property
    def satellites_text(self) -> bytes:
        """The same for the file of the satellites."""
        return satellites_text(dict(self.plan)).encode()

    def text(self, file: str) -> bytes:
        """The same for a file of the run, given by its name."""
        return self.satellites_text if file == self.files.satellites else self.part_text
