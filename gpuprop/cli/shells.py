"""`gpuprop shells`: the shells that the satellites of a catalogue fill."""

from typing import Annotated

from cyclopts import Parameter

from ..catalogs.sources import read_sources
from ..elements.altitudes import ALTITUDE
from ..errors import UsageError
from ..filings.survey import filling, fitting_better, report
from ..filings.survey import shells as survey_shells
from ..filings.survey.comparison import TOLERANCE_DEG, TOLERANCE_KM
from .console import DONE, out, say, wide
from .inputs import choose, repeated_numbers, report_records
from .options import SATELLITES, Checksum, Json, OnError, Select, Where, flag, wrong_call


def shells(
    *sources: Annotated[
        str, Parameter(name="CATALOGUE", help="A catalogue file; several are joined.")
    ],
    against: Annotated[
        str | None,
        Parameter(help="What to compare with: a filed constellation, your own file, a catalogue."),
    ] = None,
    tolerance_deg: Annotated[
        float,
        Parameter(
            help="Largest difference in inclination between a flown shell and the filed shell that "
            "it fills, deg."
        ),
    ] = TOLERANCE_DEG,
    tolerance_km: Annotated[
        float, Parameter(help=f"The same for altitude, km. Altitude: {ALTITUDE}.")
    ] = TOLERANCE_KM,
    select: Select = None,
    where: Where = None,
    latest: Annotated[
        bool,
        flag("Always on here: only the newest element set of each satellite counts.", SATELLITES),
    ] = True,
    on_error: OnError = "raise",
    checksum: Checksum = "verify",
    json: Json = False,
) -> int:
    """Run `gpuprop shells`."""
    if not sources:
        raise UsageError("CATALOGUE is missing: name a file of element sets")
    elements = read_sources(sources, on_error=on_error, checksum=checksum, latest=latest)
    report_records(elements, latest=latest)
    duplicates = repeated_numbers(elements)
    survey = survey_shells(choose(elements, select, where, latest=latest))
    comparison = None
    others: list[tuple[str, int]] = []
    if against is not None:
        filed = read_sources([against], on_error=on_error, checksum=checksum)
        with wrong_call():
            comparison = filling(
                survey, filed, tolerance_deg=tolerance_deg, tolerance_km=tolerance_km
            )
            others = fitting_better(survey, comparison, against)
        if not select:
            say(
                "note: satellites of every operator in a filed orbit count; --select, "
                "such as @guowang, keeps one operator's satellites"
            )
    if json:
        out.json(report.to_dict(survey.elements, survey, comparison, others) | duplicates)
        return DONE
    for part in report.to_text(survey.elements, survey, comparison, others):
        wide.print(part, soft_wrap=True)
    return DONE
