"""Parquet assembled from separately encoded columns is byte for byte what pyarrow writes."""

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from arrow_samples import GRID, contents, propagator, satellites, small_layout
from hypothesis import given, settings
from hypothesis import strategies as st

from gpuprop import open_snapshots, write_snapshots
from gpuprop.snapshots import plan_snapshots
from gpuprop.snapshots.encoding import parquet, thrift
from gpuprop.snapshots.encoding.encode import Form

FORMS = [
    dict(dtype=dtype, compression=compression, frame=frame, sunlit=sunlit, velocity=velocity)
    for dtype, compression in (
        ("float32", "zstd"),
        ("float64", "zstd"),
        ("float64", "none"),
        ("float32", "lz4"),
    )
    for frame, sunlit, velocity in (("teme", False, True), ("geodetic", True, False))
]


def by_pyarrow(plan, batches):
    """The file that pyarrow makes of record batches."""
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, plan.schema, **parquet.options(plan)) as writer:
        for batch in batches:
            writer.write_batch(batch)
    return sink.getvalue().to_pybytes()


def apart(plan, batches):
    """The file that gpuprop makes of them."""
    sink = io.BytesIO()
    encoder, writer = parquet.Encoder(plan), parquet.Writer(sink, plan)
    for batch in batches:
        writer.write(encoder(batch))
    writer.close()
    return sink.getvalue()


def batches_of(plan, sizes, seed=0, codes=(0,)):
    """Record batches of random bits, NaN and infinities among them; numbers and codes repeat as in
    files.
    """
    rng = np.random.default_rng(seed)
    found = []
    for size in sizes:
        arrays = []
        for field in plan.schema:
            width = field.type.bit_width // 8
            values = rng.integers(0, 256, (size, width), np.uint8)
            if field.name == "sat_id":
                values = np.arange(size, dtype=np.int32)
            elif pa.types.is_uint8(field.type):
                values = rng.choice(np.array(codes, np.uint8), size)
            elif field.name == "time":
                values = np.repeat(rng.integers(-(1 << 62), 1 << 62, size // 3 + 1), 3)[:size]
            arrays.append(
                pa.Array.from_buffers(
                    field.type, size, [None, pa.py_buffer(np.ascontiguousarray(values))]
                )
            )
        found.append(pa.RecordBatch.from_arrays(arrays, schema=plan.schema))
    return found


@pytest.mark.parametrize("form", FORMS, ids=lambda form: "-".join(map(str, form.values())))
def test_the_bytes_are_pyarrows(form):
    plan = plan_snapshots(satellites(), GRID, format="parquet", **form)
    assert parquet.matches_pyarrow(plan)
    batches = batches_of(plan, [500, 500, 131_072, 1, 77], codes=(0, 6, 10))
    assert apart(plan, batches) == by_pyarrow(plan, batches)


@settings(deadline=None, max_examples=60)
@given(
    sizes=st.lists(st.integers(1, 3000), min_size=1, max_size=20),
    seed=st.integers(0, 1000),
    codes=st.lists(st.integers(0, 255), min_size=1, max_size=4),
    form=st.sampled_from(FORMS),
)
def test_the_bytes_are_pyarrows_whatever_the_row_groups(sizes, seed, codes, form):
    plan = plan_snapshots(satellites(), GRID, format="parquet", **form)
    batches = batches_of(plan, sizes, seed, codes)
    assert apart(plan, batches) == by_pyarrow(plan, batches)


def test_a_file_of_more_than_fifteen_row_groups_and_none():
    """The length of a list takes another form from fifteen items on."""
    plan = plan_snapshots(satellites(), GRID, format="parquet")
    for count in (0, 14, 15, 16, 200):
        batches = batches_of(plan, [10] * count)
        assert apart(plan, batches) == by_pyarrow(plan, batches)


def test_columns_that_come_again_are_encoded_once(monkeypatch):
    plan = plan_snapshots(satellites(), GRID, format="parquet")
    encoded = []
    real = parquet.Encoder._encoded
    monkeypatch.setattr(
        parquet.Encoder,
        "_encoded",
        lambda self, field, column: encoded.append(field.name) or real(self, field, column),
    )
    apart(plan, batches_of(plan, [1000] * 10))
    assert {name: encoded.count(name) for name in plan.schema.names} == {
        name: 1 if name in ("sat_id", "status") else 10 for name in plan.schema.names
    }
    monkeypatch.setattr(parquet, "CACHED_CHUNKS", 0)
    encoded.clear()
    batches = batches_of(plan, [1000] * 3, codes=(0, 1, 2, 3))
    assert apart(plan, batches) == by_pyarrow(plan, batches)
    assert encoded.count("sat_id") == encoded.count("status") == 3


@pytest.mark.parametrize("broken", ["_shifted", "_footer"])
def test_a_parquet_that_is_not_known_is_left_to_pyarrow(tmp_path, monkeypatch, broken):
    """As if a pyarrow to come wrote its footers in another way."""
    small_layout(monkeypatch)
    write_snapshots(tmp_path / "known", propagator(), GRID, format="parquet", dtype="float32")

    def wrong(*arguments):
        if broken == "_footer":
            raise ValueError("type 14 is not one of a Parquet footer")
        return arguments[0]

    monkeypatch.setattr(parquet, broken, wrong)
    plan = plan_snapshots(satellites(), GRID, format="parquet", dtype="float32")
    assert not parquet.matches_pyarrow(plan)
    assert Form.of(plan).threads == 0
    write_snapshots(tmp_path / "unknown", propagator(), GRID, format="parquet", dtype="float32")
    assert contents(tmp_path / "unknown") == contents(tmp_path / "known")
    open_snapshots(tmp_path / "unknown").verify()


# --- Thrift ---
def test_a_footer_comes_back_byte_for_byte():
    """Also one with statistics, nested columns, key-value metadata and page indexes, which
    gpuprop's own files do not have.
    """
    table = pa.table(
        {
            "a": list(range(300)),
            "b": [{"c": "x" * 20, "d": [1.5, None]}] * 300,
            "e": [True, None, False] * 100,
        }
    )
    sink = io.BytesIO()
    pq.write_table(
        table,
        sink,
        row_group_size=10,
        write_page_index=True,
        sorting_columns=[pq.SortingColumn(0, descending=True)],
    )
    data = sink.getvalue()
    size = int.from_bytes(data[-8:-4], "little")
    footer = data[-8 - size : -8]
    struct = thrift.decode(footer)
    assert struct[parquet.NUM_ROWS] == (thrift.I64, 300)
    assert len(struct[parquet.ROW_GROUPS][1][1]) == 30
    assert thrift.encode(struct) == footer


values = st.recursive(
    st.one_of(
        st.tuples(st.just(thrift.TRUE), st.booleans()),
        st.tuples(
            st.sampled_from([thrift.I16, thrift.I32, thrift.I64]),
            st.integers(-(1 << 63), (1 << 63) - 1),
        ),
        st.tuples(st.just(thrift.DOUBLE), st.binary(min_size=8, max_size=8)),
        st.tuples(st.just(thrift.BINARY), st.binary(max_size=200)),
        st.tuples(
            st.just(thrift.LIST),
            st.tuples(st.just(thrift.I64), st.lists(st.integers(-100, 100), max_size=20)),
        ),
    ),
    lambda inner: st.tuples(
        st.just(thrift.STRUCT),
        st.dictionaries(st.integers(1, 40), inner, max_size=6).map(
            lambda held: dict(sorted(held.items()))
        ),
    ),
    max_leaves=20,
)


@given(
    st.dictionaries(st.integers(1, 300), values, max_size=8).map(
        lambda held: dict(sorted(held.items()))
    )
)
def test_any_structure_comes_back(struct):
    again = thrift.decode(thrift.encode(struct))
    assert thrift.encode(again) == thrift.encode(struct)

    def plain(value):
        return (
            {number: plain(held) for number, (_, held) in value.items()}
            if isinstance(value, dict)
            else value
        )

    assert plain(again) == plain(struct)


@given(st.binary(max_size=60))
def test_what_is_no_structure_is_an_error(data):
    try:
        struct = thrift.decode(data)
    except ValueError:
        return
    assert thrift.decode(thrift.encode(struct)) == struct


def test_a_structure_that_is_cut_off_or_goes_on_is_an_error():
    whole = thrift.encode(
        {
            1: (thrift.BINARY, b"abc"),
            2: (thrift.I64, 1 << 40),
            3: (thrift.LIST, (thrift.I32, [1, 2, 3])),
        }
    )
    for end in range(len(whole)):
        with pytest.raises(ValueError, match="cut off"):
            thrift.decode(whole[:end])
    with pytest.raises(ValueError, match="1 bytes follow"):
        thrift.decode(whole + b"\0")


def test_pyarrow_still_encodes_on_one_thread():
    """When this fails, pyarrow may be fast enough to make encoding/parquet.py needless.

    https://github.com/apache/arrow/issues/50866 asks for the argument.
    """
    schema = pa.schema([("x", pa.float64())])
    with pytest.raises(TypeError, match="use_threads"):
        pq.ParquetWriter(pa.BufferOutputStream(), schema, use_threads=True)
