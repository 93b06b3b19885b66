"""A globe for tests in a browser: its satellites, its site, and what they ask of its page."""

import io
from typing import Any

import matplotlib.image
import numpy as np
import numpy.typing as npt

import gpuprop
from gpuprop import Elements, Site
from gpuprop.elements.fields import FIELDS

EPOCH = "2026-01-01T00:00:00Z"
SITE = Site(-15.79, -47.88, 1.17, "Brasília")
MINUTES = 40


def eccentric_and_high() -> Elements:
    """A transfer orbit, Molniya's, one of navigation, one geostationary."""
    rows = [
        ("TRANSFER", 2.3, 0.73, 27.0, 10.0),
        ("MOLNIYA", 2.006, 0.72, 63.4, 350.0),
        ("NAVIGATION", 2.0057, 0.01, 55.0, 40.0),
        ("GEOSTATIONARY", 1.0027, 0.0002, 0.1, 90.0),
    ]
    columns = {
        "OBJECT_NAME": [row[0] for row in rows],
        "NORAD_CAT_ID": [90001 + i for i in range(len(rows))],
        "EPOCH": np.full(len(rows), np.datetime64("2026-01-01T00:00:00", "ns")),
        "MEAN_MOTION": [row[1] for row in rows],
        "ECCENTRICITY": [row[2] for row in rows],
        "INCLINATION": [row[3] for row in rows],
        "RA_OF_ASC_NODE": [30.0] * len(rows),
        "ARG_OF_PERICENTER": [270.0] * len(rows),
        "MEAN_ANOMALY": [row[4] for row in rows],
    }
    return Elements({name: np.array(values, FIELDS[name][0]) for name, values in columns.items()})


def globe_satellites() -> Elements:
    """Two shells, and the satellites of other orbits."""
    shells = [
        gpuprop.walker("53:480/24/7", altitude_km=550.0, epoch=EPOCH),
        gpuprop.walker("87.9:180/12/1", altitude_km=1200.0, epoch=EPOCH, kind="star"),
    ]
    return Elements.concat([eccentric_and_high(), *shells])


RESET = """() => {
  const {world} = gpuprop, {camera} = world;
  Object.assign(world, {following: false, heading: null, grouping: 0, hovered: -1});
  Object.assign(world, {adding: false, theme: "dark"});
  Object.assign(world.clock, {playing: false, rate: 60, now: 0});
  camera.setFixed(false, world.angle);
  Object.assign(camera, start.camera);
  world.shown.forEach(shown => shown.fill(true));
  world.sites.sites.splice(0, Infinity, ...start.sites);
  world.sites.least = 25;
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  document.activeElement.blur();
  world.choose(-1);
  gpuprop.draw();
}"""


def picture(page: Any) -> npt.NDArray[np.float32]:
    """Return the pixels (height, width, 3), from 0 to 1."""
    page("gpuprop.draw()")
    pixels: npt.NDArray[np.float32] = matplotlib.image.imread(io.BytesIO(page.page.screenshot()))
    return pixels[..., :3]
