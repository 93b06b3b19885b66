"""Compare frames, look angles and geodetic coordinates with other libraries, for the documentation.

    python bench/frames_accuracy.py [--instants 400] [--json FILE]

References are astropy and Skyfield, with the Earth orientation that gpuprop uses, and for look
angles also Skyfield with its own. The reference of geodetic coordinates is the ellipsoid in long
double precision, iterated to convergence (skipped where long double is no wider than double).
Positions are random directions at three distances from the Earth's centre: those of a low orbit
(550 km), of GPS and of GEO.
"""

from typing import Any

import astropy.coordinates
import astropy.units as u
import erfa
import machine
import numpy as np
import skyfield.api
from astropy.table import QTable
from astropy.time import Time
from astropy.utils import iers
from skyfield import framelib, sgp4lib

from gpuprop import Elements, Propagator, Site, look_angles, walker
from gpuprop.frames import earth_orientation, rotations
from gpuprop.sgp4.frames import geodetic
from gpuprop.time.scales import tai_minus_utc
from gpuprop.time.times import as_times, instant_ns
from gpuprop.time.units import DAY

RADII = {"550 km": 6928.137, "GPS": 26_560.0, "GEO": 42_164.0}  # km
YEARS = {"2026": ("2026-01-01", "2027-01-01"), "1972 to 2026": ("1972-01-01", "2027-01-01")}
HEIGHTS = (-100.0, 0.0, 550.0, 1000.0, 20_200.0, 35_786.0, 400_000.0)  # km
SITES = [
    Site(0.0, 0.0),
    Site(90.0, 0.0),
    Site(-15.793889, -47.882778, 1.172),
    Site(51.1694, 71.4491, 0.347),
    Site(-33.0, -180.0, 4.0),
]
ARCSECOND = np.pi / 648_000.0
MM = 1e-6  # km


def instants(years: str, n: int) -> np.ndarray:
    """Draw random instants from some years, (n,) ns."""
    first, last = (instant_ns(each) for each in YEARS[years])
    return np.random.default_rng(26).integers(first, last, n)


def directions(n: int) -> np.ndarray:
    """Draw random unit vectors, (n, 3)."""
    vectors = np.random.default_rng(27).normal(size=(n, 3))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def dates(ns: np.ndarray, seconds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two-part Julian dates of UTC plus `seconds`."""
    return 2440587.5 + ns // DAY, (ns % DAY) / DAY + seconds / 86_400.0


def skyfield_time(ns: np.ndarray, same: bool) -> skyfield.api.Time:
    """Skyfield's instants, with the UT1 and polar motion of gpuprop if `same`, else its own."""
    timescale = skyfield.api.load.timescale(builtin=True)
    seconds = tai_minus_utc(ns) + 32.184
    if not same:
        return timescale.tt_jd(*dates(ns, seconds))
    table = earth_orientation()
    tt = sum(dates(table.ns, tai_minus_utc(table.ns) + 32.184))
    timescale.polar_motion_table = tt, table.xp / ARCSECOND, table.yp / ARCSECOND
    time = timescale.tt_jd(*dates(ns, seconds))
    time.delta_t = seconds - table.at(ns)[0]
    return time


def to_skyfield(ns: np.ndarray, position: np.ndarray, frame: str) -> np.ndarray:
    """Transform positions (n, 3) km from TEME to a frame with Skyfield."""
    time = skyfield_time(ns, True)
    gcrs = np.asarray(np.einsum("jin,nj->ni", sgp4lib.TEME.rotation_at(time), position))
    if frame == "gcrs":
        return gcrs
    return np.asarray(np.einsum("ijn,nj->ni", framelib.itrs.rotation_at(time), gcrs))


def to_astropy(ns: np.ndarray, position: np.ndarray, frame: str) -> np.ndarray:
    """Transform positions (n, 3) km from TEME to a frame with astropy.

    It is given UT1, because its own conversion from UTC is milliseconds off before 1972.
    """
    table = earth_orientation()
    rows = QTable(
        {
            "MJD": (table.ns // DAY + 40_587.0) * u.d,
            "UT1_UTC": table.ut1_utc * u.s,
            "PM_x": table.xp * u.rad,
            "PM_y": table.yp * u.rad,
        }
    )
    ut1_utc = table.at(ns)[0]
    time = Time(*dates(ns, ut1_utc), format="jd", scale="ut1")
    time.delta_ut1_utc = ut1_utc
    with (
        iers.conf.set_temp("auto_download", False),
        iers.earth_orientation_table.set(iers.IERS(rows)),
    ):
        teme = astropy.coordinates.TEME(
            astropy.coordinates.CartesianRepresentation(position.T * u.km), obstime=time
        )
        kind = dict(itrs=astropy.coordinates.ITRS, gcrs=astropy.coordinates.GCRS)[frame]
        return np.asarray(teme.transform_to(kind(obstime=time)).cartesian.xyz.to_value(u.km)).T


def frames(n: int) -> list[dict[str, Any]]:
    """Largest distance from each reference, by frame, orbit and years.

    `tio_locator_mm` is the largest effect of the TIO locator s' (erfa.sp00), which gpuprop omits.
    """
    rows = []
    for years in YEARS:
        ns = instants(years, n)
        sp = np.abs(erfa.sp00(*dates(ns, tai_minus_utc(ns) + 32.184)))
        for orbit, radius in RADII.items():
            position = directions(n) * radius
            for frame in ("itrs", "gcrs"):
                ours = np.einsum(
                    "nij,nj->ni", rotations(frame, ns, None)[:, :9].reshape(-1, 3, 3), position
                )
                for witness, transform in (("Skyfield", to_skyfield), ("astropy", to_astropy)):
                    off = np.linalg.norm(ours - transform(ns, position, frame), axis=1).max() / MM
                    rows.append(
                        dict(
                            frame=frame,
                            witness=witness,
                            orbit=orbit,
                            years=years,
                            mm=float(off),
                            tio_locator_mm=float(radius * sp.max() / MM),
                        )
                    )
    return rows


def exact_geodetic(
    x: np.ndarray, y: np.ndarray, z: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Compute geodetic latitude and longitude (rad) and height (km) in long double precision.

    Newton's method on the eccentric latitude, starting from the geocentric one.
    """
    x, y, z = (each.astype(np.longdouble) for each in (x, y, z))
    a = np.longdouble(6378137) / 1000
    f = 1 / (np.longdouble(298257223563) / 1_000_000_000)
    b = a * (1 - f)
    p = np.sqrt(x * x + y * y)
    t = np.arctan2(a * z, b * p)  # the foot of the vertical is at (a cos t, b sin t)
    for _ in range(30):
        s, c = np.sin(t), np.cos(t)
        # zero where the line from the foot to the point is perpendicular to the ellipse
        across = (p - a * c) * a * s - (z - b * s) * b * c
        t = t - across / ((a * s) ** 2 + (p - a * c) * a * c + (b * c) ** 2 + (z - b * s) * b * s)
    s, c = np.sin(t), np.cos(t)
    latitude = np.arctan2(a * s, b * c)
    height = (p - a * c) * np.cos(latitude) + (z - b * s) * np.sin(latitude)
    return latitude, np.arctan2(y, x), height


def places(n: int) -> list[dict[str, Any]]:
    """Largest differences of gpuprop and of ERFA from exact geodetic coordinates, by height."""
    if np.finfo(np.longdouble).nmant < 60:
        return []
    rng = np.random.default_rng(28)
    latitude, longitude = np.arcsin(rng.uniform(-1.0, 1.0, n)), rng.uniform(-np.pi, np.pi, n)
    latitude[:6] = [np.pi / 2, -np.pi / 2, 0.0, 1e-9, -1.57, 1e-300]
    rows = []
    for height in HEIGHTS:
        ellipsoid = (6378137.0, 1 / 298.257223563)
        xyz = erfa.gd2gce(*ellipsoid, longitude, latitude, np.full(n, height * 1e3)) / 1e3
        exact = exact_geodetic(*xyz.T)
        lat, lon, high = (column[0] for column in geodetic(*xyz.T[:, None]))
        east, north, up = erfa.gc2gde(*ellipsoid, xyz * 1e3)
        row: dict[str, float] = dict(height_km=height)
        degree = np.arctan(np.longdouble(1)) / 45
        answers = dict(gpuprop=(lat * degree, lon * degree, high), erfa=(north, east, up / 1e3))
        for name, mine in answers.items():
            turn = np.abs(mine[1] - exact[1])
            row[f"{name}_latitude_rad"] = float(np.abs(mine[0] - exact[0]).max())
            row[f"{name}_longitude_rad"] = float(
                (np.minimum(turn, np.abs(2 * np.pi - turn)) * np.cos(exact[0])).max()
            )
            row[f"{name}_height_mm"] = float(np.abs(mine[2] - exact[2]).max() / MM)
        rows.append(row)
    return rows


def unit(azimuth: np.ndarray, elevation: np.ndarray) -> np.ndarray:
    """Unit vectors of directions in the sky, (3, n)."""
    return np.stack(
        [
            np.cos(elevation) * np.sin(azimuth),
            np.cos(elevation) * np.cos(azimuth),
            np.sin(elevation),
        ]
    )


def skies(n: int) -> list[dict[str, Any]]:
    """Compare look angles with Skyfield's: largest angle and largest difference in range.

    Skyfield uses gpuprop's Earth orientation, then its own.
    """
    ns = np.sort(instants("2026", n))
    rows = []
    for orbit, radius in RADII.items():
        elements = walker("55:3/3/1", altitude_km=radius - 6378.137, epoch="2026-07-02")
        # python-sgp4 cannot hold the numbers of synthetic satellites
        elements = Elements(dict(elements.fields) | dict(NORAD_CAT_ID=np.arange(len(elements)) + 1))
        found = look_angles(
            Propagator(elements, threads=1).states(as_times(ns.view("datetime64[ns]"))), SITES
        )
        for same in (True, False):
            time, sky, distance = skyfield_time(ns, same), 0.0, 0.0
            for j, satrec in enumerate(elements.to_satrecs()):
                satellite = skyfield.api.EarthSatellite.from_satrec(satrec, time.ts)
                for k, site in enumerate(SITES):
                    place = skyfield.api.wgs84.latlon(
                        site.latitude_deg, site.longitude_deg, site.height_km * 1e3
                    )
                    elevation, azimuth, far = (satellite - place).at(time).altaz()
                    off = unit(azimuth.radians, elevation.radians) - unit(
                        found.azimuth[:, k, j], found.elevation[:, k, j]
                    )
                    sky = max(sky, float(np.degrees(np.linalg.norm(off, axis=0)).max()))
                    distance = max(distance, float(np.abs(far.km - found.range[:, k, j]).max()))
            rows.append(
                dict(orbit=orbit, same_orientation=same, sky_deg=sky, range_m=distance * 1e3)
            )
    return rows


def table(result: dict[str, Any]) -> list[str]:
    """Format the rows of docs/measured/accuracy.md: frames over all years, then look angles."""
    lines = []
    for frame in ("itrs", "gcrs"):
        for witness in ("astropy", "Skyfield"):
            mm = [
                max(
                    row["mm"]
                    for row in result["frames"]
                    if (row["frame"], row["witness"], row["orbit"]) == (frame, witness, orbit)
                )
                for orbit in RADII
            ]
            lines.append(
                f"| `{frame}`, {witness} | {' | '.join(f'{each:.2g} mm' for each in mm)} |"
            )
    for same, title in (
        (True, "look angles, Skyfield"),
        (False, "look angles, Skyfield with its own Earth orientation"),
    ):
        rows = [
            (row["sky_deg"], row["range_m"])
            for row in result["look_angles"]
            if row["same_orientation"] == same
        ]
        cells = [f"{sky:.2g} deg, {machine.length(metres * 1e-3)}" for sky, metres in rows]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    return lines


def main() -> None:
    parser = machine.arguments(__doc__)
    parser.add_argument("--instants", type=int, default=400)
    options = parser.parse_args()
    result: dict[str, Any] = dict(
        frames=frames(options.instants),
        geodetic=places(100 * options.instants),
        look_angles=skies(options.instants),
    )
    result |= dict(
        earth_orientation=earth_orientation().source,
        astropy=astropy.__version__,
        skyfield=skyfield.__version__,
    )
    for title, rows in result.items():
        print(title if isinstance(rows, list) else f"{title}: {rows}")
        for row in rows if isinstance(rows, list) else ():
            print(
                "  "
                + ", ".join(
                    f"{name} {value:.2g}" if isinstance(value, float) else f"{name} {value}"
                    for name, value in row.items()
                )
            )
    print("", *table(result), sep="\n")
    machine.report(result, options.json)


if __name__ == "__main__":
    main()
