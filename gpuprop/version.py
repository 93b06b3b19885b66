"""The version of gpuprop, in one place: pyproject.toml and the documentation read it here.

A module of its own, so that reading it imports nothing else. A version that ends in .dev0 is under
development: it is not released, and its files may differ from those of the release.
"""

__version__ = "0.2.0.dev0"
