"""Synthetic constellations as ordinary element sets for SGP4: what a filing says, and a Walker
pattern.

altitude.py        the mean motion whose SGP4 orbit has the altitude asked for
shell.py           Shell: orbital planes and the satellites on them
constellation.py   Constellation: shells, and what of them had to be assumed
read.py            constellations as TOML says them
walker.py          i:T/P/F, and walker:53:1584/72/39@550 on the command line
"""

from ..elements.altitudes import brouwer_mean_motion
from .altitude import mean_motion_at
from .constellation import Constellation
from .read import load_constellation, parse_filings, parse_toml, read_constellation
from .shell import EPOCH, Shell
from .walker import is_walker_source, parse_walker_source, walker

__all__ = [
    "EPOCH",
    "Constellation",
    "Shell",
    "brouwer_mean_motion",
    "is_walker_source",
    "load_constellation",
    "mean_motion_at",
    "parse_filings",
    "parse_toml",
    "parse_walker_source",
    "read_constellation",
    "walker",
]
