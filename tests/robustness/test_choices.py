"""A grid of choices: what is refused, what is left out, and what a listed specification comes to."""

import pandas as pd
import pytest

from helpers.cohort.risk_table import OPTIONS
from helpers.cohort.robustness_contracts import SPECIFIED
from helpers.errors import Problems
from helpers.robustness.choice_effects import TOGETHER
from helpers.robustness.choices import CHOICES, ESTIMATORS, NAMES, grid_problems, reference_of, words_of
from helpers.robustness.grid import chosen_grid, listed_grid, written_grid

STUDY = {
    "levels_at_risk": "T1-L5",
    "adjacent_within": 1,
    "prevalent_fractures": "exclude",
    "day_zero_fractures": "prevalent",
    "later_vertebroplasty": "censor",
    "death_follow_up": "death",
}
REFERENCE = reference_of(STUDY)
WHY = "as some do"


def reasoned(**values):
    return {choice: dict.fromkeys(each, WHY) for choice, each in values.items()}


def test_choices_are_those_of_the_contract_and_of_the_risk_table():
    assert tuple(CHOICES) == SPECIFIED
    assert set(NAMES) == {*CHOICES, TOGETHER}
    assert tuple(CHOICES["estimator"].values) == tuple(ESTIMATORS)
    for name, values in OPTIONS.items():
        assert set(values) <= set(CHOICES[name].values)


def test_the_reference_is_the_study_and_what_is_usual():
    assert REFERENCE["adjacent_within"] == "1"
    assert REFERENCE["estimator"] == "crude"
    assert REFERENCE["horizon_days"] == "all"
    assert all(CHOICES[choice].accepts(value) for choice, value in REFERENCE.items())


@pytest.mark.parametrize(
    ("grid", "told"),
    [
        (reasoned(estimatr=["crude"]), 'names the choice "estimatr", which is not known. Did you mean estimator?'),
        (
            reasoned(adjacent_within=["1", "4"]),
            'gives `adjacent_within` the value "4", but it must be 1, 2, 3.',
        ),
        (
            reasoned(horizon_days=["90 days"]),
            'gives `horizon_days` the value "90 days", but it must be all or a number of days like "90".',
        ),
        (reasoned(levels_at_risk=["T4"]), 'gives `levels_at_risk` the value "T4"'),
        ({"region": {"all": " "}}, 'gives no reason for `region: "all"`.'),
        ({"region": {}}, 'must give `region` one value or more, each with its reason, like {"all": "..."}.'),
        ({"region": "all"}, "must give `region` one value or more"),
        (
            reasoned(horizon_days=[str(day) for day in range(1, 20_002)]),
            "has 20,001 combinations; at most 20,000 are computed.",
        ),
    ],
)
def test_a_grid_is_refused_in_words(grid, told):
    problems = grid_problems(grid)
    assert len(problems) == 1
    assert problems[0].startswith(told)
    with pytest.raises(Problems, match="The grid of specifications cannot be used"):
        written_grid(grid, REFERENCE)


def test_everything_wrong_is_told_at_once():
    assert len(grid_problems(reasoned(region=["neck", "all"], estimator=["crude", "cox"], levels=["T1-L5"]))) == 3


def test_a_range_that_runs_upwards_is_refused():
    with pytest.raises(Problems, match="from cranial to caudal"):
        written_grid(reasoned(levels_at_risk=["L5-T1"]), REFERENCE)


def test_a_choice_that_is_left_out_stays_as_in_the_study():
    made = written_grid(reasoned(adjacent_within=["1", "2"]), REFERENCE).specifications
    assert made["adjacent_within"].tolist() == ["1", "2"]
    assert made["is_reference"].tolist() == [True, False]
    assert (made.drop(columns=["is_reference", "adjacent_within"]) == REFERENCE["region"]).sum().sum() > 0
    assert made["estimator"].eq("crude").all()


def test_the_reference_comes_first_where_the_grid_lacks_it():
    made = written_grid(reasoned(adjacent_within=["2", "3"]), REFERENCE).specifications
    assert made["adjacent_within"].tolist() == ["1", "2", "3"]
    assert made["is_reference"].tolist() == [True, False, False]


def test_what_makes_no_sense_is_left_out_and_counted():
    later = ["censor", "time_updated"]
    grid = reasoned(later_vertebroplasty=later, day_zero_fractures=["prevalent", "new"], estimator=list(ESTIMATORS))
    made = written_grid(grid, REFERENCE)
    kept = made.specifications
    is_plain = kept["estimator"].isin(["crude", "by_level", "within_patient"])
    assert not (is_plain & (kept["later_vertebroplasty"] == "time_updated")).any()
    assert not (~is_plain & (kept["day_zero_fractures"] == "new")).any()
    # Time-updated: 3 plain estimators on either day 0; new fractures of day 0: 2 others, each later choice.
    assert made.left_out["specifications"].tolist() == [6, 4]
    assert len(kept) == 2 * 2 * 5 - 10


def test_ranges_with_the_same_levels_in_a_region_are_one():
    grid = reasoned(levels_at_risk=["T4-L4", "T1-L5"], region=["all", "thoracolumbar", "lumbar"])
    made = written_grid(grid, REFERENCE)
    kept = made.specifications.set_index(["region", "levels_at_risk"]).index.tolist()
    assert kept == [
        ("all", "T4-L4"), ("thoracolumbar", "T4-L4"), ("lumbar", "T4-L4"), ("all", "T1-L5"), ("lumbar", "T1-L5"),
    ]  # fmt: skip
    assert made.left_out["specifications"].tolist() == [1]


def test_a_region_outside_the_range_is_left_out():
    made = written_grid(reasoned(levels_at_risk=["T1-T10", "T1-L5"], region=["lumbar"]), REFERENCE)
    assert made.left_out["rule"].tolist() == ["no level at risk"]
    assert made.specifications["levels_at_risk"].tolist() == ["T1-L5", "T1-L5"]


def test_specifications_may_be_listed(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("estimator,horizon_days,reason\ncrude,,own\nrate,90,early\n,365,late\n", encoding="utf-8")
    made = chosen_grid({}, REFERENCE, listed=path).specifications
    assert made["estimator"].tolist() == ["crude", "rate", "crude"]
    assert made["horizon_days"].tolist() == ["all", "90", "365"]
    assert made["is_reference"].tolist() == [True, False, False]


def test_a_list_is_refused_by_row():
    rows = pd.DataFrame({"estimator": ["crude", "cox"], "levels_at_risk": ["", "L5-T1"], "row": [2, 3]})
    with pytest.raises(Problems) as error:
        listed_grid(rows, REFERENCE, source="list.csv")
    assert "Row 3 gives `estimator` the value" in str(error.value)
    with pytest.raises(Problems, match="It has no column of a choice"):
        listed_grid(pd.DataFrame({"method": ["crude"], "row": [2]}), REFERENCE, source="list.csv")
    with pytest.raises(Problems, match="It lists 0 specifications"):
        listed_grid(rows.iloc[:0], REFERENCE, source="list.csv")


def test_values_have_words():
    assert words_of("horizon_days", "365") == "365 days"
    assert words_of("estimator", "within_patient") == "risks within patients"
    assert words_of("levels_at_risk", "T4-L4") == "T4-L4"
