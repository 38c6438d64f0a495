"""The counts of a cohort as small numbers allow them to be shown, and an attacker who knows how they add up."""

import numpy as np
import pandas as pd
import pytest

from helpers.cohort import small_numbers
from helpers.cohort.flow import ENDS, count_flow, flow_table
from helpers.disclosure import Coarse, box, possible

K = 8
EVERY_LEVEL = np.uint32((1 << 17) - 1)


def a_flow(seed: int, n: int = 90) -> pd.DataFrame:
    """The flow of made-up spines: whoever is not at risk, and how the others ended."""
    draw = np.random.default_rng(seed)
    levels = np.full(n, EVERY_LEVEL)
    share = draw.choice([0.02, 0.06, 0.15], size=4)
    whole = {
        rule: np.where(draw.random(n) < share[number], EVERY_LEVEL, np.uint32(0))
        for number, rule in enumerate(("procedure_set_aside", "no_vertebroplasty", "no_follow_up"))
    }
    some = {rule: draw.integers(0, 1 << 17, n, dtype=np.uint32) & draw.integers(0, 1 << 17, n, dtype=np.uint32)
            for rule in ("cemented", "outside_levels", "prevalent")}  # fmt: skip
    exclusions = whole | {rule: bits & draw.integers(0, 1 << 17, n, dtype=np.uint32) for rule, bits in some.items()}
    left = levels & ~np.bitwise_or.reduce(list(exclusions.values()))
    n_at_risk = sum(bin(bits).count("1") for bits in left)
    outcome = draw.choice(np.array([1, 2, 0], dtype=np.int8), size=n_at_risk, p=[0.01, 0.03, 0.96])
    counts = count_flow(levels, exclusions, draw.random(n_at_risk) < 0.12, outcome)
    read = n + int(draw.integers(0, 12))
    rows = pd.DataFrame({"table": ["patients"], "read": [read], "kept": [n], "quarantined": [read - n]})
    return flow_table(rows, exclusions, [counts], "T1-L5")


def sums_of(flow: pd.DataFrame) -> list:
    """How the cells of a flow add up, written anew from what its steps mean."""
    steps = [row for row in flow.index if flow["kind"][row] == "cohort"]
    near, far = [row for row in flow.index if flow["kind"][row] == "split"]
    last = steps[-1]
    sums = [
        ((before, unit), [(after, unit), (after, f"{unit}_removed")])
        for unit in ("patients", "vertebrae")
        for before, after in zip(steps, steps[1:], strict=False)
        if unit == "patients" or before > steps[0]
    ]
    sums += [((last, "vertebrae"), [(near, "vertebrae"), (far, "vertebrae")])]
    sums += [((row, "vertebrae"), [(row, end) for end in ENDS]) for row in (near, far)]
    return sums


@pytest.mark.parametrize("seed", range(6))
def test_no_step_of_a_flow_can_be_computed_back(seed):
    flow = a_flow(seed)
    shown = small_numbers.flow_as_shown(flow, K)
    sums = sums_of(flow)
    keys = dict.fromkeys(key for total, parts in sums for key in (total, *parts))
    cells = {key: shown[key[1]][key[0]] for key in keys}
    boxes = {key: (0, np.inf) if pd.isna(cell) else _box(cell) for key, cell in cells.items()}
    hidden = [key for key in keys if flow[key[1]][key[0]] < K and isinstance(cells[key], Coarse)]
    assert hidden
    for key, (low, high) in possible(boxes, sums, hidden).items():
        assert low <= flow[key[1]][key[0]] <= high
        assert high - low + 1 >= K - 1


def _box(cell) -> tuple[float, float]:
    return box(cell, K) if isinstance(cell, Coarse) else (cell, cell)


def test_a_flow_hides_in_every_place_at_once():
    flow = a_flow(3)
    shown = small_numbers.flow_as_shown(flow, K)
    of_patients = shown["rule"].isin(["quarantined", "procedure_set_aside", "no_vertebroplasty", "no_follow_up"])
    assert shown.loc[of_patients, ["vertebrae", "vertebrae_removed"]].isna().all(axis=None)
    assert shown["patients"].iloc[-3].text == shown["patients"].iloc[-4].text
    for row in shown[shown["kind"] == "split"].itertuples():
        assert row.detail.split(" ")[0] == row.fractured.text
        assert f"{row.died.text} died without, {row.censored.text} with" in row.detail


def test_rows_read_are_those_kept_and_those_set_aside():
    rows = pd.DataFrame({"table": ["a", "b"], "read": [70, 12], "kept": [66, 9], "quarantined": [4, 3]})
    shown = small_numbers.rows_as_shown(rows, K)
    assert [[cell.text for cell in shown[name]] for name in ("read", "kept", "quarantined")] == [
        ["~68", "~12"],
        ["~68", "~12"],
        ["<8", "<8"],
    ]


def test_reasons_hide_the_rows_and_which_they_were():
    rows = pd.DataFrame({"table": ["a"], "read": [90], "kept": [69], "quarantined": [21]})
    reasons = pd.DataFrame(
        {"table": "a", "rule": ["x", "y", "z"], "action": "quarantined", "rows": [7, 7, 7], "first_rows": "2, 3"}
    )
    shown = small_numbers.reasons_as_shown(reasons, rows, K)
    assert set(shown["first_rows"]) == {"–"}
    # Three sevens of 16 to 23 would each be two or more: one of them is not even told to be small.
    assert sorted(cell.text for cell in shown["rows"]) != ["<8", "<8", "<8"]


def test_codebook_and_covariates_add_up_to_their_table():
    codebook = pd.DataFrame({"table": ["a", "a", "b"], "column": list("xyz"), "n": [60, 57, 9], "n_missing": [0, 3, 0]})
    shown = small_numbers.codebook_as_shown(codebook, K)
    assert [cell.text for cell in shown["n_missing"]] == ["<8", "<8", "<8"]
    assert [cell.text for cell in shown["n"]] == ["~60", "~60", "~12"]


@pytest.mark.parametrize("limit", [0, 1])
def test_without_a_limit_everything_is_as_it_is(limit):
    flow = a_flow(1)
    assert small_numbers.flow_as_shown(flow, limit) is flow
    assert small_numbers.codebook_as_shown(flow, limit) is flow
    assert small_numbers.counts_as_shown(flow, ["patients"], limit) is flow
