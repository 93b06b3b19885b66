"""The error for a source that contains no element sets, or bad ones."""

from collections.abc import Sequence

from ...elements.sets import Reject
from ...errors import GpupropError

SHOWN = 20  # bad records in a message


class ElementsError(GpupropError, ValueError):
    """A source cannot be read as element sets, or some of its records are bad.

    Parameters
    ----------
    message : str
        What is wrong, where, and what to do.
    rejected : sequence of Reject
        The bad records; empty if the source as a whole cannot be read.
    """

    def __init__(self, message: str, rejected: Sequence[Reject] = ()) -> None:
        super().__init__(message)
        self.rejected = tuple(rejected)


def bad_records(source: str, rejected: Sequence[Reject], good: int) -> ElementsError:
    """Make one exception for all bad records of `source`.

    It says how many of how many, the first twenty, and what to do.
    """
    total = good + len(rejected)
    lines = [f"{source}: {len(rejected):,} of {total:,} records could not be read"]
    lines += [f"  {reject}" for reject in rejected[:SHOWN]]
    if len(rejected) > SHOWN:
        lines.append(f"  and {len(rejected) - SHOWN:,} more")
    if good:
        lines.append(
            f'To continue with the {good:,} good ones, use on_error="skip" (--on-error skip).'
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
