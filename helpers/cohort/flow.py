"""From the patients in the file to the vertebrae at risk and how they ended; it always adds up."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from helpers.cohort.spine_arrays import count_levels
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
# Rows at a time, which stay in the cache.
BLOCK = 2**17
_FAULT = "This is a fault of the workbook; please report it."


def flow_table(rows, levels, exclusions: dict, risk_table: pd.DataFrame, levels_at_risk: str) -> pd.DataFrame:
    """Count patients and vertebrae left after each rule, and how the vertebrae at risk ended.

    Parameters
    ----------
    rows : DataFrame
        `CleanCohort.rows`.
    levels : ndarray of uint32
        The levels each clean patient has, packed.
    exclusions : dict of str to ndarray of uint32
        Rule (a key of `STEPS`) -> levels it excludes, in the order the rules are applied.

    Returns
    -------
    DataFrame
        kind "cohort": one line per step with what is left after it and what it removed. Vertebrae are not
        known before the patient's row is clean. kind "split": the vertebrae at risk, adjacent and not, the
        patients who have such, and how many vertebrae fractured, ended with death, or had no fracture seen.
    """
    counts = rows.set_index("table").loc["patients"]
    read, set_aside = int(counts["read"]), int(counts["quarantined"])
    lines = [
        ("cohort", "in_file", "rows in the patients file", read, None, 0, None),
        (
            "cohort",
            "quarantined",
            "patient rows set aside in cleaning",
            len(levels),
            _vertebrae(levels),
            set_aside,
            None,
        ),
    ]
    left, before = levels, (len(levels), _vertebrae(levels))
    for rule, is_excluded in exclusions.items():
        left = left & ~is_excluded
        after = (int(np.count_nonzero(left)), _vertebrae(left))
        step = STEPS[rule].format(levels_at_risk=levels_at_risk)
        lines.append(("cohort", rule, step, *after, before[0] - after[0], before[1] - after[1]))
        before = after
    lines.append(("cohort", "at_risk", "vertebrae at risk", *before, 0, 0))
    lines = [(*line, None, None, None, "") for line in lines]
    lines += _splits(risk_table, count_levels(left))
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
        f"{row.step}: {row.patients_removed:,} patients removed, {row.patients:,} left."
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


def _vertebrae(levels: np.ndarray) -> int:
    return int(count_levels(levels).sum(dtype=np.int64))


def _splits(risk_table: pd.DataFrame, of_patient: np.ndarray) -> list[tuple]:
    """The vertebrae adjacent to cement, and the others; `of_patient` is how many of both each patient has."""
    is_adjacent = risk_table["is_adjacent"].to_numpy()
    of_patient = of_patient[of_patient > 0]
    first = np.cumsum(of_patient, dtype=np.int64) - of_patient
    # No patient has more vertebrae than a narrow number holds.
    adjacent_of = np.add.reduceat(is_adjacent.view(np.int8), first, dtype=np.int8)
    ended, others = _ended(risk_table["outcome"].array, is_adjacent)
    n_adjacent = np.count_nonzero(is_adjacent)
    return [
        _split("adjacent", "adjacent to cement", adjacent_of > 0, n_adjacent, ended),
        _split(
            "not_adjacent", "not adjacent to cement", adjacent_of < of_patient, len(is_adjacent) - n_adjacent, others
        ),
    ]


def _ended(outcome: pd.Categorical, is_adjacent: np.ndarray) -> tuple[list[int], list[int]]:
    """How many vertebrae ended in each way, those adjacent to cement and the others."""
    ended, others = np.zeros((2, len(ENDS)), dtype=np.int64)
    codes = outcome.categories.get_indexer(list(ENDS.values()))
    for start in range(0, len(is_adjacent), BLOCK):
        rows = slice(start, start + BLOCK)
        for place, code in enumerate(codes):
            is_end = outcome.codes[rows] == code
            n_adjacent = np.count_nonzero(is_end & is_adjacent[rows])
            ended[place] += n_adjacent
            others[place] += np.count_nonzero(is_end) - n_adjacent
    return ended.tolist(), others.tolist()


def _split(rule: str, step: str, has_any: np.ndarray, n_vertebrae: int, ended: Sequence[int]) -> tuple:
    return ("split", rule, step, int(np.count_nonzero(has_any)), n_vertebrae, None, None, *ended, _detail(*ended))


def _detail(fractured: int, died: int, censored: int) -> str:
    return f"{fractured:,} fractured, {died:,} died without, {censored:,} with no fracture seen"
