"""Let the workers of a Dask cluster write the parts of a directory of passes."""

from collections.abc import Generator, Iterable
from functools import partial

from ...dataset.contents import Kind
from ...dataset.entries import PartEntry
from ...dataset.session import Job
from ...dataset.store import Store
from ...propagator import Propagator
from ...snapshots.cluster import Workers, on_cluster
from ...snapshots.encoding.part import Progress
from ..order import AnswerOrder
from .contents import PASSES, PassContents
from .directory import plan_of, write_part
from .question import Question


class PassOrder(AnswerOrder):
    """The order of passes."""

    @property
    def kind(self) -> Kind:
        """The kind of dataset."""
        return PASSES

    def prepare(self) -> "PreparedPasses":
        """Make the plan and the propagator."""
        propagator = self.open()
        contents = plan_of(propagator, self.asked)
        self.check_plan(contents.plan)
        self.check_pyarrow()
        return PreparedPasses(propagator, self.asked, contents)


class PreparedPasses:
    """What writes parts of passes."""

    def __init__(self, propagator: Propagator, asked: Question, contents: PassContents) -> None:
        self.engine = propagator.engine
        self._propagator, self._asked, self._contents = propagator, asked, contents

    def write(self, store: Store, index: int, check: Progress) -> PartEntry:
        """Write a part. check: raises an error if the run was interrupted."""
        check(1, 1, 0)
        entry = write_part(store, self._propagator, self._asked, self._contents, index)
        check(1, 1, 0)
        return entry

    def close(self) -> None:
        """Release processes, threads and buffers."""
        self._propagator.close()


def produce(
    workers: Workers, propagator: Propagator, asked: Question, job: Job, todo: Iterable[int]
) -> Generator[PartEntry, None, None]:
    """Let the workers write the missing parts of a job: see on_cluster."""
    make = partial(PassOrder.of, job, workers, propagator, asked, propagator.eop)
    return on_cluster(workers, make, job)
