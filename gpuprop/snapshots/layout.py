"""Which rows go into which part and batch.

A pure function of the number of satellites and instants.
"""

from collections.abc import Iterator
from dataclasses import dataclass

# Bytes of a part before compression. Parquet in float32, the smallest form, keeps 9 bytes of 25, so
# parts of every form have between 256 MB and 1 GB.
PART_BYTES = 768_000_000
BATCH_ROWS, MOST_BATCH_ROWS = 1 << 19, 1 << 20


@dataclass(frozen=True)
class Layout:
    """Which rows go into which part and batch.

    A part has whole batches. A batch has `batch_instants` whole instants. With more than 1 Mi
    satellites, it has one of the `instant_batches` slices of one instant.
    """

    satellites: int
    instants: int
    batch_instants: int
    instant_batches: int
    part_instants: int  # a multiple of batch_instants

    @staticmethod
    def of(
        satellites: int, instants: int, row_bytes: int, part_bytes: int | None = None
    ) -> "Layout":
        """Make the layout of a run.

        Batches have 256 Ki to 1 Mi rows (the last may have fewer). Parts have at most `part_bytes`
        (PART_BYTES unless given), or one batch.
        """
        part_bytes = PART_BYTES if part_bytes is None else part_bytes
        instant_batches = -(-satellites // MOST_BATCH_ROWS)
        batch_instants = max(1, BATCH_ROWS // satellites)
        part_batches = max(1, part_bytes // (row_bytes * satellites * batch_instants))
        return Layout(
            satellites, instants, batch_instants, instant_batches, part_batches * batch_instants
        )

    @property
    def parts(self) -> int:
        """Number of parts."""
        return -(-self.instants // self.part_instants)

    def part(self, index: int) -> range:
        """Return the numbers of the instants in a part."""
        first = index * self.part_instants
        return range(first, min(first + self.part_instants, self.instants))

    def instants_of(self, parts: range) -> range:
        """Return the numbers of the instants in consecutive parts."""
        return range(self.part(parts[0]).start, self.part(parts[-1]).stop) if parts else range(0)

    def part_batches(self, index: int) -> int:
        """Return the number of batches in a part."""
        return -(-len(self.part(index)) // self.batch_instants) * self.instant_batches

    def satellite_slices(self) -> Iterator[slice]:
        """Return the satellites of each batch of the same instants, in order."""
        return (self.satellite_slice(number) for number in range(self.instant_batches))

    def satellite_slice(self, number: int) -> slice:
        """Return the satellites of one of these batches."""
        width = -(-self.satellites // self.instant_batches)
        return slice(
            min(number * width, self.satellites), min((number + 1) * width, self.satellites)
        )

    def find(self, instant: int) -> tuple[int, range, int]:
        """Find an instant.

        Returns its part, its batches in that part, and the row of its first satellite in the first
        of these batches.
        """
        part, within = divmod(instant, self.part_instants)
        batch, group = divmod(within, self.batch_instants)
        first = batch * self.instant_batches
        return part, range(first, first + self.instant_batches), group * self.satellites
