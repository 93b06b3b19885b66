"""What a page says of its data: sources, epochs, frame, assumptions, error of the interpolation."""

from typing import TypedDict

import numpy as np

from ..catalogs.sources import ages_in_words
from ..elements.sets import Elements
from ..frames import EarthOrientation
from ..messages import counted, shortened
from ..time.durations import format_duration
from ..time.instants import format_ns
from ..time.units import SECOND
from ..typing import Array
from ..version import __version__
from . import earth
from .knots import Tracks

NOTE_CHARACTERS = 400  # of a note in the page
ASSUMED = "assumed: "  # how a note on an assumption begins


class Facts(TypedDict):
    """What is in a page.

    error_m has `median`, `p99` (99 %) and `largest` of the measured errors of the interpolation, m;
    None where they are not known.
    """

    satellites: int
    start: str
    stop: str
    duration_s: float
    steps_s: list[float]  # between knots
    error_m: dict[str, float] | None
    bytes: int


def statement(
    elements: Elements, tracks: Tracks, begin: int, end: int, eop: EarthOrientation, model: str
) -> dict[str, str | list[str]]:
    """Describe the data for people: subjects, each with one or several sentences."""
    epochs = elements.epoch.view(np.int64)
    gone = sum(int((~track.knots.any(axis=(0, 2))).sum()) for track in tracks.tracks)
    known = tracks.error_m[np.isfinite(tracks.error_m)]
    steps = sorted((round(track.step_s, 1), len(track.members)) for track in tracks.tracks)
    notes = [shortened(note, NOTE_CHARACTERS) for note in elements.notes]
    about: dict[str, str | list[str]] = {
        "Satellites": f"{len(elements):,}" + (f", {gone:,} without a position" if gone else ""),
        "Window": f"{format_ns(begin)} to {format_ns(end)} ({format_duration(end - begin)})",
        "Sources": [note for note in notes if not note.startswith(ASSUMED)],
        "Assumed": [note.removeprefix(ASSUMED) for note in notes if note.startswith(ASSUMED)],
        "Epochs": [
            " to ".join(format_ns(each) for each in sorted({int(epochs.min()), int(epochs.max())})),
            *filter(None, [ages_in_words(elements, begin)]),
        ],
        "Model": model,
        "Frame": "TEME. The Earth turns as in PEF (GMST 1982 of UT1); polar motion, at most 15 m "
        "on the ground, is left out",
        "Earth orientation": eop.described(np.array([begin, end])),
        "Interpolation": [
            "cubic Hermite curves between knots: position and velocity in float32",
            "; ".join(f"{counted(number, 'satellite')} every {step:g} s" for step, number in steps),
            _errors_in_words(elements, tracks.error_m, known),
            f"measured {tracks.measured}" if len(known) else tracks.measured,
        ],
        "Orbits": "of chosen satellites: one revolution; beyond the window, an ellipse",
        "Shadow": "umbra and penumbra of the ellipsoidal Earth (WGS-84), without refraction",
        "Altitude": "above the WGS-84 ellipsoid. Elevation: geometric, without refraction",
        "Coast lines": earth.GEOGRAPHY,
        "Made with": f"gpuprop {__version__}",
    }
    if not about["Assumed"]:
        del about["Assumed"]
    return about


def facts_of(elements: Elements, tracks: Tracks, begin: int, end: int) -> Facts:
    """Describe the data as numbers; the size of the page is not known yet."""
    known = tracks.error_m[np.isfinite(tracks.error_m)]
    return Facts(
        satellites=len(elements),
        start=format_ns(begin),
        stop=format_ns(end),
        duration_s=(end - begin) / SECOND,
        steps_s=sorted(round(track.step_s, 1) for track in tracks.tracks),
        error_m=dict(
            median=round(float(np.median(known)), 1),
            p99=round(float(np.percentile(known, 99)), 1),
            largest=round(float(known.max()), 1),
        )
        if len(known)
        else None,
        bytes=0,
    )


def _errors_in_words(elements: Elements, error_m: Array, known: Array) -> str:
    if not len(known):
        return "error not known"
    worst = int(np.nanargmax(error_m))
    name = shortened(str(elements.name[worst]), 40) or str(elements.sat_id[worst])
    far = int((known > 100.0).sum())
    return (
        f"largest error of a satellite: median {np.median(known):.0f} m, 99 % below "
        f"{np.percentile(known, 99):.0f} m, at most {known.max():,.0f} m ({name})"
        + (f"; {counted(far, 'satellite')} above 100 m" if far else "")
    )
