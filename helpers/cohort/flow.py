"""From the patients in the file to the vertebrae at risk and how they ended; it always adds up."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from helpers.cohort.at_risk import OUTCOMES
from helpers.cohort.spine_arrays import count_levels
from helpers.counts import counted
from helpers.errors import Problems, WorkbookFault

ENDS = {"fractured": "fracture", "died": "death", "censored": "censored"}
FLOW_COLUMNS = (
    "order", "kind", "rule", "step", "patients", "vertebrae", "patients_removed", "vertebrae_removed",
    *ENDS, "detail",
)  # fmt: skip
KINDS = ("cohort", "split")
STEPS = {
    "procedure_set_aside": "patients with a vertebroplasty that was set aside in cleaning",
    "no_vertebroplasty": "patients without a vertebroplasty",
    "no_follow_up": "patients without any date of follow-up",
    "cemented": "vertebrae cemented at the first vertebroplasty",
    "outside_levels": "vertebrae outside {levels_at_risk}",
    "prevalent": "vertebrae fractured before the procedure",
}
SPLITS = {"adjacent": "adjacent to cement", "not_adjacent": "not adjacent to cement"}
_FAULT = "This is a fault of the workbook; please report it."


class FlowCounts(NamedTuple):
    """What some patients add to the flow.

    `left` has patients and vertebrae before any rule, and after each; `ended`, of the vertebrae at risk adjacent to
    cement and of the others, the patients who have such, how many these are, and how many ended in each way of `ENDS`.
    """

    left: np.ndarray
    ended: np.ndarray


def count_flow(levels: np.ndarray, exclusions: dict, is_adjacent: np.ndarray, outcome: np.ndarray) -> FlowCounts:
    """Count what is left after each rule, and how the vertebrae at risk ended.

    Parameters
    ----------
    levels : ndarray of uint32
        The levels each clean patient has, packed.
    exclusions : dict of str to ndarray of uint32
        Rule (a key of `STEPS`) -> levels it excludes, in the order the rules are applied.
    is_adjacent, outcome : ndarray
        Of each vertebra at risk, patient by patient; `outcome` is a place in `at_risk.OUTCOMES`.
    """
    left = [levels]
    for is_excluded in exclusions.values():
        left.append(left[-1] & ~is_excluded)
    steps = [(np.count_nonzero(own), count_levels(own).sum(dtype=np.int64)) for own in left]
    of_patient = count_levels(left[-1])
    of_patient = of_patient[of_patient > 0]
    first = np.cumsum(of_patient, dtype=np.int64) - of_patient
    # No patient has more vertebrae than a narrow number holds.
    adjacent_of = np.add.reduceat(is_adjacent.view(np.int8), first, dtype=np.int8) if len(first) else of_patient
    n_adjacent = np.count_nonzero(is_adjacent)
    adjacent = [np.count_nonzero(adjacent_of), n_adjacent]
    others = [np.count_nonzero(adjacent_of < of_patient), len(is_adjacent) - n_adjacent]
    for end in ENDS.values():
        is_end = outcome == OUTCOMES.index(end)
        n_adjacent = np.count_nonzero(is_end & is_adjacent)
        adjacent.append(n_adjacent)
        others.append(np.count_nonzero(is_end) - n_adjacent)
    return FlowCounts(np.array(steps), np.array([adjacent, others]))


def flow_table(
    rows: pd.DataFrame, rules: Sequence[str], counts: Sequence[FlowCounts], levels_at_risk: str
) -> pd.DataFrame:
    """The flow of patients and vertebrae: left after each rule, and how the vertebrae at risk ended.

    Parameters
    ----------
    rows : DataFrame
        `CleanCohort.rows`.
    rules : sequence of str
        Keys of `STEPS`, in the order the rules are applied.
    counts : sequence of FlowCounts
        Those of all patients, some after the other.

    Returns
    -------
    DataFrame
        kind "cohort": one line per step with what is left after it and what it removed. Vertebrae are not
        known before the patient's row is clean. kind "split": the vertebrae at risk, adjacent and not, the
        patients who have such, and how many vertebrae fractured, ended with death, or had no fracture seen.
    """
    of_file = rows.set_index("table").loc["patients"]
    read, set_aside = int(of_file["read"]), int(of_file["quarantined"])
    left, ended = (sum(own).tolist() for own in zip(*counts, strict=True))
    lines = [
        ("cohort", "in_file", "rows in the patients file", read, None, 0, None),
        ("cohort", "quarantined", "patient rows set aside in cleaning", *left[0], set_aside, None),
    ]
    for rule, before, after in zip(rules, left[:-1], left[1:], strict=True):
        step = STEPS[rule].format(levels_at_risk=levels_at_risk)
        lines.append(("cohort", rule, step, *after, before[0] - after[0], before[1] - after[1]))
    lines.append(("cohort", "at_risk", "vertebrae at risk", *left[-1], 0, 0))
    lines = [(*line, None, None, None, "") for line in lines]
    for rule, step, (patients, vertebrae, *ends) in zip(SPLITS, SPLITS.values(), ended, strict=True):
        lines.append(("split", rule, step, patients, vertebrae, None, None, *ends, _detail(*ends)))
    flow = pd.DataFrame(lines, columns=list(FLOW_COLUMNS[1:]))
    flow.insert(0, "order", np.arange(1, len(flow) + 1, dtype=np.int16))
    flow = flow.astype(dict.fromkeys(FLOW_COLUMNS[4:-1], "Int64"))
    flow["kind"] = pd.Categorical(flow["kind"], categories=list(KINDS))
    check_flow(flow)
    return flow


def add_flows(flows: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The flow of a cohort from those of its parts."""
    total = flows[0].copy()
    for count in FLOW_COLUMNS[4:-1]:
        total[count] = sum(flow[count] for flow in flows)
    is_split = total["kind"] == "split"
    total.loc[is_split, "detail"] = [_detail(*ended) for ended in total.loc[is_split, list(ENDS)].to_numpy()]
    check_flow(total)
    return total


def need_vertebrae(flow: pd.DataFrame) -> None:
    """Stop where nothing is left to analyse, and say where everybody went.

    Raises
    ------
    Problems
        With every rule that removed somebody, in order.
    """
    if flow.loc[flow["rule"] == "at_risk", "vertebrae"].iloc[0]:
        return
    steps = flow[flow["kind"] == "cohort"]
    lines = [f"{steps['step'].iloc[0]}: {steps['patients'].iloc[0]:,}."]
    lines += [
        f"{row.step}: {counted(row.patients_removed, 'patient')} removed, {row.patients:,} left."
        for row in steps.iloc[1:-1].itertuples()
        if row.patients_removed
    ]
    lines.append("Look at the rows set aside in cleaning, and at the file names and date formats in the study file.")
    raise Problems("No vertebra is at risk, so there is nothing to analyse:", lines)


def check_flow(flow: pd.DataFrame) -> None:
    """Raise WorkbookError unless each step is the one before less what it removed, and parts make wholes."""
    steps, parts = flow[flow["kind"] == "cohort"], flow[flow["kind"] == "split"]
    for unit in ("patients", "vertebrae"):
        left = steps[unit].dropna().to_numpy(dtype=np.int64)
        removed = steps[f"{unit}_removed"].dropna().to_numpy(dtype=np.int64)[-len(left) + 1 :]
        if not np.array_equal(left[1:], left[:-1] - removed):
            raise WorkbookFault(f"The flow of {unit} does not add up. {_FAULT}")
    at_risk = int(steps["vertebrae"].iloc[-1])
    if parts["vertebrae"].sum() != at_risk or parts[list(ENDS)].to_numpy(dtype=np.int64).sum() != at_risk:
        raise WorkbookFault(f"The {at_risk} vertebrae at risk are not the sum of their groups. {_FAULT}")


def _detail(fractured: int, died: int, censored: int) -> str:
    return f"{fractured:,} fractured, {died:,} died without, {censored:,} with no fracture seen"
