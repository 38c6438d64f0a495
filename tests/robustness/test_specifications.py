"""Every specification is what the ordinary functions of notebooks 1 to 3 give for the same choices."""

from functools import cache

import numpy as np
import pandas as pd
import pytest

from helpers import estimators as est
from helpers.cohort import contrasts
from helpers.cohort.first_fracture import first_fracture_only
from helpers.cohort.privacy import shareable
from helpers.cohort.risk_periods import build_risk_periods
from helpers.cohort.risk_table import build_risk_table
from helpers.cohort.spine import level_range
from helpers.cohort.tables import check
from helpers.robustness.choice_effects import choice_effects
from helpers.robustness.choices import ESTIMATORS
from helpers.robustness.grid import written_grid
from helpers.robustness.joint_test import joint_test
from helpers.robustness.shared_cohort import COLUMNS, shared_cohort
from helpers.robustness.specifications import by_value, specification_curve, worded
from tests.cohort.cohorts import DICTIONARY, cleaned, random_study
from tests.robustness.test_choices import REFERENCE, reasoned

GRID = reasoned(
    levels_at_risk=["T1-L5", "T4-L4"],
    region=["all", "thoracolumbar"],
    adjacent_within=["1", "2"],
    sandwich_vertebrae=["in", "out"],
    prevalent_fractures=["exclude", "keep"],
    day_zero_fractures=["prevalent", "new"],
    later_vertebroplasty=["censor", "ignore", "time_updated", "reclassify"],
    death_follow_up=["death", "last_imaging"],
    fractures_counted=["all", "first"],
    horizon_days=["all", "20"],
    estimator=list(ESTIMATORS),
)
NUMBERS = ["estimate", "conf_low", "conf_high", "p_value", "std_error"]
COUNTS = ["n_patients", "n_vertebrae", "n_events"]


@cache
def raw():
    return random_study(np.random.default_rng(11), 150)


@cache
def curve():
    made = shareable(cleaned(raw()), DICTIONARY)
    cohort = shared_cohort(made, most_patients=1000, seed=1)
    every = written_grid(GRID, REFERENCE).specifications
    some = every[every["is_reference"] | every.index.isin(every.sample(700, random_state=2).index)]
    return specification_curve(cohort, some.reset_index(drop=True), made_with="prevalent")


@cache
def cleaned_with(day_zero_fractures):
    return cleaned(raw(), day_zero_fractures=day_zero_fractures)


def ordinarily(chosen):
    """One specification by the functions of the notebooks and plain selections of rows."""
    cohort = cleaned_with(chosen["day_zero_fractures"])
    options = {
        "levels_at_risk": chosen["levels_at_risk"],
        "adjacent_within": int(chosen["adjacent_within"]),
        "prevalent_fractures": chosen["prevalent_fractures"],
        "death_follow_up": chosen["death_follow_up"],
    }
    if chosen["later_vertebroplasty"] == "time_updated":
        rows = contrasts.observed_periods(build_risk_periods(cohort, **options))
        rows = rows.rename(columns={"stop_days": "days"})
    else:
        rows = build_risk_table(cohort, **options, later_vertebroplasty=chosen["later_vertebroplasty"])[0]
        rows["start_days"] = 0
    if chosen["region"] != "all":
        rows = rows[rows["region"] == chosen["region"]]
    if chosen["sandwich_vertebrae"] == "out":
        rows = rows[~rows["is_sandwich"]]
    if chosen["fractures_counted"] == "first":
        rows = first_fracture_only(rows)
    fractured, days = rows["outcome"] == "fracture", rows["days"]
    if chosen["horizon_days"] != "all":
        horizon = int(chosen["horizon_days"])
        fractured, days = fractured & (days <= horizon), days.clip(upper=horizon)
    kept = (days > rows["start_days"]) | (chosen["later_vertebroplasty"] != "time_updated")
    rows, fractured, days = rows[kept], fractured[kept], days[kept]
    seen = fractured, rows["is_adjacent"], rows["patient"]
    match chosen["estimator"]:
        case "crude":
            return est.risk_ratio(*seen)
        case "by_level":
            return est.mantel_haenszel(*seen, stratum=rows["level"])
        case "within_patient":
            return est.within_patient_risk_ratio(*seen)
        case "rate":
            return est.rate_ratio(days - rows["start_days"], *seen)
    periods = {}
    if chosen["later_vertebroplasty"] == "time_updated":
        periods = {"entry": rows["start_days"], "vertebra": rows["level"]}
    return est.hazard_ratio(days, *seen, **periods)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_specifications_are_what_the_ordinary_functions_give(estimator):
    of_estimator = curve()[curve()["estimator"] == estimator]
    some = of_estimator.sample(16, random_state=3)
    assert some["estimate"].notna().sum() > 10
    for row in some.to_dict("records"):
        theirs = ordinarily(row)
        for name in NUMBERS:
            value = getattr(theirs, name)
            assert row[name] == pytest.approx(np.nan if value is None else value, rel=1e-12, nan_ok=True), name
        assert (row["n_patients"], row["n_events"]) == (theirs.n_patients, theirs.n_events)
        assert row["measure"] == ESTIMATORS[estimator]
        if not (estimator == "rate" and row["later_vertebroplasty"] == "time_updated"):  # theirs counts periods
            assert row["n_vertebrae"] == theirs.n_vertebrae


def test_the_curve_keeps_its_contract_and_stands_by_size():
    found = check("specifications", curve())
    assert found["is_reference"].sum() == 1
    known = found["estimate"].dropna()
    assert known.is_monotonic_increasing
    assert found["estimate"].isna().to_numpy()[len(known) :].all()
    assert (found.loc[found["estimate"].isna(), "note"] != "").all()


def test_the_reference_and_others_stand_in_the_example_report(example_report):
    """Rows of the curve that notebooks 2 and 3 have as well."""
    tables = example_report / "tables"
    found = pd.read_parquet(tables / "specifications.parquet")
    estimates = pd.read_parquet(tables / "estimates.parquet").set_index("analysis")
    same = {
        "Risk ratio, patients as clusters": {},
        "Risk ratio, level by level": {"estimator": "by_level"},
        "Risk ratio, within patients": {"estimator": "within_patient"},
        "Risk ratio, first fracture only": {"fractures_counted": "first"},
        "Rate ratio": {"estimator": "rate"},
        "Hazard ratio, patients as clusters": {"estimator": "hazard"},
        "Hazard ratio, days 0 to 90": {"estimator": "hazard", "horizon_days": "90"},
        "Hazard ratio, time-updated cement": {"estimator": "hazard", "later_vertebroplasty": "time_updated"},
    }
    for analysis, choices in same.items():
        row = found[(found[list(REFERENCE)] == pd.Series(REFERENCE | choices)).all(axis=1)]
        assert len(row) == 1, analysis
        ours, theirs = row.iloc[0], estimates.loc[analysis]
        assert ours[NUMBERS].astype(float).tolist() == pytest.approx(theirs[NUMBERS].astype(float).tolist(), rel=1e-12)
        assert ours[COUNTS].tolist() == theirs[COUNTS].tolist(), analysis
    assert found.loc[found["is_reference"], list(REFERENCE)].iloc[0].to_dict() == REFERENCE


@pytest.mark.parametrize("n_patients", [1, 2, 5])
def test_the_smallest_cohorts_have_a_curve_or_say_why_not(n_patients):
    raw = random_study(np.random.default_rng(4), n_patients)
    cohort = shared_cohort(shareable(cleaned(raw), DICTIONARY), most_patients=1000, seed=1)
    grid = {choice: values for choice, values in GRID.items() if choice not in ("death_follow_up", "adjacent_within")}
    specifications = written_grid(grid, REFERENCE).specifications
    found = check("specifications", specification_curve(cohort, specifications, made_with="prevalent"))
    check("specification_choices", choice_effects(found))
    check("specification_tests", joint_test(cohort, specifications, made_with="prevalent", permutations=20))


def test_a_registry_is_drawn_from(example_report):
    tables = {name: pd.read_parquet(example_report / "tables" / f"{name}.parquet") for name in COLUMNS}
    cohort = shared_cohort(tables, most_patients=100, seed=3)
    grid = written_grid(reasoned(estimator=["crude", "rate"]), REFERENCE)
    found = specification_curve(cohort, grid.specifications, made_with="prevalent")
    assert found["n_patients"].max() <= 100
    again = specification_curve(cohort, grid.specifications, made_with="prevalent")
    pd.testing.assert_frame_equal(found, again, check_exact=True)


def test_the_curve_in_words():
    found = worded(curve())
    assert list(found.columns[4:]) == [
        "Levels at risk", "Region", "Adjacent within", "Sandwich vertebrae", "Prevalent fractures",
        "Fractures of day 0", "Later vertebroplasties", "The dead followed to", "Fractures counted", "Horizon",
        "Estimator",
    ]  # fmt: skip
    assert list(found["Horizon"].cat.categories) == ["all of follow-up", "20 days"]
    assert list(found["Levels at risk"].cat.categories) == ["T1-L5", "T4-L4"]
    assert not found.iloc[:, 4:].isna().any(axis=None)


def test_values_are_told_with_their_reasons():
    told = by_value(curve(), GRID)
    counts = told[told["choice"] == "Estimator"].set_index("value")["specifications"]
    assert counts.sum() == len(curve())
    assert (told["reason"] == "as some do").all()
    alone = curve()[curve()["horizon_days"] == "20"]
    assert "Horizon" not in set(by_value(alone, GRID)["choice"])


def test_levels_of_a_region_are_those_of_the_range():
    assert level_range("T4-L4").sum() == 14
