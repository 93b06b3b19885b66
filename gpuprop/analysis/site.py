"""A place on the ground, from which satellites are seen."""

from dataclasses import dataclass

DEEPEST, HIGHEST = -12.0, 100_000.0  # km: the sea floor is nowhere below -11


@dataclass(frozen=True)
class Site:
    """A place on the ground or above it.

    Parameters
    ----------
    latitude_deg : float
        Geodetic latitude on WGS-84, deg, north positive.
    longitude_deg : float
        Longitude, deg, east positive, from -360 to 360.
    height_km : float
        Height above the WGS-84 ellipsoid, km, from -12 (below the sea floor) to 100,000.
    name : str
        Name for tables and messages.

    Raises
    ------
    ValueError
        For a latitude beyond 90, a longitude beyond 360, a height out of range, and NaN.
    TypeError
        For a value that is not a number.
    """

    latitude_deg: float
    longitude_deg: float
    height_km: float = 0.0
    name: str = ""

    def __post_init__(self) -> None:
        for field, limit in (
            ("latitude_deg", 90.0),
            ("longitude_deg", 360.0),
            ("height_km", HIGHEST),
        ):
            given = getattr(self, field)
            try:
                value = float(given)
            except (TypeError, ValueError):
                raise TypeError(
                    f"site {self.name!r}: {field} must be a number, not {given!r} "
                    f"({type(given).__name__})"
                ) from None
            least = DEEPEST if field == "height_km" else -limit
            if not least <= value <= limit:
                raise ValueError(
                    f"site {self.name!r}: {field} {value} is not from {least:g} to {limit:g}"
                )
            object.__setattr__(self, field, value)

    @property
    def label(self) -> str:
        """The name, or the coordinates of a site without one: `51.17,71.45`."""
        return self.name or f"{self.latitude_deg:g},{self.longitude_deg:g}"
