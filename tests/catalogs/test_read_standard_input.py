"""SOURCE on the command line: standard input, and addresses, which are refused."""

import io
import json
import sys

import pytest
from reading_samples import as_tle

from gpuprop.__main__ import main
from gpuprop.catalogs.sources import SourceError, read_sources


@pytest.fixture
def piped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(as_tle())))


@pytest.mark.usefixtures("piped")
def test_standard_input_is_read(tmp_path, capsys):
    assert main(["info", "-", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["satellites"] == 33


@pytest.mark.usefixtures("piped")
def test_standard_input_among_others(tmp_path):
    (tmp_path / "a.tle").write_bytes(as_tle())
    assert main(["export", str(tmp_path / "a.tle"), "-", "-o", str(tmp_path / "both.csv")]) == 0
    assert (tmp_path / "both.csv").read_bytes().count(b"\n") == 1 + 66


def test_standard_input_is_read_once():
    with pytest.raises(SourceError, match="standard input can be read only once"):
        read_sources(["-", "-"])


@pytest.mark.parametrize(
    "url", ["https://me:secret@example.org/a.csv?token=secret", "https://example.org/my.toml"]
)
def test_an_address_names_fetch(url, tmp_path, capsys):
    assert main(["propagate", url, "-o", str(tmp_path / "out")]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "gpuprop fetch URL -o FILE" in said and "secret" not in said
    with pytest.raises(SourceError, match="is an address"):
        read_sources([url])


@pytest.mark.parametrize(
    "url",
    [
        "https://user:secret@example.org/active.csv?token=secret",
        "http://example.org/a.csv",
        "FTP://example.org/a",
    ],
)
def test_info_of_an_address(url, capsys):
    """An address is not opened as a directory of snapshots, and what may be a secret is not
    repeated.
    """
    assert main(["info", url]) == 2
    said = capsys.readouterr().err
    assert "gpuprop fetch" in said and "secret" not in said
