"""Addresses (URLs) where a file is wanted: refused, without showing what may be a secret."""

import os
import re

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/{1,2}")  # a Path keeps one of the two slashes


def is_url(source: str) -> bool:
    """Whether `source` is an address, and not a path that looks like one."""
    return _URL.match(source) is not None and not os.path.exists(source)


def refuse_url(source: object) -> None:
    """ValueError, with advice, if `source` is an address. Before all else that could repeat it: it
    may hold a password.
    """
    if isinstance(source, str) and is_url(source):
        raise ValueError(url_advice(source))


def url_advice(url: str) -> str:
    """The message that an address is not read, and what to do. User, password and query may be
    secrets and are not shown.
    """
    match = _URL.match(url)
    scheme = match[1].lower() if match else ""
    shown = f"{scheme}://{url[match.end() if match else 0 :].partition('?')[0].partition('#')[0].rpartition('@')[2]}"
    if scheme == "file":
        return f"{shown} is an address: give the path of the file instead"
    if scheme in ("http", "https"):
        return f"{shown} is an address, and only files are read: download it first with gpuprop fetch URL -o FILE"
    return f"{shown} is an address, and only files are read: copy it to this machine first (gpuprop fetch does so for https)"
