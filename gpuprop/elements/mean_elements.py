"""Element sets in the units of SGP4's initialisation."""

import numpy as np

from ..sgp4.model import MeanElements
from ..time.units import JD_1950, julian
from .fields import DEG, REV_PER_DAY
from .sets import Elements

ANGLES = {
    "INCLINATION": "inclo",
    "RA_OF_ASC_NODE": "nodeo",
    "ARG_OF_PERICENTER": "argpo",
    "MEAN_ANOMALY": "mo",
}
AT_ONCE = 16384  # epochs: what is computed on the way stays in the cache


def mean_elements(elements: Elements) -> MeanElements:
    """Convert element sets to the units of SGP4's initialisation.

    The epoch is rounded to one double-precision Julian date (40 microseconds), as in the reference
    implementation: the lunar-solar terms of the published vectors contain that rounding. Instants
    are counted from the exact epoch.
    """
    # One table: its memory returns to the system as a whole, unlike that of eight arrays.
    mean = MeanElements(*np.empty((len(MeanElements._fields), len(elements))))
    ns = elements.epoch.view(np.int64)
    for first in range(0, len(ns), AT_ONCE):
        midnight, fraction = julian(ns[first : first + AT_ONCE])
        mean.epoch[first : first + AT_ONCE] = (midnight + fraction) - JD_1950
    np.divide(elements.fields["MEAN_MOTION"], REV_PER_DAY, out=mean.no_kozai)
    for name, column in ANGLES.items():
        np.multiply(elements.fields[name], DEG, out=getattr(mean, column))
    mean.ecco[:] = elements.eccentricity
    mean.bstar[:] = elements.bstar
    return mean
