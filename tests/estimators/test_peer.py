"""lifelines beside ours: the same naive fit, or the same word that there is none."""

import numpy as np
import pandas as pd
import pytest

from helpers.estimators.hazard_ratio import hazard_ratio
from helpers.estimators.peer import MOST_VERTEBRAE, first_patients, lifelines_hazard_ratio


@pytest.mark.parametrize("conf_level", [0.95, 0.9, 0.995])
def test_the_same_fit_with_many_ties(conf_level):
    rng = np.random.default_rng(1)
    exposed = rng.random(400) < 0.3
    days = rng.exponential(90 / (1 + exposed)).round().astype(int)
    event = rng.random(400) < 0.6
    ours = hazard_ratio(days, event, exposed, conf_level=conf_level)
    theirs = lifelines_hazard_ratio(days, event, exposed, conf_level=conf_level)
    for name in ("estimate", "conf_low", "conf_high", "std_error"):
        assert getattr(theirs, name) == pytest.approx(getattr(ours, name), rel=1e-6), name
    assert theirs.p_value == pytest.approx(ours.p_value, rel=1e-4)


@pytest.mark.parametrize(
    ("days", "event", "exposed"),
    [
        ([5, 9, 9, 12], [0, 0, 0, 0], [1, 0, 1, 0]),
        ([5, 6, 9, 12], [1, 1, 0, 0], [1, 1, 0, 0]),
        ([5, 6, 9, 12], [1, 1, 1, 0], [1, 1, 1, 1]),
        ([5], [1], [1]),
        ([], [], []),
    ],
)
def test_where_there_is_no_maximum_both_say_so(days, event, exposed):
    theirs, ours = lifelines_hazard_ratio(days, event, exposed), hazard_ratio(days, event, exposed)
    assert theirs.estimate is None
    assert ours.estimate is None
    assert theirs.note


def test_of_few_vertebrae_both_are_given_all():
    first = first_patients(np.arange(MOST_VERTEBRAE) // 10)
    assert first.kept.all()
    assert first.told == ""


def test_of_many_both_are_given_the_first_patients_whole():
    patient = pd.Categorical.from_codes(np.array([2, 0, 3, 1, 0, 1, 2, 0]), [f"p{number}" for number in range(5)])
    first = first_patients(patient, most=6)
    # Three of p0 and two of p1; both of p2 would make seven.
    assert patient[first.kept].tolist() == ["p0", "p1", "p0", "p1", "p0"]
    assert first.told == ", on the first 2 patients (keys are in random order)"


def test_one_vertebra_more_than_most_leaves_the_last_patient_out():
    first = first_patients(np.arange(MOST_VERTEBRAE + 1) // 10)
    assert first.kept.sum() == MOST_VERTEBRAE
    assert not first.kept[-1]
