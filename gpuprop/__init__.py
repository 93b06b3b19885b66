"""gpuprop: propagates whole mega-constellations with SGP4 and writes position snapshots to Apache Arrow files."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# Rooms are entered when a name of theirs is used: `import gpuprop` costs nothing, and the engine's workers load numpy alone.
_ROOM = {
    "Elements": "elements",
    "ElementsError": "reading",
    "Propagator": "snapshots",
    "Reject": "elements",
    "STATUS": "snapshots",
    "States": "snapshots",
    "Times": "clock",
    "constellation": "constellations",
    "constellations": "constellations",
    "engines": "engine",
    "open_snapshots": "arrow",
    "read_elements": "reading",
    "time_grid": "clock",
    "walker": "constellations",
    "write_snapshots": "arrow",
}
__all__ = [
    "constellation",
    "constellations",
    "Elements",
    "ElementsError",
    "engines",
    "open_snapshots",
    "Propagator",
    "read_elements",
    "Reject",
    "States",
    "STATUS",
    "time_grid",
    "Times",
    "walker",
    "write_snapshots",
]

if TYPE_CHECKING:
    from .arrow import open_snapshots, write_snapshots
    from .clock import Times, time_grid
    from .constellations import constellation, constellations, walker
    from .elements import Elements, Reject
    from .engine import engines
    from .reading import ElementsError, read_elements
    from .snapshots import STATUS, Propagator, States
else:

    def __getattr__(name: str) -> Any:
        if name not in _ROOM:
            raise AttributeError(f"module 'gpuprop' has no attribute {name!r}")
        return getattr(import_module(f".{_ROOM[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
