"""Wrong level numbers: what moves, what stays, and how far the ratio goes."""

import numpy as np
import pytest

from helpers.cohort.spine import SLOT_INDEX, level_names, pack, present
from helpers.cohort.spine_arrays import spine_arrays, with_cement
from helpers.errors import WorkbookError
from helpers.estimators import risk_ratio
from helpers.robustness.choices import reference_of
from helpers.robustness.wrong_levels import WRONG_COLUMNS, moved, ratio_with_wrong_levels, steps, with_wrong_levels
from tests.cohort.cohorts import cleaned, random_study, study

STUDY = {
    "levels_at_risk": "T1-L5", "adjacent_within": 1, "prevalent_fractures": "exclude",
    "day_zero_fractures": "prevalent", "later_vertebroplasty": "censor", "death_follow_up": "death",
}  # fmt: skip
AS_STUDIED = reference_of(STUDY)


@pytest.fixture(scope="module")
def cohort():
    return cleaned(random_study(np.random.default_rng(8), 120))


def levels(*names):
    return np.array([sum(1 << SLOT_INDEX[name] for name in names)], dtype=np.uint32)


@pytest.mark.parametrize(
    ("thoracic", "lumbar", "at", "up", "down"),
    [
        (12, 5, ("T12",), ("T11",), ("L1",)),
        (11, 5, ("T11",), ("T10",), ("L1",)),
        (13, 5, ("T12",), ("T11",), ("T13",)),
        (12, 6, ("L5",), ("L4",), ("L6",)),
        (12, 5, ("T12", "L1"), ("T11", "T12"), ("L1", "L2")),
        (12, 5, ("T1",), ("T2",), ("T2",)),
        (12, 5, ("L5",), ("L4",), ("L4",)),
        (12, 5, ("T1", "L5"), ("T1", "L5"), ("T1", "L5")),
    ],
)
def test_cement_moves_along_the_patients_own_spine(thoracic, lumbar, at, up, down):
    own = pack(present(np.array([thoracic]), np.array([lumbar])))
    for direction, expected in ((True, up), (False, down)):
        step = steps(levels(*at), own, np.array([direction]))
        assert tuple(level_names(moved(levels(*at), own, step)[0])) == expected


def test_nobody_has_an_error_at_a_share_of_zero_and_everybody_at_one(cohort):
    rng = np.random.default_rng(1)
    before = spine_arrays(cohort).cemented
    np.testing.assert_array_equal(spine_arrays(with_wrong_levels(cohort, 0, rng=rng)).cemented, before)
    wrong = with_wrong_levels(cohort, 1, rng=rng).procedures
    is_same = wrong["level_mask"].to_numpy() == cohort.procedures["level_mask"].to_numpy()
    stay = wrong[is_same].groupby("patient", observed=True)["level_mask"].agg(np.bitwise_or.reduce)
    assert len(stay) < 0.1 * wrong["patient"].nunique()
    for mask in stay:  # cement at both ends of the spine
        assert level_names(mask)[0] == "T1"
        assert level_names(mask)[-1] in ("L5", "L6")


def test_wrong_cement_in_a_cohort_laid_out_before_is_that_of_the_wrong_cohort(cohort):
    wrong = with_wrong_levels(cohort, 0.5, rng=np.random.default_rng(3))
    made, anew = with_cement(spine_arrays(cohort), wrong.procedures), spine_arrays(wrong)
    for name in ("index", "levels", "cemented", "prevalent", "next_procedure", "death", "last_seen"):
        np.testing.assert_array_equal(getattr(made, name), getattr(anew, name))
    for name in ("later_cement", "new", "progression"):
        for of_vertebra in ("vertebra", "day"):
            np.testing.assert_array_equal(*(getattr(getattr(each, name), of_vertebra) for each in (made, anew)))
    assert len(made.later_cement.day) > 0


def test_a_patients_procedures_all_move_the_same_way():
    raw = study(["p1 | @300 | | | |"], ["p1 | @0 | T10", "p1 | @50 | L2"])
    cohort = cleaned(raw)
    ways = set()
    for seed in range(12):
        wrong = with_wrong_levels(cohort, 1, rng=np.random.default_rng(seed))
        ways.add(tuple(level_names(mask)[0] for mask in wrong.procedures["level_mask"]))
    assert ways == {("T9", "L1"), ("T11", "L3")}


def test_nothing_else_in_the_cohort_changes(cohort):
    wrong = with_wrong_levels(cohort, 0.5, rng=np.random.default_rng(2))
    for name in ("patients", "fractures", "imaging"):
        assert getattr(wrong, name) is getattr(cohort, name)
    assert wrong.procedures.drop(columns="level_mask").equals(cohort.procedures.drop(columns="level_mask"))


def test_a_neighbour_becomes_the_cemented_one_and_the_ratio_is_that_of_the_table_made_anew():
    """One fracture next to cement at T12; with cement called T11 its vertebra L1 is two levels away."""
    raw = study(["p1 | @300 | | | |", "p2 | @300 | | | |"], ["p1 | @0 | T12", "p2 | @0 | T5"],
                ["p1 | L1 | @40 | new", "p1 | T3 | @40 | new", "p2 | L4 | @40 | new"])  # fmt: skip
    table = ratio_with_wrong_levels(cleaned(raw), AS_STUDIED, shares=[0], cohorts=3, seed=1)
    exposed, event = np.arange(32) < 4, np.isin(np.arange(32), [0, 10, 20])
    assert table["estimate"].iloc[0] == pytest.approx(risk_ratio(event, exposed).estimate)
    assert table["cohorts"].iloc[0] == 1


def test_errors_draw_a_strong_ratio_towards_one_and_the_step_back_goes_the_other_way():
    raw = study(
        [f"p{n} | @300 | | | |" for n in range(150)],
        [f"p{n} | @0 | T12" for n in range(150)],
        [f"p{n} | {('L1', 'T11', 'T5')[n % 3]} | @40 | new" for n in range(0, 150, 2)],
    )
    table = ratio_with_wrong_levels(cleaned(raw), AS_STUDIED, shares=[0, 0.1, 0.3], cohorts=10, seed=1)
    assert list(table.columns) == list(WRONG_COLUMNS)
    ratios = table["estimate"].tolist()
    assert ratios[0] > ratios[1] > ratios[2] > 1
    assert table["if_wrong_already"].is_monotonic_increasing
    np.testing.assert_allclose(table["estimate"] * table["if_wrong_already"], ratios[0] ** 2)
    assert (table["low"] <= table["estimate"]).all()
    assert (table["estimate"] <= table["high"]).all()


def test_one_share_does_not_hang_on_the_others(cohort):
    one = ratio_with_wrong_levels(cohort, AS_STUDIED, shares=[0.1], cohorts=6, seed=7)
    many = ratio_with_wrong_levels(cohort, AS_STUDIED, shares=[0.05, 0.1], cohorts=6, seed=7)
    assert one.iloc[0].equals(many.iloc[1])
    other = ratio_with_wrong_levels(cohort, AS_STUDIED, shares=[0.1], cohorts=6, seed=8)
    assert not one.equals(other)


def test_no_ratio_stays_absent():
    raw = study(["p1 | @300 | | | |"], ["p1 | @0 | T12"])
    table = ratio_with_wrong_levels(cleaned(raw), AS_STUDIED, shares=[0, 0.1], cohorts=5, seed=1)
    assert table[["estimate", "low", "high", "if_wrong_already"]].isna().all(axis=None)


def test_a_share_beyond_one_is_refused(cohort):
    with pytest.raises(WorkbookError, match="0.15 for 15%"):
        with_wrong_levels(cohort, 15, rng=np.random.default_rng(1))
