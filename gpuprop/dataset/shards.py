"""A shard: one of N contiguous ranges of whole parts of a plan, written by a job of its own beside
the others.
"""

import re
from dataclasses import dataclass

MOST_PARTS = 100_000  # of a run; see plan.refuse_too_large


@dataclass(frozen=True, order=True)
class Shard:
    """Shard `number` of `count`, counted from 1. Parts are dealt out in the order of time, so that
    every snapshot stays whole.
    """

    count: int
    number: int

    @staticmethod
    def parse(text: "str | Shard") -> "Shard":
        """`2/8` is the second of eight. ValueError for anything else."""
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
        """The shard whose manifest has this name, None if that is the name of something else."""
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
        """Which of the plan's parts are its own; none where there are more shards than parts."""
        return range(parts * (self.number - 1) // self.count, parts * self.number // self.count)

    def all(self) -> "list[Shard]":
        """The shards of its run."""
        return [Shard(self.count, number) for number in range(1, self.count + 1)]
