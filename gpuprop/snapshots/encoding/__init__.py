"""From states to the bytes of a part.

batches.py      blocks of states -> the rows of record batches
encode.py       record batches -> bytes, on threads
compression.py  the settings of the compression
parquet.py      one Parquet file of columns that were encoded separately
thrift.py       the footer of a Parquet file
part.py         a part, and the file of the satellites
"""
