"""Sites on the ground, from text and from files."""

from pathlib import Path

from ..analysis.look_angles import Site
from ..analysis.tables import read_sites, site_of
from ..errors import UsageError


def site_of_text(text: str) -> Site:
    """Read NAME,LAT,LON or NAME,LAT,LON,HEIGHT (deg, km); UsageError if it cannot be read."""
    try:
        return site_of([part.strip() for part in text.split(",")], f"--site {text!r}")
    except ValueError as error:
        raise UsageError(str(error)) from None


def sites_of_file(path: Path) -> list[Site]:
    """Read a CSV with the columns name, lat, lon (deg) and, if given, height_km.

    UsageError names the line that cannot be read.
    """
    try:
        return read_sites(path)
    except ValueError as error:
        raise UsageError(str(error)) from None
