"""gpuprop: propagates whole mega-constellations with SGP4 and writes position snapshots to Apache Arrow files."""

TYPE_CHECKING = False  # for type checkers it is true; typing itself is not imported (see __main__.py)
__version__ = "0.1.0"

# Rooms are entered when a name of theirs is used: `import gpuprop` costs nothing, and the engine's workers load numpy alone.
_ROOM = {
    "EarthOrientation": "orientation",
    "Elements": "elements",
    "ElementsError": "reading",
    "LookAngles": "look",
    "Propagator": "snapshots",
    "Reject": "elements",
    "STATUS": "snapshots",
    "Site": "look",
    "States": "snapshots",
    "Times": "clock",
    "as_times": "clock",
    "constellation": "presets",
    "constellations": "presets",
    "convert": "conversion",
    "earth_orientation": "orientation",
    "engines": "engine",
    "filling": "flown",
    "look_angles": "look",
    "open_snapshots": "arrow",
    "sun_position": "conversion",
    "read_constellation": "presets",
    "read_elements": "reading",
    "shells": "flown",
    "time_grid": "clock",
    "walker": "presets",
    "write_elements": "writing",
    "write_snapshots": "arrow",
    "WritingError": "writing",
}
__all__ = [
    "as_times",
    "constellation",
    "constellations",
    "convert",
    "earth_orientation",
    "EarthOrientation",
    "Elements",
    "ElementsError",
    "engines",
    "filling",
    "look_angles",
    "LookAngles",
    "open_snapshots",
    "Propagator",
    "read_constellation",
    "read_elements",
    "Reject",
    "shells",
    "Site",
    "States",
    "STATUS",
    "sun_position",
    "time_grid",
    "Times",
    "walker",
    "write_elements",
    "write_snapshots",
    "WritingError",
]

if TYPE_CHECKING:
    from .arrow import open_snapshots, write_snapshots
    from .clock import Times, as_times, time_grid
    from .conversion import convert, sun_position
    from .elements import Elements, Reject
    from .engine import engines
    from .flown import filling, shells
    from .look import LookAngles, Site, look_angles
    from .orientation import EarthOrientation, earth_orientation
    from .presets import constellation, constellations, read_constellation, walker
    from .reading import ElementsError, read_elements
    from .snapshots import STATUS, Propagator, States
    from .writing import WritingError, write_elements
else:

    def __getattr__(name: str) -> object:
        if name not in _ROOM:
            raise AttributeError(f"module 'gpuprop' has no attribute {name!r}")
        from importlib import import_module

        return getattr(import_module(f".{_ROOM[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
