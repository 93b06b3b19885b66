"""What analyses need of a propagator and its users do not: questions to states in place.

States are asked about where they are computed. So these functions reach for the engines of a
propagator, and for the element sets that are loaded into them.
"""

from collections.abc import Callable, Generator, Iterable
from copy import copy

import numpy as np
import numpy.typing as npt

from .elements.mean_elements import mean_elements
from .engine.choice import CoverageCounter, Engine, Propagation
from .engine.mixed import PrecisionError
from .engine.prefetch import ahead, shared
from .engine.screening import CandidatePairs, Screen
from .frames.tables import earth_table
from .propagator import Propagator
from .sgp4.access import Candidates
from .sgp4.access_events import BisectionRule, Brackets, EventSearch, Found
from .sgp4.coverage import CoverageRequest
from .sgp4.model import TEME, View
from .states import States, column_names
from .time.times import Times
from .typing import Array, Columns
from .views import view


def engine_of(propagator: Propagator, block: States) -> Engine:
    """Return the engine that has computed a block: with several GPUs, that of its GPU.

    Parameters
    ----------
    propagator : Propagator
        A propagator.
    block : States
        A block of it.

    Returns
    -------
    Engine
        The engine.
    """
    device = getattr(next(iter(block.columns.values())), "device", None)
    number = getattr(device, "id", None)
    return next(
        (each for each in propagator._engines if getattr(each, "device", None) == number),
        propagator._engine,
    )


def part_of(propagator: Propagator, index: npt.ArrayLike) -> Propagator:
    """Make a propagator of some of the satellites, with the same engines and model.

    Parameters
    ----------
    propagator : Propagator
        A propagator of all of them.
    index : array_like
        Their positions, from 0, or booleans, as Elements takes them.

    Returns
    -------
    Propagator
        The propagator.
    """
    made = copy(propagator)
    made.elements = propagator.elements[np.asarray(index)]
    made._epoch_ns = made.elements.epoch.view(np.int64)
    mean = mean_elements(made.elements)

    def load(engine: Engine) -> Propagation:
        return engine.load(propagator.model, mean, made._epoch_ns)

    made._propagations = [load(engine) for engine in propagator._engines]
    made._others = {
        use: [(engine, load(engine)) for engine, _ in pairs]
        for use, pairs in propagator._others.items()
    }
    return made


def on_one_device(propagator: Propagator) -> Propagator:
    """Return a propagator that has, of several GPUs, the first one alone."""
    one = copy(propagator)
    one._propagations = propagator._propagations[:1]
    return one


def refuse_mixed(propagator: Propagator, question: str) -> None:
    """Raise PrecisionError for a propagator whose states are not exact enough to decide."""
    if propagator.precision != "exact":
        raise PrecisionError(
            f"{question} is decided by exact states: give a Propagator of precision exact"
        )


def coverage_counter(propagator: Propagator, request: CoverageRequest) -> CoverageCounter:
    """Prepare to count satellites in view of places where `on_one_device` has its states."""
    refuse_mixed(propagator, "coverage")
    return propagator._engine.coverage(request)


def candidate_pairs(
    propagator: Propagator, blocks: Iterable[Times], screen: Screen, threads: int = 0
) -> Generator[tuple[CandidatePairs, npt.NDArray[np.uint8]], None, None]:
    """Find the pairs that may come close around knots: the first step of a screening.

    Parameters
    ----------
    propagator : Propagator
        The satellites.
    blocks : iterable of Times
        Knots in steps of screen.step. The first and the last of a block are neighbours only.
    screen : Screen
        What is asked for.
    threads : int
        Blocks that are computed ahead on one engine; of several GPUs each has its own.

    Returns
    -------
    generator of (CandidatePairs, (n_knots, n_sats) uint8)
        The candidates of each block, and the status of all satellites at its knots, without
        those at its ends.
    """
    names = column_names(True, False)

    def found(
        turn: tuple[Engine, Propagation, Times],
    ) -> tuple[CandidatePairs, npt.NDArray[np.uint8]]:
        engine, propagation, times = turn
        room = propagation.room(len(times), names)
        columns = propagation.device_block(times.ns, names, TEME, room)
        status = columns["status"][1:-1]
        on_host = status if isinstance(status, np.ndarray) else status.get()
        return engine.candidate_pairs(columns, screen), on_host.astype(np.uint8, copy=False)

    workers = list(zip(propagator._engines, propagator._propagations, strict=True))

    def turn(worker: tuple[Engine, Propagation], times: Times) -> tuple[Engine, Propagation, Times]:
        return (*worker, times)

    if len(workers) > 1:
        return shared(found, blocks, workers, turn, 1, "screening")
    return ahead(found, (turn(workers[0], times) for times in blocks), threads, "screening")


def positions_between(
    propagator: Propagator, first_ns: int, last_ns: int
) -> Callable[[npt.NDArray[np.int64], npt.NDArray[np.int64]], Columns]:
    """Prepare for many calls that compute positions of pairs in ITRS, in a window.

    Parameters
    ----------
    propagator : Propagator
        The satellites.
    first_ns : int
        The first instant, nanoseconds since 1970 UTC.
    last_ns : int
        The last instant.

    Returns
    -------
    callable
        The function columns(index, ns) computes x, y, z (km) and status, (n,) each, with the
        bits of `pair_states`. It does not check that satellites and instants are in range.

    Raises
    ------
    ValueError
        For instants outside the Earth orientation.
    """
    edges = np.array([first_ns, last_ns], np.int64)
    refuse_mixed(propagator, "access")
    propagator._checked(Times(edges), "itrs", False)
    table = earth_table("itrs", edges, propagator.eop)
    names, loaded = column_names(velocity=False, sunlit=False), propagator._loaded("pairs")[0]

    def columns(index: npt.NDArray[np.int64], ns: npt.NDArray[np.int64]) -> Columns:
        seen = view(ns, "itrs", propagator.eop) if table is None else View(earth=table)
        return loaded.pairs(index, ns, names, seen)

    return columns


class EventEngine:
    """Searches for events of passes in a window, on the engine of a propagator if it can.

    Parameters
    ----------
    propagator : Propagator
        The satellites.
    first_ns : int
        The first instant, nanoseconds since 1970 UTC.
    last_ns : int
        The last instant.

    Notes
    -----
    It finds nothing (None) on the engine numpy, and before 1972: there the host computes rotations.
    """

    def __init__(self, propagator: Propagator, first_ns: int, last_ns: int) -> None:
        self._propagation = propagator._propagations[0]
        edges = np.array([first_ns, last_ns], np.int64)
        self._table = earth_table("itrs", edges, propagator.eop)

    def events(
        self, found: Candidates, wanted: npt.NDArray[np.int64], search: EventSearch
    ) -> Found | None:
        """Search for events: see gpuprop.sgp4.access_events.search_events."""
        if self._table is None or not len(wanted):
            return None
        return self._propagation.events(found, wanted, search, self._table)

    def bisected(
        self, brackets: Brackets, sites: Array, rule: BisectionRule
    ) -> npt.NDArray[np.int64] | None:
        """Bisect brackets in integers: the ends of the last ones."""
        if self._table is None or not len(brackets.low):
            return None
        return self._propagation.bisect(brackets, sites, rule, self._table)
