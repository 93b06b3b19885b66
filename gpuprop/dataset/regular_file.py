"""Read regular files of a directory that others may write, too. Links are not followed."""

import errno
import io
import os
import stat
from io import FileIO
from pathlib import Path

from ..files.small_file import os_flags


def open_regular(path: Path) -> FileIO:
    """Open a regular file for reading, without a buffer.

    OSError if it is something else: a link is not followed, and opening a pipe does not wait for
    its writer.
    """
    flags = os_flags("O_RDONLY", "O_NOFOLLOW", "O_NONBLOCK")
    try:
        file = open(path, "rb", buffering=0, opener=lambda name, _: os.open(name, flags))  # noqa: SIM115  # the caller closes it
    except OSError as error:
        if error.errno == errno.ELOOP:
            why = "it is a symbolic link, which is not followed here"
            raise OSError(errno.ELOOP, why, str(path)) from None
        raise
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "it is not a regular file", str(path))
    return file


def read_regular(path: Path, most: int) -> bytes:
    """Read a whole file. OSError if it has more than `most` bytes, or is not a regular file."""
    # read() of a raw file gives 2 GiB at most
    with open_regular(path) as raw, io.BufferedReader(raw) as file:
        data = file.read(min(most, os.fstat(file.fileno()).st_size) + 1)
    if len(data) > most:
        raise OSError(errno.EFBIG, f"it has more than {most:,} bytes", str(path))
    return data
