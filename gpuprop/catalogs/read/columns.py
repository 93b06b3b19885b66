"""Convert whole columns of text to numbers at once, with numpy over the bytes.

Every number is the correctly rounded double of its decimal text. Some texts that float() accepts
(nan, inf, 1_0) are not numbers here.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

# spaces outside ASCII: no-break (U+00A0), thin, ideographic ...
NO_BLANK = re.compile(r"[^\S \t\n\r\f\v\x1c-\x1f]")
LONGEST = 40  # characters of a number or an epoch; a double needs at most 24
TAB, LF, SPACE, DOT, ZERO = 9, 10, 32, 46, 48


def decode(data: bytes | bytearray) -> str:
    """Decode UTF-8, or else Latin-1, which never fails."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def trimmed(text: str) -> str:
    """Remove the blanks at both ends of a text.

    A no-break space is not a blank: it stays, so that a message shows it.
    """
    return text.strip(" \t\n\r\f\v")


@dataclass(frozen=True)
class Cells:
    """n pieces of text in one buffer: piece i is buffer[start[i] : start[i] + length[i]]."""

    buffer: Bytes
    start: Ints
    length: Ints

    @staticmethod
    def of(values: Iterable[str]) -> "Cells":
        """Put texts into one buffer."""
        texts = list(values)
        whole = "".join(texts)
        if whole.isascii():
            data, lengths = whole.encode(), map(len, texts)
        else:
            pieces = [text.encode("utf-8", "replace") for text in texts]
            data, lengths = b"".join(pieces), map(len, pieces)
        length = np.fromiter(lengths, np.int64, len(texts))
        return Cells(np.frombuffer(data, np.uint8), np.cumsum(length) - length, length)

    @staticmethod
    def lines(data: bytes | bytearray) -> "Cells":
        """Split `data` (LF line ends) into lines; piece i is line i + 1, without its end."""
        buffer = np.frombuffer(data, np.uint8)
        ends = np.flatnonzero(buffer == LF)
        start = np.concatenate([[0], ends + 1])
        return Cells(buffer, start, np.append(ends, len(buffer)) - start)

    def __len__(self) -> int:
        return len(self.start)

    def __getitem__(self, chosen: npt.NDArray[np.generic]) -> "Cells":
        return Cells(self.buffer, self.start[chosen], self.length[chosen])

    def matrix(self, width: int, pad: int = SPACE) -> Bytes:
        """Return the first `width` bytes of every piece, (n, width), filled up with `pad`."""
        column = np.arange(width)
        last = len(self.buffer) - width
        if last >= 0:
            text = np.lib.stride_tricks.sliding_window_view(self.buffer, width)[
                np.minimum(self.start, last)
            ]
            late = np.flatnonzero(self.start > last)
        else:
            text = np.empty((len(self), width), np.uint8)
            late = np.arange(len(self))
        if len(late) and len(self.buffer):
            text[late] = self.buffer[
                np.minimum(self.start[late, None] + column, len(self.buffer) - 1)
            ]
        np.copyto(text, np.uint8(pad), where=column >= self.length[:, None])
        return text

    def indent(self) -> Ints:
        """Count the spaces and tabs at the beginning of every piece.

        The count is the length of the piece if it contains nothing else.
        """
        indent = np.zeros(len(self), np.int64)
        inside = np.flatnonzero(self.length > 0)
        while len(inside):
            character = self.buffer[self.start[inside] + indent[inside]]
            inside = inside[(character == SPACE) | (character == TAB)]
            indent[inside] += 1
            inside = inside[indent[inside] < self.length[inside]]
        return indent

    def fitted(self) -> tuple[Bytes, Mask]:
        """Return all bytes, (n, longest piece), and which pieces are too long for a number."""
        width = int(min(LONGEST, self.length.max(initial=1)))
        return self.matrix(max(width, 1)), self.length > LONGEST

    def bytes(self, i: int) -> bytes:
        """Return piece i."""
        return self.buffer[self.start[i] : self.start[i] + self.length[i]].tobytes()

    def text(self, i: int) -> str:
        """Return piece i as text, without blanks at its ends."""
        return trimmed(decode(self.bytes(i)))

    def texts(self) -> list[str]:
        """Return every piece as text, without spaces at its ends."""
        raw = self.buffer.tobytes()
        ends = (self.start + self.length).tolist()
        pieces = [raw[start:end] for start, end in zip(self.start.tolist(), ends, strict=True)]
        if raw.isascii():
            return [piece.decode("ascii").strip() for piece in pieces]
        return [decode(piece).strip() for piece in pieces]


# A finite automaton over bytes that accepts decimal numbers: one pass over the columns of a matrix
# checks all its rows.
_START, _SIGN, _DIGITS, _POINT, _BARE_POINT, _FRACTION = range(6)
_E, _E_SIGN, _E_DIGITS, _END, _BAD = range(6, 11)
_GOOD = (_DIGITS, _POINT, _FRACTION, _E_DIGITS, _END)
_ARCS: dict[int, dict[bytes, int]] = {
    _START: {b" ": _START, b"+-": _SIGN, b"0123456789": _DIGITS, b".": _BARE_POINT},
    _SIGN: {b"0123456789": _DIGITS, b".": _BARE_POINT},
    _DIGITS: {b"0123456789": _DIGITS, b".": _POINT, b"eE": _E, b" ": _END},
    _POINT: {b"0123456789": _FRACTION, b"eE": _E, b" ": _END},
    _BARE_POINT: {b"0123456789": _FRACTION},
    _FRACTION: {b"0123456789": _FRACTION, b"eE": _E, b" ": _END},
    _E: {b"+-": _E_SIGN, b"0123456789": _E_DIGITS},
    _E_SIGN: {b"0123456789": _E_DIGITS},
    _E_DIGITS: {b"0123456789": _E_DIGITS, b" ": _END},
    _END: {b" ": _END},
}


def _table() -> npt.NDArray[np.uint16]:
    table = np.full((11, 256), _BAD, np.uint16)
    for state, arcs in _ARCS.items():
        for characters, target in arcs.items():
            table[state, list(characters)] = target
    # a state is the offset of its row, so that one addition and one look-up make a step
    return (table * 256).ravel()


_TABLE = _table()


def decimals(text: Bytes) -> tuple[Floats, Mask, Mask]:
    """Convert (n, width) characters, with spaces allowed around each number.

    Returns the values, where they are good, and where the text is blank.
    """
    state = np.zeros(len(text), np.uint16)
    for column in np.ascontiguousarray(text.T):
        state = _TABLE[state + column]
    state //= 256
    good = np.isin(state, _GOOD)
    safe = np.where(good[:, None], text, np.uint8(ZERO))
    values = np.ascontiguousarray(safe).view(f"S{text.shape[1]}")[:, 0].astype(np.float64)
    return values, good & np.isfinite(values), state == _START


def integers(text: Bytes) -> tuple[npt.NDArray[np.int32], Mask, Mask]:
    """Convert whole numbers of at most 31 bits, as `decimals` does.

    `999.0` is a whole number: spreadsheets write 999 so.
    """
    values, good, blank = decimals(text)
    good &= (values == np.floor(values)) & (np.abs(values) < 2.0**31)
    return np.where(good, values, 0).astype(np.int32), good, blank


def digits(text: Bytes) -> tuple[Ints, Mask]:
    """Convert (n, width) characters that must all be digits.

    Returns the values (0 where bad) and where they are good.
    """
    good = np.asarray(((text >= ZERO) & (text < ZERO + 10)).all(axis=1))
    value = np.zeros(len(text), np.int64)
    for column in text.T:
        value = value * 10 + (column.astype(np.int64) - ZERO)
    return np.where(good, value, 0), good


def leading_zeros(text: Bytes) -> Bytes:
    """Replace the spaces before the first other character by zeros."""
    blank = np.logical_and.accumulate(text == SPACE, axis=1)
    return np.where(blank, np.uint8(ZERO), text)
