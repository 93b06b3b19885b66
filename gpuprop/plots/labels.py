"""Labels that hide neither each other nor other text of a picture."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.figure import SubFigure
from matplotlib.text import Text
from matplotlib.transforms import Bbox, IdentityTransform

from ..typing import Array
from .paper import HINTED, POINTS

APART = 1.2  # points between two labels


class Offset(NamedTuple):
    """Where a label stands from its point: points to the right and up, and its alignment."""

    right: float
    up: float
    ha: str
    va: str


def around(distance: float) -> tuple[Offset, ...]:
    """Return the places of a label around a point: the best ones first."""
    near = 0.7 * distance
    return (
        Offset(near, near, "left", "bottom"),
        Offset(near, -near, "left", "top"),
        Offset(-near, near, "right", "bottom"),
        Offset(-near, -near, "right", "top"),
        Offset(distance, 0.0, "left", "center"),
        Offset(-distance, 0.0, "right", "center"),
        Offset(0.0, distance, "center", "bottom"),
        Offset(0.0, -distance, "center", "top"),
    )


class Labels:
    """Places labels in axes one by one, where there is room.

    Parameters
    ----------
    ax
        The axes, complete but for the labels: their texts are kept clear.
    inside
        Labels stay inside of the axes; else inside of the figure.
    """

    def __init__(self, ax: Axes, inside: bool = True) -> None:
        figure: Any = ax.figure
        if isinstance(figure, SubFigure):
            figure = figure.figure
        figure.draw_without_rendering()  # places ticks, and axes of a fixed shape
        self._ax = ax
        self._pixel = figure.dpi / POINTS
        width, height = (round(side) for side in figure.bbox.size)
        agg: Any = RendererAgg
        self._renderer = agg(width, height, figure.dpi)
        self._limits = ax.bbox if inside else figure.bbox
        self._boxes = np.empty((0, 4))
        self._points = np.empty((0, 2))
        self.left_out = 0  # labels without room
        self.keep_clear(
            text.get_window_extent(self._renderer)
            for text in figure.findobj(Text)
            if text.get_visible() and text.get_text().strip()
        )

    def keep_clear(self, boxes: Iterable[Bbox]) -> None:
        """Keep labels out of boxes, in pixels."""
        new = [np.array(box.extents) for box in boxes]
        if new:
            self._boxes = np.concatenate((self._boxes, new))

    def keep_clear_of_points(self, points: Array, around: float) -> None:
        """Keep labels out of squares around points (n, 2) in pixels; around: half a side, pt."""
        half = around * self._pixel
        self._boxes = np.concatenate((self._boxes, np.hstack((points - half, points + half))))

    def prefer_clear_of_points(self, points: Array) -> None:
        """Put labels over these points (n, 2), in pixels, only where there is no other room."""
        self._points = np.concatenate((self._points, points[np.isfinite(points).all(axis=1)]))

    def place(
        self,
        point: Array,
        text: str,
        offsets: Sequence[Offset],
        *,
        strict: bool = False,
        **look: Any,
    ) -> Text | None:
        """Write a text near a point (2,) in pixels: at the first of the offsets with room.

        None, and one more is left out, if there is none. strict: only where it hides no points;
        the caller tries again, and nothing is counted.
        """
        x, y = (float(each) for each in point)
        label = Text(x, y, text, transform=IdentityTransform(), **look)
        label.set_figure(self._ax.figure)
        free = []
        for offset in offsets:
            label.set(
                x=x + offset.right * self._pixel,
                y=y + offset.up * self._pixel,
                ha=offset.ha,
                va=offset.va,
            )
            box = _grown(label.get_window_extent(self._renderer), offset.ha)
            if self._is_free(box):
                hidden = self._hidden(box)
                if not hidden:
                    return self._added(label, x, y, offset, box)
                free.append((hidden, offset, box))
        if not free or strict:
            self.left_out += not strict
            return None
        _, offset, box = min(free, key=lambda each: each[0])
        return self._added(label, x, y, offset, box)

    def _hidden(self, box: Bbox) -> int:
        """Count the points that a label hides."""
        x, y = self._points.T
        return int(((x > box.x0) & (x < box.x1) & (y > box.y0) & (y < box.y1)).sum())

    def _is_free(self, box: Bbox) -> bool:
        apart = APART * self._pixel
        limits = self._limits
        if (
            box.x0 < limits.x0 + apart
            or box.y0 < limits.y0 + apart
            or box.x1 > limits.x1 - apart
            or box.y1 > limits.y1 - apart
        ):
            return False
        x0, y0, x1, y1 = self._boxes.T
        hit = (x0 < box.x1 + apart) & (x1 > box.x0 - apart)
        hit &= (y0 < box.y1 + apart) & (y1 > box.y0 - apart)
        return not bool(hit.any())

    def _added(self, label: Text, x: float, y: float, offset: Offset, box: Bbox) -> Text:
        """Add a label as an annotation, which stays at its point when a figure changes size."""
        place = self._ax.transData.inverted().transform((x, y))
        added: Text = self._ax.annotate(
            label.get_text(),
            tuple(place),
            (offset.right, offset.up),
            textcoords="offset points",
            ha=offset.ha,
            va=offset.va,
            fontproperties=label.get_fontproperties(),
            color=label.get_color(),
            bbox=dict(boxstyle="square,pad=0.1", facecolor="white", alpha=0.75, linewidth=0),
            zorder=6,
            annotation_clip=False,
        )
        self.keep_clear([box])
        return added


def _grown(box: Bbox, ha: str) -> Bbox:
    """Return the box of a text that is drawn at another resolution, where signs are wider."""
    more = (HINTED - 1.0) * box.width
    left = {"left": 0.0, "center": 0.5, "right": 1.0}[ha] * more
    return Bbox.from_extents(box.x0 - left, box.y0, box.x1 + more - left, box.y1)


def spread(wanted: Sequence[float], height: float, low: float, high: float) -> list[float]:
    """Move numbers apart, so that labels of a height do not hide each other.

    Parameters
    ----------
    wanted
        Where the middles of the labels should be.
    height
        Of a label, in the same unit.
    low, high
        Limits of the labels. With too little room between them, labels stand closer.

    Returns
    -------
    list of float
        The middles, in the order of `wanted`.
    """
    n = len(wanted)
    if n * height > high - low:
        height = (high - low) / max(n, 1)
    order = sorted(range(n), key=lambda number: wanted[number])
    # blocks of labels that touch: the mean of what they want, and how many they are
    blocks: list[list[float]] = []
    for number in order:
        blocks.append([min(max(wanted[number], low + height / 2), high - height / 2), 1])
        while len(blocks) > 1:
            (first, few), (second, more) = blocks[-2:]
            if second - first >= (few + more) * height / 2:
                break
            both = few + more
            middle = (first * few + second * more) / both
            half = both * height / 2
            blocks[-2:] = [[min(max(middle, low + half), high - half), both]]
    placed = [0.0] * n
    numbers = iter(order)
    for middle, many in blocks:
        for place in range(int(many)):
            placed[next(numbers)] = middle + (place - (many - 1) / 2) * height
    return placed
