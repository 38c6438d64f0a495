"""What may be shown holds no identifier and no exact date, wherever they were typed."""

import re

import numpy as np
import pytest

from helpers.cohort.privacy import DATE, IDENTIFIER, TEXT, shareable
from helpers.cohort.risk_table import build_risk_table
from helpers.cohort.summary import codebook, patient_summary
from tests.cohort.cohorts import DICTIONARY, cleaned, on, random_study, study

SECRETS = ("QX-77431", "Marlowe", "2004-02-29", "29.02.2004", "290204", "29 Feb 2004")
A_DATE = re.compile(r"\d{4}-\d\d-\d\d|\d\d?\.\d\d?\.\d{2,4}")


def shown(cohort) -> dict[str, str]:
    table, flow = build_risk_table(cohort)
    made = shareable(cohort, DICTIONARY) | {"risk_table": table, "flow": flow}
    made["patient_summary"] = patient_summary(cohort, table)
    made["codebook"] = codebook(DICTIONARY, made)
    return {name: frame.to_csv(index=False) for name, frame in made.items()}


@pytest.mark.parametrize("secret", SECRETS)
def test_a_planted_secret_is_nowhere_in_what_is_shown(secret):
    rng = np.random.default_rng(9)
    for _ in range(4):
        raw = random_study(rng, 15)
        for frame in raw.values():
            for column in frame.columns.drop("row"):
                frame.loc[rng.integers(len(frame), size=2), column] = secret
        cohort = cleaned(raw)
        assert (cohort.ledger == secret).any(axis=None)
        for name, text in shown(cohort).items():
            assert secret not in text, name
            assert not A_DATE.search(text), name


def test_no_identifier_of_the_cohort_is_shown():
    raw = random_study(np.random.default_rng(4), 20)
    for frame in raw.values():
        frame["patient_id"] = frame["patient_id"].str.replace("id-", "WARD7/")
    for name, text in shown(cleaned(raw)).items():
        assert "WARD7" not in text, name


def test_an_identifier_that_looks_like_a_number_is_hidden_among_numbers():
    raw = study(["437 | @90 |||| "], ["437 | @0 | T12"])
    raw["procedures"]["cement_ml"] = "437"
    ledger = shareable(cleaned(raw), DICTIONARY)["ledger"]
    assert ledger["before"].tolist() == [TEXT]


def test_numbers_levels_and_codes_are_shown_and_the_rest_is_not():
    raw = study(
        ["A | @90 |||14| ", "B | soon ||||none", " B | @9 ||||"],
        ["A | @0 | T12-L1", "A | @0 | Th 11, L12", "B | @1 | see letter"],
    )
    raw["patients"].loc[2, "patient_id"] = " B"
    raw["procedures"]["cement_ml"] = ["4,5 cc", "450", "NA"]
    ledger = shareable(cleaned(raw), DICTIONARY)["ledger"]
    shown_before = set(zip(ledger["rule"], ledger["before"], strict=True))
    assert {
        ("out_of_range", "14"),
        ("date_not_in_format", DATE),
        ("missing_code", "none"),
        ("space_around_id", IDENTIFIER),
        ("ambiguous_levels", "T12-L1"),
        ("level_not_recognised", "Th 11, L12"),
        ("level_not_recognised", TEXT),
        ("unit_written_out", "4,5 cc"),
        ("missing_code", "NA"),
    } <= shown_before
    assert not ledger["why"].str.contains('"').any()
    assert "patient_id" not in ledger


def test_dates_become_days_since_the_first_vertebroplasty():
    raw = study(
        ["A | @90 || @95 ||", "B | @90 ||||"],
        ["A | @10 | T12", "A | @40 | L2"],
        ["A | L1 | @30 | new", "A | T5 | @-10 | prevalent"],
        ["A | @30", "B | @30"],
    )
    tables = shareable(cleaned(raw), DICTIONARY)
    patients = tables["patients"].set_index("last_imaging_days")
    assert patients.loc[80, "death_days"] == 85
    assert tables["patients"]["last_imaging_days"].isna().sum() == 1
    assert tables["procedures"]["procedure_days"].tolist() == [0, 30]
    assert tables["fractures"]["diagnosis_days"].tolist() == [-20, 20]
    assert sorted(tables["imaging"]["imaging_days"].dropna()) == [20]
    assert on(10) not in tables["procedures"].to_csv()
