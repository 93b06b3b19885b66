"""The globe: one HTML file that shows satellites as they move, without a network.

globe.py     `view`, and the page that it returns
knots.py     positions and velocities at knots, in steps that the measured error chooses
computed.py  knots from a propagator
recorded.py  knots from a directory of snapshots
groups.py    operator, shell, altitude and status of each satellite, for colours and the legend
earth.py     coast lines, borders, the rotation of the Earth, the Sun
coverage.py  a table of coverage as an image of the Earth
statement.py what the page says of its data
page.py      joins data, page/*.js, page/style.css and page/template.html into one file
page/        the page: plain ES modules with JSDoc types, of which main.js is the first
"""

from .globe import Globe, view

__all__ = ["Globe", "view"]
