"""The clustered estimators on NHANES 2013-2014: natural adjacency of prevalent fractures."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from helpers.estimators.patients import Contributions
from helpers.estimators.relative_risk import risk_ratio, risk_ratio_of

PATTERNS = Path(__file__).parents[2] / "data" / "reference" / "nhanes_vfa_patterns.csv"


@pytest.fixture(scope="module")
def pairs():
    """Given a fractured vertebra, each other assessed vertebra of the same person: fractured? how far?"""
    patterns = pd.read_csv(PATTERNS, dtype={"grades_T4_to_L4": str})
    grades = np.array([list(pattern) for pattern in patterns["grades_T4_to_L4"]])
    fractured, assessed = np.isin(grades, list("123")), grades != "x"
    pattern, given, other = np.nonzero(fractured[:, :, None] & assessed[:, None, :] & ~np.eye(13, dtype=bool))
    people = patterns["people"].to_numpy()
    copies = people[pattern]
    rows = np.repeat(np.arange(len(pattern)), copies)
    copy = np.arange(len(rows)) - np.repeat(np.cumsum(copies) - copies, copies)
    person = pattern[rows] * people.max() + copy
    return fractured[pattern, other][rows], np.abs(given - other)[rows], person


def test_ratio_and_interval_with_people_as_clusters(pairs):
    # glm(event ~ adjacent, poisson) and sandwich::vcovCL(cluster = person, type = "HC0", cadjust = FALSE)
    event, distance, person = pairs
    ratio = risk_ratio(event, distance == 1, person, quantile="normal")
    counts = ratio.counts
    assert (counts.events_exposed, counts.at_risk_exposed) == (112, 530)
    assert (counts.events_unexposed, counts.at_risk_unexposed) == (188, 2720)
    assert ratio.estimate == pytest.approx(3.0574066639903, rel=1e-12)
    assert ratio.std_error == pytest.approx(0.181806908055759, rel=1e-10)
    assert (round(ratio.conf_low, 3), round(ratio.conf_high, 3)) == (2.141, 4.366)
    assert ratio.n_patients == 186


def test_pairs_by_distance(pairs):
    event, distance, _ = pairs
    assert np.bincount(distance[event], minlength=13)[1:].tolist() == [
        112,
        68,
        28,
        30,
        24,
        12,
        8,
        2,
        6,
        8,
        0,
        2,
    ]
    assert np.bincount(distance)[1:].tolist() == [530, 508, 474, 408, 339, 284, 253, 198, 130, 72, 36, 18]


def test_halves_add_up_to_the_whole(pairs):
    event, distance, person = pairs
    first = person < np.median(person)
    halves = [Contributions.from_rows(event[half], (distance == 1)[half], person[half]) for half in (first, ~first)]
    assert risk_ratio_of(halves[0] + halves[1]) == risk_ratio(event, distance == 1, person)
