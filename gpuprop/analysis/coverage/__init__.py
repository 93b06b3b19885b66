"""Coverage: how many satellites every place on the ground has in view, through time.

compute.py     the function `coverage`
result.py      `Coverage`: the tables of an answer
"""

from .compute import coverage
from .result import Coverage

__all__ = ["Coverage", "coverage"]
