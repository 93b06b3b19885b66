"""OMM as JSON: an array of objects, one object, or one object a line. A record that is damaged spoils itself only."""

import json
import re
from typing import Any

from gpuprop.elements import Elements
from gpuprop.reading.errors import ElementsError
from gpuprop.reading.omm import KEYWORDS, Messages
from gpuprop.reading.source import decode

MAX_RECORD = 64 << 10  # characters of one object; Space-Track's have about 1,200
TWICE = "\0twice"
_GAP = re.compile(r"[ \t\n]*")
_NEXT = re.compile(r"\}[ \t\n]*,?[ \t\n]*(?=\{)")  # where the next record begins, seen from inside a damaged one


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = {key.strip().upper(): value for key, value in pairs}
    if len(record) != len(pairs):
        keys = [key.strip().upper() for key, _ in pairs]
        record[TWICE] = next(key for key in keys if keys.count(key) > 1)
    return record


# Numbers stay text, so that they are converted as in every other format: correctly rounded, NaN refused.
_decoder = json.JSONDecoder(object_pairs_hook=_object, parse_float=str, parse_int=str, parse_constant=str)


def read(data: bytes, source: str) -> Elements:
    """Every object of `data` (LF line ends); the bad ones are in `rejected`. Raises ElementsError if there is none."""
    text = decode(data)
    messages = Messages()
    at = _skip(text, 0)
    array = text[at : at + 1] == "["
    at = _skip(text, at + 1) if array else at
    line, counted, closed = 1, 0, not array
    if array and text[at : at + 1] == "]":
        raise ElementsError(f"{source} is an empty JSON array: the query matched nothing")
    while at < len(text):
        line, counted = line + text.count("\n", counted, at), at
        at = _record(text, at, line, messages)
        after = _skip(text, at)
        mark = text[after : after + 1]
        if array and mark == "]":
            closed = True
            at = _skip(text, after + 1)
            if at < len(text):
                messages.reject(line + text.count("\n", counted, at), text[at : at + 200], "text after the end of the JSON array")
            break
        if array and mark == ",":
            at = _skip(text, after + 1)
        elif mark and (array or mark != "{"):
            missing = "',' or ']'" if array else "the end of the file"
            messages.reject(line + text.count("\n", counted, after), text[after : after + 200], f"{missing} is missing here in the JSON")
            start = text.find("{", after)
            at = len(text) if start < 0 else start
        else:
            at = after
    if not closed:
        messages.reject(text.count("\n") + 1, text[-80:], "the JSON array has no end: the file was cut")
    return messages.elements()


def _skip(text: str, at: int) -> int:
    match = _GAP.match(text, at)
    return match.end() if match else at


def _record(text: str, at: int, line: int, messages: Messages) -> int:
    """Read the record at `at` into `messages`; returns where it ends."""
    shown = text[at : at + 800]
    try:
        record, at = _decode(text, at)
    except (json.JSONDecodeError, RecursionError) as error:
        reason = f"not JSON: {error.msg}" if isinstance(error, json.JSONDecodeError) else "not JSON of a known kind: nested too deeply"
        messages.reject(line, shown, reason)
        found = _NEXT.search(text, at)
        if found:
            return found.start() + 1
        closing = text.rfind("]", at)
        return closing if closing >= 0 else len(text)
    shown = " ".join(shown[: max(at, 0)].split())
    if not isinstance(record, dict):
        messages.reject(line, shown, "not a JSON object")
    elif TWICE in record:
        messages.reject(line, shown, f"{record[TWICE]} is given more than once")
    elif not any(keyword in record for keyword in KEYWORDS):
        said = next((value for key, value in record.items() if key in ("ERROR", "MESSAGE", "DETAIL")), None)
        messages.reject(line, shown, f"the server's message instead of an element set: {said}" if said else "no OMM keyword in this object")
    else:
        messages.add({name: _text(record[name]) for name in KEYWORDS if name in record}, line, shown)
    return at


def _decode(text: str, at: int) -> tuple[Any, int]:
    """One value. Only a bounded piece of the text is shown to the decoder, so that a hostile file cannot fill the memory."""
    end = text.find("}", at, at + MAX_RECORD) + 1
    if end:
        try:
            value, used = _decoder.raw_decode(text[at:end])
            return value, at + used
        except json.JSONDecodeError:
            pass  # a brace within a text or an object within the object
    value, used = _decoder.raw_decode(text[at : at + MAX_RECORD])
    return value, at + used


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value)[:80]
