"""Bounded, ordered prefetching on worker threads; the number of usable cores."""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


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
