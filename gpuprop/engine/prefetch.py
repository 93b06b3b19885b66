"""Bounded, ordered prefetching on worker threads; the number of usable cores."""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
Turn = TypeVar("Turn")
Worker = TypeVar("Worker")


def usable_cores(most: int | None = None) -> int:
    """Count the cores that this process may run on, at most `most`."""
    cores = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    return cores if most is None else min(int(most), cores)


def ahead(
    function: Callable[[Item], Result], items: Iterable[Item], threads: int, name: str
) -> Generator[Result, None, None]:
    """Yield function(item) of each item, in order, while threads compute the next results.

    Each thread has one result that is being computed or waits to be taken; a caller that stops
    taking results stops the work. The items are taken on the caller's thread. If taking an item
    fails, the results of the items before it come first. Closing the generator cancels what has not
    begun and waits for the rest. With threads = 0 there is no prefetching.
    """
    if not threads:
        yield from map(function, items)
        return
    pool = ThreadPoolExecutor(threads, f"gpuprop-{name}")
    pending: deque[Future[Result]] = deque()
    source, failure = iter(items), None
    try:
        while failure is None:
            try:
                pending.append(pool.submit(function, next(source)))
            except StopIteration:
                break
            except Exception as error:  # raised below, after the results of earlier items
                failure = error
            if len(pending) > threads:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
        if failure is not None:
            try:
                raise failure
            finally:
                failure = None  # breaks the cycle of the exception and this frame
    finally:
        pool.shutdown(cancel_futures=True)


def shared(
    function: Callable[[Turn], Result],
    items: Iterable[Item],
    workers: Sequence[Worker],
    turn: Callable[[Worker, Item], Turn],
    each: int,
    name: str,
) -> Generator[Result, None, None]:
    """Yield results in the order of the items, which workers take as they become free.

    An item goes to the worker with the fewest unfinished items, at most `each`. turn(worker, item)
    is called on the caller's thread and gives the argument of function. At most each * len(workers)
    results wait or are computed while the caller uses one. Errors are as those of `ahead`.
    """
    most = each * len(workers)
    pool = ThreadPoolExecutor(most, f"gpuprop-{name}")
    pending: deque[tuple[int, Future[Result]]] = deque()
    source, failure, ended = iter(items), None, False

    def free() -> int | None:
        """Return the worker with the fewest unfinished items, or None if all are busy."""
        busy = [0] * len(workers)
        for number, future in pending:
            busy[number] += not future.done()
        number = busy.index(min(busy))
        return number if busy[number] < each else None

    try:
        while True:
            while not ended and len(pending) <= most and (number := free()) is not None:
                try:
                    given = turn(workers[number], next(source))
                    pending.append((number, pool.submit(function, given)))
                except StopIteration:
                    ended = True
                except Exception as error:  # raised below, after the results of earlier items
                    failure, ended = error, True
            if not pending:
                break
            if pending[0][1].done() or ended or len(pending) > most:
                yield pending.popleft()[1].result()
            else:  # a worker may become free before the next result is there
                wait([future for _, future in pending if not future.done()], None, FIRST_COMPLETED)
        if failure is not None:
            try:
                raise failure
            finally:
                failure = None  # breaks the cycle of the exception and this frame
    finally:
        pool.shutdown(cancel_futures=True)
