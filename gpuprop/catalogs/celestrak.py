"""Element sets from CelesTrak's GP service, or from any address: kept in a cache, and written whole
or not at all.

CelesTrak updates its data every two hours and asks for one download of a group per update; programs
are to stop at any answer other than 200 (https://celestrak.org/usage-policy.php). So an answer is
good for two hours, a refusal counts as one, a redirection is not followed, nothing is asked twice,
and there is no way to force it.
"""

import difflib
import errno
import gzip
import hashlib
import io
import json
import os
import re
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlencode

import numpy as np

from ..elements.selection import celestrak_groups, operators
from ..elements.sets import Elements
from ..files.addresses import shown_url
from ..files.small_file import os_flags, read_small_file
from ..files.whole_file import replace, write_whole
from ..messages import printable
from ..time.instants import format_ns, parse_instant
from ..time.units import SECOND
from .http import DEADLINE_S, DownloadError, RefusedError, download
from .read import ElementsError, read_elements
from .read.ending import unfinished
from .read.source import GZIP, MAX_BYTES, load
from .urls import ForeignText, checked_url, query_value

if sys.platform != "win32":
    import fcntl

CELESTRAK = "https://celestrak.org/NORAD/elements/gp.php"
BASE = "GPUPROP_CELESTRAK"  # the environment variable that names a mirror of it
INTERVAL_S = 2 * 3600.0
# to wait for another process that downloads the same: its deadline, and time to read and store the
# answer
WAIT_S = DEADLINE_S + 60.0
POLL_S = 0.05
MAX_NOTE = 64 << 10  # bytes of a refusal that is remembered
# bytes at the beginning of an answer without element sets, in which known messages are searched
HEAD = 64 << 10
# characters that are shown: of a server's message; of a line that quotes an answer
SAID, LINE = 400, 500
NOT_UPDATED = re.compile(
    r"gp data has not updated since your last\s+successful(?:.*?at (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d))?",
    re.I | re.S,
)
NOT_A_GROUP = re.compile(r"invalid query.*not found", re.I | re.S)


@dataclass(frozen=True)
class Fetched:
    """What was written. age_s: since it was downloaded. cached: nothing was downloaded now, `why`
    says why.
    """

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


def fetch(
    wanted: str,
    output: str | os.PathLike[str],
    *,
    timeout_s: float = 60.0,
    say: Callable[[str], None] | None = None,
) -> Fetched:
    """Write the element sets of a CelesTrak group (`active`, `starlink`), of an operator
    (`guowang`) or of an address to `output`.

    A group is OMM CSV. What an address gives is written unchanged; it must be element sets that end
    at the end of a record. What was downloaded less than two hours ago comes from the cache
    (`cache_folder`). GPUPROP_CELESTRAK names a mirror of the service.

    Parameters
    ----------
    wanted : str
        A group, an operator, or an address (https://...). Its query values may be secrets, so no
        message, file name or note of the cache shows them, except those of CelesTrak's own names
        (GROUP, FORMAT ...).
    output : str or path
        The file to write. It is replaced when the new content is complete; after an error it is
        unchanged.
    timeout_s : float
        Seconds for each step of the connection. The whole exchange has 15 minutes.
    say : function of one text, optional
        Called before a wait for another process that downloads the same.

    Returns
    -------
    Fetched

    Raises
    ------
    ValueError
        If it is neither a group nor an address.
    DownloadError
        A RuntimeError: there is no good answer, or another process still downloads the same after
        16 minutes of waiting.
    OSError
        If a file cannot be read or written.
    """
    if not timeout_s > 0.0:
        raise ValueError(f"a time-out of {timeout_s:g} s leaves no time to answer")
    url = address(wanted)
    cache = _Cache(url)
    with cache.alone(say or (lambda text: None)):
        held, why = _newest(cache, url, timeout_s)
    size = replace(Path(output), [_as_named(held.data, output)])
    newest = format_ns(int(held.elements.epoch.view(np.int64).max()))
    sets = (len(held.elements), len(held.elements.rejected))
    return Fetched(
        os.fspath(output), shown_url(url), *sets, size, newest, round(held.age_s, 1), bool(why), why
    )


def _as_named(data: bytes, output: str | os.PathLike[str]) -> bytes:
    """The data to hand to `replace`, which packs a file whose name ends in .gz: data that is packed
    already is unpacked for it.
    """
    packed = data.startswith(GZIP) and os.fspath(output).lower().endswith(".gz")
    return gzip.decompress(data) if packed else data


def _newest(cache: "_Cache", url: str, timeout_s: float) -> tuple["_Held", str]:
    """The newest answer, and why it is from the cache (empty if it is not)."""
    held = cache.held()
    if held is not None and held.age_s < INTERVAL_S:
        return held, f"from the cache, {_duration(held.age_s)} old: one request in two hours"
    try:
        return _asked(url, cache, timeout_s), ""
    except _NotUpdatedError as notice:
        if held is None:
            raise DownloadError(str(notice)) from None
        return held, f"from the cache, {_duration(held.age_s)} old: {notice.of(held)}"
    except DownloadError as error:
        if held is None:
            raise
        raise type(error)(
            f"{error}. {cache.path} holds the sets of {_duration(held.age_s)} ago"
        ) from None


def address(wanted: str) -> str:
    """The address of a group or an operator, in CelesTrak's spelling; an address without its
    fragment. ValueError for anything else.
    """
    if "://" in wanted:
        return checked_url(wanted)
    groups = celestrak_groups()
    known = {group.lower(): group for group in groups}
    name = wanted.strip().removeprefix("@").lower()
    if name in operators() and name not in known:
        group = operators()[name].celestrak_group
        if group.lower() not in known:
            raise ValueError(
                f"CelesTrak has no group for {name}: gpuprop fetch active, then --select "
                f"@{operators()[name].name}"
            )
        name = group.lower()
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        # it may be a mistyped address with a password
        shown = repr(wanted) if re.fullmatch(r"[\w. -]{0,60}", wanted) else "what was given"
        raise ValueError(
            f"{shown} is neither a group of CelesTrak ({', '.join(groups[:3])}, starlink ...) nor "
            "an address (https://...)"
        )
    group = known.get(name, wanted.strip().removeprefix("@"))
    base = checked_url(os.environ.get(BASE) or CELESTRAK, f"the value of {BASE}")
    return f"{base}{'&' if '?' in base else '?'}{urlencode({'GROUP': group, 'FORMAT': 'csv'})}"


def cache_folder() -> Path:
    """Where downloads are kept: gpuprop/celestrak in XDG_CACHE_HOME, else where the system keeps
    caches.
    """
    given = os.environ.get("XDG_CACHE_HOME", "")
    # relative ones are to be ignored, says the XDG Base Directory Specification
    if os.path.isabs(given):
        base = Path(given)
    elif sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    else:
        base = Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")
    return base / "gpuprop" / "celestrak"


class _NotUpdatedError(RefusedError):
    """CelesTrak has given this group to this network address since its last update. at_ns: when, if
    it says so.
    """

    def __init__(self, said: str) -> None:
        match = NOT_UPDATED.search(said)
        self.at_ns = None
        with suppress(ValueError):
            self.at_ns = parse_instant(match[1]) if match and match[1] else None
        when = f" at {format_ns(self.at_ns)}" if self.at_ns is not None else ""
        super().__init__(
            f"CelesTrak has nothing newer than what this network address downloaded{when}, and "
            "the cache does not have that: "
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
        shown = shown_url(url).partition("://")[2]
        label = re.sub(
            r"[^a-z0-9.]+", "-", (shown.partition("?")[2] or shown.partition("/")[2]).lower()
        ).strip("-.")[:40]
        self.path = cache_folder() / f"{label}-{hashlib.sha256(url.encode()).hexdigest()[:16]}"
        self._url = url
        self._foreign = ForeignText(url)
        self._refusal = self.path.with_name(self.path.name + ".refusal")
        self._lock = self.path.with_name(self.path.name + ".lock")

    @contextmanager
    def alone(self, say: Callable[[str], None]) -> Iterator[None]:
        """Hold the lock. Other processes that want the same wait for it, then find the answer in
        the cache. DownloadError after WAIT_S.
        """
        flags = os_flags("O_RDWR", "O_CREAT", "O_NOFOLLOW", "O_NONBLOCK")
        try:
            self._lock.parent.mkdir(parents=True, exist_ok=True)
            lock = os.open(self._lock, flags, 0o666)
        except OSError as error:
            reason = f"{self._lock.parent} cannot hold a cache ({error.strerror}), and CelesTrak gets too many requests without one"
            raise DownloadError(
                f"{reason}: set XDG_CACHE_HOME to a folder that can be written"
            ) from error
        try:
            end = time.monotonic() + WAIT_S
            waits = False
            while not _locked(lock):
                if time.monotonic() >= end:
                    advice = f"try again later, or end that process. The lock is {self._lock}"
                    raise DownloadError(
                        f"{_holder(lock)} downloads the same, and has not finished within "
                        f"{WAIT_S:g} s: {advice}"
                    )
                if not waits:
                    say(
                        f"waiting for {_holder(lock)}, which downloads the same, for at most "
                        f"{WAIT_S:g} s"
                    )
                waits = True
                time.sleep(POLL_S)
            with suppress(OSError):  # for the messages of processes that wait
                os.truncate(lock, 0)
                os.write(
                    lock, json.dumps({"pid": os.getpid(), "host": socket.gethostname()}).encode()
                )
            yield
        finally:
            os.close(lock)

    def held(self) -> _Held | None:
        try:
            data = read_small_file(self.path, MAX_BYTES, "a downloaded file")
            age_s = _age(self.path)
            return _Held(data, _read(data, str(self.path)), age_s)
        except (OSError, ValueError):
            return None  # there is none yet, or it is damaged

    def keep(self, data: bytes, elements: Elements) -> _Held:
        write_whole(self.path, data)
        self._refusal.unlink(missing_ok=True)
        return _Held(data, elements, 0.0)

    def refusal(self) -> str | None:
        """What the server said when it refused, less than two hours ago."""
        with suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
            if (age_s := _age(self._refusal)) < INTERVAL_S:
                note = json.loads(read_small_file(self._refusal, MAX_NOTE, "a note of gpuprop"))
                said = printable(str(note["said"]))
                return (
                    said
                    if NOT_UPDATED.search(said)
                    else f"{said} ({_duration(age_s)} ago; {self._refusal} remembers it for two hours)"
                )
        return None

    def refused(self, said: str) -> None:
        with suppress(OSError):
            write_whole(
                self._refusal, json.dumps({"url": shown_url(self._url), "said": said}).encode()
            )


def _asked(url: str, cache: _Cache, timeout_s: float) -> _Held:
    """What the server answers now. Raises DownloadError or one of its kinds."""
    said = cache.refusal()
    if said is None:
        try:
            data = download(url, timeout_s)
        except RefusedError as error:
            said = str(error)
            cache.refused(said)
        else:
            answer = _understood(data, url)
            if isinstance(answer, Elements):
                return cache.keep(data, answer)
            said = ForeignText(url).line(data[:HEAD].decode("utf-8", "replace"), SAID)
            if NOT_A_GROUP.search(said):
                raise ValueError(_no_group(url))
            if not NOT_UPDATED.search(said):
                raise DownloadError(answer)
            cache.refused(said)
    raise _NotUpdatedError(said) if NOT_UPDATED.search(said) else RefusedError(said)


def _understood(data: bytes, url: str) -> Elements | str:
    """The element sets of an answer, or why they are missing or not complete."""
    shown, foreign = shown_url(url), ForeignText(url)
    try:
        elements = _read(data, shown)
        _, kind, text = load(io.BytesIO(data))
        within = unfinished(kind, text)
        return (
            f"{shown} was cut short: it ends in the middle of {within}. Try again"
            if within
            else elements
        )
    except ElementsError as error:
        said = str(error)
    # the message quotes a piece of the answer, which may begin or end inside a secret
    if foreign.may_be_in(data):
        return f"{shown} holds no element sets, and its text repeats a part of the address that is not shown: look at it in a browser"
    return "\n".join(printable(line)[:LINE] for line in said.splitlines())


def _no_group(url: str) -> str:
    asked = query_value(url, "GROUP")
    nearest = difflib.get_close_matches(
        asked.lower(), [*celestrak_groups(), *operators()], cutoff=0.5
    )
    hint = f"did you mean {' or '.join(nearest)}? " if nearest else ""
    return f"CelesTrak has no group {asked!r}: {hint}known are {', '.join(celestrak_groups())}"


def _locked(lock: int) -> bool:
    """Try to take the lock. Also True if the system or the file system has no locks."""
    if sys.platform == "win32":
        return True
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in (errno.EWOULDBLOCK, errno.EACCES)
    return True


def _holder(lock: int) -> str:
    """The process that holds the lock, if its file says so."""
    with suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
        found = json.loads(os.pread(lock, MAX_NOTE, 0))
        return printable(f"process {found['pid']:d} on {found['host']:.80s}")
    return "another process"


def _read(data: bytes, name: str) -> Elements:
    file = io.BytesIO(data)
    file.name = name  # what errors call it
    return read_elements(file, on_error="skip")


def _age(path: Path) -> float:
    """Seconds since the file was written. A file of the future, as after a change of the clock, is
    as old as it is ahead.
    """
    return abs(time.time() - path.stat().st_mtime)


def _duration(seconds: float) -> str:
    for unit, size in (("days", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 2.0 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
