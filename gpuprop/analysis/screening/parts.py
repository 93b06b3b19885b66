"""The events of a part of a window: from candidates to both tables."""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa

from ...propagator import Propagator
from ...time.times import Times
from ...typing import Bits, Mask
from ..events import MICROSECOND
from .decide import Decider
from .propose import STEP, Proposer
from .question import Question
from .stays import Window
from .table import COMPANIONS, CONJUNCTIONS, companion_table, conjunction_table

# progress(seconds of the window done, all seconds)
Progress: TypeAlias = Callable[[float, float], None]


class Part(NamedTuple):
    """The events of a part."""

    conjunctions: pa.Table
    companions: pa.Table
    lost: Bits  # numbers of satellites without the status 0 at some instants, sorted


class Screening:
    """Screens the parts of a window, in any order; neighbouring parts in a row share their work.

    step, knots, enough: as in Proposer. They do not change any row.
    """

    def __init__(
        self,
        propagator: Propagator,
        asked: Question,
        *,
        step: int = STEP,
        knots: int | None = None,
        enough: int | None = None,
    ) -> None:
        self.propagator, self.asked = propagator, asked
        self._proposer = Proposer(
            propagator,
            asked.threshold,
            asked.primary(propagator),
            step,
            knots,
            **({} if enough is None else {"enough": enough}),
        )
        self._decider: Decider | None = None
        self._reached: int | None = None

    def part(self, first: int, stop: int, progress: Callable[[int], None] | None = None) -> Part:
        """Screen [first, stop), microseconds: a pure function of the question and these.

        progress: is called with the instant that is reached.
        """
        window, part = self.asked.window, Window(first, stop)
        # after an error it begins anew
        decider, self._decider = self._decider, None
        if decider is None or self._reached != first:
            decider = Decider(self.propagator, self.asked.threshold, window)
        conjunctions, companions = [CONJUNCTIONS.empty_table()], [COMPANIONS.empty_table()]
        lost = self._lost_at(
            [instant for instant in (window.first, window.last) if first <= instant < stop]
        )
        for batch in self._proposer.batches(part):
            events, stays = decider.decide(
                batch.candidates, batch.knots, max(batch.first, first), min(batch.stop, stop)
            )
            conjunctions.append(conjunction_table(self.propagator, events))
            companions.append(companion_table(self.propagator, stays))
            lost |= batch.lost
            if progress is not None:
                progress(min(batch.stop, stop))
        self._decider, self._reached = decider, stop
        return Part(
            pa.concat_tables(conjunctions).combine_chunks(),
            pa.concat_tables(companions).combine_chunks(),
            np.sort(self.propagator.elements.sat_id[lost]).astype(np.int64),
        )

    def _lost_at(self, instants: list[int]) -> Mask:
        lost = np.zeros(len(self.propagator.elements), bool)
        if instants:
            times = Times(np.array(instants, np.int64) * MICROSECOND)
            lost |= (self.propagator.states(times, velocity=False).status != 0).any(axis=0)
        return lost
