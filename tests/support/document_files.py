"""The files that the pages of docs/ take as given: small catalogues with names of the public one.

Satellites of filed constellations and of a few well-known orbits get public-looking names and
numbers, and epochs of one evening.
"""

from pathlib import Path

import numpy as np

import gpuprop

EPOCH = "2026-01-01T00:00:00Z"
FLEETS = (  # constellation, name and first number in the public catalogue, each n-th satellite
    ("starlink-g1-s1", "STARLINK-{}", 44713, 36),
    ("qianfan-648", "QIANFAN-{}", 60379, 36),
    ("guowang-flown", "HULIANWANG DIGUI-{}", 62323, 8),
    ("oneweb-588", "ONEWEB-{:04}", 44057, 36),
    ("kuiper", "KUIPER-{:05}", 63724, 180),
)
OTHERS = """\
ISS (ZARYA)
1 25544U 98067A   26001.00000000  .00011000  00000-0  20000-3 0  9994
2 25544  51.6330  80.0000 0003000 200.0000 160.0000 15.49500000545001
CSS (TIANHE)
1 48274U 21035A   26001.00000000  .00020000  00000-0  24000-3 0  9990
2 48274  41.4700 120.0000 0005000  30.0000 330.0000 15.60500000267001
GPS BIIF-1  (PRN 25)
1 36585U 10022A   26001.00000000  .00000010  00000-0  00000+0 0  9990
2 36585  54.3000  10.0000 0110000  60.0000 301.0000  2.00560000114001
"""


def with_checksums(text: str) -> str:
    """Correct the last digit of the lines of TLE."""
    lines = []
    for line in text.splitlines():
        if line[:2] in ("1 ", "2 "):
            body = line[:68]
            line = body + str(sum(int(c) if c.isdigit() else c == "-" for c in body) % 10)
        lines.append(line)
    return "\n".join(lines) + "\n"


def make(folder: Path) -> None:
    """Write active.csv, history.tle, damaged.tle and sites.csv."""
    tle = with_checksums(OTHERS)
    (folder / "others.tle").write_text(tle)
    parts = [gpuprop.read_elements(folder / "others.tle")]
    for name, pattern, first, every in FLEETS:
        whole = gpuprop.constellation(name, epoch=EPOCH)
        part = whole[np.arange(0, len(whole), every)]
        count = len(part)
        fields = dict(part.fields)
        fields["OBJECT_NAME"] = np.array([pattern.format(1000 + i) for i in range(count)])
        fields["NORAD_CAT_ID"] = np.arange(first, first + count)
        parts.append(gpuprop.Elements(fields))
    gpuprop.write_elements(gpuprop.Elements.concat(parts), folder / "active.csv")

    later = tle.replace("26001.0", "26001.5").replace("80.0000", "77.4800")
    iss = slice(0, 3)
    history = tle.splitlines()[iss] + with_checksums(later).splitlines()[iss]
    (folder / "history.tle").write_text("\n".join(history) + "\n")
    lines = tle.splitlines()
    lines[1] = lines[1][:68] + str((int(lines[1][68]) + 1) % 10)
    (folder / "damaged.tle").write_text("\n".join(lines) + "\n")
    (folder / "sites.csv").write_text(
        "name,lat,lon,height_km\nBrasilia,-15.79,-47.88,1.17\nAstana,51.17,71.45,0.35\n"
    )
    (folder / "others.tle").unlink()
