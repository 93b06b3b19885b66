"""Small files that are read completely (TOML, Earth orientation): limits, pipes, devices, hostile
TOML.
"""

import os
import threading
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from patience import PATIENCE_S

from gpuprop.__main__ import main
from gpuprop.catalogs.sources import read_sources
from gpuprop.files.small_file import read_small_file
from gpuprop.filings import load_constellation
from gpuprop.filings.read import MAX_BYTES as MAX_TOML
from gpuprop.frames import earth_orientation
from gpuprop.frames.eop import MAX_BYTES as MAX_EOP

SHELL = (
    '[[shell]]\nid = "a"\naltitude_km = 550\ninclination_deg = 53\nplanes = 2\nsats_per_plane '
    "= 3\nraan_spread_deg = 360\nphasing = 1\n"
)

READERS: dict[str, tuple[Callable[[Path], object], int]] = {
    "TOML": (load_constellation, MAX_TOML),
    "a source": (lambda path: read_sources([str(path)]), MAX_TOML),
    "Earth orientation": (earth_orientation, MAX_EOP),
}


def failure(read: Callable[[Path], object], path: Path) -> BaseException:
    """What reading raises. A reader that blocks makes the test fail, not hang."""
    raised: list[BaseException] = []

    def attempt() -> None:
        try:
            read(path)
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(PATIENCE_S)
    assert not thread.is_alive(), "the reader waits"
    assert raised, "nothing was refused"
    return raised[0]


@pytest.fixture(params=READERS)
def reader(request: pytest.FixtureRequest) -> tuple[Callable[[Path], object], int]:
    return READERS[request.param]


def test_devices_pipes_and_directories_are_refused(
    tmp_path: Path, reader: tuple[Callable[[Path], object], int]
) -> None:
    read, _ = reader
    os.mkfifo(tmp_path / "pipe.toml")
    (tmp_path / "zero.toml").symlink_to("/dev/zero")
    (tmp_path / "folder.toml").mkdir()
    for name, kind in (
        ("pipe.toml", "a named pipe, not a file"),
        ("zero.toml", "a device, not a file"),
        ("folder.toml", "a directory"),
    ):
        error = failure(read, tmp_path / name)
        assert (
            type(error) is ValueError
            and f"{tmp_path / name} is {kind}" in str(error)
            and "name a " in str(error)
        )


def test_a_pipe_that_replaces_the_file_does_not_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").write_text("what was there before")
    before = os.stat(tmp_path / "file")
    monkeypatch.setattr("gpuprop.files.small_file.os.stat", lambda name: before)
    assert "is a named pipe" in str(
        failure(lambda path: read_small_file(path, 100, "a file"), tmp_path / "pipe")
    )


def test_a_large_file_is_refused_before_it_is_read(
    tmp_path: Path, reader: tuple[Callable[[Path], object], int]
) -> None:
    read, most = reader
    path = tmp_path / "sparse.toml"
    with path.open("wb") as file:
        file.truncate(1 << 30)
    tracemalloc.start()
    try:
        with pytest.raises(
            ValueError,
            match=f"{path} has 1,073,741,824 bytes, and at most {most:,} bytes are read: name a ",
        ):
            read(path)
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


def test_the_limit_holds_for_a_file_that_says_it_is_empty(tmp_path: Path) -> None:
    """Files of /proc have the size 0."""
    assert read_small_file("/proc/self/status", 1 << 20, "a file").startswith(b"Name:")
    with pytest.raises(
        ValueError, match="/proc/self/status has more than 10 bytes, and at most 10 bytes are read"
    ):
        read_small_file("/proc/self/status", 10, "a file")
    (tmp_path / "ten").write_bytes(b"0123456789")
    assert read_small_file(tmp_path / "ten", 10, "a file") == b"0123456789"
    with pytest.raises(ValueError, match="has 10 bytes, and at most 9"):
        read_small_file(tmp_path / "ten", 9, "a file")
    with pytest.raises(ValueError, match=r"'a\\x00b' is not the name of a file"):
        read_small_file("a\0b", 9, "a file")


def test_a_missing_file_is_still_an_oserror(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"none\.toml"):
        load_constellation(tmp_path / "none.toml")


HOSTILE_TOML = {
    "lists": "x = " + "[" * 100_000,
    "closed lists": "x = " + "[" * 5000 + "]" * 5000,
    "tables": "x = " + "{a = " * 50_000,
    "a long key": "a" + ".a" * 100_000 + " = 1",
    "a long key with blanks": '"a b" . ' * 50_000 + "c = 1",
    "a long header": "[a" + ".a" * 100_000 + "]",
    "a long inline key": "x = {a" + ".a" * 100_000 + " = 1}",
    "digits": "x = " + "1" * 100_000,
    "a million bytes of nothing": "\n" * MAX_TOML + " ",
    "no UTF-8": "id = '\udcff'",
    "the same shell often": SHELL * 2,
    "a shell often": SHELL + "[[constellation]]\nname = 'a'\nshells = [" + "'a'," * 200_000 + "]",
}


LONG_KEYS = ("a long key", "a long key with blanks", "a long header", "a long inline key")


@pytest.mark.parametrize("what", HOSTILE_TOML)
def test_hostile_toml_is_an_ordinary_error_with_the_name_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    if what in LONG_KEYS:  # the parser would take hours, so the test would hang, not fail
        monkeypatch.setattr(
            "gpuprop.filings.read.tomllib.loads",
            lambda text: pytest.fail("the parser gets a long key"),
        )
    path = tmp_path / "hostile.toml"
    path.write_bytes(HOSTILE_TOML[what].encode("utf-8", "surrogateescape"))
    error = failure(load_constellation, path)
    assert type(error) is ValueError and str(error).startswith(str(path)) and len(str(error)) < 1000


HOSTILE_VALUES = (
    "nan",
    "inf",
    "-inf",
    "-1",
    "true",
    "0x" + "f" * 5000,
    "1" + "0" * 400,
    "9223372036854775808",
    "1e999",
    "''",
    "'a\\u001b'",
    '"a\\nb"',
)
HOSTILE_VALUES += (
    "[]",
    "[[]]",
    "[" * 60 + "]" * 60,
    "{}",
    "{a.a.a = 1}",
    "1979-05-27",
    "'" + "x" * 10_000 + "'",
    "[" + "1," * 10_000 + "]",
)


@pytest.mark.parametrize(
    "key",
    [
        "id",
        "altitude_km",
        "inclination_deg",
        "planes",
        "sats_per_plane",
        "raan_spread_deg",
        "phasing",
        "note",
        "assumed",
        "no_key",
    ],
)
def test_every_value_of_a_shell_is_checked(tmp_path: Path, key: str) -> None:
    """A hostile value is either accepted (such as the note "nan") or a short ValueError that names
    the file.
    """
    lines = [line for line in SHELL.splitlines() if not line.startswith(f"{key} =")]
    path = tmp_path / "shell.toml"
    refused = 0
    for value in HOSTILE_VALUES:
        path.write_text("\n".join([*lines, f"{key} = {value}"]))
        try:
            assert load_constellation(path).elements().sat_id.size
        except ValueError as error:
            assert (
                str(path) in str(error) and len(str(error)) < 1000 and "\x1b" not in str(error)
            ), value
            refused += 1
    assert refused >= len(HOSTILE_VALUES) - 4


def test_the_command_line_says_which_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(tmp_path / "pipe.toml")
    (tmp_path / "deep.toml").write_text("x = " + "[" * 100_000)
    for arguments, says in (
        (
            ["propagate", str(tmp_path / "pipe.toml"), "--dry-run", "-o", str(tmp_path / "out")],
            "pipe.toml is a named pipe",
        ),
        (
            ["propagate", str(tmp_path / "deep.toml"), "--dry-run", "-o", str(tmp_path / "out")],
            "deep.toml: lists, tables or keys are nested",
        ),
        (
            [
                "propagate",
                "guowang",
                "--dry-run",
                "--frame",
                "itrs",
                "--eop",
                "/dev/zero",
                "-o",
                str(tmp_path / "out"),
            ],
            "/dev/zero is a device",
        ),
    ):
        assert main(arguments) in (1, 2)
        printed = capsys.readouterr()
        assert (
            says in " ".join(printed.err.split())
            and "Traceback" not in printed.err
            and printed.out == ""
        )
