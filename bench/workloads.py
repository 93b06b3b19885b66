"""Element sets for benchmarks: real catalogues, or a constellation of the project without them."""

import sys
from pathlib import Path

import numpy as np
from sgp4.api import WGS72, Satrec

from gpuprop import Elements, constellation, read_elements
from gpuprop.time.units import JD_1950, julian

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"
DATA = SHARED / "data"
CATALOGUE = DATA / "spacetrack_full_2025-04-15.2le"
ACTIVE = DATA / "celestrak_active_2025-04-15.3le"


def starlink() -> tuple[str, Elements, Path | None]:
    """Title, sets and file of Starlink in April 2025, or of Starlink Gen1 as filed."""
    if ACTIVE.is_file():
        return "Starlink, active on 2025-04-15", read_elements(ACTIVE).select("STARLINK*"), ACTIVE
    _absent(ACTIVE)
    return "Starlink Gen1 as filed", constellation("starlink-gen1"), None


def catalogue() -> tuple[str, Elements, Path | None]:
    """Title, sets and file of the public catalogue of April 2025, or of Starlink Gen1 as filed."""
    if CATALOGUE.is_file():
        return "the whole catalogue of 2025-04-15", read_elements(CATALOGUE), CATALOGUE
    _absent(CATALOGUE)
    return "Starlink Gen1 as filed", constellation("starlink-gen1"), None


def satrecs(elements: Elements) -> list[Satrec]:
    """Make python-sgp4's objects of the same mean elements, without their catalogue numbers."""
    whole, part = julian(elements.epoch.view(np.int64))
    found = []
    columns = (
        elements.bstar,
        elements.eccentricity,
        elements.argp,
        elements.inclination,
        elements.mean_anomaly,
    )
    for jd, fraction, bstar, ecco, argpo, inclo, mo, no, nodeo in zip(
        whole, part, *columns, elements.mean_motion, elements.raan, strict=True
    ):
        satrec = Satrec()
        satrec.sgp4init(
            WGS72,
            "i",
            1,
            jd + fraction - JD_1950,
            bstar,
            0.0,
            0.0,
            ecco,
            argpo,
            inclo,
            mo,
            no,
            nodeo,
        )
        # sgp4init gets the epoch in one float, which is rounded to 40 microseconds
        satrec.jdsatepoch, satrec.jdsatepochF = jd, fraction
        found.append(satrec)
    return found


def _absent(path: Path) -> None:
    print(f"{path} does not exist: using a constellation of the project", file=sys.stderr)
