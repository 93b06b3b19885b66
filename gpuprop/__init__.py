"""gpuprop: propagates whole mega-constellations with SGP4 and writes position snapshots to Apache Arrow files."""

__version__ = "0.1.0"
