"""The bits of precision mixed that every engine which has it must reproduce.

numpy has none, so the record was made by the engine cpu. Another compiler or processor that
computes other bits is found here.
"""

import hashlib

import numpy as np

from ..elements.mean_elements import mean_elements
from ..sgp4.gravity import GRAVITY
from ..sgp4.model import Model
from . import digest
from .choice import Engine
from .mixed import PrecisionError

SEED = 3  # of the element sets and instants
# SHA-256 of the states, column by column
RECORDED = "18d5d019c63914f023c83b4a789fb29aea9cc98bb86c31528e3149735eab07cb"


def compute(engine: Engine) -> str | None:
    """Hash the states of the digest's element sets; None if the engine has no precision mixed."""
    elements, instants = digest.sets(SEED)
    model = Model(GRAVITY["wgs72"], "i", "mixed")
    try:
        loaded = engine.load(model, mean_elements(elements), elements.epoch.view(np.int64))
    except PrecisionError:
        return None
    columns = loaded.block(instants, digest.COLUMNS)
    return hashlib.sha256(b"".join(columns[name].tobytes() for name in digest.COLUMNS)).hexdigest()


def compare(engine: Engine) -> list[str]:
    """Describe the difference from the record; an empty list if there is none."""
    found = compute(engine)
    return [] if found in (None, RECORDED) else ["precision mixed: the states differ"]
