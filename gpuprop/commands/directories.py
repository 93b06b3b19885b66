"""`gpuprop verify | merge`: directories of snapshots."""

from typing import Annotated

from cyclopts import Parameter
from rich.filesize import decimal

from ..arrow import merge_snapshots, verify_snapshots
from .console import DONE, FAILED, Json, app, err, given_place, out, print_json, print_result


@app.command
def verify(
    directory: Annotated[str, Parameter(name="DIR", help="A directory of snapshots, or of shards of them; or its URL (s3://bucket/out).")],
    /,
    *,
    quick: Annotated[bool, Parameter(negative="", help="Look at sizes and endings only, not at every byte.")] = False,
    drop: Annotated[bool, Parameter(negative="", help="Remove what is damaged, so that --resume writes it again.")] = False,
    json: Json = False,
) -> int:
    """Compare files with their manifest: what is missing or damaged, and the command that writes it again. Exit 1 if anything is."""
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

    where = given_place(directory)
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal or quick) as bar:
        task = bar.add_task("", total=None)
        found = verify_snapshots(where, quick, drop, lambda done, total: bar.update(task, completed=done, total=total))
    if json:
        print_json(found.to_dict())
        return DONE if found.sound else FAILED
    for each in found.findings:
        out.print(f"{each.what}\n  {each.command}", markup=False)
    seen = f"{found.files} files, {decimal(found.bytes)}, {'sizes and endings' if quick else 'every byte'}"
    dropped = f", {len(found.dropped)} dropped" if drop else ""
    out.print(f"{where}: {seen}: {f'{_counted(len(found.findings))}{dropped}' if found.findings else 'sound'}", markup=False)
    return DONE if found.sound else FAILED


def _counted(findings: int) -> str:
    return f"{findings} finding{'s' if findings != 1 else ''}"


@app.command
def merge(
    directory: Annotated[str, Parameter(name="DIR", help="The directory, or the URL, that the shards were written to.")],
    /,
    *,
    json: Json = False,
) -> int:
    """Make one run of the shards in a directory; or say which are missing, with the command for each."""
    merged = merge_snapshots(given_place(directory))
    text = f"{merged.path}: {merged.shards} shards merged, " if merged.shards else f"{merged.path}: a whole run, "
    print_result(merged.to_dict(), json, f"{text}{merged.rows:,} rows, {decimal(merged.bytes)} in {merged.parts} parts")
    return DONE
