"""Work that several workers take as they become free: its order, its bounds, its errors."""

import threading

import pytest
from patience import PATIENCE_S

from gpuprop.engine.prefetch import shared


class Bench:
    """Workers whose items end when the test says so."""

    def __init__(self, slow=()):
        self.taken, self.slow, self.lock = [], set(slow), threading.Lock()
        self.gates = {worker: threading.Event() for worker in self.slow}

    def turn(self, worker, item):
        self.taken.append((worker, item))
        return worker, item

    def work(self, turn):
        worker, item = turn
        if worker in self.slow:
            assert self.gates[worker].wait(PATIENCE_S)
        return item


def test_results_are_in_order_and_every_worker_works():
    bench = Bench()
    assert list(shared(bench.work, range(100), "abc", bench.turn, 2, "test")) == list(range(100))
    assert [item for _, item in bench.taken] == list(range(100))
    assert {worker for worker, _ in bench.taken} == set("abc")


def test_a_free_worker_takes_what_a_busy_one_cannot():
    """The slow one has two items; the other takes all that may wait for the first of them."""
    bench = Bench(slow="a")
    results = shared(bench.work, range(50), "ab", bench.turn, 2, "test")
    found = []
    thread = threading.Thread(target=lambda: found.extend(results))
    thread.start()
    until = threading.Event()
    for _ in range(int(PATIENCE_S * 100)):
        if len(bench.taken) == 5:
            break
        until.wait(0.01)
    assert len([item for worker, item in bench.taken if worker == "a"]) == 2
    assert len(bench.taken) == 2 * 2 + 1  # the bound: no more until the first result is taken
    bench.gates["a"].set()
    thread.join(PATIENCE_S)
    assert found == list(range(50))


def test_what_waits_is_bounded_by_a_caller_that_stops():
    bench = Bench()
    results = shared(bench.work, iter(range(10**9)), "ab", bench.turn, 2, "test")
    assert next(results) == 0
    assert len(bench.taken) <= 1 + 2 * 2
    results.close()


@pytest.mark.parametrize("where", ["item", "turn", "work"])
def test_an_error_comes_at_its_place(where):
    def items():
        for item in range(10):
            if where == "item" and item == 5:
                raise KeyError(item)
            yield item

    def turn(worker, item):
        if where == "turn" and item == 5:
            raise KeyError(item)
        return item

    def work(item):
        if where == "work" and item == 5:
            raise KeyError(item)
        return item

    found = []
    with pytest.raises(KeyError):
        for each in shared(work, items(), "ab", turn, 2, "test"):
            found.append(each)
    assert found == [0, 1, 2, 3, 4]
