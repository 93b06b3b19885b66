"""Standard input as a SOURCE on the command line."""

from collections.abc import Sequence

STANDARD_INPUT = "-"  # a file of this name is ./-
PIPED = "standard input"


def name_standard_input(arguments: Sequence[str]) -> list[str]:
    """Replace a SOURCE of - by PIPED, since the parser would take a lone - for an option."""
    before = ["", *arguments]
    return [
        PIPED if each == STANDARD_INPUT and last not in ("-o", "--output") else each
        for last, each in zip(before, arguments, strict=False)
    ]
