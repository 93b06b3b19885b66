"""The script that makes the shapes, on a world of two countries and an island."""

import io
import json
import tarfile

import numpy as np
import pytest

from gpuprop.geography import build, countries, lines

CODES = [["AA", "AAA", "001"], ["BB", "BBB", "002"]]
# steps of a degree from (0, 0): the square AAA with a hole, and BBB east of it
TOPOLOGY = {
    "transform": {"scale": [1.0, 1.0], "translate": [0.0, 0.0]},
    "arcs": [
        [[10, 0], [0, 10]],  # 0: the border, northwards
        [[10, 10], [-10, 0], [0, -10], [10, 0]],  # 1: the rest of AAA
        [[10, 0], [10, 0], [0, 10], [-10, 0]],  # 2: the rest of BBB
        [[3, 3], [3, 0], [0, 3], [-3, 0], [0, -3]],  # 3: the hole in AAA
        [[40, 0], [2, 0], [0, 2], [-2, 0], [0, -2]],  # 4: an island of AAA, without its number
        [[30, 0], [2, 0], [0, 2], [-2, 0], [0, -2]],  # 5: no country
        [[170, 5], [-340, 0], [0, 5], [340, 0], [0, -5]],  # 6: an island of BBB, over 180 degrees
    ],
    "objects": {
        "countries": {
            "geometries": [
                {
                    "type": "Polygon",
                    "id": "001",
                    "properties": {"name": "A"},
                    "arcs": [[0, 1], [3]],
                },
                {
                    "type": "MultiPolygon",
                    "id": "002",
                    "properties": {"name": "B"},
                    "arcs": [[[2, -1]], [[6]]],
                },
                {"type": "Polygon", "id": "001", "properties": {"name": "A 2"}, "arcs": [[4]]},
                {"type": "Polygon", "properties": {"name": "N. Cyprus"}, "arcs": [[5]]},
            ]
        }
    },
}


def archive(name, content):
    data = json.dumps(content).encode()
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as packed:
        member = tarfile.TarInfo(name)
        member.size = len(data)
        packed.addfile(member, io.BytesIO(data))
    return file.getvalue()


@pytest.fixture
def world(tmp_path, monkeypatch):
    build.build(archive(build.SHAPES[1], TOPOLOGY), archive(build.CODES[1], CODES), tmp_path)
    monkeypatch.setattr(lines, "HERE", tmp_path)
    monkeypatch.setattr(countries, "HERE", tmp_path)
    lines.lines.cache_clear()
    countries._countries.cache_clear()
    yield tmp_path
    lines.lines.cache_clear()
    countries._countries.cache_clear()


def test_countries_and_their_rings(world):
    assert countries.codes() == {"AAA": "A", "BBB": "B"}
    a, b = countries.regions(["AAA", "BBB"])
    lat = np.array([1.0, 4.5, 1.0, 1.0, 1.0, 7.0, 7.0, 7.0, 7.0])
    lon = np.array([1.0, 4.5, 15.0, 41.0, 31.0, 175.0, -175.0, -165.0, 180.0])
    assert a.contains(lat, lon).tolist() == [True, False, False, True, *[False] * 5]
    assert b.contains(lat, lon).tolist() == [
        *[False] * 2,
        True,
        *[False] * 2,
        True,
        True,
        False,
        True,
    ]


def test_the_border_is_the_line_of_two_countries(world):
    assert [line.border for line in lines.lines()] == [True, *[False] * 6]
    (border,) = lines.pieces(True)
    assert border.tolist() == [[10.0, 0.0], [10.0, 10.0]]
    coasts = lines.pieces(False)
    assert len(coasts) == 7  # the island over 180 degrees has a piece on either side
    assert [[-170.0, 5.0], [-170.0, 10.0]] in [piece.tolist() for piece in coasts]


def test_another_source_is_refused(tmp_path, world):
    path = tmp_path / build.SHAPES[0]
    path.write_bytes(archive(build.SHAPES[1], TOPOLOGY))
    with pytest.raises(SystemExit, match="SHA-256 must be 032e"):
        build.main([str(path)])
