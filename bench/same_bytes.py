"""Prove that a restructuring changed no byte: SHA-256 of every file of twelve runs, of two trees.

    python bench/same_bytes.py [--python PYTHON] [--against PYTHON | FILE.json] [--json FILE]

The runs use both formats, both dtypes, all five frames, velocities and sunlight on and off, every
compression, and the numpy and cpu engines. One run is written in shards that are merged, one is
killed after its first part and resumed. Then every catalogue of the data folder is read, and the
digest of its file of satellites is taken; a file that gpuprop refuses counts with its exit code.
A manifest counts with its plan and its entries, without what may differ between two runs: engine,
host and times.
Every file names the version of gpuprop. To compare trees of two versions, write the same version
into the gpuprop/version.py of both first.

--python: the Python of the environment to run [default: this one]. --against: the Python of
another environment, such as that of a checkout of an earlier commit, or the JSON of an earlier
call. With another Python, a run begun by it is killed and resumed by the first, and shards of both
are merged. Only the command line is used, so that the modules of the two trees may differ. The
exit code is 1 if a file differs; the names of such files are printed.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import machine
import workloads

Digests = dict[str, str]  # by name of a file, relative to the directory of its run

KILL_LIMIT_S = 120.0
PER_RUN = ("engine", "host")  # fields of an entry of the manifest that may differ between two runs
OMM_CSV, OMM_JSON, STARLINK_JSON = (
    workloads.DATA / name
    for name in (
        "celestrak_catalog_omm_2022-07-01.csv",
        "celestrak_2026-09_omm.json",
        "starlink_omm_2025-05-24.json",
    )
)
HISTORY = workloads.DATA / "found" / "09_history.tle"
SUFFIXES = (".2le", ".3le", ".tle", ".csv", ".json", ".xml", ".kvn", ".txt", ".tsv", ".zip")


@dataclass(frozen=True)
class Run:
    """What to propagate (sources of the command line, or files of the data folder) and how."""

    sources: Sequence[str | Path]
    options: str

    @property
    def arguments(self) -> list[str]:
        """The command line without the directory."""
        found = [str(each) for each in self.sources if isinstance(each, str) or each.is_file()]
        return ["propagate", *(found or ["starlink-gen1"]), *self.options.split(), "--quiet"]


WHOLE = "--duration 2h --step 5min --format arrow --dtype float64 --frame teme --engine"
# 68 million rows in three parts; fewer rows fit into one part, which has up to 768 MB of columns
PARTS = "--duration 1d --step 2s --dtype float32 --no-velocity --frame teme --engine cpu"
RUNS = {
    "arrow float64 teme, numpy": Run([workloads.CATALOGUE], f"{WHOLE} numpy"),
    "arrow float64 teme, cpu": Run([workloads.CATALOGUE], f"{WHOLE} cpu"),
    "parquet float32 pef, no velocity": Run(
        [workloads.ACTIVE],
        "--select STARLINK* --duration 90min --format parquet --dtype float32 --frame pef "
        "--no-velocity --engine cpu",
    ),
    "arrow lz4 float32 itrs, sunlit": Run(
        [STARLINK_JSON],
        "--duration 3h --format arrow --compression lz4 --dtype float32 --frame itrs --sunlit "
        "--engine cpu",
    ),
    "parquet float64 gcrs, sunlit": Run(
        [OMM_CSV],
        "--on-error skip --duration 1h --format parquet --frame gcrs --sunlit --engine cpu",
    ),
    "arrow zstd geodetic, no velocity, numpy": Run(
        [OMM_JSON],
        "--duration 6h --compression zstd --frame geodetic --no-velocity --engine numpy",
    ),
    "parquet none float32 geodetic, sunlit": Run(
        ["starlink-gen1"],
        "--duration 2h --format parquet --compression none --dtype float32 --frame geodetic "
        "--sunlit --engine cpu",
    ),
    "parquet lz4 teme, no velocity, sunlit, numpy": Run(
        ["walker:53:1584/72/39@550"],
        "--duration 10min --step 1s --format parquet --compression lz4 --no-velocity --sunlit "
        "--gravity wgs84 --opsmode a --engine numpy",
    ),
    "arrow zstd float32 gcrs, constellations": Run(
        ["guowang", "qianfan", "honghu-3@550/53", "starlink-g1-s1"],
        "--start 2026-03-01 --duration 1h --compression zstd --dtype float32 --frame gcrs "
        "--engine cpu",
    ),
    "arrow itrs, TAI, without Earth orientation": Run(
        [HISTORY],
        "--latest --start 2026-01-01 --duration 1d --step 100ms --scale tai --eop none "
        "--frame itrs --engine cpu",
    ),
    "arrow lz4 float32, three shards": Run(
        ["walker:53:1584/72/39@550"], f"{PARTS} --format arrow --compression lz4"
    ),
    "parquet float32, killed and resumed": Run(
        ["walker:53:1584/72/39@550"], f"{PARTS} --format parquet"
    ),
}
SHARDED, RESUMED = list(RUNS)[-2:]
SHARDS = (2, 1, 3)  # in this order
ALIKE = [
    ("arrow float64 teme, numpy", "arrow float64 teme, cpu")
]  # every engine writes the same bytes


def gpuprop(python: str, arguments: Sequence[str], folder: Path) -> int:
    """Run a command of gpuprop to its end and return its exit code."""
    command = [python, "-m", "gpuprop", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode


def must(python: str, arguments: Sequence[str], folder: Path) -> None:
    """Run a command of gpuprop, which must succeed."""
    command = [python, "-m", "gpuprop", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed with exit code {done.returncode}:\n{done.stderr}")


def kill_after_first_part(python: str, arguments: Sequence[str], folder: Path, out: Path) -> None:
    """Begin a run and kill it as soon as its manifest lists a part."""
    process = subprocess.Popen(
        [python, "-m", "gpuprop", *arguments],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    limit = time.monotonic() + KILL_LIMIT_S
    while process.poll() is None and time.monotonic() < limit:
        manifest = out / "manifest.json"
        if manifest.is_file() and json.loads(manifest.read_bytes())["parts"]:
            break
        time.sleep(0.005)
    process.kill()
    process.wait()
    record = json.loads((out / "manifest.json").read_bytes())
    if record["complete"] or not record["parts"]:
        sys.exit(f"{' '.join(arguments)}: the run was not killed between two parts; try again")


def sha256(path: Path) -> str:
    """The digest of a file."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def digests(out: Path) -> Digests:
    """SHA-256 of the files of a run; of the manifest, only what two equal runs have in common."""
    found = {}
    for path in sorted(out.rglob("*")):
        if path.is_file() and path.name != "manifest.json":
            found[path.relative_to(out).as_posix()] = sha256(path)
    record = json.loads((out / "manifest.json").read_bytes())
    entries = [
        {name: value for name, value in entry.items() if name not in PER_RUN}
        for entry in (record["satellites"], *record["parts"])
    ]
    common = json.dumps([record["plan"], record["complete"], entries], sort_keys=True)
    found["manifest.json"] = hashlib.sha256(common.encode()).hexdigest()
    return found


def taken(folder: Path, job: Callable[[Path], None]) -> Digests:
    """Digests of what a job writes into a directory, which is removed again."""
    out = folder / "out"
    try:
        job(out)
        return digests(out)
    finally:
        shutil.rmtree(out, ignore_errors=True)


def written(python: str, run: Run, folder: Path) -> Digests:
    """An ordinary run."""
    return taken(folder, lambda out: must(python, [*run.arguments, "-o", str(out)], folder))


def in_shards(pythons: Sequence[str], run: Run, folder: Path) -> Digests:
    """A run in shards, the successive ones by the Pythons in turn; the last one merges them."""

    def job(out: Path) -> None:
        for i, number in enumerate(SHARDS):
            shard = ["-o", str(out), "--shard", f"{number}/{len(SHARDS)}"]
            must(pythons[i % len(pythons)], [*run.arguments, *shard], folder)
        must(pythons[0], ["merge", str(out)], folder)

    return taken(folder, job)


def resumed(begun_by: str, python: str, run: Run, folder: Path) -> Digests:
    """A run begun by one Python, killed after its first part, and resumed by another."""

    def job(out: Path) -> None:
        arguments = [*run.arguments, "-o", str(out)]
        kill_after_first_part(begun_by, arguments, folder, out)
        must(python, [*arguments, "--resume"], folder)
        must(python, ["verify", str(out)], folder)

    return taken(folder, job)


def catalogue(python: str, path: Path, folder: Path) -> Digests:
    """Digests of a run of one instant of a catalogue, or the exit code of the refusal."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        out = Path(place) / "out"
        format = "parquet" if path.suffix == ".json" else "arrow"
        options = f"--on-error skip --duration 60s --format {format} --engine cpu --quiet"
        code = gpuprop(python, ["propagate", str(path), *options.split(), "-o", str(out)], folder)
        return {"exit code": str(code)} | (digests(out) if code == 0 else {})


def catalogues() -> list[Path]:
    """The files of element sets in the data folder."""
    return sorted(
        path
        for path in workloads.DATA.rglob("*")
        if path.suffix in SUFFIXES and not path.name.endswith(".provenance.json")
    )


def measured(python: str, folder: Path) -> dict[str, Digests]:
    """Digests of all runs and catalogues of one Python."""
    found = {}
    for name, run in RUNS.items():
        if name == SHARDED:
            found[name] = in_shards([python], run, folder)
        elif name == RESUMED:
            found[name] = resumed(python, python, run, folder)
        else:
            found[name] = written(python, run, folder)
    paths = catalogues()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        each = pool.map(lambda path: catalogue(python, path, folder), paths)
        names = [f"catalogue {path.relative_to(workloads.DATA).as_posix()}" for path in paths]
        return found | dict(zip(names, each, strict=True))


def differences(found: Mapping[str, Digests], expected: Mapping[str, Digests]) -> list[str]:
    """The names of the files that differ, or that only one of the two has."""
    return [
        f"{run}: {file}"
        for run in dict.fromkeys((*found, *expected))
        for file in dict.fromkeys((*found.get(run, {}), *expected.get(run, {})))
        if found.get(run, {}).get(file) != expected.get(run, {}).get(file)
    ]


def main() -> None:
    parser = machine.arguments(__doc__)
    parser.add_argument("--python", default=sys.executable, help="the environment to run")
    parser.add_argument("--against", help="another environment's Python, or an earlier JSON")
    parser.add_argument(
        "--directory", type=Path, help="where to write [default: a temporary directory]"
    )
    options = parser.parse_args()
    earlier = bool(options.against) and options.against.endswith(".json")
    with tempfile.TemporaryDirectory(dir=options.directory) as place:
        folder = Path(place)
        found = measured(options.python, folder)
        result: dict[str, Any] = dict(commit=machine.commit_of(options.python))
        differ = [
            f"{first}: {file} (not as {second})"
            for first, second in ALIKE
            for file in found[first]
            if found[first][file] != found[second].get(file)
        ]
        if earlier:
            record = json.loads(Path(options.against).read_text())["results"]
            result["against"] = record["commit"]
            differ += differences(found, record["sha256"])
        elif options.against:
            result["against"] = machine.commit_of(options.against)
            differ += differences(found, measured(options.against, folder))
            mixed = {
                RESUMED: resumed(options.against, options.python, RUNS[RESUMED], folder),
                SHARDED: in_shards([options.against, options.python], RUNS[SHARDED], folder),
            }
            for name, each in mixed.items():
                differ += [
                    f"{line} (begun by {result['against']})"
                    for line in differences({name: each}, {name: found[name]})
                ]
            result["mixed"] = [f"{name}, begun by {result['against']}" for name in mixed]
    files = sum(map(len, found.values()))
    for name in RUNS:
        for file, digest in found[name].items():
            print(f"{digest[:16]}  {name}: {file}")
    print(f"{len(RUNS)} runs and {len(found) - len(RUNS)} catalogues, {files} digests")
    if options.against:
        print(f"{result['commit']} against {result['against']}: {len(differ)} differ")
    print("\n".join(differ))
    machine.report(result | dict(differ=differ, sha256=found), options.json)
    sys.exit(1 if differ else 0)


if __name__ == "__main__":
    main()
