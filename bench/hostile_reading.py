"""Measure time and peak memory to read damaged and hostile files that are expensive to read.

    python bench/hostile_reading.py [--bytes 2500000] [--only TEXT] [--json FILE]

Every input is read at three sizes. A linear reader takes about twice as long for twice the bytes.
"""

import json
import subprocess
import sys

import machine

from gpuprop.catalogs.read.json_keywords import INHERITED

# one record without its end; a colon is missing
ONE = (
    b'{"OBJECT_NAME":"A","EPOCH":"2026-11-26T12:25:40","MEAN_MOTION" 15.7,"ECCENTRICITY":0.0006,'
    b'"BSTAR":0.0001'
)
TLE_1 = b"1 25544U 98067A   26330.51782528  .00016717  00000-0  10270-3 0  9997\n"
HEADER = (
    b"EPOCH,MEAN_MOTION,ECCENTRICITY,INCLINATION,RA_OF_ASC_NODE,ARG_OF_PERICENTER,MEAN_ANOMALY,"
    b"NORAD_CAT_ID,BSTAR\n"
)
EMPTY_GZIP = b"\x1f\x8b\x08\0\0\0\0\0\0\xff\x03\0\0\0\0\0\0\0\0\0"
AROUND = b"{" + b"".join(b'"%s":"x",' % name.encode() for name in sorted(INHERITED)) + b'"d":'

# name: (before, repeated, after)
INPUTS: dict[str, tuple[bytes, bytes, bytes]] = {
    "json: damaged objects, array without end": (b"[", ONE + b"},", b""),
    "json: damaged objects in a wrapper without end": (b'{"data": [', ONE + b"},", b""),
    "json: objects that do not end": (b"[", ONE + b",", b""),
    "json: one text that does not end": (b'[{"OBJECT_NAME":"', b"a", b""),
    "json: one text of escapes": (b'[{"OBJECT_NAME":"', b"\\\\", b'"}]'),
    "json: nested objects": (b"", b'{"a":', b""),
    "json: nested arrays": (b"", b"[", b""),
    "json: nested arrays after each other": (b"[", b"[" * 50 + b"]" * 50 + b",", b"[]]"),
    "json: braces within texts": (b"[", b'{"a":"}{[","b":[1]},', b"{}]"),
    "json: keywords around many objects": (AROUND + b"[", b'{"MEAN_MOTION":1},', b"{}]}"),
    "json: keywords at 98 levels around many objects": (
        AROUND * 98 + b"[",
        b'{"MEAN_MOTION":1},',
        b"{}]" + b"}" * 98,
    ),
    "json: long blanks after damage": (b'[{"a" }', b" ", b""),
    "xml: processing instruction without end": (b"<ndm><?x ", b"<omm></omm>", b""),
    "xml: comments without end": (b"<omm></omm>", b"<!--", b""),
    "xml: messages without end": (b"<ndm>", b"<omm>", b""),
    "html: titles without end": (b"<html>", b"<title", b""),
    "tle: lines 1 alone": (b"", TLE_1, b""),
    "tle: indented lines": (TLE_1, b" " * 60_000 + b"\n", b""),
    "csv: quotation marks": (HEADER, b'","\n', b""),
    "kvn: keywords without end": (b"CCSDS_OMM_VERS = 2.0\n", b"CCSDS_" * 5_000 + b"\n", b""),
    "gzip: empty members": (b"", EMPTY_GZIP, b""),
}
CHILD = """
import json, resource, sys, time
from gpuprop.catalogs.read import ElementsError, read_elements
sys.path.insert(0, sys.argv[1])
from hostile_reading import made
data = made(sys.argv[2], int(sys.argv[3]))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
began = time.perf_counter()
try:
    said = f"{len(read_elements(data, on_error='skip'))} read"
except ElementsError as error:
    said = str(error).splitlines()[0]
spent = time.perf_counter() - began
peak_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
print(json.dumps(dict(seconds=round(spent, 3), peak_mb=round(peak_mb), said=said[:90])))
"""


def made(name: str, size: int) -> bytes:
    """Make the input `name` with about `size` bytes."""
    before, repeated, after = INPUTS[name]
    return before + repeated * (max(size - len(before) - len(after), 0) // len(repeated)) + after


def measured(name: str, size: int, limit_s: float) -> dict[str, object]:
    """Measure a process that reads the input."""
    command = [
        sys.executable,
        "-c",
        CHILD,
        str(machine.__file__).rpartition("/")[0],
        name,
        str(size),
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=limit_s)
    except subprocess.TimeoutExpired:
        return dict(seconds=None, said=f"stopped after {limit_s:.0f} s")
    facts: dict[str, object] = json.loads(done.stdout)
    return facts


def main() -> None:
    parser = machine.arguments(__doc__)
    parser.add_argument(
        "--bytes",
        type=int,
        default=2_500_000,
        help="the smallest size; twice and four times that follow",
    )
    parser.add_argument(
        "--limit", type=float, default=60.0, help="seconds after which reading is stopped"
    )
    parser.add_argument("--only", default="", help="only inputs whose name contains this text")
    options = parser.parse_args()
    results = []
    for name in (name for name in INPUTS if options.only in name):
        rows = [
            dict(bytes=size, **measured(name, size, options.limit))
            for size in (options.bytes << power for power in range(3))
        ]
        results.append(dict(input=name, rows=rows))
        print(
            f"{name:<50} {'  '.join(str(row['seconds']) for row in rows)} s, "
            f"{rows[-1].get('peak_mb')} MB: {rows[-1]['said']}",
            flush=True,
        )
    machine.report(results, options.json)


if __name__ == "__main__":
    main()
