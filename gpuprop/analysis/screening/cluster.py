"""Let the workers of a Dask cluster write the files of a screening."""

from collections.abc import Generator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ...dataset.contents import Kind
from ...dataset.entries import PartEntry
from ...dataset.session import Job
from ...dataset.store import Store
from ...elements.sets import Elements
from ...propagator import Propagator
from ...sgp4.model import Model
from ...snapshots.cluster import Order, Workers, on_cluster
from ...snapshots.encoding.part import Progress
from .contents import SCREENING, ScreeningContents
from .directory import plan_of, write_file, written_file
from .parts import Screening
from .question import Question


@dataclass(frozen=True)
class ScreeningOrder(Order):
    """The order of a screening.

    Attributes
    ----------
    fields : dict
        The element sets.
    model : Model
        The model of SGP4.
    asked : Question
        What is looked for.
    """

    fields: dict[str, npt.NDArray[Any]]
    notes: tuple[str, ...]
    noted: npt.NDArray[np.bool_] | None
    model: Model
    asked: Question

    @property
    def kind(self) -> Kind:
        """The kind of dataset."""
        return SCREENING

    def prepare(self) -> "PreparedScreening":
        """Make the plan and the propagator."""
        elements = Elements(self.fields, notes=self.notes, noted=self.noted)
        propagator = self.propagator(elements, self.model, None)
        contents = plan_of(propagator, self.asked)
        self.check_plan(contents.plan)
        self.check_pyarrow()
        return PreparedScreening(propagator, self.asked, contents)


class PreparedScreening:
    """What writes files of a screening.

    A part is screened once: who writes its conjunctions also writes its companions, which are
    only listed later. A companion file that is not there yet is written like any other.
    """

    def __init__(
        self, propagator: Propagator, asked: Question, contents: ScreeningContents
    ) -> None:
        self.engine = propagator.engine
        self._propagator, self._contents = propagator, contents
        self._screening = Screening(propagator, asked)

    def write(self, store: Store, index: int, check: Progress) -> PartEntry:
        """Write a file. check: raises an error if the run was interrupted."""
        check(0, 1, 0)
        found = written_file(store, self._contents, index, self.engine) if index % 2 else None
        if found is not None:
            return found
        span = self._contents.span(index)
        part = self._screening.part(*span, lambda instant: check(0, 1, 0))
        check(1, 1, 0)
        if index % 2 == 0:
            write_file(store, self._contents, index + 1, part, self.engine)
        return write_file(store, self._contents, index, part, self.engine)

    def close(self) -> None:
        """Release processes, threads and buffers."""
        self._propagator.close()


def produce(
    workers: Workers, propagator: Propagator, asked: Question, job: Job, todo: list[int]
) -> Generator[PartEntry, None, None]:
    """Let the workers write the missing files of a job: see on_cluster."""
    make = partial(
        ScreeningOrder,
        directory=job.store.shared_path(),
        shard=job.manifest.shard,
        engine=workers.engine,
        threads=workers.threads,
        plan=dict(job.manifest.plan),
        pyarrow=pa.__version__,
        fields=dict(propagator.elements.fields),
        notes=propagator.elements.notes,
        noted=propagator.elements.noted,
        model=propagator.model,
        asked=asked,
    )
    return on_cluster(workers, make, job, sorted(todo, key=lambda index: (index % 2, index)))
