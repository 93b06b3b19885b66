"""Check addresses, and show them and the texts of servers without secrets."""

import base64
import html
import json
import re
from collections.abc import Iterator
from urllib.parse import quote, quote_plus, unquote, unquote_plus, urljoin
from urllib.request import getproxies

from ..files.addresses import HIDDEN, NOT_SHOWN, query_items, shown_url
from ..messages import printable, shortened

LONGEST = 8000  # characters of an address
URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]+\]|[a-z0-9._~-]+)(?::(?P<port>\d{1,5}))?"
    r"(?P<path>/[^?#]*)?(?:\?(?P<query>[^#]*))?(?:#.*)?",
    re.IGNORECASE,
)
# characters of a secret that is searched in what a server says; shorter ones would match everywhere
SHORTEST = 4


def checked_url(url: str, what: str = "what was given") -> str:
    """Check an address to download from, and return it without its fragment.

    Parameters
    ----------
    url : str
        For example https://HOST/PATH?QUERY. The host may be an IPv6 address in brackets; a port may
        follow it.
    what : str
        The name of the address in the message.

    Returns
    -------
    str
        The address without its fragment.

    Raises
    ------
    ValueError
        For another scheme, a user name or password, blanks, control characters and letters outside
        ASCII. The message does not repeat the address: a password may be anywhere in it.
    """
    match = URL.fullmatch(url)
    if not (url.isascii() and url.isprintable()) or " " in url:
        why = "it has blanks, control characters or letters outside ASCII (write them as %XX)"
    elif len(url) > LONGEST:
        why = f"it has more than {LONGEST:,} characters"
    elif not url.lower().startswith(("http://", "https://")):
        why = "it begins neither with http:// nor with https://"
    elif not match:
        why = (
            "there is a user name or password in it"
            if "@" in url
            else "its host or port is not valid"
        )
    elif int(match["port"] or 1) not in range(1, 1 << 16):
        why = "its port is not valid"
    else:
        return url.partition("#")[0]
    raise ValueError(
        f"{what} cannot be fetched, {why}: write https://HOST/PATH, without a password and "
        "without blanks"
    )


def shown_host(url: str) -> str:
    """Return the host and port of an address that `checked_url` accepted."""
    match = URL.fullmatch(url)
    return "" if not match else match["host"] + (f":{match['port']}" if match["port"] else "")


def shown_redirection(url: str, location: str) -> str:
    """Return the target of a redirection from `url`, for messages."""
    try:
        return shown_url(urljoin(url, location)) if location else "an address that it does not name"
    except ValueError:
        return NOT_SHOWN


def query_value(url: str, name: str) -> str:
    """Return the decoded value of a name in the query of an address; empty if absent."""
    match = URL.fullmatch(url)
    items = re.split("[&;]", match["query"] or "") if match else []
    return next(
        (
            unquote_plus(item.partition("=")[2])
            for item in items
            if item.partition("=")[0].upper() == name
        ),
        "",
    )


class ForeignText:
    """Texts of a server, made safe for messages: a server may repeat secrets of the request.

    Parameters
    ----------
    url : str
        The address. Secrets are its hidden query values, and user name and password of a proxy
        (https_proxy).
    """

    def __init__(self, url: str) -> None:
        match = URL.fullmatch(url)
        secrets = [secret for _, secret in query_items((match and match["query"]) or "")]
        forms = {
            form
            for secret in (*secrets, *_proxy_secrets())
            for form in _forms(secret)
            if len(form) >= SHORTEST
        }
        longest_first = sorted(forms, key=lambda form: (-len(form), form))
        self._secrets = (
            re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE) if forms else None
        )

    def hide(self, text: str) -> str:
        """Replace every secret in the text by ***."""
        return self._secrets.sub(HIDDEN, text) if self._secrets else text

    def may_be_in(self, data: bytes) -> bool:
        """Return whether a secret is in the data.

        Also True for compressed data and UTF-16, which are not searched.
        """
        if not self._secrets:
            return False
        return data.startswith((b"\x1f\x8b", b"\xff\xfe", b"\xfe\xff")) or bool(
            self._secrets.search(data.decode("utf-8", "replace"))
        )

    def line(self, text: str, most: int) -> str:
        """Return one line of at most `most` characters, without secrets and control characters."""
        return shortened(printable(" ".join(self.hide(text).split())), most)


def _proxy_secrets() -> Iterator[str]:
    for proxy in getproxies().values():
        login = proxy.rpartition("@")[0].rpartition("//")[2]
        user, _, password = login.partition(":")
        yield from (login, password, *login.split(":"))
        # the form of the header Proxy-Authorization
        yield base64.b64encode(f"{unquote(user)}:{unquote(password)}".encode()).decode()


def _forms(secret: str) -> Iterator[str]:
    """Yield the forms in which pages, programs and JSON repeat a secret."""
    for text in {secret, unquote(secret), unquote_plus(secret)}:
        yield from (
            text,
            quote(text, safe=""),
            quote_plus(text),
            html.escape(text),
            repr(text)[1:-1],
            json.dumps(text)[1:-1],
        )
        yield " ".join(text.split())
