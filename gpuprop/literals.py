"""The words that options take, as types. They need no numpy, so that help can list them quickly."""

from typing import Literal, TypeAlias

Frame: TypeAlias = Literal["teme", "pef", "itrs", "gcrs", "geodetic"]
Scale: TypeAlias = Literal["utc", "tai", "tt", "gps"]
# one GPU alone is text: "cuda:0", "cuda:1", ...
Engine: TypeAlias = Literal["auto", "numpy", "cpu", "cuda"] | str
OpsMode: TypeAlias = Literal["i", "a"]
Precision: TypeAlias = Literal["exact", "mixed"]
DType: TypeAlias = Literal["float64", "float32"]
FileFormat: TypeAlias = Literal["arrow", "parquet"]
Compression: TypeAlias = Literal["none", "lz4", "zstd"]
TimestampUnit: TypeAlias = Literal["ns", "us"]
