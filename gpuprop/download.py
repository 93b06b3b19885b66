"""One HTTP request: all of its answer, or an error that says what happened and what to do."""

import http.client
import ssl
import time
from email.message import Message
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from . import __version__
from .reading.source import MAX_BYTES

CHUNK = 1 << 16
SAID = 400  # characters of a refusal that are shown
DEADLINE_S = 900.0  # for the whole answer, however slowly it trickles


class NotFetched(RuntimeError):
    """There is no good answer."""


class Refused(NotFetched):
    """The server answered that it will not give it (4xx or a redirection): asking again soon changes nothing."""


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, req: Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str) -> None:
        return None  # which makes an HTTPError of it


def download(url: str, timeout_s: float) -> bytes:
    """The body of the answer to one GET. timeout_s: for each step of the connection. Proxies as in the environment (https_proxy).

    Raises Refused for 3xx and 4xx, else NotFetched: an address that cannot be reached, a time-out, 5xx, an answer cut short or too long.
    """
    host = urlsplit(url).netloc
    request = Request(url, headers={"User-Agent": f"gpuprop/{__version__}"})
    try:
        with build_opener(_NoRedirect).open(request, timeout=timeout_s) as response:
            return _body(response, url)
    except HTTPError as error:
        raise _refused(error, url) from None
    except (URLError, OSError, http.client.HTTPException) as error:
        raise NotFetched(_failure(error, url, host, timeout_s)) from error


def _body(response: Any, url: str) -> bytes:
    if response.status != 200:
        raise NotFetched(f"{url} answers {response.status} {response.reason}, which is not the whole of it")
    end = time.monotonic() + DEADLINE_S
    data = bytearray()
    while chunk := response.read(CHUNK):
        data += chunk
        if len(data) > MAX_BYTES:
            raise NotFetched(f"{url} sends more than {MAX_BYTES:,} bytes: these are no element sets")
        if time.monotonic() > end:
            raise NotFetched(f"{url} is not complete after {DEADLINE_S:.0f} s: ask again later")
    length = response.headers.get("Content-Length", "")
    if length.isdecimal() and len(data) != int(length):
        raise NotFetched(f"{url} was cut short: {len(data):,} of {int(length):,} bytes came. Ask again")
    if not length and not response.chunked and data and not data.rstrip(b" ").endswith((b"\n", b"\r", b"]", b"}", b">")):
        raise NotFetched(f"{url} was cut short: it ends in the middle of a line. Ask again")
    return bytes(data)


def _refused(error: HTTPError, url: str) -> NotFetched:
    """What a status other than 200 means. error: with the body still to be read."""
    try:
        said = " ".join(error.read(CHUNK).decode("utf-8", "replace").split())
    except (OSError, http.client.HTTPException):
        said = ""
    answer = f"{url} answers {error.code} {error.reason}".rstrip()
    if said and "<html" not in said[:1000].lower() and "<!doctype" not in said[:1000].lower():
        answer += f" ({said[:SAID]!r})"
    if error.code >= 500:
        return NotFetched(f"{answer}: the server has a failure of its own. Wait, then ask again")
    if error.code < 400:
        there = error.headers.get("Location", "elsewhere")
        return Refused(f"{answer}: it has moved to {there[:SAID]}. Redirections are not followed: ask for that address if you trust it")
    if error.code in (403, 429):
        advice = "it refuses this network address, for too many requests or for another reason. Do not ask again before two hours are over"
        return Refused(f"{answer}: {advice}; CelesTrak's rules are at https://celestrak.org/usage-policy.php")
    if error.code == 404:
        found = "the query matches no satellite" if "no gp data found" in said.lower() else "there is nothing at that address"
        return Refused(f"{answer}: {found}. Check its spelling")
    return Refused(f"{answer}: it will not serve this request. Read what it says, and open the address in a browser")


def _failure(error: Exception, url: str, host: str, timeout_s: float) -> str:
    reason = error.reason if isinstance(error, URLError) else error
    if isinstance(reason, TimeoutError):
        return f"{host} did not answer within {timeout_s:g} s ({url}): ask again later, or look whether a firewall is in the way"
    if isinstance(reason, ssl.SSLError):
        return f"{host} has no valid certificate for a secure connection ({reason}): is a proxy in the way, or is this clock wrong?"
    if isinstance(error, http.client.IncompleteRead):
        return f"{url} was cut short: {len(error.partial):,} bytes came of its last part. Ask again"
    if isinstance(error, (http.client.HTTPException, ConnectionError)):
        return f"{host} broke the connection off ({type(error).__name__}): ask again later"
    return f"{host} cannot be reached ({reason}): is there a network, and a proxy to name in https_proxy?"
