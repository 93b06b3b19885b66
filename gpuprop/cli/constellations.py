"""`gpuprop constellations`: the constellations that gpuprop knows by name."""

from collections.abc import Iterable, Iterator
from math import isfinite
from typing import Any

from ..analysis.spacing import closest_approach_km
from ..catalogs.sources import named_constellation
from ..filings.presets import Constellation, Shell, without_geometry
from ..filings.presets import constellations as known_constellations
from .console import DONE, out
from .options import Json, wrong_call

# the fields that define a constellation, apart from phasing
MAIN_FIELDS = ("altitude_km", "inclination_deg", "planes", "sats_per_plane")


def constellations(name: str | None = None, /, *, json: Json = False) -> int:
    """Run `gpuprop constellations`."""
    if name is None:
        known = known_constellations()
        if json:
            out.json({key: _facts(each) for key, each in known.items()})
            return DONE
        for text in _table_of(known.values()):
            out.show(text)
        for key, fact in without_geometry().items():
            out.show(f"{key}: no preset: {fact}")
        return DONE
    with wrong_call():
        each = named_constellation(name)
    if json:
        out.json({each.name: _facts(each)})
        return DONE
    also = f" (also {', '.join(each.aliases)})" if each.aliases else ""
    out.show(f"{each.name}{also}: {each.title}, {each.total:,} satellites")
    for shell in each.shells:
        closest = _closest_approach_km(shell)
        approach = (
            ""
            if closest is None
            else f"; closest approach of two satellites {closest:.1f} km, by SGP4's states"
        )
        out.show(f"  {shell.describe()}{approach}")
    for line in (*(f"conflict: {conflict}" for conflict in each.conflicts), *each.assumptions):
        out.show(line)
    return DONE


def _closest_approach_km(shell: Shell) -> float | None:
    """Return the closest approach of two satellites; None for one satellite and in deep space."""
    closest = closest_approach_km(shell)
    return closest if isfinite(closest) else None


def _facts(each: Constellation) -> dict[str, Any]:
    """Return a constellation for JSON, with the closest approach in each shell."""
    shells = [
        shell.to_dict() | {"closest_approach_km": _closest_approach_km(shell)}
        for shell in each.shells
    ]
    return each.to_dict() | {"shells": shells}


def _table_of(known: Iterable[Constellation]) -> Iterator[str]:
    """Yield a line for each constellation, in columns."""
    rows = [("name", "satellites", "shells", "status", "confidence", "assumed in part")]
    for each in known:
        name = f"{each.name} ({each.aliases[0]})" if each.aliases else each.name
        assumed = ", ".join(
            key for key in MAIN_FIELDS if any(key in shell.assumed for shell in each.shells)
        )
        rows.append(
            (
                name,
                f"{each.total:,}",
                str(len(each.shells)),
                ", ".join(each.statuses),
                ", ".join(each.confidences),
                assumed,
            )
        )
    name_width, status_width, confidence_width = (
        max(len(row[column]) for row in rows) for column in (0, 3, 4)
    )
    for name, total, shells, status, confidence, assumed in rows:
        line = f"{name:<{name_width}}  {total:>10}  {shells:>6}  {status:<{status_width}}"
        yield f"{line}  {confidence:<{confidence_width}}  {assumed}".rstrip()
