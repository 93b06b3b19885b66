"""Addresses (URLs): recognise them, and show them in messages without secrets."""

import os
import re
from collections.abc import Iterator

# A pathlib.Path keeps one of the two slashes. One letter is a drive of Windows (C:/data).
URL = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]+)(?P<slashes>:[/\\]{1,2})(?P<rest>.*)", re.DOTALL
)
HOST = re.compile(r"(\[[0-9A-Fa-f:.]*\]|[^:]*)(:\d{0,5})?")
# The names in CelesTrak's queries (gp.php, sup-gp.php). Their values are not secret; the value of
# any other name may be.
PUBLIC = ("CATNR", "FILE", "FORMAT", "GROUP", "INTDES", "NAME", "SOURCE", "SPECIAL")
WORD = re.compile(r"[A-Za-z_-]{1,16}")  # a name that is shown while its value is hidden
HIDDEN = "***"
NOT_SHOWN = "an address that is not shown, since it is malformed"


def shown_url(url: str) -> str:
    """Write an address for messages, with *** for everything that may be a secret.

    A user name and a password may be anywhere before an @, a password may contain any character,
    and a token may be in the query or in the fragment. So everything before the last @ is hidden,
    the values in the query are hidden except those of names in PUBLIC, and the fragment is left
    out. If it is not clear where the host begins and ends, only the scheme is shown.
    """
    match = URL.fullmatch(url)
    if not match or not url.isprintable():
        return NOT_SHOWN
    start = match["scheme"] + match["slashes"]
    place, mark, query = match["rest"].partition("#")[0].partition("?")
    if "@" in match["rest"][len(place) :]:  # of a password with a ? or #, or of a token
        return start + HIDDEN
    _, at, place = place.rpartition("@")
    if not HOST.fullmatch(re.split(r"[/\\]", place)[0]):
        return start + HIDDEN
    items = "&".join(shown for shown, _ in query_items(query))
    return f"{start}{HIDDEN + at if at else ''}{place}{mark}{items}"


def query_items(query: str) -> Iterator[tuple[str, str]]:
    """Each item of a query as messages show it, and the secret in it (empty if there is none)."""
    for item in re.split("[&;]", query) if query else ():
        name, _, value = item.partition("=")
        if name.upper() in PUBLIC:
            yield item, ""
        elif value.strip("=") and WORD.fullmatch(name):
            yield f"{name}={HIDDEN}", value
        else:  # ?TOKEN, or ?TOKEN= with the padding of base64
            yield HIDDEN, value.strip("=") or item.strip("=")


def is_url(source: str) -> bool:
    """Whether `source` is an address, and not a path that looks like one."""
    return URL.match(source) is not None and not os.path.exists(source)


def refuse_url(source: object) -> None:
    """Raise ValueError, with advice, if `source` is an address.

    Call this before any other check: the message of another check may repeat a password.
    """
    if isinstance(source, str) and is_url(source):
        raise ValueError(url_advice(source))


def url_advice(url: str) -> str:
    """Say that an address is not read, and what to do instead."""
    scheme = url.partition(":")[0].lower()
    start = f"{shown_url(url)} is an address"
    if scheme == "file":
        return f"{start}: give the path of the file instead"
    if scheme in ("http", "https"):
        return f"{start}, and only files are read: download it first with gpuprop fetch URL -o FILE"
    return (
        f"{start}, and only files are read: copy it to this machine first (gpuprop fetch does so "
        "for https)"
    )
