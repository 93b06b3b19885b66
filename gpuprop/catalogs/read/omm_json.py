"""OMM or TLE lines as JSON: objects in arrays, in other objects, or one after the other.

Damage to an object does not affect the others. The rules:

- Each element of an array is a message. An array of two or three texts that are the lines of a TLE
  is one message: [name, line 1, line 2].
- The keywords of an object and of the objects in it are one message (`{"omm": {"metadata": {...},
  "data": {...}}}`). If a keyword is given twice, each object in it is a message (`{"25544": {...},
  "48274": {...}}`).
- A frame, time scale, name or number that an object gives beside its messages applies to all of
  them.
"""

import itertools

import numpy as np

from ...elements.sets import Elements
from .columns import decode, trimmed
from .errors import ElementsError
from .json_keywords import BOTH_LINES, LINES, MEAN_ELEMENTS, NAMES
from .json_walk import JsonError, Walk
from .omm import Messages
from .tle import from_texts


def read(data: bytes | bytearray, source: str, checksum: str) -> Elements:
    """Read every element set of `data` (LF line ends); the bad ones are in `rejected`.

    Raises ElementsError for an empty array.
    """
    walk = Walk(decode(data))
    while walk.character():
        try:
            walk.step()
        except JsonError as error:
            walk.recover(error)
    walk.finish()
    if not walk.messages.total:
        raise ElementsError(f"{source} is an empty JSON array: the query matched nothing")
    return _elements(walk.messages, walk.unread, checksum)


def _elements(messages: Messages, unread: list[str], checksum: str) -> Elements:
    """Convert messages to element sets, in their order.

    unread: keywords of arrays without an element set, for a note.
    """
    lines = [i for i, record in enumerate(messages.records) if _is_lines(record)]
    with_lines = set(lines)
    omm = [i for i in range(len(messages.records)) if i not in with_lines]
    drafts = [(omm, messages.draft(omm))] if omm or not lines else []
    if lines:
        records = [messages.records[i] for i in lines]
        names = [
            name_of({**record, "OBJECT_NAME": name})
            for record, name in zip(records, messages.texts("OBJECT_NAME", lines), strict=True)
        ]
        first, second = ([record.get(line, "") for record in records] for line in LINES[1:])
        numbers = messages.texts("NORAD_CAT_ID", lines)
        drafts.append(
            (lines, from_texts(names, first, second, numbers, messages.place(lines), checksum))
        )
    elements = Elements.concat(draft.elements() for _, draft in drafts)
    rejected = sorted([*elements.rejected, *messages.rejected], key=lambda bad: bad.line)
    order = np.argsort(
        np.concatenate([np.array(chosen, np.int64)[~draft.bad] for chosen, draft in drafts])
    )
    elements = elements[order]
    notes, noted = elements.notes, elements.noted
    if unread and len(elements) and noted is not None:
        keys = ", ".join(repr(key) for key in itertools.islice(dict.fromkeys(unread), 20))
        notes = (*notes, f"not read, because no object in it is an element set: {keys} in the JSON")
        noted = np.vstack([noted, np.ones((1, len(elements)), bool)])
    return Elements(elements.fields, rejected, notes, noted)


def name_of(record: dict[str, str]) -> str:
    """Return the name of a set of TLE lines, from the keywords beside them."""
    key = next((name for name in NAMES if record.get(name)), "")
    text = trimmed(record[key]) if key else ""
    return text.removeprefix("0 ") if key == LINES[0] else text


def _is_lines(record: dict[str, str]) -> bool:
    """Return whether a message is read from TLE lines: it has them, but not all mean elements."""
    if BOTH_LINES in record and "TLE_LINE1" not in record:
        lines = [line for line in record[BOTH_LINES].splitlines() if line.strip()]
        if 2 <= len(lines) <= 3:
            record |= dict(zip(LINES[3 - len(lines) :], lines, strict=True))
    if "TLE_LINE1" not in record and "TLE_LINE2" not in record:
        return False
    return not all(record.get(name) for name in MEAN_ELEMENTS)
