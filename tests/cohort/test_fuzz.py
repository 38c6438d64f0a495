"""Whatever a cell holds, cleaning gives no traceback, loses no row, and what comes out keeps its contract."""

import io

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers.cohort.clean import describe
from helpers.cohort.dictionary import RAW_TABLES
from helpers.cohort.ledger import RULES
from helpers.cohort.privacy import shareable
from helpers.cohort.risk_table import build_risk_table
from helpers.cohort.summary import codebook, patient_summary
from helpers.cohort.tables import check
from tests.cohort.cohorts import DICTIONARY, cleaned, random_study

JUNK = st.one_of(
    st.text(max_size=15),
    st.sampled_from(
        [
            "",
            " ",
            "NA",
            "none",
            "0",
            "999",
            "T12",
            "L12",
            "T12-L1",
            "2004-01-15",
            "2004-13-01",
            "15.01.2004",
            "04-01-15",
        ]
        + [
            "4,5 cc",
            "450",
            "F",
            "id-0",
            " id-1",
            "id-2 ",
            "new",
            "yes",
            "13",
            "\x00",
            "\ud800",
            "'; --",
            "nan",
            "today",
        ]
    ),
    st.none(),
    st.integers(),
    st.floats(),
)
JUNK_PLACES = st.lists(
    st.tuples(st.sampled_from(RAW_TABLES), st.integers(0, 99), st.integers(0, 99), JUNK), max_size=40
)
CHOICES = st.fixed_dictionaries(
    {
        "prevalent_fractures": st.sampled_from(["exclude", "keep"]),
        "later_vertebroplasty": st.sampled_from(["censor", "ignore", "reclassify"]),
        "death_follow_up": st.sampled_from(["death", "last_imaging"]),
    }
)


def spoiled(seed: int, junk) -> dict:
    raw = random_study(np.random.default_rng(seed), 12)
    for name, row, column, text in junk:
        frame = raw[name]
        names = [name for name in frame if name != "row"]
        if len(frame):
            frame.loc[row % len(frame), names[column % len(names)]] = text
    return raw


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.integers(0, 50),
    JUNK_PLACES,
    st.sampled_from(["refuse", "levels"]),
    st.sampled_from(["prevalent", "new"]),
    CHOICES,
)
def test_junk_is_told_and_no_row_is_lost(seed, junk, two_level_range, day_zero, choices):
    raw = spoiled(seed, junk)
    cohort = cleaned(raw, two_level_range=two_level_range, day_zero_fractures=day_zero)
    for counts in cohort.rows.to_dict("records"):
        name = counts["table"]
        kept, aside = getattr(cohort, name)["row"], cohort.quarantine.query("table == @name")["row"]
        assert sorted([*kept, *aside]) == raw[name]["row"].tolist()
        assert (counts["kept"], counts["quarantined"]) == (len(kept), len(aside))
    lines = cohort.ledger
    assert set(lines["rule"]) <= set(RULES)
    assert lines["why"].str.endswith((".", "?")).all()
    told = set(map(tuple, lines.loc[lines["action"] == "quarantined", ["table", "row"]].to_numpy()))
    assert told == set(map(tuple, cohort.quarantine[["table", "row"]].to_numpy()))
    assert describe(lines)["rows"].sum() <= len(lines)
    table, flow = build_risk_table(cohort, **choices)
    made = shareable(cohort, DICTIONARY) | {"risk_table": table, "flow": flow}
    made["patient_summary"] = patient_summary(cohort, table)
    made["codebook"] = codebook(DICTIONARY, made)
    for name, frame in made.items():
        check(name, frame)


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 50), JUNK_PLACES)
def test_a_table_of_categories_is_cleaned_as_one_of_single_cells(seed, junk):
    raw = spoiled(seed, junk)
    coded = {name: frame.copy() for name, frame in raw.items()}
    for frame in coded.values():
        for name in frame.columns.drop("row"):
            codes, distinct = pd.factorize(np.append(frame[name].to_numpy(dtype=object), None))
            # pandas takes 1 and 1.0 for the same; texts that stand nowhere, and no order, are to make no difference.
            if len(distinct) == len(set(map(str, distinct))) and all(isinstance(cell, str) for cell in distinct):
                categories = [*distinct[::-1], "nowhere", "L1 "]
                if len(set(categories)) == len(categories):
                    codes = np.where(codes < 0, -1, len(distinct) - 1 - codes)[:-1]
                    frame[name] = pd.Categorical.from_codes(codes, categories=categories)
    first, second = cleaned(raw), cleaned(coded)
    for name in (*RAW_TABLES, "ledger", "quarantine", "keys", "rows"):
        pd.testing.assert_frame_equal(getattr(first, name), getattr(second, name))


def test_tables_are_the_same_after_a_round_trip_through_parquet():
    cohort = cleaned(spoiled(3, [("patients", 0, 1, "soon"), ("fractures", 1, 1, "L12")]))
    table, flow = build_risk_table(cohort)
    made = shareable(cohort, DICTIONARY) | {"risk_table": table, "flow": flow}
    made["patient_summary"] = patient_summary(cohort, table)
    made["codebook"] = codebook(DICTIONARY, made)
    for name, frame in made.items():
        file = io.BytesIO()
        frame.to_parquet(file, index=False)
        back = pd.read_parquet(file)
        pd.testing.assert_frame_equal(frame, back)
        check(name, back)


def test_the_same_clean_tables_when_cleaned_again():
    first, second = (cleaned(spoiled(7, [("fractures", 2, 2, "")])) for _ in range(2))
    for name in (*RAW_TABLES, "ledger", "quarantine", "keys"):
        pd.testing.assert_frame_equal(getattr(first, name), getattr(second, name))
