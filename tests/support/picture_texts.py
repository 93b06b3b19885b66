"""What the texts of a picture say, and whether they can be read: none hides another."""

import io
import itertools
import xml.etree.ElementTree as ET

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg


def texts(figure):
    """The visible texts of a figure and their boxes, in pixels."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    axes = [
        axis
        for ax in figure.axes
        if ax.axison
        for axis in (ax.xaxis, ax.yaxis)
        if axis.get_visible()
    ]
    every = [axis for ax in figure.axes for axis in (ax.xaxis, ax.yaxis)]
    labels = {
        label for axis in every for tick in axis.majorTicks for label in (tick.label1, tick.label2)
    }
    shown = {
        label
        for axis in axes
        for tick in axis._update_ticks()
        for label in (tick.label1, tick.label2)
    }
    return [
        (text.get_text(), text.get_window_extent(renderer))
        for text in figure.findobj(matplotlib.text.Text)
        if text.get_visible() and text.get_text().strip() and (text in shown or text not in labels)
    ]


def assert_readable(figure, least=1):
    """Every text is inside of the figure, and none hides another. Return the texts."""
    found = texts(figure)
    assert len(found) >= least
    for name, box in found:
        assert box.x0 >= 0 and box.y0 >= 0, (name, box)
        assert box.x1 <= figure.bbox.width and box.y1 <= figure.bbox.height, (name, box)
    for (one, box), (other, second) in itertools.combinations(found, 2):
        apart = (
            box.x1 <= second.x0 or second.x1 <= box.x0 or box.y1 <= second.y0 or second.y1 <= box.y0
        )
        assert apart, (one, other)
    return [name for name, _ in found]


def texts_of_svg(page):
    """The texts of an SVG file, in the order of the file."""
    root = ET.parse(io.BytesIO(page)).getroot()
    name = "{http://www.w3.org/2000/svg}text"
    return ["".join(text.itertext()) for text in root.iter(name)]
