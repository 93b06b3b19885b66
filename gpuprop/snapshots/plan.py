"""The plan of a run: which rows go into which part and batch, and the schema of the parts.

A pure function of satellites, instants and options. The engine, threads, block size and host are
not in it, so every process that writes a part of a plan writes the same bytes.
"""

import json
import os
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import xxhash

from ..dataset.contents import Files
from ..dataset.shards import MOST_PARTS
from ..dataset.sink import digest_text
from ..elements.fields import OMM_FIELDS
from ..elements.sets import Elements, checked_elements
from ..frames import EarthOrientation, earth_orientation
from ..literals import (
    Compression,
    DType,
    FileFormat,
    Frame,
    OpsMode,
    Precision,
    TimestampUnit,
)
from ..messages import counted
from ..sgp4.gravity import gravity_model
from ..sgp4.mixed import precision_facts
from ..sgp4.model import Model
from ..states import position_unit
from ..time.durations import format_duration
from ..time.instants import format_ns
from ..time.times import Times, as_times
from ..time.units import MICROSECOND
from ..time.units import UNITS as DURATIONS
from ..typing import Instants
from ..version import __version__
from ..views import check_reach
from .contents import FOLDER, SATELLITES
from .layout import Layout
from .options import SnapshotOptions
from .schema import columns_of, row_bytes


def elements_digest(elements: Elements) -> str:
    """Compute a digest of element sets, which identifies them in plans and manifests.

    Parameters
    ----------
    elements : Elements
        The element sets. Their notes and rejected records are not part of the digest.

    Returns
    -------
    str
        `xxh3-128:` and 32 hexadecimal digits.

    Notes
    -----
    The digest is XXH3-128 over the fields in the order of OMM_FIELDS. A field is hashed as a line
    with its name, type and length, then its values, little endian. Texts are hashed as the number
    of UTF-8 bytes of each as uint64, then the bytes of all. So the hashed bytes of two different
    sets are never equal.
    """
    digest = xxhash.xxh3_128()
    for name, (dtype, _, _) in OMM_FIELDS.items():
        values = elements.fields[name]
        digest.update(f"{name} {dtype} {len(values)}\n".encode())
        if dtype == "object":
            texts = [text.encode() for text in values]
            digest.update(np.array([len(text) for text in texts], "<u8").tobytes())
            digest.update(b"".join(texts))
        else:
            digest.update(values.astype(values.dtype.newbyteorder("<")).tobytes())
    return digest_text(digest)


@dataclass(frozen=True, eq=False, repr=False)
class Plan:
    """What a run writes. plan_snapshots makes it.

    Parameters
    ----------
    elements : Elements
        The element sets, one for each satellite.
    times : Times
        The instants.
    options : SnapshotOptions
        The columns and the format of the files.
    model : Model
        The gravity model and the mode of SGP4.
    earth_orientation : str or None
        The source of the Earth orientation; None for the frame teme.
    layout : Layout
        Which rows go into which part and batch.
    """

    elements: Elements
    times: Times
    options: SnapshotOptions
    model: Model
    earth_orientation: str | None
    layout: Layout

    def __repr__(self) -> str:
        options = self.options
        return (
            f"<Plan: {counted(self.satellites, 'satellite')} at "
            f"{counted(self.instants, 'instant')}, {options.frame}, {options.dtype}, "
            f"{options.format}: {counted(self.rows, 'row')} in {counted(self.parts, 'part')}, "
            f"{decimal_bytes(self.bytes)} before compression>"
        )

    @property
    def satellites(self) -> int:
        """Number of satellites."""
        return self.layout.satellites

    @property
    def instants(self) -> int:
        """Number of instants."""
        return self.layout.instants

    @property
    def rows(self) -> int:
        """Number of rows: one for each satellite and instant."""
        return self.satellites * self.instants

    @property
    def parts(self) -> int:
        """Number of parts."""
        return self.layout.parts

    @property
    def row_bytes(self) -> int:
        """Number of bytes of a row, before compression."""
        return row_bytes(self.options)

    @property
    def bytes(self) -> int:
        """Number of bytes of all columns, before compression.

        Uncompressed IPC parts have about 800 bytes more for each batch.
        """
        return self.rows * self.row_bytes

    @property
    def coordinates(self) -> tuple[str, ...]:
        """Names of the floating-point columns."""
        return tuple(field.name for field in self.schema if pa.types.is_floating(field.type))

    @property
    def files(self) -> Files:
        """The names of the files."""
        return Files(FOLDER, SATELLITES, self.options.format, self.parts)

    @cached_property
    def metadata(self) -> dict[str, object]:
        """The metadata in the schema of every part: JSON under the key `gpuprop`."""
        step, options = self.times.step_ns, self.options
        facts: dict[str, object] = {
            "version": __version__,
            "model": "SGP4",
            "frame": options.frame,
            "time_scale": "UTC",
            "earth_orientation": self.earth_orientation,
            "gravity": self.model.gravity.name,
            "opsmode": self.model.opsmode,
            **precision_facts(self.model),
            "units": {"position": position_unit(options.frame)}
            | ({"velocity": "km/s"} if options.velocity else {}),
            "dtype": options.dtype,
            "velocity": options.velocity,
            "sunlit": options.sunlit,
            "elements": elements_digest(self.elements),
            "start": format_ns(self.times.start_ns) if step else None,
            "step": format_duration(step) if step else None,
            "satellites": self.satellites,
            "instants": self.instants,
            "rows": self.rows,
        }
        if not step:
            facts["times"] = digest_text(xxhash.xxh3_128(self.times.ns.astype("<i8").tobytes()))
        if options.timestamp_unit != "ns":  # plans of earlier versions have no unit
            facts["timestamp_unit"] = options.timestamp_unit
        if self.elements.notes:
            facts["notes"] = list(self.elements.notes)
        return facts

    @cached_property
    def schema(self) -> pa.Schema:
        """The schema of the parts. No column has nulls: a state that cannot be computed is NaN."""
        return columns_of(self.options).with_metadata({"gpuprop": json.dumps(self.metadata)})

    def to_dict(self) -> dict[str, object]:
        """Return the plan as the manifest records it. Equal plans write equal bytes.

        Returns
        -------
        dict
            The metadata, the format and compression of the files, and the layout.
        """
        return {
            **self.metadata,
            "format": self.options.format,
            "compression": self.options.compression,
            "parts": self.parts,
            "part_instants": self.layout.part_instants,
            "batch_instants": self.layout.batch_instants,
            "instant_batches": self.layout.instant_batches,
        }


def plan_snapshots(
    elements: Elements,
    times: Instants,
    frame: Frame = "teme",
    dtype: DType = "float64",
    velocity: bool = True,
    format: FileFormat = "arrow",
    *,
    compression: Compression | None = None,
    gravity: str = "wgs72",
    opsmode: OpsMode = "i",
    sunlit: bool = False,
    eop: str | os.PathLike[str] | EarthOrientation | None = None,
    part_bytes: int | None = None,
    timestamp_unit: TimestampUnit = "ns",
    precision: Precision = "exact",
) -> Plan:
    """Plan what write_snapshots would write. Nothing is computed or written.

    Parameters
    ----------
    elements : Elements
        The satellites.
    times : (n_times,) instants
        Anything that `as_times` takes. Instants in equal steps become a grid.
    frame : {"teme", "pef", "itrs", "gcrs", "geodetic"}
        The frame of positions (km) and velocities (km/s), as in write_snapshots.
    dtype : {"float64", "float32"}
        Type of positions and velocities.
    velocity : bool
        Write velocities too.
    format : {"arrow", "parquet"}
        Format of the files.
    compression : {"none", "lz4", "zstd"}, optional
        Compression of the files; by default none for arrow and zstd for parquet.
    gravity : {"wgs72", "wgs72old", "wgs84"}
        Gravity model of SGP4.
    opsmode : {"i", "a"}
        Mode of SGP4: improved, or that of the Air Force (AFSPC).
    sunlit : bool
        Write a column that says whether the Sun shines on the satellite.
    eop : path or EarthOrientation, optional
        Earth orientation, as in Propagator.
    part_bytes : int, optional
        Most bytes of a part before compression; by default 768 MB.
    timestamp_unit : {"ns", "us"}
        Unit of the timestamps in the files.
    precision : {"exact", "mixed"}
        Precision of the states, as in Propagator.

    Returns
    -------
    Plan
        The plan, with `satellites`, `instants`, `rows`, `parts`, `bytes` and `to_dict()`.

    Raises
    ------
    ValueError
        An option is not known; there are no satellites or no instants; the Earth orientation does
        not cover the instants; an instant or an epoch is not a whole number of microseconds, and
        the unit is us; or a directory cannot hold so many parts.
    """
    options = SnapshotOptions(frame, velocity, sunlit, dtype, format, compression, timestamp_unit)
    model = Model(gravity_model(gravity), opsmode, precision)
    return make_plan(elements, times, options, model, eop, part_bytes)


def make_plan(
    elements: Elements,
    times: Instants,
    options: SnapshotOptions,
    model: Model,
    eop: str | os.PathLike[str] | EarthOrientation | None = None,
    part_bytes: int | None = None,
) -> Plan:
    """Plan a run. Parameters and errors as in plan_snapshots."""
    bytes_of_a_row = row_bytes(options)  # refuses an unknown frame first
    times = as_grid(as_times(times))
    if not len(checked_elements(elements, "elements")):
        raise ValueError("there are no satellites to write: the element sets are empty")
    if not times.count:
        raise ValueError("there are no instants to write")
    if options.timestamp_unit == "us":
        _check_microseconds(elements, times)
    orientation = None if options.frame == "teme" else earth_orientation(eop)
    check_reach(times, options.frame, orientation, options.sunlit)
    plan = Plan(
        elements,
        times,
        options,
        model,
        None if orientation is None else orientation.described(times.edges),
        Layout.of(len(elements), times.count, bytes_of_a_row, part_bytes),
    )
    refuse_too_large(plan)
    return plan


def _check_microseconds(elements: Elements, times: Times) -> None:
    """Raise ValueError for an instant or an epoch that is not a whole number of microseconds."""
    advice = (
        "files with timestamps in us cannot hold it: use timestamp_unit='ns', or --timestamp ns"
    )
    # if the first two instants of a grid are whole, all are
    for ns in (times[:2] if times.is_grid else times).ns.tolist():
        if ns % MICROSECOND:
            raise ValueError(
                f"the instant {format_ns(ns)} is not a whole number of microseconds; {advice}"
            )
    epochs = elements.epoch.view(np.int64)
    finer = np.flatnonzero(epochs % MICROSECOND)
    if len(finer):
        first = finer[0]
        raise ValueError(
            f"the epoch {format_ns(int(epochs[first]))} of satellite {elements.sat_id[first]} is "
            f"not a whole number of microseconds; {advice}"
        )


def refuse_too_large(plan: Plan) -> None:
    """Raise ValueError for more than MOST_PARTS parts. It names a step or a duration that fits.

    Notes
    -----
    100,000 parts of 768 MB are 77 TB: twenty times a week of 100,000 satellites in steps of one
    second. The manifest is the reason for the limit. It lists every part, in about 400 bytes, and
    is written again after each part. At the limit that is 40 MB for each 768 MB, and the same in
    memory. The names of up to a million parts sort as text.
    """
    layout, step = plan.layout, plan.times.step_ns
    if layout.parts <= MOST_PARTS:
        return
    most = MOST_PARTS * layout.part_instants
    if step:
        shortest, longest = (
            _rounded(-(-layout.instants * step // most), up=True),
            _rounded(most * step, up=False),
        )
        fits = f"take a step of {shortest} or more, or a duration of {longest} or less"
    else:
        fits = f"take {most:,} instants or fewer"
    raise ValueError(
        f"{plan.satellites:,} satellites at {layout.instants:,} instants are "
        f"{decimal_bytes(plan.bytes)} in {layout.parts:,} parts, and a "
        f"directory holds at most {MOST_PARTS:,}: {fits}, or write several directories"
    )


def _rounded(ns: int, up: bool) -> str:
    """Round a duration to one significant digit, in the largest unit that is not longer."""
    unit = next(
        name for name in ("d", "h", "min", "s", "ms", "us", "ns") if DURATIONS[name] <= max(ns, 1)
    )
    count = -(-ns // DURATIONS[unit]) if up else ns // DURATIONS[unit]
    scale: int = 10 ** (len(str(count)) - 1)
    return f"{(-(-count // scale) if up else count // scale) * scale}{unit}"


def decimal_bytes(count: int) -> str:
    """Return a number of bytes in the largest decimal unit: `1.5 GB`."""
    units = ("bytes", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB")
    power = min((len(str(count)) - 1) // 3, len(units) - 1)
    return f"{count / 1000**power:,.1f} {units[power]}"


def as_grid(times: Times) -> Times:
    """Return the same instants, as a grid if they are two or more in equal steps forwards."""
    if times.is_grid or times.count < 2:
        return times
    ns = times.ns
    step = int(ns[1]) - int(ns[0])
    if step < 1 or int(ns[-1]) - int(ns[0]) != step * (times.count - 1):
        return times
    grid = Times.grid(int(ns[0]), step, times.count)
    return grid if grid == times else times
