"""Read a small file completely: only a regular file, and only up to a limit.

So a device, a pipe or a huge file costs no time and no memory.
"""

import os
import stat

KINDS = (
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISSOCK, "a socket"),
)


def os_flags(*names: str) -> int:
    """Combine the flags of os.open with these names, without those that this system lacks."""
    return sum(getattr(os, name, 0) for name in {*names, "O_BINARY"})


def read_small_file(path: str | os.PathLike[str], most: int, wanted: str) -> bytes:
    """Read all of a regular file.

    Parameters
    ----------
    path : str or path
        File; a symbolic link is followed.
    most : int
        Largest size in bytes; a larger file is refused before it is read.
    wanted : str
        What the file should be, for messages: "a TOML file of shells".

    Returns
    -------
    bytes
        Content; at most `most` bytes.

    Raises
    ------
    FileNotFoundError, PermissionError, OSError
        As from open(), with the name of the file.
    ValueError
        For a directory, a pipe, a device or a socket (they are not opened), for a name that no file
        can have, and for a larger file.
    """
    name = os.fspath(path)
    if "\0" in name:
        raise ValueError(f"{name!r} is not the name of a file: name {wanted}")
    _check(name, os.stat(name), most, wanted)
    # After the check a pipe may have replaced the file, and without O_NONBLOCK, opening a pipe
    # waits for its writer.
    with open(os.open(name, os_flags("O_RDONLY", "O_NONBLOCK", "O_NOCTTY")), "rb") as file:
        _check(name, os.fstat(file.fileno()), most, wanted)
        data = file.read(most + 1)
    if len(data) > most:  # files in /proc have no size, and a file may have grown
        raise _too_large(name, f"more than {most:,} bytes", most, wanted)
    return data


def _check(name: str, found: os.stat_result, most: int, wanted: str) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise ValueError(f"{name} is a directory: name {wanted} in it")
    if not stat.S_ISREG(found.st_mode):
        kind = next((kind for test, kind in KINDS if test(found.st_mode)), "something else")
        raise ValueError(
            f"{name} is {kind}, not a file: save its content as a file, and name {wanted}"
        )
    if found.st_size > most:
        raise _too_large(name, f"{found.st_size:,} bytes", most, wanted)


def _too_large(name: str, size: str, most: int, wanted: str) -> ValueError:
    return ValueError(f"{name} has {size}, and at most {most:,} bytes are read: name {wanted}")
