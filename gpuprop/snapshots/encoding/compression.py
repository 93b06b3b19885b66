"""The settings of the compression, for both formats. Every file of a run uses them."""

import pyarrow as pa

from ..options import SnapshotOptions


def ipc_options(options: SnapshotOptions) -> pa.ipc.IpcWriteOptions:
    """Return the settings for IPC files."""
    compression = None if options.compression == "none" else options.compression
    return pa.ipc.IpcWriteOptions(compression=compression)


def parquet_options(options: SnapshotOptions) -> dict[str, object]:
    """Return the settings for Parquet files, as arguments of pyarrow's ParquetWriter."""
    return {"compression": options.compression}
