"""The keywords of element sets in JSON: those of OMM, TLE lines and names, in all spellings."""

from .columns import trimmed
from .omm import is_keyword

MAX_KEYS = 10_000  # keywords in the cache

MEAN_ELEMENTS = (
    "EPOCH",
    "MEAN_MOTION",
    "ECCENTRICITY",
    "INCLINATION",
    "RA_OF_ASC_NODE",
    "ARG_OF_PERICENTER",
    "MEAN_ANOMALY",
)
LINES = ("TLE_LINE0", "TLE_LINE1", "TLE_LINE2")
BOTH_LINES = "TLE"  # two or three lines in one text
# Other spellings: those of SatNOGS, the TLE API and N2YO.
_FORMS = ("TLE_LINE{}", "TLE_LINE_{}", "TLELINE{}", "LINE{}", "LINE_{}", "TLE{}", "TLE_{}")
SPELLINGS = {form.format(number): line for number, line in enumerate(LINES) for form in _FORMS}
# The name of a set of TLE lines: the first of these keywords that is given.
NAMES = ("OBJECT_NAME", "TLE_LINE0", "NAME", "SATNAME", "SATELLITE_NAME")
USED = frozenset((*LINES, BOTH_LINES, *NAMES))  # beside the keywords of an OMM
# An object with one of these is an element set. An EPOCH alone may be the time of the download.
DEFINING = frozenset((*MEAN_ELEMENTS[1:], "BSTAR", "TLE_LINE1", "TLE_LINE2", BOTH_LINES))
# An object gives these, and the context (omm.CONTEXT), to the messages inside it.
INHERITED = frozenset(("OBJECT_NAME", "OBJECT_ID", "NORAD_CAT_ID"))
NAMING = frozenset(NAMES[1:])  # the names that are not keywords of an OMM


class _Meanings(dict[str, str]):
    """A cache from a keyword as written to the keyword that it means.

    The meaning of a keyword that is not used is an empty text.
    """

    def __missing__(self, key: str) -> str:
        name = trimmed(key).upper() if len(key) < 100 else ""
        name = SPELLINGS.get(name, name)
        name = name if name in USED or is_keyword(name) else ""
        if len(self) < MAX_KEYS:
            self[key] = name
        return name


meaning = _Meanings()
