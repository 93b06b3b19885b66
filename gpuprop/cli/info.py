"""`gpuprop info`: what a catalogue or a directory of snapshots holds."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import pairwise
from typing import Annotated, Any

import numpy as np
from cyclopts import Parameter
from rich.filesize import decimal

from ..analysis.access.contents import PASSES
from ..analysis.screening.contents import SCREENING
from ..catalogs.sources import read_sources
from ..dataset.manifest import Manifest
from ..dataset.store import Store
from ..elements.conditions import QUANTITIES, Satellites
from ..elements.selection import matching, operators
from ..elements.sets import Elements, Reject
from ..errors import UsageError
from ..files.addresses import url_advice
from ..propagator import Propagator
from ..sgp4.constants import NEAR_EARTH
from ..sgp4.gravity import gravity_model
from ..snapshots import open_snapshots
from ..time.instants import format_ns
from ..time.units import SECOND
from .console import DONE, out
from .inputs import choose, given_store, repeated_numbers
from .kinds import kind_of
from .options import Checksum, Epoch, FirstId, Json, Latest, OnError, Select, Where

# bounds of the bands of altitude, km; the geostationary ring is 35,786 +- 200 km
LOW_BOUNDS = (300, 400, 500, 600, 700, 800, 1_000, 1_200, 1_500, 2_000)
BOUNDS = (-math.inf, *LOW_BOUNDS, 10_000, 30_000, 35_586, 35_986, math.inf)
WEB = ("http://", "https://", "ftp://")


def info(
    path: Annotated[
        str,
        Parameter(
            name="PATH",
            help="A catalogue; or a directory of snapshots, of passes or of a screening, or its "
            "URL (s3://bucket/out).",
        ),
    ],
    /,
    *,
    select: Select = None,
    where: Where = None,
    latest: Latest = False,
    epoch: Epoch = None,
    first_id: FirstId = None,
    on_error: OnError = "skip",
    checksum: Checksum = "verify",
    json: Json = False,
) -> int:
    """Run `gpuprop info`."""
    if path.lower().startswith(WEB):
        raise UsageError(url_advice(path))
    place = given_store(path)
    if place.exists():
        if select or where or latest or epoch is not None or first_id is not None:
            options = "--select, --where, --latest, --epoch and --first-id"
            raise UsageError(
                f"{options} are for catalogues and constellations: {place} is a directory that "
                "gpuprop wrote"
            )
        kind = kind_of(place)
        if kind is PASSES:
            return _passes(place, json)
        if kind is SCREENING:
            return _screening(place, json)
        snapshots = open_snapshots(place.path, partial=True)
        step = snapshots.times.step_ns if snapshots.metadata["step"] else None
        facts = snapshots.metadata | dict(
            complete=snapshots.complete, step_s=step / SECOND if step else None
        )
        rows = _rows(facts)
    else:
        elements = read_sources(
            [str(place)],
            on_error=on_error,
            checksum=checksum,
            epoch=epoch,
            first_id=first_id,
            latest=latest,
        )
        facts = _facts(choose(elements, select, where, latest=latest), elements.rejected)
        rows = _catalogue_rows(facts)
    if json:
        out.json(facts)
    else:
        out.facts(rows)
    return DONE


def _passes(store: Store, json: bool) -> int:
    """Show what a directory of passes holds."""
    manifest = Manifest.read(store, PASSES)
    facts: dict[str, Any] = {
        **manifest.plan,
        "passes": sum(entry.rows for entry in manifest.parts),
        "bytes": sum(entry.bytes for entry in manifest.parts),
        "complete": manifest.complete,
    }
    if json:
        out.json(facts)
        return DONE
    options = facts["options"]
    sites = [str(site[0]) for site in options["sites"]]
    done = "complete" if manifest.complete else f"{len(manifest.parts)} complete"
    out.facts(
        [
            ("passes", f"{facts['passes']:,}"),
            ("satellites", f"{facts['satellites']:,}"),
            ("sites", ", ".join(sites[:8]) + (f" ... ({len(sites)})" if len(sites) > 8 else "")),
            ("window", f"{options['start']} to {options['stop']}"),
            ("minimum elevation", f"{options['min_elevation_deg']:g} deg"),
            ("model", f"SGP4, {facts['gravity']}, opsmode {facts['opsmode']}"),
            ("Earth orientation", str(facts["earth_orientation"])),
            ("parts", f"{facts['parts']:,}, {done}, {decimal(facts['bytes'])}"),
        ]
    )
    return DONE


def _screening(store: Store, json: bool) -> int:
    """Show what a directory of a screening holds."""
    manifest = Manifest.read(store, SCREENING)
    rows = [sum(each.rows for each in manifest.parts if each.part % 2 == k) for k in (0, 1)]
    facts: dict[str, Any] = {
        **manifest.plan,
        "conjunctions": rows[0],
        "companions": rows[1],
        "bytes": sum(entry.bytes for entry in manifest.parts),
        "complete": manifest.complete,
    }
    if json:
        out.json(facts)
        return DONE
    options = facts["options"]
    done = "complete" if manifest.complete else f"{len(manifest.parts)} complete"
    out.facts(
        [
            ("conjunctions", f"{rows[0]:,}"),
            ("companions", f"{rows[1]:,}"),
            ("satellites", f"{facts['satellites']:,}"),
            ("primaries", ", ".join(options["primaries"] or ["all"])),
            ("threshold", f"{options['threshold_km']:g} km"),
            ("window", f"{options['start']} to {options['stop']}"),
            ("model", f"SGP4, {facts['gravity']}, opsmode {facts['opsmode']}"),
            ("files", f"{facts['parts']:,}, {done}, {decimal(facts['bytes'])}"),
        ]
    )
    return DONE


def _facts(elements: Elements, rejected: Sequence[Reject]) -> dict[str, Any]:
    """Return the facts about element sets; rejected: the records that cannot be read."""
    epochs = elements.epoch.astype("int64")
    bounds = Propagator(elements, "numpy", threads=1).constants.bounds
    near_earth = bounds[NEAR_EARTH].stop - bounds[NEAR_EARTH].start if NEAR_EARTH in bounds else 0
    of_operator = {
        name: matching(f"@{name}", elements.name)
        for name in sorted({each.name for each in operators().values()})
    }
    of_none = ~np.any(list(of_operator.values()), axis=0)
    return dict(
        satellites=len(elements),
        epochs=dict(first=format_ns(int(epochs.min())), last=format_ns(int(epochs.max()))),
        near_earth=near_earth,
        deep_space=len(elements) - near_earth,
        sat_ids=dict(first=int(elements.sat_id.min()), last=int(elements.sat_id.max())),
        altitude_bands=_bands(elements),
        operators={name: int(mask.sum()) for name, mask in of_operator.items() if mask.any()},
        no_operator_known=int(of_none.sum()),
        **repeated_numbers(elements),
        rejected=[asdict(reject) for reject in rejected],
        notes=list(elements.notes),
    )


def _bands(elements: Elements) -> list[dict[str, Any]]:
    """Count the satellites in each band of altitude (altitude_km, as in --where).

    The lower bound belongs to the band. None: there is no bound.
    """
    altitude = QUANTITIES["altitude_km"].values(
        Satellites(elements.fields, 0, gravity_model("wgs72"))
    )
    counts, _ = np.histogram(altitude[np.isfinite(altitude)], BOUNDS)
    bounds = [None if math.isinf(bound) else bound for bound in BOUNDS]
    return [
        dict(from_km=low, to_km=high, satellites=int(count))
        for (low, high), count in zip(pairwise(bounds), counts, strict=True)
        if count
    ]


def _catalogue_rows(facts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the facts about element sets as names and values for a terminal."""
    epochs, sat_ids = facts["epochs"], facts["sat_ids"]
    yield "satellites", f"{facts['satellites']:,}"
    yield "epochs", f"{epochs['first']} to {epochs['last']}"
    yield "near_earth", f"{facts['near_earth']:,}"
    yield "deep_space", f"{facts['deep_space']:,}"
    yield "sat_ids", f"{sat_ids['first']} to {sat_ids['last']}"
    name = "altitude_km"
    for band in facts["altitude_bands"]:
        low, high = (
            None if band[bound] is None else f"{band[bound]:,}" for bound in ("from_km", "to_km")
        )
        span = (
            f"below {high}"
            if low is None
            else f"{low} and more"
            if high is None
            else f"{low} to {high}"
        )
        yield name, f"{span:<16}  {band['satellites']:>7,}"
        name = ""
    name = "operators"
    for operator, count in sorted(facts["operators"].items(), key=lambda each: -each[1]):
        yield name, f"{'@' + operator:<16}  {count:>7,}"
        name = ""
    if facts["no_operator_known"]:
        yield name, f"{'none known':<16}  {facts['no_operator_known']:>7,}"
    for name, values in (
        ("duplicates", map(str, facts["duplicates"])),
        ("shared numbers", map(str, facts["shared_numbers"])),
        (
            "rejected",
            (
                f"line {each['line']}: {each['reason']}: {each['text']!r}"
                for each in facts["rejected"]
            ),
        ),
        ("notes", facts["notes"]),
    ):
        for value in values:
            yield name, value
            name = ""


def _rows(facts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield facts as names and values for a terminal, one line for each value of a list."""
    for name, value in facts.items():
        if isinstance(value, dict):
            lines = [f"{key}: {_shown(each)}" for key, each in value.items()]
        else:
            lines = [_shown(each) for each in value] if isinstance(value, list) else [_shown(value)]
        for line in lines:
            yield name, line
            name = ""


def _shown(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
