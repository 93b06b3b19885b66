"""The plan of a run: which rows go into which part and batch, under which schema. A pure function
of satellites, instants and options.

Engine, threads, block size and host are not in it, so whoever writes a part of a plan writes the
same bytes.
"""

import json
import os
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import xxhash

from ..dataset.contents import Files
from ..dataset.shards import MOST_PARTS
from ..dataset.sink import digest_text
from ..elements.fields import OMM_FIELDS
from ..elements.sets import Elements, checked_elements
from ..frames import EarthOrientation, earth_orientation
from ..propagator import check_reach
from ..sgp4.gravity import gravity_model
from ..sgp4.model import Model
from ..states import position_unit
from ..time.durations import format_duration
from ..time.instants import format_ns
from ..time.times import Times, as_times
from ..time.units import UNITS as DURATIONS
from ..typing import Compression, DType, FileFormat, Frame, OpsMode
from ..version import __version__
from .contents import FOLDER, SATELLITES
from .layout import Layout
from .options import SnapshotOptions
from .schema import columns_of, row_bytes


def elements_digest(elements: Elements) -> str:
    """`xxh3-128:` and 32 hexadecimal digits over the element sets, in the order of OMM_FIELDS;
    notes and rejects do not count.

    Each field is its name, type and length in a line, then its values, little endian; text is the
    lengths of all values in UTF-8 bytes as uint64, then the values. So no two different sets share
    the bytes that are hashed.
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


@dataclass(frozen=True, eq=False)
class Plan:
    """What a run writes. Made by plan_snapshots.

    Attributes
    ----------
    elements : Elements
        The element sets, one for each satellite.
    times : Times
        The instants.
    options : SnapshotOptions
        What is written of each state, and the form of the files.
    model : Model
        The gravity model and SGP4's mode.
    earth_orientation : str or None
        What turns the Earth in the frames other than teme.
    layout : Layout
        Which rows go into which part and batch.
    """

    elements: Elements
    times: Times
    options: SnapshotOptions
    model: Model
    earth_orientation: str | None
    layout: Layout

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
        """Bytes of a row, before compression."""
        return row_bytes(self.options)

    @property
    def bytes(self) -> int:
        """Bytes of all columns. Uncompressed IPC parts have about 800 more for each batch; other
        parts are smaller.
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
    def metadata(self) -> dict[str, Any]:
        """What travels in the schema of every part, as JSON under the key `gpuprop`."""
        step, options = self.times.step_ns, self.options
        facts: dict[str, Any] = {
            "version": __version__,
            "model": "SGP4",
            "frame": options.frame,
            "time_scale": "UTC",
            "earth_orientation": self.earth_orientation,
            "gravity": self.model.gravity.name,
            "opsmode": self.model.opsmode,
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
        if self.elements.notes:
            facts["notes"] = list(self.elements.notes)
        return facts

    @cached_property
    def schema(self) -> pa.Schema:
        """The schema of the parts. No column has nulls: a state that cannot be computed is NaN."""
        return columns_of(self.options).with_metadata({"gpuprop": json.dumps(self.metadata)})

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as it stands in the manifest: the metadata, and how it is spread over
        files. Equal plans write equal bytes.
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
    times: object,
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
) -> Plan:
    """Plan what write_snapshots would write, without computing or writing anything.

    Parameters
    ----------
    elements : Elements
        The satellites.
    times : (n_times,) instants
        Anything that `as_times` takes. Instants in equal steps become a grid.
    frame, dtype, velocity, format, compression, sunlit
        As in write_snapshots.
    gravity, opsmode, eop
        As in Propagator.
    part_bytes : int, optional
        Bytes of a part before compression, 768 MB unless given.

    Returns
    -------
    Plan
        With `satellites`, `instants`, `rows`, `parts`, `bytes` and `to_dict()`.

    Raises
    ------
    ValueError
        For an option that is not known, for no satellites, for no instants, for instants that the
        Earth orientation does not reach, and for more parts than a directory holds.
    """
    options = SnapshotOptions(frame, velocity, sunlit, dtype, format, compression)
    model = Model(gravity_model(gravity), opsmode)
    return make_plan(elements, times, options, model, eop, part_bytes)


def make_plan(
    elements: Elements,
    times: object,
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


def refuse_too_large(plan: Plan) -> None:
    """ValueError for more than MOST_PARTS parts, with the step or the duration that fits.

    Notes
    -----
    100,000 parts of 768 MB are 77 TB, twenty times a week of 100,000 satellites at one second. The
    reason for the limit is the manifest. It lists every part (about 400 bytes for each) and is
    written again after each part: 40 MB for each 768 MB at the limit, and the same in memory. Ten
    times as many parts would be 768 TB, with a manifest of 400 MB. Names of parts sort as text up
    to a million.
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
    """A duration rounded up or down to one digit other than zero, in the largest unit that is not
    longer than it.
    """
    unit = next(
        name for name in ("d", "h", "min", "s", "ms", "us", "ns") if DURATIONS[name] <= max(ns, 1)
    )
    count = -(-ns // DURATIONS[unit]) if up else ns // DURATIONS[unit]
    scale: int = 10 ** (len(str(count)) - 1)
    return f"{(-(-count // scale) if up else count // scale) * scale}{unit}"


def decimal_bytes(count: int) -> str:
    """A number of bytes in the largest decimal unit: `1.5 GB`."""
    power = min((len(str(count)) - 1) // 3, 8)
    return f"{count / 1000**power:,.1f} {('bytes', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB', 'ZB', 'YB')[power]}"


def as_grid(times: Times) -> Times:
    """The same instants as a grid, where they are two or more in equal steps forwards."""
    if times.is_grid or times.count < 2:
        return times
    ns = times.ns
    step = int(ns[1]) - int(ns[0])
    if step < 1 or int(ns[-1]) - int(ns[0]) != step * (times.count - 1):
        return times
    grid = Times.grid(int(ns[0]), step, times.count)
    return grid if grid == times else times
