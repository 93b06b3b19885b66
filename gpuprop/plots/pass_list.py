"""A list of passes beside the sky."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
from matplotlib.axes import Axes

from .clock import clock
from .paper import fitted, plain

TAIL = 7  # characters at the end of a name that are shown
ROW = 0.145  # inches


def write_list(ax: Axes, passes: pa.Table, more: int, days: bool) -> None:
    """Write the passes in rows: number, satellite, rise, culmination, set, greatest elevation."""
    ax.set_axis_off()
    width, height = ax.bbox.width / ax.figure.dpi, ax.bbox.height / ax.figure.dpi
    ax.set(xlim=(0, width), ylim=(height, 0))
    size = 6.2
    heads = ("", "satellite", "rise", "highest", "set")
    places = (0.14, 0.2, width - 1.04, width - 0.48, width - 0.08)
    room = places[2] - 0.5 - places[1] - (0.27 if days else 0.0)

    def row(y: float, texts: Sequence[str], **look: Any) -> None:
        for number, (x, text) in enumerate(zip(places, texts, strict=True)):
            if text:
                ha = "left" if number == 1 else "right"
                ax.text(x, y, text, ha=ha, va="center", fontsize=size, **look)

    top = 0.12
    row(top, heads, color="0.35")
    ax.plot([0, width - 0.08], [top + ROW * 0.6] * 2, color="0.5", linewidth=0.5)
    names = passes["object_name"].to_pylist()
    for number, each in enumerate(names):
        name = plain(each, 60) or str(passes["sat_id"][number].as_py())
        rise, highest, last = (
            passes[column][number].value for column in ("rise", "culmination", "set")
        )
        elevation = passes["max_elevation_deg"][number].as_py()
        cut = [passes[column][number].as_py() for column in ("rise_cut", "set_cut")]
        row(
            top + (number + 1.1) * ROW,
            (
                str(number + 1),
                fitted(name, room, size, TAIL),
                f"{'<' if cut[0] else ''}{clock(rise, seconds=True, day=days)}",
                f"{clock(highest)} {elevation:2.0f}°",
                f"{'>' if cut[1] else ''}{clock(last)}",
            ),
        )
    if more:
        ax.text(
            places[1],
            top + (len(names) + 1.3) * ROW,
            f"and {more:,} more: gpuprop access lists all",
            va="center",
            fontsize=size,
            color="0.35",
        )
