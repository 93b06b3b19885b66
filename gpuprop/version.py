"""The version, in a module of its own: what needs it does not import the package."""

__version__ = "0.1.0"
