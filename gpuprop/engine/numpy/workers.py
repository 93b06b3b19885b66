"""Worker processes for the numpy engine.

They are processes, not threads: a tile is some five hundred numpy calls of a few microseconds each,
and two threads spend more time on passing the interpreter's lock than they gain (0.6 to 1.5 times
the rate of one thread was measured; two processes reach 1.9). Blocks are computed into memory that
the processes share and use again, so that nothing is copied.

A worker is a new, isolated interpreter with the caller's import path. It imports this module alone:
neither the caller's __main__, nor anything from the current directory.
"""

import itertools
import mmap
import os
import pickle
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import traceback
import weakref
from collections.abc import Iterator
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from ...errors import GpupropError
from ...sgp4.constants import Constants
from ...sgp4.model import Model, View
from ...typing import Columns
from ..buffers import KEPT_BLOCKS, KEPT_BYTES, BufferPool, columns_on, layout_of
from .tiles import fill, groups, own_tiles, shared_tiles

LENGTH = struct.Struct("<q")
TICKET, NO_MORE = struct.Struct("<I"), (1 << 32) - 1
PIPE_BYTES = 512  # on every system, a write of this size to a pipe is not split
PACKAGE_FOLDER = os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
)


def available() -> bool:
    """Check whether an interpreter can be started, and an open file passed to it."""
    return (
        hasattr(socket, "send_fds") and bool(sys.executable) and not getattr(sys, "frozen", False)
    )


class WorkerError(GpupropError, RuntimeError):
    """A worker process failed or died."""


def shared_file(size: int) -> int:
    """Open `size` bytes of memory (Linux), or a nameless temporary file, as a file descriptor."""
    if hasattr(os, "memfd_create"):
        fd = os.memfd_create("gpuprop")
    else:
        with tempfile.TemporaryFile() as file:
            fd = os.dup(file.fileno())
    os.ftruncate(fd, size)
    return fd


def mapped(fd: int, size: int) -> npt.NDArray[np.uint8]:
    """Map shared memory; it lives as long as any array on it."""
    return np.frombuffer(mmap.mmap(fd, size), np.uint8)


class Segment:
    """Memory that processes share, with a number."""

    numbers = itertools.count()

    def __init__(self, size: int) -> None:
        self.number = next(self.numbers)
        self.fd = shared_file(size)
        self.array = mapped(self.fd, size)
        weakref.finalize(self, os.close, self.fd)


class Workers:
    """A fixed number of worker processes that hold one model and its constants."""

    def __init__(self, count: int, model: Model, constants: Constants) -> None:
        self._sockets: list[socket.socket] = []
        self._one_at_a_time = threading.Lock()
        self._buffers = BufferPool(Segment)
        tickets, dealt = os.pipe()
        self._tickets = open(dealt, "wb", buffering=0)  # noqa: SIM115  # closed by _close
        self.processes: list[subprocess.Popen[bytes]] = []
        self.pid = os.getpid()
        self.close = weakref.finalize(
            self, _close, self.pid, self._sockets, self.processes, self._tickets
        )
        path = [folder for folder in sys.path if folder]
        path = path if PACKAGE_FOLDER in path else [PACKAGE_FOLDER, *path]
        try:
            for _ in range(count):
                ours, theirs = socket.socketpair()
                self._sockets.append(ours)
                with theirs:
                    code = (
                        f"import sys; sys.path[:] = {path!r}; from {__name__} import serve; "
                        f"serve({theirs.fileno()}, {tickets})"
                    )
                    command = [sys.executable, "-I", "-c", code]
                    self.processes.append(
                        subprocess.Popen(
                            command, pass_fds=[theirs.fileno(), tickets], stdin=subprocess.DEVNULL
                        )
                    )
            for connection in self._sockets:
                _send(connection, (model, constants))
        except OSError as error:
            self.close()
            raise WorkerError(
                f"cannot start {sys.executable} as a worker process; threads=1 computes without "
                "workers"
            ) from error
        finally:
            os.close(tickets)

    def block(
        self,
        ns: npt.NDArray[np.int64],
        n_sats: int,
        dtypes: dict[str, str],
        view: View,
        n_tiles: int,
    ) -> Columns:
        """Compute columns of a block, of which any worker may take n_tiles tiles.

        WorkerError if a worker fails.
        """
        shape = len(ns), n_sats
        layout, size = layout_of(shape, dtypes)
        try:
            lease = self._buffers.lease(max(size, 1))
            segment: Segment = lease.buffer
            out = columns_on(np.asarray(lease), shape, layout)
            count = len(self._sockets)
            with self._one_at_a_time:
                questions = [
                    (ns, layout, segment.number, len(segment.array), share, count, view)
                    for share in range(count)
                ]
                failures = self._ask(questions, segment.fd, n_tiles)
            if any(failures):
                raise WorkerError(
                    "a worker process of the numpy engine failed:\n" + "".join(failures)
                )
        except (EOFError, OSError, ValueError) as error:  # ValueError: close() in another thread
            raise WorkerError(
                "a worker process of the numpy engine died (out of memory?); threads=1 computes "
                "without workers"
            ) from error
        return out

    def _ask(self, questions: list[Any], fd: int, n_tiles: int) -> list[str]:
        """Ask each worker, and return the answers.

        Any interruption ends the workers: an answer that is not read would be taken for that of the
        next question.
        """
        try:
            for connection, question in zip(self._sockets, questions, strict=True):
                _send(connection, question, fd)
            self._deal(n_tiles)
            return [_receive(connection)[0] for connection in self._sockets]
        except BaseException:
            self.close()
            raise

    def _deal(self, n_tiles: int) -> None:
        """Let each worker take the next tile when it has finished one.

        Tiles are not assigned beforehand, because another process may slow a worker down.
        """
        tickets = np.array([*range(n_tiles), *[NO_MORE] * len(self._sockets)], "<u4").tobytes()
        for first in range(0, len(tickets), PIPE_BYTES):
            self._tickets.write(tickets[first : first + PIPE_BYTES])

    @property
    def usable(self) -> bool:
        """Whether the workers belong to this process and have not been ended."""
        return self.pid == os.getpid() and self.close.alive


def serve(descriptor: int, tickets: int) -> None:
    """Run a worker: take a model, then compute tiles of blocks until the connection is closed."""
    connection = socket.socket(fileno=descriptor)
    try:
        model, constants = _receive(connection)[0]
        all_groups = groups(model, constants)
        # by number, the last used one at the end
        segments: dict[int, npt.NDArray[np.uint8]] = {}
        while True:
            (ns, layout, number, size, share, shares, view), fd = _receive(connection)
            failure, taken, out = "", _tickets(tickets), {}
            try:
                assert fd is not None
                segments[number] = segments.pop(number) if number in segments else mapped(fd, size)
                out = columns_on(segments[number], (len(ns), len(constants)), layout)
                fill(all_groups, ns, out, view, own_tiles(all_groups, len(ns), share, shares))
                shared = shared_tiles(all_groups, len(ns))
                fill(all_groups, ns, out, view, (shared[ticket] for ticket in taken))
            except Exception:
                failure = traceback.format_exc()
            finally:
                if fd is not None:
                    os.close(fd)
            for _ in taken:  # after a failure the other tiles are taken, but not computed
                pass
            del out
            if size > KEPT_BYTES:  # the caller does not keep it either
                segments.pop(number, None)
            while len(segments) > KEPT_BLOCKS:
                del segments[next(iter(segments))]
            _send(connection, failure)
    except (EOFError, OSError, KeyboardInterrupt):
        return


def _tickets(descriptor: int) -> Iterator[int]:
    """Yield the numbers of the tiles that this worker takes, until there are no more."""
    while ticket := os.read(descriptor, TICKET.size):
        (number,) = TICKET.unpack(ticket)
        if number == NO_MORE:
            return
        yield number
    raise EOFError


def _send(connection: socket.socket, message: Any, fd: int | None = None) -> None:
    body = pickle.dumps(message, protocol=5)
    socket.send_fds(connection, [LENGTH.pack(len(body))], [] if fd is None else [fd])
    connection.sendall(body)


def _receive(connection: socket.socket) -> tuple[Any, int | None]:
    head, fds, _, _ = socket.recv_fds(connection, LENGTH.size, 1)
    while 0 < len(head) < LENGTH.size:
        head += connection.recv(LENGTH.size - len(head))
    if not head:
        raise EOFError
    (length,) = LENGTH.unpack(head)
    body = bytearray()
    while len(body) < length:
        part = connection.recv(min(length - len(body), 1 << 20))
        if not part:
            raise EOFError
        body += part
    return pickle.loads(body), fds[0] if fds else None


def _close(
    pid: int,
    sockets: list[socket.socket],
    processes: list[subprocess.Popen[bytes]],
    tickets: IO[bytes],
) -> None:
    tickets.close()
    for connection in sockets:
        connection.close()
    if pid != os.getpid():  # a forked process: the workers belong to its parent
        return
    for process in processes:
        try:
            process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
