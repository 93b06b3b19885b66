"""OMM as JSON: an array of objects, one object, or one object after another. A damaged object spoils itself only."""

import json
import re
from typing import Any

from ..elements import Elements
from .columns import decode
from .errors import ElementsError
from .omm import KEYWORDS, Messages

MAX_RECORD = 64 << 10  # characters of one object; Space-Track's have about 1,200
_GAP = re.compile(r"[ \t\n]*")
_NEXT = re.compile(r"\}[ \t\n]*(?:,[ \t\n]*)?(?=\{)")  # what stands before the next record, seen from inside a damaged one


def read(data: bytes | bytearray, source: str) -> Elements:
    """Every object of `data` (LF line ends); the bad ones are in `rejected`. Raises ElementsError for an empty array."""
    scan = _Scanner(decode(data))
    array = scan.take("[")
    due = True  # whether an object may begin here
    while scan.character():
        if due and scan.character() == "{":
            due = scan.record() or not array
        elif array and not due and scan.take(","):
            due = True
        elif array and scan.take("]"):
            if not scan.messages.total:
                raise ElementsError(f"{source} is an empty JSON array: the query matched nothing")
            if due:
                scan.fault("the JSON array ends after a comma")
            if scan.character():
                scan.fault("text after the end of the JSON array")
            return scan.messages.elements()
        else:
            scan.fault("not a JSON object" if due else "',' or ']' is missing here in the JSON")
            scan.resume()
            due = True
    if array and not scan.cut:
        scan.fault("the JSON array has no end: the file was cut")
    return scan.messages.elements()


class _Scanner:
    """A position in the text, its line, and the messages found so far."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.cut = False  # whether the last record ran into the end of the file
        self.messages = Messages()
        self._line, self._counted = 1, 0

    def character(self) -> str:
        """The next character that is not blank; empty at the end."""
        gap = _GAP.match(self.text, self.at)
        self.at = gap.end() if gap else self.at
        return self.text[self.at : self.at + 1]

    def take(self, character: str) -> bool:
        taken = self.character() == character
        self.at += taken
        return taken

    def line(self) -> int:
        self._line += self.text.count("\n", self._counted, self.at)
        self._counted = self.at
        return self._line

    def fault(self, reason: str) -> None:
        shown = self.text[self.at : self.at + 200] or self.text[-80:]
        self.messages.reject(self.line(), shown, reason)

    def resume(self) -> None:
        """Go to the next object."""
        start = self.text.find("{", self.at)
        self.at = start if start >= 0 else len(self.text)

    def record(self) -> bool:
        """Read one object; returns whether the next one begins right here, as after a damaged one."""
        begin, line = self.at, self.line()
        try:
            record, self.at = self._decode()
        except (json.JSONDecodeError, RecursionError) as error:
            what = error.msg if isinstance(error, json.JSONDecodeError) else "nested too deeply"
            self.messages.reject(line, self._shown(begin, begin + 800), f"not a JSON object that is whole: {what}")
            found = _NEXT.search(self.text, self.at)
            closing = self.text.rfind("]", self.at)
            self.cut = not found and closing < 0
            self.at = found.end() if found else closing if closing >= 0 else len(self.text)
            return found is not None
        _message(record, line, self._shown(begin, self.at), self.messages)
        return False

    def _shown(self, begin: int, end: int) -> str:
        return self.text[begin : min(end, begin + 800)]

    def _decode(self) -> tuple[dict[str, Any], int]:
        """Only a bounded piece of the text is shown to the decoder, so that a hostile file cannot fill the memory."""
        at = self.at
        end = self.text.find("}", at, at + MAX_RECORD) + 1
        if end:
            try:
                record, used = _decoder.raw_decode(self.text[at:end])
                return record, at + used
            except json.JSONDecodeError:
                pass  # a brace within a text, or an object within the object
        record, used = _decoder.raw_decode(self.text[at : at + MAX_RECORD])
        return record, at + used


class _Twice(dict[str, Any]):
    """An object that names a keyword twice."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = {key.strip().upper(): value for key, value in pairs}
    return record if len(record) == len(pairs) else _Twice(record)


# Numbers stay text, so that they are converted as in every other format: correctly rounded, NaN refused.
_decoder = json.JSONDecoder(object_pairs_hook=_object, parse_float=str, parse_int=str, parse_constant=str)


def _message(record: dict[str, Any], line: int, shown: str, messages: Messages) -> None:
    if isinstance(record, _Twice):
        messages.reject(line, shown, "a keyword is given more than once")
        return
    message = {name: _text(record[name]) for name in KEYWORDS if name in record}
    if message:
        messages.add(message, line, shown)
    else:
        said = next((value for key, value in record.items() if key in ("ERROR", "MESSAGE", "DETAIL")), None)
        messages.reject(line, shown, f"the server's message instead of an element set: {said}" if said else "no OMM keyword in this object")


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value)[:80]
