"""The shared tables give the cohort back, and the other choice for day 0 as cleaning itself would have made it."""

import numpy as np
import pandas as pd
import pytest

from helpers.cohort.privacy import shareable
from helpers.cohort.spine_arrays import spine_arrays
from helpers.errors import WorkbookError
from helpers.robustness.shared_cohort import n_treated, sample_of, shared_cohort, with_day_zero
from tests.cohort.cohorts import DICTIONARY, cleaned, random_study, study

ARRAYS = ("levels", "cemented", "prevalent", "next_procedure", "death", "last_seen")
EVENTS = ("later_cement", "new", "progression")


def shared(raw, *, most_patients=1000, **options):
    return shared_cohort(shareable(cleaned(raw, **options), DICTIONARY), most_patients=most_patients, seed=1)


def assert_same_spines(one, other):
    one, other = spine_arrays(one), spine_arrays(other)
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
    for name in EVENTS:
        for part in ("vertebra", "day"):
            np.testing.assert_array_equal(getattr(getattr(one, name), part), getattr(getattr(other, name), part), name)


def treated_only(cohort):
    """The cohort without patients who have no vertebroplasty, whom the shared one leaves out."""
    names = cohort.patients["patient"].cat.categories
    kept = names[names.isin(cohort.procedures["patient"].unique())]
    tables = {
        name: (rows := getattr(cohort, name))[rows["patient"].isin(kept)].assign(
            patient=lambda own: own["patient"].cat.set_categories(kept)
        )
        for name in ("patients", "procedures", "fractures", "imaging")
    }
    return type(cohort)(**(vars(cohort) | tables))


@pytest.mark.parametrize("has_imaging", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_the_shared_tables_hold_all_that_a_risk_table_is_made_of(seed, has_imaging):
    raw = random_study(np.random.default_rng(seed), 60, has_imaging=has_imaging)
    assert_same_spines(shared(raw), treated_only(cleaned(raw)))


def test_a_study_without_images_is_cut_to_some_of_its_patients():
    cohort = shareable(cleaned(random_study(np.random.default_rng(1), 20, has_imaging=False)), DICTIONARY)
    read = cohort | {"imaging": cohort["imaging"].astype({"patient": object})}  # as a table without rows is read
    assert len(shared_cohort(read, most_patients=5, seed=1).patients) == 5


def with_fractures_of_day_0(raw, rng):
    """Some fractures are moved to day 0, some lose their status; what would be repeated is left out."""
    first = raw["procedures"].groupby("patient_id")["procedure_date"].min()
    rows = raw["fractures"].copy()
    is_moved = rng.random(len(rows)) < 0.4
    day = rows["patient_id"].map(first)
    rows["diagnosis_date"] = day.where(is_moved & day.notna(), rows["diagnosis_date"])
    drawn = rng.choice(["new", "prevalent", ""], len(rows), p=[0.5, 0.2, 0.3])
    rows["status"] = np.where(is_moved, drawn, rows["status"])
    return raw | {"fractures": rows.drop_duplicates(["patient_id", "level"])}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("made_with", "wanted"), [("prevalent", "new"), ("new", "prevalent")])
def test_the_other_choice_for_day_0_is_as_cleaning_makes_it(seed, made_with, wanted):
    rng = np.random.default_rng(seed)
    raw = with_fractures_of_day_0(random_study(rng, 80), rng)
    ours = with_day_zero(shared(raw, day_zero_fractures=made_with), wanted, made_with=made_with)
    theirs = shared(raw, day_zero_fractures=wanted)
    assert_same_spines(ours, theirs)
    kept = with_day_zero(theirs, wanted, made_with=wanted)
    assert kept is theirs
    assert (spine_arrays(ours).new.day == 0).any() == (wanted == "new")


NAMED = study(
    patients=[f"{name} | @400 | | | 12 | 5" for name in "abcdef"],
    procedures=[f"{name} | @0 | L1" for name in "abcdef"],
    fractures=[
        "a | T12 | @0 | new",  # hangs on the choice
        "b | T12 | @0 |",  # so does this
        "c | T12 | @0 | prevalent",  # this does not
        "d | L1 | @0 | new",  # cemented that day
        "e | T12 | @-30 | prevalent",
        "e | T12 | @0 | new",  # broken before
        "f | T12 | @0 | new",
        "f | T12 | @90 | new",  # the same once more
    ],
)


def test_day_0_by_name():
    made = shared(NAMED)
    names = made.patients["patient"].cat.categories
    assert len(names) == 6
    status = made.fractures["status"].astype(str)
    assert sorted(status) == ["prevalent"] * 7 + ["progression"]
    other = with_day_zero(made, "new", made_with="prevalent").fractures
    assert sorted(other["status"].astype(str)) == ["new"] * 3 + ["prevalent"] * 2 + ["progression", "refracture"]
    by_cleaning = shared(NAMED, day_zero_fractures="new").fractures
    pd.testing.assert_frame_equal(other.reset_index(drop=True), by_cleaning)


def test_a_larger_cohort_is_sampled_by_patient_and_seed():
    raw = random_study(np.random.default_rng(5), 60)
    whole, tables = shared(raw), shareable(cleaned(raw), DICTIONARY)
    assert n_treated(tables) == len(whole.patients) > 20
    some = shared(raw, most_patients=20)
    again = shared(raw, most_patients=20)
    pd.testing.assert_frame_equal(some.fractures, again.fractures)
    assert len(some.patients) == 20
    assert some.procedures["patient"].nunique() == 20
    names = some.patients["patient"].astype(str)
    rows = whole.fractures[whole.fractures["patient"].isin(names)]
    assert len(rows) == len(some.fractures)
    assert sample_of(whole, 1000, 1) is whole
    assert len(sample_of(whole, 10, 1).patients) == 10


def test_a_cohort_without_a_procedure_is_refused():
    raw = study(patients=["a | @400 | | | 12 | 5"], procedures=[], fractures=[])
    tables = shareable(cleaned(raw), DICTIONARY)
    with pytest.raises(WorkbookError, match="No patient has a vertebroplasty"):
        shared_cohort(tables, most_patients=10, seed=1)
