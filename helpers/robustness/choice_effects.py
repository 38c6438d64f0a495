"""How far each choice moves the answers of a specification curve, and which choices turn them round."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from helpers.robustness.choices import CHOICES

TOGETHER = "all_together"
EFFECT_COLUMNS = (
    "choice", "values", "variance_share", "pairs", "direction_flips", "interval_flips", "largest_factor",
)  # fmt: skip


def choice_effects(curve: pd.DataFrame) -> pd.DataFrame:
    """The share of the variance that each choice explains, and its flips.

    The logarithms of the estimates are fitted by a sum of one term for each value of each choice (least squares, no
    interactions). A choice's share is what the residual sum of squares grows by when its terms are left out, over the
    total sum of squares. On a full grid, where every value meets every other, these are the main effects of an analysis
    of variance (first-order Sobol indices for choices drawn at random), and add up to the share of all choices
    together. On a grid from which combinations were left out a choice only gets what no other one explains as well.
    What all together leave over is interaction: choices that move the answer differently beside other choices.

    A flip is a pair of specifications alike in all choices but this one, of which one lies above 1 and the other does
    not (direction), or one has an interval without 1 and the other does not (interval).

    Parameters
    ----------
    curve : DataFrame
        As `specifications.specification_curve` gives it. Those without a value, or with the value 0, do not count.

    Returns
    -------
    DataFrame
        choice, values (how many it takes), variance_share, pairs, direction_flips, interval_flips, largest_factor (by
        which two of a pair differ most); a row for each choice that varies, the largest share first, then one for
        all together.

    Notes
    -----
    In R: ``fit <- lm(log(estimate) ~ estimator + region + ..., curve)``, then ``drop1(fit)$"Sum of Sq" / sum((y -
    mean(y))^2)`` and ``summary(fit)$r.squared``.
    """
    known = curve[(curve["estimate"] > 0).fillna(False)].reset_index(drop=True)
    known = known.astype(dict.fromkeys(CHOICES, "category"))
    varying = [choice for choice in CHOICES if known[choice].nunique() > 1]
    y = np.log(known["estimate"].to_numpy(dtype=float))
    total = float(((y - y.mean()) ** 2).sum()) if len(y) else 0.0
    residual = _residual(known, varying, y)
    lines = []
    for choice in varying:
        others = [other for other in varying if other != choice]
        share = (_residual(known, others, y) - residual) / total if total > 0 else 0.0
        lines.append((choice, known[choice].nunique(), min(max(share, 0.0), 1.0), *_flips(known, choice)))
    lines.sort(key=lambda line: -line[2])
    together = 1 - residual / total if total > 0 else 0.0
    lines.append((TOGETHER, len(known[varying].drop_duplicates()), min(max(together, 0.0), 1.0), *[None] * 4))
    frame = pd.DataFrame(lines, columns=list(EFFECT_COLUMNS))
    counts = dict.fromkeys(("values", "pairs", "direction_flips", "interval_flips"), "Int64")
    return frame.astype(counts | {"variance_share": float, "largest_factor": float})


def _residual(known: pd.DataFrame, choices: Sequence[str], y: np.ndarray) -> float:
    """The sum of squares that these choices leave over."""
    columns = [np.ones((len(known), 1))]
    columns += [pd.get_dummies(known[choice], dtype=float).to_numpy()[:, 1:] for choice in choices]
    design = np.hstack(columns)
    fitted = design @ np.linalg.lstsq(design, y, rcond=None)[0]
    return float(((y - fitted) ** 2).sum())


def _flips(known: pd.DataFrame, choice: str) -> tuple[int, int, int, float]:
    """Pairs that differ in this choice alone, their flips, and the largest factor between two of a pair."""
    others = [other for other in CHOICES if other != choice]
    place = known.groupby(others, sort=False, observed=True).ngroup().to_numpy()
    value, values = pd.factorize(known[choice])
    at = np.full((place.max(initial=-1) + 1, len(values)), -1)
    at[place, value] = np.arange(len(known))
    estimate = known["estimate"].to_numpy(dtype=float)
    is_above = estimate > 1
    is_clear = ((known["conf_low"] > 1) | (known["conf_high"] < 1)).fillna(False).to_numpy(dtype=bool)
    pairs = [
        at[(at[:, one] >= 0) & (at[:, other] >= 0)][:, [one, other]]
        for one, other in combinations(range(len(values)), 2)
    ]
    one, other = np.concatenate(pairs).T
    factor = np.exp(np.abs(np.log(estimate[one] / estimate[other])).max()) if len(one) else np.nan
    return (
        len(one),
        int((is_above[one] != is_above[other]).sum()),
        int((is_clear[one] != is_clear[other]).sum()),
        factor,
    )
