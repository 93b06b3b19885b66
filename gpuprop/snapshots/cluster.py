"""Many machines: the workers of a Dask cluster write parts to a directory that all of them see; the
caller keeps its lock and manifest.

A part is a pure function of its order and its number, so it does not matter who writes it, in which
order, or whether twice. Each worker is sent the order (element sets, options, layout) once and
keeps the propagator that it makes of it; it writes one part at a time.
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
from collections import Counter
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from importlib import import_module
from itertools import chain
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import xxhash

from ..dataset.check import Checker
from ..dataset.inventory import Inventory
from ..dataset.location import open_store
from ..dataset.manifest import Manifest, PartEntry
from ..dataset.session import Job
from ..dataset.shards import Shard
from ..dataset.store import Store
from ..elements.sets import Elements
from ..engine.choice import asked_for, open_engine
from ..engine.prefetch import usable_cores
from ..errors import GpupropError
from ..frames import EarthOrientation
from ..propagator import Propagator
from ..sgp4.model import Model
from ..time.times import Times
from ..version import __version__
from .contents import SNAPSHOTS
from .encoding.encode import Form, encoded
from .encoding.part import Progress, Written, write_part
from .layout import Layout
from .options import SnapshotOptions
from .plan import Plan

AHEAD = 2  # parts that a worker has in hand: one that it writes, one that waits for it
CONNECT_S = 10.0  # until a scheduler that does not answer is given up
NO_WORKER_S = 300.0  # until a cluster without a single worker is given up
# until a part that a worker has written must be seen here: network file systems remember for a
# while what was not there
SEEN_S = 15.0
STOP_S = 10.0  # until a worker that is told to drop its part is no longer waited for
CLUSTER = re.compile(r"local:(?P<count>[1-9][0-9]{0,3})|[a-z]+://\S+")


@dataclass(frozen=True)
class Workers:
    """client: a distributed.Client. engine, threads: of each worker, as in Propagator; by default
    the fastest that it has (or its own GPUPROP_ENGINE) and as many cores as Dask gave it threads.
    Of several GPUs a worker takes the first: dask-cuda starts one for each.
    """

    client: Any
    engine: str | None = None
    threads: int | None = None

    @staticmethod
    def of(client: Any) -> "Workers":
        """TypeError for what is no client that can be waited for."""
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
    """The text, if it names a cluster: `local:4`, so many processes here, or the address of a
    scheduler. ValueError otherwise.
    """
    if not CLUSTER.fullmatch(text):
        raise ValueError(
            f"cluster {text!r} is not known: give a scheduler's address (tcp://host:8786), or "
            "local:4 for four processes here"
        )
    return text


@contextmanager
def connected(cluster: str) -> Iterator[Any]:
    """A client of the cluster that known_cluster knows. RuntimeError where there is no Dask,
    OSError where no scheduler answers.
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
            f"no Dask scheduler answers at {text} ({error}): start one (dask scheduler), or see "
            "to its address"
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


# --- what is sent to a worker ---
@dataclass(frozen=True)
class Order:
    """All that a worker needs to write any part.

    Attributes
    ----------
    directory : str or Path
        Where all machines find it.
    shard : Shard or None
        The shard that is written.
    engine, threads
        Of each worker.
    fields, notes, noted
        Of the element sets.
    times, options, model, earth_orientation, layout
        Of the plan.
    eop : EarthOrientation or None
        The Earth orientation.
    plan : dict
        The plan of the caller, as the manifest records it; that of the worker must be equal.
    pyarrow : str
        The version of pyarrow of the caller.
    """

    directory: str | Path
    shard: Shard | None
    engine: str | None
    threads: int | None
    fields: dict[str, npt.NDArray[Any]]
    notes: tuple[str, ...]
    noted: npt.NDArray[np.bool_] | None
    times: Times
    options: SnapshotOptions
    model: Model
    earth_orientation: str | None
    layout: Layout
    eop: EarthOrientation | None
    plan: dict[str, Any]
    pyarrow: str

    @staticmethod
    def of(job: Job, plan: Plan, eop: EarthOrientation | None, workers: Workers) -> "Order":
        """Make the order of a job."""
        elements = plan.elements
        return Order(
            directory=job.store.shared_path(),
            shard=job.manifest.shard,
            engine=workers.engine,
            threads=workers.threads,
            fields=dict(elements.fields),
            notes=elements.notes,
            noted=elements.noted,
            times=plan.times,
            options=plan.options,
            model=plan.model,
            earth_orientation=plan.earth_orientation,
            layout=plan.layout,
            eop=eop,
            plan=plan.to_dict(),
            pyarrow=pa.__version__,
        )


class Sealed(bytes):
    """An order in pickled form, whose repr shows nothing of it: Dask logs the arguments of a task
    that failed, and an order may hold the keys of a store.
    """

    def __repr__(self) -> str:
        return f"<an order, {len(self):,} bytes>"

    __str__ = __repr__


class NotSharedError(GpupropError, RuntimeError):
    """A worker does not see the directory that the caller sees."""

    @staticmethod
    def at(host: str, directory: str, why: str) -> "NotSharedError":
        """Make the error for a worker on `host`."""
        return NotSharedError(
            f"{host}, a worker of the cluster, does not see {directory} as it is here ({why}): give "
            "a directory on a file system that all machines share, under the same path, or in an "
            "object store that all reach"
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
    """Let the workers write the missing parts. Yields the entry of each part, with its engine and
    host, when it is done, in any order.

    Few parts are in work at any time. Closing the generator cancels the parts that wait, and makes
    the workers discard the parts that they write.

    Raises
    ------
    NotSharedError
        A worker does not see the directory.
    RuntimeError
        A worker failed (the message names its host), the scheduler is gone, or there was no worker
        for NO_WORKER_S seconds.
    """
    todo = chain.from_iterable(job.todo)
    if not job.todo:
        return
    client, token = workers.client, secrets.token_hex(8)
    sent = Sealed(pickle.dumps(Order.of(job, plan, eop, workers)))
    digest = xxhash.xxh3_128(sent).hexdigest()
    # a task, which Dask does again if its worker dies
    order = client.submit(_kept, sent, key=f"gpuprop-order-{token}", pure=False)
    del sent
    done: queue.SimpleQueue[Any] = queue.SimpleQueue()
    pending: dict[Any, str] = {}  # future: the worker it was meant for
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
            written.add(entry)
            yield entry
            if progress is not None:
                progress(written.rows, written.total, written.bytes)
        Inventory.of(job.store, SNAPSHOTS).remove_leftovers(job.manifest)  # of workers that died
    finally:
        if pending and client.status == "running":
            with suppress(Exception):  # what led here is the one to report
                client.cancel(list(pending))
                client.run(_stop, token, on_error="ignore")


def _live(client: Any) -> list[str]:
    """The addresses of the workers. RuntimeError where the scheduler is gone."""
    if client.status == "running":
        with suppress(OSError):
            return list(client.nthreads())
    if client.status in ("connecting", "running"):
        return []
    raise RuntimeError("the Dask scheduler is gone: start one, then resume the run")


def _idle(live: list[str], pending: Mapping[Any, str]) -> str | None:
    """The worker with the least in hand that may have one part more."""
    if len(pending) >= AHEAD * len(live):
        return None
    hands = Counter(pending.values())
    return min(live, key=lambda address: hands[address])


def _entry(future: Any) -> PartEntry:
    """Get the entry of a part that is done. RuntimeError with what went wrong."""
    if future.cancelled():
        raise RuntimeError(
            "the Dask cluster has cancelled a part (its scheduler is gone, or was restarted): "
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
    """Wait until the part that a worker has written is seen here. NotSharedError if it never is."""
    limit = time.monotonic() + SEEN_S
    contents = job.manifest.contents
    while wrong := Checker(job.store, contents, [entry.file]).fault(entry, full=False):
        if time.monotonic() > limit:
            raise NotSharedError.at(
                entry.host or "a host", str(job.store), f"it wrote {entry.file}, which {wrong}"
            )
        time.sleep(0.1)
        with suppress(OSError):
            job.store.contents(SNAPSHOTS.folder)  # a network file system looks again


# --- a worker ---
class WorkerFailedError(GpupropError, RuntimeError):
    """Something went wrong on a worker; the message says on which host."""


class InterruptedJobError(GpupropError, RuntimeError):
    """The caller has been interrupted."""


_one_part = threading.Lock()
_loaded: dict[str, tuple[Order, Plan, Propagator, Form]] = {}  # the order in hand, by its digest
_at_work: set[str] = set()  # tokens of runs
_stopped: set[str] = set()


def _kept(order: bytes) -> bytes:
    return order


def _write(sent: bytes, digest: str, token: str, index: int) -> PartEntry:
    """Write a part. Returns its entry for the manifest."""
    with _one_part:
        _at_work.add(token)
        try:
            return _part(sent, digest, token, index)
        except (NotSharedError, InterruptedJobError):
            raise
        except Exception as error:
            raise WorkerFailedError(
                f"part {index} failed on {socket.gethostname()}: {error}"
            ) from error
        finally:
            _at_work.discard(token)


def _part(sent: bytes, digest: str, token: str, index: int) -> PartEntry:
    order: Order = _loaded[digest][0] if digest in _loaded else pickle.loads(sent)
    store = open_store(order.directory)
    _check_directory(store, order)
    if digest not in _loaded:
        for _, _, old, _ in _loaded.values():
            old.close()
        _loaded.clear()
        _loaded[digest] = (order, *_made(order))
    _, plan, propagator, form = _loaded[digest]
    instants, options = plan.layout.part(index), plan.options
    blocks = propagator.snapshots(
        plan.times[instants.start : instants.stop],
        options.frame,
        options.velocity,
        sunlit=options.sunlit,
        instants=plan.layout.batch_instants,
    )

    def may_go_on(done: int, total: int, size: int) -> None:
        if token in _stopped:
            raise InterruptedJobError("the run was interrupted")
        if done == total:  # the last moment before the file gets its name
            _check_directory(store, order)

    written = Written(len(instants) * plan.satellites)
    with (
        closing(blocks),
        closing(encoded(plan, form, blocks, instants.start, propagator.threads)) as batches,
    ):
        entry = write_part(store, plan, index, form, batches, written, may_go_on)
    return replace(entry, engine=propagator.engine, host=socket.gethostname())


def _check_directory(store: Store, order: Order) -> None:
    """Raise NotSharedError unless the directory is the one that the caller locked for this plan."""
    try:
        manifest = Manifest.read(store, SNAPSHOTS, order.shard)
    except (OSError, ValueError) as error:
        raise NotSharedError.at(socket.gethostname(), str(store), str(error)) from None
    if manifest.plan != order.plan or manifest.run.overwritten:
        raise NotSharedError.at(
            socket.gethostname(), str(store), "its manifest is that of another run"
        )


def _made(order: Order) -> tuple[Plan, Propagator, Form]:
    """Make the plan, the propagator and the form of an order.

    RuntimeError if this gpuprop, or its pyarrow, writes other bytes than the caller's.
    """
    elements = Elements(order.fields, notes=order.notes, noted=order.noted)
    plan = Plan(
        elements, order.times, order.options, order.model, order.earth_orientation, order.layout
    )
    if plan.to_dict() != order.plan:
        raise RuntimeError(
            f"it has gpuprop {__version__}, the caller {order.plan['version']}, and plans differ: "
            "install one version"
        )
    if plan.options.format == "parquet" and order.pyarrow != pa.__version__:
        raise RuntimeError(
            f"it has pyarrow {pa.__version__}, the caller {order.pyarrow}, whose Parquet differs: "
            "install one version"
        )
    engine = order.engine
    name = open_engine(engine).name
    if name == "cuda" and ":" not in asked_for(engine):
        # dask-cuda puts the GPU of a worker first, the others after it
        engine = f"{asked_for(engine)}:0"
    threads = order.threads or _dask_threads()
    if name == "numpy" and multiprocessing.current_process().daemon:
        threads = 1  # daemons, as Dask's workers are, may have no processes of their own
    return (
        plan,
        Propagator(
            elements,
            engine,
            plan.model.gravity.name,
            plan.model.opsmode,
            threads=threads,
            eop=order.eop,
        ),
        Form.of(plan),
    )


def _dask_threads() -> int:
    worker = import_module("distributed").get_worker()
    return max(1, int(worker.state.nthreads))


async def _stop(token: str) -> None:
    """Have this worker drop the part that it writes for a run."""
    _stopped.add(token)
    limit = time.monotonic() + STOP_S
    while token in _at_work and time.monotonic() < limit:
        await asyncio.sleep(0.01)
