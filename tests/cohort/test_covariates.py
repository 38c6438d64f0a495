"""Covariates beside the risk table: the right patient's numbers, and every reason to leave one out."""

import numpy as np
import pandas as pd
import pytest

from helpers.cohort.covariates import (
    ALL_THE_SAME,
    COMPARES,
    NOT_GIVEN,
    SAME_WHERE_COMPLETE,
    covariate_columns,
)
from helpers.cohort.risk_table import build_risk_table
from helpers.cohort.summary import patient_summary
from helpers.errors import Problems, WorkbookFault
from tests.cohort.cohorts import cleaned, study

NAMES = ["age_years", "sex", "bone_density_t_score", "steroid_use"]


def tables(*patients):
    """Risk table and summary of patients given as (sex, age, T-score, steroids), and their keys in that order."""
    ids = [f"id-{number}" for number in range(len(patients))]
    raw = study([f"{name} | @90 ||||" for name in ids], [f"{name} | @0 | T12" for name in ids])
    for place, column in enumerate(("sex", "age_years", "bone_density_t_score", "steroid_use")):
        raw["patients"][column] = [patient[place] for patient in patients]
    cohort = cleaned(raw)
    table, _ = build_risk_table(cohort)
    return table, patient_summary(cohort, table), cohort.keys.set_index("patient_id")["patient"].astype(str)[ids]


FIVE = [
    ("F", "70", "-2.5", "yes"),
    ("M", "81", "-1", "no"),
    ("F", "", "-3", "no"),
    ("F", "64", "-2", ""),
    ("M", "77", "-4", "yes"),
]


def why(told):
    return told.set_index("covariate")["why"].to_dict()


def test_every_row_has_its_own_patients_numbers():
    table, summary, keys = tables(*FIVE)
    found = covariate_columns(table, summary.sample(frac=1, random_state=3))
    expected = pd.DataFrame(
        {
            "age_years": [70, 81, np.nan, 64, 77],
            "sex": [1.0, 0, 1, 1, 0],
            "bone_density_t_score": [-2.5, -1, -3, -2, -4],
            "steroid_use": [1.0, 0, 0, np.nan, 1],
        },
        index=keys.to_numpy(),
    ).loc[table["patient"].astype(str)]
    of_rows = found.of_patients.iloc[found.patient]
    pd.testing.assert_frame_equal(of_rows.reset_index(drop=True), expected.reset_index(drop=True))
    is_complete = table["patient"].astype(str).isin(keys.iloc[[0, 1, 4]])
    assert found.complete.tolist() == is_complete.tolist()
    labels = ["Age", "Sex", "Bone density T-score", "Steroid use"]
    complete = expected.dropna().set_axis(labels, axis=1).reset_index(drop=True)
    pd.testing.assert_frame_equal(found.labelled.astype(float), complete)
    assert [list(column) for column in found.of_complete(table["level"], table["days"])] == [
        table.loc[is_complete, name].tolist() for name in ("level", "days")
    ]
    assert found.told.to_dict("list") == {
        "covariate": NAMES,
        "label": ["Age", "Sex", "Bone density T-score", "Steroid use"],
        "compares": list(COMPARES.values()),
        "patients": [4, 5, 5, 4],
        "missing": [1, 0, 0, 1],
        "is_used": [True] * 4,
        "why": [""] * 4,
    }


def test_rows_may_be_any_of_the_risk_table_and_keep_their_index():
    table, summary, keys = tables(*FIVE)
    some = table[(table["patient"] != keys.iloc[2]) & (table["level"] > "T5")]
    found = covariate_columns(some, summary)
    assert found.patient.index.equals(some.index)
    assert found.told["patients"].tolist() == [4, 4, 4, 3]
    whole = covariate_columns(table, summary)
    of_some, of_whole = (each.of_patients.iloc[each.patient].set_axis(each.patient.index) for each in (found, whole))
    pd.testing.assert_frame_equal(of_some, of_whole.loc[some.index, list(of_some)])


@pytest.mark.parametrize(
    ("patients", "name", "reason"),
    [
        ([("F", "", "-1", "no"), ("M", "", "-2", "yes")], "age_years", NOT_GIVEN),
        ([("F", "70", "-1", "no"), ("F", "80", "-2", "yes")], "sex", ALL_THE_SAME),
        ([("F", "70", "-1", "no"), ("M", "80", "-2", "")], "steroid_use", ALL_THE_SAME),
        (
            [("F", "70", "-1", "no"), ("M", "80", "-2", "yes"), ("M", "81", "", "yes")],
            "bone_density_t_score",
            "missing for more than 20% of the patients",
        ),
    ],
)
def test_one_left_out_says_why_and_the_others_stay(patients, name, reason):
    table, summary, _ = tables(*patients)
    found = covariate_columns(table, summary)
    assert why(found.told) == dict.fromkeys(NAMES, "") | {name: reason}
    assert list(found.of_patients) == [other for other in NAMES if other != name]
    assert found.told["is_used"].tolist() == [other != name for other in NAMES]
    assert found.complete.all()


@pytest.mark.parametrize(("most_missing", "is_used"), [(0.2, True), (0.19, False), (0, False), (1, True)])
def test_the_share_that_may_be_missing(most_missing, is_used):
    table, summary, _ = tables(*FIVE)
    told = covariate_columns(table, summary, names=["age_years"], most_missing=most_missing).told
    assert told["is_used"].tolist() == [is_used]
    percent = {0.19: "19%", 0: "0%"}.get(most_missing)
    assert told["why"].tolist() == [f"missing for more than {percent} of the patients" if percent else ""]


def test_one_that_no_longer_differs_among_complete_patients_is_left_out():
    # The only man has no age, so among those with both sex is the same for all.
    table, summary, _ = tables(("F", "70", "", ""), ("F", "60", "", ""), ("M", "", "", ""))
    found = covariate_columns(table, summary, most_missing=0.5)
    assert why(found.told)["sex"] == SAME_WHERE_COMPLETE
    assert list(found.of_patients) == ["age_years"]


def test_where_nobody_has_all_of_them_the_most_missing_goes_first():
    table, summary, keys = tables(("", "70", "-1", ""), ("", "60", "-2", ""), ("F", "", "", ""), ("M", "80", "", ""))
    found = covariate_columns(table, summary, most_missing=0.5)
    assert why(found.told) == dict.fromkeys(NAMES, "") | {
        "sex": SAME_WHERE_COMPLETE, "bone_density_t_score": SAME_WHERE_COMPLETE, "steroid_use": NOT_GIVEN
    }  # fmt: skip
    assert found.complete.tolist() == (table["patient"] != keys.iloc[2]).tolist()


def test_of_two_that_rule_each_other_out_one_stays():
    # Sex is unknown where bone density differs, and the other way round.
    table, summary, _ = tables(*[("F", "", "-1", "")] * 3, ("M", "", "", ""), ("", "", "-2", ""))
    found = covariate_columns(table, summary, most_missing=0.5)
    assert list(found.of_patients) == ["sex"]


def test_names_choose_and_order():
    table, summary, _ = tables(*FIVE)
    found = covariate_columns(table, summary, names=["steroid_use", "age_years", "steroid_use"])
    assert list(found.of_patients) == found.told["covariate"].tolist() == ["steroid_use", "age_years"]
    nothing = covariate_columns(table, summary, names=[])
    assert nothing.labelled.shape == (len(table), 0)
    assert nothing.told.empty
    assert list(nothing.told) == list(found.told)
    assert nothing.complete.all()


def test_no_rows():
    table, summary, _ = tables(*FIVE)
    for empty in (summary, summary.iloc[:0]):
        found = covariate_columns(table.iloc[:0], empty)
        assert why(found.told) == dict.fromkeys(NAMES, NOT_GIVEN)
        assert (len(found.labelled), len(found.complete)) == (0, 0)


def test_all_wrong_choices_are_told_at_once():
    table, summary, _ = tables(*FIVE)
    with pytest.raises(Problems) as caught:
        covariate_columns(table, summary, names=["age", "sex", "weight"], most_missing=20)
    assert len(caught.value.problems) == 3
    assert "Known are age_years, sex" in str(caught.value)
    assert "Pass 0.2 for 20%" in str(caught.value)


def test_a_summary_of_other_patients_or_codes_is_refused():
    table, summary, _ = tables(*FIVE)
    with pytest.raises(WorkbookFault, match="lacks 2 patients"):
        covariate_columns(table, summary.iloc[2:])
    renamed = summary.assign(sex=summary["sex"].cat.rename_categories({"female": "woman"}))
    with pytest.raises(WorkbookFault, match="sex of the patient summary"):
        covariate_columns(table, renamed)
