"""Views: what the engines need of a frame and of the Sun at instants, and how far frames reach."""

from . import frames
from .frames import EarthOrientation
from .frames.interpolation import tt_ns
from .frames.tables import earth_table
from .sgp4.model import TEME, View
from .states import position_names
from .time.times import Times
from .typing import Bits


def check_reach(times: Times, frame: str, eop: EarthOrientation | None, sunlit: bool) -> None:
    """Check that a frame is known and that it and the Sun can be computed at all instants.

    `eop` is None in teme. ValueError otherwise.
    """
    position_names(frame)
    try:
        if eop is not None:
            eop.at(times.edges)
        if frame == "gcrs" or sunlit:
            tt_ns(times.edges)
    except ValueError as error:
        raise ValueError(f"{'sunlit' if frame == 'teme' else f'frame {frame}'}: {error}") from error


def view(ns: Bits, frame: str, eop: EarthOrientation | None, sunlit: bool = False) -> View:
    """Compute what engines need to know of a frame and of the Sun at instants (n_times,)."""
    if frame == "teme" and not sunlit:
        return TEME
    rotation = (
        None
        if frame == "teme"
        else frames.rotations("itrs" if frame == "geodetic" else frame, ns, eop)
    )
    # Earth orientation changes the Sun in TEME by less than 1e-11 rad, so no table is needed, and
    # none limits the instants.
    return View(rotation, frame == "geodetic", frames.sun(ns, "none") if sunlit else None)


def pair_view(
    ns: Bits, edges: Bits, frame: str, eop: EarthOrientation | None, sunlit: bool
) -> View:
    """Prepare what the engines need of a frame and of the Sun for pairs at instants (n,).

    edges: the earliest and the latest instant, or none. In the Earth-fixed frames the engine
    computes the rotation of each pair from a table.
    """
    geodetic = frame == "geodetic"
    earth = None if eop is None else earth_table("itrs" if geodetic else frame, edges, eop)
    if earth is None:
        return view(ns, frame, eop, sunlit)
    return View(None, geodetic, frames.sun(ns, "none") if sunlit else None, earth)
