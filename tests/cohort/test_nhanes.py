"""The NHANES patterns give the figures that were counted from the person-level file."""

import numpy as np
import pytest

from helpers.cohort import nhanes
from helpers.errors import WorkbookError

FRACTURED_BY_DISTANCE = [112, 68, 28, 30, 24, 12, 8, 2, 6, 8, 0, 2]
ASSESSED_BY_DISTANCE = [530, 508, 474, 408, 339, 284, 253, 198, 130, 72, 36, 18]


@pytest.fixture(scope="module")
def grades():
    return nhanes.read_people()


def test_people_and_fractures(grades):
    assert grades.shape == (3330, 13)
    assert ((grades > 0).any(axis=1).sum(), (grades > 0).sum()) == (186, 282)


def test_weighted_prevalence_is_the_published_one():
    # R: survey::svymean(~fracture, design) on the person-level file; here weights are rounded to one decimal
    assert nhanes.weighted_prevalence() == pytest.approx(0.0539418153889605, abs=1e-8)


def test_pairs_by_distance(grades):
    by_distance = nhanes.fracture_pairs(grades).groupby("distance")["is_fractured"]
    assert by_distance.sum().tolist() == FRACTURED_BY_DISTANCE
    assert by_distance.size().tolist() == ASSESSED_BY_DISTANCE


def test_pairs_of_two_people_worked_by_hand():
    grades = np.full((2, 13), -1, dtype=np.int8)
    grades[0, :4] = [2, 0, 1, -1]
    grades[1, :3] = 0
    pairs = nhanes.fracture_pairs(grades)
    seen = set(zip(pairs["reference"], pairs["level"], pairs["distance"], pairs["is_fractured"], strict=True))
    assert seen == {("T4", "T5", 1, False), ("T4", "T6", 2, True), ("T6", "T4", 2, True), ("T6", "T5", 1, False)}
    assert set(pairs["person"]) == {0}


def test_a_damaged_file_is_told(tmp_path):
    path = tmp_path / "patterns.csv"
    path.write_text("grades_T4_to_L4,people,mec_weight\n0000000000000,1,1\n00000,1,1\n")
    with pytest.raises(WorkbookError, match="patterns.csv, row 3: a pattern must be 13 characters"):
        nhanes.read_patterns(path)
