"""The lines of a text, as positions in its bytes."""

from dataclasses import dataclass

import numpy as np

from gpuprop.reading.columns import Bytes, Cells, Ints, Mask
from gpuprop.reading.errors import ElementsError

MAX_LINE = 64 << 10  # bytes; a two-line set's lines have 69, a row of Space-Track's CSV about 400
MAX_LINES = 10_000_000  # the whole public catalogue has 90 thousand; this bounds the memory that line positions take


def newlines(data: bytes) -> bytes:
    """CRLF and lone CR to LF, so that every format counts lines alike."""
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in data else data


@dataclass(frozen=True)
class Lines:
    """Line i (0-based) is buffer[start[i] : start[i] + length[i]], without its line end."""

    buffer: Bytes
    start: Ints
    length: Ints

    @staticmethod
    def of(data: bytes, source: str) -> "Lines":
        """data: with LF line ends. Raises ElementsError beyond MAX_LINES or MAX_LINE."""
        if data.count(b"\n") > MAX_LINES:
            raise ElementsError(f"{source} has more than {MAX_LINES:,} lines, the most that is read at once: split it")
        buffer = np.frombuffer(data, np.uint8)
        ends = np.flatnonzero(buffer == ord("\n"))
        start = np.concatenate([[0], ends + 1])
        length = np.append(ends, len(buffer)) - start
        longest = int(length.argmax())
        if length[longest] > MAX_LINE:
            raise ElementsError(f"{source}, line {longest + 1} has {length[longest]:,} bytes: no element set has a line over {MAX_LINE:,}")
        return Lines(buffer, start, length)

    def __len__(self) -> int:
        return len(self.start)

    def blank(self) -> Mask:
        """Which lines hold nothing but spaces and tabs."""
        blank: Mask = self.length == 0
        first = self.buffer[np.minimum(self.start, len(self.buffer) - 1)]
        for i in np.flatnonzero(~blank & ((first == ord(" ")) | (first == ord("\t")))).tolist():
            blank[i] = not self.buffer[self.start[i] : self.start[i] + self.length[i]].tobytes().strip(b" \t")
        return blank

    def all(self) -> Cells:
        return Cells(self.buffer, self.start, self.length)

    def cells(self, chosen: Ints) -> Cells:
        return Cells(self.buffer, self.start[chosen], self.length[chosen])
