"""Measure the cost of common mistakes and of float32 columns, for two tables of the documentation.

    python bench/mistakes.py [--json FILE]

Mistakes: Starlink Gen1 as filed (4,408 satellites at 540 to 570 km), in 2026. float32: the
catalogue of April 2025, speeds below 8 km/s.
"""

from typing import Any

import erfa
import machine
import numpy as np
import workloads
from sgp4.api import SatrecArray

from gpuprop import Elements, Propagator, constellation, convert, time_grid
from gpuprop.frames import earth_orientation
from gpuprop.time.times import as_times, instant_ns
from gpuprop.time.units import DAY, julian

EQUATOR_M_PER_S = 7.29211514670698e-5 * 6_378_137.0  # speed of the ground


def length(vectors: np.ndarray) -> float:
    """Length of the longest vector (..., 3)."""
    return float(np.linalg.norm(vectors, axis=-1).max())


def propagator(day: str) -> Propagator:
    """Starlink Gen1 as filed, with its epoch on a day."""
    return Propagator(constellation("starlink-gen1", epoch=day), threads=1)


def frames() -> dict[str, float]:
    """Largest distances (km) and speeds (km/s) between frames, on two days of 2026."""
    found = dict(
        teme_gcrs_least_km=np.inf,
        teme_gcrs_km=0.0,
        earth_fixed_km=0.0,
        earth_fixed_velocity_km_s=0.0,
    )
    for day in ("2026-01-01", "2026-12-31"):
        teme = propagator(day).states(time_grid(day, duration="1d", step="10min"))
        gcrs, itrs, pef = (convert(teme, frame) for frame in ("gcrs", "itrs", "pef"))
        apart = length(teme.position - gcrs.position)
        found["teme_gcrs_least_km"] = min(found["teme_gcrs_least_km"], apart)
        found["teme_gcrs_km"] = max(found["teme_gcrs_km"], apart)
        found["earth_fixed_km"] = max(
            found["earth_fixed_km"],
            length(itrs.position - teme.position),
            length(itrs.position - gcrs.position),
        )
        turn = np.stack([-pef.y, pef.x], axis=-1) * 7.29211514670698e-5
        found["earth_fixed_velocity_km_s"] = max(found["earth_fixed_velocity_km_s"], length(turn))
    return found


def clocks() -> dict[str, float]:
    """Median distance (km) that a satellite moves in the offset between two time scales."""
    day = "2026-01-01"
    prop, times = propagator(day), time_grid(day, duration="95min", step="5min").datetime64
    here = prop.states(as_times(times)).position
    found = {}
    for name, seconds in (
        ("leap_second_km", 1.0),
        ("gps_km", 18.0),
        ("tai_km", 37.0),
        ("tt_km", 69.184),
    ):
        there = prop.states(as_times(times + np.timedelta64(round(seconds * 1e9), "ns"))).position
        found[name] = float(np.median(np.linalg.norm(there - here, axis=-1)))
    return found | dict(leap_second_ground_m=EQUATOR_M_PER_S)


def earth() -> dict[str, float]:
    """Errors on the ground without Earth orientation (m) and with geocentric latitudes (km).

    Also the distance between J2000 and GCRS.
    """
    table = earth_orientation()
    since_1972, in_2026 = (table.ns >= instant_ns(f"{year}-01-01") for year in (1972, 2026))
    in_2026 &= table.ns <= instant_ns("2027-01-01")
    ground = np.abs(table.ut1_utc) * EQUATOR_M_PER_S
    pole = np.hypot(table.xp, table.yp) * 6_378_137.0
    latitude = np.radians(np.linspace(0.0, 90.0, 9_001))
    apart = latitude - np.arctan((1.0 - 1.0 / 298.257223563) ** 2 * np.tan(latitude))
    matrix = erfa.bp06(2461041.5, 0.0)[0]  # from GCRS to the axes of J2000: the same at any date
    bias = float(
        np.linalg.norm(
            [matrix[2, 1] - matrix[1, 2], matrix[0, 2] - matrix[2, 0], matrix[1, 0] - matrix[0, 1]]
        )
        / 2.0
    )
    return dict(
        ut1_limit_m=0.9 * EQUATOR_M_PER_S,
        ut1_m=float(ground[since_1972].max()),
        ut1_2026_m=float(ground[in_2026].max()),
        polar_motion_m=float(pole.max()),
        frame_bias_mas=bias * 206_264_806.2,
        frame_bias_m=bias * 6_928_137.0,
        geocentric_km=float(apart.max() * 6378.137),
    )


def one_julian_date() -> dict[str, float]:
    """Largest error of instants, and of epochs, that are stored in one double.

    From 400 satellites at 1,000 instants of a day, in microseconds and cm.
    """
    day, rng = instant_ns("2026-01-01"), np.random.default_rng(29)
    sats = constellation("starlink-gen1")[::11]
    epochs = (day + rng.integers(0, DAY, len(sats))).astype("datetime64[ns]")
    sats = Elements(dict(sats.fields) | dict(EPOCH=epochs))
    whole, part = julian(day + rng.integers(0, DAY, 1_000))
    one = whole + part
    satrecs = workloads.satrecs(sats)
    exact = SatrecArray(satrecs).sgp4(whole, part)[1]
    coarse = SatrecArray(satrecs).sgp4(one, np.zeros_like(one))[1]
    for satrec in satrecs:
        satrec.jdsatepoch, satrec.jdsatepochF = satrec.jdsatepoch + satrec.jdsatepochF, 0.0
    coarsest = SatrecArray(satrecs).sgp4(one, np.zeros_like(one))[1]
    off = np.abs((one - whole) - part) * 86_400e6
    return dict(
        julian_date_us=float(off.max()),
        julian_date_cm=length(coarse - exact) * 1e5,
        julian_date_and_epoch_cm=length(coarsest - exact) * 1e5,
        float32_date_hours=float(np.spacing(np.float32(2461041.5))) / 2.0 * 24.0,
    )


def mistakes() -> dict[str, float]:
    """Measure all figures of the first table."""
    return frames() | clocks() | earth() | one_julian_date()


# Rows of the README: the mistake, and its cost with the figures of `mistakes`.
TABLE = {
    "TEME for GCRS / J2000, in 2026": "{teme_gcrs_least_km:.0f} to {teme_gcrs_km:.0f} km",
    "TEME or GCRS for Earth-fixed": "up to {earth_fixed_km:,.0f} km",
    "Earth-fixed velocity for inertial": "{earth_fixed_velocity_km_s:.1f} km/s",
    "GPS time for UTC": "18 s: {gps_km:.0f} km",
    "TAI for UTC": "37 s: {tai_km:.0f} km",
    "TT for UTC": "69.2 s: {tt_km:.0f} km",
    "a leap second left out": (
        "{leap_second_km:.1f} km along the orbit, {leap_second_ground_m:.0f} m of the ground "
        "below, at the equator"
    ),
    "UT1 = UTC (`--eop none`)": (
        "below {ut1_limit_m:.0f} m on the ground, as UT1 is kept within 0.9 s of UTC; {ut1_m:.0f} "
        "m at most since 1972, "
        "{ut1_2026_m:.0f} m in 2026; without polar motion: up to {polar_motion_m:.0f} m"
    ),
    "geocentric for geodetic latitude": "up to {geocentric_km:.0f} km on the ground",
    "one double-precision Julian date for an instant": (
        "up to {julian_date_cm:.0f} cm (it is rounded by up to {julian_date_us:.0f} microseconds); "
        "{julian_date_and_epoch_cm:.0f} cm if the epoch is one, too"
    ),
}


def table(figures: dict[str, float]) -> list[str]:
    """Format the rows of the README."""
    return [f"| {label} | {text.format(**figures)} |" for label, text in TABLE.items()]


def float32() -> list[dict[str, Any]]:
    """Largest rounding error of each column in float32, by orbit."""
    _, elements, _ = workloads.catalogue()
    prop, day = Propagator(elements, threads=1), elements.epoch.max().astype("datetime64[D]")
    times = time_grid(day, duration="1d", step="2h")
    exact, places = prop.states(times), prop.states(times, "geodetic")
    radius, speed = np.linalg.norm(exact.position, axis=-1), np.linalg.norm(exact.velocity, axis=-1)
    good = (exact.status == 0) & (speed < 8.0)

    def rounding(values: np.ndarray) -> np.ndarray:
        return np.asarray(np.abs(values.astype(np.float32).astype(np.float64) - values))

    rows = []
    for name, least, most in (
        ("low orbit, to 1,800 km", 0.0, 8_178.0),
        ("GPS", 26_400.0, 26_700.0),
        ("GEO", 42_100.0, 42_230.0),
    ):
        k = good & (radius >= least) & (radius < most)
        if not k.any():
            continue
        rows.append(
            dict(
                orbit=name,
                states=int(k.sum()),
                axis_m=float(rounding(exact.position)[k].max() * 1e3),
                position_m=length(rounding(exact.position)[k]) * 1e3,
                axis_mm_s=float(rounding(exact.velocity)[k].max() * 1e6),
                latitude_deg=float(rounding(places.lat)[k].max()),
                longitude_deg=float(rounding(places.lon)[k].max()),
                height_m=float(rounding(places.height)[k].max() * 1e3),
            )
        )
    return rows


def float32_table(rows: list[dict[str, Any]]) -> list[str]:
    """Format the rows of docs/guides/files.md."""
    text = (
        "| {orbit} | {axis_m:.2f} m | {position_m:.2f} m | {axis_mm_s:.2f} mm/s | "
        "{latitude_deg:.1e} deg | {longitude_deg:.1e} deg "
        "| {height_m:.2f} m |"
    )
    return [text.format(**row) for row in rows]


def main() -> None:
    options = machine.arguments(__doc__).parse_args()
    figures, rows = mistakes(), float32()
    for name, value in figures.items():
        print(f"{name:28}{value:14.4g}")
    print("", *table(figures), "", *float32_table(rows), sep="\n")
    machine.report(
        dict(earth_orientation=earth_orientation().source, mistakes=figures, float32=rows),
        options.json,
    )


if __name__ == "__main__":
    main()
