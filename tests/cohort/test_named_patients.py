"""The rules told by patients with names: what goes in, and what must come out."""

import pytest

from helpers.cohort.risk_table import build_risk_table
from tests.cohort.cohorts import at_risk, cleaned, on, study

ANNA = "Anna | @400 | | | |"
TREATED = "Anna | @0 | T12"


def row(table, level, patient="Anna"):
    return table.loc[(patient, level)].to_dict()


def rules(cohort):
    return list(zip(cohort.ledger["table"], cohort.ledger["rule"], cohort.ledger["action"], strict=True))


def test_anna_has_one_cemented_level_and_no_fracture():
    table = at_risk(study([ANNA], [TREATED]))
    assert len(table) == 16
    assert ("Anna", "T12") not in table.index
    assert row(table, "T11")["distance"] == row(table, "L1")["distance"] == 1
    assert (row(table, "T11")["direction"], row(table, "L1")["direction"]) == ("above", "below")
    assert table["is_adjacent"].sum() == 2
    assert set(table["outcome"]) == {"censored"}
    assert set(table["days"]) == {400}


def test_berta_has_a_vertebra_between_two_cemented_ones():
    table = at_risk(study(["Berta | @90 ||||"], ["Berta | @0 | T12; L2"]))
    assert row(table, "L1", "Berta")["is_sandwich"]
    assert row(table, "L1", "Berta")["direction"] == "between"
    assert table["is_sandwich"].sum() == 1
    assert table["is_adjacent"].sum() == 3


def test_berta_with_cement_two_levels_either_side_is_between_but_no_sandwich():
    table = at_risk(study(["Berta | @90 ||||"], ["Berta | @0 | T11; L2"]))
    assert [row(table, level, "Berta")["direction"] for level in ("T12", "L1")] == ["below", "above"]
    assert not table["is_sandwich"].any()
    table = at_risk(study(["Berta | @90 ||||"], ["Berta | @0 | T11; L3"]))
    assert row(table, "L1", "Berta")["direction"] == "between"


@pytest.mark.parametrize(
    ("counts", "treated", "neighbours"),
    [
        ("12 | 5", "T12", {"T11", "L1"}),
        ("13 | 5", "T12", {"T11", "T13"}),
        ("13 | 5", "L1", {"T13", "L2"}),
        ("11 | 5", "T11", {"T10", "L1"}),
        ("12 | 6", "L5", {"L4"}),
    ],
)
def test_clara_has_a_spine_of_her_own(counts, treated, neighbours):
    table = at_risk(study([f"Clara | @90 ||| {counts}"], [f"Clara | @0 | {treated}"]))
    assert {level for (_, level), adjacent in table["is_adjacent"].items() if adjacent} == neighbours


def test_clara_with_a_sixth_lumbar_vertebra_at_risk_when_asked():
    raw = study(["Clara | @90 ||| 12 | 6"], ["Clara | @0 | L5"])
    assert ("Clara", "L6") not in at_risk(raw).index
    assert row(at_risk(raw, levels_at_risk="T1-L6"), "L6", "Clara")["is_adjacent"]


def test_dora_fractures_next_to_the_cement():
    table = at_risk(study([ANNA], [TREATED], ["Anna | L1 | @55 | new", "Anna | T7 | @127 | new"]))
    assert (row(table, "L1")["days"], row(table, "L1")["outcome"]) == (55, "fracture")
    assert (row(table, "T7")["days"], row(table, "T7")["outcome"]) == (127, "fracture")
    assert (row(table, "T11")["days"], row(table, "T11")["outcome"]) == (400, "censored")


@pytest.mark.parametrize(("day_zero", "status"), [("prevalent", "prevalent"), ("new", "new")])
def test_emma_has_a_fracture_found_on_day_0(day_zero, status):
    raw = study([ANNA], [TREATED], ["Anna | L1 | @0 | new"])
    cohort = cleaned(raw, day_zero_fractures=day_zero)
    assert cohort.fractures["status"].tolist() == [status]
    table = at_risk(raw, cleaning={"day_zero_fractures": day_zero})
    if day_zero == "prevalent":
        assert ("Anna", "L1") not in table.index
        assert cohort.ledger["rule"].tolist() == ["fracture_on_day_0"]
        assert cohort.ledger["decided_by"].tolist() == ["parameter"]
    else:
        assert (row(table, "L1")["days"], row(table, "L1")["outcome"]) == (0, "fracture")
        assert cohort.ledger.empty


@pytest.mark.parametrize(("day", "status"), [(-5, "prevalent"), (0, "prevalent"), (5, "new")])
def test_emma_without_a_status_gets_the_one_of_the_date_and_no_ledger_line(day, status):
    cohort = cleaned(study([ANNA], [TREATED], [f"Anna | L1 | @{day} |"]))
    assert cohort.fractures["status"].tolist() == [status]
    assert cohort.ledger.empty


LATER = [TREATED, "Anna | @100 | L3"]


@pytest.mark.parametrize(
    ("choice", "t7", "l3", "l2_distance"),
    [
        ("censor", (100, "censored"), (100, "censored"), 2),
        ("ignore", (150, "fracture"), (100, "censored"), 2),
        ("reclassify", (150, "fracture"), (100, "censored"), 1),
    ],
)
def test_frida_has_a_second_vertebroplasty(choice, t7, l3, l2_distance):
    raw = study([ANNA], LATER, ["Anna | T7 | @150 | new"])
    table = at_risk(raw, later_vertebroplasty=choice)
    assert (row(table, "T7")["days"], row(table, "T7")["outcome"]) == t7
    assert (row(table, "L3")["days"], row(table, "L3")["outcome"]) == l3
    assert row(table, "L2")["distance"] == l2_distance


@pytest.mark.parametrize("choice", ["censor", "ignore", "reclassify"])
def test_frida_was_treated_for_a_new_fracture_on_the_day_it_was_found(choice):
    cohort_in = study([ANNA], LATER, ["Anna | L3 | @100 | new"])
    assert cleaned(cohort_in).ledger.empty
    table = at_risk(cohort_in, later_vertebroplasty=choice)
    assert (row(table, "L3")["days"], row(table, "L3")["outcome"]) == (100, "fracture")


def test_frida_has_two_fractures_found_and_cemented_on_one_day_neither_exposed_to_the_other():
    raw = study([ANNA], [TREATED, "Anna | @100 | L3, L4"], ["Anna|L3|@100|new", "Anna|L4|@100|new"])
    table = at_risk(raw, later_vertebroplasty="reclassify")
    assert [row(table, level)["distance"] for level in ("L3", "L4")] == [3, 4]


def test_gerda_breaks_a_cemented_level_again():
    raw = study([ANNA], [TREATED, "Anna | @10 | L3"], ["Anna | T12 | @60 | new", "Anna | L3 | @60 | new"])
    cohort = cleaned(raw)
    assert cohort.fractures["status"].tolist() == ["refracture", "refracture"]
    assert rules(cohort) == [("fractures", "treated_level_entered_as_new", "changed")] * 2
    table = at_risk(raw, later_vertebroplasty="ignore")
    assert (row(table, "L3")["days"], row(table, "L3")["outcome"]) == (10, "censored")


def test_hanna_has_an_old_fracture_entered_as_new():
    raw = study([ANNA], [TREATED], ["Anna | T8 | @-30 | prevalent", "Anna | T8 | @60 | new"])
    cohort = cleaned(raw)
    assert cohort.fractures["status"].tolist() == ["prevalent", "progression"]
    assert rules(cohort) == [("fractures", "prevalent_level_entered_as_new", "changed")]
    assert ("Anna", "T8") not in at_risk(raw).index
    kept = row(at_risk(raw, prevalent_fractures="keep"), "T8")
    assert (kept["days"], kept["outcome"]) == (60, "fracture")


def test_hanna_has_a_new_fracture_that_was_later_listed_as_old():
    raw = study([ANNA], [TREATED], ["Anna | T8 | @60 | new", "Anna | T8 | @90 | prevalent"])
    assert (row(at_risk(raw), "T8")["days"], row(at_risk(raw), "T8")["outcome"]) == (60, "fracture")


@pytest.mark.parametrize(("choice", "days", "outcome"), [("death", 300, "death"), ("last_imaging", 200, "censored")])
def test_ida_died(choice, days, outcome):
    table = at_risk(study(["Ida | @200 || @300 ||"], ["Ida | @0 | T12"]), death_follow_up=choice)
    assert set(table["days"]) == {days}
    assert set(table["outcome"]) == {outcome}


def test_ida_died_after_her_second_vertebroplasty():
    raw = study(["Ida | @200 || @300 ||"], ["Ida | @0 | T12", "Ida | @100 | L4"])
    assert set(at_risk(raw)["outcome"]) == {"censored"}
    ignored = at_risk(raw, later_vertebroplasty="ignore")
    assert row(ignored, "T1", "Ida")["outcome"] == "death"
    assert (row(ignored, "L4", "Ida")["days"], row(ignored, "L4", "Ida")["outcome"]) == (100, "censored")


@pytest.mark.parametrize(
    ("patient", "days"),
    [
        ("Jana | @200 | @300 |||", 200),
        ("Jana || @300 |||", 300),
        ("Jana | @-5 | @300 |||", 0),
        ("Jana | @0 ||||", 0),
    ],
)
def test_jana_is_followed_to_her_last_imaging_else_last_contact(patient, days):
    table = at_risk(study([patient], ["Jana | @0 | T12"]))
    assert len(table) == 16
    assert set(table["days"]) == {days}


def test_jana_without_any_follow_up_is_counted_and_left_out():
    _, flow = build_risk_table(cleaned(study(["Jana |||||", ANNA], ["Jana | @0 | T12", TREATED])))
    left_out = flow.set_index("rule")["patients_removed"]
    assert (left_out["no_follow_up"], left_out["no_vertebroplasty"]) == (1, 0)


def test_jana_without_a_vertebroplasty_is_counted_and_left_out():
    cohort = cleaned(study(["Jana | @9 ||||", ANNA], [TREATED]))
    _, flow = build_risk_table(cohort)
    assert cohort.ledger.empty
    assert flow.set_index("rule")["patients_removed"]["no_vertebroplasty"] == 1


def test_jana_with_an_unreadable_procedure_has_no_known_day_0():
    cohort = cleaned(study(["Jana | @9 ||||"], ["Jana | @0 | T12-L1", "Jana | @5 | L3"]))
    table, flow = build_risk_table(cohort)
    assert table.empty
    assert flow.set_index("rule")["patients_removed"]["procedure_set_aside"] == 1


def test_jana_with_a_procedure_entered_twice_stays():
    table = at_risk(study(["Jana | @9 ||||"], ["Jana | @0 | T12", "Jana | @0 | T12"]))
    assert len(table) == 16


def test_karin_is_imaged_in_between():
    images = ["Anna | @-9", "Anna | @30", "Anna | @55", "Anna | @200", "Lena | @-9"]
    raw = study(["Anna || @400 |||", "Lena | | @50 |||"], [TREATED, "Lena | @0 | T12"], ["Anna|L1|@55|new"], images)
    table = at_risk(raw)
    assert row(table, "L1")["last_clean_days"] == 30
    assert row(table, "T11")["last_clean_days"] == 200
    assert row(table, "T11", "Lena")["last_clean_days"] == 0
    assert at_risk(raw | {"imaging": raw["imaging"].iloc[:0]})["last_clean_days"].eq(0).all()
    del raw["imaging"]
    assert at_risk(raw)["last_clean_days"].isna().all()


@pytest.mark.parametrize(
    ("patient", "last_clean"),
    [
        ("Anna | @400 ||||", 400),
        ("Anna | @400 || @500 ||", 400),
        ("Anna | @400 || @400 ||", 30),  # moved there from after death, for all we know
        ("Anna | | @400 |||", 30),
    ],
)
def test_karin_is_clean_through_her_last_imaging_though_it_is_no_row_of_imaging(patient, last_clean):
    raw = study([patient], [TREATED], ["Anna | L1 | @55 | new"], ["Anna | @30"])
    table = at_risk(raw)
    assert row(table, "T11")["last_clean_days"] == last_clean
    assert row(table, "L1")["last_clean_days"] == 30
    early = at_risk(study(["Anna | @20 ||||", "Ute | @9 ||||"], [TREATED], ["Anna|L1|@55|new"], ["Anna | @30"]))
    assert row(early, "T11")["last_clean_days"] == 55  # follow-up was moved to the image of the fracture
    assert row(early, "L1")["last_clean_days"] == 30


def test_karin_followed_by_imaging_rows_where_no_last_imaging_is_given():
    table = at_risk(study(["Anna || @300 |||"], [TREATED], imaging=["Anna | @120"]))
    assert set(table["days"]) == {120}


@pytest.mark.parametrize(
    ("patients", "procedures", "fractures", "expected"),
    [
        ([ANNA, "Anna | @500 ||||"], [TREATED], [], [("patients", "duplicate_patient", "quarantined")]),
        ([ANNA, ANNA], [TREATED], [], [("patients", "duplicate_row", "quarantined")]),
        (
            ["Anna | @9 || @-3 ||"],
            [TREATED],
            [],
            [
                ("patients", "death_before_procedure", "quarantined"),
                ("procedures", "unknown_patient", "quarantined"),
            ],
        ),
        (
            ["Anna | @-9 | @-3 |||"],
            [TREATED],
            [],
            [
                ("patients", "follow_up_before_procedure", "quarantined"),
                ("procedures", "unknown_patient", "quarantined"),
            ],
        ),
        (["Anna | @90 || @60 ||"], [TREATED], [], [("patients", "follow_up_after_death", "changed")]),
        (
            ["Anna | @20 ||||"],
            [TREATED],
            ["Anna|L1|@50|new"],
            [("patients", "follow_up_before_fracture", "changed")],
        ),
        (
            ["Anna || @20 |||"],
            [TREATED],
            ["Anna|L1|@50|new"],
            [("patients", "follow_up_before_fracture", "changed")],
        ),
        (
            ["Anna | @50 || @50 ||"],
            [TREATED],
            ["Anna|L1|@60|"],
            [("fractures", "fracture_after_death", "quarantined")],
        ),
        (
            [ANNA],
            [TREATED],
            ["Anna|L1|@-9|new"],
            [("fractures", "new_fracture_before_procedure", "quarantined")],
        ),
        (
            [ANNA],
            [TREATED],
            ["Anna|L1|@9|new", "Anna|L1|@5|"],
            [("fractures", "duplicate_fracture", "quarantined")],
        ),
        ([ANNA], [TREATED], ["Anna|T13|@9|new"], [("fractures", "level_not_in_this_spine", "quarantined")]),
        ([ANNA], [TREATED], ["Anna|L12|@9|new"], [("fractures", "level_not_recognised", "quarantined")]),
        ([ANNA], [TREATED], ["Anna|L1, L2|@9|new"], [("fractures", "level_not_recognised", "quarantined")]),
        ([ANNA], [TREATED], ["Anna|T12-L1|@9|new"], [("fractures", "ambiguous_levels", "quarantined")]),
        ([ANNA], [TREATED], ["Anne|L1|@9|new"], [("fractures", "unknown_patient", "quarantined")]),
    ],
)
def test_one_error_gives_its_rule(patients, procedures, fractures, expected):
    assert rules(cleaned(study(patients, procedures, fractures))) == expected


def test_of_identical_rows_the_first_one_stays():
    cohort = cleaned(study([" Anna | @400 ||||", ANNA, ANNA], [TREATED, "Berta | @0 | T12", TREATED]))
    assert cohort.patients["row"].tolist() == [2]
    assert cohort.procedures["row"].tolist() == [2]
    assert cohort.quarantine[["table", "row", "rules"]].to_numpy().tolist() == [
        ["patients", 3, "duplicate_row"],
        ["patients", 4, "duplicate_row"],
        ["procedures", 3, "unknown_patient"],
        ["procedures", 4, "duplicate_row"],
    ]


def test_the_patient_row_with_the_latest_follow_up_stays():
    cohort = cleaned(study([ANNA, "Anna | @500 ||||", "Anna | | @450 |||"], [TREATED]))
    assert cohort.patients["row"].tolist() == [3]
    assert cohort.ledger["row"].tolist() == [2, 4]
    assert cohort.ledger["why"].str.contains("row 3 was kept").all()


def test_the_earliest_of_two_entries_of_a_fracture_stays():
    cohort = cleaned(study([ANNA], [TREATED], ["Anna|L1|@9|new", "Anna|L1|@5|new"]))
    assert cohort.fractures["row"].tolist() == [3]


def test_moved_follow_up_says_from_where_to_where():
    line = cleaned(study(["Anna | @90 || @60 ||"], [TREATED])).ledger.iloc[0]
    assert (line["column"], line["before"], line["after"]) == ("last_imaging_date", on(90), on(60))
    assert on(60) in line["why"]


def test_two_neighbours_read_as_both_by_parameter_are_listed():
    cohort = cleaned(study([ANNA], ["Anna | @0 | T12-L1"]), two_level_range="levels")
    assert cohort.procedures["levels"].tolist() == ["T12, L1"]
    line = cohort.ledger.iloc[0]
    assert (line["rule"], line["action"], line["decided_by"]) == ("ambiguous_levels", "changed", "parameter")
    assert (line["before"], line["after"]) == ("T12-L1", "T12, L1")
