"""Countries by code, and which points lie in them."""

import itertools
import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from gpuprop.errors import UsageError
from gpuprop.geography import build
from gpuprop.geography.countries import codes, regions
from gpuprop.geography.lines import HERE, lines, pieces

# The members of the United Nations, less Tuvalu, which Natural Earth 1:50m does not have.
MEMBERS = """
AFG AGO ALB AND ARE ARG ARM ATG AUS AUT AZE BDI BEL BEN BFA BGD BGR BHR BHS BIH BLR BLZ BOL
BRA BRB BRN BTN BWA CAF CAN CHE CHL CHN CIV CMR COD COG COL COM CPV CRI CUB CYP CZE DEU DJI
DMA DNK DOM DZA ECU EGY ERI ESP EST ETH FIN FJI FRA FSM GAB GBR GEO GHA GIN GMB GNB GNQ GRC
GRD GTM GUY HND HRV HTI HUN IDN IND IRL IRN IRQ ISL ISR ITA JAM JOR JPN KAZ KEN KGZ KHM KIR
KNA KOR KWT LAO LBN LBR LBY LCA LIE LKA LSO LTU LUX LVA MAR MCO MDA MDG MDV MEX MHL MKD MLI
MLT MMR MNE MNG MOZ MRT MUS MWI MYS NAM NER NGA NIC NLD NOR NPL NRU NZL OMN PAK PAN PER PHL
PLW PNG POL PRK PRT PRY QAT ROU RUS RWA SAU SDN SEN SGP SLB SLE SLV SMR SOM SRB SSD STP SUR
SVK SVN SWE SWZ SYC SYR TCD TGO THA TJK TKM TLS TON TTO TUN TUR TZA UGA UKR URY USA UZB VCT
VEN VNM VUT WSM YEM ZAF ZMB ZWE
"""
INSIDE = {  # capitals and other towns: latitude, longitude, deg
    "BRA": [(-15.79, -47.88), (-3.10, -60.02), (-30.03, -51.20), (2.82, -60.67)],
    "KAZ": [(51.13, 71.43), (43.24, 76.89), (43.65, 51.50)],
    "MYS": [(3.14, 101.69), (5.35, 116.10), (2.50, 113.50)],  # the peninsula, Sabah, Sarawak
    "THA": [(13.75, 100.52), (18.79, 98.98), (7.90, 98.35)],
    "FRA": [(48.86, 2.35), (42.15, 9.10), (4.0, -53.0)],  # Corsica, French Guiana
    "NOR": [(59.91, 10.75), (69.0, 23.0), (79.0, 16.5)],  # Svalbard
    "RUS": [(55.75, 37.62), (66.0, -172.5), (67.0, 179.999), (67.0, -180.0), (67.0, 180.0)],
    "FJI": [(-17.80, 178.0), (-16.85, -179.97)],
    "ATA": [(-90.0, 0.0), (-89.9, 123.0), (-85.0, -180.0), (-75.1, 123.3)],
    "USA": [(38.9, -77.04), (21.5, -158.0), (61.2, -149.7), (52.9, 173.1)],  # west of 180 degrees
}
OUTSIDE = {
    "BRA": [(-34.6, -58.4), (4.9, -52.3), (-16.5, -68.15), (0.0, -40.0), (-25.6, -55.0)],
    "KAZ": [(41.3, 69.24), (42.87, 74.59), (55.2, 61.4), (42.0, 50.0)],
    "MYS": [(1.33, 103.82), (4.6, 114.6), (0.0, 109.3), (5.0, 110.0)],  # Singapore, Brunei
    "THA": [(18.3, 102.6), (11.56, 104.92), (16.8, 96.15), (5.5, 102.0)],
    "RUS": [(60.0, 0.0), (64.8, -168.0), (0.0, 100.0), (90.0, 0.0)],
    "FJI": [(-17.0, 0.0), (-17.8, -178.0)],
    "ATA": [(-60.0, 0.0), (90.0, 0.0), (-80.0, -175.0), (-89.9, np.nan), (np.nan, 0.0)],
    "LSO": [(-28.0, 28.0)],
    "ZAF": [(-29.5, 28.3)],  # the hole that is Lesotho
}
# Total areas, km2, as the CIA World Factbook gives them; of Malaysia the land alone, since Natural
# Earth draws its estuaries as sea.
AREAS = {"BRA": 8_515_770, "KAZ": 2_724_900, "MYS": 328_657, "THA": 513_120}


def zones(lat):
    """The area of the ellipsoid from the equator to a latitude, of one radian of longitude, km2."""
    e2 = 0.00669437999014
    s = np.sin(np.radians(lat))
    q = s / (1 - e2 * s * s) + np.arctanh(np.sqrt(e2) * s) / np.sqrt(e2)
    return 6378.137**2 * (1 - e2) / 2 * q


def every(step=1.0):
    """The centres of a grid's cells, and the area of a cell of each row, km2."""
    lat, lon = np.arange(step / 2 - 90, 90, step), np.arange(step / 2 - 180, 180, step)
    area = np.diff(zones(np.append(lat - step / 2, 90.0))) * np.radians(step)
    return *np.meshgrid(lat, lon, indexing="ij"), area


def test_codes_are_those_of_iso():
    known = codes()
    members = MEMBERS.split()
    assert len(members) == 192 and set(members) <= set(known)
    assert list(known) == sorted(known)
    assert all(len(code) == 3 and code.isupper() for code in known)
    assert all(name and not name.endswith(".") for name in known.values())
    assert known["NOR"] == "Norway" and known["FRA"] == "France"


@pytest.mark.parametrize("code", INSIDE)
def test_places_inside(code):
    lat, lon = np.transpose(INSIDE[code])
    assert regions([code])[0].contains(lat, lon).all()


@pytest.mark.parametrize("code", OUTSIDE)
def test_places_outside(code):
    lat, lon = np.transpose(OUTSIDE[code])
    assert not regions([code])[0].contains(lat, lon).any()


def ring_of(region, i):
    """The points of a ring, in its order."""
    parts = [lines()[j] if j >= 0 else lines()[~j] for j in region._rings[i]]
    turned = [
        np.stack((each.lon, each.lat))[:, :: 1 if j >= 0 else -1]
        for j, each in zip(region._rings[i], parts, strict=True)
    ]
    return np.concatenate(turned, axis=1)


@pytest.mark.parametrize("code", AREAS)
def test_areas_are_the_published_ones(code):
    """The rings, by Green's theorem on the ellipsoid: a hole runs the other way round."""
    (region,) = regions([code])
    total = 0.0
    for i in range(len(region._rings)):
        lon, lat = ring_of(region, i)
        middle = zones((lat[1:] + lat[:-1]) / 2)
        total += np.diff(np.radians(lon)) @ (zones(lat[1:]) + 4 * middle + zones(lat[:-1])) / 6
    assert abs(total) == pytest.approx(AREAS[code], rel=0.01)
    # and the cells whose centres lie inside have that area
    lat, lon, area = every(0.1)
    rows = abs(lat[:, 0]) < 60
    inside = region.contains(lat[rows], lon[rows])
    assert inside.sum(axis=1) @ area[rows] == pytest.approx(abs(total), rel=0.001)


def test_every_place_belongs_to_one_country_at_most():
    lat, lon, area = every(1.0)
    owners = sum(each.contains(lat, lon).astype(int) for each in regions(codes()))
    assert owners.max() == 1
    # land without Antarctica's ice shelves: 134.9 million km2 of the published 148.9 are without
    # Antarctica (14.0)
    north = lat[:, 0] > -60
    assert owners[north].sum(axis=1) @ area[north] == pytest.approx(134.9e6, rel=0.01)


def test_a_place_on_a_border_belongs_to_one_of_the_two():
    borders = [line for line in lines() if line.border][:80]
    lat = np.concatenate([line.lat[1:-1] for line in borders])
    lon = np.concatenate([line.lon[1:-1] for line in borders])
    owners = sum(each.contains(lat, lon).astype(int) for each in regions(codes()))
    assert owners.max() == 1
    assert (owners == 1).mean() > 0.9  # the rest borders a shape without a code


@pytest.mark.parametrize("code", ["BRA", "MYS", "RUS", "ZAF"])
def test_a_ray_along_the_parallel_gives_the_same(code):
    """The same rule in plain Python and in the other direction: to the meridian of 30 W."""
    (region,) = regions([code])
    rings = [ring_of(region, i).T.tolist() for i in range(len(region._rings))]
    random = np.random.default_rng(5)
    place = {"BRA": (-30, 5, -70, -35), "MYS": (0, 7, 99, 119), "ZAF": (-35, -22, 16, 33)}
    south, north, west, east = place.get(code, (45, 75, 20, 190))
    inside = 0
    for lat, lon in zip(
        random.uniform(south, north, 60), random.uniform(west, east, 60), strict=True
    ):
        odd = False
        for ring in rings:
            for (x, y), (x2, y2) in itertools.pairwise(ring):
                if (y > lat) != (y2 > lat):
                    way = (x2 - x + 180) % 360 - 180
                    odd ^= (x + way * (lat - y) / (y2 - y) + 30) % 360 < (lon + 30) % 360
        assert bool(region.contains(lat, lon)) == odd, (lat, lon)
        inside += odd
    assert 4 < inside < 56


def test_contains_takes_any_shape_and_any_longitude():
    (brazil,) = regions(["BRA"])
    lat, lon, _ = every(10.0)
    inside = brazil.contains(lat, lon)
    assert inside.shape == lat.shape and inside.dtype == bool
    for turn in (-720.0, 360.0):
        assert (brazil.contains(lat, lon + turn) == inside).all()
    assert brazil.contains(-15.79, -47.88).shape == ()
    assert brazil.contains([-15.79, 0.0], -47.88).tolist() == [True, False]
    assert brazil.contains([], []).shape == (0,)


def test_few_pairs_at_once_change_nothing(monkeypatch):
    (region,) = regions(["RUS"])
    lat, lon, _ = every(3.0)
    expected = region.contains(lat, lon)
    for pairs in (1, 50, 1000):
        monkeypatch.setattr("gpuprop.geography.countries.PAIRS", pairs)
        assert (region.contains(lat, lon) == expected).all()


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("Brazil", "did you mean BRA (Brazil)?"),
        ("Kazakstan", "did you mean KAZ (Kazakhstan)?"),
        ("Congo", "COD (Democratic Republic of the Congo) or COG (Republic of the Congo)?"),
        ("BRZ", "BRN (Brunei)"),
        ("XXXX", "codes() lists them"),
        ("", "codes() lists them"),
        (3, "give codes of ISO 3166-1 alpha-3"),
    ],
)
def test_unknown_codes_name_near_ones(code, said):
    with pytest.raises(UsageError) as error:
        regions([code])
    assert said in str(error.value) and repr(code) in str(error.value)


def test_regions_are_in_the_order_given_and_once():
    assert [each.code for each in regions(["THA", "BRA"])] == ["THA", "BRA"]
    assert [each.name for each in regions("KAZ")] == ["Kazakhstan"]
    with pytest.raises(UsageError, match="BRA is given more than once"):
        regions(["BRA", "THA", "BRA"])


def test_what_is_shipped_is_small_and_names_its_source():
    files = sorted(HERE.glob("*.parquet"))
    assert [path.name for path in files] == ["countries.parquet", "lines.parquet"]
    assert sum(path.stat().st_size for path in files) < 600_000
    for path in files:
        about = json.loads(pq.read_schema(path).metadata[b"gpuprop"])
        assert about["source"] == build.SOURCE
        for name, digest in build.SHA256.items():
            assert f"{name} (sha256 {digest})" in about["made_from"]


def test_lines_of_a_map_do_not_cross_it():
    for border in (False, True):
        drawn = pieces(border)
        assert len(drawn) > 300
        for piece in drawn:
            assert len(piece) > 1 and (abs(np.diff(piece[:, 0])) < 180).all()
            assert (abs(piece[:, 0]) <= 180).all() and (abs(piece[:, 1]) <= 90).all()
            at_edge = abs(piece[:, 0]) > 179.9999
            assert not (at_edge[1:] & at_edge[:-1]).any()  # the source cuts Chukotka there


def test_codes_in_small_letters():
    assert regions(["bra", " Kaz "]) == regions(["BRA", "KAZ"])
    with pytest.raises(UsageError, match="BRA is given more than once"):
        regions(["BRA", "bra"])
