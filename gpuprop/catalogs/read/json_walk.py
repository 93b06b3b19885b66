"""A walk through a JSON text that finds the messages in it.

The text is read once, from beginning to end, never backwards: the time depends only on its length.
An object that holds no other object or array is decoded at once. Everything around such objects is
read token by token and is not kept in memory.
"""

import functools
import json
import re
from collections.abc import Iterable
from json.decoder import scanstring  # type: ignore[attr-defined]

from ...errors import GpupropError
from .draft import limit
from .errors import ElementsError
from .json_keywords import BOTH_LINES, DEFINING, INHERITED, NAMING, meaning
from .omm import Messages, is_context

# characters of an object that is decoded at once, and of one text; Space-Track's objects have about
# 1,200
MAX_RECORD = 64 << 10
MAX_DEPTH = 100
MAX_CONTAINERS = 5_000_000

ARRAYED = "TLE lines in such an array are not read: give each set an object with its OBJECT_NAME, TLE_LINE1 and TLE_LINE2"

_LINE = re.compile(r"[ \t]*[12] [ -~]{40}")
_GAP = re.compile(r"[ \t\n]*")
_SCALAR = re.compile(
    r"-?(?:0|[1-9][0-9]*)(?:[.][0-9]+)?(?:[eE][-+]?[0-9]+)?(?![\w.+-])|(?:true|false|null|NaN|-?Infinity)(?!\w)"
)
# elements of an array that are not objects
_NUMBERS = re.compile(
    r"(?:[-+.0-9A-Za-z]{1,40}[ \t\n]{0,40},[ \t\n]{0,40}){1,1000}(?=[-+.0-9A-Za-z])"
)
_ELEMENT = re.compile(r"[\[{\]]")
# found before the next element of an array, or before its end
_NEXT = re.compile(r"[\[,}][ \t\n]*(?=\{)|\}[ \t\n]*(?=\])")

# the position in a container: at its beginning, after a comma, after a value
OPEN, NEXT, AFTER = range(3)


class DamageError(GpupropError):
    """The text is not JSON at this place."""


class _DepthError(DamageError):
    """Arrays or objects are nested too deeply."""


class _Message:
    """The keywords of an object, and its place in the text."""

    __slots__ = ("begin", "end", "line", "record", "twice")

    def __init__(
        self, record: dict[str, str], line: int, begin: int, end: int, twice: bool
    ) -> None:
        self.record, self.line, self.begin, self.end, self.twice = record, line, begin, end, twice

    @property
    def defines(self) -> bool:
        return not DEFINING.isdisjoint(self.record)


class _Frame:
    """An array or object whose end is not reached yet. The outermost frame, of kind "", is the
    whole text.
    """

    __slots__ = (
        "arrayed",
        "begin",
        "due",
        "empty",
        "first",
        "key",
        "keys",
        "kind",
        "line",
        "lines",
        "own",
        "parts",
        "several",
        "strays",
        "texts",
        "total",
        "twice",
        "unread",
    )

    def __init__(self, kind: str, line: int, begin: int, messages: Messages) -> None:
        self.kind, self.line, self.begin, self.due = kind, line, begin, OPEN
        self.first, self.total = len(messages.records), messages.total  # what was read before it
        # an object
        self.own: dict[str, str] = {}
        self.twice = False
        # the keyword that is being read, and the keyword of an array without elements
        self.key, self.empty = "", ""
        self.keys: list[str] = []  # the first few
        self.parts: list[_Message] = []  # messages, or parts of one, in the objects in it
        self.several = False  # whether each of these is a message
        self.arrayed = False  # whether an array in it holds TLE lines that are not read
        self.unread: list[str] = []  # the arrays in it that hold objects, but no message
        # an array
        # elements without a message: line, begin, end, reason
        self.strays: list[tuple[int, int, int, str]] = []
        self.lines: list[str] = []  # the first few elements that are no objects
        # line and place of the first element that is no object
        self.texts: list[tuple[int, int]] = []

    def put(self, name: str, value: str) -> None:
        self.twice |= name in self.own
        self.own[name] = value

    def has_one_of(self, keywords: Iterable[str]) -> bool:
        """Whether an element set among the parts already has one of the keywords."""
        return any(
            not held.record.keys().isdisjoint(keywords) for held in self.parts if held.defines
        )


class Walk:
    """A position in the text, its line, the arrays and objects that are open there, and the
    messages found so far.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.messages = Messages(text)
        self.stack = [_Frame("", 1, 0, self.messages)]
        self.unread: list[str] = []
        self._torn = False  # from damage to the next message: damage in one piece is reported once
        self._opened = 0
        self._line, self._counted = 1, 0
        self._found: dict[str, int] = {}

    # --- characters ---

    def character(self) -> str:
        """The next character that is not blank; empty at the end."""
        gap = _GAP.match(self.text, self.at)
        self.at = gap.end() if gap else self.at
        return self.text[self.at : self.at + 1]

    def line(self) -> int:
        self._line += self.text.count("\n", self._counted, self.at)
        self._counted = self.at
        return self._line

    def _find(self, character: str, start: int) -> int:
        """The next place of `character`, from `start` on. `start` never goes back, so the text is
        searched only once.
        """
        found = self._found.get(character, -1)
        if found < start:
            found = self.text.find(character, start)
            self._found[character] = found = found if found >= 0 else len(self.text)
        return found

    # --- values ---

    def step(self) -> None:
        """Read one token or one flat object. Raises DamageError where the text is not JSON."""
        frame, character = self.stack[-1], self.text[self.at]
        if frame.kind == "{":
            self._member(frame, character)
        elif frame.kind == "" or frame.due != AFTER:
            self._element(frame, character)
        elif character == ",":
            self.at += 1
            frame.due = NEXT
        elif character == "]":
            self._end_array(frame)
        else:
            raise DamageError("',' or ']' is missing here in the JSON")

    def _element(self, frame: _Frame, character: str) -> None:
        if character in "{[":
            frame.due = AFTER
            self._open(character)
        elif frame.kind == "":
            seen = self.messages.total or frame.due == AFTER
            raise DamageError("text after the end of the JSON" if seen else "not a JSON object")
        elif character == "]":
            if frame.due == NEXT:
                self._fault("the JSON array ends after a comma")
            self._end_array(frame)
        else:
            first = self.line(), self.at
            run = _NUMBERS.match(self.text, self.at)
            if run:
                self.at = run.end()
            else:
                text = self._scalar(character)
                frame.due = AFTER
                if len(frame.lines) < 4:
                    frame.lines.append(text)
            frame.texts = frame.texts or [first]

    def _member(self, frame: _Frame, character: str) -> None:
        if frame.due == AFTER:
            if character == "}":
                self._end_object(frame)
            elif character == ",":
                self.at += 1
                frame.due = NEXT
            else:
                raise DamageError("',' or '}' is missing")
        elif character == '"':
            key = self._string()
            if self.character() != ":":
                raise DamageError("':' is missing after a keyword")
            self.at += 1
            frame.key = key[:40]
            if len(frame.keys) < 8:
                frame.keys.append(frame.key)
            name, begin, character = meaning[key], self.at, self.character()
            frame.due = AFTER
            if character and character in "{[":
                if name and name != BOTH_LINES:
                    # an object or array as a value: the message will be refused
                    frame.put(name, self.text[begin : begin + 80])
                self._open(character)
            else:
                value = self._scalar(character)
                if name:
                    frame.put(name, value)
        elif character == "}" and frame.due == OPEN:
            self._end_object(frame)
        else:
            raise DamageError("a keyword in quotation marks is missing")

    def _scalar(self, character: str) -> str:
        if character == '"':
            return self._string()
        found = _SCALAR.match(self.text, self.at)
        if not found:
            raise DamageError("a value is missing")
        self.at = found.end()
        return "" if found[0] == "null" else found[0]

    def _string(self) -> str:
        try:
            value: str
            value, self.at = scanstring(self.text, self.at + 1, True)
        except json.JSONDecodeError as error:
            unterminated = error.msg.startswith("Unterminated")
            self.at = len(self.text) if unterminated else max(self.at, error.pos)
            raise DamageError(error.msg) from None
        return value

    def _open(self, character: str) -> None:
        begin, line = self.at, self.line()
        if character == "{" and self._flat(begin, line):
            return
        if len(self.stack) > MAX_DEPTH:
            raise _DepthError(f"nested more than {MAX_DEPTH} deep")
        self._opened += 1
        if self._opened > MAX_CONTAINERS:
            raise ElementsError(
                f"the JSON has more than {MAX_CONTAINERS:,} nested arrays and objects, the most "
                "that is read at once: split it"
            )
        self.stack.append(_Frame(character, line, begin, self.messages))
        self.at += 1

    def _flat(self, begin: int, line: int) -> bool:
        """Read an object if it is whole and holds no other object or array. Otherwise do nothing
        and return False.
        """
        end = self._find("}", begin) + 1
        if (
            end > MAX_RECORD + begin
            or self._find("{", begin + 1) < end
            or self._find("[", begin + 1) < end
        ):
            return False
        try:
            pairs, used = _pairs(self.text[begin:end])
        except json.JSONDecodeError:
            return False
        kept = [
            (name, value if type(value) is str else _text(value))
            for key, value in pairs
            if (name := meaning[key])
        ]
        record = dict(kept)
        self.at = begin + used
        if self._is_part(record):
            self._pass_up(_Message(record, line, begin, self.at, len(record) != len(kept)))
        else:
            self._pass_nothing(
                line, begin, _said(pairs) or _without(tuple(key[:40] for key, _ in pairs[:8]))
            )
        return True

    def _is_part(self, record: dict[str, str]) -> bool:
        """Whether an object with these keywords is a message, or part of one. A name alone can only
        be a part.
        """
        return bool(record) and (self.stack[-1].kind == "{" or not NAMING.issuperset(record))

    # --- ends ---

    def _end_object(self, frame: _Frame) -> None:
        self.at += 1
        self.stack.pop()
        inside = self.messages.total > frame.total
        found = (
            [_Message(frame.own, frame.line, frame.begin, self.at, frame.twice)]
            if frame.own
            else []
        ) + frame.parts
        record = {name: value for part in found for name, value in part.record.items()}
        if (
            not inside
            and self._is_part(record)
            and len(record) == sum(len(part.record) for part in found)
        ):
            self._pass_up(
                _Message(
                    record, frame.line, frame.begin, self.at, any(part.twice for part in found)
                )
            )
            return
        defining = [part for part in found if part.defines]
        for part in defining or ([] if inside or NAMING.issuperset(record) else found):
            self._emit(part)
        if inside and any(part.twice for part in found if not part.defines):
            self.messages.reject(
                frame.line, frame.begin, self.at, "a keyword is given more than once"
            )
        self._inherit(frame)
        if self.messages.total > frame.total:
            self.unread += frame.unread
        elif self.stack[-1].kind == "{":
            self.stack[-1].unread += frame.unread
            self.stack[-1].empty = self.stack[-1].empty or frame.empty
            self.stack[-1].arrayed |= frame.arrayed
        else:
            reason = (
                f"the array {frame.empty!r} is empty: the query matched nothing"
                if frame.empty
                else _without(tuple(frame.keys))
            )
            self._pass_nothing(frame.line, frame.begin, ARRAYED if frame.arrayed else reason)

    def _end_array(self, frame: _Frame) -> None:
        self.at += 1
        self.stack.pop()
        parent = self.stack[-1]
        if self._take_lines(frame, parent):
            return
        self._end_strays(frame)
        if self.messages.total > frame.total:
            return
        if frame.strays and parent.kind == "{":
            parent.unread.append(parent.key)
        elif parent.kind == "{" and not frame.texts:
            parent.empty = parent.key
        elif parent.kind == "{":
            parent.arrayed |= any(map(_LINE.match, frame.lines))
        elif parent.kind == "[":
            lines = any(map(_LINE.match, frame.lines))
            self._pass_nothing(
                frame.line, frame.begin, ARRAYED if lines else "an array without an element set"
            )

    def _take_lines(self, frame: _Frame, parent: _Frame) -> bool:
        """Read an array that is the lines of one TLE, if it is: by itself, in an array, or under a
        keyword for both lines.
        """
        starts = [_LINE.match(text) is not None and text.strip()[0] for text in frame.lines]
        whole = (
            starts in (["1", "2"], [False, "1", "2"])
            and not frame.strays
            and self.messages.total == frame.total
        )
        if not whole or (parent.kind == "{" and meaning[parent.key] != BOTH_LINES):
            return False
        text = "\n".join(frame.lines)
        if parent.kind == "{":
            parent.put(BOTH_LINES, text)
        else:
            self._emit(_Message({BOTH_LINES: text}, frame.line, frame.begin, self.at, False))
        return True

    def _end_strays(self, frame: _Frame) -> None:
        """Report the other elements of an array of element sets. Of an array without element sets,
        only if it is the whole text.
        """
        if self.messages.total > frame.total or self.stack[-1].kind == "":
            for stray in frame.strays:
                self.messages.reject(*stray)
            for line, begin in frame.texts:
                lines = any(map(_LINE.match, frame.lines))
                self.messages.reject(
                    line, begin, begin + 200, ARRAYED if lines else "not a JSON object"
                )

    def _inherit(self, frame: _Frame) -> None:
        """Keywords that an object gives beside its messages hold for all of them, unless a message
        has the keyword itself.

        Two different values of one keyword are joined to one text, so that a contradiction makes
        the messages invalid.
        """
        shared: dict[str, str] = {}
        for record in (frame.own, *(part.record for part in frame.parts if not part.defines)):
            for name, value in record.items():
                if (name in INHERITED or is_context(name)) and value and value != shared.get(name):
                    shared[name] = f"{shared[name]} and {value}"[:200] if name in shared else value
        for name, value in shared.items():
            self.messages.share(name, value, frame.first)

    def _pass_up(self, part: _Message) -> None:
        """Give what an object holds to the object around it; if there is none, it is a message."""
        parent = self.stack[-1]
        if parent.kind != "{":
            self._emit(part)
        elif part.defines and (parent.several or parent.has_one_of(part.record)):
            for held in [] if parent.several else [held for held in parent.parts if held.defines]:
                self._emit(held)
                parent.parts.remove(held)
            parent.several = True
            self._emit(part)
        else:
            limit(len(parent.parts))
            parent.parts.append(part)

    def _pass_nothing(self, line: int, begin: int, reason: str) -> None:
        parent = self.stack[-1]
        if parent.kind == "":
            self.messages.reject(line, begin, self.at, reason)
        elif parent.kind == "[":
            limit(0, len(parent.strays) + 1)
            parent.strays.append((line, begin, self.at, reason))

    def _emit(self, part: _Message) -> None:
        self._torn = False
        long = (
            [name for name, text in part.record.items() if len(text) > MAX_RECORD]
            if part.end - part.begin > MAX_RECORD
            else []
        )
        if part.twice:
            self.messages.reject(
                part.line, part.begin, part.end, "a keyword is given more than once"
            )
        elif long:
            self.messages.reject(
                part.line,
                part.begin,
                part.end,
                f"{long[0]} is longer than {MAX_RECORD:,} characters",
            )
        else:
            self.messages.add(part.record, part.line, part.begin, part.end)

    # --- damage ---

    def recover(self, damage: DamageError) -> None:
        """Reject what is damaged, and go to the next element of the array around it."""
        level = self._damaged()
        if self.stack[level].kind == "{":
            self._lose(level, str(damage))
        else:
            if not self._torn:
                self._fault(str(damage))
            self._abandon(level + 1)
        self._resume(damage, between=level == len(self.stack) - 1)
        self.stack[-1].due = OPEN
        self._torn = True

    def finish(self) -> None:
        """At the end of the text: what is still open was cut."""
        level = self._damaged()
        if self.stack[level].kind == "{":
            self._lose(level, "the text ends within it")
        elif level and not self._torn:
            self._fault("the JSON array has no end: the file was cut")
        self._abandon(1)

    def _damaged(self) -> int:
        """The level of the container that is lost by damage at this position: an array of objects,
        or an element of one.
        """
        level = len(self.stack) - 1
        while (
            self.stack[level].kind == "["
            and self.stack[level - 1].kind
            and not self._holds_objects(self.stack[level])
        ):
            level -= 1  # an array of numbers is a value of an object
        while self.stack[level].kind == "{" and self.stack[level - 1].kind == "{":
            level -= 1
        return level

    def _holds_objects(self, frame: _Frame) -> bool:
        return bool(frame.strays) or self.messages.total > frame.total

    def _lose(self, level: int, reason: str) -> None:
        lost = self.stack[level]
        self._abandon(level)
        self.messages.reject(
            lost.line,
            lost.begin,
            max(self.at, lost.begin + 200),
            f"not a JSON object that is whole: {reason}",
        )

    def _abandon(self, level: int) -> None:
        """Drop the containers from `level` on; the messages that were read in them stay."""
        while len(self.stack) > level:
            frame = self.stack.pop()
            self._end_strays(frame)
            self._inherit(frame)

    def _resume(self, damage: DamageError, between: bool) -> None:
        """Go to the next place where an element may begin or the array may end. between: the damage
        is between elements.
        """
        here, in_array = self.text[self.at : self.at + 1], self.stack[-1].kind == "["
        if isinstance(damage, _DepthError):
            between = False
        elif here == "{" or (here == "]" and in_array):
            return
        found = (_ELEMENT if between else _NEXT).search(self.text, self.at)
        if not found:
            self.at = len(self.text)
        elif between:
            self.at = found.start() + (found[0] == "]" and not in_array)
        else:
            self.at = found.start() if found[0].startswith("[") else found.end()

    def _fault(self, reason: str) -> None:
        begin = self.at if self.at < len(self.text) else max(len(self.text) - 80, 0)
        self.messages.reject(self.line(), begin, begin + 200, reason)


# Numbers stay text, so that they are converted as in every other format: correctly rounded, NaN
# refused.
_pairs = json.JSONDecoder(
    object_pairs_hook=list, parse_float=str, parse_int=str, parse_constant=str
).raw_decode


def _text(value: object) -> str:
    return "" if value is None else "true" if value is True else "false"


def _said(pairs: list[tuple[str, object]]) -> str:
    said = next(
        (value for key, value in pairs if key.upper() in ("ERROR", "MESSAGE", "DETAIL")), None
    )
    return f"the server's message instead of an element set: {str(said)[:200]}" if said else ""


@functools.lru_cache(1000)  # one text for many similar objects
def _without(keys: tuple[str, ...]) -> str:
    """Why an object with these keys is not an element set."""
    shown = [repr(key) for key in keys]
    return f"no OMM keyword and no TLE line in this object, but {', '.join(shown) or 'nothing'}"
