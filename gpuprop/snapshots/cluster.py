"""Let the workers of a Dask cluster write the parts, into a directory that all of them see.

The caller keeps the lock of the directory and writes the manifest. An order has all that a worker
needs to write any part: the plan, the directory, the engine. A part is a pure function of the order
and the number of the part, so any worker can write it, at any time, even twice. A worker receives
the order once and keeps the propagator that it makes of it. It writes one part at a time.
"""

import asyncio
import multiprocessing
import pickle
import queue
import re
import secrets
import socket
import threading
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from itertools import chain
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import xxhash

from ..dataset.check import Checker
from ..dataset.contents import Kind
from ..dataset.entries import PartEntry
from ..dataset.inventory import Inventory
from ..dataset.location import open_store
from ..dataset.manifest import Manifest
from ..dataset.session import Job
from ..dataset.shards import Shard
from ..dataset.store import Store
from ..elements.sets import Elements
from ..engine.choice import open_engine, requested_name
from ..engine.prefetch import usable_cores
from ..errors import GpupropError
from ..frames import EarthOrientation
from ..propagator import Propagator
from ..sgp4.model import Model
from ..time.times import Times
from ..version import __version__
from .contents import SNAPSHOTS
from .encoding.batches import compute
from .encoding.encode import Form, encoded
from .encoding.part import Progress, Written, write_part
from .layout import Layout
from .options import SnapshotOptions
from .plan import Plan

PARTS_PER_WORKER = 2  # one that it writes, and one that waits
# Longest times to wait, in seconds:
CONNECT_S = 10.0  # for a scheduler to answer
NO_WORKER_S = 300.0  # for a worker, while the cluster has none
SEEN_S = 15.0  # for a part to become visible here; network file systems cache missing names
STOP_S = 10.0  # for a worker to discard its part
CLUSTER = re.compile(r"local:(?P<count>[1-9][0-9]{0,3})|[a-z]+://\S+")


@dataclass(frozen=True)
class Workers:
    """The workers of a Dask cluster, and how they compute.

    Parameters
    ----------
    client : distributed.Client
        The cluster.
    engine : str, optional
        Engine of each worker, as in Propagator. By default the fastest that it has, or the one that
        its variable GPUPROP_ENGINE names. A worker with several GPUs uses the first: dask-cuda
        starts a worker for each.
    threads : int, optional
        Threads of each worker. By default as many as Dask gave it.
    """

    client: Any
    engine: str | None = None
    threads: int | None = None

    @staticmethod
    def of(client: Any) -> "Workers":
        """Make Workers of a client. TypeError if it is not one, or is asynchronous."""
        workers = client if isinstance(client, Workers) else Workers(client)
        if not hasattr(workers.client, "submit") or not hasattr(workers.client, "nthreads"):
            raise TypeError(f"client {workers.client!r} is not a distributed.Client")
        if workers.client.asynchronous:
            raise TypeError(
                "client is asynchronous: make it with distributed.Client(address), outside a "
                "coroutine"
            )
        return workers


def known_cluster(text: str) -> str:
    """Return the text if it names a cluster; ValueError if not.

    `local:4` names four processes on this machine; other names are addresses of schedulers.
    """
    if not CLUSTER.fullmatch(text):
        raise ValueError(
            f"cluster {text!r} is not known: give a scheduler's address (tcp://host:8786), or "
            "local:4 for four processes here"
        )
    return text


@contextmanager
def connected(cluster: str) -> Iterator[Any]:
    """Connect to a cluster that known_cluster accepts.

    RuntimeError if Dask is not installed, OSError if no scheduler answers.
    """
    text = known_cluster(cluster)
    distributed = _distributed()
    match = CLUSTER.fullmatch(text)
    if match and match["count"]:
        count = int(match["count"])
        size = dict(n_workers=count, threads_per_worker=max(1, usable_cores() // count))
        with (
            distributed.LocalCluster(
                **size, processes=True, dashboard_address="127.0.0.1:0"
            ) as local,
            distributed.Client(local) as client,
        ):
            yield client
        return
    try:
        client = distributed.Client(text, timeout=CONNECT_S)
    except (OSError, ValueError) as error:
        raise OSError(
            f"no Dask scheduler answers at {text} ({error}): start one (dask scheduler), or check "
            "its address"
        ) from error
    with client:
        yield client


def _distributed() -> ModuleType:
    try:
        return import_module("distributed")
    except ModuleNotFoundError as error:
        raise RuntimeError(
            f"a cluster needs Dask ({error}): pip install 'gpuprop[cluster]'"
        ) from error


# --- the order that a worker receives ---
class Prepared(Protocol):
    """What a worker has made of an order, to write any part of it."""

    engine: str

    def write(self, store: Store, index: int, check: Progress) -> PartEntry:
        """Write a part, and return its entry. check: is called as a progress is."""

    def close(self) -> None:
        """Release processes, threads and buffers."""


@dataclass(frozen=True)
class Order(ABC):
    """All that a worker needs to write any part.

    Attributes
    ----------
    directory : str or Path
        The directory, by a path that is valid on all machines.
    shard : Shard or None
        The shard that is written.
    engine, threads
        As in Workers.
    plan : dict
        The plan of the caller, as the manifest records it. The worker makes its own plan of the
        other attributes and compares it.
    pyarrow : str
        The version of pyarrow of the caller.
    """

    directory: str | Path
    shard: Shard | None
    engine: str | None
    threads: int | None
    plan: dict[str, Any]
    pyarrow: str

    @property
    @abstractmethod
    def kind(self) -> Kind:
        """The kind of dataset."""

    @abstractmethod
    def prepare(self) -> Prepared:
        """Make what writes parts. RuntimeError if its bytes would not be those of the caller."""

    def check_plan(self, plan: Mapping[str, object]) -> None:
        """Raise RuntimeError if the worker's own plan is not that of the caller."""
        if plan != self.plan:
            raise RuntimeError(
                f"its gpuprop {__version__} makes another plan than that of the caller: install "
                "the same build"
            )

    def check_pyarrow(self) -> None:
        """Raise RuntimeError if pyarrow has another version here, which may write other bytes."""
        if self.pyarrow != pa.__version__:
            raise RuntimeError(
                f"it has pyarrow {pa.__version__}, the caller {self.pyarrow}, whose Parquet "
                "differs: install one version"
            )

    def propagator(
        self, elements: Elements, model: Model, eop: EarthOrientation | None
    ) -> Propagator:
        """Make the propagator of the worker, with the fastest engine that it has."""
        engine = self.engine
        name = open_engine(engine).name
        if name == "cuda" and ":" not in requested_name(engine):
            # dask-cuda lists the GPU of the worker first.
            engine = f"{requested_name(engine)}:0"
        threads = self.threads or _dask_threads()
        if name == "numpy" and multiprocessing.current_process().daemon:
            threads = 1  # Dask's workers are daemons, which may not start processes
        return Propagator(
            elements,
            engine,
            model.gravity.name,
            model.opsmode,
            threads=threads,
            eop=eop,
            precision=model.precision,
        )


@dataclass(frozen=True)
class SnapshotOrder(Order):
    """The order of snapshots.

    Attributes
    ----------
    fields, notes, noted
        The element sets, without rejected records.
    times, options, model, earth_orientation, layout
        As in Plan.
    eop : EarthOrientation or None
        The Earth orientation.
    """

    fields: dict[str, npt.NDArray[Any]]
    notes: tuple[str, ...]
    noted: npt.NDArray[np.bool_] | None
    times: Times
    options: SnapshotOptions
    model: Model
    earth_orientation: str | None
    layout: Layout
    eop: EarthOrientation | None

    @staticmethod
    def of(job: Job, plan: Plan, eop: EarthOrientation | None, workers: Workers) -> "SnapshotOrder":
        """Make the order of a job."""
        elements = plan.elements
        return SnapshotOrder(
            directory=job.store.shared_path(),
            shard=job.manifest.shard,
            engine=workers.engine,
            threads=workers.threads,
            plan=plan.to_dict(),
            pyarrow=pa.__version__,
            fields=dict(elements.fields),
            notes=elements.notes,
            noted=elements.noted,
            times=plan.times,
            options=plan.options,
            model=plan.model,
            earth_orientation=plan.earth_orientation,
            layout=plan.layout,
            eop=eop,
        )

    @property
    def kind(self) -> Kind:
        """The kind of dataset."""
        return SNAPSHOTS

    def prepare(self) -> "PreparedSnapshots":
        """Make the plan, the propagator and the form."""
        elements = Elements(self.fields, notes=self.notes, noted=self.noted)
        plan = Plan(
            elements, self.times, self.options, self.model, self.earth_orientation, self.layout
        )
        self.check_plan(plan.to_dict())
        if plan.options.format == "parquet":
            self.check_pyarrow()
        return PreparedSnapshots(plan, self.propagator(elements, plan.model, self.eop))


class PreparedSnapshots:
    """What writes parts of snapshots."""

    def __init__(self, plan: Plan, propagator: Propagator) -> None:
        self.engine = propagator.engine
        self._plan, self._propagator, self._form = plan, propagator, Form.of(plan)

    def write(self, store: Store, index: int, check: Progress) -> PartEntry:
        """Write a part: see Prepared."""
        plan, propagator = self._plan, self._propagator
        instants = plan.layout.part(index)
        written = Written(len(instants) * plan.satellites)
        with (
            closing(compute(plan, propagator, instants)) as blocks,
            closing(
                encoded(plan, self._form, blocks, instants.start, propagator.threads)
            ) as batches,
        ):
            return write_part(store, plan, index, self._form, batches, written, check)

    def close(self) -> None:
        """Release processes, threads and buffers."""
        self._propagator.close()


class Sealed(bytes):
    """A pickled order. Its repr does not show it.

    Dask logs the arguments of a task that failed, and an order may contain the keys of a store.
    """

    def __repr__(self) -> str:
        return f"<an order, {len(self):,} bytes>"

    __str__ = __repr__


def _pack(order: Order) -> Sealed:
    """Pickle an order, with the version of gpuprop."""
    return Sealed(pickle.dumps((__version__, pickle.dumps(order))))


def _unpack(sent: bytes) -> Order:
    """Return an order. RuntimeError if another version of gpuprop made it.

    The version is compared first: another version may lack a class that the order has.
    """
    version, pickled = pickle.loads(sent)
    if version != __version__:
        raise RuntimeError(
            f"it has gpuprop {__version__}, the caller {version}: install one version"
        )
    order: Order = pickle.loads(pickled)
    return order


class NotSharedError(GpupropError, RuntimeError):
    """A worker does not see the directory that the caller sees."""

    @staticmethod
    def at(host: str, directory: str, why: str) -> "NotSharedError":
        """Make the error for a worker on `host`."""
        return NotSharedError(
            f"{host}, a worker of the cluster, does not see {directory} as it is here ({why}): "
            "give a directory on a file system that all machines share, under the same path, or in "
            "an object store that all reach"
        )


# --- the caller ---
def parts_of(
    workers: Workers,
    plan: Plan,
    eop: EarthOrientation | None,
    job: Job,
    written: Written,
    progress: Progress | None,
) -> Generator[PartEntry, None, None]:
    """Let the workers write the missing parts of snapshots: see on_cluster."""
    order = partial(SnapshotOrder.of, job, plan, eop, workers)
    with closing(on_cluster(workers, order, job)) as entries:
        for entry in entries:
            written.add(entry)
            yield entry
            if progress is not None:
                progress(written.rows, written.total, written.bytes)


def on_cluster(
    workers: Workers,
    make_order: Callable[[], Order],
    job: Job,
    sequence: Iterable[int] | None = None,
) -> Generator[PartEntry, None, None]:
    """Let the workers write the missing parts of a job.

    sequence: the missing parts, in the order in which they are submitted; else in their own.

    At most PARTS_PER_WORKER parts per worker are submitted at a time. Closing the generator cancels
    the parts that wait, and makes the workers discard the parts that they write.

    Yields
    ------
    PartEntry
        The entry of a complete part, with its engine and host. The order is arbitrary.

    Raises
    ------
    NotSharedError
        A worker does not see the directory.
    RuntimeError
        A worker failed (the message names its host), the scheduler ended, or there was no worker
        for NO_WORKER_S seconds.
    """
    todo = chain.from_iterable(job.todo) if sequence is None else iter(sequence)
    if not job.todo:
        return
    client, token = workers.client, secrets.token_hex(8)
    sent = _pack(make_order())
    digest = xxhash.xxh3_128(sent).hexdigest()
    order = client.submit(_identity, sent, key=f"gpuprop-order-{token}", pure=False)
    del sent
    done: queue.SimpleQueue[Any] = queue.SimpleQueue()
    pending: dict[Any, str] = {}  # future: address of the worker that should run it
    waited = time.monotonic()
    index: int | None = next(todo)
    try:
        while pending or index is not None:
            live = _live(client)
            while index is not None and (address := _idle(live, pending)):
                where = dict(
                    workers=[address],
                    allow_other_workers=True,
                    key=f"gpuprop-part-{index}-{token}",
                    pure=False,
                )
                future = client.submit(_write, order, digest, token, index, **where)
                pending[future] = address
                future.add_done_callback(done.put)
                index = next(todo, None)
            waited = time.monotonic() if live else waited
            if time.monotonic() - waited > NO_WORKER_S:
                raise RuntimeError(
                    f"the Dask cluster has had no worker for {NO_WORKER_S:.0f} s: start some, "
                    "then resume the run"
                )
            try:
                future = done.get(timeout=1.0)
            except queue.Empty:
                job.check()
                continue
            del pending[future]
            entry = _entry(future)
            _wait_for(job, entry)
            yield entry
        # of workers that died
        Inventory.of(job.store, job.manifest.kind).remove_leftovers(job.manifest)
    finally:
        if pending and client.status == "running":
            with suppress(Exception):  # the first error is the one to report
                client.cancel(list(pending))
                client.run(_stop, token, on_error="ignore")


def _live(client: Any) -> list[str]:
    """Return the addresses of the workers. RuntimeError if the scheduler has ended."""
    if client.status == "running":
        with suppress(OSError):
            return list(client.nthreads())
    if client.status in ("connecting", "running"):
        return []
    raise RuntimeError("the Dask scheduler has ended: start one, then resume the run")


def _idle(live: list[str], pending: Mapping[Any, str]) -> str | None:
    """Return the worker with the fewest parts; None if all workers have enough."""
    if len(pending) >= PARTS_PER_WORKER * len(live):
        return None
    parts = Counter(pending.values())
    return min(live, key=lambda address: parts[address])


def _entry(future: Any) -> PartEntry:
    """Return the entry of a complete part. RuntimeError if it failed."""
    if future.cancelled():
        raise RuntimeError(
            "the Dask cluster has cancelled a part (its scheduler ended, or was restarted): "
            "resume the run"
        )
    error = future.exception()
    if error is None:
        entry: PartEntry = future.result()
        return entry
    if isinstance(error, (NotSharedError, WorkerFailedError)):
        raise error
    raise RuntimeError(
        f"a part failed on the Dask cluster: {type(error).__name__}: {error}"
    ) from error


def _wait_for(job: Job, entry: PartEntry) -> None:
    """Wait until a part that a worker wrote is visible here. NotSharedError after SEEN_S."""
    limit = time.monotonic() + SEEN_S
    contents = job.manifest.contents
    while wrong := Checker(job.store, contents, [entry.file]).fault(entry, full=False):
        if time.monotonic() > limit:
            raise NotSharedError.at(
                entry.host or "a host", str(job.store), f"it wrote {entry.file}, which {wrong}"
            )
        time.sleep(0.1)
        with suppress(OSError):
            job.store.contents(job.manifest.kind.folder)  # makes a network file system look again


# --- a worker ---
class WorkerFailedError(GpupropError, RuntimeError):
    """A worker failed. The message names its host."""


class InterruptedJobError(GpupropError, RuntimeError):
    """The caller was interrupted."""


_one_part = threading.Lock()
# the current order, by its digest, with what was made of it
_loaded: dict[str, tuple[Order, Prepared]] = {}
_running: set[str] = set()  # tokens of the runs of which a part is being written
_stopped: set[str] = set()  # tokens of the runs that were interrupted


def _identity(order: bytes) -> bytes:
    """Return the order: as the result of a task, it is made again if its worker dies."""
    return order


def _write(sent: bytes, digest: str, token: str, index: int) -> PartEntry:
    """Write a part. Returns its entry for the manifest."""
    with _one_part:
        _running.add(token)
        try:
            if token in _stopped:  # _stop came while this part waited for the one before it
                raise InterruptedJobError("the run was interrupted")
            return _part(sent, digest, token, index)
        except (NotSharedError, InterruptedJobError):
            raise
        except Exception as error:
            raise WorkerFailedError(
                f"part {index} failed on {socket.gethostname()}: {error}"
            ) from error
        finally:
            _running.discard(token)


def _part(sent: bytes, digest: str, token: str, index: int) -> PartEntry:
    order = _loaded[digest][0] if digest in _loaded else _unpack(sent)
    store = open_store(order.directory)
    _check_directory(store, order)
    if digest not in _loaded:
        for _, old in _loaded.values():
            old.close()
        _loaded.clear()
        _loaded[digest] = (order, order.prepare())
    _, prepared = _loaded[digest]

    def check(done: int, total: int, size: int) -> None:
        if token in _stopped:
            raise InterruptedJobError("the run was interrupted")
        if done == total:  # as late as possible before the file gets its name
            _check_directory(store, order)

    entry = prepared.write(store, index, check)
    return replace(entry, engine=prepared.engine, host=socket.gethostname())


def _check_directory(store: Store, order: Order) -> None:
    """Raise NotSharedError unless the directory has the manifest that the caller wrote."""
    try:
        manifest = Manifest.read(store, order.kind, order.shard)
    except (OSError, ValueError) as error:
        raise NotSharedError.at(socket.gethostname(), str(store), str(error)) from None
    if manifest.plan != order.plan or manifest.run.overwritten:
        raise NotSharedError.at(
            socket.gethostname(), str(store), "its manifest is that of another run"
        )


def _dask_threads() -> int:
    worker = import_module("distributed").get_worker()
    return max(1, int(worker.state.nthreads))


async def _stop(token: str) -> None:
    """Make this worker discard the part that it writes for a run."""
    _stopped.add(token)
    limit = time.monotonic() + STOP_S
    while token in _running and time.monotonic() < limit:
        await asyncio.sleep(0.01)
