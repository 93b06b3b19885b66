"""`gpuprop constellations | doctor | completion`: known constellations, and what runs on this
machine.
"""

from collections.abc import Iterable, Iterator
from math import isfinite
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from ..analysis.spacing import closest_approach_km
from ..catalogs.sources import named_constellation
from ..doctor import examine
from ..filings.presets import Constellation, Shell, without_geometry
from ..filings.presets import constellations as known_constellations
from .console import DONE, FAILED, out, wide
from .options import Json, UsageError, app, wrong_call

# what a constellation is, phasing aside
WEIGHTY = ("altitude_km", "inclination_deg", "planes", "sats_per_plane")


@app.command
def constellations(name: str | None = None, /, *, json: Json = False) -> int:
    """The constellations known; of NAME (or of a TOML file of yours) the shells, sources, conflicts
    and assumptions.
    """
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
        apart = _apart_km(shell)
        said = (
            ""
            if apart is None
            else f"; closest approach of two satellites {apart:.1f} km, by SGP4's states"
        )
        out.show(f"  {shell.describe()}{said}")
    for line in (*(f"conflict: {conflict}" for conflict in each.conflicts), *each.assumptions):
        out.show(line)
    return DONE


def _apart_km(shell: Shell) -> float | None:
    """The closest approach of two satellites of a shell, km; None for a single satellite, and in
    deep space.
    """
    apart = closest_approach_km(shell)
    return apart if isfinite(apart) else None


def _facts(each: Constellation) -> dict[str, Any]:
    """A constellation for JSON, with the closest approach in each shell."""
    shells = [shell.to_dict() | {"closest_approach_km": _apart_km(shell)} for shell in each.shells]
    return each.to_dict() | {"shells": shells}


def _table_of(known: Iterable[Constellation]) -> Iterator[str]:
    """A line for each constellation, in columns."""
    rows = [("name", "satellites", "shells", "status", "confidence", "assumed in part")]
    for each in known:
        name = f"{each.name} ({each.aliases[0]})" if each.aliases else each.name
        assumed = ", ".join(
            key for key in WEIGHTY if any(key in shell.assumed for shell in each.shells)
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
        line = f"{name:<{name_width}}  {total:>10}  {shells:>6}  {status:<{status_width}}  {confidence:<{confidence_width}}  {assumed}"
        yield line.rstrip()


@app.command
def doctor(*, json: Json = False) -> int:
    """What runs here and why not more; proves each engine against the committed digest."""
    report = examine()
    if json:
        out.json(report.to_dict())
    else:
        for part in report.to_text():
            wide.print(part, soft_wrap=True)
    return DONE if report.healthy else FAILED


@app.command
def completion(
    shell: Annotated[
        Literal["bash", "zsh", "fish", "powershell"] | None,
        Parameter(help="[default: the shell that you use]"),
    ] = None,
    /,
) -> int:
    """Print a script with which a shell completes gpuprop's commands and options: eval "$(gpuprop
    completion bash)" in ~/.bashrc.
    """
    from cyclopts.completion import ShellDetectionError

    try:
        out.raw(app.generate_completion(shell=shell))
    except ShellDetectionError:
        raise UsageError(
            "cannot tell which shell you use: name it, as in gpuprop completion bash"
        ) from None
    return DONE
