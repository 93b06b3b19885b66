"""Find the messages in a JSON text.

The text is read once, from beginning to end, never backwards: the time depends only on its length.
An object that contains no other object or array is decoded at once. Everything around such objects
is read token by token and is not kept in memory.
"""

import functools
import json
import re
from collections.abc import Iterable
from json.decoder import scanstring  # type: ignore[attr-defined]

from ...errors import GpupropError
from .draft import check_counts
from .errors import ElementsError
from .json_keywords import BOTH_LINES, DEFINING, INHERITED, NAMING, meaning
from .omm import Messages, is_context

# Characters of an object that is decoded at once, and of one text. Space-Track's objects have about
# 1,200.
MAX_RECORD = 64 << 10
MAX_DEPTH = 100
MAX_CONTAINERS = 5_000_000

LINE_ARRAY = (
    "TLE lines in such an array are not read: give each set an object with its OBJECT_NAME, "
    "TLE_LINE1 and TLE_LINE2"
)

_LINE = re.compile(r"[ \t]*[12] [ -~]{40}")
_GAP = re.compile(r"[ \t\n]*")
_SCALAR = re.compile(
    r"-?(?:0|[1-9][0-9]*)(?:[.][0-9]+)?(?:[eE][-+]?[0-9]+)?(?![\w.+-])"
    r"|(?:true|false|null|NaN|-?Infinity)(?!\w)"
)
# Elements of an array that are numbers or words.
_NUMBERS = re.compile(
    r"(?:[-+.0-9A-Za-z]{1,40}[ \t\n]{0,40},[ \t\n]{0,40}){1,1000}(?=[-+.0-9A-Za-z])"
)
_ELEMENT = re.compile(r"[\[{\]]")
# What precedes the next element of an array, or the end of the array.
_NEXT = re.compile(r"[\[,}][ \t\n]*(?=\{)|\}[ \t\n]*(?=\])")

# The position in a container: at its beginning, after a comma, or after a value.
OPEN, NEXT, AFTER = range(3)


class JsonError(GpupropError):
    """The text is not JSON at this position. `omm_json.read` always catches it and continues."""


class _DepthError(JsonError):
    """Arrays or objects are nested too deeply."""


class _Message:
    """The keywords of an object, and its position in the text."""

    __slots__ = ("begin", "end", "line", "record", "twice")

    def __init__(
        self, record: dict[str, str], line: int, begin: int, end: int, twice: bool
    ) -> None:
        self.record, self.line, self.begin, self.end, self.twice = record, line, begin, end, twice

    @property
    def is_element_set(self) -> bool:
        """Whether the keywords say that this is an element set."""
        return not DEFINING.isdisjoint(self.record)


class _Container:
    """An array or object whose end is not reached yet.

    The outermost container, of kind "", is the whole text.
    """

    __slots__ = (
        "begin",
        "empty",
        "first",
        "has_line_array",
        "key",
        "keys",
        "keywords",
        "kind",
        "line",
        "lines",
        "parts",
        "parts_are_messages",
        "state",
        "strays",
        "texts",
        "total",
        "twice",
        "unread",
    )

    def __init__(self, kind: str, line: int, begin: int, messages: Messages) -> None:
        self.kind, self.line, self.begin, self.state = kind, line, begin, OPEN
        # the messages read before this container
        self.first, self.total = len(messages.records), messages.total
        # of an object
        self.keywords: dict[str, str] = {}  # its own, without those of objects in it
        self.twice = False  # whether a keyword is given twice
        self.key = ""  # the keyword that is being read
        self.empty = ""  # the keyword of an array without elements
        self.keys: list[str] = []  # the first few, for messages
        self.parts: list[_Message] = []  # messages, or parts of one, in the objects in it
        self.parts_are_messages = False
        self.has_line_array = False  # whether an array in it has TLE lines that are not read
        self.unread: list[str] = []  # keywords of arrays in it with objects, but without a message
        # of an array
        # elements without a message: line, begin, end, reason
        self.strays: list[tuple[int, int, int, str]] = []
        self.lines: list[str] = []  # the first few elements that are not objects
        # line and position of the first element that is not an object
        self.texts: list[tuple[int, int]] = []

    def put(self, name: str, value: str) -> None:
        """Store the text of a keyword."""
        self.twice |= name in self.keywords
        self.keywords[name] = value

    def has_one_of(self, keywords: Iterable[str]) -> bool:
        """Return whether an element set among the parts already has one of the keywords."""
        return any(
            not part.record.keys().isdisjoint(keywords)
            for part in self.parts
            if part.is_element_set
        )


class Walk:
    """A position in the text, the containers open there, and the messages found so far."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.messages = Messages(text)
        self.stack = [_Container("", 1, 0, self.messages)]
        self.unread: list[str] = []
        # True from damage to the next message, so that one damaged piece is reported once
        self._damage_reported = False
        self._opened = 0
        self._line, self._counted = 1, 0
        self._found: dict[str, int] = {}

    # --- characters ---

    def character(self) -> str:
        """Return the next character that is not blank; empty at the end."""
        gap = _GAP.match(self.text, self.at)
        self.at = gap.end() if gap else self.at
        return self.text[self.at : self.at + 1]

    def line(self) -> int:
        """Return the line of the position."""
        self._line += self.text.count("\n", self._counted, self.at)
        self._counted = self.at
        return self._line

    def _find(self, character: str, start: int) -> int:
        """Return the next position of `character`, from `start` on.

        `start` never goes back, so the text is searched only once.
        """
        found = self._found.get(character, -1)
        if found < start:
            found = self.text.find(character, start)
            self._found[character] = found = found if found >= 0 else len(self.text)
        return found

    # --- values ---

    def step(self) -> None:
        """Read one token or one flat object. Raise JsonError if the text is not JSON."""
        container, character = self.stack[-1], self.text[self.at]
        if container.kind == "{":
            self._member(container, character)
        elif container.kind == "" or container.state != AFTER:
            self._element(container, character)
        elif character == ",":
            self.at += 1
            container.state = NEXT
        elif character == "]":
            self._end_array(container)
        else:
            raise JsonError("',' or ']' is missing here in the JSON")

    def _element(self, container: _Container, character: str) -> None:
        if character in "{[":
            container.state = AFTER
            self._open(character)
        elif container.kind == "":
            seen = self.messages.total or container.state == AFTER
            raise JsonError("text after the end of the JSON" if seen else "not a JSON object")
        elif character == "]":
            if container.state == NEXT:
                self._fault("the JSON array ends after a comma")
            self._end_array(container)
        else:
            first = self.line(), self.at
            run = _NUMBERS.match(self.text, self.at)
            if run:
                self.at = run.end()
            else:
                text = self._scalar(character)
                container.state = AFTER
                if len(container.lines) < 4:
                    container.lines.append(text)
            container.texts = container.texts or [first]

    def _member(self, container: _Container, character: str) -> None:
        if container.state == AFTER:
            if character == "}":
                self._end_object(container)
            elif character == ",":
                self.at += 1
                container.state = NEXT
            else:
                raise JsonError("',' or '}' is missing")
        elif character == '"':
            key = self._string()
            if self.character() != ":":
                raise JsonError("':' is missing after a keyword")
            self.at += 1
            container.key = key[:40]
            if len(container.keys) < 8:
                container.keys.append(container.key)
            name, begin, character = meaning[key], self.at, self.character()
            container.state = AFTER
            if character and character in "{[":
                if name and name != BOTH_LINES:
                    # an object or array as a value: the message will be refused
                    container.put(name, self.text[begin : begin + 80])
                self._open(character)
            else:
                value = self._scalar(character)
                if name:
                    container.put(name, value)
        elif character == "}" and container.state == OPEN:
            self._end_object(container)
        else:
            raise JsonError("a keyword in quotation marks is missing")

    def _scalar(self, character: str) -> str:
        if character == '"':
            return self._string()
        found = _SCALAR.match(self.text, self.at)
        if not found:
            raise JsonError("a value is missing")
        self.at = found.end()
        return "" if found[0] == "null" else found[0]

    def _string(self) -> str:
        try:
            value: str
            value, self.at = scanstring(self.text, self.at + 1, True)
        except json.JSONDecodeError as error:
            unterminated = error.msg.startswith("Unterminated")
            self.at = len(self.text) if unterminated else max(self.at, error.pos)
            raise JsonError(error.msg) from None
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
                "that can be read at once: split it"
            )
        self.stack.append(_Container(character, line, begin, self.messages))
        self.at += 1

    def _flat(self, begin: int, line: int) -> bool:
        """Read an object if it is complete and contains no other object or array.

        Otherwise do nothing and return False.
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
            self._pass_no_message(
                line,
                begin,
                _server_message(pairs) or _without(tuple(key[:40] for key, _ in pairs[:8])),
            )
        return True

    def _is_part(self, record: dict[str, str]) -> bool:
        """Return whether an object with these keywords is a message, or part of one.

        A name alone can only be a part.
        """
        return bool(record) and (self.stack[-1].kind == "{" or not NAMING.issuperset(record))

    # --- ends ---

    def _end_object(self, container: _Container) -> None:
        self.at += 1
        self.stack.pop()
        inside = self.messages.total > container.total
        found = (
            [
                _Message(
                    container.keywords, container.line, container.begin, self.at, container.twice
                )
            ]
            if container.keywords
            else []
        ) + container.parts
        record = {name: value for part in found for name, value in part.record.items()}
        if (
            not inside
            and self._is_part(record)
            and len(record) == sum(len(part.record) for part in found)
        ):
            self._pass_up(
                _Message(
                    record,
                    container.line,
                    container.begin,
                    self.at,
                    any(part.twice for part in found),
                )
            )
            return
        defining = [part for part in found if part.is_element_set]
        for part in defining or ([] if inside or NAMING.issuperset(record) else found):
            self._emit(part)
        if inside and any(part.twice for part in found if not part.is_element_set):
            self.messages.reject(
                container.line, container.begin, self.at, "a keyword is given more than once"
            )
        self._inherit(container)
        if self.messages.total > container.total:
            self.unread += container.unread
        elif self.stack[-1].kind == "{":
            self.stack[-1].unread += container.unread
            self.stack[-1].empty = self.stack[-1].empty or container.empty
            self.stack[-1].has_line_array |= container.has_line_array
        else:
            reason = (
                f"the array {container.empty!r} is empty: the query matched nothing"
                if container.empty
                else _without(tuple(container.keys))
            )
            self._pass_no_message(
                container.line, container.begin, LINE_ARRAY if container.has_line_array else reason
            )

    def _end_array(self, container: _Container) -> None:
        self.at += 1
        self.stack.pop()
        parent = self.stack[-1]
        if self._read_tle_lines(container, parent):
            return
        self._end_strays(container)
        if self.messages.total > container.total:
            return
        if container.strays and parent.kind == "{":
            parent.unread.append(parent.key)
        elif parent.kind == "{" and not container.texts:
            parent.empty = parent.key
        elif parent.kind == "{":
            parent.has_line_array |= any(map(_LINE.match, container.lines))
        elif parent.kind == "[":
            lines = any(map(_LINE.match, container.lines))
            self._pass_no_message(
                container.line,
                container.begin,
                LINE_ARRAY if lines else "an array without an element set",
            )

    def _read_tle_lines(self, container: _Container, parent: _Container) -> bool:
        """Read an array that is the lines of one TLE, and return whether it is.

        It may be alone, in an array, or the value of a keyword for both lines.
        """
        starts = [_LINE.match(text) is not None and text.strip()[0] for text in container.lines]
        whole = (
            starts in (["1", "2"], [False, "1", "2"])
            and not container.strays
            and self.messages.total == container.total
        )
        if not whole or (parent.kind == "{" and meaning[parent.key] != BOTH_LINES):
            return False
        text = "\n".join(container.lines)
        if parent.kind == "{":
            parent.put(BOTH_LINES, text)
        else:
            self._emit(
                _Message({BOTH_LINES: text}, container.line, container.begin, self.at, False)
            )
        return True

    def _end_strays(self, container: _Container) -> None:
        """Report the elements of an array that are not element sets, if others are.

        If the array has no element sets, they are reported only if it is the whole text.
        """
        if self.messages.total > container.total or self.stack[-1].kind == "":
            for stray in container.strays:
                self.messages.reject(*stray)
            for line, begin in container.texts:
                lines = any(map(_LINE.match, container.lines))
                self.messages.reject(
                    line, begin, begin + 200, LINE_ARRAY if lines else "not a JSON object"
                )

    def _inherit(self, container: _Container) -> None:
        """Give the keywords beside the messages of an object to all of these messages.

        A message that has the keyword keeps its own text. Two different texts for one keyword are
        joined, so that the contradiction makes the messages bad.
        """
        shared: dict[str, str] = {}
        for record in (
            container.keywords,
            *(part.record for part in container.parts if not part.is_element_set),
        ):
            for name, value in record.items():
                if (name in INHERITED or is_context(name)) and value and value != shared.get(name):
                    shared[name] = f"{shared[name]} and {value}"[:200] if name in shared else value
        for name, value in shared.items():
            self.messages.share(name, value, container.first)

    def _pass_up(self, part: _Message) -> None:
        """Give a message or a part of one to the object around it, or add it to the messages."""
        parent = self.stack[-1]
        if parent.kind != "{":
            self._emit(part)
        elif part.is_element_set and (parent.parts_are_messages or parent.has_one_of(part.record)):
            if not parent.parts_are_messages:
                for earlier in [each for each in parent.parts if each.is_element_set]:
                    self._emit(earlier)
                    parent.parts.remove(earlier)
            parent.parts_are_messages = True
            self._emit(part)
        else:
            check_counts(len(parent.parts))
            parent.parts.append(part)

    def _pass_no_message(self, line: int, begin: int, reason: str) -> None:
        """Report an object or array without a message to the container around it."""
        parent = self.stack[-1]
        if parent.kind == "":
            self.messages.reject(line, begin, self.at, reason)
        elif parent.kind == "[":
            check_counts(0, len(parent.strays) + 1)
            parent.strays.append((line, begin, self.at, reason))

    def _emit(self, part: _Message) -> None:
        """Add a message, or reject it."""
        self._damage_reported = False
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

    def recover(self, error: JsonError) -> None:
        """Reject what is damaged, and go to the next element of the array around it."""
        level = self._damaged_level()
        if self.stack[level].kind == "{":
            self._reject_container(level, str(error))
        else:
            if not self._damage_reported:
                self._fault(str(error))
            self._drop_from(level + 1)
        self._resume(error, between=level == len(self.stack) - 1)
        self.stack[-1].state = OPEN
        self._damage_reported = True

    def finish(self) -> None:
        """Reject, at the end of the text, what has no end."""
        level = self._damaged_level()
        if self.stack[level].kind == "{":
            self._reject_container(level, "the text ends within it")
        elif level and not self._damage_reported:
            self._fault("the JSON array has no end: the file was cut")
        self._drop_from(1)

    def _damaged_level(self) -> int:
        """Return the level of the container that damage at this position destroys.

        That is an array of objects, or an element of one.
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

    def _holds_objects(self, container: _Container) -> bool:
        return bool(container.strays) or self.messages.total > container.total

    def _reject_container(self, level: int, reason: str) -> None:
        """Reject a damaged container, and those in it."""
        damaged = self.stack[level]
        self._drop_from(level)
        self.messages.reject(
            damaged.line,
            damaged.begin,
            max(self.at, damaged.begin + 200),
            f"not a complete JSON object: {reason}",
        )

    def _drop_from(self, level: int) -> None:
        """Drop the containers from `level` on; the messages that were read in them stay."""
        while len(self.stack) > level:
            container = self.stack.pop()
            self._end_strays(container)
            self._inherit(container)

    def _resume(self, error: JsonError, between: bool) -> None:
        """Go to the next position where an element may begin or the array may end.

        between: the damage is between elements.
        """
        here, in_array = self.text[self.at : self.at + 1], self.stack[-1].kind == "["
        if isinstance(error, _DepthError):
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
        """Report a fault at this position."""
        begin = self.at if self.at < len(self.text) else max(len(self.text) - 80, 0)
        self.messages.reject(self.line(), begin, begin + 200, reason)


# Numbers stay text, so that they are converted as in all other formats: correctly rounded, without
# NaN.
_pairs = json.JSONDecoder(
    object_pairs_hook=list, parse_float=str, parse_int=str, parse_constant=str
).raw_decode


def _text(value: object) -> str:
    return "" if value is None else "true" if value is True else "false"


def _server_message(pairs: list[tuple[str, object]]) -> str:
    """Return the message of a server that answered with this object; empty if none."""
    said = next(
        (value for key, value in pairs if key.upper() in ("ERROR", "MESSAGE", "DETAIL")), None
    )
    return f"the server's message instead of an element set: {str(said)[:200]}" if said else ""


@functools.lru_cache(1000)  # many objects share one text
def _without(keys: tuple[str, ...]) -> str:
    """Say that an object with these keys is not an element set."""
    shown = [repr(key) for key in keys]
    return f"no OMM keyword and no TLE line in this object, but {', '.join(shown) or 'nothing'}"
