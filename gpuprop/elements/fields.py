"""The fields of an element set: OMM names, types, units and defaults; catalogue numbers."""

import math
from typing import Any

import pyarrow as pa

# name: (dtype, unit, default). The order is the order of columns in satellites.arrow.
OMM_FIELDS: dict[str, tuple[str, str, Any]] = {
    "OBJECT_NAME": ("object", "", ""),
    "OBJECT_ID": ("object", "", ""),
    "EPOCH": ("datetime64[ns]", "UTC", None),
    "MEAN_MOTION": ("float64", "rev/day", None),
    "ECCENTRICITY": ("float64", "", None),
    "INCLINATION": ("float64", "deg", None),
    "RA_OF_ASC_NODE": ("float64", "deg", None),
    "ARG_OF_PERICENTER": ("float64", "deg", None),
    "MEAN_ANOMALY": ("float64", "deg", None),
    "EPHEMERIS_TYPE": ("int32", "", 0),
    "CLASSIFICATION_TYPE": ("object", "", "U"),
    "NORAD_CAT_ID": ("int32", "", None),
    "ELEMENT_SET_NO": ("int32", "", 999),
    "REV_AT_EPOCH": ("int32", "", 0),
    "BSTAR": ("float64", "1/earth radii", 0.0),
    "MEAN_MOTION_DOT": ("float64", "rev/day^2", 0.0),
    "MEAN_MOTION_DDOT": ("float64", "rev/day^3", 0.0),
}
# The place of a satellite of a filed constellation in its shell. These columns come after the OMM
# fields and are not in the digest of the element sets.
PATTERN_FIELDS: dict[str, tuple[str, str, Any]] = {
    "plane": ("int32", "", -1),
    "slot": ("int32", "", -1),
}
FIELDS = OMM_FIELDS | PATTERN_FIELDS
ARROW_TYPE = {
    "object": pa.string(),
    "datetime64[ns]": pa.timestamp("ns", "UTC"),
    "float64": pa.float64(),
    "int32": pa.int32(),
}
# Catalogue numbers have up to nine digits, so synthetic satellites never collide with one.
FIRST_SYNTHETIC_ID = 1_000_000_000
LAST_ID = 2**31 - 1  # the columns are int32

DEG = math.pi / 180.0
REV_PER_DAY = 1440.0 / (2.0 * math.pi)  # one radian per minute in revolutions per day
