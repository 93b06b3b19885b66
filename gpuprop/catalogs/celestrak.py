"""Download element sets from CelesTrak's GP service, or from any address, through a cache.

CelesTrak updates its data every two hours. It asks for one download of a group per update, and that
programs stop at any answer other than 200 (https://celestrak.org/usage-policy.php). So an answer
and a refusal are valid for two hours, redirections are not followed, and no option skips the cache.
"""

import difflib
import errno
import gzip
import hashlib
import io
import json
import os
import re
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
from ..files.small_file import read_small_file
from ..files.whole_file import replace, write_whole
from ..messages import printable
from ..time.instants import format_ns, parse_instant
from ..time.units import SECOND
from .http import DEADLINE_S, DownloadError, RefusedError, download
from .read import ElementsError, read_elements
from .read.ending import unfinished
from .read.source import GZIP, MAX_BYTES, load
from .urls import ForeignText, checked_url, query_value

CELESTRAK = "https://celestrak.org/NORAD/elements/gp.php"
MIRROR_VARIABLE = "GPUPROP_CELESTRAK"  # the environment variable that names a mirror of it
INTERVAL_S = 2 * 3600.0  # between two requests for the same data
# The longest wait for another process that downloads the same: the deadline of its download, and
# time to read and store the answer.
WAIT_S = DEADLINE_S + 60.0
# errors of locking on a file system without locks
NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL)
MAX_REFUSAL = 64 << 10  # bytes of a stored refusal
HEAD = 64 << 10  # bytes of an answer in which known messages are searched
MESSAGE_LENGTH = 400  # characters of a server's message that are shown
LINE_LENGTH = 500  # characters of a line that quotes an answer
NOT_UPDATED = re.compile(
    r"gp data has not updated since your last\s+successful"
    r"(?:.*?at (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d))?",
    re.I | re.S,
)
NOT_A_GROUP = re.compile(r"invalid query.*not found", re.I | re.S)


@dataclass(frozen=True)
class Fetched:
    """What `fetch` wrote, and whether it came from the cache.

    Parameters
    ----------
    path : str
        The file written.
    source : str
        The address, without secrets.
    satellites, rejected : int
        Element sets in the file, and records that cannot be read.
    bytes : int
        Size of the file.
    newest_epoch : str
        ISO 8601, UTC.
    age_s : float
        Seconds since the download.
    cached : bool
        True if nothing was downloaded now.
    why : str
        Why it came from the cache; empty if it did not.
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
        """Return the values that `gpuprop fetch --json` prints."""
        return asdict(self)

    def __str__(self) -> str:
        bad = f", {self.rejected:,} that cannot be read" if self.rejected else ""
        why = f"; {self.why}" if self.why else ""
        return (
            f"wrote {self.path}: {self.satellites:,} element sets{bad}, newest epoch "
            f"{self.newest_epoch}, {self.bytes:,} bytes{why}"
        )


def fetch(
    wanted: str,
    output: str | os.PathLike[str],
    *,
    timeout_s: float = 60.0,
    say: Callable[[str], None] | None = None,
) -> Fetched:
    """Write the element sets of a CelesTrak group, an operator or an address to a file.

    A group is written as OMM CSV. The answer of an address is written unchanged; it must be element
    sets that end at the end of a record. A download less than two hours old comes from the cache
    (`cache_folder`). The environment variable GPUPROP_CELESTRAK names a mirror of the service.

    Parameters
    ----------
    wanted : str
        A group (`active`, `starlink`), an operator (`guowang`) or an address (https://...). The
        query values of an address may be secrets: no message and no file of the cache shows them,
        except the values of CelesTrak's own names (GROUP, FORMAT ...).
    output : str or path
        The file to write. An existing file is replaced when the new content is complete; after an
        error it is unchanged.
    timeout_s : float
        Seconds for each step of the connection. The whole exchange has 15 minutes.
    say : callable, optional
        Called with a text before a wait for another process that downloads the same.

    Returns
    -------
    Fetched
        What was written.

    Raises
    ------
    ValueError
        If `wanted` is neither a group, an operator nor an address, or `timeout_s` is not positive.
    DownloadError
        If there is no good answer, the cache cannot be written, or another process still downloads
        the same after 16 minutes.
    OSError
        If a file cannot be read or written.
    """
    if not timeout_s > 0.0:
        raise ValueError(f"a time-out of {timeout_s:g} s leaves no time to answer")
    url = address(wanted)
    cache = _Cache(url)
    with cache.locked(say or (lambda text: None)):
        answer, why = _newest(cache, url, timeout_s)
    size = replace(Path(output), [_unpacked_for(output, answer.data)])
    return Fetched(
        path=os.fspath(output),
        source=shown_url(url),
        satellites=len(answer.elements),
        rejected=len(answer.elements.rejected),
        bytes=size,
        newest_epoch=format_ns(int(answer.elements.epoch.view(np.int64).max())),
        age_s=round(answer.age_s, 1),
        cached=bool(why),
        why=why,
    )


def _unpacked_for(output: str | os.PathLike[str], data: bytes) -> bytes:
    """Unpack gzipped data for a file whose name ends in .gz, because `replace` packs it again."""
    packed = data.startswith(GZIP) and os.fspath(output).lower().endswith(".gz")
    return gzip.decompress(data) if packed else data


def _newest(cache: "_Cache", url: str, timeout_s: float) -> tuple["_Answer", str]:
    """Return the newest answer, and why it comes from the cache (empty if it does not)."""
    cached = cache.answer()
    if cached is not None and cached.age_s < INTERVAL_S:
        return cached, f"from the cache, {_duration(cached.age_s)} old: one request in two hours"
    try:
        return _from_server(url, cache, timeout_s), ""
    except _NotUpdatedError as notice:
        if cached is None:
            raise DownloadError(str(notice)) from None
        return cached, f"from the cache, {_duration(cached.age_s)} old: {notice.about(cached)}"
    except DownloadError as error:
        if cached is None:
            raise
        raise type(error)(
            f"{error}. {cache.path} holds the sets of {_duration(cached.age_s)} ago"
        ) from None


def address(wanted: str) -> str:
    """Return the address to ask for a group, an operator or an address; ValueError for others.

    Groups get the spelling of CelesTrak; addresses lose their fragment.
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
    base = checked_url(
        os.environ.get(MIRROR_VARIABLE) or CELESTRAK, f"the value of {MIRROR_VARIABLE}"
    )
    return f"{base}{'&' if '?' in base else '?'}{urlencode({'GROUP': group, 'FORMAT': 'csv'})}"


def cache_folder() -> Path:
    """Return the folder of the downloads: gpuprop/celestrak where the system keeps caches.

    On Linux that is $XDG_CACHE_HOME, or ~/.cache.
    """
    from platformdirs import user_cache_path

    return user_cache_path("gpuprop", appauthor=False) / "celestrak"


class _NotUpdatedError(RefusedError):
    """CelesTrak already gave this group to this network address since its last update.

    `at_ns` is the instant of that download, if CelesTrak says it.
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
            "use the file of that download, or try again two hours after it"
        )

    def about(self, cached: "_Answer") -> str:
        """Say whether CelesTrak's last update is newer than the answer in the cache."""
        if self.at_ns is not None and self.at_ns / SECOND > time.time() - cached.age_s + 600.0:
            return (
                "CelesTrak served a newer one to this network address at "
                f"{format_ns(self.at_ns)}, and serves each update only once"
            )
        return "CelesTrak has nothing newer"


@dataclass(frozen=True)
class _Answer:
    """A good answer, and the seconds since it was downloaded."""

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
        self._refusal = self.path.with_name(self.path.name + ".refusal")
        self._lock = self.path.with_name(self.path.name + ".lock")

    @contextmanager
    def locked(self, say: Callable[[str], None]) -> Iterator[None]:
        """Hold the lock of this address.

        Other processes that want the same wait, then find the answer in the cache. DownloadError if
        the lock is not free after WAIT_S, or the folder cannot be written. On a file system without
        locks nobody waits.
        """
        from filelock import FileLock, Timeout  # imported here: it takes 30 ms

        lock = FileLock(self._lock)
        try:
            self._lock.parent.mkdir(parents=True, exist_ok=True)
            try:
                lock.acquire(timeout=0.0)
            except Timeout:
                say(
                    "waiting for another process, which downloads the same, for at most "
                    f"{WAIT_S:g} s"
                )
                lock.acquire(timeout=WAIT_S)
        except Timeout:
            raise DownloadError(
                f"another process downloads the same, and has not finished within {WAIT_S:g} s: "
                f"try again later, or end that process. The lock is {self._lock}"
            ) from None
        except OSError as error:
            if error.errno not in NO_LOCKS:
                raise DownloadError(
                    f"{self._lock.parent} cannot hold a cache ({error.strerror}), and CelesTrak "
                    "gets too many requests without one: set XDG_CACHE_HOME to a folder that can "
                    "be written"
                ) from error
        try:
            yield
        finally:
            lock.release()

    def answer(self) -> _Answer | None:
        """Read the stored answer; None if there is none yet, or it is damaged."""
        try:
            data = read_small_file(self.path, MAX_BYTES, "a downloaded file")
            age_s = _age(self.path)
            return _Answer(data, _read(data, str(self.path)), age_s)
        except (OSError, ValueError):
            return None

    def store(self, data: bytes, elements: Elements) -> _Answer:
        """Store a good answer, and delete the last refusal."""
        write_whole(self.path, data)
        self._refusal.unlink(missing_ok=True)
        return _Answer(data, elements, 0.0)

    def refusal(self) -> str | None:
        """Read what the server said when it refused, less than two hours ago."""
        with suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
            if (age_s := _age(self._refusal)) < INTERVAL_S:
                note = json.loads(
                    read_small_file(self._refusal, MAX_REFUSAL, "a refusal stored by gpuprop")
                )
                said = printable(str(note["said"]))
                if NOT_UPDATED.search(said):
                    return said
                return f"{said} ({_duration(age_s)} ago; {self._refusal} keeps it for two hours)"
        return None

    def store_refusal(self, said: str) -> None:
        """Store what the server said; a cache that cannot be written is no error here."""
        with suppress(OSError):
            write_whole(
                self._refusal, json.dumps({"url": shown_url(self._url), "said": said}).encode()
            )


def _from_server(url: str, cache: _Cache, timeout_s: float) -> _Answer:
    """Ask the server, unless it refused less than two hours ago.

    Raises ValueError for an unknown group, _NotUpdatedError, RefusedError and DownloadError.
    """
    said = cache.refusal()
    if said is None:
        try:
            data = download(url, timeout_s)
        except RefusedError as error:
            said = str(error)
            cache.store_refusal(said)
        else:
            content = _elements_or_fault(data, url)
            if isinstance(content, Elements):
                return cache.store(data, content)
            said = ForeignText(url).line(data[:HEAD].decode("utf-8", "replace"), MESSAGE_LENGTH)
            if NOT_A_GROUP.search(said):
                raise ValueError(_no_group(url))
            if not NOT_UPDATED.search(said):
                raise DownloadError(content)
            cache.store_refusal(said)
    raise _NotUpdatedError(said) if NOT_UPDATED.search(said) else RefusedError(said)


def _elements_or_fault(data: bytes, url: str) -> Elements | str:
    """Read the element sets of an answer; if they are missing or incomplete, say why."""
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
        return (
            f"{shown} holds no element sets, and its text repeats a part of the address that is "
            "not shown: look at it in a browser"
        )
    return "\n".join(printable(line)[:LINE_LENGTH] for line in said.splitlines())


def _no_group(url: str) -> str:
    """Say that CelesTrak has no such group, with the nearest names."""
    asked = query_value(url, "GROUP")
    nearest = difflib.get_close_matches(
        asked.lower(), [*celestrak_groups(), *operators()], cutoff=0.5
    )
    hint = f"did you mean {' or '.join(nearest)}? " if nearest else ""
    known = ", ".join(celestrak_groups())
    return f"CelesTrak has no group {asked!r}: {hint}the known ones are {known}"


def _read(data: bytes, name: str) -> Elements:
    file = io.BytesIO(data)
    file.name = name  # for messages
    return read_elements(file, on_error="skip")


def _age(path: Path) -> float:
    """Return the seconds since the file was written; never negative, if the clock was changed."""
    return abs(time.time() - path.stat().st_mtime)


def _duration(seconds: float) -> str:
    for unit, size in (("days", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 2.0 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
