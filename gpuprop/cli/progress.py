"""The progress bar of the commands that run for long."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

from .console import err

Progress: TypeAlias = Callable[[float, float], None]  # progress(done, total)


@contextmanager
def progress_bar(
    hidden: bool,
    rate: Callable[[float], str] | None = None,
    *,
    of_bytes: bool = False,
) -> Iterator[Progress | None]:
    """Show a progress bar on stderr, unless it is hidden or stderr is no terminal.

    rate: writes the speed, which is what is done in a second. of_bytes: show bytes and bytes/s.
    """
    if hidden or not err.is_terminal:
        yield None
        return
    from rich import progress  # only for a terminal
    from rich.text import Text

    class Rate(progress.ProgressColumn):
        def render(self, task: Any) -> Text:
            speed = task.finished_speed or task.speed
            return Text("" if rate is None or speed is None else rate(speed))

    columns: list[progress.ProgressColumn] = [progress.BarColumn()]
    if of_bytes:
        columns += [progress.DownloadColumn(), progress.TransferSpeedColumn()]
    else:
        columns += [progress.TaskProgressColumn(), *([Rate()] if rate else [])]
    with progress.Progress(
        *columns, progress.TimeRemainingColumn(), console=err, transient=True
    ) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
