"""A survey, and its comparison with a filing, as tables and as JSON."""

import math
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from rich.table import Table

from ...elements.altitudes import ALTITUDE
from ...elements.sets import Elements
from ...messages import counted
from ...time.instants import format_ns
from .comparison import Comparison
from .planes import Planes
from .survey import STATES, FlownShell, Survey

KEY = (
    f"altitude in km: {ALTITUDE}, as altitude_km in --where and in gpuprop constellations; "
    "a plane: median of its satellites; apart: median of its distance in node to the next, deg"
)
# the words of STARLINK-1008, HULIANWANG DIGUI-01, SPACEMOBILE-001 (BW3)
_STEM = re.compile(r"[^\d([-]*", re.ASCII)


Others = Sequence[tuple[str, int]]  # as from comparison.fitting_better


def to_dict(
    elements: Elements, survey: Survey, comparison: Comparison | None = None, others: Others = ()
) -> dict[str, object]:
    """Return what `gpuprop shells --json` prints; satellites by their catalogue numbers.

    others: known constellations that match more of the satellites.
    """

    def numbers(members: npt.NDArray[np.int64]) -> list[int]:
        return [int(number) for number in elements.sat_id[members]]

    def planes(each: Planes) -> dict[str, object]:
        lists = dict(
            node_deg=[round(float(node), 4) for node in each.node],
            satellites=[int(count) for count in each.satellites],
        )
        return dict(planes=len(each), double=int(each.double.sum()), strays=each.strays) | lists

    def shell(each: FlownShell) -> dict[str, object]:
        return dict(
            inclination_deg=each.inclination_deg,
            inclinations_deg=list(each.inclinations_deg),
            altitude_km=each.altitude_km,
            altitudes_km=list(each.altitudes_km),
            semi_major_axis_km=each.semi_major_axis_km,
            satellites=len(each),
            satellites_per_plane=each.satellites_per_plane,
            planes=planes(each.planes),
            names=dict(_stems(elements, each).most_common(3)),
            sat_ids=numbers(each.members),
        )

    facts: dict[str, object] = dict(
        satellites=len(elements),
        epoch=format_ns(survey.orbits.epoch_ns),
        states={name: int(survey.where(name).sum()) for name in STATES},
        shells=[shell(each) for each in survey],
        between=[
            dict(inclination_deg=None if math.isnan(each.inclination_deg) else each.inclination_deg)
            | {state: numbers(members) for state, members in each.members.items()}
            for each in survey.between()
        ],
    )
    if comparison:
        facts["against"] = dict(
            tolerance_deg=comparison.tolerance_deg,
            tolerance_km=comparison.tolerance_km,
            filed=comparison.satellites_filed,
            flown=comparison.satellites_flown,
            percent=comparison.percent,
            shells=[
                dict(
                    inclination_deg=each.filed.inclination_deg,
                    altitude_km=each.altitude_km,
                    filed=len(each.filed),
                    flown=len(each.members),
                    percent=each.percent,
                    planes_filed=len(each.filed.planes),
                    planes_flown=len(each.planes),
                    flown_km=list(each.flown_km) if len(each.members) else None,
                    near=each.near,
                    sat_ids=numbers(each.members),
                )
                for each in comparison.fillings
            ],
            outside=[
                dict(
                    inclination_deg=each.inclination_deg,
                    altitude_km=each.altitude_km,
                    satellites=len(each),
                )
                for each in comparison.outside
            ],
            others=[dict(name=name, satellites=satellites) for name, satellites in others],
        )
    return facts


def to_text(
    elements: Elements, survey: Survey, comparison: Comparison | None = None, others: Others = ()
) -> list[Table | str]:
    """Return tables and lines for a terminal.

    others: known constellations that match more of the satellites.
    """
    parts: list[Table | str] = (
        [_shells(elements, survey)]
        if len(survey)
        else ["no shell: no group of satellites is on one orbit"]
    )
    counts = ", ".join(f"{int(survey.where(name).sum()):,} {name}" for name in STATES)
    parts += [KEY] if len(survey) else []
    parts.append(
        f"{counted(len(elements), 'satellite')}: {counts}; nodes at "
        f"{format_ns(survey.orbits.epoch_ns)}"
    )
    between = survey.between()
    if between:
        table = _table("in no shell, deg", *STATES[1:])
        for each in between:
            cells = (_counted(survey, each.members[state]) for state in STATES[1:])
            table.add_row(
                "elsewhere" if math.isnan(each.inclination_deg) else f"{each.inclination_deg:.2f}",
                *cells,
            )
        parts += ["", table]
    return [*parts, "", *_against(comparison, others)] if comparison else parts


def _shells(elements: Elements, survey: Survey) -> Table:
    table = _table(
        "deg",
        "altitude",
        "lowest",
        "highest",
        "satellites",
        "planes",
        "double",
        "strays",
        "a plane",
        "apart",
        "names",
    )
    for each in survey:
        planes = each.planes
        table.add_row(
            f"{each.inclination_deg:.2f}",
            *(f"{altitude:,.1f}" for altitude in (each.altitude_km, *each.altitudes_km)),
            f"{len(each):,}",
            str(len(planes)),
            _if_any(int(planes.double.sum())),
            _if_any(planes.strays),
            f"{each.satellites_per_plane:g}",
            "" if math.isnan(planes.spacing_deg) else f"{planes.spacing_deg:.1f}",
            _common_name(elements, each),
        )
    return table


def _against(comparison: Comparison, others: Others) -> list[Table | str]:
    table = _table(
        "filed deg", "filed km", "filed", "flown", "%", "planes filed", "flown", "flown km", "near"
    )
    for each in comparison.fillings:
        table.add_row(
            f"{each.filed.inclination_deg:.2f}",
            f"{each.altitude_km:.1f}",
            f"{len(each.filed):,}",
            f"{len(each.members):,}",
            f"{each.percent:.1f}",
            str(len(each.filed.planes)),
            str(len(each.planes)),
            f"{each.flown_km[0]:.0f} to {each.flown_km[1]:.0f}" if len(each.members) else "",
            _if_any(each.near),
        )
    table.add_row(
        "all",
        "",
        f"{comparison.satellites_filed:,}",
        f"{comparison.satellites_flown:,}",
        f"{comparison.percent:.1f}",
    )
    lines: list[Table | str] = [
        table,
        f"matched within {comparison.tolerance_deg:g} deg and {comparison.tolerance_km:g} km "
        "(--tolerance-deg, --tolerance-km); "
        "near: satellites at this altitude and inclination in no shell",
    ]
    if comparison.outside:
        shown = ", ".join(
            f"{len(each):,} at {each.inclination_deg:.2f} deg, {each.altitude_km:,.0f} km"
            for each in comparison.outside
        )
        lines.append(f"in shells that are not filed: {shown}")
    if others:
        shown = ", ".join(
            f"{name} ({satellites:,} satellites on station)" for name, satellites in others
        )
        lines.append(
            f"more satellites match other known constellations: {shown}; compare with --against "
            f"{others[0][0]}"
        )
    return lines


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, justify="left" if column == "names" else "right")
    return table


def _if_any(count: int) -> str:
    return f"{count:,}" if count else ""


def _counted(survey: Survey, members: npt.NDArray[np.int64]) -> str:
    if not len(members):
        return ""
    altitude = survey.orbits.altitude[members]
    if not np.isfinite(altitude).all():
        return f"{len(members):,}"
    low, high = int(np.floor(altitude.min())), int(np.ceil(altitude.max()))
    return f"{len(members):,} ({low:,} to {high:,} km)"


def _stems(elements: Elements, shell: FlownShell) -> Counter[str]:
    """Count the words with which the names of a shell begin."""
    stems = (_STEM.match(name) for name in elements.name[shell.members])
    return Counter(stem[0].strip() for stem in stems if stem and stem[0].strip())


def _common_name(elements: Elements, shell: FlownShell) -> str:
    """Return the most common name, and its share if others have another one."""
    common = _stems(elements, shell).most_common(1)
    if not common:
        return ""
    name, count = common[0]
    return name if count == len(shell) else f"{name} {100.0 * count / len(shell):.0f} %"
