"""Make countries.parquet and lines.parquet, the shapes that gpuprop ships.

    npm pack world-atlas@2.0.2 i18n-iso-countries@7.14.0
    python -m gpuprop.geography.build world-atlas-2.0.2.tgz i18n-iso-countries-7.14.0.tgz

world-atlas is Natural Earth's "Admin 0 - Countries" 1:50m, version 4.1.0 (public domain), as
TopoJSON: lines, which two neighbours share, and countries as lists of rings of lines. Its points
are integers: steps of 0.0036 deg of longitude and of 0.0017 deg of latitude. They are kept as they
are. i18n-iso-countries translates the numeric codes of ISO 3166-1 to the codes of three letters.
Both files are checked against the SHA-256 digests below.
"""

import hashlib
import io
import json
import sys
import tarfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

HERE = Path(__file__).parent
SHAPES = ("world-atlas-2.0.2.tgz", "package/countries-50m.json")
CODES = ("i18n-iso-countries-7.14.0.tgz", "package/codes.json")
SHA256 = {
    SHAPES[0]: "032e7765f2ce00edaeafec23ff22bc3b77e42987c257da944cc585b452c05b97",
    CODES[0]: "bb418ebfb965789fcfbcce7dee59888d901ef64b03601da78b2e224cd6f5825c",
}
SOURCE = "Natural Earth 1:50m, Admin 0 - Countries, 4.1.0 (public domain)"
# Names that Natural Earth abbreviates, or that have changed since.
NAMES = {
    "ATG": "Antigua and Barbuda",
    "ATF": "French Southern and Antarctic Lands",
    "BIH": "Bosnia and Herzegovina",
    "BLM": "Saint Barthélemy",
    "CAF": "Central African Republic",
    "COD": "Democratic Republic of the Congo",
    "COG": "Republic of the Congo",
    "COK": "Cook Islands",
    "CYM": "Cayman Islands",
    "DOM": "Dominican Republic",
    "ESH": "Western Sahara",
    "FLK": "Falkland Islands",
    "FRO": "Faroe Islands",
    "GNQ": "Equatorial Guinea",
    "HMD": "Heard Island and McDonald Islands",
    "IOT": "British Indian Ocean Territory",
    "KNA": "Saint Kitts and Nevis",
    "MAF": "Saint Martin",
    "MHL": "Marshall Islands",
    "MKD": "North Macedonia",
    "MNP": "Northern Mariana Islands",
    "PCN": "Pitcairn Islands",
    "PYF": "French Polynesia",
    "SGS": "South Georgia and the South Sandwich Islands",
    "SLB": "Solomon Islands",
    "SPM": "Saint Pierre and Miquelon",
    "SSD": "South Sudan",
    "SWZ": "Eswatini",
    "TCA": "Turks and Caicos Islands",
    "TUR": "Türkiye",
    "VCT": "Saint Vincent and the Grenadines",
    "VGB": "British Virgin Islands",
    "VIR": "United States Virgin Islands",
    "WLF": "Wallis and Futuna",
    # without a code of ISO 3166-1
    "Indian Ocean Ter.": "Australian Indian Ocean Territories",
    "N. Cyprus": "Northern Cyprus",
}


def build(shapes: bytes, codes: bytes, folder: Path = HERE) -> None:
    """Write the two files.

    Parameters
    ----------
    shapes, codes
        The contents of the two archives.
    folder
        Where the files are written.
    """
    topology = _member(shapes, SHAPES[1])
    alpha3 = {row[2]: row[1] for row in _member(codes, CODES[1])}
    scale, origin = (topology["transform"][key] for key in ("scale", "translate"))
    lines = [np.array(line, np.int32) for line in topology["arcs"]]  # each (n, 2): steps
    about = {
        "source": SOURCE,
        "made_from": ", ".join(f"{name} (sha256 {digest})" for name, digest in SHA256.items()),
        "scale": json.dumps(scale),  # deg of longitude, of latitude
        "origin": json.dumps(origin),
    }
    rows: dict[str, dict[str, Any]] = {}
    for geometry in topology["objects"]["countries"]["geometries"]:
        name = geometry["properties"]["name"]
        code = alpha3.get(geometry.get("id"))
        # several shapes of one code are one country: Australia, Ashmore and Cartier Islands
        row = rows.setdefault(
            code or name, dict(code=code, name=NAMES.get(code or name, name), rings=[])
        )
        row["rings"] += [ring for ring in _rings(geometry) if not _pole(ring, lines)]
    countries = sorted(rows.values(), key=lambda row: (row["code"] or "~", row["name"]))
    used = Counter(i if i >= 0 else ~i for row in countries for ring in row["rings"] for i in ring)
    ring = pa.list_(pa.int16())
    _write(
        pa.table(
            {
                "code": pa.array([row["code"] for row in countries], pa.string()),
                "name": pa.array([row["name"] for row in countries], pa.string()),
                "rings": pa.array([row["rings"] for row in countries], pa.list_(ring)),
            }
        ),
        folder / "countries.parquet",
        about,
    )
    steps = pa.list_(pa.int32())
    _write(
        pa.table(
            {
                "border": pa.array([used[i] > 1 for i in range(len(lines))]),
                "lon": pa.array([line[:, 0] for line in lines], steps),
                "lat": pa.array([line[:, 1] for line in lines], steps),
            }
        ),
        folder / "lines.parquet",
        about,
    )


def _member(archive: bytes, name: str) -> Any:
    """Read a JSON file of an archive of npm."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        member = files.extractfile(name)
        assert member is not None
        return json.load(member)


def _rings(geometry: dict[str, Any]) -> Iterator[list[int]]:
    """Yield the rings of a shape, holes included: indices of lines, ~i for line i backwards."""
    polygons = [geometry["arcs"]] if geometry["type"] == "Polygon" else geometry["arcs"]
    for polygon in polygons:
        yield from polygon


def _pole(ring: Sequence[int], lines: Sequence[np.ndarray]) -> bool:
    """Return whether a ring runs along the lowest latitude: the edge of the map at the pole."""
    return all(i >= 0 and not lines[i][:, 1].any() for i in ring)


def _write(table: pa.Table, path: Path, about: dict[str, str]) -> None:
    steps = [f"{name}.list.element" for name in ("lon", "lat") if name in table.schema.names]
    pq.write_table(
        table.replace_schema_metadata({"gpuprop": json.dumps(about)}),
        path,
        compression="zstd",
        compression_level=19,
        use_dictionary=False,
        column_encoding=dict.fromkeys(steps, "DELTA_BINARY_PACKED"),
    )


def main(paths: Sequence[str]) -> None:
    """Check the archives, and write the files beside this module."""
    contents = {Path(path).name: Path(path).read_bytes() for path in paths}
    for name, digest in SHA256.items():
        if hashlib.sha256(contents.get(name, b"")).hexdigest() != digest:
            raise SystemExit(f"{name} is missing, or another file: its SHA-256 must be {digest}")
    build(contents[SHAPES[0]], contents[CODES[0]])


if __name__ == "__main__":
    main(sys.argv[1:])
