"""Synthetic constellations as ordinary element sets for SGP4.

They come from filings with regulators, from Walker patterns, or from a TOML file of the user.

altitude.py        altitude -> the mean motion whose SGP4 orbit has that altitude
shell.py           Shell: orbital planes and the satellites on them
constellation.py   Constellation: shells, and what had to be assumed
read.py            TOML -> constellations
walker_pattern.py  i:T/P/F, and walker:53:1584/72/39@550 on the command line
presets.py         the known constellations (presets.toml), by name
survey/            the shells that element sets occupy, compared with a filing
"""

from ..elements.altitudes import brouwer_mean_motion
from .altitude import mean_motion_at
from .constellation import Constellation
from .read import load_constellation, parse_filings, parse_toml, read_constellation
from .shell import EPOCH, Shell
from .walker_pattern import is_walker_source, parse_walker_source, walker

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
