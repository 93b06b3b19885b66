"""One HTTP request: the whole answer within a deadline, or an error with advice."""

import http.client
import re
import socket
import ssl
import threading
import time
from contextlib import suppress
from email.errors import MissingHeaderBodySeparatorDefect
from typing import Any
from urllib.error import URLError
from urllib.request import (
    HTTPHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    UnknownHandler,
)

from ..errors import GpupropError
from ..files.addresses import shown_url
from ..version import __version__
from .read.source import MAX_BYTES
from .urls import ForeignText, shown_host, shown_redirection

CHUNK = 1 << 16  # bytes
DEADLINE_S = 900.0  # for the whole exchange, from looking up the host to the last byte
REFUSAL_S = 10.0  # to read the text of a refusal; its status alone is enough
EXTRA_S = 1.0  # to check whether more bytes follow than Content-Length says
MESSAGE_LENGTH = 400  # characters of a refusal that are shown
REASON_LENGTH = 100  # characters of the reason after the status
# Accepted content encodings. Servers label files that end in .gz as gzip; the reader unpacks them.
PLAIN = ("", "identity", "gzip", "x-gzip")


class DownloadError(GpupropError, RuntimeError):
    """A download gave no good answer: no connection, a bad answer, or no place to store it."""


class RefusedError(DownloadError):
    """The server refused the request (status 3xx or 4xx); asking again soon changes nothing.

    The cache stores a refusal and repeats it for two hours, without asking the server.
    """


def download(url: str, timeout_s: float) -> bytes:
    """Return the body of the answer to one GET.

    Parameters
    ----------
    url : str
        An address that `urls.checked_url` accepted. Proxies are those of the environment
        (https_proxy).
    timeout_s : float
        Seconds for each step of the connection. The whole exchange has DEADLINE_S seconds.

    Returns
    -------
    bytes
        As the server sent it, at most MAX_BYTES.

    Raises
    ------
    RefusedError
        For status 3xx and 4xx; redirections are not followed.
    DownloadError
        For an address that cannot be reached, a time-out, the deadline, status 5xx, and an answer
        that is cut short, too long, longer than its Content-Length, or whose headers do not say
        where it ends. Messages show neither passwords nor secret query values, and show what the
        server says without control characters.
    """
    exchange = _Exchange(url, min(timeout_s, DEADLINE_S))
    thread = threading.Thread(target=exchange.run, name="gpuprop-download", daemon=True)
    try:
        thread.start()
        thread.join(DEADLINE_S)
        outcome = exchange.outcome
        if outcome is None:
            outcome = exchange.refusal or exchange.late_error()
    finally:
        exchange.end()
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


class _Exchange:
    """A request and its answer, on a thread of its own.

    A server can make every step slow, and the look-up of a host cannot be interrupted. So the
    caller waits for the thread until the deadline, then shuts the connection down and continues.
    """

    def __init__(self, url: str, timeout_s: float) -> None:
        self.outcome: bytes | Exception | None = None
        # known from the status, while the text of the refusal is read
        self.refusal: DownloadError | None = None
        self.connection: http.client.HTTPConnection | None = None
        self._url, self._shown, self._host = url, shown_url(url), shown_host(url)
        self._timeout_s = timeout_s
        self._foreign = ForeignText(url)
        self._socket: socket.socket | None = None
        self._ended = False

    def run(self) -> None:
        """Make the exchange and store its outcome; the thread runs this."""
        try:
            self.outcome = self._answer()
        except Exception as error:
            self.outcome = self._failure(error)

    def connected(self, connection: socket.socket) -> None:
        """Receive the socket of the connection; raise if the exchange has ended."""
        self._socket = connection
        if self._ended:
            raise ConnectionAbortedError

    def end(self) -> None:
        """Shut the connection down. A thread that reads from it then ends."""
        self._ended = True
        open_socket = self._socket or (self.connection and self.connection.sock)
        if open_socket:
            with suppress(OSError):  # closed already
                # SSLSocket.shutdown would change what the other thread uses
                socket.socket.shutdown(open_socket, socket.SHUT_RDWR)

    def late_error(self) -> DownloadError:
        """Make the error for an exchange that missed the deadline."""
        return DownloadError(
            f"{self._host} has not given its whole answer within {DEADLINE_S:g} s "
            f"({self._shown}): try again later"
        )

    def _answer(self) -> bytes | DownloadError:
        # handlers of files, FTP and redirections are left out
        opener = OpenerDirector()
        opener.addheaders = []
        for handler in (ProxyHandler(), _Http(self), _Https(self), UnknownHandler()):
            opener.add_handler(handler)
        request = Request(self._url, headers={"User-Agent": f"gpuprop/{__version__}"})
        with opener.open(request, timeout=self._timeout_s) as response:
            self.refusal = self._refused(response, "") if response.status != 200 else None
            return (
                self._refused(response, self._refusal_text(response))
                if self.refusal
                else self._body(response)
            )

    def _body(self, response: http.client.HTTPResponse) -> bytes | DownloadError:
        encoding = response.headers.get("Content-Encoding", "").strip()
        if encoding.lower() not in PLAIN:
            shown = self._foreign.line(encoding, REASON_LENGTH)
            return DownloadError(
                f"{self._shown} has the content encoding {shown!r}, which was not asked for: "
                "report it to its maintainer"
            )
        wrong = self._wrong_framing(response)
        if wrong:
            return DownloadError(
                f"{self._shown} {wrong}, so its end is not known. Try again later, or report it "
                "to its maintainer"
            )
        lengths = [] if response.chunked else _lengths(response)
        length = int(lengths[0]) if lengths else None
        if not response.chunked:
            response.length = None  # read on after Content-Length, to see whether it is right
        data = bytearray()
        while (length is None or len(data) < length) and (piece := response.read1(CHUNK)):
            data += piece
            if len(data) > MAX_BYTES:
                return DownloadError(
                    f"{self._shown} sends more than {MAX_BYTES:,} bytes: it cannot be element sets"
                )
        if length is not None and len(data) < length:
            return DownloadError(
                f"{self._shown} was cut short: {len(data):,} of {length:,} bytes came. Try again"
            )
        if length is not None and (len(data) > length or self._has_more(response)):
            return DownloadError(
                f"{self._shown} sends more than the {length:,} bytes of its Content-Length, so "
                "its end is not known. Try again later"
            )
        return bytes(data)

    def _wrong_framing(self, response: http.client.HTTPResponse) -> str:
        """Say why the headers do not show where the answer ends; empty if they do."""
        codings = response.headers.get_all("Transfer-Encoding", [])
        # http.client knows exactly this spelling
        if codings and not (response.chunked and len(codings) == 1):
            shown = self._foreign.line(", ".join(codings), REASON_LENGTH)
            return f"has the transfer encoding {shown!r}, which is not 'chunked'"
        lengths = _lengths(response)
        if (
            not response.chunked
            and lengths
            and not (re.fullmatch("[0-9]{1,18}", lengths[0]) and len(set(lengths)) == 1)
        ):
            shown = self._foreign.line(", ".join(lengths), REASON_LENGTH)
            return f"has the Content-Length {shown!r}, which is not one number"
        if any(
            isinstance(defect, MissingHeaderBodySeparatorDefect)
            for defect in response.headers.defects
        ):
            # http.client drops that line and the headers after it
            return "has a line in its headers that is not a header"
        return ""

    def _has_more(self, response: http.client.HTTPResponse) -> bool:
        """Return whether the server sends more bytes.

        The wait is short: a server may keep the connection open, although it was asked to close it.
        """
        assert self._socket is not None
        try:
            self._socket.settimeout(min(EXTRA_S, self._timeout_s))
            return bool(response.read1(1))
        except OSError:
            return False

    def _refusal_text(self, response: http.client.HTTPResponse) -> str:
        """Read the text of a refusal, as far as it arrives in time."""
        data = bytearray()
        end = time.monotonic() + REFUSAL_S
        with suppress(OSError, http.client.HTTPException):
            while len(data) < CHUNK and time.monotonic() < end and (piece := response.read1(CHUNK)):
                data += piece
        compressed = response.headers.get("Content-Encoding", "").strip().lower() not in (
            "",
            "identity",
        )
        return (
            ""
            if compressed
            else " ".join(self._foreign.hide(data.decode("utf-8", "replace")).split())
        )

    def _refused(self, response: http.client.HTTPResponse, said: str) -> DownloadError:
        """Make the error for a status other than 200."""
        status = response.status
        reason = self._foreign.line(response.reason, REASON_LENGTH)
        answer = f"{self._shown} answers {status} {reason}".rstrip()
        if 200 <= status < 300:
            return DownloadError(f"{answer}, which is not a whole answer")
        if said and "<html" not in said[:1000].lower() and "<!doctype" not in said[:1000].lower():
            answer += f" ({said[:MESSAGE_LENGTH]!r})"
        if status >= 500 or status < 200:
            return DownloadError(f"{answer}: the server has failed. Try again later")
        if status < 400:
            target = self._foreign.line(
                shown_redirection(self._url, response.headers.get("Location", "")), MESSAGE_LENGTH
            )
            return RefusedError(
                f"{answer}: it has moved to {target}. Redirections are not followed: ask for that "
                "address if you trust it"
            )
        if status in (403, 429):
            return RefusedError(
                f"{answer}: it refuses this network address, for too many requests or for another "
                "reason. Do not try again for two hours; CelesTrak's rules are at "
                "https://celestrak.org/usage-policy.php"
            )
        if status == 404:
            found = (
                "the query matches no satellite"
                if "no gp data found" in said.lower()
                else "there is nothing at that address"
            )
            return RefusedError(f"{answer}: {found}. Check its spelling")
        return RefusedError(
            f"{answer}: it refuses this request. Read what it says, or open the address in a "
            "browser"
        )

    def _failure(self, error: Exception) -> Exception:
        """Turn an exception of the connection into a DownloadError; return others unchanged."""
        reason = error.reason if isinstance(error, URLError) else error
        if isinstance(reason, TimeoutError):
            advice = "try again later, or check whether a firewall blocks it"
            return DownloadError(
                f"{self._host} did not answer within {self._timeout_s:g} s ({self._shown}): "
                f"{advice}"
            )
        if isinstance(reason, ssl.SSLError):
            why = self._foreign.line(str(reason), MESSAGE_LENGTH)
            return DownloadError(
                f"{self._host} has no valid certificate for a secure connection ({why}): check "
                "the proxy and the clock of this machine"
            )
        if isinstance(error, http.client.IncompleteRead):
            return DownloadError(
                f"{self._shown} was cut short: the connection ended before the answer did. Try "
                "again"
            )
        if isinstance(reason, (http.client.InvalidURL, ValueError)):
            return DownloadError(
                f"{self._host} cannot be reached: its host name is not valid, or https_proxy "
                "(http_proxy) is not the address of a proxy"
            )
        if isinstance(error, (http.client.HTTPException, ConnectionError)):
            return DownloadError(
                f"{self._host} closed the connection too early ({type(error).__name__}): try "
                "again later"
            )
        if isinstance(reason, (OSError, str)):
            why = self._foreign.line(
                (reason.strerror if isinstance(reason, OSError) else "") or str(reason),
                MESSAGE_LENGTH,
            )
            return DownloadError(
                f"{self._host} cannot be reached ({why}): check the network, and whether "
                "https_proxy must name a proxy"
            )
        return error


def _lengths(response: http.client.HTTPResponse) -> list[str]:
    """Return each Content-Length; a server may repeat it (RFC 9110, 8.6)."""
    return [
        text.strip()
        for field in response.headers.get_all("Content-Length", [])
        for text in field.split(",")
    ]


class _Connection(http.client.HTTPConnection):
    """A connection that gives its socket to the exchange, also while it connects.

    urllib drops the socket when the answer begins.
    """

    def __init__(self, exchange: _Exchange, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._exchange = exchange
        exchange.connection = self

    def connect(self) -> None:
        """Connect, and pass the socket on."""
        super().connect()
        self._exchange.connected(self.sock)


class _SecureConnection(_Connection, http.client.HTTPSConnection):
    pass


class _Http(HTTPHandler):
    def __init__(self, exchange: _Exchange) -> None:
        super().__init__()
        self._exchange = exchange

    def http_open(self, request: Request) -> http.client.HTTPResponse:
        """Open a connection."""
        return self.do_open(
            lambda *host, **options: _Connection(self._exchange, *host, **options), request
        )


class _Https(HTTPSHandler):
    def __init__(self, exchange: _Exchange) -> None:
        super().__init__()
        self._exchange = exchange

    def https_open(self, request: Request) -> http.client.HTTPResponse:
        """Open a secure connection."""
        return self.do_open(
            lambda *host, **options: _SecureConnection(self._exchange, *host, **options), request
        )
