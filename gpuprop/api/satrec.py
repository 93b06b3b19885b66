"""One satellite."""

from datetime import date
from functools import cache
from operator import attrgetter, index
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..elements.fields import DEG, REV_PER_DAY
from ..engine.choice import asked_for
from ..engine.cpu import CpuSatellite, usable
from ..sgp4.constants import NEAR_EARTH
from ..sgp4.gravity import gravity_model
from ..sgp4.model import Model
from ..time.units import JD_1950
from ..typing import Array
from .dates import four_digit_year
from .lines import exponential, from_alpha5, tle_line, to_alpha5, whole
from .numpy_satellite import Averages, NumpySatellite

WGS72OLD, WGS72, WGS84 = 0, 1, 2
GRAVITY_NAMES = ("wgs72old", "wgs72", "wgs84")  # by the numbers above
IMPLAUSIBLE = 10  # gpuprop.STATUS
JD_ORDINAL = 1721424.5  # Julian date of the day before 0001-01-01

Vector = tuple[float, float, float]
Codes = npt.NDArray[np.uint8]


class Orbit(NamedTuple):
    """The arguments of sgp4init, in its order."""

    epoch: float = 0.0  # days since 1949-12-31T00:00 UTC
    bstar: float = 0.0  # 1/Earth radii
    ndot: float = 0.0  # rad/min^2
    nddot: float = 0.0  # rad/min^3
    ecco: float = 0.0
    argpo: float = 0.0  # rad
    inclo: float = 0.0  # rad
    mo: float = 0.0  # rad
    no_kozai: float = 0.0  # rad/min
    nodeo: float = 0.0  # rad

    def elements(self) -> tuple[float, ...]:
        """In the order of MeanElements."""
        return (
            self.epoch,
            self.no_kozai,
            self.ecco,
            self.inclo,
            self.nodeo,
            self.argpo,
            self.mo,
            self.bstar,
        )


def _orbit(name: str, meaning: str) -> Any:
    return property(attrgetter(f"_orbit.{name}"), doc=f"{meaning}.")


def _gravity(name: str, meaning: str) -> Any:
    return property(attrgetter(f"_model.gravity.{name}"), doc=f"{meaning} of the gravity model.")


def _constant(name: str, meaning: str) -> Any:
    return property(lambda self: self._ready().constant(name), doc=f"{meaning}.")


def _average(name: str, meaning: str) -> Any:
    return property(attrgetter(f"_averages.{name}"), doc=f"Mean {meaning} at the last propagation.")


class Satrec:
    """One satellite: its element set, its gravity model, and the outcome of its last propagation.

    Made by `Satrec.twoline2rv(line1, line2)`, or empty and then filled by `sgp4init`. What
    describes the satellite may be assigned to (satnum_str, classification, intldesg, ephtype,
    elnum, revnum), and so may the epoch that instants are counted from (jdsatepoch, jdsatepochF,
    epochyr, epochdays); what SGP4 was initialised with may not.
    """

    __slots__ = (
        "_averaged",
        "_error",
        "_mean_t",
        "_model",
        "_orbit",
        "_satellite",
        "_t",
        "classification",
        "elnum",
        "ephtype",
        "epochdays",
        "epochyr",
        "intldesg",
        "jdsatepoch",
        "jdsatepochF",
        "revnum",
        "satnum_str",
    )

    def __init__(self) -> None:
        self.satnum_str = self.classification = self.intldesg = ""
        self.ephtype = self.elnum = self.revnum = self.epochyr = 0
        self.epochdays = self.jdsatepoch = self.jdsatepochF = 0.0
        self._begin(Orbit(), WGS72, "i")

    def _begin(self, orbit: Orbit, whichconst: int, opsmode: str) -> None:
        self._model = _model(whichconst, opsmode)
        self._orbit = orbit
        self._satellite: CpuSatellite | NumpySatellite | None = None  # made when it is first needed
        self._t = self._mean_t = 0.0
        self._error: int | None = None
        self._averaged: Averages | None = None

    # --- ways in ---
    @classmethod
    def twoline2rv(cls, line1: str, line2: str, whichconst: int = WGS72) -> "Satrec":
        """The satellite of a TLE. Checksums are not verified (gpuprop.read_elements does);
        ValueError for lines that are not a TLE.
        """
        self = cls()
        line1, line2 = tle_line(line1, 1), tle_line(line2, 2)
        numbers = line1[2:7].replace(" ", "0"), line2[2:7].replace(" ", "0")
        if numbers[0] != numbers[1]:
            raise ValueError(
                f"the object numbers of the two lines do not match: {numbers[0]} and "
                f"{numbers[1]}\n{line1}\n{line2}"
            )
        self.satnum_str = numbers[0]
        self.classification = line1[7].strip() or "U"
        self.intldesg = line1[9:17].rstrip()
        try:
            self.ephtype, self.elnum, self.revnum = (
                whole(line1[62]),
                whole(line1[64:68]),
                whole(line2[63:68]),
            )
            self.epochyr, self.epochdays = whole(line1[18:20]), float(line1[20:32])
            orbit = Orbit(
                bstar=exponential(line1[53:61]),
                ndot=float(line1[33:43]) / (REV_PER_DAY * 1440.0),
                nddot=exponential(line1[44:52]) / (REV_PER_DAY * 1440.0 * 1440),
                ecco=float("0." + line2[26:33].replace(" ", "0")),
                argpo=float(line2[34:42]) * DEG,
                inclo=float(line2[8:16]) * DEG,
                mo=float(line2[43:51]) * DEG,
                no_kozai=float(line2[52:63]) / REV_PER_DAY,
                nodeo=float(line2[17:25]) * DEG,
            )
        except ValueError as error:
            raise ValueError(f"TLE format error: {error}, in\n{line1}\n{line2}") from None
        day, fraction = divmod(self.epochdays, 1.0)
        year = four_digit_year(self.epochyr)
        self.jdsatepoch = date(year, 1, 1).toordinal() + (day - 1.0) + JD_ORDINAL
        self.jdsatepochF = round(fraction, 8)  # the digits a TLE has
        self._begin(
            orbit._replace(epoch=(self.jdsatepoch + self.jdsatepochF) - JD_1950), whichconst, "i"
        )
        return self

    def sgp4init(
        self,
        whichconst: int,
        opsmode: str,
        satnum: int,
        epoch: float,
        bstar: float,
        ndot: float,
        nddot: float,
        ecco: float,
        argpo: float,
        inclo: float,
        mo: float,
        no_kozai: float,
        nodeo: float,
    ) -> None:
        """Fill this satellite from mean elements: angles in rad, no_kozai in rad/min, bstar in
        1/Earth radii, ndot in rad/min^2, nddot in rad/min^3, epoch in days since 1949-12-31T00:00
        UTC (the Julian date less 2433281.5).

        ValueError for a gravity model or mode (`i`, `a`) that is not known, for a satnum above
        339999, and for an epoch without a date.
        """
        try:
            number = to_alpha5(index(satnum))
        except TypeError:
            raise TypeError(
                f"satnum is a catalogue number, such as 25544, not {satnum!r} "
                f"({type(satnum).__name__})"
            ) from None
        epoch = float(epoch)
        days, fraction = divmod(epoch, 1.0)
        # eight decimals, as of a TLE: then the fraction has no more either
        if round(epoch, 8) == epoch:
            fraction = round(fraction, 8)
        day = date.fromordinal(int(days + (JD_1950 - JD_ORDINAL)))
        # SGP4 holds it as one Julian date, 40 microseconds coarse
        epoch = (epoch + JD_1950) - JD_1950
        self._begin(
            Orbit(
                *map(float, (epoch, bstar, ndot, nddot, ecco, argpo, inclo, mo, no_kozai, nodeo))
            ),
            whichconst,
            opsmode,
        )
        self.satnum_str = number
        self.classification = self.classification or "U"
        self.jdsatepoch, self.jdsatepochF = days + JD_1950, fraction
        self.epochyr = day.year % 100
        self.epochdays = day.timetuple().tm_yday + fraction

    # --- propagation ---
    def sgp4(self, jd: float, fr: float) -> tuple[int, Vector, Vector]:
        """Error code, position (km) and velocity (km/s) at the Julian date jd + fr. NaN for the
        codes 1 to 4.
        """
        # As doubles before anything else: numpy would subtract a float32 in single precision.
        days, fraction = float(jd) - float(self.jdsatepoch), float(fr) - float(self.jdsatepochF)
        return self.sgp4_tsince(days * 1440.0 + fraction * 1440.0)

    def sgp4_tsince(self, tsince: float) -> tuple[int, Vector, Vector]:
        """The same, tsince minutes after the epoch."""
        t = float(tsince)
        x, y, z, vx, vy, vz, e = (self._satellite or self._ready()).state(t)
        if e == IMPLAUSIBLE:
            e = 0
        self._remember(t, e)
        return e, (x, y, z), (vx, vy, vz)

    def sgp4_array(self, jd: npt.ArrayLike, fr: npt.ArrayLike) -> tuple[Codes, Array, Array]:
        """Error codes (n,), positions (n, 3) km and velocities (n, 3) km/s at the Julian dates jd +
        fr, (n,) each.
        """
        from .array import SatrecArray

        (e,), (r,), (v,) = SatrecArray((self,)).sgp4(jd, fr)
        t = np.atleast_1d(
            (np.asarray(jd, float) - self.jdsatepoch) * 1440.0
            + (np.asarray(fr, float) - self.jdsatepochF) * 1440.0
        )
        last_mean = np.flatnonzero((e != 1) & (e != 2))[-1:]
        for i in (*last_mean, *range(len(t))[-1:]):
            self._remember(float(t[i]), int(e[i]))
        return e, r, v

    def _remember(self, t: float, e: int) -> None:
        self._t, self._error = t, e
        # with these codes SGP4 ends before it has mean elements, and keeps the old ones
        if e != 1 and e != 2:
            self._mean_t, self._averaged = t, None

    def _ready(self) -> CpuSatellite | NumpySatellite:
        """The propagator of this satellite; the first call initialises it."""
        if self._satellite is None:
            kind = CpuSatellite if compiled() else NumpySatellite
            self._satellite = kind(self._model, self._orbit.elements())
        return self._satellite

    @property
    def _averages(self) -> Averages:
        if self._averaged is None:
            satellite = self._ready()
            if not isinstance(satellite, NumpySatellite):
                satellite = NumpySatellite(self._model, self._orbit.elements())
            self._averaged = satellite.averages(self._mean_t)
        return self._averaged

    def __reduce_ex__(self, protocol: Any) -> Any:
        """For copies and pickles: a copy is initialised again when it is first propagated."""
        reduced: Any = super().__reduce_ex__(max(protocol, 2))
        make, arguments, (others, slots), *rest = reduced
        return make, arguments, (others, slots | {"_satellite": None}), *rest

    # --- attributes ---
    @property
    def satnum(self) -> int:
        """The catalogue number; satnum_str is its five characters, Alpha-5 above 99999."""
        return from_alpha5(self.satnum_str)

    bstar = _orbit("bstar", "Drag term, 1/Earth radii")
    ndot = _orbit("ndot", "First derivative of the mean motion, rad/min^2 (not used)")
    nddot = _orbit("nddot", "Second derivative of the mean motion, rad/min^3 (not used)")
    inclo = _orbit("inclo", "Inclination, rad")
    nodeo = _orbit("nodeo", "Right ascension of the ascending node, rad")
    ecco = _orbit("ecco", "Eccentricity")
    argpo = _orbit("argpo", "Argument of perigee, rad")
    mo = _orbit("mo", "Mean anomaly, rad")
    no_kozai = _orbit("no_kozai", "Mean motion, rad/min")
    no = _orbit("no_kozai", "Mean motion, rad/min (the old name of no_kozai)")

    a = _constant("ao", "Semi-major axis, Earth radii")
    argpdot = _constant("argpdot", "Rate of the argument of perigee, rad/min")
    mdot = _constant("mdot", "Rate of the mean anomaly, rad/min")
    nodedot = _constant("nodedot", "Rate of the node, rad/min")
    gsto = _constant("gsto", "Greenwich sidereal time at the epoch, rad")
    alta = property(
        lambda self: self.a * (1.0 + self.ecco) - 1.0, doc="Altitude of the apogee, Earth radii."
    )
    altp = property(
        lambda self: self.a * (1.0 - self.ecco) - 1.0, doc="Altitude of the perigee, Earth radii."
    )
    operationmode = property(attrgetter("_model.opsmode"), doc="`i` improved or `a` AFSPC.")
    method = property(
        lambda self: "n" if self._ready().regime == NEAR_EARTH else "d",
        doc="`n` near Earth or `d` deep space.",
    )

    t = property(attrgetter("_t"), doc="Minutes since the epoch of the last propagation.")

    @property
    def error(self) -> int:
        """Error code of the last propagation; before the first one, of the epoch."""
        if self._error is None:
            e = self._ready().state(0.0)[-1]
            self._error = 0 if e == IMPLAUSIBLE else e
        return self._error

    am = _average("am", "semi-major axis, Earth radii,")
    em = _average("em", "eccentricity")
    im = _average("im", "inclination, rad,")
    Om = _average("Om", "right ascension of the ascending node, rad,")
    om = _average("om", "argument of perigee, rad,")
    mm = _average("mm", "anomaly, rad,")
    nm = _average("nm", "motion, rad/min,")

    tumin = property(
        lambda self: 1.0 / self.xke, doc="Minutes in the unit of time of the gravity model."
    )
    xke = _gravity("xke", "1/tumin")
    mu = _gravity("mu", "Gravitational parameter, km^3/s^2,")
    radiusearthkm = _gravity("radius", "Equatorial radius, km,")
    j2 = _gravity("j2", "J2")
    j3 = _gravity("j3", "J3")
    j4 = _gravity("j4", "J4")
    j3oj2 = _gravity("j3oj2", "J3/J2")


@cache
def _model(whichconst: int, opsmode: str) -> Model:
    if whichconst not in (WGS72OLD, WGS72, WGS84):
        raise ValueError(f"gravity model {whichconst!r} is not known: use WGS72OLD, WGS72 or WGS84")
    if opsmode not in ("i", "a"):
        raise ValueError(f"opsmode {opsmode!r} is not known: use 'i' (improved) or 'a' (as AFSPC)")
    return Model(gravity_model(GRAVITY_NAMES[whichconst]), opsmode)


@cache
def compiled() -> bool:
    """Whether the compiled kernels are used: if they are installed, unless GPUPROP_ENGINE is numpy.
    The bits are the same.
    """
    return usable()[0] and asked_for(None) != "numpy"
