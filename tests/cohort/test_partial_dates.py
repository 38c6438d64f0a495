"""Dates without a day: worked by hand for one patient, and laws for random cohorts."""

import numpy as np
import pandas as pd
import pytest

from helpers.cohort.image_intervals import image_intervals
from helpers.cohort.risk_table import build_risk_table
from helpers.errors import Problems
from tests.cohort.cohorts import DICTIONARY, at_risk, cleaned, random_study, study, table

FORMATS = {"default": "%Y-%m-%d|%Y-%m|%Y"}
# Day 0 is 15 January 2004: 1 March is day 46, 31 March day 76, 30 June day 167.
TREATED, ANNA = "Anna | 2004-01-15 | T12", "Anna | 2005-01-14 ||||"


def of_level(level, fractures=(), images=None, patient=ANNA, procedures=(TREATED,), zero="prevalent", **options):
    """The row of one level of Anna, with its bracket; None where it is not at risk."""
    raw = study([patient], procedures, fractures, images)
    found = at_risk(raw, cleaning={"date_formats": FORMATS, "day_zero_fractures": zero}, **options)
    if ("Anna", level) not in found.index:
        return None
    row = found.loc[("Anna", level)]
    brackets = image_intervals(found)
    if not brackets.kept[found.index.get_loc(("Anna", level))]:
        return row.to_dict() | {"bracket": None}
    place = brackets.kept[: found.index.get_loc(("Anna", level))].sum()
    return row.to_dict() | {"bracket": (brackets.left[place], brackets.right[place])}


def ledger_of(fractures=(), patient=ANNA, procedures=(TREATED,), images=None, **cleaning):
    return cleaned(study([patient], procedures, fractures, images), date_formats=FORMATS, **cleaning).ledger


def test_a_fracture_of_a_month_lies_anywhere_in_it():
    images = ["Anna | 2004-01-30", "Anna | 2004-03-10", "Anna | 2004-05-01"]
    row = of_level("L1", ["Anna | L1 | 2004-03 | new"], images)
    assert (row["outcome"], row["days"], row["latest_days"]) == ("fracture", 61, 76)
    # The image of 10 March may be the one that showed it.
    assert (row["last_clean_days"], row["bracket"]) == (15, (15, 76))
    line = ledger_of(["Anna | L1 | 2004-03 | new"]).iloc[0]
    assert line[["table", "column", "before", "after", "rule", "decided_by", "action"]].tolist() == [
        "fractures", "diagnosis_date", "2004-03", "2004-03-16", "partial_date", "default", "changed",
    ]  # fmt: skip
    assert "it can be 2004-03-01 to 2004-03-31; where one day is needed 2004-03-16 is taken" in line["why"]


def test_each_date_is_told_with_its_own_days():
    levels = [f"L{number}" for number in (1, 2, 3, 4)]
    dates = ["2004-12", "2004-02", "2004-12", "2004-07"]
    lines = [f"Anna | {level} | {date} | new" for level, date in zip(levels, dates, strict=True)]
    ledger = ledger_of(lines)
    for text, after, why in zip(dates, ledger["after"], ledger["why"], strict=True):
        last = str(pd.Period(text).end_time.date())
        assert f'"{text}" in diagnosis_date has no day: it can be {text}-01 to {last}; ' in why
        assert f"where one day is needed {after} is taken" in why


def test_a_fracture_of_a_year_lies_between_day_0_and_the_last_image():
    row = of_level("L1", ["Anna | L1 | 2004 | new"], ["Anna | 2004-02-20"], "Anna | 2004-06-30 ||||")
    assert (row["days"], row["latest_days"]) == (84, 167)
    assert row["bracket"] == (0, 167)


@pytest.mark.parametrize(
    ("status", "zero", "expected"),
    [
        ("new", "prevalent", (8, 16)),  # 16 to 31 January
        ("new", "new", (8, 16)),  # 15 to 31 January: the earlier of the two in the middle
        ("prevalent", "prevalent", None),
        ("prevalent", "new", None),
    ],
)
def test_the_status_says_on_which_side_of_day_0_a_fracture_lies(status, zero, expected):
    row = of_level("L1", [f"Anna | L1 | 2004-01 | {status}"], zero=zero)
    assert (row and (row["days"], row["latest_days"])) == expected


def test_without_a_status_a_fracture_around_day_0_is_set_aside():
    assert of_level("L1", ["Anna | L1 | 2004-01 |"])["outcome"] == "censored"
    line = ledger_of(["Anna | L1 | 2004-01 |"]).iloc[0]
    assert (line["rule"], line["action"]) == ("fracture_around_day_0", "quarantined")
    assert "before or after the first vertebroplasty on 2004-01-15. Fill in the day" in line["why"]
    assert ledger_of(["Anna|L1|2003|prevalent", "Anna | L1 | 2004-01 | progression"])["rule"].tolist() == [
        "partial_date",
        "fracture_around_day_0",
    ]


@pytest.mark.parametrize(("date", "status"), [("2003-12", "prevalent"), ("2004-02", "new"), ("2003", "prevalent")])
def test_without_a_status_a_fracture_on_one_side_of_day_0_is_what_its_days_say(date, status):
    cohort = cleaned(study([ANNA], [TREATED], [f"Anna | L1 | {date} |"]), date_formats=FORMATS)
    assert cohort.fractures["status"].tolist() == [status]


@pytest.mark.parametrize(
    ("date", "status", "rule"),
    [
        ("2003-12", "new", "new_fracture_before_procedure"),
        ("2004-02", "prevalent", "status_contradicts_record"),
        ("2003-12", "refracture", "status_contradicts_record"),
        ("2004-02", "progression", "status_contradicts_record"),
    ],
)
def test_what_no_day_of_the_month_allows_is_set_aside(date, status, rule):
    assert ledger_of([f"Anna | L1 | {date} | {status}"])["rule"].tolist() == [rule]


def test_a_month_that_ends_on_day_0_can_only_be_that_day_for_a_new_fracture():
    treated = ["Anna | 2004-01-31 | T12"]
    rules = ledger_of(["Anna | L1 | 2004-01 | new"], procedures=treated)["rule"].tolist()
    assert rules == ["fracture_on_day_0"]
    row = of_level("L1", ["Anna | L1 | 2004-01 | new"], procedures=treated, zero="new")
    assert (row["outcome"], row["days"], row["latest_days"]) == ("fracture", 0, 0)


def test_a_new_fracture_comes_before_the_cement_of_its_own_month():
    treated = [TREATED, "Anna | 2004-03-20 | L1"]
    row = of_level("L1", ["Anna | L1 | 2004-03 | new"], procedures=treated)
    assert (row["outcome"], row["days"], row["latest_days"]) == ("fracture", 55, 65)
    later = ledger_of(["Anna | L1 | 2004-04 | new"], procedures=treated)["rule"].tolist()
    assert later == ["treated_level_entered_as_new", "partial_date"]


def test_a_refracture_or_a_progression_may_come_late_in_its_month():
    treated = [TREATED, "Anna | 2004-03-30 | L1"]
    assert ledger_of(["Anna | L1 | 2004-03 | refracture"], procedures=treated)["rule"].tolist() == ["partial_date"]
    again = ["Anna | L3 | 2004-03-30 | new", "Anna | L3 | 2004-03 | progression"]
    assert ledger_of(again)["rule"].tolist() == ["partial_date"]


@pytest.mark.parametrize(
    ("patient", "death"),
    [
        ("Anna ||| 2004-03 ||", "2004-03-01"),
        ("Anna || 2004-03-20 | 2004-03 ||", "2004-03-20"),
        ("Anna || 2004-03 | 2004-03 ||", "2004-03-01"),
        ("Anna ||| 2004-01 ||", "2004-01-15"),
        ("Anna ||| 2004 ||", "2004-01-15"),
        ("Anna || 2004-04-02 | 2004-03 ||", "2004-03-01"),
    ],
)
def test_death_is_taken_as_early_as_the_record_allows(patient, death):
    cohort = cleaned(study([patient], [TREATED]), date_formats=FORMATS)
    assert cohort.patients["death_date"].tolist() == [pd.Timestamp(death)]


def test_only_what_no_day_of_the_month_of_death_allows_is_a_contradiction():
    assert ledger_of(patient="Anna || 2004-03-20 | 2004-03 ||")["rule"].tolist() == ["partial_date"]
    assert ledger_of(patient="Anna || 2004-04-02 | 2004-03 ||")["rule"].tolist()[0] == "follow_up_after_death"
    assert ledger_of(patient="Anna ||| 2003-12 ||")["rule"].tolist() == ["death_before_procedure", "unknown_patient"]
    fracture = ["Anna | L1 | 2004-04 | new"]
    assert "fracture_after_death" in ledger_of(fracture, patient="Anna ||| 2004-03 ||")["rule"].tolist()


def test_a_fracture_and_death_of_one_month_agree():
    row = of_level("L1", ["Anna | L1 | 2004-03 | new"], patient="Anna ||| 2004-03-10 ||")
    assert (row["outcome"], row["days"], row["latest_days"]) == ("fracture", 50, 55)
    row = of_level("L1", ["Anna | L1 | 2004-03 | new"], patient="Anna ||| 2004-03 ||")
    assert (row["outcome"], row["days"], row["latest_days"]) == ("fracture", 61, 76)
    row = of_level("L2", ["Anna | L1 | 2004-03 | new"], patient="Anna ||| 2004-03 ||")
    assert (row["outcome"], row["days"]) == ("death", 61)  # alive when the fracture was found


@pytest.mark.parametrize(
    ("patient", "days"),
    [
        ("Anna | 2004-03 ||||", 46),
        ("Anna || 2004-03 |||", 46),
        ("Anna | 2004-01 ||||", 0),
        ("Anna | 2005 ||||", 352),
    ],
)
def test_follow_up_goes_on_to_the_first_day_it_surely_reached(patient, days):
    assert of_level("L1", patient=patient)["days"] == days
    assert ledger_of(patient=patient)["rule"].tolist() == ["partial_date"]


def test_follow_up_that_no_day_of_its_month_brings_past_the_procedure_is_set_aside():
    assert ledger_of(patient="Anna || 2003-12 |||")["rule"].tolist()[0] == "follow_up_before_procedure"


def test_a_fracture_of_the_month_of_the_last_image_moves_nothing():
    assert ledger_of(["Anna | L1 | 2004-03-20 | new"], "Anna | 2004-03 ||||")["rule"].tolist() == ["partial_date"]
    moved = ledger_of(["Anna | L1 | 2004-04-20 | new"], "Anna | 2004-03 ||||")
    assert moved["rule"].tolist() == ["follow_up_before_fracture"]


@pytest.mark.parametrize("date", ["2004-01", "2004"])
def test_a_vertebroplasty_without_a_day_is_set_aside_and_its_patient_is_not_at_risk(date):
    for procedures in ([f"Anna | {date} | T12"], [TREATED, f"Anna | {date} | L3"]):
        cohort = cleaned(study([ANNA], procedures), date_formats=FORMATS)
        line = cohort.ledger.iloc[0]
        assert (line["rule"], line["action"]) == ("procedure_without_day", "quarantined")
        assert f'"{date}" in procedure_date has no day, but days count from the procedure' in line["why"]
        assert build_risk_table(cohort)[0].empty


@pytest.mark.parametrize(
    ("images", "fracture", "bracket"),
    [
        (["2004-02"], "2004-03-05", (17, 50)),  # clean on 1 February at the latest
        (["2004-03"], "2004-03-05", (0, 50)),  # may be the image that showed it
        (["2004-02-03", "2004-03"], "2004-03-05", (19, 50)),
        (["2004-02-03", "2004-02"], "2004-03-05", (19, 50)),
        (["2004", "2004-02-03"], "2004-03-05", (19, 50)),
        (["2004-02"], "2004-03", (17, 76)),
        (["2004-03"], "2004-03", (0, 76)),
        (["2004-01"], "2004-03-05", (0, 50)),
    ],
)
def test_an_image_of_a_month_is_clean_only_where_all_of_the_month_comes_before(images, fracture, bracket):
    images = [f"Anna | {image}" for image in images]
    assert of_level("L1", [f"Anna | L1 | {fracture} | new"], images)["bracket"] == bracket


def test_a_vertebra_never_fractured_is_whole_on_the_first_day_the_image_can_be_of():
    assert of_level("L2", (), ["Anna | 2004-03"], "Anna || 2004-05-01 |||")["bracket"] == (46, np.inf)
    assert of_level("L2", (), [], "Anna | 2004-03 ||||")["bracket"] == (46, np.inf)


def test_an_image_of_the_month_of_a_fracture_beyond_follow_up_is_not_taken_as_clean():
    procedures, fracture = [TREATED, "Anna | 2004-03-10 | L4"], ["Anna | L1 | 2004-03-25 | new"]
    row = of_level("L1", fracture, ["Anna | 2004-03"], procedures=procedures)
    assert (row["outcome"], row["days"], row["last_clean_days"]) == ("censored", 55, 0)
    assert of_level("L2", fracture, ["Anna | 2004-03"], procedures=procedures)["last_clean_days"] == 46


def test_an_image_of_the_month_of_new_cement_is_not_taken_as_clean_of_the_cemented_vertebra():
    procedures = [TREATED, "Anna | 2004-03-10 | L4"]
    found = [
        of_level(level, (), ["Anna | 2004-03"], procedures=procedures, later_vertebroplasty="ignore")["last_clean_days"]
        for level in ("L4", "L3")
    ]
    assert found == [0, 365]


def test_an_old_fracture_needs_no_date():
    lines = ["Anna | L1 | | prevalent", "Anna | L2 | NA | old", "Anna | L3 | | new", "Anna | L4 | |"]
    cohort = cleaned(study([ANNA], [TREATED], lines))
    assert cohort.fractures["level"].tolist() == ["L1", "L2"]
    assert cohort.fractures["diagnosis_date"].isna().all()
    by_row = cohort.ledger.groupby("row")["rule"].agg(list).to_dict()
    assert by_row == {
        2: ["old_fracture_without_date"],
        3: ["missing_code", "old_fracture_without_date"],
        4: ["missing_required"],
        5: ["missing_required"],
    }
    found, _ = build_risk_table(cohort)
    assert not found["level"].isin(["L1", "L2"]).any()
    assert found["level"].isin(["L3", "L4"]).sum() == 2
    kept, _ = build_risk_table(cohort, prevalent_fractures="keep")
    assert kept["level"].isin(["L1", "L2"]).sum() == 2


@pytest.mark.parametrize("seed", range(3))
def test_an_old_fracture_without_a_date_is_as_good_as_one_with(seed):
    raw = random_study(np.random.default_rng(seed), 40)
    fractures = raw["fractures"][raw["fractures"]["status"] != "refracture"]
    old = fractures["status"] == "prevalent"
    cohorts = [
        cleaned(raw | {"fractures": fractures.assign(diagnosis_date=fractures["diagnosis_date"].mask(old, date))})
        for date in ("", "1999-01-01")
    ]
    assert cohorts[0].fractures["diagnosis_date"].isna().sum() > 10
    for option in ("keep", "exclude"):
        found, expected = (build_risk_table(cohort, prevalent_fractures=option)[0] for cohort in cohorts)
        pd.testing.assert_frame_equal(found, expected)


def test_a_new_fracture_of_an_old_one_without_a_date_is_its_progression():
    lines = ["Anna | L1 | | prevalent", "Anna | L1 | 2004-03-05 | new"]
    ledger = cleaned(study([ANNA], [TREATED], lines)).ledger
    assert ledger["rule"].tolist() == ["old_fracture_without_date", "prevalent_level_entered_as_new"]
    assert "had a prevalent fracture without a date, from before the first vertebroplasty" in ledger["why"].iloc[1]


def coarse(raw, rng, columns=(("fractures", "diagnosis_date"),), share=0.5):
    """The same cohort, some of whose dates say the month only."""
    raw = {name: frame.copy() for name, frame in raw.items()}
    for name, column in columns:
        dates = raw[name][column]
        chosen = (rng.random(len(dates)) < share) & (dates != "")
        raw[name][column] = dates.where(~chosen, dates.str[:7])
    return raw


def calm_study(rng):
    """Without what stands for two things as soon as a day is left out: other statuses, a vertebra fractured twice."""
    raw = random_study(rng, 30)
    fractures = raw["fractures"]
    index = raw["procedures"].groupby("patient_id")["procedure_date"].min()
    status = np.where(fractures["diagnosis_date"] > fractures["patient_id"].map(index).fillna(""), "new", "prevalent")
    fractures = fractures.assign(status=status).drop_duplicates(["patient_id", "level"])
    raw["patients"]["last_imaging_date"] = "2005-06-01"
    raw["patients"]["death_date"] = ""
    return raw | {"fractures": fractures.reset_index(drop=True)}


def brackets_of(raw):
    found = at_risk(raw, cleaning={"date_formats": FORMATS}, later_vertebroplasty="ignore")
    own = image_intervals(found)
    kept = found[own.kept]
    return kept.assign(left=own.left, right=own.right)


@pytest.mark.parametrize("seed", range(4))
def test_to_know_less_of_the_dates_widens_the_brackets(seed):
    rng = np.random.default_rng(seed)
    exact = calm_study(rng)
    columns = [("fractures", "diagnosis_date"), ("imaging", "imaging_date"), ("patients", "last_imaging_date")]
    narrow, wide = brackets_of(exact), brackets_of(coarse(exact, rng, columns))
    both = narrow.join(wide, how="inner", lsuffix="_narrow", rsuffix="_wide")
    both = both[both["outcome_narrow"] == both["outcome_wide"]]
    assert len(both) > 200
    assert (both["left_wide"] <= both["left_narrow"]).all()
    assert (both["right_wide"] >= both["right_narrow"]).all()
    is_fracture = both["outcome_narrow"] == "fracture"
    assert (both["right_wide"] > both["right_narrow"])[is_fracture].any()
    assert (both["left_wide"] < both["left_narrow"]).any()


@pytest.mark.parametrize("seed", range(3))
def test_to_know_less_of_follow_up_and_death_never_makes_follow_up_longer(seed):
    rng = np.random.default_rng(seed)
    exact = calm_study(rng)
    deaths = random_study(np.random.default_rng(seed + 50), 30)["patients"]["death_date"]
    exact["patients"] = exact["patients"].assign(
        death_date=deaths, last_imaging_date="2005-06-17", last_contact_date="2005-07-01"
    )
    # What contradicts death, or follow-up, is no longer the same where less is known.
    exact["fractures"] = exact["fractures"].iloc[:0]
    exact["patients"].loc[deaths != "", ["last_imaging_date", "last_contact_date"]] = "2004-01-02"
    columns = [("patients", name) for name in ("last_imaging_date", "last_contact_date", "death_date")]
    narrow, wide = (
        at_risk(raw, cleaning={"date_formats": FORMATS}) for raw in (exact, coarse(exact, rng, columns, share=0.7))
    )
    both = narrow.join(wide, how="inner", lsuffix="_narrow", rsuffix="_wide")
    assert len(both) > 150
    assert (both["days_wide"] <= both["days_narrow"]).all()
    assert (both["days_wide"] < both["days_narrow"]).any()
    assert (both["last_clean_days_wide"] <= both["last_clean_days_narrow"]).all()


@pytest.mark.parametrize("seed", range(3))
def test_where_every_date_has_a_day_only_a_column_is_added(seed):
    raw = random_study(np.random.default_rng(seed), 40)
    plain, allowed = cleaned(raw), cleaned(raw, date_formats=FORMATS)
    pd.testing.assert_frame_equal(allowed.ledger, plain.ledger.assign(why=allowed.ledger["why"]))
    for name in ("patients", "procedures", "fractures", "imaging"):
        expected = getattr(plain, name)
        pd.testing.assert_frame_equal(getattr(allowed, name)[list(expected)], expected)
    for options in ({}, {"later_vertebroplasty": "ignore", "prevalent_fractures": "keep"}):
        found, expected = (build_risk_table(own, **options)[0] for own in (allowed, plain))
        assert (found["latest_days"] == found["days"]).all()
        pd.testing.assert_frame_equal(found.drop(columns="latest_days"), expected)


def test_a_month_of_which_only_one_day_is_left_is_that_day():
    exact = study(["Anna ||| 2004-03-01 ||"], [TREATED], ["Anna | L1 | 2004-03-01 | new"])
    month = study(["Anna ||| 2004-03-01 ||"], [TREATED], ["Anna | L1 | 2004-03 | new"])
    found, expected = (at_risk(raw, cleaning={"date_formats": FORMATS}) for raw in (month, exact))
    pd.testing.assert_frame_equal(found, expected)


def test_a_study_in_which_no_vertebroplasty_can_have_a_day_is_refused():
    with pytest.raises(Problems, match="Day 0 is the day of the vertebroplasty, so it must be known"):
        cleaned(study(), date_formats={"default": "%m.%Y"})


def test_a_sheet_of_old_fractures_without_the_column_status_still_needs_dates():
    raw = study([ANNA], [TREATED]) | {"fractures": table("patient_id level diagnosis_date", "Anna | L1 |")}
    assert cleaned(raw).ledger["rule"].tolist() == ["missing_required"]
    assert DICTIONARY.column("fractures", "diagnosis_date").required
