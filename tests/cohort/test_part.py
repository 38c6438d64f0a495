"""A cohort cleaned in parts, each with all rows of its patients, is the cohort cleaned as a whole."""

import numpy as np
import pandas as pd
import pytest

from helpers.cohort.clean import clean_cohort, with_keys
from helpers.cohort.dictionary import RAW_TABLES
from helpers.cohort.keys import keys_of, patient_keys
from helpers.cohort.part import clean_part
from helpers.cohort.planted_errors import plant_errors
from helpers.cohort.privacy import shareable
from helpers.cohort.raw_tables import as_text
from helpers.cohort.simulate import simulate
from helpers.cohort.unreadable import check_columns
from helpers.errors import Problems
from tests.cohort.cohorts import DICTIONARY, study

SEED = 20060127
LINES = ("ledger", "quarantine")


@pytest.fixture(scope="module")
def raw():
    tables, _ = plant_errors(simulate(3000, seed=21).coded, seed=21, share=0.05)
    return {name: as_text(table).assign(row=np.arange(2, len(table) + 2)) for name, table in tables.items()}


def split(raw, n_parts):
    """Parts by the identifier without blanks around it; those of rows without one are together too."""
    parts = {
        name: pd.util.hash_array(frame["patient_id"].str.strip().to_numpy(dtype=object)) % n_parts
        for name, frame in raw.items()
    }
    return [{name: frame[parts[name] == number] for name, frame in raw.items()} for number in range(n_parts)]


def cleaned_in_parts(raw, n_parts, **options):
    """What whoever works on parts has to do."""
    parts = [clean_part(own, DICTIONARY, **options) for own in split(raw, n_parts)]
    check_columns([part.unreadable for part in parts])
    keys = patient_keys(np.concatenate([part.patient_ids for part in parts]), SEED)
    return keys, [with_keys(part, keys, DICTIONARY) for part in parts]


def together(frames, order, keys, whole):
    """Frames of the parts as one, sorted, with the categories that only the whole can know."""
    frames = [frame.astype({name: object for name in frame if frame[name].dtype == "category"}) for frame in frames]
    frame = pd.concat(frames, ignore_index=True)
    if order[0] == "table":
        place = frame["table"].map(RAW_TABLES.index)
    else:
        place = pd.Index(keys["patient"].astype(str)).get_indexer(frame["patient"])
    frame = frame.iloc[np.lexsort((*(frame[name] for name in order[:0:-1]), place))].reset_index(drop=True)
    return frame.astype({name: whole[name].dtype for name in whole if whole[name].dtype == "category"})


def test_parts_put_together_are_the_whole(raw):
    whole = clean_cohort(raw, DICTIONARY, seed=SEED)
    keys, parts = cleaned_in_parts(raw, 3)
    assert all(len(part.patients) > 800 for part in parts)
    assert len(whole.ledger) > 500
    pd.testing.assert_frame_equal(keys, whole.keys)
    orders = {
        "patients": ["patient"],
        "procedures": ["patient", "procedure_date", "row"],
        "fractures": ["patient", "diagnosis_date", "row"],
        "imaging": ["patient", "imaging_date", "row"],
        "keys": ["patient"],
        **dict.fromkeys(LINES, ["table", "row"]),
    }
    for name, order in orders.items():
        expected = getattr(whole, name)
        made = together([getattr(part, name) for part in parts], order, keys, expected)
        pd.testing.assert_frame_equal(made, expected)
    rows = sum(part.rows.set_index("table") for part in parts).reset_index()
    pd.testing.assert_frame_equal(rows, whole.rows)
    assert whole.has_imaging
    assert all(part.has_imaging for part in parts)


def test_a_part_is_a_cohort_whose_patients_are_numbered_as_in_the_whole(raw):
    keys, parts = cleaned_in_parts(raw, 3)
    names = dict(zip(keys["patient_id"], keys["patient"].astype(str), strict=True))
    for part in parts:
        assert part.patients["patient"].cat.codes.tolist() == list(range(len(part.patients)))
        assert part.patients["patient"].astype(str).tolist() == [names[own] for own in part.patients["patient_id"]]


def test_what_may_be_shown_of_the_parts_is_what_may_be_shown_of_the_whole(raw):
    # An identifier that looks like an age, in another part than the cell that holds the same.
    raw = {name: frame.copy() for name, frame in raw.items()}
    raw["patients"].loc[5, "patient_id"] = "432"
    raw["procedures"].loc[:40, "cement_ml"] = "432"
    whole = shareable(clean_cohort(raw, DICTIONARY, seed=SEED), DICTIONARY)
    keys, parts = cleaned_in_parts(raw, 3)
    everybody = pd.concat([keys["patient_id"], *(part.ledger["patient_id"] for part in parts)])
    shared = [shareable(part, DICTIONARY, identifiers=everybody) for part in parts]
    assert not (whole["ledger"]["before"] == "432").any()
    for name in LINES:
        made = together([tables[name] for tables in shared], ["table", "row"], keys, whole[name])
        pd.testing.assert_frame_equal(made, whole[name])


def many(n, date):
    """Patients of whom every other one has another date of the last imaging."""
    dates = ["2004-03-01", date] * (n // 2)
    ids = [f"P{number}" for number in range(n)]
    return study(
        [f"{own} | {last} ||||" for own, last in zip(ids, dates, strict=True)], [f"{own}|@0|T12" for own in ids]
    )


def stopped(clean):
    with pytest.raises(Problems) as caught:
        clean()
    return str(caught.value)


@pytest.mark.parametrize(("n_patients", "date"), [(12, "01.03.2004"), (60, "soon"), (60, "01.03.2004")])
def test_a_column_unreadable_in_the_whole_stops_the_parts_in_the_same_words(n_patients, date):
    raw = many(n_patients, date)
    told = stopped(lambda: cleaned_in_parts(raw, 4))
    assert told == stopped(lambda: clean_cohort(raw, DICTIONARY))
    assert f"(first in row 3): {n_patients // 2} of {n_patients} dates" in told


def test_unreadable_texts_of_all_parts_are_told_in_the_order_of_the_file():
    words = ["neuf", "nuovo", "nieuw", "novo", "nouveau", "nueva", "ny"]
    ids = [f"P{number}" for number in range(len(words))]
    fractures = [f"{own}|L1|@9|{word}" for own, word in zip(ids, words, strict=True)]
    raw = study([f"{own} | @90 ||||" for own in ids], [f"{own}|@0|T12" for own in ids], fractures)
    told = stopped(lambda: cleaned_in_parts(raw, 4))
    assert f"(first in row 2): 7 of 7 values ({', '.join(words)}) are not known" in told
    assert told == stopped(lambda: clean_cohort(raw, DICTIONARY))


def test_rows_in_another_order_give_the_same_tables(raw):
    once = {name: frame.drop_duplicates(list(frame.columns.drop("row"))) for name, frame in raw.items()}
    once["patients"] = once["patients"].drop_duplicates("patient_id")
    once["fractures"] = once["fractures"].drop_duplicates(["patient_id", "level"])
    shuffled = {name: frame.sample(frac=1, random_state=1) for name, frame in once.items()}
    first, second = (clean_cohort(tables, DICTIONARY) for tables in (once, shuffled))
    for name in (*RAW_TABLES, *LINES):
        pd.testing.assert_frame_equal(getattr(first, name), getattr(second, name))


def test_a_column_unreadable_in_one_part_only_stops_nothing():
    raw = many(60, "2004-04-01")
    parts = split(raw, 6)
    of_first = raw["patients"]["patient_id"].isin(parts[0]["patients"]["patient_id"])
    assert 5 <= of_first.sum() <= 12
    raw["patients"].loc[of_first, "last_imaging_date"] = "soon"
    _, cohorts = cleaned_in_parts(raw, 6)
    assert cohorts[0].patients["last_imaging_date"].isna().all()
    same = clean_cohort(raw, DICTIONARY)
    assert sum(len(cohort.ledger) for cohort in cohorts) == len(same.ledger) == of_first.sum()


def test_the_keys_of_some_patients_keep_their_order_and_names():
    keys = patient_keys([f"A{number}" for number in range(9)], SEED)
    own = keys_of(keys, ["A3", "A7", "A1"])
    assert set(own["patient_id"]) == {"A1", "A3", "A7"}
    expected = keys[keys["patient_id"].isin(["A3", "A7", "A1"])].astype(str).reset_index(drop=True)
    pd.testing.assert_frame_equal(own.astype(str), expected)
    assert list(own["patient"].cat.categories) == own["patient"].tolist()
