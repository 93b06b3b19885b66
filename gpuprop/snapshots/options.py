"""The columns of snapshots, and the format of their files."""

from dataclasses import dataclass
from typing import get_args

from ..literals import Compression, DType, FileFormat, Frame, TimestampUnit

FRAMES: tuple[str, ...] = get_args(Frame)
DTYPES: tuple[str, ...] = get_args(DType)
FORMATS: tuple[str, ...] = get_args(FileFormat)  # also the suffixes of the files
COMPRESSIONS: tuple[str, ...] = get_args(Compression)
TIMESTAMP_UNITS: tuple[str, ...] = get_args(TimestampUnit)
DEFAULT_COMPRESSION: dict[FileFormat, Compression] = {
    "arrow": "none",  # an uncompressed file can be mapped into memory
    "parquet": "zstd",
}


@dataclass(frozen=True)
class SnapshotOptions:
    """The columns of snapshots, and the format of their files.

    Parameters
    ----------
    frame : {"teme", "pef", "itrs", "gcrs", "geodetic"}
        The frame of positions (km) and velocities (km/s). Inertial: teme (SGP4's own) or gcrs
        (J2000). Earth-fixed: pef, itrs (ECEF) or geodetic (lat and lon in deg, height in km, on
        WGS-84).
    velocity : bool
        Write velocities too.
    sunlit : bool
        Write whether the Sun shines on the satellite: 0 umbra, 1 penumbra, 2 sunlit.
    dtype : {"float64", "float32"}
        Type of positions and velocities.
    format : {"arrow", "parquet"}
        Format of the files; `arrow` means IPC files.
    compression : {"none", "lz4", "zstd"}, optional
        Compression of the files; by default none for arrow and zstd for parquet.
    timestamp_unit : {"ns", "us"}
        Unit of the column time, and of the epochs of the satellites. Spark reads us only.

    Raises
    ------
    ValueError
        A frame, dtype, format, compression or unit is not known.
    TypeError
        velocity or sunlit is not a truth value.
    """

    frame: Frame = "teme"
    velocity: bool = True
    sunlit: bool = False
    dtype: DType = "float64"
    format: FileFormat = "arrow"
    compression: Compression | None = None
    timestamp_unit: TimestampUnit = "ns"

    def __post_init__(self) -> None:
        """Check the values, and choose the compression if it is not given."""
        for name, flag in (("velocity", self.velocity), ("sunlit", self.sunlit)):
            if flag not in (True, False):
                raise TypeError(f"{name} must be True or False, not {flag!r}")
            object.__setattr__(self, name, bool(flag))  # numpy's truth values are no JSON
        for name, value, known in (
            ("frame", self.frame, FRAMES),
            ("dtype", self.dtype, DTYPES),
            ("format", self.format, FORMATS),
            ("timestamp_unit", self.timestamp_unit, TIMESTAMP_UNITS),
        ):
            if value not in known:
                listed = f"{', '.join(known[:-1])} or {known[-1]}"
                raise ValueError(f"{name} {value!r} is not known: use {listed}")
        if self.compression is None:
            object.__setattr__(self, "compression", DEFAULT_COMPRESSION[self.format])
        if self.compression not in COMPRESSIONS:
            raise ValueError(
                f"compression {self.compression!r} is not known: use {', '.join(COMPRESSIONS)}"
            )
