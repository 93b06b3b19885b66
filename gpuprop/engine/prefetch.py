"""Work done ahead: on threads of its own, in order, and never more than so much of it; and the
cores that there are for it.
"""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def usable_cores(most: int | None = None) -> int:
    """Cores that this process may run on, at most so many."""
    cores = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    return cores if most is None else min(int(most), cores)


def ahead(
    function: Callable[[Item], Result], items: Iterable[Item], threads: int, name: str
) -> Generator[Result, None, None]:
    """function(item) of each item, in order, computed on so many threads while the caller uses what
    came before.

    One result a thread is in the making or waits; a caller that stops taking them stops the work.
    The items are taken on the caller's thread; if taking one fails, the results of those before it
    come first. Closing the generator drops what has not begun and waits for the rest. Without
    threads there is no work ahead.
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
            except Exception as error:  # what came before it is not lost
                failure = error
            if len(pending) > threads:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
        if failure is not None:
            try:
                raise failure
            finally:
                failure = None  # it holds this frame, which would hold it
    finally:
        pool.shutdown(cancel_futures=True)
