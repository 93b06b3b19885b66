"""Element sets from CelesTrak's GP service, or from any address: kept in a cache, and written whole or not at all.

CelesTrak updates its data every two hours and asks for one download of a group per update; programs are to stop at any answer other than
200 (https://celestrak.org/usage-policy.php). So an answer is good for two hours, a refusal counts as one, a redirection is not followed,
nothing is asked twice, and there is no way to force it.
"""

import difflib
import hashlib
import io
import json
import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import numpy as np

from .arrow.files import NewFile
from .clock import SECOND, format_ns, parse_instant
from .download import NotFetched, Refused, download
from .elements import Elements
from .reading import ElementsError, read_elements
from .selection import celestrak_groups, operators
from .writing.whole_file import replace

CELESTRAK = "https://celestrak.org/NORAD/elements/gp.php"
BASE = "GPUPROP_CELESTRAK"  # the environment variable that names a mirror of it
INTERVAL_S = 2 * 3600.0
NOT_UPDATED = re.compile(r"gp data has not updated since your last\s+successful(?:.*?at (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d))?", re.I | re.S)
NOT_A_GROUP = re.compile(r"invalid query.*not found", re.I | re.S)


@dataclass(frozen=True)
class Fetched:
    """What was written. age_s: since it was downloaded. cached: nothing was downloaded now, `why` says why."""

    path: str
    source: str
    satellites: int
    rejected: int
    bytes: int
    newest_epoch: str
    age_s: float
    cached: bool
    why: str

    def to_dict(self) -> dict[str, object]:
        return asdict(self)

    def __str__(self) -> str:
        bad = f", {self.rejected:,} that cannot be read" if self.rejected else ""
        why = f"; {self.why}" if self.why else ""
        return f"wrote {self.path}: {self.satellites:,} element sets{bad}, newest epoch {self.newest_epoch}, {self.bytes:,} bytes{why}"


def fetch(wanted: str, output: str | os.PathLike[str], *, timeout_s: float = 60.0) -> Fetched:
    """Write the element sets of a CelesTrak group (`active`, `starlink`), of an operator (`guowang`) or of an address to `output`.

    A group comes as OMM CSV, an address as it is served, which must be element sets. What was downloaded less than two hours ago is taken
    from the cache (`cache_folder`). GPUPROP_CELESTRAK names a mirror of the service. timeout_s: for each step of the connection.
    An existing `output` is replaced once the new one is complete, and stays as it is whenever this raises: ValueError for what is neither
    a group nor an address, NotFetched (a RuntimeError) for an answer that is none, OSError for files.
    """
    if not timeout_s > 0.0:
        raise ValueError(f"a time-out of {timeout_s:g} s leaves no time to answer")
    url = address(wanted)
    cache = _Cache(url)
    with cache.alone():
        held, why = cache.held(), ""
        if held is not None and held.age_s < INTERVAL_S:
            why = f"from the cache, {_duration(held.age_s)} old: asked for once in two hours"
        else:
            try:
                held = _asked(url, cache, timeout_s)
            except _NotUpdated as notice:
                if held is None:
                    raise NotFetched(str(notice)) from None
                why = f"from the cache, {_duration(held.age_s)} old: {notice.of(held)}"
            except NotFetched as error:
                if held is None:
                    raise
                raise type(error)(f"{error}. {cache.path} holds the sets of {_duration(held.age_s)} ago") from None
        replace(Path(output), [held.data])
    newest = format_ns(int(held.elements.epoch.view(np.int64).max()))
    sets = (len(held.elements), len(held.elements.rejected))
    return Fetched(os.fspath(output), url, *sets, len(held.data), newest, round(held.age_s, 1), bool(why), why)


def address(wanted: str) -> str:
    """The address of a group or an operator, in CelesTrak's spelling; an address as it is. ValueError for anything else."""
    if "://" in wanted:
        return _checked(wanted)
    groups = celestrak_groups()
    known = {group.lower(): group for group in groups}
    name = wanted.strip().removeprefix("@").lower()
    if name in operators() and name not in known:
        group = operators()[name].celestrak_group
        if group.lower() not in known:
            raise ValueError(f"CelesTrak has no group for {name}: gpuprop fetch active, then --select @{operators()[name].name}")
        name = group.lower()
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        raise ValueError(f"{wanted!r} is neither a group of CelesTrak ({', '.join(groups[:3])}, starlink ...) nor an address (https://...)")
    group = known.get(name, wanted.strip().removeprefix("@"))
    base = _checked(os.environ.get(BASE) or CELESTRAK)
    return f"{base}{'&' if '?' in base else '?'}{urlencode({'GROUP': group, 'FORMAT': 'csv'})}"


def cache_folder() -> Path:
    """Where downloads are kept: gpuprop/celestrak in XDG_CACHE_HOME, else where the system keeps caches."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(given):  # relative ones are to be ignored, says the XDG Base Directory Specification
        base = Path(given)
    elif sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    else:
        base = Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")
    return base / "gpuprop" / "celestrak"


class _NotUpdated(Refused):
    """CelesTrak has given this group to this network address since its last update. at_ns: when, if it says so."""

    def __init__(self, said: str) -> None:
        match = NOT_UPDATED.search(said)
        self.at_ns = None
        with suppress(ValueError):
            self.at_ns = parse_instant(match[1]) if match and match[1] else None
        when = f" at {format_ns(self.at_ns)}" if self.at_ns is not None else ""
        super().__init__(
            f"CelesTrak has nothing newer than what this network address downloaded{when}, and the cache does not have that: "
            "use the file of that time, or ask again two hours after it"
        )

    def of(self, held: "_Held") -> str:
        """The same, where there is a copy: whether it is that one."""
        if self.at_ns is not None and self.at_ns / SECOND > time.time() - held.age_s + 600.0:
            return f"CelesTrak gave a newer one to this network address at {format_ns(self.at_ns)}, and gives each update once"
        return "CelesTrak has nothing newer"


@dataclass(frozen=True)
class _Held:
    """A good answer. age_s: since it was downloaded."""

    data: bytes
    elements: Elements
    age_s: float


class _Cache:
    """The last good answer of one address, and its last refusal if that was later."""

    def __init__(self, url: str) -> None:
        label = re.sub(r"[^a-z0-9.]+", "-", (urlsplit(url).query or urlsplit(url).path).lower()).strip("-.")[:40]
        folder = cache_folder()
        self.path = folder / f"{label}-{hashlib.sha256(url.encode()).hexdigest()[:16]}"
        self._url = url
        self._refusal = self.path.with_name(self.path.name + ".refusal")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = self.path.with_name(self.path.name + ".lock").open("w")
        except OSError as error:
            reason = f"{folder} cannot hold a cache ({error.strerror}), without which CelesTrak would be asked too often"
            raise NotFetched(f"{reason}: set XDG_CACHE_HOME to a folder that can be written") from error

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Others that want the same wait, and then find it in the cache."""
        with self._lock:
            with suppress(ImportError, OSError):  # not on Windows, nor on some network file systems
                import fcntl

                fcntl.flock(self._lock, fcntl.LOCK_EX)
            yield

    def held(self) -> _Held | None:
        try:
            data = self.path.read_bytes()
            age_s = _age(self.path)
            return _Held(data, _read(data, str(self.path)), age_s)
        except (OSError, ElementsError):
            return None  # none yet, or spoilt

    def keep(self, data: bytes, elements: Elements) -> _Held:
        with NewFile(self.path) as file:
            file.write(data)
        self._refusal.unlink(missing_ok=True)
        return _Held(data, elements, 0.0)

    def refusal(self) -> str | None:
        """What the server said when it refused, less than two hours ago."""
        with suppress(OSError, ValueError, KeyError, TypeError):
            if (age_s := _age(self._refusal)) < INTERVAL_S:
                said = str(json.loads(self._refusal.read_text("utf-8"))["said"])
                return said if NOT_UPDATED.search(said) else f"{said} ({_duration(age_s)} ago; {self._refusal} remembers it for two hours)"
        return None

    def refused(self, said: str) -> None:
        with suppress(OSError), NewFile(self._refusal) as file:
            file.write(json.dumps({"url": self._url, "said": said}).encode())


def _asked(url: str, cache: _Cache, timeout_s: float) -> _Held:
    """What the server answers now. Raises NotFetched or one of its kinds."""
    said = cache.refusal()
    if said is None:
        try:
            data = download(url, timeout_s)
        except Refused as error:
            said = str(error)
            cache.refused(said)
        else:
            try:
                return cache.keep(data, _read(data, url))
            except ElementsError as error:
                said = data[:400].decode("utf-8", "replace")
                if NOT_A_GROUP.search(said):
                    raise ValueError(_no_group(url)) from None
                if not NOT_UPDATED.search(said):
                    raise NotFetched(str(error)) from None
                cache.refused(said)
    raise _NotUpdated(said) if NOT_UPDATED.search(said) else Refused(said)


def _no_group(url: str) -> str:
    asked = urlsplit(url).query.partition("GROUP=")[2].partition("&")[0]
    nearest = difflib.get_close_matches(asked.lower(), [*celestrak_groups(), *operators()], cutoff=0.5)
    hint = f"did you mean {' or '.join(nearest)}? " if nearest else ""
    return f"CelesTrak has no group {asked!r}: {hint}known are {', '.join(celestrak_groups())}"


def _checked(url: str) -> str:
    parts = urlsplit(url)
    clean = url.isascii() and url.isprintable() and " " not in url
    if not clean or parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise ValueError(f"{url!r} is no address to fetch from: write https://HOST/PATH, without a password and without blanks")
    return url


def _read(data: bytes, name: str) -> Elements:
    file = io.BytesIO(data)
    file.name = name  # what errors call it
    return read_elements(file, on_error="skip")


def _age(path: Path) -> float:
    """Seconds since the file was written. A file of the future, as after a change of the clock, is as old as it is ahead."""
    return abs(time.time() - path.stat().st_mtime)


def _duration(seconds: float) -> str:
    for unit, size in (("days", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 2.0 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
