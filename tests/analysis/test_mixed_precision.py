"""Answers with precision mixed: screening takes it for candidates only, the others refuse it."""

import numpy as np
import pytest
from approach_samples import START, crowd
from mixed_samples import near_the_limits, needs_fma
from state_samples import EPOCH

from gpuprop import Propagator, Site, access, coverage, screen, time_grid, visible
from gpuprop.analysis.screening.propose import precision_slack

pytestmark = needs_fma
SITE = Site(-15.79, -47.88, 1.17, "Brasilia")


CROWD = crowd(7, 1500, 10.0)


@pytest.mark.parametrize("engine", ["cpu", "cuda"])
@pytest.mark.parametrize(("threshold", "duration"), [(2.0, "90min"), (20.0, "10min")])
def test_the_tables_of_a_screening_are_the_same(request, engine, threshold, duration):
    if engine == "cuda":
        request.getfixturevalue("fake")
    found = [
        screen(
            Propagator(CROWD, name, precision=precision),
            np.datetime64(START, "us"),
            duration=duration,
            threshold_km=threshold,
        )
        for name, precision in (("cpu", "exact"), (engine, "mixed"))
    ]
    assert len(found[0].conjunctions) > 10
    assert found[0].conjunctions.equals(found[1].conjunctions, check_metadata=True)
    assert found[0].companions.equals(found[1].companions, check_metadata=True)
    assert found[0].summary == found[1].summary


def test_the_slack_holds_both_bounds():
    exact, mixed = (Propagator(CROWD, "cpu", precision=name) for name in ("exact", "mixed"))
    assert precision_slack(exact, 60.0) == 0.0
    # path: 1 m and 30 s of 10 mm/s; twice the residual: two positions and 60 s of 10 mm/s
    assert precision_slack(mixed, 60.0) == pytest.approx(1e-3 * (1.3 + 2 * 2.6), rel=1e-12)


@pytest.mark.parametrize(
    ("question", "ask"),
    [
        ("access", lambda prop: access(prop, [SITE], EPOCH, duration="1h")),
        ("access", lambda prop: visible(prop, [SITE], EPOCH)),
        ("coverage", lambda prop: coverage(prop, time_grid(EPOCH, duration="2min", step="60s"))),
    ],
)
def test_other_answers_refuse_it(question, ask):
    prop = Propagator(near_the_limits(2, 5), "cpu", precision="mixed")
    with pytest.raises(ValueError, match=f"{question} is decided by exact states: give a Propag"):
        ask(prop)
