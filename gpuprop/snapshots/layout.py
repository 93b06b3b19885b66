"""Which rows go into which part and batch: a pure function of the counts of satellites and
instants.
"""

from collections.abc import Iterator
from dataclasses import dataclass

# Bytes of columns in a part. Compressed parts are held to it before compression: Parquet in
# float32, the smallest form, keeps 9 bytes of 25, so every form stays between 256 MB and 1 GB.
PART_BYTES = 768_000_000
BATCH_ROWS, MOST_BATCH_ROWS = 1 << 19, 1 << 20


@dataclass(frozen=True)
class Layout:
    """Where rows are: parts hold whole batches; a batch is `batch_instants` whole instants or, for
    more than 1 Mi satellites, one of the `instant_batches` slices of one instant.
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
        """The layout of a run. Batches are 256 Ki to 1 Mi rows (a run's last may be smaller), parts
        at most part_bytes (PART_BYTES unless given) or one batch.
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
        return -(-self.instants // self.part_instants)

    def part(self, index: int) -> range:
        """The instants in part `index`."""
        first = index * self.part_instants
        return range(first, min(first + self.part_instants, self.instants))

    def instants_of(self, parts: range) -> range:
        """The instants in consecutive parts, found without a loop over the parts."""
        return range(self.part(parts[0]).start, self.part(parts[-1]).stop) if parts else range(0)

    def part_batches(self, index: int) -> int:
        """Batches in part `index`."""
        return -(-len(self.part(index)) // self.batch_instants) * self.instant_batches

    def satellite_slices(self) -> Iterator[slice]:
        """The satellites of the successive batches of one instant, or of a group of batch_instants."""
        return (self.satellite_slice(number) for number in range(self.instant_batches))

    def satellite_slice(self, number: int) -> slice:
        """The satellites of one of these batches."""
        width = -(-self.satellites // self.instant_batches)
        return slice(
            min(number * width, self.satellites), min((number + 1) * width, self.satellites)
        )

    def find(self, instant: int) -> tuple[int, range, int]:
        """Where an instant is: part, batches of that part, and the row of its first satellite in
        the first of them.
        """
        part, within = divmod(instant, self.part_instants)
        batch, group = divmod(within, self.batch_instants)
        first = batch * self.instant_batches
        return part, range(first, first + self.instant_batches), group * self.satellites
