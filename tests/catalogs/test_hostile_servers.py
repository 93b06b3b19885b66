"""Downloads from hostile or broken servers: slow phases, wrong lengths, terminal escapes, echoed
secrets.
"""

import base64
import gzip
import json
import os
import re
import signal
import socket
import threading
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from celestrak_answers import CSV, NO_GROUP, NOT_UPDATED, TLE
from hostile_server import (
    HostileServer,
    a_byte_at_a_time,
    endless,
    says,
    stays,
    tls_context,
    trickles,
    tunnels,
)
from hypothesis import given
from hypothesis import strategies as st
from patience import PATIENCE_S

from gpuprop import read_elements
from gpuprop.__main__ import main
from gpuprop.catalogs.celestrak import _Cache, address, cache_folder, fetch
from gpuprop.catalogs.http import DownloadError, RefusedError, download
from gpuprop.catalogs.read.ending import unfinished
from gpuprop.catalogs.read.source import load
from gpuprop.catalogs.urls import ForeignText, checked_url
from gpuprop.catalogs.write import write_elements
from gpuprop.files.addresses import shown_url
from gpuprop.messages import printable

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
SECRET, SIGNATURE, PROXY_PASSWORD = "tok3nOfMine", "s1gn/ature+of mine", "pr0xyPassw%2Frd"
QUERY = f"token={SECRET}&GROUP=qianfan&sig=s1gn%2Fature%2Bof+mine"


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No proxy, an empty cache; every thread of a download ends, and is waited for with a limit:
    without it a test would hang, not fail.
    """
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("gpuprop.catalogs.http.EXTRA_S", 0.05)
    join = threading.Thread.join

    def limited(thread: threading.Thread, timeout: float | None = None) -> None:
        if timeout is None and thread.name == "gpuprop-download":
            join(thread, 1.0)  # time to connect: the end of the exchange then ends the thread
            pytest.fail("a download is waited for without a limit")
        join(thread, timeout)

    monkeypatch.setattr(threading.Thread, "join", limited)
    yield
    for thread in threading.enumerate():
        if thread.name == "gpuprop-download":
            thread.join(PATIENCE_S)
            assert not thread.is_alive()


def length(body: bytes, less: int = 0) -> bytes:
    return b"Content-Length: %d\r\n" % (len(body) - less)


# --- the deadline ---
SLOW = {
    "nothing at all": stays(),
    "the status line": trickles(b"", a_byte_at_a_time(b"HTTP/1.1 200 ")),
    "headers": trickles(OK, a_byte_at_a_time(b"Server: ")),
    "header lines without end": trickles(OK, endless(b"Server: x")),
    "the body": trickles(OK + length(b"x" * 10**9) + b"\r\n", a_byte_at_a_time(CSV)),
    "a body without a length": trickles(OK + b"\r\n", a_byte_at_a_time(CSV)),
    "the size of a chunk": trickles(CHUNKED, a_byte_at_a_time(b"00000", b"0")),
    "a chunk": trickles(CHUNKED + b"10000\r\n", a_byte_at_a_time(CSV)),
    "trailers without end": trickles(CHUNKED + b"3\r\nabc\r\n0\r\n", endless(b"Server: x\r\n")),
    "continue": trickles(b"", endless(b"HTTP/1.1 100 Continue\r\n\r\n")),
    "continue, a byte at a time": trickles(
        b"", a_byte_at_a_time(b"HTTP/1.1 100 Continue\r\n\r\n" * 20)
    ),
    "continue, at full speed": trickles(b"", endless(b"HTTP/1.1 100 Continue\r\n\r\n" * 100), 0.0),
}


@pytest.mark.parametrize("phase", SLOW)
def test_the_deadline_holds_in_every_phase(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, phase: str
) -> None:
    monkeypatch.setattr("gpuprop.catalogs.http.DEADLINE_S", 0.4)
    with HostileServer(SLOW[phase]) as server:
        url = f"{server.address}/x.csv"
        with pytest.raises(
            DownloadError,
            match=(
                rf"{server.host} (has not given its whole answer|did not answer) within 0\.4 s "
                rf"\({url}\): try"
            ),
        ):
            fetch(url, tmp_path / "x.csv")
        # it was left, not only given up; a full pipe hides that from it
        assert "full speed" in phase or server.left.wait(PATIENCE_S)
        with _Cache(url).locked(lambda text: pytest.fail(f"the lock is still held: {text}")):
            pass
    assert not (tmp_path / "x.csv").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    "phase", ["the handshake", "the body", "a proxy's answer", "a proxy's headers"]
)
def test_the_deadline_holds_over_tls_and_through_a_proxy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, phase: str
) -> None:
    monkeypatch.setattr("gpuprop.catalogs.http.DEADLINE_S", 0.6)
    context, certificate = tls_context(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    if phase == "the body":
        server = HostileServer(
            trickles(OK + length(b"x" * 10**9) + b"\r\n", a_byte_at_a_time(CSV)), context
        )
    elif phase == "the handshake":
        hello = trickles(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc", endless(b"\0"))
        server = HostileServer(
            lambda connection: (connection.recv(1 << 16), hello(connection)), asks_first=False
        )
    else:
        begin = b"HTTP/1.1 200 OK\r\n" if phase == "a proxy's headers" else b""
        server = HostileServer(
            trickles(
                begin, endless(b"Server: x\r\n") if begin else a_byte_at_a_time(b"HTTP/1.1 200 ")
            )
        )
        monkeypatch.setenv("https_proxy", f"http://{server.host}")
    with (
        server,
        pytest.raises(
            DownloadError, match=r"(has not given its whole answer|did not answer) within 0\.6 s"
        ),
    ):
        download(f"https://{server.host}/x.csv", PATIENCE_S)


def test_the_deadline_holds_while_a_host_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    found = threading.Event()

    def slow(*_: object) -> None:
        found.wait(PATIENCE_S)
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr("socket.getaddrinfo", slow)
    monkeypatch.setattr("gpuprop.catalogs.http.DEADLINE_S", 0.2)
    try:
        with pytest.raises(
            DownloadError, match=r"slow\.example has not given its whole answer within 0\.2 s"
        ):
            download("http://slow.example/x.csv", PATIENCE_S)
    finally:
        found.set()


def test_a_connection_that_is_made_after_the_deadline_is_not_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    late, real = threading.Event(), socket.getaddrinfo

    def slow(*arguments: object, **options: object) -> object:
        late.wait(PATIENCE_S)
        return real(*arguments, **options)

    monkeypatch.setattr("socket.getaddrinfo", slow)
    monkeypatch.setattr("gpuprop.catalogs.http.DEADLINE_S", 0.2)
    with HostileServer(says(OK + length(CSV) + b"\r\n" + CSV)) as server:
        with pytest.raises(DownloadError, match=r"within 0\.2 s"):
            download(f"{server.address}/x.csv", PATIENCE_S)
        late.set()
        assert server.left.wait(PATIENCE_S)
        assert server.requests == [b""]


def test_the_text_of_a_refusal_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The status is enough: it is remembered for two hours like any other refusal."""
    monkeypatch.setattr("gpuprop.catalogs.http.REFUSAL_S", 0.1)
    with HostileServer(trickles(b"HTTP/1.1 403 Forbidden\r\n\r\nNo", endless(b"!"))) as server:
        for _ in range(2):
            with pytest.raises(
                RefusedError,
                match=r"answers 403 Forbidden( \('No!*'\))?: it refuses this network address",
            ):
                fetch(f"{server.address}/x.csv", tmp_path / "x.csv")
        assert len(server.requests) == 1


def test_headers_without_end_at_full_speed(tmp_path: Path) -> None:
    for piece in (b"Server: x\r\n", b"x" * 1000):
        with (
            HostileServer(trickles(OK, endless(piece * 100), 0.0)) as server,
            pytest.raises(DownloadError, match="closed the connection too early"),
        ):
            download(f"{server.address}/x.csv", PATIENCE_S)


def test_a_body_without_end_at_full_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gpuprop.catalogs.http.MAX_BYTES", 1 << 20)
    chunks = ((CHUNKED, b"8\r\nabcdefg\n\r\n" * 1000), (CHUNKED + b"f" * 15 + b"\r\n", CSV * 100))
    for begin, piece in ((OK + b"\r\n", CSV * 100), *chunks):
        with (
            HostileServer(trickles(begin, endless(piece), 0.0)) as server,
            pytest.raises(DownloadError, match="sends more than 1,048,576 bytes"),
        ):
            download(f"{server.address}/x.csv", PATIENCE_S)


# --- the lock of the cache ---
def test_a_waiting_process_says_for_whom_and_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("gpuprop.catalogs.celestrak.WAIT_S", 0.2)
    url, said = "http://127.0.0.1:9/x.csv", []
    holder = "another process"
    with _Cache(url).locked(said.append):
        assert said == []
        with pytest.raises(
            DownloadError,
            match=rf"{holder} downloads the same, and has not finished within 0.2 s: .*\.lock",
        ):
            fetch(url, tmp_path / "x.csv", say=said.append)
        assert main(["fetch", url, "-o", str(tmp_path / "x.csv")]) == 1
        assert re.search(
            (
                rf"waiting for {holder}, which downloads the same, for at most 0\.2 "
                rf"s\ngpuprop: {holder}"
            ),
            capfd.readouterr().err,
        )
    assert len(said) == 1 and re.match(
        rf"waiting for {holder}, which downloads the same, for at most 0.2 s", said[0]
    )
    with pytest.raises(DownloadError, match="cannot be reached"):  # it is free again
        fetch(url, tmp_path / "x.csv")


def test_ctrl_c_ends_a_download_and_frees_the_lock(tmp_path: Path) -> None:
    def script(connection: socket.socket) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        connection.recv(1)

    with HostileServer(script) as server:
        url = f"{server.address}/x.csv"
        with pytest.raises(KeyboardInterrupt):
            fetch(url, tmp_path / "x.csv")
        assert server.left.wait(PATIENCE_S)
        with _Cache(url).locked(lambda text: pytest.fail(text)):
            pass


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"[" * 10_000,
        b'{"pid": "x"}',
        b'{"pid": 1, "host": "a\\u001b[2Jb"}',
        b"7",
        b"\0" * 100_000,
    ],
)
def test_a_strange_lock_is_no_obstacle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    monkeypatch.setattr("gpuprop.catalogs.celestrak.WAIT_S", 0.0)
    url, said = "http://127.0.0.1:9/x.csv", []
    cache = _Cache(url)
    with cache.locked(said.append):
        cache._lock.write_bytes(content)
        with pytest.raises(DownloadError, match="has not finished within") as raised:
            fetch(url, tmp_path / "x.csv")
        assert str(raised.value).isprintable()
    with pytest.raises(DownloadError, match="cannot be reached"):
        fetch(url, tmp_path / "x.csv")


def test_the_lock_is_not_held_while_the_file_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = []

    def look(path: Path, pieces: list[bytes]) -> int:
        with _Cache(url).locked(free.append):
            return 0

    monkeypatch.setattr("gpuprop.catalogs.celestrak.replace", look)
    with HostileServer(says(OK + length(CSV) + b"\r\n" + CSV)) as server:
        url = f"{server.address}/x.csv"
        fetch(url, tmp_path / "x.csv")
    assert free == []


def test_files_planted_in_the_cache(tmp_path: Path) -> None:
    """Pipes do not block, links are not followed, and a file that is not an answer is ignored."""
    with HostileServer(says(OK + length(CSV) + b"\r\n" + CSV)) as server:
        url = f"{server.address}/x.csv"
        cache = _Cache(url)
        cache.path.parent.mkdir(parents=True)
        os.mkfifo(cache.path)
        os.mkfifo(cache._refusal)
        assert cache.answer() is None and cache.refusal() is None
        (tmp_path / "victim").write_text("mine")
        cache._lock.symlink_to(tmp_path / "victim")
        with pytest.raises(DownloadError, match="cannot hold a cache"):
            fetch(url, tmp_path / "x.csv")
        cache._lock.unlink()
        assert (
            fetch(url, tmp_path / "x.csv").satellites == 2
            and (tmp_path / "victim").read_text() == "mine"
        )
        for note in (
            b"[" * 100_000,
            b"{}",
            b'{"said": [1]}',
            b"\xff",
            b'{"said": "' + b"x" * 100_000 + b'"}',
        ):
            cache._refusal.write_bytes(note)
            assert cache.refusal() is None or "[1]" in cache.refusal()
        cache._refusal.write_text(json.dumps({"said": "no\x1b[31m\n\u202e"}))
        assert cache.refusal().startswith(r"no\x1b[31m\n\u202e (0 s ago; ")


# --- the length of the answer ---
CODED = OK + b"Transfer-Encoding: %s\r\n\r\n"
TWICE = len(CSV), len(CSV)
IN_CHUNKS = b"%x\r\n" % len(CSV) + CSV + b"\r\n0\r\n\r\n"
ROW = len(CSV.splitlines(True)[-1])
CUT = {
    "too short, closed": (
        says(OK + b"Connection: close\r\n" + length(CSV, 70) + b"\r\n" + CSV),
        "sends more than the {less_70} bytes",
    ),
    "too short, kept open": (
        stays(OK + length(CSV, 70) + b"\r\n" + CSV),
        "sends more than the {less_70} bytes",
    ),
    "too short between records": (
        stays(OK + length(CSV, ROW) + b"\r\n" + CSV),
        "sends more than the {less_row} bytes",
    ),
    "too short and observed": (
        says(OK + length(CSV, 70) + b"\r\n" + CSV[:-70]),
        "cut short: it ends in the middle of a line",
    ),
    "too short and observed, kept open": (
        stays(OK + length(CSV, 70) + b"\r\n" + CSV[:-70]),
        "cut short: it ends in the middle of a line",
    ),
    "too long": (
        says(OK + length(CSV, -70) + b"\r\n" + CSV),
        "cut short: {whole} of {more_70} bytes",
    ),
    "none": (says(OK + b"\r\n" + CSV[:-2]), "cut short: it ends in the middle of a line"),
    "chunks": (
        says(CHUNKED + b"%x\r\n" % 400 + CSV[:400] + b"\r\n0\r\n\r\n"),
        "cut short: it ends in the middle of a line",
    ),
    "chunks without an end": (
        says(CHUNKED + b"%x\r\n" % len(CSV) + CSV + b"\r\n"),
        "cut short: the connection ended",
    ),
    "a chunk of negative size": (
        says(CHUNKED + b"-5\r\n" + CSV),
        "cut short: the connection ended",
    ),
    "packed": (
        says(OK + b"\r\n" + gzip.compress(CSV[:-70])),
        "cut short: it ends in the middle of a line",
    ),
    "packed and cut": (
        says(OK + b"\r\n" + gzip.compress(CSV)[:-9]),
        "gzip data that ends too early",
    ),
    "too long, twice": (
        says(OK + b"Content-Length: %d, %d\r\n\r\n" % TWICE + CSV[:-ROW]),
        "cut short: {cut_row} of {whole} bytes",
    ),
    "too long, in two headers": (
        says(OK + 2 * length(CSV) + b"\r\n" + CSV[:-ROW]),
        "cut short: {cut_row} of {whole} bytes",
    ),
    "two lengths": (
        says(OK + b"Content-Length: 1, 2\r\n\r\n" + CSV),
        "has the Content-Length '1, 2', which is not one number",
    ),
    "two lengths in two headers": (
        says(OK + length(CSV) + length(CSV, 1) + b"\r\n" + CSV),
        "which is not one number",
    ),
    "a length and nothing": (
        says(OK + b"Content-Length: 1,\r\n\r\n" + CSV),
        "which is not one number",
    ),
    "a negative length": (
        says(OK + b"Content-Length: -5\r\n\r\n" + CSV),
        "has the Content-Length '-5', which is not one number",
    ),
    "a length with a sign": (
        says(OK + b"Content-Length: +%d\r\n\r\n" % len(CSV) + CSV),
        "which is not one number",
    ),
    "a length without end": (
        says(OK + b"Content-Length: " + b"9" * 5001 + b"\r\n\r\n" + CSV),
        "which is not one number",
    ),
    "an empty length": (
        says(OK + b"Content-Length:\r\n\r\n" + CSV),
        "has the Content-Length '', which is not one number",
    ),
    "two encodings": (
        says(CODED % b"identity, chunked" + IN_CHUNKS),
        "transfer encoding 'identity, chunked', which is not 'chunked'",
    ),
    "two encodings in two headers": (
        says(CODED % b"chunked\r\nTransfer-Encoding: identity" + IN_CHUNKS),
        "which is not 'chunked'",
    ),
    "chunked twice": (says(CODED % b"chunked, chunked" + IN_CHUNKS), "which is not 'chunked'"),
    "chunked with a blank": (says(CODED % b"chunked\t " + IN_CHUNKS), "which is not 'chunked'"),
    "another encoding": (
        says(CODED % b"gzip" + CSV),
        "has the transfer encoding 'gzip', which is not 'chunked'",
    ),
    "no header": (
        says(OK + b"Content-Length : %d\r\n\r\n" % len(CSV) + CSV[:-ROW]),
        "has a line in its headers that is not a header",
    ),
    "nothing": (says(OK + b"Content-Length: 0\r\n\r\n"), "is empty"),
    "nothing, it says": (
        stays(OK + b"Content-Length: 0\r\n\r\n" + CSV),
        "sends more than the 0 bytes",
    ),
}


@pytest.mark.parametrize("what", CUT)
def test_an_answer_that_is_cut_is_an_error(tmp_path: Path, what: str) -> None:
    script, reason = CUT[what]
    (tmp_path / "x.csv").write_text("what was there")
    said = reason.format(
        less_70=len(CSV) - 70,
        less_row=len(CSV) - ROW,
        cut_row=len(CSV) - ROW,
        whole=len(CSV),
        more_70=len(CSV) + 70,
    )
    with HostileServer(script) as server, pytest.raises(DownloadError, match=said):
        fetch(f"{server.address}/x.csv", tmp_path / "x.csv")
    assert (tmp_path / "x.csv").read_text() == "what was there"
    assert [path.suffix for path in cache_folder().iterdir()] == [".lock"]


@pytest.mark.parametrize(
    "script",
    [
        says(OK + length(CSV) + b"\r\n" + CSV),
        stays(OK + length(CSV) + b"\r\n" + CSV),
        stays(OK + b"Connection: close\r\n" + length(CSV) + b"\r\n" + CSV),
        says(b"HTTP/1.0 200 OK\r\n\r\n" + CSV),
        says(
            CHUNKED
            + b"a;x=y\r\n"
            + CSV[:10]
            + b"\r\n"
            + b"%x\r\n" % (len(CSV) - 10)
            + CSV[10:]
            + b"\r\n0\r\nTrailer: x\r\n\r\n"
        ),
        stays(CHUNKED + b"%x\r\n" % len(CSV) + CSV + b"\r\n0\r\n\r\n"),
        says(
            CHUNKED.replace(b"\r\n\r\n", b"\r\nContent-Length: 3\r\n\r\n")
            + b"%x\r\n" % len(CSV)
            + CSV
            + b"\r\n0\r\n\r\n"
        ),
        says(b"HTTP/1.1 100 Continue\r\nServer: x\r\n\r\n" * 3 + OK + length(CSV) + b"\r\n" + CSV),
        says(
            OK + b"Content-Length: %d , %d\r\n" % (len(CSV), len(CSV)) + length(CSV) + b"\r\n" + CSV
        ),
        says(
            CHUNKED.replace(b"chunked", b"Chunked") + b"%x\r\n" % len(CSV) + CSV + b"\r\n0\r\n\r\n"
        ),
        trickles(OK + length(CSV) + b"\r\n", iter([CSV[:100], CSV[100:300], CSV[300:]])),
    ],
)
def test_good_answers_in_every_form(
    tmp_path: Path, script: Callable[[socket.socket], None]
) -> None:
    with HostileServer(script) as server:
        assert fetch(f"{server.address}/x.csv", tmp_path / "x.csv").satellites == 2
    assert (tmp_path / "x.csv").read_bytes() == CSV
    request = server.requests[0].decode()
    assert "\r\nAccept-Encoding: identity\r\n" in request and "\r\nConnection: close\r\n" in request


def test_content_encodings(tmp_path: Path) -> None:
    """Servers label files that end in .gz as gzip: they are kept unchanged, and unpacked within the
    limits of every catalogue.
    """
    packed = gzip.compress(CSV)
    with HostileServer(
        says(OK + b"Content-Encoding: x-gzip\r\n" + length(packed) + b"\r\n" + packed)
    ) as server:
        assert fetch(f"{server.address}/x.csv.gz", tmp_path / "x.csv").satellites == 2
    server = HostileServer(says(OK + b"Content-Encoding: b\x1b[31mr\r\n\r\n" + CSV))
    with (
        server,
        pytest.raises(
            DownloadError,
            match=r"has the content encoding 'b\\\\x1b\[31mr', which was not asked for",
        ),
    ):
        fetch(f"{server.address}/x.csv", tmp_path / "y.csv")
    bomb = gzip.compress(b"\n" * (65 << 20), 9)
    server = HostileServer(says(OK + b"Content-Encoding: gzip\r\n" + length(bomb) + b"\r\n" + bomb))
    with (
        server,
        pytest.raises(
            DownloadError,
            match=r"unpacks to over 200 times its size|begins with nothing but blanks",
        ),
    ):
        fetch(f"{server.address}/x.csv", tmp_path / "y.csv")


@pytest.mark.slow
@pytest.mark.parametrize("form", ["csv", "json", "kvn", "xml", "tle", "3le"])
def test_every_cut_within_a_record_is_found(tmp_path: Path, form: str) -> None:
    """Each beginning of a catalogue: the reader refuses it, or refuses its last record, or it ends
    where a record ends.
    """
    write_elements(read_elements(CSV), tmp_path / "whole", form)
    whole = (tmp_path / "whole").read_bytes().replace(b"\r\n", b"\n")
    _, kind, text = load(whole)
    assert unfinished(kind, text) == ""
    marks = {"csv": rb"(?=\n)", "kvn": rb"(?=\n)", "tle": rb"(?m)^2 .{67}", "3le": rb"(?m)^2 .{67}"}
    marked = [match.end() for match in re.finditer(marks.get(form, rb"\Z"), whole)]
    ends = {*marked, *(end + 1 for end in marked), len(whole), len(whole.rstrip())}
    for at in sorted(
        {
            *range(0, len(whole), 11),
            *range(len(whole) - 120, len(whole)),
            *(end - 1 for end in ends),
            *ends,
        }
    ):
        try:
            _, kind, text = load(whole[:at])
            read_elements(whole[:at], on_error="skip")
        except ValueError:
            continue
        assert unfinished(kind, text) or at in ends, whole[:at][-80:]


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        (TLE, True),
        (TLE.rstrip(), True),
        (TLE + b"# a comment\n", True),
        (TLE + b"ISS (ZARYA)\n", False),
        (TLE + TLE.splitlines(True)[0], False),
        (TLE[:-5], False),
        (CSV.rstrip(), False),
        (CSV + b"\n\n  \n", True),
    ],
)
def test_where_a_catalogue_may_end(text: bytes, whole: bool) -> None:
    _, kind, loaded = load(text)
    assert (unfinished(kind, loaded) == "") == whole


# --- proxies and addresses ---
def test_proxies_still_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context, certificate = tls_context(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    login = base64.b64encode(b"me:pr0xyPassw/rd").decode()
    with (
        HostileServer(says(OK + length(CSV) + b"\r\n" + CSV), context) as secure,
        HostileServer(stays()) as proxy,
    ):
        assert fetch(f"{secure.address}/a.csv", tmp_path / "a.csv").satellites == 2
        proxy.script = tunnels()(proxy)
        monkeypatch.setenv("https_proxy", f"http://me:{PROXY_PASSWORD}@{proxy.host}")
        assert fetch(f"{secure.address}/b.csv", tmp_path / "b.csv").satellites == 2
        assert (
            proxy.requests[-1].startswith(f"CONNECT {secure.host} HTTP/1".encode())
            and login.encode() in proxy.requests[-1]
        )
        assert len(secure.requests) == 2 and login.encode() not in secure.requests[-1]
        proxy.script = says(OK + length(CSV) + b"\r\n" + CSV)
        monkeypatch.setenv("http_proxy", f"http://me:{PROXY_PASSWORD}@{proxy.host}")
        assert fetch("http://some.example/c.csv", tmp_path / "c.csv").satellites == 2
        assert (
            proxy.requests[-1].startswith(b"GET http://some.example/c.csv HTTP/1.1\r\n")
            and login.encode() in proxy.requests[-1]
        )
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        assert fetch(f"{secure.address}/d.csv", tmp_path / "d.csv").satellites == 2
        assert len(proxy.requests) == 2


def test_a_certificate_that_nobody_trusts(tmp_path: Path) -> None:
    context, _ = tls_context(tmp_path)
    server = HostileServer(says(OK + length(CSV) + b"\r\n" + CSV), context)
    with server, pytest.raises(DownloadError, match="no valid certificate for a secure connection"):
        download(f"{server.address}/x.csv", PATIENCE_S)


def test_an_ipv6_address_and_ports(tmp_path: Path) -> None:
    assert address("http://[::1]:8080/x") == "http://[::1]:8080/x"
    assert address("HTTPS://host:65535/x?a=b#part") == "HTTPS://host:65535/x?a=b"
    try:
        listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        return  # this machine has no IPv6
    with HostileServer(says(OK + length(CSV) + b"\r\n" + CSV)) as server:
        server._listener.close()
        server._listener = listener
        threading.Thread(target=server._accept, daemon=True).start()
        assert (
            fetch(f"http://[::1]:{listener.getsockname()[1]}/x.csv", tmp_path / "x.csv").satellites
            == 2
        )


REFUSED_ADDRESSES = (
    f"https://me:{SECRET}@host/x",
    f"https://{SECRET}@host/x",
    f"https://me:{SECRET}/more@host/x",
    f"https://me:{SECRET}?more@host/x",
    f"https://me:{SECRET}#more@host/x",
    f"https://host:{SECRET}/x",
    f"https://host:99999/x?token={SECRET}",
    f"https://host:0/x?token={SECRET}",
    f"https://[::1/x?token={SECRET}",
    f"https://host\\@{SECRET}/x",
    f"https:///x?token={SECRET}",
    f"https://ho st/?token={SECRET}",
    f"https://host/\r\nX-{SECRET}: y",
    f"https://host/\x00{SECRET}",
    f"https://host/é?token={SECRET}",
    f"https://host/?token={SECRET}" + "x" * 9000,
    f"ftp://me:{SECRET}@host/x",
    f"file:///x?token={SECRET}",
    f"data://x/{SECRET}",
    f"me:{SECRET}@host/x",
    f"https:/me:{SECRET}@host/x",
    f"host/x?token={SECRET}",
)


@pytest.mark.parametrize("url", REFUSED_ADDRESSES)
def test_a_refused_address_is_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], url: str
) -> None:
    with pytest.raises(ValueError, match=r"neither a group|cannot be fetched") as raised:
        fetch(url, tmp_path / "x.csv")
    assert SECRET not in told(raised.value)
    assert main(["fetch", url, "-o", str(tmp_path / "x.csv")]) == 2
    printed = capsys.readouterr()
    assert SECRET not in printed.err + printed.out and "Traceback" not in printed.err
    if "://" in url and "\0" not in url:
        monkeypatch.setenv("GPUPROP_CELESTRAK", url)
        with pytest.raises(
            ValueError, match="the value of GPUPROP_CELESTRAK cannot be fetched"
        ) as raised:
            fetch("active", tmp_path / "x.csv")
        assert SECRET not in told(raised.value)
    assert not cache_folder().exists()


@given(
    st.sampled_from(["http://", "https://", "HTTPS://", "//", "", "http:/", "ftp://"]),
    st.sampled_from(["host", "[::1]", "host:8080", "host:x", "a@b", ""]),
    st.sampled_from(["{}:x@", "x:{}@", "{}@", "x:{}/@", ""]),
    st.sampled_from(
        [
            "/p?{}",
            "/p?t={}",
            "?a=b&t={}&GROUP=x",
            "/p;x?GROUP=x;t={}",
            "/p#{}",
            "/p?={}",
            "/p?t={}#{}",
            "/p?%74={}",
            "?t=a={}",
        ]
    ),
    st.text("abcXYZ019%/+=?#@:&;. ", min_size=1, max_size=12),
)
def test_no_address_is_shown_with_its_secret(
    scheme: str, host: str, login: str, rest: str, more: str
) -> None:
    secret = f"S3cretS3cret{more}S3cret"
    url = scheme + login.format(secret) + host + rest.format(*[secret] * 2)
    try:
        checked_url(url)
    except ValueError as error:
        assert "S3cret" not in str(error)
    else:
        assert "@" not in re.split("[/?#]", url.partition("//")[2])[0]
        assert "S3cret" not in shown_url(url).partition("?")[2]


# --- what servers say ---
ESCAPES = "\x1b]0;title\x07\x1b[2J\x9b31m\u202e"
LATIN = ESCAPES[:-1].encode("latin-1")


def told(error: BaseException) -> str:
    """Everything that an exception says, and those that it came from."""
    pieces = ["".join(traceback.format_exception(error))]
    seen: list[BaseException | None] = [error]
    while seen:
        each = seen.pop()
        if each is not None:
            pieces += [str(each), repr(each), repr(each.args), *getattr(each, "__notes__", ())]
            seen += [each.__cause__, each.__context__]
    return "\n".join(pieces)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 403 No" + LATIN + b"\r\n\r\n" + ESCAPES.encode(),
        b"HTTP/1.1 500 No" + LATIN + b"\r\nContent-Length: 9\r\n\r\n" + ESCAPES.encode(),
        b"HTTP/1.1 404 " + b"x" * 10_000 + b"\r\n\r\n" + ESCAPES.encode() * 1000,
        b"HTTP/1.1 301 No" + LATIN + b"\r\nLocation: https://else" + LATIN + b"/\r\n\r\n",
        b"HTTP/1.1 302 No\r\nLocation: /else" + LATIN + b"\r\n x\r\n\r\n",
        b"HTTP/1.1 302 No\r\nLocation: http://[\r\n\r\n",
        b"HTTP/1.1 302 No\r\n\r\n",
        b"HTTP/1.1 206 No" + LATIN + b"\r\n\r\n",
        b"HTTP/1.1 103 No" + LATIN + b"\r\n\r\n",
        b"HTTP/1.1 2" + LATIN + b"\r\n\r\n",
        LATIN + b"\r\n\r\n",
        OK + LATIN + b"\r\n" * 2 + ESCAPES.encode(),
        OK + b"\r\n<html><title>" + ESCAPES.encode() + b"</title>",
        OK + b"\r\n" + b'{"error": "' + ESCAPES.encode() + b'"}',
        OK + b"\r\n" + b'[{"OBJECT_NAME": "x", "EPOCH": "' + ESCAPES.encode() + b'"}]',
        OK + b"\r\n" + TLE.replace(b"25544U 98067A", b"2554" + LATIN + b" 98"),
        OK + b"\r\n" + CSV.splitlines(True)[0] + b"a\x1b[2J," * 17 + b"\n",
        OK + b"\r\n" + NO_GROUP.replace(b"qianfam", ESCAPES.encode()),
    ],
)
def test_control_characters_of_a_server_are_escaped(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], answer: bytes
) -> None:
    with HostileServer(says(answer)) as server:
        for again in range(2):  # the second time from the note of a refusal, where it was one
            assert main(
                ["fetch", f"{server.address}/x.csv?GROUP=x", "-o", str(tmp_path / "x.csv")]
            ) in (1, 2)
            printed = capfd.readouterr()
            text = printed.out + printed.err
            assert (
                text.replace("\n", "").isprintable()
                and len(text) < 8000
                and "Traceback" not in text
            ), again
    for path in cache_folder().glob("*.refusal"):
        assert (
            printable(json.loads(path.read_text())["said"]) == json.loads(path.read_text())["said"]
        )


ECHO = (
    f"you asked for {QUERY} with {SECRET} and {SIGNATURE} and s1gn%2fature%2bof%20mine and "
    "s1gn/ature+of  mine"
).encode()
TRACES = (
    SECRET,
    SECRET.upper(),
    "s1gn",
    "of mine",
    "of+mine",
    "of%20mine",
    "pr0xyPassw",
    base64.b64encode(b"me:pr0xyPassw/rd").decode()[:-4],
)
# "of  mine" is the only form that is not looked for: a server that rewrites a secret cannot be
# stopped


def echoes() -> dict[str, Callable[[socket.socket], None]]:
    echo = ECHO.replace(b" and s1gn/ature+of  mine", b"")
    proxy = (
        b"Proxy-Authorization: Basic "
        + base64.b64encode(b"me:pr0xyPassw/rd")
        + b" pr0xyPassw/rd pr0xyPassw%2Frd"
    )
    cases = {
        f"{status}": says(
            f"HTTP/1.1 {status} ".encode() + echo + b"\r\nX: y\r\n\r\n" + echo + proxy
        )
        for status in (103, 206, 400, 401, 403, 404, 429, 500, 503)
    }
    cases |= {
        "moved": says(
            b"HTTP/1.1 301 "
            + echo
            + b"\r\nLocation: https://me:"
            + SECRET.encode()
            + b"@else/?"
            + QUERY.encode()
            + b"\r\n\r\n"
        ),
        "moved near": says(
            b"HTTP/1.1 301 No\r\nLocation: y?"
            + QUERY.encode()
            + b"&session="
            + SECRET.encode()
            + b"#"
            + SECRET.encode()
            + b"\r\n\r\n"
        ),
        "moved in the path": says(
            b"HTTP/1.1 301 No\r\nLocation: /y/" + SECRET.encode() + b"/z\r\n\r\n"
        ),
        "moved to a host": says(
            b"HTTP/1.1 301 No\r\nLocation: https://" + SECRET.encode() + b".example/y\r\n\r\n"
        ),
        "moved to a group": says(
            b"HTTP/1.1 301 No\r\nLocation: ?GROUP="
            + SECRET.encode()
            + b"&NAME=s1gn%2Fature%2Bof+mine\r\n\r\n"
        ),
        "status line": says(b"HTTP/1.1 " + echo + b"\r\n\r\n"),
        "no HTTP": says(echo),
        "header": says(OK + echo + b"\r\n" * 200),
        "encoding": says(OK + b"Content-Encoding: " + echo + b"\r\n\r\n"),
        "length": says(OK + b"Content-Length: " + echo + b"\r\n\r\n"),
        "transfer encoding": says(OK + b"Transfer-Encoding: " + echo + b"\r\n\r\n"),
        "page": says(OK + b"\r\n<html><title>" + echo + b"</title>"),
        "notice": says(OK + b"\r\nForbidden " + echo),
        # where the quotation is cut
        "far notice": says(OK + b"\r\nForbidden " + b"x" * (200 - 10 - 4) + SECRET.encode()),
        "packed notice": says(
            OK + b"\r\n" + gzip.compress(b"Forbidden " + b"x" * 186 + SECRET.encode())
        ),
        "JSON": says(OK + b"\r\n" + json.dumps({"error": echo.decode()}).encode()),
        "records": says(
            OK + b"\r\n" + json.dumps([{"OBJECT_NAME": echo.decode(), "EPOCH": SECRET}]).encode()
        ),
        "TLE": says(OK + b"\r\n" + TLE.replace(b"U 98067A", SECRET[:8].encode())),
        "no group": says(OK + b"\r\n" + NO_GROUP.replace(b"qianfam", SECRET.encode())),
        "not updated": says(
            OK
            + b"\r\n"
            + NOT_UPDATED.format("2026-11-24 00:00:00").replace("qianfan", SECRET).encode()
        ),
        "cut": says(OK + b"Content-Length: 999\r\n\r\n" + CSV),
        "cut in a line": says(OK + b"\r\n" + CSV[:-9]),
        "more": says(OK + b"Content-Length: 9\r\n\r\n" + CSV),
        "chunks": says(CHUNKED + echo + b"\r\n"),
        "silence": stays(),
        "closed": says(),
        "good": says(OK + length(CSV) + b"\r\n" + CSV),
    }
    return cases


@pytest.mark.parametrize("way", ["straight", "through a proxy", "from a mirror"])
@pytest.mark.parametrize("what", echoes())
def test_no_secret_is_told(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    what: str,
    way: str,
) -> None:
    """With and without errors: no secret is in messages, tracebacks, causes of exceptions, notes,
    JSON or the cache.
    """
    monkeypatch.setattr(
        "gpuprop.catalogs.http.DEADLINE_S", 0.2 if what == "silence" else PATIENCE_S
    )
    out = tmp_path / "x.csv"
    with HostileServer(echoes()[what]) as server:
        wanted = f"{server.address}/x.csv?{QUERY}"
        if way == "through a proxy":
            monkeypatch.setenv("http_proxy", f"http://me:{PROXY_PASSWORD}@{server.host}")
            wanted = f"http://some.example/x.csv?{QUERY}"
        else:
            monkeypatch.setenv("http_proxy", f"http://me:{PROXY_PASSWORD}@proxy.example")
            monkeypatch.setenv("no_proxy", "127.0.0.1")
        if way == "from a mirror":
            monkeypatch.setenv("GPUPROP_CELESTRAK", wanted)
            wanted = "qianfan"
        texts = []
        for _ in range(2):
            try:
                fetched = fetch(wanted, out)
                texts += [str(fetched), repr(fetched), json.dumps(fetched.to_dict())]
            except (DownloadError, ValueError) as error:
                assert what != "good", error
                texts.append(told(error))
        main(["fetch", wanted, "-o", str(out), "--json"])
        texts += capfd.readouterr()
    texts += [f"{path.name} {path.read_text()}" for path in cache_folder().iterdir()]
    for text in texts:
        for trace in TRACES:
            assert trace.lower() not in text.lower(), text
    assert out.exists() == (what == "good")


def test_a_proxy_that_refuses_and_addresses_that_are_not_a_proxy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    refusal = f"HTTP/1.1 407 {PROXY_PASSWORD} pr0xyPassw/rd {ESCAPES[:-1]}\r\n\r\n".encode(
        "latin-1"
    )
    with HostileServer(says(refusal)) as proxy:
        for setting in (
            f"http://me:{PROXY_PASSWORD}@{proxy.host}",
            f"http://me:{PROXY_PASSWORD}@host:{PROXY_PASSWORD}",
            f"me:{PROXY_PASSWORD}@",
            f"http://me:{PROXY_PASSWORD}@",
            f"http:me:{PROXY_PASSWORD}@{proxy.host}",
            f"socks5://me:{PROXY_PASSWORD}@{proxy.host}",
            f"http://m e\x1b:{PROXY_PASSWORD}@{proxy.host}",
            f"ftp://me:{PROXY_PASSWORD}@{proxy.host}",
            f"file://me:{PROXY_PASSWORD}@{proxy.host}/etc/passwd",
        ):
            monkeypatch.setenv("https_proxy", setting)
            monkeypatch.setenv("http_proxy", setting)
            for url in ("https://127.0.0.1:9/x.csv", "http://127.0.0.1:9/x.csv"):
                with pytest.raises(DownloadError) as raised:
                    fetch(url, tmp_path / "x.csv", timeout_s=20.0)
                assert "pr0xy" not in told(raised.value) and "\x1b" not in told(raised.value), (
                    setting
                )
                for note in cache_folder().glob("*.refusal"):
                    note.unlink()


@pytest.mark.parametrize("host", ["a..b", "a" * 64 + ".example"])
def test_what_is_no_host(tmp_path: Path, host: str) -> None:
    with pytest.raises(DownloadError, match="cannot be reached"):
        fetch(f"http://{host}/x.csv", tmp_path / "x.csv", timeout_s=20.0)


def test_foreign_text() -> None:
    foreign = ForeignText("https://host/?token=abcdef&pin=12&GROUP=qianfan")
    assert foreign.line("token ABCDEF of\r\n qianfan 12\x1b", 100) == r"token *** of qianfan 12\x1b"
    assert foreign.line("x" * 50, 10) == "x" * 7 + "..."
    assert foreign.may_be_in(b"xxabcdefxx") and not foreign.may_be_in(b"xxabcdexx")
    assert not ForeignText("https://host/?GROUP=qianfan").may_be_in(b"\x1f\x8b")
