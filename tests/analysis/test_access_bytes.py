"""The same passes, byte for byte: engines, widths, threads, knots, blocks, orders of input."""

import json
import os
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from patience import PATIENCE_S
from rich.filesize import decimal
from state_samples import EPOCH, random_elements

from gpuprop import Propagator, Site, access, constellation, open_passes, visible
from gpuprop.__main__ import main
from gpuprop.analysis import parts_by_time
from gpuprop.analysis.access import directory, groups, passes, search
from gpuprop.analysis.access import table as pass_table
from gpuprop.analysis.access.contents import PassContents
from gpuprop.analysis.access.passes import passes_in
from gpuprop.analysis.access.question import ask
from gpuprop.dataset.fields import FieldError
from gpuprop.elements.mean_elements import mean_elements
from gpuprop.engine.choice import open_engine
from gpuprop.engine.cpu import CpuEngine, library, usable
from gpuprop.errors import DamagedError, PlanDiffersError
from gpuprop.sgp4.access import AccessRule
from gpuprop.time.times import as_times

WIDTHS = library().widths if usable()[0] else ()
FASTEST = "cpu" if usable()[0] else "numpy"
SITES = [
    Site(90.0, 0.0, 0.0, "pole"),
    Site(0.0, 180.0, 0.0, "date line"),
    Site(-15.79, -47.88, 1.17, "Brasilia"),
]


def satellites():
    """Every regime, and a constellation: the numbers differ."""
    elements = random_elements(21, 120)
    return type(elements).concat([elements, constellation("starlink-g1-s1", epoch=EPOCH)[::40]])


def found(elements, sites=SITES, engine="numpy", **options):
    return access(Propagator(elements, engine, threads=1), sites, EPOCH, duration="4h", **options)


def file_of(table):
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


@pytest.fixture(scope="module")
def expected():
    table = found(satellites(), min_elevation_deg=5.0)
    assert table.num_rows > 250
    return file_of(table)


def test_every_engine(engine, expected):
    assert file_of(found(satellites(), engine=engine, min_elevation_deg=5.0)) == expected


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("width", WIDTHS)
def test_every_width(width, threads, expected):
    propagator = Propagator(satellites(), "cpu")
    elements = propagator.elements
    engine = CpuEngine(threads, width)
    propagator._engines, propagator._engine = [engine], engine
    mean, epochs = mean_elements(elements), elements.epoch.view(np.int64)
    propagator._propagations = [engine.load(propagator.model, mean, epochs)]
    table = access(propagator, SITES, EPOCH, duration="4h", min_elevation_deg=5.0)
    assert file_of(table) == expected


@pytest.mark.parametrize("step", [30, 45, 60, 90])
def test_any_knots(step, expected):
    propagator = Propagator(satellites(), threads=1)
    asked = ask(propagator, SITES, EPOCH, None, "4h", 5.0)
    table = passes_in(propagator, asked, *asked.window, step_s=step)
    assert file_of(table) == expected


@pytest.mark.parametrize("seconds", [1, 29, 31, 59])
def test_any_knots_around_a_window_between_them(seconds):
    propagator = Propagator(satellites(), threads=1)
    start = EPOCH + np.timedelta64(seconds, "s")
    asked = ask(propagator, SITES, start, None, "4h", 5.0)
    files = [
        file_of(passes_in(propagator, asked, *asked.window, step_s=step)) for step in (30, 60, 90)
    ]
    assert files[0] == files[1] == files[2]


def test_any_order_of_input(expected):
    elements = satellites()
    order = np.random.default_rng(4).permutation(len(elements))
    assert file_of(found(elements[order], SITES[::-1], min_elevation_deg=5.0)) == expected


def test_any_block_and_group(monkeypatch, expected):
    monkeypatch.setattr(search, "BLOCK_BYTES", 1)
    monkeypatch.setattr(search, "MOST_TRIPLES", 1)
    assert file_of(found(satellites(), min_elevation_deg=5.0)) == expected


@pytest.mark.parametrize("most", [1, 300])
def test_any_group_of_sites(monkeypatch, most, expected):
    monkeypatch.setattr(groups, "MOST_PAIRS", most)  # one site at a time, and two
    told = []
    table = found(
        satellites(), min_elevation_deg=5.0, progress=lambda *seconds: told.append(seconds)
    )
    assert file_of(table) == expected
    assert told == sorted(told) and told[-1] == (4 * 3600, 4 * 3600)


@pytest.mark.parametrize("most", [1, 3, 10, 999])
def test_groups_hold_every_site_once(most):
    positions = np.random.default_rng(most).normal(size=(157, 3))
    divided = list(groups.near_together(positions, most))
    assert max(map(len, divided)) <= most
    assert np.array_equal(np.sort(np.concatenate(divided)), np.arange(157))


# --- candidates ---
def block():
    propagator = Propagator(satellites(), "numpy")
    times = as_times(EPOCH + np.arange(200) * np.timedelta64(60, "s"))
    return propagator.states(times, "itrs", velocity=False)


def as_set(candidates):
    """What was found, in a fixed order; the positions are close, not equal."""
    order = np.lexsort((candidates.site, candidates.satellite, candidates.knot))
    what = np.stack(candidates[:4])[:, order]
    return what, candidates.local[order]


@pytest.mark.parametrize("rule", [(0.0, 1.0), (0.5, 0.8660254037844386), (0.99, 0.1410673597966)])
def test_every_engine_proposes_the_same(engine, rule):
    from gpuprop.analysis.access.search import places_of

    columns, places = block().columns, places_of(tuple(SITES))
    sine, cosine = rule
    rule = AccessRule(cosine, sine, 60.0, 3, 190)
    what, local = as_set(open_engine("numpy").access(columns, places, rule))
    assert len(set(what[3])) >= 4 and what.shape[1] > 50
    again, places_again = as_set(open_engine(engine, 2).access(columns, places, rule))
    assert np.array_equal(again, what)
    assert np.array_equal(places_again, local, equal_nan=True)


def test_more_candidates_than_room():
    """The first guess of the cpu engine is too small where every satellite is near the site."""
    elements = random_elements(3, 1)[[0]]
    fields = {**elements.fields, "MEAN_MOTION": np.array([15.5]), "ECCENTRICITY": np.array([0.0])}
    many = type(elements)({**fields})[np.zeros(3000, int)]
    states = Propagator(many, "numpy").states(
        as_times(EPOCH + np.arange(60) * np.timedelta64(60, "s")), "itrs", velocity=False
    )
    grid = Propagator(many[:1], "numpy").states([EPOCH + np.timedelta64(1800, "s")], "geodetic")
    from gpuprop.analysis.access.search import places_of

    places = places_of((Site(float(grid.lat[0, 0]), float(grid.lon[0, 0])),))
    rule = AccessRule(1.0, 0.0, 60.0, 0, 59)
    what, _ = as_set(open_engine("numpy").access(states.columns, places, rule))
    assert what.shape[1] > 3000
    if usable()[0]:
        again, _ = as_set(open_engine("cpu", 2).access(states.columns, places, rule))
        assert np.array_equal(again, what)


# --- directories ---
@pytest.fixture
def many_parts(monkeypatch):
    monkeypatch.setattr(directory, "ROWS_OF_A_PART", 1)
    monkeypatch.setattr(directory, "SHORTEST_PART_US", 17 * 60_000_000)


def contents(path):
    return {
        str(file.relative_to(path)): file.read_bytes()
        for file in path.rglob("*")
        if file.is_file() and file.name != "manifest.json"
    }


def test_a_directory_has_the_same_passes(tmp_path, many_parts, expected):
    elements = satellites()
    told = []
    opened = found(
        elements,
        min_elevation_deg=5.0,
        out=tmp_path / "a",
        progress=lambda done, total: told.append((done, total)),
    )
    assert file_of(opened.to_table()) == expected
    assert len(opened) == opened.to_table().num_rows and opened.satellites.num_rows == len(elements)
    assert len(list((tmp_path / "a" / "passes").iterdir())) == 15
    assert told[0] == (0, 4 * 3600) and told[-1] == (4 * 3600, 4 * 3600)
    assert told == sorted(told)
    again = found(elements[::-1], SITES[::-1], min_elevation_deg=5.0, out=tmp_path / "b")
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert again.metadata == opened.metadata
    assert open_passes(tmp_path / "b").dataset.count_rows() == len(opened)
    with pytest.raises(FileExistsError, match="already holds passes"):
        found(elements, out=tmp_path / "a")
    with pytest.raises(PlanDiffersError, match="options"):
        found(elements, out=tmp_path / "a", resume=True)


def test_an_interrupted_run_is_resumed(tmp_path, many_parts, monkeypatch):
    elements = satellites()[::6]
    whole = found(elements, out=tmp_path / "whole")
    count, real = [], passes.tables_in

    def failing(*arguments, **options):
        count.append(1)
        if len(count) == 6:
            raise KeyboardInterrupt
        return real(*arguments, **options)

    monkeypatch.setattr(directory, "tables_in", failing)
    with pytest.raises(KeyboardInterrupt):
        found(elements, out=tmp_path / "part")
    with pytest.raises(ValueError, match=r"did not finish: 5 of 15 parts are complete"):
        open_passes(tmp_path / "part")
    # another machine damages a part meanwhile
    victim = tmp_path / "part" / "passes" / "part-000002.parquet"
    victim.write_bytes(victim.read_bytes()[:-9])
    count.append(1)
    found(elements, out=tmp_path / "part", resume=True)
    assert len(count) == 7 + 11
    assert contents(tmp_path / "part") == contents(tmp_path / "whole")
    assert len(open_passes(tmp_path / "part")) == len(whole)
    victim.write_bytes(victim.read_bytes()[:-9])
    with pytest.raises(DamagedError, match=r"part-000002.parquet is damaged"):
        open_passes(tmp_path / "part")
    victim.unlink()
    with pytest.raises(FileNotFoundError, match=r"part-000002.parquet is missing"):
        open_passes(tmp_path / "part")


@pytest.mark.slow
def test_a_part_is_the_same_from_any_groups(tmp_path, many_parts, monkeypatch):
    whole = found(satellites(), engine=FASTEST, out=tmp_path / "whole")
    monkeypatch.setattr(groups, "MOST_PAIRS", 1)
    monkeypatch.setattr(pass_table, "ROWS", 7)
    found(satellites(), engine=FASTEST, out=tmp_path / "groups")
    assert contents(tmp_path / "groups") == contents(tmp_path / "whole")
    # more rows than a row group has
    monkeypatch.setattr(parts_by_time, "GROUP_ROWS", 5)
    small = found(satellites(), engine=FASTEST, out=tmp_path / "small")
    assert small.to_table().equals(whole.to_table())
    for name in ("part-000000.parquet", "part-000003.parquet"):
        file = pq.ParquetFile(tmp_path / "small" / "passes" / name)
        rows = [file.metadata.row_group(k).num_rows for k in range(file.num_row_groups)]
        assert len(rows) > 1 and set(rows[:-1]) == {5} and 0 < rows[-1] <= 5


def test_a_part_without_passes(tmp_path):
    opened = found(satellites()[:3], out=tmp_path / "none", min_elevation_deg=89.9)
    assert len(opened) == opened.to_table().num_rows == 0
    assert opened.to_table().schema.equals(found(satellites()[:3]).schema)


def crash_within_a_part(elements, out, left):
    """Find passes, and end this process as a crash does when the file of part 2 is half written."""
    directory.ROWS_OF_A_PART, directory.SHORTEST_PART_US = 1, 17 * 60_000_000
    groups.MOST_PAIRS, pass_table.ROWS, parts_by_time.GROUP_ROWS = 1, 4, 5
    real = passes.tables_in

    def dying(propagator, asked, begin, end):
        for number, each in enumerate(real(propagator, asked, begin, end)):
            if begin == asked.window[0] + 2 * directory.SHORTEST_PART_US and number == left:
                os._exit(9)
            yield each

    pytest.MonkeyPatch().setattr(directory, "tables_in", dying)
    found(elements, engine=FASTEST, out=out)


@pytest.mark.slow
def test_a_run_killed_within_a_part_is_resumed(tmp_path, many_parts, monkeypatch):
    for module, name, value in (
        (groups, "MOST_PAIRS", 1),
        (pass_table, "ROWS", 4),
        (parts_by_time, "GROUP_ROWS", 5),
    ):
        monkeypatch.setattr(module, name, value)
    whole = found(satellites(), engine=FASTEST, out=tmp_path / "whole")
    child = get_context("spawn").Process(
        target=crash_within_a_part, args=(satellites(), tmp_path / "killed", 2)
    )
    child.start()
    child.join(PATIENCE_S)
    assert child.exitcode == 9
    with pytest.raises(ValueError, match=r"did not finish: 2 of 15 parts are complete"):
        open_passes(tmp_path / "killed")
    again = found(satellites(), engine=FASTEST, out=tmp_path / "killed", resume=True)
    assert contents(tmp_path / "killed") == contents(tmp_path / "whole")
    assert len(again) == len(whole)


def test_parts_of_another_length_are_refused(tmp_path, many_parts, monkeypatch):
    elements = satellites()[::6]
    found(elements, out=tmp_path / "a")
    monkeypatch.setattr(directory, "SHORTEST_PART_US", 13 * 60_000_000)
    with pytest.raises(PlanDiffersError, match="part_us"):
        found(elements, out=tmp_path / "a", resume=True)


@pytest.mark.parametrize(
    ("n_sats", "n_sites", "minutes"),
    [(500, 10, 7200), (27_000, 10, 133), (10_000, 300, 12), (10_000, 600, 10), (30_000, 1000, 8)],
)
def test_the_length_of_parts(n_sats, n_sites, minutes):
    """About 150,000 passes; of many satellites and sites ten minutes, or a million passes."""
    assert directory.part_length(n_sats, n_sites) == minutes * 60_000_000


@pytest.mark.slow
def test_a_cluster_writes_the_same(tmp_path):
    arguments = ["access", "starlink-g1-s1", "--site", "Brasilia,-15.79,-47.88,1.17"]
    arguments += ["--start", "2026-01-01", "--duration", "11min", "--where", "raan_deg < 20"]
    assert main([*arguments, "-o", str(tmp_path / "here"), "--quiet"]) == 0
    cluster = ["--cluster", "local:2", "--engine", "numpy", "--quiet"]
    assert main([*arguments, "-o", str(tmp_path / "there"), *cluster]) == 0
    assert contents(tmp_path / "here") == contents(tmp_path / "there")


# --- the command line ---
def facts_of(name):
    """The size of the files of a directory, as `verify` says it."""
    files = [file for file in Path(name).rglob("*.parquet") if file.is_file()]
    return decimal(sum(file.stat().st_size for file in files))


def test_the_command_line(run, tmp_path):
    (tmp_path / "sites.csv").write_text("name,lat,lon,height_km\nA,10,20,0.5\nB,-30,40,\n")
    source = ["starlink-g1-s1", "--where", "raan_deg < 90"]
    window = ["--start", "2026-01-01T03:00:00", "--duration", "12h", "--min-elevation", "25"]
    where = ["--site", "Brasilia,-15.79,-47.88,1.17", "--sites", "sites.csv"]
    code, out, err = run("access", *source, *where, *window, "-o", "p.parquet", "--json")
    assert code == 0 and "160 satellites" not in out
    facts = json.loads(out)
    table = pq.read_table(tmp_path / "p.parquet")
    assert facts["passes"] == table.num_rows > 50
    assert set(table.column("site").to_pylist()) == {"A", "B", "Brasilia"}
    assert "over 3 sites, 12 h, from 25 deg" in err
    code, out, _ = run("access", *source, *where, *window, "-o", "d")
    assert code == 0 and out.startswith(f"wrote d: {table.num_rows:,} passes, ")
    assert open_passes(tmp_path / "d").to_table().equals(table.combine_chunks())
    code, out, _ = run("info", "d")
    assert code == 0 and "A, B, Brasilia" in out and "25 deg" in out and "1, complete" in out
    assert json.loads(run("info", "d", "--json")[1])["passes"] == table.num_rows
    assert run("verify", "d")[:2] == (0, f"d: 2 files, {facts_of('d')}, every byte: sound\n")
    code, out, _ = run("access", *source, *where, *window, "-o", "d", "--resume")
    assert code == 0 and "(1 complete before)" in out
    code, _, err = run("access", *source, *where, *window, "-o", "d")
    assert code == 2 and "already holds passes" in err
    assert run("access", *source, *where, *window, "-o", "d", "--overwrite")[0] == 0
    for suffix in ("csv", "arrow"):
        assert run("access", *source, *where, *window, "-o", f"p.{suffix}", "--quiet")[0] == 0
    assert len((tmp_path / "p.csv").read_text().splitlines()) == table.num_rows + 1
    code, out, _ = run(
        *("access", *source, *where, *window, "-o", "f.parquet", "--sunlit", "--site-dark=-6"),
        *("--min-duration", "1min", "--json"),
    )
    kept = pq.read_table(tmp_path / "f.parquet").to_pylist()
    expected = [
        row
        for row in table.to_pylist()
        if row["duration_s"] >= 60 and row["sunlit"] == 2 and row["site_sun_elevation_deg"] < -6
    ]
    assert kept == expected


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["starlink-g1-s1", "-o", "p.parquet"], "there is no site: give --site 'Brasilia"),
        (["starlink-g1-s1", "--site", "A,1,2"], "-o is missing: name the file"),
        (["--site", "A,1,2", "-o", "p.csv"], "SOURCE is missing"),
        (["starlink-g1-s1", "--site", "A,1", "-o", "p.csv"], "give name,lat,lon or name,lat,lon,"),
        (["starlink-g1-s1", "--site", "A,x,2", "-o", "p.csv"], "lat 'x' is not a number"),
        (["starlink-g1-s1", "--sites", "no.csv", "-o", "p.csv"], "no.csv"),
        (["starlink-g1-s1", "--site", "A,1,2", "-o", "p.txt"], "does not say the format: end it"),
        (["starlink-g1-s1", "--site", "A,1,2", "-o", "p.csv", "--resume"], "--resume is for a dir"),
        (
            ["starlink-g1-s1", "--site", "A,1,2", "-o", "p.csv", "--min-elevation", "90"],
            "min_elevation_deg is 90.0: give degrees from 0 up to, not including, 90",
        ),
        (
            ["starlink-g1-s1", "--site", "A,1,2", "-o", "p.csv", "--start", "2090-01-01"],
            "there is no Earth orientation for 2090-01-01",
        ),
    ],
)
def test_wrong_calls(run, arguments, says):
    code, out, err = run("access", *arguments)
    assert (code, out) == (2, "") and says in err


def test_visible_on_every_engine(engine):
    elements = satellites()
    tables = [
        visible(Propagator(each, name, threads=1), sites, EPOCH)
        for each, name, sites in (
            (elements, "numpy", SITES),
            (elements[::-1], engine, SITES[::-1]),
        )
    ]
    assert file_of(tables[0]) == file_of(tables[1]) and tables[0].num_rows > 10


@pytest.mark.parametrize("value", ["now", None, 1.5, True, 1 << 63])
def test_a_forged_window(value):
    plan = {
        **dict(
            version="1", elements="xxh3-128:" + "0" * 32, options={}, satellites=1, format="parquet"
        ),
        **dict(parts=1, part_us=10, first_us=0, stop_us=10),
    }
    for name in ("first_us", "stop_us"):
        with pytest.raises(FieldError, match=name):
            PassContents.of({**plan, name: value})
