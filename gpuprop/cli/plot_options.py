"""The options of `gpuprop plot`.

Help needs this module, so it imports neither numpy nor pyarrow.
"""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from cyclopts import Parameter

from .options import FILES, INSTANTS, STATES
from .shared_options import (
    TOGETHER,
    EarthOrientationFile,
    EngineOptions,
    MessageOptions,
    SatelliteOptions,
    SiteDark,
    SiteFiles,
    SiteTexts,
    SunlitPasses,
    WindowOptions,
)

Output = Annotated[
    str | None,
    Parameter(
        name=["--output", "-o"],
        help="The picture to write: .png, .svg or .pdf; an existing file is replaced.",
        group=FILES,
    ),
]
Title = Annotated[
    str | None,
    Parameter(help="Title of the picture [default: what it shows].", group=FILES),
]
Source = Annotated[
    str | None,
    Parameter(
        name="--source",
        help="Where the data are from, for the caption [default: the names of the files and "
        "constellations].",
        group=FILES,
    ),
]


@dataclass(frozen=True)
class PictureOptions:
    """The file, and its texts."""

    output: Output = None
    title: Title = None
    source: Source = None


@dataclass(frozen=True)
class RevolutionOptions(WindowOptions):
    """A window of time, a revolution by default."""

    stop: Annotated[str | None, Parameter(help="Last instant.", group=INSTANTS)] = None
    duration: Annotated[
        str | None,
        Parameter(
            help="Length of time from --start, in place of --stop [default: one revolution of the "
            "slowest satellite, at most a day].",
            group=INSTANTS,
        ),
    ] = None


@dataclass(frozen=True)
class CoverageMapOptions:
    """The options of `gpuprop plot coverage`."""

    picture: Annotated[PictureOptions, TOGETHER] = field(default_factory=PictureOptions)
    column: Annotated[
        str,
        Parameter(
            help="The column that the map shows: visible_mean, visible_min, visible_max, covered, "
            "covered_2, covered_4, covered_8, gaps, longest_gap_s, mean_gap_s.",
            group=STATES,
        ),
    ] = "visible_mean"
    constellation: Annotated[
        list[str] | None,
        Parameter(
            negative="",
            help="Of a table with several constellations: one that is shown. Repeated: several, "
            "in this order [default: the first eight].",
            group=STATES,
        ),
    ] = None
    region: Annotated[
        list[str] | None,
        Parameter(
            negative="",
            help="Countries by ISO 3166-1 alpha-3 code, such as BRA,KAZ: outline them.",
            group=STATES,
        ),
    ] = None
    messages: Annotated[MessageOptions, TOGETHER] = field(default_factory=MessageOptions)


@dataclass(frozen=True)
class GroundTrackOptions:
    """The options of `gpuprop plot ground-track`."""

    picture: Annotated[PictureOptions, TOGETHER] = field(default_factory=PictureOptions)
    site: SiteTexts = None
    sites: SiteFiles = None
    window: Annotated[RevolutionOptions, TOGETHER] = field(default_factory=RevolutionOptions)
    satellites: Annotated[SatelliteOptions, TOGETHER] = field(default_factory=SatelliteOptions)
    eop: EarthOrientationFile = None
    run: Annotated[EngineOptions, TOGETHER] = field(default_factory=EngineOptions)
    messages: Annotated[MessageOptions, TOGETHER] = field(default_factory=MessageOptions)


@dataclass(frozen=True)
class SkyOptions:
    """The options of `gpuprop plot sky`."""

    picture: Annotated[PictureOptions, TOGETHER] = field(default_factory=PictureOptions)
    site: Annotated[
        list[str] | None,
        Parameter(
            name="--site",
            negative="",
            help="The site: name, geodetic latitude and longitude (deg, south and west "
            "negative), height above WGS-84 (km): "
            "'Brasilia,-15.79,-47.88,1.17'.",
            group=STATES,
        ),
    ] = None
    min_elevation: Annotated[
        float,
        Parameter(help="Minimum elevation of a pass, deg, from 0 to below 90.", group=STATES),
    ] = 10.0
    sunlit: SunlitPasses = False
    site_dark: SiteDark = None
    east: Annotated[
        Literal["left", "right"],
        Parameter(
            help="left: the sky as one who looks up sees it, as on star charts; right: as on a "
            "compass, azimuths clockwise. North is up.",
            group=FILES,
        ),
    ] = "left"
    time_zone: Annotated[
        str,
        Parameter(
            help="Clock of the times in the picture, such as America/Santiago. Its difference from "
            "UTC at --start holds for the whole picture.",
            group=FILES,
        ),
    ] = "UTC"
    window: Annotated[WindowOptions, TOGETHER] = field(default_factory=WindowOptions)
    satellites: Annotated[SatelliteOptions, TOGETHER] = field(default_factory=SatelliteOptions)
    eop: EarthOrientationFile = None
    run: Annotated[EngineOptions, TOGETHER] = field(default_factory=EngineOptions)
    messages: Annotated[MessageOptions, TOGETHER] = field(default_factory=MessageOptions)


@dataclass(frozen=True)
class ShellOptions:
    """The options of `gpuprop plot shells`."""

    picture: Annotated[PictureOptions, TOGETHER] = field(default_factory=PictureOptions)
    against: Annotated[
        str | None,
        Parameter(
            help="A filing to draw below the catalogue: a constellation, a shell or a TOML file. "
            "--select and --where choose from the SOURCEs alone.",
            group=STATES,
        ),
    ] = None
    satellites: Annotated[SatelliteOptions, TOGETHER] = field(default_factory=SatelliteOptions)
    messages: Annotated[MessageOptions, TOGETHER] = field(default_factory=MessageOptions)


@dataclass(frozen=True)
class RaceOptions:
    """The options of `gpuprop plot race`."""

    picture: Annotated[PictureOptions, TOGETHER] = field(default_factory=PictureOptions)
    site: SiteTexts = None
    sites: SiteFiles = None
    by: Annotated[
        Literal["source", "operator"],
        Parameter(help="What a line is about: each SOURCE, or each operator.", group=STATES),
    ] = "source"
    min_elevation: Annotated[
        float,
        Parameter(help="Minimum elevation, deg, from 0 to below 90.", group=STATES),
    ] = 25.0
    window: Annotated[WindowOptions, TOGETHER] = field(default_factory=WindowOptions)
    satellites: Annotated[SatelliteOptions, TOGETHER] = field(default_factory=SatelliteOptions)
    eop: EarthOrientationFile = None
    run: Annotated[EngineOptions, TOGETHER] = field(default_factory=EngineOptions)
    messages: Annotated[MessageOptions, TOGETHER] = field(default_factory=MessageOptions)
