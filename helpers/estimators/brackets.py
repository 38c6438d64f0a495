"""Fractures bracketed between images: in (left, right], after the last clean one and not after the first positive."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from helpers.errors import WorkbookError
from helpers.estimators.arguments import durations, one_dimensional, same_length
from helpers.estimators.cells import tally
from helpers.estimators.distinct import distinct
from helpers.parted import by_part

NO_SHAPE = (
    "no Weibull curve fits: what was seen is told best when every fracture there is happens at once after the procedure"
)


@by_part
def checked_brackets(left, right) -> tuple[np.ndarray, np.ndarray]:
    """Last clean and first positive times as numbers; the second may be infinite, and none comes before its first."""
    left, right = durations(left, "left"), np.asarray(right)
    n_missing = int(pd.isna(right).sum()) if right.dtype.kind not in "biu" else 0
    if n_missing:
        raise WorkbookError(
            f"`right` has {n_missing} missing value(s) among {right.size}. "
            "Pass infinity (numpy.inf) for a vertebra never seen fractured."
        )
    is_closed = np.asarray(one_dimensional(right, "right") != np.inf)
    same_length(left=left, right=right)
    closed = durations(right[is_closed], "right")
    through = right
    if right.dtype.kind != "f":
        through = np.full(len(right), np.inf)
        through[is_closed] = closed
    is_bad = through < left
    if is_bad.any():
        raise WorkbookError(
            f"`right` must not come before `left`, but does for {int(is_bad.sum())} of {len(left)} vertebrae, first "
            f"{through[is_bad][0]:g} before {left[is_bad][0]:g}. A fracture comes after the last clean image, and not "
            "after the first positive one."
        )
    return left, through


@dataclass(frozen=True, eq=False)
class Brackets:
    """Distinct brackets by exposure, on the logarithm of time over a median time of the group.

    Attributes
    ----------
    opens, closes : array (distinct,)
        Log times of the two ends; minus infinity and infinity where the bracket has no such end.
    width : array (distinct,)
        Closes minus opens, exact for narrow brackets too; zero where one of them is infinite.
    exposed : array of bool (distinct,)
    count : array (distinct,)
        Vertebrae with that bracket and exposure.
    apart : float
        How far the two medians lie apart, exposed minus unexposed, on the logarithm.
    """

    opens: np.ndarray
    closes: np.ndarray
    width: np.ndarray
    exposed: np.ndarray
    count: np.ndarray
    apart: float

    @classmethod
    def of(
        cls, left: np.ndarray, right: np.ndarray, exposed: np.ndarray, count: np.ndarray | None = None
    ) -> tuple["Brackets", np.ndarray]:
        """The distinct brackets of checked arrays, each row as often as its count, and which of them each row has."""
        (lefts, opens), (rights, closes) = distinct(left), distinct(right)
        keys, of_row = distinct(2 * (opens * np.int64(len(rights)) + closes) + exposed)
        count = tally(of_row, count, keys.shape)
        opens, closes = np.divmod(keys // 2, max(len(rights), 1))
        left, right, exposed = lefts[opens], rights[closes], keys % 2 == 1
        has_both = (left > 0) & np.isfinite(right)
        width = np.zeros(len(left))
        width[has_both] = np.log1p((right - left)[has_both] / left[has_both])
        log_unit = np.array([_middle(left[group], right[group]) for group in (~exposed, exposed)])
        with np.errstate(divide="ignore"):
            opens, closes = (np.log(ends) - log_unit[exposed.astype(int)] for ends in (left, right))
        return cls(opens, closes, width, exposed, count, float(log_unit[1] - log_unit[0])), of_row

    @property
    def is_clean_first(self) -> np.ndarray:
        """Known clean at some time after day 0."""
        return np.isfinite(self.opens)

    @property
    def is_event(self) -> np.ndarray:
        """Seen fractured."""
        return np.isfinite(self.closes)

    @property
    def is_exact(self) -> np.ndarray:
        """Known to the moment."""
        return self.is_clean_first & self.is_event & (self.width == 0)


def why_no_maximum(rows: Brackets) -> str:
    """Why the likelihood of a Weibull model has no finite maximum, in words; empty when it has.

    It has one unless some change of (a, b, k) lowers the likelihood of no bracket: log H = a + b exposed + k log t must
    not rise at a time known clean, nor fall at one seen fractured. In each group it is a line in log t, so the extreme
    times decide.
    """
    if not len(rows.count):
        return "no vertebra is bracketed by images"
    if not rows.is_event.any():
        return "no events"
    steeper, flatter = [], [not rows.is_exact.any()]
    for kind, is_kind in (("exposed", rows.exposed), ("unexposed", ~rows.exposed)):
        clean, fractured = rows.opens[is_kind & rows.is_clean_first], rows.closes[is_kind & rows.is_event]
        if not is_kind.any():
            return f"no {kind} vertebrae at risk"
        if not len(fractured):
            return f"no {kind} vertebra had an event, so the likelihood has no maximum"
        if not len(clean):
            return f"no {kind} vertebra was known clean after day 0, so the likelihood has no maximum"
        steeper.append(clean.max() <= fractured.min())
        flatter.append(fractured.max() <= clean.min())
    if all(steeper):
        return "in each group one moment lies within every bracket, so the shape of a Weibull curve has no maximum"
    return NO_SHAPE if all(flatter) else ""


def _middle(left: np.ndarray, right: np.ndarray) -> float:
    """The log of the median end of brackets; 0 without any."""
    ends = np.concatenate([left[left > 0], right[np.isfinite(right)]])
    return float(np.log(np.median(ends))) if len(ends) else 0.0
