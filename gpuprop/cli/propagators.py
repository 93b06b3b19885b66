"""Open the propagator of a command, and report what it computes with."""

from collections.abc import Callable

from ..catalogs.sources import ages_in_words
from ..elements.sets import Elements
from ..engine.choice import EngineWarning, requested_name
from ..literals import Precision
from ..messages import counted
from ..propagator import Propagator
from ..sgp4.mixed import BOUND_M, DAY_NS, REACH_NS
from .inputs import warnings_as_notes
from .options import wrong_call
from .shared_options import EngineOptions

Tell = Callable[[str], None]


def open_propagator(
    elements: Elements,
    options: EngineOptions,
    tell: Tell,
    *,
    eop: str | None = None,
    cluster: str | None = None,
    precision: Precision = "exact",
) -> Propagator:
    """Open the propagator, and print notes on engines that cannot be used.

    With a cluster, the engines of the workers count, not those of this machine; but for precision
    mixed, which this machine must have, too.
    """
    engine = options.engine if cluster is None or precision == "mixed" else "numpy"
    with wrong_call(), warnings_as_notes(tell, EngineWarning):
        return Propagator(
            elements,
            engine,
            options.gravity,
            options.opsmode,
            threads=options.threads,
            eop=eop,
            precision=precision,
        )


def report_inputs(
    elements: Elements, start_ns: int, tell: Tell, earth_orientation: str | None = None
) -> None:
    """Print the Earth orientation, and how old the element sets are at the first instant."""
    if earth_orientation:
        tell(f"Earth orientation: {earth_orientation}")
    if ages := ages_in_words(elements, start_ns):
        tell(ages)


def report_engine(
    propagator: Propagator, options: EngineOptions, tell: Tell, cluster: str | None = None
) -> None:
    """Print which engine was chosen and why, if the choice was left to gpuprop."""
    if cluster is None and requested_name(options.engine).startswith("auto"):
        tell(f"engine: {propagator.engine} (auto)")
        for reason in propagator.engine_reasons:
            tell(f"  {reason}")


def precision_counts(propagator: Propagator) -> dict[str, object]:
    """Return the precision, and how many satellites have precision mixed, for JSON."""
    return dict(precision=propagator.precision, mixed_satellites=int(propagator.mixed.sum()))


def report_precision(propagator: Propagator, tell: Tell) -> None:
    """Print the bound of precision mixed, and how many satellites have it."""
    if propagator.precision == "exact":
        return
    mixed = int(propagator.mixed.sum())
    tell(
        f"precision mixed: {counted(mixed, 'satellite')} at most {BOUND_M:g} m off within "
        f"{REACH_NS // DAY_NS} days of epoch; {len(propagator.elements) - mixed:,} others, and all "
        "beyond, are exact"
    )
