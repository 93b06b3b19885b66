"""The file of the globe: its groups, its Earth, its layer of coverage, its text."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import gpuprop
from gpuprop import Elements, Site, read_elements, view
from gpuprop.errors import UsageError
from gpuprop.frames import earth_orientation, rotations, sun
from gpuprop.time.units import DAY
from gpuprop.viewer import earth
from gpuprop.viewer.coverage import NOTHING, coverage_layer
from gpuprop.viewer.groups import MOST, groups_of
from gpuprop.viewer.page import page

EPOCH = "2026-01-01T00:00:00Z"
START = int(np.datetime64("2026-01-01", "ns").astype(np.int64))


def data_of(html: str) -> dict:
    begin = html.index('id="data">') + len('id="data">')
    return json.loads(html[begin : html.index("</script>", begin)])


# --- groups ---
def test_groups_count_every_satellite_once():
    elements = Elements.concat(
        [gpuprop.constellation(name, epoch=EPOCH) for name in ("qianfan", "iridium-next")]
        + [gpuprop.walker("53:24/3/1", altitude_km=35_786.0, epoch=EPOCH)]
    )
    status = np.zeros(len(elements), np.uint8)
    status[[0, 1, 2]] = (1, 6, 10)
    operator, shell, altitude, state = groups_of(elements, status, "wgs72")
    for groups in (operator, shell, altitude, state):
        counts = np.bincount(groups.index, minlength=len(groups.labels))
        assert counts.sum() == len(elements) and (counts > 0).all()
    assert operator.labels == ["qianfan", "iridium", "no operator known"] and operator.rest == 1
    assert shell.labels[0] == "1,160 km, 89.0°" and "35,786 km, 53.0°" in shell.labels
    assert altitude.labels[-1] == "35,586 to 35,986 km" and altitude.ordered
    assert set(state.labels) == {"on station", "no position", "decayed", "implausible state"}


@pytest.mark.slow
def test_many_operators_and_older_sets(shared_data):
    elements = read_elements(shared_data / "celestrak_active_2026-07-24.3le", on_error="skip")
    older = dict(elements[:10].fields)
    older["EPOCH"] = older["EPOCH"] - np.timedelta64(1, "h")
    twice = Elements.concat([elements, Elements(older)])
    operator, shell, _, state = groups_of(twice, np.zeros(len(twice), np.uint8), "wgs72")
    for groups in (operator, shell):
        assert len(groups.labels) <= MOST + 1 and groups.rest == 2
        assert [label.startswith(("other ", "no ", "in no")) for label in groups.labels[-2:]] == [
            True,
            True,
        ]
        counts = np.bincount(groups.index)[: -groups.rest]
        assert (np.diff(counts) <= 0).all()  # the largest first
    assert (np.array(state.labels)[state.index] == "older element set").sum() == 10


# --- the Earth ---
def test_the_earth_turns_as_in_pef():
    eop = earth_orientation()
    for days in (0.05, 3.0):
        stop = START + int(days * DAY)
        turning = earth.turning(START, stop, eop)
        for share in (0.0, 0.3, 1.0):
            at = START + int(share * (stop - START))
            matrix = rotations("pef", np.array([at]), eop)[0]
            angle = turning.angle_rad + turning.rate_rad_s * (at - START) / 1e9
            # 1e-7 rad are 0.6 m on the ground
            assert abs(matrix[0] - np.cos(angle)) < 1e-7 and abs(matrix[1] - np.sin(angle)) < 1e-7


def test_the_sun_between_its_directions():
    directions = earth.sun_directions(START, START + 2 * DAY)
    assert len(directions) == 9
    between = (directions[3] + directions[4]) / 2.0
    exact = sun(np.array([START + 7 * DAY // 8]), "none")[0]
    assert between @ exact / np.linalg.norm(exact) / np.linalg.norm(between) > 1.0 - 1e-12


def test_lines_are_simplified_and_small():
    from gpuprop.geography.lines import pieces

    points, lengths = earth.lines(False)
    every = pieces(False)
    assert points.nbytes < 150_000 and lengths.sum() == len(points)
    assert len(points) < 0.5 * sum(map(len, every))
    # points are those of Natural Earth, rounded to 0.01 degree
    known = {tuple(np.round(point * 100).astype(int)) for piece in every for point in piece}
    assert {tuple(point) for point in points.tolist()} <= known


# --- coverage ---
def cells(**columns: object) -> pa.Table:
    lat, lon = np.meshgrid(np.arange(-87.5, 90.0, 5.0), np.arange(-177.5, 180.0, 5.0))
    return pa.table({"lat": lat.ravel(), "lon": lon.ravel(), **columns})


def test_coverage_becomes_an_image(tmp_path):
    table = cells(visible_mean=np.arange(36 * 72, dtype=float))
    pq.write_table(table, tmp_path / "coverage.parquet")
    for source in (table, tmp_path / "coverage.parquet", str(tmp_path / "coverage.parquet")):
        (image,) = coverage_layer(source).images
        assert image.pixels.shape == (36, 72) and (image.low, image.high) == (0.0, 2591.0)
        value = image.low + image.pixels / 254.0 * (image.high - image.low)
        # row 0 is the north, column 0 the west; a pixel is off by half a step of 255
        assert abs(value[0, 0] - 35.0) <= 5.2 and abs(value[35, 1] - 36.0) <= 5.2


def test_coverage_by_constellation_shows_all_together():
    one = cells(visible_mean=np.ones(36 * 72), constellation=["one"] * 36 * 72)
    every = cells(visible_mean=np.full(36 * 72, 3.0), constellation=["all"] * 36 * 72)
    (image,) = coverage_layer(pa.concat_tables([one, every])).images
    assert (image.low, image.high) == (3.0, 3.0) and (image.pixels == 0).all()


def test_coverage_of_points_and_unequal_cells_takes_the_nearest():
    table = pa.table(
        {"lat": [10.0, -40.2], "lon": [20.0, -179.9], "covered": [0.0, 1.0], "name": ["a", "b"]}
    )
    (image,) = coverage_layer(table).images
    row, column = np.nonzero(image.pixels != NOTHING)
    assert {image.pixels[i, j] for i, j in zip(row, column, strict=True)} == {0, 254}
    assert image.pixels[80, 200] == 0 and image.pixels[130, 0] == image.pixels[130, 359] == 254
    assert len(row) < 20


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (pa.table({"lat": [1.0], "visible_mean": [1.0]}), "no column lon"),
        (pa.table({"lat": [1.0], "lon": [1.0]}), "no column of visible_mean"),
        (cells(visible_mean=np.ones(36 * 72)).slice(0, 0), "no cells"),
        ("coverage.txt", "ends in .parquet"),
    ],
)
def test_a_table_that_is_no_coverage_is_refused(table, words):
    with pytest.raises(UsageError, match=words):
        coverage_layer(table)


# --- text ---
def test_arrays_and_names_come_back():
    names = ["</script>", "<!--", "\u2028 é", "{{data}}"]
    arrays = {"a": np.arange(3, dtype=np.uint8), "b": np.array([1.5], ">f8")}
    html = page("<&>", {"names": names}, arrays)
    data = data_of(html)
    assert data["names"] == names and data["arrays"] == {"a": [0, 3], "b": [8, 1]}
    assert html.count("</script>") == 3 and "<title>&lt;&amp;&gt;</title>" in html
    assert "default-src 'none'" in html


def test_sources_are_named_without_folders(tmp_path):
    path = tmp_path / "iridium.csv"
    gpuprop.write_elements(gpuprop.constellation("iridium-next"), path)
    pattern = "walker:53:60/5/1@550"
    data = data_of(view([str(path), pattern], duration="5min").html)
    assert data["title"] == data["about"]["Sources"][0] == f"iridium.csv, {pattern}"
    assert str(tmp_path) not in json.dumps(data)


def test_a_title_that_utf_8_cannot_encode():
    globe = view("qianfan", duration="5min", title="a\udcffb", sources=["\udcff"])
    assert "<title>a?b</title>" in globe.html
    assert globe.facts["bytes"] == len(globe.html.encode())


def test_the_page_states_its_sources_and_assumptions():
    globe = view("qianfan", duration="5min", sites=[Site(1.0, 2.0)])
    data = data_of(globe.html)
    assert data["title"] == "qianfan" and data["about"]["Sources"][0] == "qianfan"
    assert data["about"]["Assumed"] and data["sites"][0]["name"] == "1, 2"
    assert repr(globe).startswith("<Globe: 1,296 satellites, 2026-01-01T00:00:00Z to ")


def test_sites_from_a_file(tmp_path):
    path = tmp_path / "sites.csv"
    path.write_text("Name,lat,lon\nA,1,2\nB,3,4\n")
    data = data_of(view("qianfan", duration="5min", sites=path).html)
    assert [site["name"] for site in data["sites"]] == ["A", "B"]
    path.write_text("Name,lat,lon\nA,1,2\nB,3,x\n")
    with pytest.raises(ValueError, match="line 3"):
        view("qianfan", duration="5min", sites=path)
