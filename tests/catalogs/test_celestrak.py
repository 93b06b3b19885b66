"""Downloads from a local server that answers as CelesTrak does, and as broken servers do.

Nothing is sent beyond this machine.
"""

import errno
import gzip
import json
import os
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from celestrak_answers import CSV, NEWER, NO_DATA, NO_GROUP, NOT_UPDATED, PAGE, TLE
from patience import PATIENCE_S

from gpuprop import read_elements
from gpuprop.__main__ import main
from gpuprop.catalogs.celestrak import INTERVAL_S, address, cache_folder, fetch
from gpuprop.catalogs.http import DownloadError, RefusedError, download


class Server(ThreadingHTTPServer):
    """Answers every GET with `status`, `body` and `headers`; `asked` are the paths it was asked
    for.
    """

    daemon_threads = True
    status, body, cut, waits, wait_s = 200, CSV, 0, False, 0.0
    headers: dict[str, str]

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.asked, self.agents, self.headers = [], [], {}
        self.released = threading.Event()
        self.address = f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request, client_address): ...


class Answer(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self):
        server = self.server
        server.asked.append(self.path)
        server.agents.append(self.headers["User-Agent"])
        if server.waits:
            server.released.wait(PATIENCE_S)
        time.sleep(server.wait_s)
        self.send_response(server.status)
        for name, value in ({"Content-Length": str(len(server.body))} | server.headers).items():
            if value:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(server.body[: len(server.body) - server.cut])

    def log_message(self, *_): ...


@pytest.fixture
def server(monkeypatch, tmp_path):
    """CelesTrak on this machine, and an empty cache."""
    for name in (
        "http_proxy",
        "https_proxy",
        "all_proxy",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with Server() as server:
        monkeypatch.setenv("GPUPROP_CELESTRAK", f"{server.address}/NORAD/elements/gp.php")
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.released.set()
        server.shutdown()


def kept():
    """The answers in the cache."""
    return [path for path in cache_folder().iterdir() if path.suffix not in (".lock", ".refusal")]


def let_pass(seconds):
    """Make the cache older."""
    for path in cache_folder().iterdir():
        os.utime(path, (path.stat().st_mtime - seconds,) * 2)


def test_a_group_comes_as_csv_and_is_asked_for_once_in_two_hours(server, tmp_path):
    out = tmp_path / "qianfan.csv"
    first = fetch("QIANFAN", out)
    assert server.asked == ["/NORAD/elements/gp.php?GROUP=qianfan&FORMAT=csv"] and server.agents[
        0
    ].startswith("gpuprop/")
    assert out.read_bytes() == CSV and read_elements(out).sat_id.tolist() == [60379, 60380]
    assert (first.satellites, first.rejected, first.bytes, first.cached, first.age_s) == (
        2,
        0,
        len(CSV),
        False,
        0.0,
    )
    assert first.newest_epoch == "2026-11-25T05:11:20.5Z"
    server.body = NEWER
    let_pass(INTERVAL_S - 60)
    second = fetch("spacesail", tmp_path / "again.csv")  # an operator's name for the same group
    assert len(server.asked) == 1 and second.cached and 7000 < second.age_s < 7200
    assert (
        "from the cache, 119 min old" in str(second)
        and (tmp_path / "again.csv").read_bytes() == CSV
    )
    let_pass(61)
    assert not fetch("qianfan", out).cached and out.read_bytes() == NEWER and len(server.asked) == 2
    assert not [path for path in tmp_path.rglob("*.partial")]


def test_an_address_is_written_as_it_is_served(server, tmp_path):
    server.body = TLE
    out = tmp_path / "some.tle"
    assert fetch(f"{server.address}/some.tle?a=b", out).satellites == 1
    assert out.read_bytes() == TLE and server.asked == ["/some.tle?a=b"]
    server.body = gzip.compress(CSV)
    assert fetch(f"{server.address}/some.csv.gz", out).satellites == 2
    # each address has its own place in the cache
    assert fetch(f"{server.address}/other.csv.gz", out).cached is False
    for name in ("one.csv.gz", "one.csv"):  # packed once, if the name says so
        found = fetch(f"{server.address}/other.csv.gz", tmp_path / name)
        assert (
            found.bytes == (tmp_path / name).stat().st_size
            and len(read_elements(tmp_path / name)) == 2
        )
    assert gzip.decompress((tmp_path / "one.csv.gz").read_bytes()) == CSV


REFUSED, OTHER, WRONG = "refused", "other", "wrong"


@pytest.mark.parametrize(
    ("answer", "kind", "says"),
    [
        (
            dict(status=403, body=b"Forbidden"),
            REFUSED,
            r"403 Forbidden \('Forbidden'\): it refuses this network address.*usage-policy",
        ),
        (dict(status=403, body=PAGE), REFUSED, "answers 403 Forbidden: it refuses"),
        (dict(status=429, body=b""), REFUSED, "429 Too Many Requests.*two hours"),
        (dict(status=404, body=NO_DATA), REFUSED, "matches no satellite"),
        (dict(status=404, body=PAGE), REFUSED, "404 Not Found: there is nothing at that address"),
        (dict(status=401, body=b"login"), REFUSED, "401 Unauthorized"),
        (
            dict(status=301, body=b"", headers={"Location": "https://celestrak.org/else"}),
            REFUSED,
            "moved to https://celestrak.org/else",
        ),
        (dict(status=500, body=b"oops"), OTHER, "500 Internal Server Error.*the server has failed"),
        (dict(status=503, body=PAGE), OTHER, "503 Service Unavailable"),
        (dict(status=206), OTHER, "206 Partial Content, which is not a whole answer"),
        (
            dict(body=PAGE),
            OTHER,
            r"gp\.php\?GROUP=qianfan&FORMAT=csv is a web page \('Just a moment\.\.\.'\)",
        ),
        (dict(body=b""), OTHER, "is empty"),
        (dict(body=CSV.splitlines(True)[0]), OTHER, "header without any record"),
        (dict(body=NO_DATA), OTHER, "matched nothing"),
        (dict(body=b'{"error": "down for maintenance"}'), OTHER, "down for maintenance"),
        (dict(body=b"\x00\x01\x02" * 100), OTHER, "binary data"),
        (dict(cut=40), OTHER, f"cut short: {len(CSV) - 40} of {len(CSV)} bytes"),
        (
            dict(cut=7, headers={"Content-Length": ""}),
            OTHER,
            "cut short: it ends in the middle of a line",
        ),
        (
            dict(
                body=b"20\r\nOBJECT_NAME,",
                headers={"Content-Length": "", "Transfer-Encoding": "chunked"},
            ),
            OTHER,
            "cut short",
        ),
        (
            dict(body=b"", headers={"Content-Length": str(1 << 40)}),
            OTHER,
            "0 of 1,099,511,627,776 bytes",
        ),
        (dict(body=NO_GROUP), WRONG, r"no group 'qianfan': did you mean qianfan"),
    ],
)
def test_what_is_no_answer_leaves_everything_as_it_was(server, tmp_path, answer, kind, says):
    out = tmp_path / "qianfan.csv"
    fetch("qianfan", out)
    let_pass(INTERVAL_S * 3)
    before = {path: (path.read_bytes(), path.stat().st_mtime) for path in (*kept(), out)}
    for name, value in answer.items():
        setattr(server, name, value)
    error = dict(refused=RefusedError, other=DownloadError, wrong=ValueError)[kind]
    with pytest.raises(error, match=says) as raised:
        fetch("qianfan", out)
    assert kind == WRONG or f"{kept()[0]} holds the sets of 6 h ago" in str(raised.value)
    assert {path: (path.read_bytes(), path.stat().st_mtime) for path in (*kept(), out)} == before
    with pytest.raises(error):
        fetch("qianfan", tmp_path / "new.csv")
    assert not (tmp_path / "new.csv").exists()
    assert len(server.asked) == (2 if kind == REFUSED else 3)  # a refusal is not provoked twice
    let_pass(INTERVAL_S)
    server.__dict__.update(status=200, body=NEWER, cut=0, headers={})
    assert fetch("qianfan", out).cached is False and out.read_bytes() == NEWER
    assert not list(cache_folder().glob("*.refusal"))


@pytest.mark.parametrize("status", [403, 200])
def test_not_updated_means_the_copy_is_still_the_newest(server, tmp_path, status):
    out = tmp_path / "qianfan.csv"
    now = time.time()
    server.status, server.body = (
        status,
        NOT_UPDATED.format(
            time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(now - INTERVAL_S))
        ).encode(),
    )
    with pytest.raises(
        DownloadError,
        match=(
            r"nothing newer than what this network address downloaded at 20\d\d.*use the file "
            "of that download"
        ),
    ):
        fetch("qianfan", out)
    assert not out.exists()
    with pytest.raises(DownloadError, match="nothing newer"):
        fetch("qianfan", out)
    assert len(server.asked) == 1
    let_pass(INTERVAL_S)
    server.status, refusal = 200, server.body
    server.body = CSV
    fetch("qianfan", out)
    let_pass(INTERVAL_S + 1)
    server.status, server.body = status, refusal
    out.unlink()
    again = fetch("qianfan", out)
    assert (
        again.cached
        and out.read_bytes() == CSV
        and again.why == "from the cache, 2 h old: CelesTrak has nothing newer"
    )
    assert fetch("qianfan", out).cached and len(server.asked) == 3  # nor is that asked twice
    let_pass(INTERVAL_S)
    # another program's download
    server.body = NOT_UPDATED.format(time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(now))).encode()
    assert "served a newer one to this network address" in fetch("qianfan", out).why


def test_a_server_that_does_not_answer(server, tmp_path):
    server.waits = True
    with pytest.raises(DownloadError, match=r"127\.0\.0\.1:\d+ did not answer within 0.1 s"):
        fetch("qianfan", tmp_path / "out", timeout_s=0.1)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        with pytest.raises(DownloadError, match=r"cannot be reached .*refused.*proxy"):
            download(f"http://127.0.0.1:{closed.getsockname()[1]}/", PATIENCE_S)
        closed.listen()
        threading.Thread(target=lambda: closed.accept()[0].close(), daemon=True).start()
        with pytest.raises(DownloadError, match="closed the connection too early"):
            download(f"http://127.0.0.1:{closed.getsockname()[1]}/", PATIENCE_S)
    with pytest.raises(DownloadError, match=r"certificate|closed"):
        download(server.address.replace("http", "https"), PATIENCE_S)
    with pytest.raises(ValueError, match="no time to answer"):
        fetch("qianfan", tmp_path / "out", timeout_s=0.0)
    assert not (tmp_path / "out").exists()


def test_too_much_is_refused(server, monkeypatch):
    monkeypatch.setattr("gpuprop.catalogs.http.MAX_BYTES", 100)
    with pytest.raises(DownloadError, match="more than 100 bytes"):
        download(f"{server.address}/x", PATIENCE_S)


def test_bad_records_are_kept_and_counted(server, tmp_path):
    server.body = CSV + CSV.splitlines(True)[1].replace(b"0.0004", b"1.5")
    fetched = fetch("qianfan", tmp_path / "out.csv")
    assert (fetched.satellites, fetched.rejected) == (2, 1) and "1 that cannot be read" in str(
        fetched
    )
    assert (tmp_path / "out.csv").read_bytes() == server.body


def test_those_who_ask_at_the_same_time_ask_once(server, tmp_path):
    server.wait_s = 0.2
    with ThreadPoolExecutor(6) as pool:
        every = list(
            pool.map(lambda number: fetch("qianfan", tmp_path / f"{number}.csv"), range(6))
        )
    assert len(server.asked) == 1 and [each.cached for each in every].count(False) == 1
    assert {(tmp_path / f"{number}.csv").read_bytes() for number in range(6)} == {CSV}


def test_processes_that_ask_at_the_same_time_ask_once(server, tmp_path):
    server.wait_s = 1.0
    command = [sys.executable, "-m", "gpuprop", "fetch", "qianfan", "--json", "-o"]
    jobs = [
        subprocess.Popen([*command, str(tmp_path / f"{number}.csv")], stdout=subprocess.PIPE)
        for number in range(2)
    ]
    facts = [json.loads(job.communicate(timeout=PATIENCE_S)[0]) for job in jobs]
    assert len(server.asked) == 1 and sorted(each["cached"] for each in facts) == [False, True]
    assert {(tmp_path / f"{number}.csv").read_bytes() for number in range(2)} == {CSV}


def test_a_file_system_without_locks_is_no_obstacle(server, tmp_path, monkeypatch):
    def no_locks(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", no_locks)
    assert fetch("qianfan", tmp_path / "out.csv").satellites == 2
    assert fetch("qianfan", tmp_path / "out.csv").cached


def test_the_file_is_whole_or_as_it_was(server, tmp_path, monkeypatch):
    out = tmp_path / "out.csv"
    out.write_text("what was there")
    fetch("qianfan", tmp_path / "first.csv")
    monkeypatch.setattr(
        os,
        "fsync",
        lambda descriptor: (_ for _ in ()).throw(OSError(28, "No space left on device")),
    )
    with pytest.raises(OSError, match="No space left on device"):
        fetch("qianfan", out)
    assert out.read_text() == "what was there" and not list(tmp_path.glob(".*partial"))


def test_links_and_modes_stay_and_what_is_no_file_is_refused(server, tmp_path):
    (tmp_path / "old.csv").write_text("old")
    (tmp_path / "old.csv").chmod(0o640)
    (tmp_path / "link.csv").symlink_to("old.csv")
    os.mkfifo(tmp_path / "pipe")
    fetch("starlink", tmp_path / "link.csv")
    assert (tmp_path / "link.csv").is_symlink() and "OBJECT_NAME" in (
        tmp_path / "old.csv"
    ).read_text()
    assert (tmp_path / "old.csv").stat().st_mode & 0o777 == 0o640
    with pytest.raises(OSError, match="cannot be replaced by a file"):
        fetch("starlink", tmp_path / "pipe")
    assert (tmp_path / "pipe").is_fifo()


def test_a_spoilt_cache_is_no_answer(server, tmp_path):
    fetch("qianfan", tmp_path / "out.csv")
    kept()[0].write_bytes(b"what?")
    assert fetch("qianfan", tmp_path / "out.csv").cached is False and kept()[0].read_bytes() == CSV
    os.utime(kept()[0], (time.time() + 10 * INTERVAL_S,) * 2)  # the clock was wrong
    assert fetch("qianfan", tmp_path / "out.csv").cached is False and len(server.asked) == 3


def test_where_the_cache_is(server, tmp_path, monkeypatch):
    assert cache_folder() == tmp_path / "cache" / "gpuprop" / "celestrak"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr("sys.platform", "linux")
    assert cache_folder() == tmp_path / "home" / ".cache" / "gpuprop" / "celestrak"
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(DownloadError, match=r"cannot hold a cache.*set XDG_CACHE_HOME"):
        fetch("qianfan", tmp_path / "out.csv")
    assert server.asked == []  # never asked where it could not be remembered


def test_what_can_be_asked_for(monkeypatch):
    monkeypatch.delenv("GPUPROP_CELESTRAK", raising=False)
    asked = "https://celestrak.org/NORAD/elements/gp.php?GROUP={}&FORMAT=csv"
    for name, group in dict(
        active="active",
        guowang="hulianwang",
        gps="gps-ops",
        glonass="glo-ops",
        iridium="iridium-NEXT",
        GALILEO="galileo",
        new1="new1",
    ).items():
        assert address(name) == asked.format(group)
    assert address("@SpaceSail") == asked.format("qianfan") and address(
        "IRIDIUM-next"
    ) == asked.format("iridium-NEXT")
    monkeypatch.setenv("GPUPROP_CELESTRAK", "http://mirror.example/gp?key=1")
    assert address("active") == "http://mirror.example/gp?key=1&GROUP=active&FORMAT=csv"
    for wrong, says in {
        "active.csv": "neither a group",
        "a&FORMAT=xml": "neither a group",
        "": "neither a group",
        "ast": "no group for ast: gpuprop fetch active, then --select @ast",
        "file:///etc/passwd": "cannot be fetched",
        "ftp://host/file": "cannot be fetched",
        "http://": "cannot be fetched",
        "https://user:secret@host/": "without a password",
        "https://host/a b": "without blanks",
        "https://host/\r\nHost: other": "cannot be fetched",
        "https://hóst/": "cannot be fetched",
    }.items():
        with pytest.raises(ValueError, match=says):
            address(wrong)
    monkeypatch.setenv("GPUPROP_CELESTRAK", "file:///tmp")
    with pytest.raises(ValueError, match="cannot be fetched"):
        address("active")


def test_on_the_command_line(server, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["fetch", "qianfan", "-o", "q.csv", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert {
        name: facts[name] for name in ("path", "satellites", "rejected", "cached", "why")
    } == dict(path="q.csv", satellites=2, rejected=0, cached=False, why="")
    assert facts["source"] == f"{server.address}/NORAD/elements/gp.php?GROUP=qianfan&FORMAT=csv"
    assert main(["fetch", "qianfan", "-o", "q.csv"]) == 0
    assert capsys.readouterr().out.startswith(
        "wrote q.csv: 2 element sets, newest epoch 2026-11-25T05:11:20.5Z, "
    )
    server.body = NO_GROUP
    for arguments, code, says in (
        (["fetch", "qianfam", "-o", "x"], 2, "did you mean qianfan"),
        (["fetch", "active.csv", "-o", "x"], 2, "neither a group"),
        (["fetch", "qianfan"], 2, "-o FILE is missing"),
        (["fetch", "qianfan", "-o", "no/such/folder"], 2, "no/such/folder"),
        (["fetch", "qianfan", "-o", "x", "--force"], 2, "--force"),
        (["fetch", "http://127.0.0.1:9/x", "-o", "x"], 1, "cannot be reached"),
    ):
        assert main(arguments) == code
        printed = capsys.readouterr()
        assert says in printed.err and "Traceback" not in printed.err and printed.out == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "q.csv"]
    assert (
        main(["propagate", "q.csv", "--select", "@qianfan", "--dry-run", "--json", "--quiet"]) == 0
    )
    assert json.loads(capsys.readouterr().out)["satellites"] == 2
