"""Print text and JSON on stdout and stderr; no other module prints.

Names, paths and messages come from files, arguments and servers. They are never read as markup or
emoji codes. Control characters (C0, C1, escape sequences, bidirectional overrides) and characters
that the terminal cannot encode are escaped. So printing never makes a finished job fail.
"""

import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import IO, Any, cast

from rich.console import Console, ConsoleDimensions, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from ..messages import printable

DONE, FAILED, WRONG_CALL = 0, 1, 2
NARROWEST, WIDEST = 40, 1000  # limits for COLUMNS: rich fails at 0 and fills the memory at 10**9
WIDE = 200  # columns for a table, so that no cell is split; a narrower terminal wraps the lines
SIZES = ("COLUMNS", "LINES")


class _Stream:
    """The stream that is sys.stdout or sys.stderr at the moment of printing.

    Characters that the stream cannot encode are escaped. If the stream is closed, or its reader has
    ended, the text is lost and the job does not fail. If stdout cannot be written for another
    reason (a full disk), OSError is raised. Errors of stderr are ignored, since they cannot be
    reported.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    @property
    def _stream(self) -> IO[str] | None:
        stream = getattr(sys, self._name)
        stream = getattr(stream, "rich_proxied_file", stream)  # a progress bar replaces the stream
        return None if stream is None or getattr(stream, "closed", False) else stream

    @property
    def encoding(self) -> str:
        return getattr(self._stream, "encoding", None) or "utf-8"

    def isatty(self) -> bool:
        return self._stream is not None and self._stream.isatty()

    def fileno(self) -> int:
        if self._stream is None:
            raise OSError(f"{self._name} is closed")
        return self._stream.fileno()

    def write(self, text: str) -> int:
        stream, encoding = self._stream, self.encoding
        if stream is not None:
            self._guarded(stream.write, text.encode(encoding, "backslashreplace").decode(encoding))
        return len(text)

    def flush(self) -> None:
        if self._stream is not None:
            self._guarded(self._stream.flush)

    def _guarded(self, write: Callable[..., object], *arguments: str) -> None:
        try:
            write(*arguments)
        except OSError as error:
            # discard the buffer; otherwise Python fails at exit
            with suppress(OSError, ValueError):
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, self.fileno())
                os.close(nowhere)
            if self._name == "stdout" and not isinstance(error, BrokenPipeError):
                raise OSError(error.errno, f"cannot write to stdout: {error.strerror}") from None


class Output(Console):
    """rich's console for text that gpuprop did not write itself.

    A terminal gets lines wrapped at its width; a file or a pipe gets whole lines. keep: characters
    of strings that are not escaped.
    """

    def __init__(self, stream: str, width: int | None = None, keep: str = "") -> None:
        self._keep = keep
        # rich takes characters such as "²" for digits, and int() then fails
        environ = {
            name: value
            for name, value in os.environ.items()
            if name not in SIZES or re.fullmatch("[0-9]{1,9}", value)
        }
        plain: dict[str, Any] = dict(markup=False, emoji=False, highlight=False)
        super().__init__(
            file=cast(IO[str], _Stream(stream)), width=width, _environ=environ, **plain
        )

    @property
    def size(self) -> ConsoleDimensions:
        """Width and height within the limits."""
        width, height = super().size
        return ConsoleDimensions(min(max(width, NARROWEST), WIDEST), height)

    @size.setter
    def size(self, new_size: tuple[int, int]) -> None:
        self._width, self._height = new_size

    def render_str(self, text: str, **options: Any) -> Text:
        """Escape every string that rich renders, such as a line or a cell of a table.

        Line feeds are escaped too, so that no name can begin a line.
        """
        return super().render_str(printable(text, self._keep), **options)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Escape text that did not pass through render_str."""
        for segment in super().render(renderable, options):
            yield (
                segment if segment.control else segment._replace(text=printable(segment.text, "\n"))
            )

    def show(self, text: str, whole: bool = False) -> None:
        """Print a line. whole: do not wrap it, so that it can be copied."""
        self.print(text, soft_wrap=whole or not self.is_terminal)

    def facts(self, facts: Iterable[tuple[str, str]]) -> None:
        """Print names and values in two columns; a terminal wraps the values."""
        rows = list(facts)
        if self.is_terminal:
            table = Table(box=None, show_header=False, pad_edge=False)
            table.add_column(no_wrap=True)
            table.add_column(overflow="fold")
            for row in rows:
                table.add_row(*row)
            self.print(table)
            return
        width = max((len(name) for name, _ in rows), default=0)
        for name, value in rows:
            self.show(f"{name:<{width}}  {value}")

    def json(self, facts: Mapping[str, object]) -> None:
        """Print one JSON object on one line, in ASCII and never wrapped."""
        self.raw(json.dumps(facts) + "\n")

    def raw(self, text: str) -> None:
        """Print gpuprop's own text unchanged."""
        self.file.write(text)
        self.file.flush()


out = Output("stdout")
wide = Output("stdout", WIDE)  # for tables
err = Output("stderr")
# for cyclopts: the texts of help are gpuprop's own, and their lines end in line feeds
help = Output("stdout", keep="\n")


def say(text: str) -> None:
    """Print a line on stderr."""
    err.show(text)


def silent(text: str) -> None:
    """Print nothing: the counterpart of `say` for --quiet."""


def print_result(facts: Mapping[str, object], as_json: bool, text: str) -> None:
    """Print the facts as JSON, or else the text."""
    if as_json:
        out.json(facts)
    else:
        out.show(text)


def print_error(what: BaseException | str, notes: Iterable[str] = ()) -> None:
    """Print an error on stderr.

    Lines after the first are indented, so that none of them looks like another message.
    """
    first, *more = str(what).split("\n")
    err.show(f"gpuprop: {first}")
    for line in more:
        err.show(line if line.startswith(" ") else f"  {line}", whole=True)
    for note in notes:
        err.show(note, whole=True)
