"""Planted errors: every kind occurs, each where the list says, and cleaning finds these and no others."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from helpers.cohort.clean import clean_cohort
from helpers.cohort.dictionary import read_dictionary
from helpers.cohort.error_kinds import ERROR_KINDS
from helpers.cohort.ledger import RULES
from helpers.cohort.planted_errors import ADDED_ROW, PLANTED_COLUMNS, _one_of_each, plant_errors
from helpers.cohort.raw_tables import as_text
from helpers.cohort.readers import read_cohort
from helpers.cohort.simulate import simulate, write_cohort
from helpers.errors import WorkbookError

EXAMPLE = Path(__file__).parents[2] / "data" / "example"
TABLES = ("patients", "procedures", "fractures", "imaging")
# As the errors of such files were described to us.
COMMON = {
    "duplicate patients across sessions", "fracture dated before the procedure", "fracture dated on day 0",
    "follow-up before fracture", "day and month swapped", "two-digit years", "a treated level listed as new",
    "a prevalent fracture entered as new", "death before fracture", '"none", "NA", 0 and blank mixed', "an age of 9",
    "ml and cc mixed", "T and L swapped", "patients and fractures mixed",
}  # fmt: skip
# The dates of synthetic cohorts have a day, but for cells left empty in imaging; nobody corrected them by hand.
NEVER_PLANTED = {"partial_date", "procedure_without_day", "fracture_around_day_0", "old_fracture_without_date"}
NEVER_PLANTED |= {"corrected_by_hand"}
RULES_OF_EVENTS = {"unknown_event", "differing_cells"}  # for a table with a row per event only


def read_planted(folder):
    planted = pd.read_csv(folder / "planted_errors.csv", dtype=str, keep_default_na=False)
    return planted.astype({"row": int})


def has_own_error(planted):
    return ~planted["error"].str.startswith("no error of its own")


def places(frame):
    return set(frame[["table", "row", "rule"]].itertuples(index=False, name=None))


@pytest.fixture(scope="module", params=["example", 11, 12, 13])
def folder(request, tmp_path_factory):
    if request.param == "example":
        return EXAMPLE
    out = tmp_path_factory.mktemp("planted")
    write_cohort(simulate(432, seed=request.param), out, clean=False)
    return out


def test_cleaning_finds_the_planted_errors_and_no_others(folder):
    dictionary = read_dictionary()
    cleaned = clean_cohort(read_cohort({name: f"{name}.csv" for name in TABLES}, dictionary, folder=folder), dictionary)
    assert places(cleaned.ledger) == places(read_planted(folder))


def test_every_kind_occurs_at_least_twice(folder):
    planted = read_planted(folder).drop_duplicates(["table", "row"])
    counts = planted.groupby(["rule", "error", "table"]).size()
    lacking = {(kind.rule, kind.error, kind.table) for kind in ERROR_KINDS} - set(counts[counts >= 2].index)
    assert not lacking
    assert set(planted["error"]) >= COMMON
    assert set(planted["rule"]) == set(RULES) - NEVER_PLANTED - RULES_OF_EVENTS


def test_about_five_percent_of_the_rows_are_in_error(folder):
    planted = read_planted(folder)
    own = planted[has_own_error(planted)].drop_duplicates(["table", "row"])
    rows = sum(len(pd.read_csv(folder / f"{name}.csv")) for name in TABLES)
    assert len(own) / rows == pytest.approx(0.05, abs=0.005)


def test_the_list_says_what_the_files_hold(folder):
    for (table, column), planted in read_planted(folder).groupby(["table", "column"]):
        cells = pd.read_csv(folder / f"{table}.csv", dtype=str, keep_default_na=False)[column]
        assert cells.iloc[planted["row"] - 2].tolist() == planted["value"].tolist()


def test_undoing_the_planted_errors_gives_the_clean_tables():
    cohort = simulate(300, seed=5)
    changed, planted = plant_errors(cohort.coded, seed=5)
    changed = {name: as_text(table) for name, table in changed.items()}
    for line in planted[planted["original"] != ADDED_ROW].itertuples():
        changed[line.table].loc[line.row - 2, line.column] = line.original
    for name, table in cohort.tables.items():
        pd.testing.assert_frame_equal(changed[name].iloc[: len(table)], table)


def test_no_patient_has_two_errors():
    changed, planted = plant_errors(simulate(432, seed=6).coded, seed=6)
    own = planted[has_own_error(planted) & ~planted["rule"].isin(["unknown_patient"])].drop_duplicates(["table", "row"])
    ids = [changed[line.table]["patient_id"].iloc[line.row - 2].strip() for line in own.itertuples()]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("count", [0, 1, 7, 30, 500])
def test_the_first_place_of_each_patient_is_chosen_in_the_order_drawn(count):
    rng = np.random.default_rng(count)
    person = rng.integers(0, 40, 400)
    places = rng.permutation(400)[:300]
    expected, seen = [], set()
    for place in places:
        if person[place] not in seen and len(expected) < count:
            expected.append(place)
            seen.add(person[place])
    assert _one_of_each(places, person, count).tolist() == expected


def test_the_clean_tables_are_left_alone():
    tables = simulate(50, seed=1).coded
    before = {name: table.copy() for name, table in tables.items()}
    plant_errors(tables, seed=1)
    for name, table in tables.items():
        pd.testing.assert_frame_equal(table, before[name])


@pytest.mark.parametrize("patients", [0, 1, 3])
def test_small_cohorts_hold_what_fits(patients):
    changed, planted = plant_errors(simulate(patients, seed=2).coded, seed=2)
    assert list(planted.columns) == list(PLANTED_COLUMNS)
    assert len(planted[has_own_error(planted)].drop_duplicates(["table", "row"])) <= patients
    assert list(changed) == list(TABLES)


def test_no_share_no_errors():
    assert plant_errors(simulate(50, seed=1).coded, seed=1, share=0)[1].empty


def test_an_impossible_share_is_told():
    with pytest.raises(WorkbookError, match=r"`share` must be between 0 and 0\.2, but got 5\. Pass 0\.05 for 5%"):
        plant_errors(simulate(5, seed=1).coded, seed=1, share=5)


def test_the_example_is_what_its_readme_says(tmp_path):
    write_cohort(simulate(432, seed=35), tmp_path, clean=False, file_format="csv")
    for file in tmp_path.iterdir():
        here = file.read_bytes().replace(tmp_path.as_posix().encode(), b"data/example")
        assert here == (EXAMPLE / file.name).read_bytes(), file.name
    told = (EXAMPLE / "README.md").read_text(encoding="utf-8")
    assert "workbook simulate --patients 432 --seed 35 --format csv" in told
    assert "synthetic" in told.lower()
