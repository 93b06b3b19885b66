"""Let the workers of a Dask cluster write the parts of a directory of passes."""

from collections.abc import Generator, Iterable
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
from ...frames import EarthOrientation
from ...propagator import Propagator
from ...sgp4.model import Model
from ...snapshots.cluster import Order, Workers, on_cluster
from ...snapshots.encoding.part import Progress
from .contents import PASSES, PassContents
from .directory import plan_of, write_part
from .question import Question


@dataclass(frozen=True)
class PassOrder(Order):
    """The order of passes.

    Attributes
    ----------
    fields : dict
        The element sets.
    model : Model
        The model of SGP4.
    eop : EarthOrientation
        The Earth orientation.
    asked : Question
        What is looked for.
    """

    fields: dict[str, npt.NDArray[Any]]
    notes: tuple[str, ...]
    noted: npt.NDArray[np.bool_] | None
    model: Model
    eop: EarthOrientation
    asked: Question

    @property
    def kind(self) -> Kind:
        """The kind of dataset."""
        return PASSES

    def prepare(self) -> "PreparedPasses":
        """Make the plan and the propagator."""
        elements = Elements(self.fields, notes=self.notes, noted=self.noted)
        propagator = self.propagator(elements, self.model, self.eop)
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
    make = partial(
        PassOrder,
        directory=job.store.shared_path(),
        shard=None,
        engine=workers.engine,
        threads=workers.threads,
        plan=dict(job.manifest.plan),
        pyarrow=pa.__version__,
        fields=dict(propagator.elements.fields),
        notes=propagator.elements.notes,
        noted=propagator.elements.noted,
        model=propagator.model,
        eop=propagator.eop,
        asked=asked,
    )
    return on_cluster(workers, make, job)
