"""The sites that a command is given."""

from collections.abc import Iterable
from pathlib import Path

from ..analysis.site import Site
from ..analysis.tables import read_sites, site_of
from ..errors import UsageError
from ..messages import shown
from .satellites import Tell

HIGH = 50.0  # km: balloons stay below


def given_sites(texts: Iterable[str] | None, files: Iterable[str] | None) -> list[Site]:
    """Read the sites of --site and --sites, in their order.

    Parameters
    ----------
    texts : iterable of str, optional
        NAME,LAT,LON,HEIGHT_KM each; the name may have commas if there is a height.
    files : iterable of str, optional
        CSV files with the columns name, lat, lon, height_km.

    Returns
    -------
    list of Site
        All of them; none without texts and files.

    Raises
    ------
    ValueError
        For a site that cannot be read.
    UsageError
        For a file that is not there.
    OSError
        For a file that cannot be read.
    """
    sites = [
        site_of([part.strip() for part in text.rsplit(",", 3)], f"--site {text!r}")
        if text.count(",") >= 3
        else site_of([part.strip() for part in text.split(",")], f"--site {text!r}")
        for text in texts or ()
    ]
    for path in files or ():
        if not Path(path).exists():
            raise UsageError(
                f"there is no file {path!r}: --sites takes CSV, name,lat,lon,height_km"
            )
        sites += read_sites(path)
    return sites


def doubt(sites: Iterable[Site], site_dark: float | None, tell: Tell) -> None:
    """Tell what is allowed, but rarely meant: heights in metres, and the Sun above the horizon."""
    for site in sites:
        if site.height_km > HIGH:
            tell(
                f"note: the height of {shown(site.label)} is {site.height_km:,g} km; if these are "
                f"metres, give {site.height_km / 1000:g}"
            )
    if site_dark is not None and site_dark > 0.0:
        tell(
            f"note: --site-dark {site_dark:g} keeps passes by day, too: the Sun {site_dark:g} deg "
            f"below the horizon is {-site_dark:g}"
        )
