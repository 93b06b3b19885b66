"""OMM as keyword = value notation: one message, or several after each other."""

import re

from ...elements.sets import Elements
from .columns import Cells
from .omm import Messages, is_keyword, without_unit

_PAIR = re.compile(r"([A-Za-z][A-Za-z0-9_]*)[ \t]*=[ \t]*(.*)", re.DOTALL)
_VERSION = re.compile(r"CCSDS_[A-Z]+_VERS")


def read(data: bytes | bytearray, source: str, checksum: str) -> Elements:
    """Read every message of `data` (LF line ends); the bad ones are in `rejected`.

    A message begins at CCSDS_OMM_VERS.
    """
    lines = Cells.lines(data)
    messages = Messages(data)
    record: dict[str, str] = {}
    begin, shown, fault = 0, (0, 0), ""

    def finish() -> None:
        if fault:
            messages.reject(begin, *shown, fault)
        elif begin:
            messages.add(record, begin, *shown)

    def range_of(number: int) -> tuple[int, int]:
        start = int(lines.start[number - 1])
        return start, start + int(lines.length[number - 1])

    for number in range(1, len(lines) + 1):
        text = lines.text(number - 1)
        if not text or text.split(None, 1)[0].upper() == "COMMENT":
            continue
        pair = _PAIR.fullmatch(text)
        name = pair[1].upper() if pair else ""
        if not begin or _VERSION.fullmatch(name):
            finish()
            record, begin, shown, fault = {}, number, range_of(number), ""
        if not pair:
            fault = fault or f"line {number} is not KEYWORD = value: {text[:60]!r}"
        elif _VERSION.fullmatch(name) and name != "CCSDS_OMM_VERS":
            fault = f"{name} begins another kind of message, not an OMM"
        elif name in record:
            fault = (
                fault
                or f"{name} is given again on line {number}: a message begins with CCSDS_OMM_VERS"
            )
        elif is_keyword(name):
            record[name] = without_unit(name, pair[2])
            shown = range_of(number) if name == "OBJECT_NAME" else shown
    finish()
    return messages.elements()
