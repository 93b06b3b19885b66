"""What is raised when a source holds no element sets, or bad ones."""

from collections.abc import Sequence

from ...elements.sets import Reject
from ...errors import GpupropError

SHOWN = 20


class ElementsError(GpupropError, ValueError):
    """A source that could not be read, or not all of it. `rejected` holds the records that are bad,
    if it came to records at all.
    """

    def __init__(self, message: str, rejected: Sequence[Reject] = ()) -> None:
        super().__init__(message)
        self.rejected = tuple(rejected)


def bad_records(source: str, rejected: Sequence[Reject], good: int) -> ElementsError:
    """The one exception for all the bad records of `source`: how many of how many, the first
    twenty, and what to do.
    """
    total = good + len(rejected)
    lines = [f"{source}: {len(rejected):,} of {total:,} records could not be read"]
    lines += [f"  {reject}" for reject in rejected[:SHOWN]]
    if len(rejected) > SHOWN:
        lines.append(f"  and {len(rejected) - SHOWN:,} more")
    if good:
        lines.append(
            f'To go on with the {good:,} good ones, use on_error="skip" (--on-error skip).'
        )
    else:
        lines.append(
            "No record is good: download the file again, or check that it holds TLE, 3LE or OMM "
            "element sets."
        )
    if any(reject.reason.startswith("checksum") for reject in rejected):
        lines.append(
            'To read sets whose checksum is wrong, use checksum="ignore" (--checksum ignore).'
        )
    return ElementsError("\n".join(lines), rejected)
