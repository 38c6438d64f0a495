"""The risk table against a slow and plain account of the same rules, and its laws."""

import itertools
from functools import partial

import numpy as np
import pandas as pd
import pytest

from helpers.cohort import risk_table
from helpers.cohort.flow import check_flow
from helpers.cohort.risk_table import build_risk_table
from helpers.cohort.slices import patients_between, slice_bounds
from helpers.errors import Problems, WorkbookFault
from tests.cohort.cohorts import cleaned, random_study, study
from tests.cohort.oracle import risk_rows

CHOICES = list(
    itertools.product(
        ("exclude", "keep"),
        ("censor", "ignore", "reclassify"),
        ("death", "last_imaging"),
        (1, 2),
        ("T1-L5", "T5-L6"),
    )
)


@pytest.fixture(scope="module", params=[0, 1, 2])
def cohort(request):
    raw = random_study(np.random.default_rng(request.param), 24, has_imaging=request.param != 2)
    zero = "new" if request.param == 1 else "prevalent"
    return cleaned(raw, day_zero_fractures=zero)


@pytest.mark.parametrize("most", [1, 5])
@pytest.mark.parametrize("later", ["censor", "reclassify"])
def test_slices_of_patients_make_the_table_of_all(cohort, later, most, monkeypatch):
    whole = build_risk_table(cohort, later_vertebroplasty=later)
    monkeypatch.setattr(risk_table, "slice_bounds", partial(slice_bounds, most=most))
    for sliced, expected in zip(build_risk_table(cohort, later_vertebroplasty=later), whole, strict=True):
        pd.testing.assert_frame_equal(sliced, expected, check_exact=True)


def test_slices_hold_all_patients_once_and_their_rows_only(cohort):
    bounds = slice_bounds(cohort, most=5)
    assert [first for first, _ in bounds[1:]] == [end for _, end in bounds[:-1]]
    assert (bounds[0][0], bounds[-1][1]) == (0, len(cohort.patients))
    assert all(0 < end - first <= 5 for first, end in bounds)
    for first, end in bounds:
        part, names = patients_between(cohort, first, end), cohort.patients["patient"].cat.categories[first:end]
        for table in ("patients", "procedures", "fractures", "imaging"):
            own = getattr(cohort, table)
            own = own[own["patient"].isin(names)]
            found = getattr(part, table)
            assert names[found["patient"].cat.codes].tolist() == own["patient"].tolist()
            pd.testing.assert_frame_equal(found.drop(columns="patient"), own.drop(columns="patient"))
    assert patients_between(cohort, 0, len(cohort.patients)) is cohort


@pytest.mark.parametrize("choice", CHOICES, ids=lambda choice: "-".join(map(str, choice)))
def test_agrees_with_the_plain_account(cohort, choice):
    prevalent, later, death, within, levels = choice
    options = {
        "adjacent_within": within,
        "prevalent_fractures": prevalent,
        "later_vertebroplasty": later,
        "death_follow_up": death,
    }
    table, flow = build_risk_table(cohort, levels_at_risk=levels, **options)
    first, last = levels.split("-")
    expected = risk_rows(cohort, first=first, last=last, **options)
    plain = table.astype({c: str for c in ("patient", "level", "region", "direction", "outcome")})
    plain["last_clean_days"] = plain["last_clean_days"].astype(object).where(plain["last_clean_days"].notna(), None)
    found = plain.set_index(["patient", "level"]).to_dict("index")
    assert list(found) == list(expected)
    assert found == expected
    split = flow[flow["kind"] == "split"].set_index("rule")
    adjacent = [row for row in expected.values() if row["is_adjacent"]]
    assert split.loc["adjacent", "vertebrae"] == len(adjacent)
    assert split.loc["adjacent", "fractured"] == sum(row["outcome"] == "fracture" for row in adjacent)
    assert flow.loc[flow["rule"] == "at_risk", "patients"].item() == len({key for key, _ in expected})


def test_the_random_cohorts_hold_every_course():
    cohort = cleaned(random_study(np.random.default_rng(0), 80))
    table, _ = build_risk_table(cohort, prevalent_fractures="keep")
    assert set(table["outcome"]) == {"censored", "fracture", "death"}
    assert set(table["direction"]) == {"above", "below", "between"}
    assert {"T13", "L5"} <= set(table["level"].astype(str))
    assert (table["days"] == 0).any()
    assert table["is_sandwich"].any()


def test_shuffled_rows_give_the_same_table():
    raw = random_study(np.random.default_rng(5), 30)
    rng = np.random.default_rng(6)
    tables = {}
    for name, frame in raw.items():
        # Which of two contradicting rows comes first may matter; which patient comes first may not.
        order = rng.permutation(frame["patient_id"].unique())
        blocks = [frame[frame["patient_id"] == patient] for patient in order]
        tables[name] = pd.concat(blocks, ignore_index=True).assign(row=np.arange(2, len(frame) + 2))
    first, _ = build_risk_table(cleaned(raw))
    second, _ = build_risk_table(cleaned(tables))
    pd.testing.assert_frame_equal(first, second)


def test_nobody_at_risk_is_an_empty_table_and_a_flow_that_adds_up():
    table, flow = build_risk_table(cleaned(study()))
    assert table.empty
    assert flow.loc[flow["rule"] == "at_risk", "vertebrae"].item() == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"levels_at_risk": "L5-T4"}, "cranial to caudal"),
        ({"levels_at_risk": "T4-12-L1"}, "T4-L5"),
        ({"levels_at_risk": "spine"}, "not a level"),
        ({"adjacent_within": 0}, "whole number of levels"),
        ({"adjacent_within": True}, "whole number of levels"),
        ({"prevalent_fractures": "drop"}, "exclude or keep"),
        ({"later_vertebroplasty": "stop"}, "censor or ignore or reclassify"),
        ({"death_follow_up": "never"}, "death or last_imaging"),
    ],
)
def test_a_choice_that_is_none_is_told(options, words):
    with pytest.raises(Problems, match=words):
        build_risk_table(cleaned(study()), **options)


def test_all_wrong_choices_are_told_at_once():
    with pytest.raises(Problems) as caught:
        build_risk_table(cleaned(study()), adjacent_within=-1, death_follow_up="x", levels_at_risk="12")
    assert len(caught.value.problems) == 3


@pytest.mark.parametrize(("column", "row"), [("patients", 4), ("vertebrae", 4), ("vertebrae", -1), ("fractured", -1)])
def test_a_flow_that_does_not_add_up_is_refused(column, row):
    _, flow = build_risk_table(cleaned(random_study(np.random.default_rng(1), 5)))
    flow.loc[flow.index[row], column] += 1
    with pytest.raises(WorkbookFault, match="add up|sum of their groups"):
        check_flow(flow)
