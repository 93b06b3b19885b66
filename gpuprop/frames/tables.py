"""Tables of Earth orientation for kernels that compute the rotation of each instant."""

import numpy as np

from ..sgp4.earth_rotation import LARGEST_POLE, EarthTable
from ..time.scales import tai_minus_utc_ns
from ..time.units import DAY, SECOND
from ..typing import Bits
from .eop import EarthOrientation, NoEarthOrientation
from .rotations import EARTH_ROTATION

DAY_1972 = 730  # from 1970: since then TAI - UTC changes at midnights only


def earth_table(frame: str, ns: Bits, eop: EarthOrientation) -> EarthTable | None:
    """Return the table with which a kernel computes the rotations from TEME to `frame` at ns (n,).

    The kernel's rotations have the same bits as those of `rotations`. None if a table is not
    enough: for the frame gcrs, and before 1972. `eop` must reach all instants.
    """
    if frame not in ("pef", "itrs") or not len(ns):
        return None
    polar = frame == "itrs"
    if isinstance(eop, NoEarthOrientation):
        none = [0.0, 0.0, 0.0, float(DAY), 0.0, 0.0, 0.0, 0.0, EARTH_ROTATION]
        return EarthTable(np.array([none]), 0, polar)
    first, last = int(ns.min()) // DAY, int(ns.max()) // DAY
    if first < DAY_1972:
        return None
    row = np.arange(first, last + 1) - int(eop.ns[0]) // DAY
    # The last midnight of the table is the end of its last day.
    end = row == len(eop.ns) - 1
    row = np.minimum(row, len(eop.ns) - 2)
    tai_utc, tai_utc_next = tai_minus_utc_ns(eop.ns[row]), tai_minus_utc_ns(eop.ns[row + 1])
    length = DAY + (tai_utc_next - tai_utc)
    columns = []
    for values in (eop.ut1_tai, eop.xp, eop.yp):
        value, change = values[row], values[row + 1] - values[row]
        columns += [np.where(end, value + change, value), np.where(end, 0.0, change)]
    ends = [values[rows] for values in (eop.xp, eop.yp) for rows in (row, row + 1)]
    if np.abs(ends).max() > LARGEST_POLE:
        return None
    lod = -(eop.ut1_tai[row + 1] - eop.ut1_tai[row]) * (DAY / length)
    days = [
        *columns[:2],
        np.where(end, tai_utc_next, tai_utc) / SECOND,
        length.astype(np.float64),
        *columns[2:],
        EARTH_ROTATION * (1.0 - lod / 86400.0),
    ]
    return EarthTable(np.stack(days, axis=-1), first, polar)
