"""The plan of a run: which rows go into which part and batch, under which schema. A pure function of satellites, instants and options.

Engine, threads, block size and host are not in it, so whoever writes a part of a plan writes the same bytes.
"""

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import xxhash

from .. import __version__
from ..clock import UNITS as DURATIONS
from ..clock import Times, as_times, format_duration, format_ns
from ..elements import OMM_FIELDS, Elements, checked_elements
from ..gravity import gravity_model
from ..model import Model
from ..orientation import EarthOrientation, earth_orientation
from ..snapshots import STATUS, SUNLIT, VELOCITY, check_reach, position_names
from .shards import MOST_PARTS

# Bytes of columns in a part. Compressed parts are held to it before compression: Parquet in float32, the smallest form, keeps 9 bytes of
# 25, so every form stays between 256 MB and 1 GB.
PART_BYTES = 768_000_000
BATCH_ROWS, MOST_BATCH_ROWS = 1 << 19, 1 << 20
FORMATS = ("arrow", "parquet")  # also the suffixes of the files
DTYPES = ("float64", "float32")
COMPRESSIONS = ("none", "lz4", "zstd")
DEFAULT_COMPRESSION = {"arrow": "none", "parquet": "zstd"}  # uncompressed IPC memory-maps
SPREAD = ("format", "compression", "parts", "part_instants", "batch_instants", "instant_batches")  # over files; not in the schema
PARTS = "snapshots"  # the directory of the parts
UNITS = {"lat": "deg", "lon": "deg", **dict.fromkeys(("x", "y", "z", "height"), "km"), **dict.fromkeys(VELOCITY, "km/s")}


def digest_text(digest: xxhash.xxh3_128) -> str:
    return f"xxh3-128:{digest.hexdigest()}"


def elements_digest(elements: Elements) -> str:
    """`xxh3-128:` and 32 hexadecimal digits over the element sets, in the order of OMM_FIELDS; notes and rejects do not count.

    Each field is its name, type and length in a line, then its values, little endian; text is the lengths of all values in UTF-8 bytes
    as uint64, then the values. So no two different sets share the bytes that are hashed.
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


@dataclass(frozen=True)
class Layout:
    """Where rows are: parts hold whole batches; a batch is `batch_instants` whole instants or, for more than 1 Mi satellites, one of the
    `instant_batches` slices of one instant."""

    satellites: int
    instants: int
    batch_instants: int
    instant_batches: int
    part_instants: int  # a multiple of batch_instants

    @staticmethod
    def of(satellites: int, instants: int, row_bytes: int, part_bytes: int | None = None) -> "Layout":
        """The layout of a run. Batches are 256 Ki to 1 Mi rows (a run's last may be smaller), parts at most part_bytes (PART_BYTES unless
        given) or one batch."""
        part_bytes = PART_BYTES if part_bytes is None else part_bytes
        instant_batches = -(-satellites // MOST_BATCH_ROWS)
        batch_instants = max(1, BATCH_ROWS // satellites)
        part_batches = max(1, part_bytes // (row_bytes * satellites * batch_instants))
        return Layout(satellites, instants, batch_instants, instant_batches, part_batches * batch_instants)

    @property
    def parts(self) -> int:
        return -(-self.instants // self.part_instants)

    def part(self, index: int) -> range:
        """The instants in part `index`."""
        first = index * self.part_instants
        return range(first, min(first + self.part_instants, self.instants))

    def instants_of(self, parts: range) -> range:
        """The instants in consecutive parts, found without a loop over the parts."""
        return range(self.part(parts[0]).start, self.part(parts[-1]).stop) if parts else range(0)

    def part_batches(self, index: int) -> int:
        """Batches in part `index`."""
        return -(-len(self.part(index)) // self.batch_instants) * self.instant_batches

    def satellite_slices(self) -> Iterator[slice]:
        """The satellites of the successive batches of one instant, or of a group of batch_instants."""
        return (self.satellite_slice(number) for number in range(self.instant_batches))

    def satellite_slice(self, number: int) -> slice:
        """The satellites of one of these batches."""
        width = -(-self.satellites // self.instant_batches)
        return slice(min(number * width, self.satellites), min((number + 1) * width, self.satellites))

    def find(self, instant: int) -> tuple[int, range, int]:
        """Where an instant is: part, batches of that part, and the row of its first satellite in the first of them."""
        part, within = divmod(instant, self.part_instants)
        batch, group = divmod(within, self.batch_instants)
        first = batch * self.instant_batches
        return part, range(first, first + self.instant_batches), group * self.satellites


@dataclass(frozen=True)
class Files:
    """The names of the files of a run, relative to its directory; `in` tells whether one of them has that name."""

    format: str
    parts: int

    @property
    def satellites(self) -> str:
        return f"satellites.{self.format}"

    def part(self, index: int) -> str:
        return f"{PARTS}/part-{index:06d}.{self.format}"

    def __contains__(self, name: str) -> bool:
        number = re.match(rf"{PARTS}/part-([0-9]{{6,18}})\.", name)
        return name == self.satellites or (number is not None and int(number[1]) < self.parts and name == self.part(int(number[1])))


@dataclass(frozen=True, eq=False)
class Plan:
    """What a run writes: satellites, instants and options, and the layout and schema that follow from them."""

    elements: Elements
    times: Times
    frame: str
    dtype: str
    velocity: bool
    format: str
    compression: str
    gravity: str
    opsmode: str
    sunlit: bool
    earth_orientation: str | None  # what turned the Earth in the frames other than teme
    layout: Layout

    @property
    def satellites(self) -> int:
        return self.layout.satellites

    @property
    def instants(self) -> int:
        return self.layout.instants

    @property
    def rows(self) -> int:
        return self.satellites * self.instants

    @property
    def parts(self) -> int:
        return self.layout.parts

    @property
    def row_bytes(self) -> int:
        return row_bytes(self.columns)

    @property
    def bytes(self) -> int:
        """Bytes of all columns: the size of uncompressed IPC parts but for about 800 bytes a batch; an upper bound for the others."""
        return self.rows * self.row_bytes

    @property
    def coordinates(self) -> tuple[str, ...]:
        """Names of the floating-point columns."""
        return tuple(field.name for field in self.columns if pa.types.is_floating(field.type))

    @cached_property
    def columns(self) -> list[pa.Field]:
        """The columns of a part."""
        return state_columns(self.frame, self.dtype, self.velocity, self.sunlit)

    @property
    def files(self) -> Files:
        return Files(self.format, self.parts)

    @cached_property
    def metadata(self) -> dict[str, Any]:
        """What travels in the schema of every part, as JSON under the key `gpuprop`."""
        step = self.times.step_ns
        facts: dict[str, Any] = {
            "version": __version__,
            "model": "SGP4",
            "frame": self.frame,
            "time_scale": "UTC",
            "earth_orientation": self.earth_orientation,
            "gravity": self.gravity,
            "opsmode": self.opsmode,
            "units": {"position": position_unit(self.frame)} | ({"velocity": "km/s"} if self.velocity else {}),
            "dtype": self.dtype,
            "velocity": self.velocity,
            "sunlit": self.sunlit,
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
        """Of the parts; no column has nulls: a state that cannot be computed is NaN."""
        return pa.schema(self.columns, metadata={"gpuprop": json.dumps(self.metadata)})

    def to_dict(self) -> dict[str, Any]:
        """The plan as it stands in the manifest: the metadata, and how it is spread over files. Equal plans write equal bytes."""
        return {
            **self.metadata,
            "format": self.format,
            "compression": self.compression,
            "parts": self.parts,
            "part_instants": self.layout.part_instants,
            "batch_instants": self.layout.batch_instants,
            "instant_batches": self.layout.instant_batches,
        }


def schema_of(plan: dict[str, Any]) -> pa.Schema:
    """The schema of the parts of a plan as it stands in the manifest (Plan.to_dict): Plan.schema, without opening a part."""
    columns = state_columns(plan["frame"], plan["dtype"], plan["velocity"], plan.get("sunlit", False))
    return pa.schema(columns, metadata={"gpuprop": metadata_text(plan)})


def metadata_text(plan: dict[str, Any]) -> str:
    """The value of the key `gpuprop` in the schema of every part of a plan."""
    return json.dumps({name: value for name, value in plan.items() if name not in SPREAD})


def satellites_text(plan: dict[str, Any]) -> str:
    """The value of the key `gpuprop` in the schema of the file of the satellites."""
    return json.dumps({name: plan[name] for name in ("version", "elements", "satellites", "notes") if name in plan})


def position_unit(frame: str) -> str:
    """Of the three columns of a position."""
    return "deg, deg, km" if frame == "geodetic" else "km"


def state_columns(frame: str, dtype: str, velocity: bool, sunlit: bool) -> list[pa.Field]:
    """The columns of a part. Velocities of geodetic positions are along the axes of ITRS."""
    real = pa.float64() if dtype == "float64" else pa.float32()
    frames = dict.fromkeys(position_names(frame), frame)
    if velocity:
        frames |= dict.fromkeys(VELOCITY, "itrs" if frame == "geodetic" else frame)
    columns = [
        pa.field("time", pa.timestamp("ns", "UTC"), nullable=False, metadata={"unit": "UTC"}),
        pa.field("sat_id", pa.int32(), nullable=False),
        *(pa.field(name, real, nullable=False, metadata={"unit": UNITS[name], "frame": of}) for name, of in frames.items()),
        pa.field("status", pa.uint8(), nullable=False, metadata={"codes": json.dumps(STATUS)}),
    ]
    if sunlit:
        columns.append(pa.field("sunlit", pa.uint8(), nullable=False, metadata={"codes": json.dumps(SUNLIT)}))
    return columns


def row_bytes(columns: list[pa.Field]) -> int:
    """Bytes of a row."""
    return sum(int(column.type.bit_width) for column in columns) // 8


def plan_snapshots(
    elements: Elements,
    times: Any,
    frame: str = "teme",
    dtype: str = "float64",
    velocity: bool = True,
    format: str = "arrow",
    *,
    compression: str | None = None,
    gravity: str = "wgs72",
    opsmode: str = "i",
    sunlit: bool = False,
    eop: str | os.PathLike[str] | EarthOrientation | None = None,
    part_bytes: int | None = None,
) -> Plan:
    """What write_snapshots would write, without computing or writing anything: `.satellites .instants .rows .parts .bytes`, `.to_dict()`.

    times: anything clock.as_times takes; instants in equal steps become a grid, however they are spelled. Other options as in
    write_snapshots and Propagator (eop); part_bytes (PART_BYTES unless given) is part of the plan. ValueError for an option that is not
    known, for no satellites, for no instants, for one that the Earth orientation does not reach, and for more than MOST_PARTS parts.
    """
    for name, value, known in (("dtype", dtype, DTYPES), ("format", format, FORMATS)):
        if value not in known:
            raise ValueError(f"{name} {value!r} is not known: use {' or '.join(known)}")
    compression = DEFAULT_COMPRESSION[format] if compression is None else compression
    if compression not in COMPRESSIONS:
        raise ValueError(f"compression {compression!r} is not known: use {', '.join(COMPRESSIONS)}")
    model = Model(gravity_model(gravity), opsmode)
    times = as_grid(as_times(times))
    if not len(checked_elements(elements, "elements")):
        raise ValueError("there are no satellites to write: the element sets are empty")
    if not times.count:
        raise ValueError("there are no instants to write")
    turning = None if frame == "teme" else earth_orientation(eop)
    check_reach(times, frame, turning, sunlit)
    turned = None if turning is None else turning.described(times.edges)
    layout = Layout.of(len(elements), times.count, row_bytes(state_columns(frame, dtype, velocity, sunlit)), part_bytes)
    written = (elements, times, frame, dtype, velocity, format, compression)
    plan = Plan(*written, gravity=model.gravity.name, opsmode=model.opsmode, sunlit=sunlit, earth_orientation=turned, layout=layout)
    refuse_too_large(plan)
    return plan


def refuse_too_large(plan: Plan) -> None:
    """ValueError for more than MOST_PARTS parts, with the step or the duration that fits.

    Notes
    -----
    100,000 parts of 768 MB are 77 TB, twenty times a week of 100,000 satellites at one second. The reason for the limit is the manifest. It
    lists every part (about 400 bytes for each) and is written again after each part: 40 MB for each 768 MB at the limit, and the same in
    memory. Ten times as many parts would be 768 TB, with a manifest of 400 MB. Names of parts sort as text up to a million.
    """
    layout, step = plan.layout, plan.times.step_ns
    if layout.parts <= MOST_PARTS:
        return
    most = MOST_PARTS * layout.part_instants
    if step:
        shortest, longest = _rounded(-(-layout.instants * step // most), up=True), _rounded(most * step, up=False)
        fits = f"take a step of {shortest} or more, or a duration of {longest} or less"
    else:
        fits = f"take {most:,} instants or fewer"
    raise ValueError(
        f"{plan.satellites:,} satellites at {layout.instants:,} instants are {decimal_bytes(plan.bytes)} in {layout.parts:,} parts, and a "
        f"directory holds at most {MOST_PARTS:,}: {fits}, or write several directories"
    )


def _rounded(ns: int, up: bool) -> str:
    """A duration rounded up or down to one digit other than zero, in the largest unit that is not longer than it."""
    unit = next(name for name in ("d", "h", "min", "s", "ms", "us", "ns") if DURATIONS[name] <= max(ns, 1))
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
