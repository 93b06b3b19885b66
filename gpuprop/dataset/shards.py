"""Divide the parts of a plan into shards: N contiguous ranges, each written by its own job."""

import re
from dataclasses import dataclass

MOST_PARTS = 100_000  # of a run


@dataclass(frozen=True, order=True)
class Shard:
    """Shard `number` of `count`, counted from 1.

    A shard has whole parts, in the order of the plan.
    """

    count: int
    number: int

    @staticmethod
    def parse(text: "str | Shard") -> "Shard":
        """Parse `2/8`, the second of eight shards. ValueError for anything else."""
        if isinstance(text, Shard):
            return text
        if not isinstance(text, str):
            raise TypeError(f"shard {text!r} is not text: the second of eight is '2/8'")
        match = re.fullmatch(r"\s*([0-9]{1,18})\s*/\s*([0-9]{1,18})\s*", text)
        if match is None:
            raise ValueError(f"shard {text!r} is not I/N: the second of eight is 2/8")
        number, count = int(match[1]), int(match[2])
        if not 1 <= number <= count:
            raise ValueError(
                f"there is no shard {number}/{count}: they count from 1/{max(count, 1)} to "
                f"{max(count, 1)}/{max(count, 1)}"
            )
        if count > MOST_PARTS:
            raise ValueError(
                f"shard {text!r}: no run has more than {MOST_PARTS:,} parts: use {MOST_PARTS} "
                "shards or fewer"
            )
        return Shard(count, number)

    @staticmethod
    def named(manifest: str) -> "Shard | None":
        """Return the shard whose manifest has this name; None for other names."""
        match = re.fullmatch(r"shard-([0-9]{3,6})-of-([0-9]{3,6})\.json", manifest)
        shard = Shard(int(match[2]), int(match[1])) if match else None
        return (
            shard
            if shard and 1 <= shard.number <= shard.count and shard.manifest == manifest
            else None
        )

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    @property
    def manifest(self) -> str:
        """The name of its manifest in the directory of the run."""
        return f"shard-{self.number:03d}-of-{self.count:03d}.json"

    @property
    def lock(self) -> str:
        """The name of its lock."""
        return f".lock-{self.number:03d}-of-{self.count:03d}"

    def parts(self, parts: int) -> range:
        """Return its part numbers. With more shards than parts, some shards have none."""
        return range(parts * (self.number - 1) // self.count, parts * self.number // self.count)

    def all(self) -> "list[Shard]":
        """Return all shards of its run."""
        return [Shard(self.count, number) for number in range(1, self.count + 1)]
