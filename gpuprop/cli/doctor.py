"""`gpuprop doctor`: check this installation."""

from ..doctor import examine
from .console import DONE, FAILED, out, wide
from .options import Json


def doctor(*, json: Json = False) -> int:
    """Run `gpuprop doctor`."""
    report = examine()
    if json:
        out.json(report.to_dict())
    else:
        for part in report.to_text():
            wide.print(part, soft_wrap=True)
    return DONE if report.healthy else FAILED
