"""Propagate mega-constellations with SGP4 and write snapshots as Apache Arrow files."""

from .version import __version__ as __version__

# Type checkers treat it as true. typing is not imported: __main__.py says why.
TYPE_CHECKING = False

# Submodules are imported lazily: `import gpuprop` takes no time, and worker processes of the numpy
# engine import numpy alone.
_MODULES = {
    "Coverage": "analysis.coverage",
    "EarthOrientation": "frames",
    "Elements": "elements",
    "ElementsError": "catalogs.read",
    "LookAngles": "analysis.look_angles",
    "Propagator": "propagator",
    "Reject": "elements",
    "STATUS": "states",
    "Site": "analysis.look_angles",
    "States": "states",
    "Times": "time.times",
    "access": "analysis.access",
    "as_times": "time.times",
    "constellation": "filings.presets",
    "constellations": "filings.presets",
    "convert": "analysis.conversion",
    "coverage": "analysis.coverage",
    "earth_orientation": "frames",
    "engines": "engine.choice",
    "filling": "filings.survey",
    "look_angles": "analysis.look_angles",
    "open_passes": "analysis.access",
    "open_screening": "analysis.screening",
    "open_snapshots": "snapshots",
    "sun_position": "analysis.conversion",
    "read_constellation": "filings.presets",
    "read_elements": "catalogs.read",
    "screen": "analysis.screening",
    "Screened": "analysis.screening",
    "shells": "filings.survey",
    "time_grid": "time.times",
    "view": "viewer",
    "visible": "analysis.access",
    "walker": "filings.presets",
    "write_elements": "catalogs.write",
    "write_snapshots": "snapshots",
    "WritingError": "catalogs.write",
}
__all__ = [
    "access",
    "as_times",
    "constellation",
    "constellations",
    "convert",
    "coverage",
    "Coverage",
    "earth_orientation",
    "EarthOrientation",
    "Elements",
    "ElementsError",
    "engines",
    "filling",
    "look_angles",
    "LookAngles",
    "open_passes",
    "open_screening",
    "open_snapshots",
    "Propagator",
    "read_constellation",
    "read_elements",
    "Reject",
    "screen",
    "Screened",
    "shells",
    "Site",
    "States",
    "STATUS",
    "sun_position",
    "time_grid",
    "Times",
    "visible",
    "view",
    "walker",
    "write_elements",
    "write_snapshots",
    "WritingError",
]

if TYPE_CHECKING:
    from .analysis.access import access, open_passes, visible
    from .analysis.conversion import convert, sun_position
    from .analysis.coverage import Coverage, coverage
    from .analysis.look_angles import LookAngles, Site, look_angles
    from .analysis.screening import Screened, open_screening, screen
    from .catalogs.read import ElementsError, read_elements
    from .catalogs.write import WritingError, write_elements
    from .elements.sets import Elements, Reject
    from .engine.choice import engines
    from .filings.presets import constellation, constellations, read_constellation, walker
    from .filings.survey import filling, shells
    from .frames import EarthOrientation, earth_orientation
    from .propagator import Propagator
    from .snapshots import open_snapshots, write_snapshots
    from .states import STATUS, States
    from .time.times import Times, as_times, time_grid
    from .viewer import view
else:

    def __getattr__(name: str) -> object:
        if name not in _MODULES:
            raise AttributeError(f"module 'gpuprop' has no attribute {name!r}")
        from importlib import import_module

        return getattr(import_module(f".{_MODULES[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
