"""`gpuprop plot`: its five pictures; plot_run.py does the work.

Help needs this module, so it imports neither numpy nor pyarrow.
"""

from collections.abc import Callable
from typing import Annotated

from cyclopts import App, Parameter

from ..errors import UsageError
from .console import err, help
from .options import OPTIONS
from .plot_options import (
    CoverageMapOptions,
    GroundTrackOptions,
    PictureOptions,
    RaceOptions,
    ShellOptions,
    SkyOptions,
)

Sources = Annotated[
    str,
    Parameter(
        name="SOURCE", help="Catalogues, constellations and shells, as for propagate; joined."
    ),
]
All = Parameter(name="*")
COVERAGE, TRACK, SKY, SHELLS, RACE = (
    CoverageMapOptions(),
    GroundTrackOptions(),
    SkyOptions(),
    ShellOptions(),
    RaceOptions(),
)
KINDS = {  # in the order in which help lists them
    "coverage": "Draw a table of gpuprop coverage: the world map, and the profile by latitude.",
    "ground-track": "Draw the points of the Earth below satellites: beginning, direction, time.",
    "sky": "Draw the passes over a site on the dome of the sky: times, sunlit parts bright.",
    "shells": "Draw altitude against inclination and node, as flown and as filed.",
    "race": "Draw the satellites in view of sites through a day, by constellation.",
}
USAGE = {
    "coverage": "TABLE -o FILE [OPTIONS]",
    "ground-track": "SOURCE... [--select NAME] -o FILE [OPTIONS]",
    "sky": "SOURCE... --site NAME,LAT,LON,KM -o FILE [OPTIONS]",
    "shells": "SOURCE... [--against NAME] -o FILE [OPTIONS]",
    "race": "SOURCE... (--site NAME,LAT,LON,KM | --sites FILE.csv)... -o FILE [OPTIONS]",
}

plot = App(
    name="plot",
    help="Draw pictures for people: coverage, ground tracks, the sky over a site, shells, the "
    "race. Each is one file, .png, .svg or .pdf: text stays text, and the caption names source "
    "and epoch. Needs matplotlib: pip install 'gpuprop[plot]'.\n\n"
    "gpuprop plot sky --help, and so on, lists the options of one.",
    usage="Usage: gpuprop plot coverage|ground-track|sky|shells|race ... -o FILE.png|.svg|.pdf",
    help_format="plaintext",
    console=help,
    error_console=err,
    group_parameters=OPTIONS,
)


def coverage(
    table: Annotated[
        str | None,
        Parameter(
            name="TABLE",
            help="The cells that gpuprop coverage wrote: .parquet, .arrow or .csv.",
        ),
    ] = None,
    /,
    *,
    options: Annotated[CoverageMapOptions, All] = COVERAGE,
) -> int:
    """Run `gpuprop plot coverage`."""
    if table is None:
        raise UsageError("TABLE is missing: name the file that gpuprop coverage wrote with -o")
    _check(("TABLE",), options.picture)
    from . import plot_run

    return plot_run.draw_coverage(table, options)


def ground_track(*sources: Sources, options: Annotated[GroundTrackOptions, All] = TRACK) -> int:
    """Run `gpuprop plot ground-track`."""
    _check(sources, options.picture)
    from . import plot_run

    return plot_run.draw_ground_track(sources, options)


def sky(*sources: Sources, options: Annotated[SkyOptions, All] = SKY) -> int:
    """Run `gpuprop plot sky`."""
    _check(sources, options.picture)
    if len(options.site or ()) != 1:
        raise UsageError(
            "a sky is that of one site: give one --site, such as 'Brasilia,-15.79,-47.88,1.17'"
        )
    from . import plot_run

    return plot_run.draw_sky(sources, options)


def shells(*sources: Sources, options: Annotated[ShellOptions, All] = SHELLS) -> int:
    """Run `gpuprop plot shells`."""
    _check(sources, options.picture)
    from . import plot_run

    return plot_run.draw_shells(sources, options)


def race(
    *sources: Annotated[
        str,
        Parameter(
            name="SOURCE",
            help="Catalogues, constellations and shells, as for propagate; or one table that "
            "gpuprop access wrote (.parquet or .arrow), whose passes are counted by operator.",
        ),
    ],
    options: Annotated[RaceOptions, All] = RACE,
) -> int:
    """Run `gpuprop plot race`."""
    _check(sources, options.picture)
    from . import plot_run

    return plot_run.draw_race(sources, options)


def _check(sources: tuple[str, ...], picture: PictureOptions) -> None:
    if not sources:
        raise UsageError(
            "SOURCE is missing: name a catalogue file or a constellation (gpuprop constellations)"
        )
    if picture.output is None:
        raise UsageError("-o FILE is missing: name the picture to write: .png, .svg or .pdf")


PICTURES: tuple[Callable[..., int], ...] = (coverage, ground_track, sky, shells, race)
for name, draw in zip(KINDS, PICTURES, strict=True):
    usage = f"Usage: gpuprop plot {name} {USAGE[name]}"
    plot.command(draw, name=name, help=KINDS[name], usage=usage)
