"""The order of an answer: what a worker of a Dask cluster needs to write any part of it."""

from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ..dataset.session import Job
from ..elements.sets import Elements
from ..frames import EarthOrientation
from ..propagator import Propagator
from ..sgp4.model import Model
from ..snapshots.cluster import Order, Workers

Self = TypeVar("Self", bound="AnswerOrder")


@dataclass(frozen=True)
class AnswerOrder(Order):
    """The order of an answer: see Order.

    Attributes
    ----------
    fields, notes, noted
        The element sets, without rejected records.
    model : Model
        The model of SGP4.
    eop : EarthOrientation or None
        The Earth orientation.
    asked : Question
        What is asked.
    """

    fields: dict[str, npt.NDArray[Any]]
    notes: tuple[str, ...]
    noted: npt.NDArray[np.bool_] | None
    model: Model
    eop: EarthOrientation | None
    asked: Any

    @classmethod
    def of(
        cls: type[Self],
        job: Job,
        workers: Workers,
        propagator: Propagator,
        asked: object,
        eop: EarthOrientation | None = None,
    ) -> Self:
        """Make the order of a job."""
        elements = propagator.elements
        return cls(
            directory=job.store.shared_path(),
            shard=job.manifest.shard,
            engine=workers.engine,
            threads=workers.threads,
            plan=dict(job.manifest.plan),
            pyarrow=pa.__version__,
            fields=dict(elements.fields),
            notes=elements.notes,
            noted=elements.noted,
            model=propagator.model,
            eop=eop,
            asked=asked,
        )

    def open(self) -> Propagator:
        """Open the propagator of the worker."""
        elements = Elements(self.fields, notes=self.notes, noted=self.noted)
        return self.propagator(elements, self.model, self.eop)
