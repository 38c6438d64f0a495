"""The calibration table: one row per margin, and a sentence for each that is missed."""

import pytest

from helpers.cohort.calibration import MARGIN_COLUMNS, NATURAL, NO_EFFECT, calibrate, out_of_tolerance
from helpers.cohort.truth import Truth


@pytest.fixture(scope="module")
def table():
    return calibrate(Truth(fractures_per_vertebra_year=0.01), seeds=2, first_seed=5)


def test_one_row_for_each_margin_with_its_evidence(table):
    assert tuple(table.columns) == MARGIN_COLUMNS
    assert table["margin"].is_unique
    assert (table["kind"] == "calibrated").sum() == 7
    assert {NATURAL, NO_EFFECT} < set(table["margin"])
    assert set(table["seeds"]) == {"5 to 6"}
    ranged = table.dropna(subset="lowest_seed")
    assert (ranged["lowest_seed"] <= ranged["average"]).all()
    assert (ranged["average"] <= ranged["highest_seed"]).all()


def test_a_missed_margin_is_told_and_context_is_not(table):
    told = out_of_tolerance(table)
    assert any(sentence.startswith("new fractures: ") and "published 186 (-" in sentence for sentence in told)
    assert not any(sentence.startswith("patients: ") for sentence in told)
    assert not any("old fracture" in sentence for sentence in told)
