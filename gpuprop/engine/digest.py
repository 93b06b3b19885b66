"""The digest of the results that every engine must reproduce, bit for bit.

It covers fixed element sets and instants. They are made from integers alone (splitmix64, divisions
by powers of ten), so that every machine makes the same ones. The digest of the numpy engine's
results is committed beside this file; `gpuprop doctor` checks each engine of a machine against it.

    python -m gpuprop.engine.digest            compare the numpy engine with what is committed
    python -m gpuprop.engine.digest --write    commit what the numpy engine computes now
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, get_args

import numpy as np
import numpy.typing as npt
import xxhash

from ..elements.mean_elements import mean_elements
from ..elements.sets import Elements
from ..literals import OpsMode
from ..sgp4.constants import FIELDS, REGIMES, Constants
from ..sgp4.earth_rotation import EarthTable, earth_rotation
from ..sgp4.gravity import GRAVITY
from ..sgp4.model import COORDINATES, TEME, Model, View
from ..sgp4.trig import sincos
from ..time.units import DAY
from ..typing import Array
from .choice import Engine, Propagation, open_engine

COMMITTED = Path(__file__).with_name("digest.json")
DRAWN = (
    "MEAN_MOTION",
    "ECCENTRICITY",
    "INCLINATION",
    "BSTAR",
    "RA_OF_ASC_NODE",
    "ARG_OF_PERICENTER",
    "MEAN_ANOMALY",
)
COLUMNS = (*COORDINATES, "status")
Part = tuple[str, Model, Elements, npt.NDArray[np.int64], View]
Range = tuple[float, float]
# part -> {"constants": {name: hash}, regime: {"satellites": n, "states": {status: n}, "columns":
# {name: hash}}}
Digest = dict[str, Any]


class Cohort(NamedTuple):
    """The ranges from which the elements of some sets are drawn, both ends included."""

    mean_motion: Range  # rev/day
    eccentricity: Range
    inclination: Range  # deg
    bstar: Range  # 1/er


COHORT = 32  # sets of each
COHORTS = (
    Cohort((12.5, 15.6), (0.0, 0.02), (0.0, 180.0), (-0.0001, 0.001)),  # full drag
    # circular orbits of a constellation
    Cohort((13.0, 15.5), (0.0, 0.0001), (30.0, 100.0), (0.0, 0.001)),
    # perigee below 220 km: simplified drag, decay
    Cohort((15.9, 16.5), (0.0, 0.01), (0.0, 180.0), (0.0, 0.01)),
    Cohort((6.5, 8.0), (0.3, 0.42), (0.0, 180.0), (0.0, 0.001)),  # eccentric, near the Earth
    Cohort((12.0, 15.0), (0.0, 0.01), (0.0, 0.0), (0.0, 0.001)),  # equatorial
    Cohort((12.0, 15.0), (0.0, 0.01), (180.0, 180.0), (0.0, 0.001)),  # equatorial and retrograde
    Cohort((12.0, 15.0), (0.0, 0.01), (90.0, 90.0), (0.0, 0.001)),  # polar
    Cohort((6.3, 6.5), (0.0, 0.1), (0.0, 180.0), (0.0, 0.001)),  # both sides of 225 minutes
    Cohort((2.2, 6.0), (0.0, 0.5), (0.0, 180.0), (0.0, 0.001)),  # deep space
    Cohort((0.02, 0.8), (0.0, 0.9), (0.0, 180.0), (0.0, 0.0)),  # high
    # Lyddane's low inclinations and their limit
    Cohort((1.0, 6.0), (0.0, 0.5), (0.0, 12.0), (0.0, 0.001)),
    Cohort((0.9, 3.0), (0.0, 0.5), (170.0, 180.0), (0.0, 0.0)),  # retrograde
    Cohort((0.98, 1.03), (0.0, 0.001), (0.0, 0.1), (0.0, 0.0)),  # geostationary
    Cohort((0.95, 1.15), (0.0, 0.7), (0.0, 180.0), (0.0, 0.0)),  # one day
    # navigation satellites: half a day without resonance
    Cohort((1.99, 2.02), (0.0, 0.02), (50.0, 60.0), (0.0, 0.0)),
    Cohort((2.0, 2.01), (0.5, 0.75), (60.0, 66.0), (0.0, 0.001)),  # Molniya
    Cohort((1.9, 2.1), (0.5, 0.99), (0.0, 180.0), (0.0, 0.0)),  # half a day
    # half a day; resonance makes the mean motion negative: status 2
    Cohort((1.95, 2.05), (0.998, 0.9999), (0.0, 180.0), (0.0, 0.0)),
    Cohort((4.0, 16.0), (0.3, 0.999), (0.0, 180.0), (0.0, 0.001)),  # perigee below the ground
    # as the published 33334: status 3
    Cohort((0.00001, 0.0001), (0.5, 0.6), (60.0, 70.0), (0.0, 0.0001)),
    Cohort((14.0, 16.0), (0.0, 0.01), (0.0, 180.0), (0.02, 0.1)),  # diverging drag terms: status 10
    Cohort((-1.0, 0.0), (0.0, 1.1), (0.0, 180.0), (0.0, 0.001)),  # mean motion not positive
    Cohort((14.0, 16.0), (1.0, 1.2), (0.0, 180.0), (0.0, 0.001)),  # eccentricity of 1 and more
)
OPSMODES: tuple[OpsMode, ...] = get_args(OpsMode)
MODELS = tuple(Model(gravity, opsmode) for gravity in GRAVITY.values() for opsmode in OPSMODES)


def splitmix64(seed: int, n: int) -> npt.NDArray[np.uint64]:
    """Make n random words (n,) (Steele, Lea, Flood 2014).

    Written here because numpy's own streams may change between versions.
    """
    z = np.uint64(seed) + np.arange(1, n + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def sets(seed: int) -> tuple[Elements, npt.NDArray[np.int64]]:
    """Make COHORT element sets of each cohort, and instants (n_times,) in nanoseconds since 1970.

    The epochs lie within eight days, the instants around them.
    """
    n = COHORT * len(COHORTS)
    words = splitmix64(seed, 9 * n).reshape(9, n)
    # one division of integers for each element: one rounding, the same everywhere
    edges = np.concatenate(
        (np.array(COHORTS), np.broadcast_to((0.0, 359.9999), (len(COHORTS), 3, 2))), axis=1
    )
    low, high = np.rint(edges * 1.0e8).astype(np.int64).repeat(COHORT, axis=0).T  # (7, n) each
    drawn = (low + (words[:7] % (high - low + 1).astype(np.uint64)).astype(np.int64)) / 10**8
    era = (12 * seed - 8) * 365 * DAY  # 1974 to 2046
    epoch_ns = era + (words[7] % np.uint64(8 * DAY)).astype(np.int64)
    elements = Elements(
        dict(
            NORAD_CAT_ID=np.arange(n),
            EPOCH=epoch_ns.view("datetime64[ns]"),
            **dict(zip(DRAWN, drawn, strict=True)),
        )
    )
    anywhere = era - 20 * DAY + (words[8, :9] % np.uint64(50 * DAY)).astype(np.int64)
    # for one set of each cohort, whole resonance steps from the epoch (none included)
    whole = epoch_ns[::COHORT] + (np.arange(len(COHORTS)) % 5 - 2) * (DAY // 2)
    return elements, np.concatenate((anywhere, whole))


def parts() -> Iterator[Part]:
    """Yield name, model, element sets, instants and view of each part.

    The parts are every model, and for one model: decades away from the epoch, another frame, and
    geodetic.
    """
    for seed, model in enumerate(MODELS, 1):
        yield f"{model.gravity.name}, opsmode {model.opsmode}", model, *sets(seed), TEME
    # 20 years of resonance are 14,600 steps, a second in numpy for one day and two for half a day:
    # one way for each kind.
    elements, instants = sets(len(MODELS) + 1)
    few = elements[:: COHORT // 4]
    for name, resonance, years in (("20 years ahead", 2.0, 20), ("10 years back", 1.0, -10)):
        others = few[abs(few.fields["MEAN_MOTION"].astype(np.float64) - resonance) > 0.25]
        model = Model(GRAVITY["wgs72"], "i")
        yield (
            f"wgs72, opsmode i, {name}",
            model,
            others,
            instants[0] + np.array([0, 73, 365]) * years * DAY,
            TEME,
        )
    model = Model(GRAVITY["wgs72"], "i")
    for seed, (name, geodetic) in enumerate(
        (("turned", False), ("geodetic", True)), len(MODELS) + 2
    ):
        elements, instants = sets(seed)
        yield f"wgs72, opsmode i, {name}", model, elements, instants, turned(instants, geodetic)


def turned(instants: npt.NDArray[np.int64], geodetic: bool) -> View:
    """Make a view that turns about a slightly tilted pole, and a Sun that goes round.

    Only + - * / are used, unlike for the Earth's.
    """
    s, c = sincos(instants % DAY / DAY * 6.25)
    year_s, year_c = sincos(instants // DAY / 58.0)
    one = np.ones(len(instants))
    rows = [
        c,
        s,
        one * 1e-6,
        -s,
        c,
        one * -2e-6,
        s * 2e-6 - c * 1e-6,
        c * 2e-6 + s * 1e-6,
        one,
        one * 1e-10,
        one * -2e-10,
        one * 7.3e-5,
    ]
    return View(
        np.stack(rows, axis=-1),
        geodetic,
        1.5e8 * np.stack([year_c, 0.9 * year_s, 0.4 * year_s], axis=-1),
    )


def compute(engine: Engine) -> Digest:
    """Compute the digest of an engine's results."""
    return {
        name: _part(
            engine.load(model, mean_elements(elements), elements.epoch.view(np.int64)),
            instants,
            view,
        )
        for name, model, elements, instants, view in parts()
    }


def compare_pairs(engine: Engine) -> list[str]:
    """Describe where states of pairs differ from those of a grid; an empty list if nowhere.

    The pairs are all of a grid of few instants, in random order and sorted by satellite: in TEME,
    in ITRS from a table of Earth orientation, and in the two views of the digest.
    """
    differences = []
    for name, model, elements, instants, seen in parts():
        if name.startswith("wgs84") or "years" in name:
            continue
        propagation = engine.load(model, mean_elements(elements), elements.epoch.view(np.int64))
        ns = instants[:5]
        cases = [("", seen.at(slice(5)))]
        if seen is TEME:  # within few days the cpu engine integrates resonances in another way
            ns = instants[0] + np.arange(5) * (DAY // 2)
            cases = [("", TEME), (", Earth-fixed", View(earth=_earth(ns)))]
        for what, view in cases:
            rotation = view.rotation if view.earth is None else earth_rotation(view.earth, ns)
            names = COLUMNS if view.sun is None else (*COLUMNS, "sunlit")
            grid = propagation.block(ns, names, view._replace(rotation=rotation, earth=None))
            n = len(elements)
            k, index = np.divmod(np.argsort(splitmix64(1, n * len(ns))), n)
            in_order = np.argsort(index, kind="stable")
            for order, chosen in (("", slice(None)), (", sorted", in_order)):
                i, at = index[chosen], k[chosen]
                pairs = propagation.pairs(i, ns[at], names, view.at(at))
                differences += [
                    f"{name}, pairs{what}{order}, {column} differs from a grid's"
                    for column in names
                    if pairs[column].tobytes() != grid[column][at, i].tobytes()
                ]
    return differences


def _earth(ns: npt.NDArray[np.int64]) -> EarthTable:
    """Make a table of Earth orientation that reaches the instants, with a leap second."""
    first, last = int(ns.min()) // DAY, int(ns.max()) // DAY
    days = np.arange(last - first + 1.0)
    leap = days == 1.0
    columns = (
        -36.8 - 0.001 * days,
        np.full_like(days, -0.001),
        37.0 + (days > 1.0),
        DAY + leap * 1.0e9,
        1.0e-6 - 1.0e-8 * days,
        np.full_like(days, -1.0e-8),
        2.0e-6 + 1.0e-8 * days,
        np.full_like(days, 1.0e-8),
        np.full_like(days, 7.292115e-5),
    )
    return EarthTable(np.stack(columns, axis=-1), first, True)


def compare(found: Digest, wanted: Digest) -> list[str]:
    """Describe the differences in words; an empty list if the digests are equal."""
    left, right = (dict(_flat(digest)) for digest in (found, wanted))
    return [
        _difference(path, left.get(path), right.get(path))
        for path in dict.fromkeys([*right, *left])
        if left.get(path) != right.get(path)
    ]


def _difference(path: str, found: Any, wanted: Any) -> str:
    if isinstance(found, str) and isinstance(wanted, str):
        return f"{path} differs"  # the hashes would say nothing to a reader
    one, other = ("none" if value is None else value for value in (found, wanted))
    return f"{path}: {one} instead of {other}"


def committed() -> Digest:
    """Read the digest that every engine must reproduce."""
    digest: Digest = json.loads(COMMITTED.read_text())
    return digest


def _part(propagation: Propagation, instants: npt.NDArray[np.int64], view: View) -> Digest:
    names = COLUMNS if view.sun is None else (*COLUMNS, "sunlit")
    columns = propagation.block(instants, names, view)
    constants = propagation.constants
    part: Digest = {
        "constants": {
            name: _hash(_one_nan(_as_given(constants, constants.values[name]))) for name in FIELDS
        }
    }
    for code, satellites in sorted(constants.bounds.items()):
        # in the order of the input, because execution order may differ between engines
        chosen = np.sort(constants.order[satellites])
        statuses, counts = np.unique(columns["status"][:, chosen], return_counts=True)
        part[REGIMES[code]] = dict(
            satellites=len(chosen),
            status={
                str(status): int(count) for status, count in zip(statuses, counts, strict=True)
            },
            columns={name: _hash(columns[name][:, chosen]) for name in names},
        )
    return part


def _as_given(constants: Constants, values: Array) -> Array:
    given = np.empty_like(values)
    given[constants.order] = values
    return given


def _one_nan(values: Array) -> Array:
    """Give every NaN of constants the same bits.

    The bits of NaN in constants depend on the processor. Those in states must not, so that states
    are hashed as they are.
    """
    return np.where(np.isnan(values), np.nan, values)


def _hash(values: npt.NDArray[Any]) -> str:
    return xxhash.xxh3_128_hexdigest(
        np.ascontiguousarray(values, values.dtype.newbyteorder("<")).tobytes()
    )


def _flat(digest: Digest, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each value with its path in words."""
    for name, value in digest.items():
        words = f"{path}, {name}" if path else name
        if isinstance(value, dict):
            yield from _flat(value, words)
        else:
            yield words, value


def main(arguments: list[str]) -> int:
    """Compare the numpy engine with the committed digest, or write it."""
    found = compute(open_engine("numpy"))
    if arguments == ["--write"]:
        COMMITTED.write_text(json.dumps(found, indent=1) + "\n")
        return 0
    differences = compare(found, committed())
    print("\n".join(differences) or "the numpy engine reproduces the committed digest")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
