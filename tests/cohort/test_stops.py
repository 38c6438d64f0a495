"""A study with nobody left, or with a column that cannot be read, is stopped in words."""

import pandas as pd
import pytest

from helpers.cohort.clean import clean_cohort
from helpers.cohort.dictionary import read_dictionary
from helpers.cohort.flow import need_vertebrae
from helpers.cohort.risk_table import build_risk_table
from helpers.errors import Problems

N = 12


def raw(**changes):
    ids = [f"A{number}" for number in range(N)]
    columns = {
        "patients": {
            "patient_id": ids,
            "last_imaging_date": ["2010-01-30"] * N,
            "steroid_use": ["yes", "no"] * (N // 2),
        },
        "procedures": {"patient_id": ids, "procedure_date": ["2009-01-14"] * N, "levels": ["L1"] * N},
        "fractures": {
            "patient_id": ids,
            "level": ["T12"] * N,
            "diagnosis_date": ["2009-03-20"] * N,
            "status": ["new"] * N,
        },
    }
    for name, values in changes.items():
        table, column = name.split("__")
        columns[table][column] = values
    return {name: pd.DataFrame(table).assign(row=range(2, N + 2)) for name, table in columns.items()}


def cohort(**changes):
    return clean_cohort(raw(**changes), read_dictionary())


def test_dates_in_another_format_stop_the_study_and_suggest_it():
    with pytest.raises(Problems) as told:
        cohort(procedures__procedure_date=["14.01.2009"] * N)
    assert str(told.value) == (
        "Most of a column cannot be read, so nothing was computed:\n"
        "  - procedures.procedure_date (first in row 2): 12 of 12 dates do not follow %Y-%m-%d. "
        "All of these would fit %d.%m.%Y. Correct `date_formats` in the study file."
    )


def test_all_columns_are_told_at_once_and_no_date_is_repeated():
    with pytest.raises(Problems) as told:
        cohort(procedures__procedure_date=["14.01.2009"] * N, patients__last_imaging_date=["01/30/2010"] * N)
    assert len(told.value.problems) == 2
    assert "2009" not in str(told.value)


def test_codes_nobody_knows_stop_the_study():
    with pytest.raises(Problems, match=r"12 of 12 values \(nuovo, vecchio\) are not known; known are new, prevalent"):
        cohort(fractures__status=["nuovo", "vecchio"] * (N // 2))


def test_a_few_bad_cells_are_set_aside_and_the_study_goes_on():
    cleaned = cohort(procedures__procedure_date=["2009-01-14"] * (N - 2) + ["14.01.2009"] * 2)
    assert len(cleaned.quarantine) == 2


def test_a_status_that_cannot_be_read_is_never_filled_from_the_date():
    cleaned = cohort(fractures__status=["new"] * (N - 1) + ["vielleicht"])
    (row,) = cleaned.quarantine.to_dict("records")
    assert (row["table"], row["row"], row["rules"]) == ("fractures", N + 1, "unknown_code")
    assert len(cleaned.fractures) == N - 1


def test_german_codes_of_the_dictionary_are_read():
    cleaned = cohort(fractures__status=["neu", "new"] * (N // 2), patients__steroid_use=["ja", "nein"] * (N // 2))
    assert (cleaned.fractures["status"] == "new").all()
    assert cleaned.patients["steroid_use"].sum() == N // 2
    assert cleaned.ledger.empty


def test_patients_nobody_followed_do_not_come_in_by_their_fracture():
    some = [""] * (N - 2) + ["2010-01-30"] * 2
    table, flow = build_risk_table(cohort(patients__last_imaging_date=some))
    assert table["patient"].nunique() == 2
    assert flow.loc[flow["rule"] == "no_follow_up", "patients_removed"].tolist() == [N - 2]


def test_nobody_left_is_told_with_the_way_they_went():
    _, flow = build_risk_table(cohort(patients__last_imaging_date=[""] * N))
    with pytest.raises(Problems) as told:
        need_vertebrae(flow)
    assert "patients without any date of follow-up: 12 patients removed, 0 left." in str(told.value)
    flow["patients_removed"] = flow["patients_removed"].replace(12, 1)
    with pytest.raises(Problems, match="patients without any date of follow-up: 1 patient removed, 0 left"):
        need_vertebrae(flow)


def test_somebody_left_is_no_problem():
    need_vertebrae(build_risk_table(cohort())[1])


@pytest.mark.parametrize(
    ("status", "date", "level", "reason"),
    [
        ("prevalent", "2009-09-20", "T11", "called prevalent, but it is dated after the first vertebroplasty"),
        ("refracture", "2009-09-20", "T11", "called refracture, but the level was not cemented by then"),
        ("progression", "2009-09-20", "T11", "called progression, but the level has no earlier fracture"),
    ],
)
def test_a_status_that_the_record_rules_out_is_set_aside(status, date, level, reason):
    statuses, dates, levels = (["new"] * N, ["2009-03-20"] * N, ["T12"] * N)
    statuses[0], dates[0], levels[0] = status, date, level
    cleaned = cohort(fractures__status=statuses, fractures__diagnosis_date=dates, fractures__level=levels)
    (row,) = cleaned.quarantine.to_dict("records")
    assert (row["row"], row["rules"]) == (2, "status_contradicts_record")
    assert reason in row["why"]


@pytest.mark.parametrize(("status", "level"), [("refracture", "L1"), ("progression", "T12")])
def test_a_status_that_the_record_bears_out_stays(status, level):
    rows = raw()
    later = {"patient_id": "A0", "level": level, "diagnosis_date": "2009-09-20", "status": status, "row": N + 2}
    rows["fractures"] = pd.concat([rows["fractures"], pd.DataFrame([later])], ignore_index=True)
    cleaned = clean_cohort(rows, read_dictionary())
    assert cleaned.quarantine.empty
    assert (cleaned.fractures["status"] == status).sum() == 1
