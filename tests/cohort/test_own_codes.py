"""Codes of the files in our words, and the words for a missing value."""

import pandas as pd
import pytest

from helpers.cohort.dictionary import RAW_TABLES
from helpers.cohort.own_codes import with_codes
from helpers.cohort.value_rules import missing
from helpers.errors import Problems
from tests.cohort.cohorts import DICTIONARY, cleaned, study, table

TREATED = "A | @0 | T12"


def patients(column: str, *texts: str) -> dict:
    frame = pd.DataFrame({"patient_id": [f"P{n}" for n in range(len(texts))], column: texts}, dtype=object)
    return study(procedures=["P0 | @0 | T12"]) | {"patients": frame.assign(row=range(2, 2 + len(texts)))}


def read(column: str, *texts: str, **codes):
    cohort = cleaned(patients(column, *texts), codes=codes.get("codes"))
    found = cohort.patients.sort_values("row")[column].astype(object)
    return [None if pd.isna(value) else value for value in found], cohort.ledger


def test_texts_of_the_file_are_read_as_the_study_says():
    values, ledger = read("sex", "1", " 2", "9", "F", codes={"patients.sex": {"1": "male", "2": "female", "9": ""}})
    assert values == ["M", "F", None, "F"]
    assert ledger[["row", "before", "rule"]].to_numpy().tolist() == [[4, "9", "missing_code"]]


def test_capitals_and_blanks_make_no_difference():
    values, _ = read("sex", "Female ", "FEMALE", "weiblich", " HOMME", "xx", codes={"patients.sex": {" XX ": " Male"}})
    assert values == ["F", "F", "F", "M", "M"]


def test_what_the_study_says_goes_before_the_dictionary():
    values, ledger = read(
        "steroid_use", "9", "1", "0", codes={"patients.steroid_use": {"9": "yes", "1": "no", "0": ""}}
    )
    assert values == [True, False, None]
    assert ledger["rule"].tolist() == ["missing_code"]


def test_words_for_a_missing_value_can_be_added_to_any_column():
    codes = {"patients.age_years": {"888": ""}, "patients.death_date": {"wohlauf": ""}}
    assert read("age_years", "888", "72", codes=codes)[0] == [None, 72]
    assert read("death_date", "Wohlauf", codes=codes)[1]["rule"].tolist() == ["missing_code"]
    raw = study(["A | @9 ||||"], ["A | @0 | T12", "A | @4 | nichts"])
    ledger = cleaned(raw, codes={"procedures.levels": {"nichts": ""}}).ledger
    assert ledger["rule"].tolist() == ["missing_code", "missing_required"]


def test_codes_of_one_table_leave_the_others_alone():
    dictionary, problems = with_codes(DICTIONARY, {"fractures.status": {"frisch": "new"}})
    assert problems == []
    differing = [new for old, new in zip(DICTIONARY.columns, dictionary.columns, strict=True) if old != new]
    assert [(column.table, column.name) for column in differing] == [("fractures", "status")]
    assert with_codes(DICTIONARY, None) == with_codes(DICTIONARY, {}) == (DICTIONARY, [])


def test_a_status_of_the_studys_own_keeps_an_old_fracture_without_a_date():
    raw = study(["A | @9 ||||"], [TREATED], ["A | L1 | | schon da"])
    assert "missing_required" in cleaned(raw).ledger["rule"].tolist()
    ledger = cleaned(raw, codes={"fractures.status": {"schon da": "prevalent"}}).ledger
    assert ledger["rule"].tolist() == ["old_fracture_without_date"]


@pytest.mark.parametrize(
    ("codes", "told"),
    [
        ({"patients.sx": {"1": "male"}}, '"patients.sx", which is not a table.column .* Did you mean "patients.sex"?'),
        ({"height": {"1": "tall"}}, "Columns with codes are patients.sex, patients.steroid_use, procedures.kind"),
        (
            {"patients.sex": {"1": "man?"}},
            'gives "man?" for "1" in .* no code of that column. Its codes are female, male',
        ),
        ({"patients.age_years": {"alt": "old"}}, "that column has no codes. Only .* can be said of its texts"),
        ({"patients.sex": {"a": "male", "A ": "female"}}, 'gives "a" and "A " in patients.sex, which are the same'),
        ({"patients.sex": {"1": "?"}}, 'leaves "1" in patients.sex open .* Decide what it means: female, male, or ""'),
        ({"patients.sex": {" ": "male"}}, "an empty cell is always missing"),
        ({"patients.sex": "male"}, 'needs for patients.sex lines like "1": male'),
        ({"patients.sex": {1: "male"}}, "both must be texts. Write them in quotes"),
    ],
)
def test_what_is_wrong_with_codes_is_told(codes, told):
    with pytest.raises(Problems) as caught:
        cleaned(study(), codes=codes)
    (problem,) = caught.value.problems
    assert pd.Series([problem]).str.contains(told.replace("?", r"\?")).all(), problem


def test_an_unknown_code_is_told_with_where_to_say_what_it_means():
    values, ledger = read("sex", "x", "F")
    assert values == [None, "F"]
    assert "say so in `codes`, under patients.sex." in ledger["why"].iloc[0]


WORDS = ("NA", "n/A", "-", "Unknown", "k. A.", "K.A.", "unbekannt", "FEHLT", "keine Angabe", "?", "#N/A")


def test_words_for_a_missing_value_are_known_of_every_column():
    for name in RAW_TABLES:
        for column in DICTIONARY.table(name):
            is_empty, is_code = missing(pd.Series(WORDS, dtype=object), column)
            assert is_code.all(), column
            assert not is_empty.any()


@pytest.mark.parametrize("name", RAW_TABLES)
def test_a_word_for_a_missing_value_is_understood_whatever_the_column_holds(name):
    raw = study(["A | @9 ||||"], [TREATED], ["A | L1 | @3 | new"], ["A | @3"])
    columns = {column.name: " K. A." for column in DICTIONARY.table(name)}
    ledger = cleaned(raw | {name: raw[name].assign(**columns)}).ledger
    found = ledger[(ledger["table"] == name) & (ledger["column"] != "")]
    assert set(found["rule"]) == {"missing_code", "missing_required"}
    assert set(found.loc[found["rule"] == "missing_code", "column"]) == set(columns)


@pytest.mark.parametrize("column", ["age_years", "death_date", "last_contact_date", "thoracic_vertebrae"])
def test_999_is_missing_where_it_can_be_no_value(column):
    assert read(column, "999")[1]["rule"].tolist() == ["missing_code"]


def test_a_word_for_a_missing_value_is_no_code_of_the_same_column():
    for column in DICTIONARY.columns:
        assert not column.codes.keys() & column.missing_codes, column


def test_codes_of_a_column_the_file_does_not_have_do_no_harm():
    raw = study([], [TREATED]) | {"patients": table("patient_id", "A")}
    assert cleaned(raw, codes={"patients.sex": {"1": "male"}}).ledger.empty
