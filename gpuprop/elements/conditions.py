"""Conditions on element sets, such as `altitude_km > 500 and inclination_deg < 60`.

They are a small language that is parsed here and never run as code::

    condition  = all { "or" all }
    all        = one { "and" one }
    one        = { "not" } ( comparison | "(" condition ")" )
    comparison = operand sign operand { sign operand }       500 < altitude_km < 600
    sign       = < <= > >= == != like | not like
    operand    = quantity | number | 'text'

A comparison may end in membership: operand [ "not" ] in "(" constant { "," constant } ")", as in
`sat_id in (25544, 48274)`. QUANTITIES lists the quantities. A comparison with NaN is false (`!=`
and `not in` are true).
"""

import difflib
import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, NoReturn

import numpy as np
import numpy.typing as npt

from ..errors import GpupropError
from ..sgp4.gravity import Gravity
from ..time.instants import parse_instant
from ..time.units import DAY
from ..typing import Array, Mask
from .altitudes import altitudes_km
from .selection import matching

MOST_CHARACTERS, MOST_NESTED = 10_000, 50  # of a condition; of its parentheses
SHOWN = 100  # characters in a message
NUMBER, INSTANT, TEXT = "a number", "an instant", "text"


@dataclass(frozen=True)
class Satellites:
    """Element sets that a condition is tested on."""

    fields: Mapping[str, npt.NDArray[Any]]  # (n,) each, in the units of the OMM
    at_ns: int  # ages are counted to this instant
    gravity: Gravity

    @cached_property
    def altitudes_km(self) -> tuple[Array, Array, Array]:
        """Mean, apogee and perigee, each (n,)."""
        fields = self.fields
        return altitudes_km(
            fields["MEAN_MOTION"], fields["ECCENTRICITY"], fields["INCLINATION"], self.gravity
        )


class Quantity(NamedTuple):
    """A quantity that a condition can name."""

    kind: str
    values: Callable[[Satellites], npt.NDArray[Any]]  # (n,)


QUANTITIES = {
    # mean radius of the orbit minus the equatorial radius, see altitudes.py
    "altitude_km": Quantity(NUMBER, lambda s: s.altitudes_km[0]),
    # the altitude plus and minus semi-major axis times eccentricity
    "apogee_km": Quantity(NUMBER, lambda s: s.altitudes_km[1]),
    "perigee_km": Quantity(NUMBER, lambda s: s.altitudes_km[2]),
    "inclination_deg": Quantity(NUMBER, lambda s: s.fields["INCLINATION"]),
    "eccentricity": Quantity(NUMBER, lambda s: s.fields["ECCENTRICITY"]),
    "period_min": Quantity(NUMBER, lambda s: _divided(1440.0, s.fields["MEAN_MOTION"])),
    "mean_motion": Quantity(NUMBER, lambda s: s.fields["MEAN_MOTION"]),  # rev/day
    "raan_deg": Quantity(NUMBER, lambda s: s.fields["RA_OF_ASC_NODE"]),
    "bstar": Quantity(NUMBER, lambda s: s.fields["BSTAR"]),  # 1/Earth radii
    "sat_id": Quantity(NUMBER, lambda s: s.fields["NORAD_CAT_ID"]),
    # days from the epoch to the first instant
    "age_days": Quantity(
        NUMBER, lambda s: (s.at_ns - s.fields["EPOCH"].view(np.int64).astype(np.float64)) / DAY
    ),
    "epoch": Quantity(INSTANT, lambda s: s.fields["EPOCH"].view(np.int64)),
    "name": Quantity(TEXT, lambda s: _upper(s.fields["OBJECT_NAME"])),
    "object_id": Quantity(TEXT, lambda s: _upper(s.fields["OBJECT_ID"])),
}

Test = Callable[[Satellites], Mask]
COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
WORDS = ("and", "or", "not", "like", "in")
LIST = "sat_id in (25544, 48274)"
TOKEN = re.compile(
    r"(?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)|(?P<word>[a-z_]\w*)"
    r"|(?P<sign>[<>=!]=|[<>(),])|(?P<text>'[^']*'|\"[^\"]*\")",
    re.ASCII | re.IGNORECASE,
)
ADVICE = {
    "=": "write == to compare",
    "!": "write not, or != to compare",
    "&": "write and",
    "|": "write or",
    "'": "the second quotation mark is missing",
    '"': "the second quotation mark is missing",
    "≤": "write <=",
    "≥": "write >=",
    "≠": "write !=",
    "[": f"'[' does not belong here: write a list in parentheses, as in {LIST}",
    **dict.fromkeys("+-*/%^", "there is no arithmetic: write the number"),
}


class ConditionError(GpupropError, ValueError):
    """A condition cannot be read.

    The message has the column (from 1), the reason, and the text with a mark under the column.
    """

    def __init__(self, what: str, text: str, column: int) -> None:
        first = max(0, column - 1 - SHOWN // 2)
        shown = "".join(
            sign if " " <= sign <= "~" else "?" if sign.isprintable() else " "
            for sign in text[first : first + SHOWN]
        )
        super().__init__(f"column {column}: {what}\n  {shown}\n  {' ' * (column - 1 - first)}^")
        self.column = column


class Token(NamedTuple):
    """A piece of a condition."""

    kind: str  # number, word, sign, text, end, or bad: then the text is the reason
    text: str
    column: int


class Operand(NamedTuple):
    """A quantity or a constant."""

    token: Token
    quantity: Quantity | None
    value: float | str | None = None


def read_condition(text: str) -> Test:
    """Parse a condition into a test that computes a mask (n,) for Satellites.

    ConditionError if the text is not in the language.
    """
    return _Parser(text).parse()


class _Parser:
    """A recursive-descent parser. Repetitions are loops, so only parentheses recurse."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.depth = 0
        if len(text) > MOST_CHARACTERS:
            self._fail(
                f"a condition has {MOST_CHARACTERS:,} characters at most, this one has "
                f"{len(text):,}",
                MOST_CHARACTERS + 1,
            )
        self.tokens = self._tokens()
        self.next = 0

    def parse(self) -> Test:
        """Parse the whole condition."""
        test = self._any()
        if self._here.kind != "end":
            if self._here.text == "(":
                self._fail("there is nothing to call: only names, numbers and comparisons")
            self._fail(f"{self._named} does not belong here: join comparisons with and, or")
        return test

    # --- tokens ---
    def _tokens(self) -> list[Token]:
        tokens: list[Token] = []
        place = 0
        while place < len(self.text):
            if self.text[place] in " \t\r\n":
                place += 1
                continue
            match = TOKEN.match(self.text, place)
            if not match:
                sign = self.text[place]
                what = ADVICE.get(
                    sign,
                    f"{sign!a} does not belong here: only names, numbers, 'text' and comparisons",
                )
                return [*tokens, Token("bad", what, place + 1)]
            tokens.append(Token(str(match.lastgroup), match[0], place + 1))
            place = match.end()
            after = self.text[place : place + 1]
            if match.lastgroup == "number" and (after.isalnum() or after in ("_", ".")):
                return [
                    *tokens,
                    Token(
                        "bad",
                        "a number is digits, with a point or an exponent: units are in the names",
                        place + 1,
                    ),
                ]
        return [*tokens, Token("end", "", len(self.text) + 1)]

    @property
    def _here(self) -> Token:
        token = self.tokens[self.next]
        if token.kind == "bad":
            raise ConditionError(token.text, self.text, token.column)
        return token

    @property
    def _named(self) -> str:
        return f"{self._here.text[:40]!a}" if self._here.text else "the end"

    def _is(self, *texts: str) -> bool:
        return self._here.kind in ("word", "sign") and self._here.text.lower() in texts

    def _taken(self, *texts: str) -> str:
        """Consume the next token if it is one of these; return it, or nothing."""
        if not self._is(*texts):
            return ""
        self.next += 1
        return self.tokens[self.next - 1].text.lower()

    def _fail(self, what: str, column: int | None = None) -> NoReturn:
        if column is None and self._here.text == ",":
            what = f"write numbers without commas; commas are for lists: {LIST}"
        raise ConditionError(what, self.text, self._here.column if column is None else column)

    # --- the grammar ---
    def _any(self) -> Test:
        return self._joined(self._all, "or", np.logical_or)

    def _all(self) -> Test:
        return self._joined(self._one, "and", np.logical_and)

    def _joined(self, part: Callable[[], Test], word: str, join: np.ufunc) -> Test:
        tests = [part()]
        while self._taken(word):
            tests.append(part())
        return tests[0] if len(tests) == 1 else _reduced(tests, join)

    def _one(self) -> Test:
        negated = False
        while self._taken("not"):
            negated = not negated
        test = self._parenthesis() if self._is("(") else self._comparison()
        return (lambda satellites: ~test(satellites)) if negated else test

    def _parenthesis(self) -> Test:
        opened = self._here.column
        if self.depth == MOST_NESTED:
            self._fail(f"parentheses nest {MOST_NESTED} deep at most")
        self.next += 1
        self.depth += 1
        test = self._any()
        self.depth -= 1
        if not self._taken(")"):
            self._fail(
                "a parenthesis that is not closed", opened if self._here.kind == "end" else None
            )
        return test

    def _comparison(self) -> Test:
        operands, tests = [self._operand()], []
        while sign := self._sign():
            if sign in ("in", "not in"):
                tests.append(self._member(operands[-1], sign))
                break
            operands.append(self._operand())
            tests.append(self._compared(operands[-2], sign, operands[-1]))
        if not tests:
            token = operands[0].token
            if self._is("("):
                self._fail("there is nothing to call: only names, numbers and comparisons")
            example = f"{token.text} > 0" if operands[0].quantity else f"altitude_km > {token.text}"
            self._fail(
                f"{token.text[:40]} is compared with nothing: write a comparison such as {example}",
                token.column,
            )
        return tests[0] if len(tests) == 1 else _reduced(tests, np.logical_and)

    def _sign(self) -> str:
        if self._is("not") and self.tokens[self.next + 1].text.lower() in ("like", "in"):
            self.next += 1
            return f"not {self._taken('like', 'in')}"
        return self._taken("like", "in", *COMPARISONS)

    def _operand(self) -> Operand:
        token = self._here
        if token.kind not in ("number", "word", "text") or token.text.lower() in WORDS:
            self._fail(f"a name or a number is missing before {self._named}")
        self.next += 1
        if token.kind == "text":
            return Operand(token, None, token.text[1:-1])
        if token.kind == "number":
            value = float(token.text)
            if not math.isfinite(value):
                self._fail("the number is too large", token.column)
            return Operand(token, None, value)
        name = token.text.lower()
        if name not in QUANTITIES:
            nearest = difflib.get_close_matches(name[:40], QUANTITIES, cutoff=0.5)
            hint = f"did you mean {' or '.join(nearest)}? " if nearest else ""
            self._fail(
                f"there is no quantity {name[:40]!r}: {hint}the known ones are "
                f"{', '.join(QUANTITIES)}",
                token.column,
            )
        return Operand(token, QUANTITIES[name])

    # --- what a comparison means ---
    def _compared(self, left: Operand, sign: str, right: Operand) -> Test:
        quantity = left.quantity or right.quantity
        if quantity is None:
            self._fail(
                "two constants are compared: name a quantity, such as altitude_km",
                left.token.column,
            )
        if sign.endswith("like"):
            return self._like(left, sign, right)
        if quantity.kind == TEXT and sign not in ("==", "!="):
            self._fail(f"text is not {sign} other text: use ==, != or like", right.token.column)
        sides = [self._side(left, quantity), self._side(right, quantity)]
        compare = COMPARISONS[sign]
        return lambda satellites: np.asarray(
            compare(sides[0](satellites), sides[1](satellites)), bool
        )

    def _member(self, left: Operand, sign: str) -> Test:
        """Parse the list after `in` or `not in`."""
        quantity = left.quantity
        if quantity is None:
            self._fail(f"in needs a quantity before it: {LIST}", left.token.column)
        if not self._taken("("):
            self._fail(f"write a list in parentheses: {LIST}")
        values: set[Any] = set()
        while not (values and self._is(")")):  # a comma may stand after the last one, as in Python
            operand = self._operand()
            if operand.quantity is not None:
                self._fail("a list holds numbers or 'text', not quantities", operand.token.column)
            values.add(self._constant(operand, quantity))
            if not self._taken(",") and not self._is(")"):
                self._fail(
                    "a list is not closed: write commas between its values, and a parenthesis "
                    "after them"
                )
        self.next += 1
        get, known, wanted = quantity.values, np.array(list(values)), sign == "in"
        if quantity.kind == TEXT:
            return lambda satellites: np.fromiter(
                ((text in values) == wanted for text in get(satellites)), bool
            )
        return lambda satellites: np.isin(get(satellites), known, invert=not wanted)

    def _like(self, left: Operand, sign: str, right: Operand) -> Test:
        if left.quantity is not None and left.quantity.kind == INSTANT:
            self._fail(
                "an epoch has no pattern: write epoch >= '2024-01-01' and epoch < '2025-01-01'",
                left.token.column,
            )
        if left.quantity is None or left.quantity.kind != TEXT or not isinstance(right.value, str):
            self._fail(
                "like compares name or object_id with a pattern in quotation marks: name like "
                "'STARLINK*'",
                left.token.column,
            )
        get, pattern, wanted = left.quantity.values, right.value, sign == "like"
        if "%" in pattern:
            meant = pattern.replace("%", "*")
            self._fail(
                f"% is not a wildcard; * stands for any characters and ? for one: write '{meant}'",
                right.token.column,
            )
        try:
            matching(pattern, [])
        except ValueError as error:
            self._fail(str(error), right.token.column)
        return lambda satellites: matching(pattern, get(satellites)) == wanted

    def _side(self, operand: Operand, quantity: Quantity) -> Callable[[Satellites], Any]:
        """Return a function that computes one side of a comparison with a quantity."""
        if operand.quantity is not None:
            if operand.quantity.kind != quantity.kind:
                self._fail(
                    f"{operand.token.text} is {operand.quantity.kind}, the other side is "
                    f"{quantity.kind}",
                    operand.token.column,
                )
            return operand.quantity.values
        value = self._constant(operand, quantity)
        return lambda satellites: value

    def _constant(self, operand: Operand, quantity: Quantity) -> Any:
        """Convert a constant for the comparison with a quantity."""
        value: Any = operand.value
        if quantity.kind == NUMBER and isinstance(value, str):
            self._fail(
                "this is compared with a number: write one, without quotation marks",
                operand.token.column,
            )
        if quantity.kind != NUMBER and not isinstance(value, str):
            example = (
                "'2026-01-01' (age_days is a number)"
                if quantity.kind == INSTANT
                else "'STARLINK-1008'"
            )
            self._fail(
                f"this is compared with {quantity.kind}: write it in quotation marks, such as "
                f"{example}",
                operand.token.column,
            )
        if quantity.kind == INSTANT:
            try:
                value = parse_instant(value)
            except ValueError as error:
                self._fail(str(error), operand.token.column)
        elif quantity.kind == TEXT:
            value = value.upper()
        return value


def _reduced(tests: list[Test], join: np.ufunc) -> Test:
    def reduced(satellites: Satellites) -> Mask:
        mask = tests[0](satellites)
        for test in tests[1:]:
            mask = join(mask, test(satellites))
        return mask

    return reduced


def _divided(number: float, by: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(number / by)


def _upper(texts: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    return np.array([text.upper() for text in texts], object)
