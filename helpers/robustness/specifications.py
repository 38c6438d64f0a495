"""The specification curve: one question, asked in every way that makes sense."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from helpers.cohort.clean import CleanCohort
from helpers.estimators.estimate import Estimate
from helpers.estimators.estimates import to_frame
from helpers.robustness.choices import CHOICES, words_of
from helpers.robustness.grid import Specification
from helpers.robustness.shared_cohort import with_day_zero
from helpers.robustness.vertebrae import Compared, Vertebrae, vertebrae_at_risk

# What makes a risk table; what is then left out of it or cut.
AT_RISK = (
    "day_zero_fractures", "levels_at_risk", "region", "prevalent_fractures", "later_vertebroplasty", "death_follow_up",
)  # fmt: skip
CHOSEN = ("sandwich_vertebrae", "fractures_counted")
RESULTS = (
    "measure", "estimate", "conf_low", "conf_high", "conf_level", "p_value", "std_error",
    "n_patients", "n_vertebrae", "n_events", "note",
)  # fmt: skip


Placed = tuple[int, Specification]


@dataclass(frozen=True, eq=False)
class Asked:
    """Specifications that share the vertebrae they count, at full follow-up, each with its place in the grid."""

    vertebrae: Vertebrae
    placed: Sequence[Placed]


def specification_curve(
    cohort: CleanCohort, specifications: pd.DataFrame, *, made_with: str, conf_level: float = 0.95
) -> pd.DataFrame:
    """Estimate every specification.

    Each distinct set of vertebrae at risk is made once and handed to the estimators of notebooks 2 and 3. A horizon
    ends follow-up: fractures found later do not count, whatever the estimator.

    Parameters
    ----------
    cohort : CleanCohort
        As `shared_cohort.shared_cohort` gives it.
    specifications : DataFrame
        As `grid.Grid.specifications`.
    made_with : str
        The `day_zero_fractures` that the cohort was cleaned with.

    Returns
    -------
    DataFrame
        The contract `specifications`: rank by estimate, is_reference, the choices, the estimate with its interval and
        counts; those without a value come last.

    References
    ----------
    .. [1] Simonsohn U, Simmons JP, Nelson LD. Specification curve analysis. Nature Human Behaviour 2020;4:1208-1214.
    """
    estimates: list[Estimate | None] = [None] * len(specifications)
    for asked in each_risk_table(cohort, specifications, made_with=made_with):
        for (within,), same in _grouped(asked.placed, ("adjacent_within",)):
            full = Compared(asked.vertebrae, int(within), conf_level)
            for (horizon,), at_horizon in _grouped(same, ("horizon_days",)):
                cut = Compared(asked.vertebrae.to_horizon(horizon), int(within), conf_level)
                for place, chosen in at_horizon:
                    estimator = chosen["estimator"]
                    is_hazard = estimator == "hazard"
                    estimates[place] = full.hazard_ratio(horizon) if is_hazard else cut.estimate(estimator)
    found = to_frame({str(place): estimate for place, estimate in enumerate(estimates)}, contrast="")
    frame = pd.concat([specifications, found[list(RESULTS)]], axis=1)
    frame = frame.sort_values("estimate", kind="stable", na_position="last", ignore_index=True)
    frame.insert(0, "rank", np.arange(1, len(frame) + 1, dtype=np.int32))
    return frame


def each_risk_table(cohort: CleanCohort, specifications: pd.DataFrame, *, made_with: str) -> Iterator[Asked]:
    """Specifications by the vertebrae they count; each risk table is made once."""
    placed = list(enumerate(specifications[list(CHOICES)].to_dict("records")))
    for (day_zero,), of_day in _grouped(placed, ("day_zero_fractures",)):
        cleaned = with_day_zero(cohort, day_zero, made_with=made_with)
        for _, of_table in _grouped(of_day, AT_RISK):
            at_risk = vertebrae_at_risk(cleaned, of_table[0][1])
            for _, same in _grouped(of_table, CHOSEN):
                yield Asked(at_risk.chosen(same[0][1]), same)


def _grouped(placed: Sequence[Placed], names: Sequence[str]) -> Iterable[tuple[tuple[str, ...], list[Placed]]]:
    """Specifications alike in these choices together, in the order in which they first come."""
    groups: dict[tuple[str, ...], list[Placed]] = {}
    for place, chosen in placed:
        groups.setdefault(tuple(chosen[name] for name in names), []).append((place, chosen))
    return groups.items()


def worded(curve: pd.DataFrame) -> pd.DataFrame:
    """The curve for its figure: estimates, and the choices that vary as categories, both named in words.

    Values stand in the order of the dictionary of choices; those that follow a pattern as numbers and texts sort.
    """
    columns = {name: curve[name] for name in ("is_reference", "estimate", "conf_low", "conf_high")}
    for name, choice in CHOICES.items():
        values = list(curve[name].unique())
        if len(values) > 1:
            known = [value for value in choice.values if value in values]
            others = sorted((value for value in values if value not in known), key=_in_order)
            words = {value: words_of(name, value) for value in known + others}
            columns[choice.label] = pd.Categorical(curve[name].map(words), categories=list(words.values()))
    return pd.DataFrame(columns)


def by_value(curve: pd.DataFrame, grid: Mapping[str, Mapping[str, str]]) -> pd.DataFrame:
    """Every value of every choice that varies: why it is there, how many specifications have it, and their median."""
    lines = []
    for name, choice in CHOICES.items():
        medians = curve.groupby(name, sort=False)["estimate"].agg(["size", "median"])
        reasons = dict.fromkeys(grid.get(name, {}), "") | dict.fromkeys(medians.index, "")
        for value in reasons if len(medians) > 1 else ():
            if value in medians.index:
                reason = grid.get(name, {}).get(value, "")
                lines.append((choice.label, words_of(name, value), reason, *medians.loc[value]))
    frame = pd.DataFrame(lines, columns=["choice", "value", "reason", "specifications", "median"])
    return frame.astype({"specifications": "int64"})


def _in_order(value: str) -> tuple[int, str]:
    return (int(value), "") if value.isdigit() else (0, value)
