"""The commands of the command line: importing this package registers them."""

from . import catalogues, directories, known, propagate
from .console import app

__all__ = ["app", "catalogues", "directories", "known", "propagate"]
