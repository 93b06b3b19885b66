"""`gpuprop verify`: compare the files of a directory with their manifest."""

from dataclasses import asdict
from typing import Annotated, Any

from cyclopts import Parameter
from rich.filesize import decimal

from ..dataset.resume_command import CAUTION, advice, repeats_manifest
from ..dataset.verify import verify as verify_files
from ..messages import counted
from .console import DONE, FAILED, out
from .inputs import given_store
from .kinds import kind_of
from .options import Json, flag
from .progress import progress_bar


def verify(
    directory: Annotated[
        str,
        Parameter(
            name="DIR",
            help="A directory of snapshots, of shards of them, of passes or of a screening; or its "
            "URL (s3://bucket/out).",
        ),
    ],
    /,
    *,
    quick: Annotated[bool, flag("Look at sizes and endings only, not at every byte.")] = False,
    drop: Annotated[
        bool, flag("Remove what is damaged, so that --resume writes it again.")
    ] = False,
    json: Json = False,
) -> int:
    """Run `gpuprop verify`."""
    store = given_store(directory)
    where = store.path
    kind = kind_of(store)
    with progress_bar(quick, of_bytes=True) as progress:
        found = verify_files(store, kind, quick, drop, progress)
    findings = [_with_origin(asdict(finding)) for finding in found.findings]
    if json:
        out.json({**found.to_dict(), "findings": findings})
        return DONE if found.sound else FAILED
    for finding in findings:
        out.show(finding["what"])
    depth = "sizes and endings" if quick else "every byte"
    seen = f"{found.files} files, {decimal(found.bytes)}, {depth}"
    result = counted(len(findings), "finding") if findings else "sound"
    if findings and drop:
        result += f", {len(found.dropped)} dropped"
    out.show(f"{where}: {seen}: {result}")
    for line in advice(
        finding["command"] or finding["command_in_manifest"] for finding in findings
    ):
        out.show(line, whole=CAUTION not in line)
    return DONE if found.sound else FAILED


def _with_origin(finding: dict[str, Any]) -> dict[str, Any]:
    """Put the command of a finding under one of two names.

    `command` is gpuprop's own; `command_in_manifest` may come from anybody.
    """
    command = finding.pop("command")
    foreign = repeats_manifest(command)
    return {
        **finding,
        "command": None if foreign else command,
        "command_in_manifest": command if foreign else None,
    }
