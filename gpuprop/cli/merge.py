"""`gpuprop merge`: make one run of the shards in a directory."""

from typing import Annotated

from cyclopts import Parameter
from rich.filesize import decimal

from ..dataset.merge import merge as merge_shards
from ..messages import counted
from .console import DONE, print_result
from .inputs import given_store
from .kinds import kind_of
from .options import Json


def merge(
    directory: Annotated[
        str,
        Parameter(name="DIR", help="The directory, or the URL, that the shards were written to."),
    ],
    /,
    *,
    json: Json = False,
) -> int:
    """Run `gpuprop merge`."""
    store = given_store(directory)
    merged = merge_shards(store, kind_of(store))
    text = (
        f"{merged.path}: {merged.shards} shards merged, "
        if merged.shards
        else f"{merged.path}: a whole run, "
    )
    print_result(
        merged.to_dict(),
        json,
        f"{text}{merged.rows:,} rows, {decimal(merged.bytes)} in {counted(merged.parts, 'part')}",
    )
    return DONE
