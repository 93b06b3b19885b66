"""Element sets in the units of SGP4's initialisation."""

import numpy as np

from ..sgp4.model import MeanElements
from ..time.units import JD_1950, julian
from .sets import Elements


def mean_elements(elements: Elements) -> MeanElements:
    """Convert element sets to the units of SGP4's initialisation.

    The epoch is rounded to one double-precision Julian date (40 microseconds), as in the reference
    implementation: the lunar-solar terms of the published vectors contain that rounding. Instants
    are counted from the exact epoch.
    """
    midnight, fraction = julian(elements.epoch.view(np.int64))
    # One table: its memory returns to the system as a whole, unlike that of eight arrays.
    mean = MeanElements(*np.empty((len(MeanElements._fields), len(elements))))
    mean.epoch[:] = (midnight + fraction) - JD_1950
    mean.no_kozai[:] = elements.mean_motion
    mean.ecco[:] = elements.eccentricity
    mean.inclo[:] = elements.inclination
    mean.nodeo[:] = elements.raan
    mean.argpo[:] = elements.argp
    mean.mo[:] = elements.mean_anomaly
    mean.bstar[:] = elements.bstar
    return mean
