"""What all pictures have in common: one style, text, sizes, files.

The same answer gives the same bytes: matplotlib's own defaults are used, whatever the user's are,
with its own font, and there is no date in a file.
"""

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from os import PathLike
from pathlib import Path
from typing import Any, TypeAlias

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.textpath import TextToPath

from ..messages import printable

FONT = "DejaVu Sans"  # comes with matplotlib
TEXT: Any = {
    "font.family": ["sans-serif"],
    "font.sans-serif": [FONT, "Verdana"],  # programs that show an SVG may lack the first
    "font.size": 8.0,
    "text.parse_math": False,  # a name with two $ is no formula
    "axes.titlesize": 8.5,
    "axes.linewidth": 0.6,
    "axes.unicode_minus": True,
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "gpuprop",
    "pdf.fonttype": 42,
    "path.simplify": True,
}
OF_THE_PROGRAM = ("backend", "interactive", "toolbar", "timezone", "webagg", "tk.", "macosx")
STYLE: Any = {
    name: value
    for name, value in matplotlib.rcParamsDefault.items()
    if not name.startswith(OF_THE_PROGRAM)
} | TEXT
DATELESS: dict[str, dict[str, None]] = {
    "svg": {"Date": None},
    "pdf": {"CreationDate": None},
    "png": {},
}
# Okabe and Ito's colours, without the yellow: readers with any colour vision tell them apart
LINES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES: tuple[Any, ...] = (
    "-",
    (0, (5, 1.6)),
    (0, (1.2, 1.2)),
    (0, (7, 1.5, 1.2, 1.5)),
    (0, (3, 1, 1, 1, 1, 1)),
    (0, (9, 3)),
)
DARK = 1.05 / 4.6 - 0.05  # luminance of text in colour
WIDTH = 7.5  # of a page, inches: it fits on A4 and letter paper
LEFT = 0.12  # of titles and captions, inches
TITLE_SIZE, CAPTION_SIZE = 9.5, 6.5  # points
LINE_HEIGHT = 1.3
MOST_LINES = 5  # of a caption
POINTS = 72.0  # in an inch
HINTED = 1.06  # on a screen, signs are drawn up to so much wider than they are
NARROWEST = 0.2  # of a sign, in sizes of the font

MakeFigure: TypeAlias = Callable[..., Figure]  # matplotlib.figure.Figure, or pyplot.figure


def look_of_line(number: int) -> dict[str, Any]:
    """Return colour and dashes of a line: in print without colour, dashes tell lines apart."""
    turn, place = divmod(number, len(LINES))
    return dict(color=LINES[place], linestyle=DASHES[(place + turn) % len(DASHES)])


def ink(number: int) -> tuple[float, float, float]:
    """Return the colour of text about a line: that of the line, dark enough to be read on white.

    The contrast is at least 4.5, as WCAG 2.2 asks for (level AA, relative luminance).
    """
    colour = np.array(to_rgb(LINES[number % len(LINES)]))
    linear = np.where(colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** 2.4)
    linear *= min(1.0, DARK / max(1e-9, float(linear @ (0.2126, 0.7152, 0.0722))))
    red, green, blue = np.where(
        linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055
    ).tolist()
    return (red, green, blue)


# --- text ---
def plain(text: str, most: int | None = None) -> str:
    r"""Return what a picture shows of a text from a file or an argument.

    Control characters, and characters that the font does not have, become escapes such as
    \u4e2d: every sign of the result is drawn. most: its greatest length; the middle is left out.
    """
    if most is not None and len(text) > 8 * most:  # do not escape what is not shown
        text = f"{text[: 4 * most]}…{text[-4 * most :]}"
    text = printable(text)
    if not text.isascii():
        known = _signs()
        text = "".join(
            sign if ord(sign) in known else sign.encode("unicode_escape").decode() for sign in text
        )
    if most is None or len(text) <= most:
        return text
    tail = most // 4
    return f"{text[: most - tail - 1].rstrip()}…{text[-tail:].lstrip()}"


@cache
def _signs() -> frozenset[int]:
    return frozenset(get_font(findfont(FontProperties(family=FONT))).get_charmap())


def width_of(text: str, size: float) -> float:
    """Measure a text of one line: its width in inches, rather too much than too little.

    size: of the font, points.
    """
    font = FontProperties(family=FONT, size=size)
    width, _, _ = TextToPath().get_text_width_height_descent(text, font, ismath=False)
    return HINTED * float(width) / POINTS


def fitted(text: str, width: float, size: float, tail: int = 0) -> str:
    """Cut a text to a width in inches, with … for what is left out.

    tail: so many characters at the end are kept, where names often differ.
    """
    most = tail + int(width * POINTS / (NARROWEST * size)) + 1
    if len(text) <= most and width_of(text, size) <= width:
        return text
    end = text[len(text) - tail :].lstrip()
    few, many = 0, max(0, min(len(text) - tail, most))
    while few < many:
        middle = (few + many + 1) // 2
        if width_of(f"{text[:middle]}…{end}", size) <= width:
            few = middle
        else:
            many = middle - 1
    return f"{text[:few].rstrip()}…{end}"


def wrapped(paragraphs: Sequence[str], width: float, size: float, most: int) -> list[str]:
    """Break paragraphs into lines of a width in inches, at most so many; the end is left out."""
    lines: list[str] = []
    for paragraph in filter(None, paragraphs):
        line = ""
        for word in (fitted(word, width, size) for word in paragraph.split(" ")):
            longer = f"{line} {word}" if line else word
            if line and width_of(longer, size) > width:
                lines.append(line)
                line = word
            else:
                line = longer
            if len(lines) > most:
                break
        lines.append(line)
    if len(lines) > most:
        lines = [*lines[: most - 1], fitted(f"{lines[most - 1]} …", width, size)]
    return lines


# --- pages ---
@contextmanager
def style(ax: Axes | None) -> Iterator[None]:
    """Draw in gpuprop's style; into axes that a user made, only text is set."""
    with matplotlib.rc_context(STYLE if ax is None else TEXT):
        yield


class Page:
    """A figure on which everything has its place, in inches from the left and from the top.

    Parameters
    ----------
    make
        Makes the figure: matplotlib.figure.Figure, or pyplot.figure for None.
    height
        Of what is between title and caption, inches.
    title
        One line; what does not fit is left out.
    caption
        Paragraphs, which are broken into lines: source, epoch, what the signs mean.
    width
        Of the page, inches.
    """

    top = 0.3  # of the title, inches

    def __init__(
        self,
        make: MakeFigure | None,
        height: float,
        title: str,
        caption: Sequence[str],
        width: float = WIDTH,
    ) -> None:
        if make is None:
            from matplotlib import pyplot  # notebooks show what it makes

            make = pyplot.figure
        room = width - 2 * LEFT
        lines = wrapped(caption, room, CAPTION_SIZE, MOST_LINES)
        self.width = width
        self.height = self.top + height + 0.14 + len(lines) * CAPTION_SIZE * LINE_HEIGHT / POINTS
        self.figure = make(figsize=(self.width, self.height))
        self.figure.text(
            LEFT / self.width,
            1 - 0.1 / self.height,
            fitted(title, room, TITLE_SIZE),
            fontsize=TITLE_SIZE,
            va="top",
        )
        self.figure.text(
            LEFT / self.width,
            0.07 / self.height,
            "\n".join(lines),
            fontsize=CAPTION_SIZE,
            va="bottom",
            color="0.25",
            linespacing=LINE_HEIGHT,
        )

    def axes(self, x: float, y: float, width: float, height: float, **how: Any) -> Axes:
        """Make axes; y counts from below the title."""
        made: Axes = self.figure.add_axes(
            (
                x / self.width,
                1 - (self.top + y + height) / self.height,
                width / self.width,
                height / self.height,
            ),
            **how,
        )
        return made


# --- files ---
def picture(figure: Figure, path: str | PathLike[str]) -> bytes:
    """Return a figure as PNG, SVG or PDF, by the ending of its file's name.

    The same figure gives the same bytes: there is no date in it.
    """
    form = Path(path).suffix.lower().removeprefix(".")
    file = io.BytesIO()
    with matplotlib.rc_context(STYLE):
        figure.savefig(file, format=form, dpi=200, metadata=DATELESS[form])
    return file.getvalue()
