"""Sites on the ground, from text and from files."""

from pathlib import Path

from ..analysis.look_angles import Site
from ..analysis.tables import read_sites
from ..errors import UsageError


def site_of_text(text: str) -> Site:
    """Read NAME,LAT,LON or NAME,LAT,LON,HEIGHT (deg, km); UsageError if it cannot be read."""
    return _site(text.split(","), f"--site {text!r}")


def sites_of_file(path: Path) -> list[Site]:
    """Read a CSV with the columns name, lat, lon (deg) and, if given, height_km.

    UsageError names the line that cannot be read.
    """
    try:
        return read_sites(path)
    except ValueError as error:
        raise UsageError(str(error)) from None


def _site(values: list[str], where: str) -> Site:
    if not 3 <= len(values) <= 4:
        raise UsageError(f"{where}: give NAME,LAT,LON or NAME,LAT,LON,HEIGHT (deg, km)")
    try:
        lat, lon, *height = (float(value) if value.strip() else 0.0 for value in values[1:])
        return Site(lat, lon, height[0] if height else 0.0, values[0].strip())
    except ValueError as error:
        raise UsageError(f"{where}: {error}") from None
