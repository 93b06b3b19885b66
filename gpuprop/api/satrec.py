"""One satellite."""

from datetime import date
from functools import cache
from operator import attrgetter, index
from typing import TYPE_CHECKING, Any, NamedTuple, SupportsIndex

import numpy as np
import numpy.typing as npt

from ..elements.fields import DEG, REV_PER_DAY
from ..elements.tle_format import four_digit_year, from_alpha5
from ..engine.cpu import CpuSatellite
from ..literals import OpsMode
from ..sgp4.constants import NEAR_EARTH
from ..sgp4.gravity import gravity_model
from ..sgp4.model import Model
from ..time.units import JD_1950
from ..typing import Array
from .julian import IMPLAUSIBLE, Codes, JulianPropagation, Satellite, compiled
from .lines import exponential, five_characters, tle_line, whole
from .numpy_satellite import NumpySatellite, SinglyAveraged

WGS72OLD, WGS72, WGS84 = 0, 1, 2
GRAVITY_NAMES = ("wgs72old", "wgs72", "wgs84")  # by the numbers above
JD_ORDINAL = 1721424.5  # Julian date of the day before 0001-01-01

Vector = tuple[float, float, float]


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
        """Return the elements in the order of MeanElements."""
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


if TYPE_CHECKING:

    class _Number(property):
        """A property whose value is a float."""

        def __get__(  # type: ignore[override]  # nobody reads it from the class
            self, satrec: object, owner: type | None = None, /
        ) -> float: ...
else:
    _Number = property


def _from_orbit(name: str, meaning: str) -> _Number:
    return _Number(attrgetter(f"_orbit.{name}"), doc=f"{meaning}.")


def _from_gravity(name: str, meaning: str) -> _Number:
    return _Number(attrgetter(f"_model.gravity.{name}"), doc=f"{meaning}, of the gravity model.")


def _from_constants(name: str, meaning: str) -> _Number:
    def constant(self: "Satrec") -> float:
        return self._initialised().constant(name)

    return _Number(constant, doc=f"{meaning}.")


def _from_averages(name: str, meaning: str) -> _Number:
    return _Number(attrgetter(f"_averages.{name}"), doc=f"{meaning}, at the last propagation.")


class Satrec:
    """One satellite: element set, gravity model and the result of the last propagation.

    `Satrec.twoline2rv(line1, line2)` makes one from a TLE. `Satrec()` makes an empty one, which
    `sgp4init` fills.

    Notes
    -----
    These attributes may be assigned: satnum_str, classification, intldesg, ephtype, elnum and
    revnum, which describe the satellite; jdsatepoch, jdsatepochF, epochyr and epochdays, the epoch
    that instants are counted from. The orbital elements are read-only: SGP4 was initialised with
    them.
    """

    __slots__ = (
        "_averaged",
        "_error",
        "_mean_t",
        "_model",
        "_orbit",
        "_propagator",
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
        self._reset(Orbit(), WGS72, "i")

    def _reset(self, orbit: Orbit, whichconst: int, opsmode: str) -> None:
        self._model = _model(whichconst, opsmode)
        self._orbit = orbit
        self._propagator: CpuSatellite | NumpySatellite | None = None  # made at the first call
        self._t = self._mean_t = 0.0
        self._error: int | None = None
        self._averaged: SinglyAveraged | None = None

    # --- construction ---
    @classmethod
    def twoline2rv(cls, line1: str, line2: str, whichconst: int = WGS72) -> "Satrec":
        """Make a satellite from the two lines of a TLE.

        Checksums are not verified; gpuprop.read_elements verifies them.

        Parameters
        ----------
        line1, line2 : str
            The lines of the TLE, without the line of the name.
        whichconst : int, default WGS72
            The gravity model: WGS72OLD, WGS72 or WGS84.

        Returns
        -------
        Satrec
            The satellite.

        Raises
        ------
        ValueError
            If the lines are not a TLE, or the gravity model is not known.
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
        self._reset(
            orbit._replace(epoch=(self.jdsatepoch + self.jdsatepochF) - JD_1950), whichconst, "i"
        )
        return self

    def sgp4init(
        self,
        whichconst: int,
        opsmode: OpsMode,
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
        """Fill this satellite with mean elements.

        Parameters
        ----------
        whichconst : int
            The gravity model: WGS72OLD, WGS72 or WGS84.
        opsmode : {'i', 'a'}
            The mode of SGP4: improved, or as AFSPC.
        satnum : int
            Catalogue number, at most 339999.
        epoch : float
            Days since 1949-12-31T00:00 UTC: the Julian date less 2433281.5.
        bstar : float
            Drag term, 1/Earth radii.
        ndot : float
            Half the first derivative of the mean motion, as in a TLE, rad/min^2 (not used).
        nddot : float
            A sixth of the second derivative of the mean motion, as in a TLE, rad/min^3 (not used).
        ecco : float
            Eccentricity.
        argpo : float
            Argument of perigee, rad.
        inclo : float
            Inclination, rad.
        mo : float
            Mean anomaly, rad.
        no_kozai : float
            Mean motion (Kozai's), rad/min.
        nodeo : float
            Right ascension of the ascending node, rad.

        Raises
        ------
        TypeError
            If satnum is not an integer.
        ValueError
            If the gravity model or the mode is not known, satnum is above 339999, or epoch is not
            in the years 1 to 9999.
        """
        try:
            number = five_characters(index(satnum))
        except TypeError:
            raise TypeError(
                f"satnum is a catalogue number, such as 25544, not {satnum!r} "
                f"({type(satnum).__name__})"
            ) from None
        epoch = float(epoch)
        days, fraction = divmod(epoch, 1.0)
        # an epoch of eight decimals, as in a TLE, has a fraction of eight decimals
        if round(epoch, 8) == epoch:
            fraction = round(fraction, 8)
        day = date.fromordinal(int(days + (JD_1950 - JD_ORDINAL)))
        # SGP4 takes one Julian date, whose last bit is 40 microseconds
        epoch = (epoch + JD_1950) - JD_1950
        self._reset(
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
        """Propagate to a Julian date.

        Parameters
        ----------
        jd : float
            Julian date (UTC), days: the first part.
        fr : float
            The second part, days: usually the fraction of the day.

        Returns
        -------
        e : int
            Error code, 0 if there is none; SGP4_ERRORS explains it.
        r : tuple of float
            Position (x, y, z) in TEME, km; NaN for the codes 1 to 4.
        v : tuple of float
            Velocity (x, y, z) in TEME, km/s; NaN for the codes 1 to 4.
        """
        # float() first: numpy would subtract a float32 in single precision
        days, fraction = float(jd) - float(self.jdsatepoch), float(fr) - float(self.jdsatepochF)
        return self.sgp4_tsince(days * 1440.0 + fraction * 1440.0)

    def sgp4_tsince(self, tsince: float) -> tuple[int, Vector, Vector]:
        """Propagate to a number of minutes after the epoch.

        Parameters
        ----------
        tsince : float
            Minutes since the epoch; negative before it.

        Returns
        -------
        e : int
            Error code, 0 if there is none; SGP4_ERRORS explains it.
        r : tuple of float
            Position (x, y, z) in TEME, km; NaN for the codes 1 to 4.
        v : tuple of float
            Velocity (x, y, z) in TEME, km/s; NaN for the codes 1 to 4.
        """
        t = float(tsince)
        x, y, z, vx, vy, vz, e = (self._propagator or self._initialised()).state(t)
        if e == IMPLAUSIBLE:
            e = 0
        self._record(t, e)
        return e, (x, y, z), (vx, vy, vz)

    def sgp4_array(self, jd: npt.ArrayLike, fr: npt.ArrayLike) -> tuple[Codes, Array, Array]:
        """Propagate to n Julian dates.

        Parameters
        ----------
        jd : array_like, (n,)
            Julian dates (UTC), days: the first part of each instant.
        fr : array_like, (n,)
            The second part of each instant, days: usually the fraction of the day.

        Returns
        -------
        e : ndarray of uint8, (n,)
            Error codes, 0 if there is none; SGP4_ERRORS explains them.
        r : ndarray of float64, (n, 3)
            Positions in TEME, km; NaN for the codes 1 to 4.
        v : ndarray of float64, (n, 3)
            Velocities in TEME, km/s; NaN for the codes 1 to 4.

        Raises
        ------
        ValueError
            If jd and fr differ in shape or have more than one dimension.
        """
        (e,), (r,), (v,) = JulianPropagation([self._satellite()]).states(jd, fr)
        t = np.atleast_1d(
            (np.asarray(jd, float) - self.jdsatepoch) * 1440.0
            + (np.asarray(fr, float) - self.jdsatepochF) * 1440.0
        )
        last_mean = np.flatnonzero((e != 1) & (e != 2))[-1:]
        for i in (*last_mean, *range(len(t))[-1:]):
            self._record(float(t[i]), int(e[i]))
        return e, r, v

    def _record(self, t: float, e: int) -> None:
        """Store what the attributes t, error and the averages (am, em ...) refer to."""
        self._t, self._error = t, e
        # with codes 1 and 2 SGP4 stops before it has averages, and keeps those of the call before
        if e != 1 and e != 2:
            self._mean_t, self._averaged = t, None

    def _initialised(self) -> CpuSatellite | NumpySatellite:
        """Return the propagator of this satellite; the first call initialises it."""
        if self._propagator is None:
            kind = CpuSatellite if compiled() else NumpySatellite
            self._propagator = kind(self._model, self._orbit.elements())
        return self._propagator

    def _satellite(self) -> Satellite:
        """Return what JulianPropagation needs."""
        return Satellite(self._model, self._orbit.elements(), self.jdsatepoch, self.jdsatepochF)

    @property
    def _averages(self) -> SinglyAveraged:
        if self._averaged is None:
            satellite = self._initialised()
            if not isinstance(satellite, NumpySatellite):
                satellite = NumpySatellite(self._model, self._orbit.elements())
            self._averaged = satellite.averages(self._mean_t)
        return self._averaged

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[object, ...]:
        """Copy or pickle all but the propagator; the copy makes its own at the first call."""
        reduced: Any = super().__reduce_ex__(max(index(protocol), 2))
        make, arguments, (others, slots), *rest = reduced
        return make, arguments, (others, slots | {"_propagator": None}), *rest

    # --- attributes ---
    @property
    def satnum(self) -> int:
        """Catalogue number; satnum_str has its five characters, in Alpha-5 above 99999."""
        return from_alpha5(self.satnum_str)

    bstar = _from_orbit("bstar", "Drag term, 1/Earth radii")
    ndot = _from_orbit(
        "ndot",
        "Half the first derivative of the mean motion, rad/min^2 (not used by SGP4)",
    )
    nddot = _from_orbit(
        "nddot",
        "A sixth of the second derivative of the mean motion, rad/min^3 (not used by SGP4)",
    )
    inclo = _from_orbit("inclo", "Inclination, rad")
    nodeo = _from_orbit("nodeo", "Right ascension of the ascending node, rad")
    ecco = _from_orbit("ecco", "Eccentricity")
    argpo = _from_orbit("argpo", "Argument of perigee, rad")
    mo = _from_orbit("mo", "Mean anomaly, rad")
    no_kozai = _from_orbit("no_kozai", "Mean motion (Kozai's), rad/min")
    no = _from_orbit("no_kozai", "Mean motion, rad/min: the old name of no_kozai")

    a = _from_constants("ao", "Semi-major axis, Earth radii")
    argpdot = _from_constants("argpdot", "Rate of the argument of perigee, rad/min")
    mdot = _from_constants("mdot", "Rate of the mean anomaly, rad/min")
    nodedot = _from_constants("nodedot", "Rate of the ascending node, rad/min")
    gsto = _from_constants("gsto", "Greenwich sidereal time at the epoch, rad")

    @property
    def alta(self) -> float:
        """Altitude of the apogee, Earth radii."""
        return self.a * (1.0 + self.ecco) - 1.0

    @property
    def altp(self) -> float:
        """Altitude of the perigee, Earth radii."""
        return self.a * (1.0 - self.ecco) - 1.0

    @property
    def operationmode(self) -> str:
        """Mode of SGP4: `i`, improved, or `a`, as in the code of the US Air Force (AFSPC)."""
        return self._model.opsmode

    @property
    def method(self) -> str:
        """Theory: `n` near-Earth, or `d` deep-space."""
        return "n" if self._initialised().regime == NEAR_EARTH else "d"

    @property
    def t(self) -> float:
        """Minutes from the epoch to the instant of the last propagation."""
        return self._t

    @property
    def error(self) -> int:
        """Error code of the last propagation; before the first one, of the epoch."""
        if self._error is None:
            e = self._initialised().state(0.0)[-1]
            self._error = 0 if e == IMPLAUSIBLE else e
        return self._error

    am = _from_averages("am", "Mean semi-major axis, Earth radii")
    em = _from_averages("em", "Mean eccentricity")
    im = _from_averages("im", "Mean inclination, rad")
    Om = _from_averages("Om", "Mean right ascension of the ascending node, rad")
    om = _from_averages("om", "Mean argument of perigee, rad")
    mm = _from_averages("mm", "Mean anomaly, rad")
    nm = _from_averages("nm", "Mean motion, rad/min")

    @property
    def tumin(self) -> float:
        """Minutes in one time unit, of the gravity model."""
        return 1.0 / self.xke

    xke = _from_gravity("xke", "Reciprocal of tumin")
    mu = _from_gravity("mu", "Gravitational parameter of the Earth, km^3/s^2")
    radiusearthkm = _from_gravity("radius", "Equatorial radius of the Earth, km")
    j2 = _from_gravity("j2", "Zonal harmonic J2")
    j3 = _from_gravity("j3", "Zonal harmonic J3")
    j4 = _from_gravity("j4", "Zonal harmonic J4")
    j3oj2 = _from_gravity("j3oj2", "J3 divided by J2")


@cache
def _model(whichconst: int, opsmode: OpsMode) -> Model:
    if whichconst not in (WGS72OLD, WGS72, WGS84):
        raise ValueError(f"gravity model {whichconst!r} is not known: use WGS72OLD, WGS72 or WGS84")
    return Model(gravity_model(GRAVITY_NAMES[whichconst]), opsmode)
