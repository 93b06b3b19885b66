"""The states and errors that the authors of SGP4 published."""

import numpy as np
import pytest
from published import ERRORS, cases, element_sets

from gpuprop import Propagator
from gpuprop.time.times import as_times

MINUTE = 60_000_000_000


def states_at(propagator, minutes):
    """States of a propagator's one satellite at minutes since its epoch."""
    epoch = propagator.elements.epoch
    return propagator.states(
        as_times(epoch + np.rint(np.asarray(minutes) * MINUTE).astype("timedelta64[ns]"))
    )


def test_the_set_is_whole():
    assert len(cases()) == 33
    # 33334 gives no state: the file repeats the one before
    assert sum(len(case.rows) for case in cases()) == 666 + 1
    assert [case.sat_id for case in cases()] == element_sets().sat_id.tolist()


@pytest.mark.parametrize("number", range(33))
def test_published_states(engine, number):
    case = cases()[number]
    states = states_at(Propagator(element_sets()[number], engine), case.rows[:, 0])
    if case.sat_id == 33334:
        assert states.status.tolist() == [[3]]
        assert np.isnan(states.position).all() and np.isnan(states.velocity).all()
        return
    assert set(states.status.ravel()) <= {0, 10}
    assert np.abs(states.position[:, 0] - case.rows[:, 1:4]).max() < 2e-7
    assert np.abs(states.velocity[:, 0] - case.rows[:, 4:7]).max() < 1e-9


def test_published_errors_in_their_order(engine):
    """As the published driver steps: the epoch, then start to stop, until the first error."""
    errors = []
    for number, case in enumerate(cases()):
        start, stop, step = case.start_stop_step
        minutes = np.concatenate(([0.0], np.arange(start, stop + step, step)))
        minutes = (
            np.minimum(minutes, max(stop, 0.0)) if stop > 0 else minutes[minutes <= stop + 1e-9]
        )
        status = states_at(Propagator(element_sets()[number], engine), minutes).status[:, 0]
        errors += [code for code in status if code not in (0, 10)][:1]
    assert errors == ERRORS
