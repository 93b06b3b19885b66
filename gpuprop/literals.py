"""The words that options take, as types. They need no numpy, so that help can list them quickly."""

from typing import Literal

Frame = Literal["teme", "pef", "itrs", "gcrs", "geodetic"]
Scale = Literal["utc", "tai", "tt", "gps"]
Engine = Literal["auto", "numpy", "cpu", "cuda"]
OpsMode = Literal["i", "a"]
DType = Literal["float64", "float32"]
FileFormat = Literal["arrow", "parquet"]
Compression = Literal["none", "lz4", "zstd"]
