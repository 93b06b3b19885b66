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
    return MeanElements(
        epoch=(midnight + fraction) - JD_1950,
        no_kozai=elements.mean_motion,
        ecco=elements.eccentricity,
        inclo=elements.inclination,
        nodeo=elements.raan,
        argpo=elements.argp,
        mo=elements.mean_anomaly,
        bstar=elements.bstar,
    )
