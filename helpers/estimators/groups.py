"""The same estimate in several groups, and risk ratios of groups against one reference."""

from collections.abc import Callable, Sequence

import numpy as np

from helpers.errors import WorkbookError
from helpers.estimators.arguments import flags, same_length
from helpers.estimators.estimate import Estimate
from helpers.estimators.hazard_ratio import hazard_ratio
from helpers.estimators.relative_risk import risk_ratio


def by_group(estimator: Callable, group, *arrays, groups: Sequence[str], **options) -> dict:
    """An estimator applied to each group of vertebrae by itself, in the order of `groups`.

    Parameters
    ----------
    estimator : callable
        `risk`, `kaplan_meier`, `cumulative_incidence`, `median_among_events`, ...
    group : array of str, one per vertebra
    *arrays : arrays, one per vertebra, or None
        What the estimator takes, in its order.
    groups : sequence of str
        The groups wanted; what the estimator says of no vertebrae stands for one that nobody belongs to.
    **options
        Passed on to the estimator.

    Examples
    --------
    >>> from helpers.estimators.risk import risk
    >>> by_distance = by_group(risk, ["1", "1", "2", "2"], [1, 0, 0, 0], groups=["1", "2"])
    >>> by_distance["1"].estimate, by_distance["2"].estimate
    (0.5, 0.0)
    """
    group, arrays = np.asarray(group, dtype=object), [None if a is None else np.asarray(a) for a in arrays]
    same_length(group=group, **{f"array {place}": array for place, array in enumerate(arrays, start=1)})
    return {name: estimator(*(_of(array, group == name) for array in arrays), **options) for name in groups}


def risk_ratios(
    event, group, patient=None, *, groups: Sequence[str], reference: str, conf_level: float = 0.95
) -> dict[str, Estimate]:
    """The risk of each group over that of the reference group, from the vertebrae of these two groups alone.

    Parameters
    ----------
    event : array of bool, one per vertebra
    group : array of str, one per vertebra
    patient : array of labels, optional
        None gives naive intervals.
    groups : sequence of str
        The groups to set against the reference.
    reference : str
    conf_level : float

    Returns
    -------
    dict of str to Estimate
        See `helpers.estimators.relative_risk.risk_ratio`.

    Notes
    -----
    In R, for each group g: ``glm(event ~ I(group == g), poisson, subset = group %in% c(g, reference))`` with
    ``sandwich::vcovCL(cluster = patient, type = "HC0", cadjust = FALSE)``, patients of the same subset.

    Examples
    --------
    >>> event, group = [1, 1, 0, 1, 0, 0], ["1", "1", "1", "2", "2", "2"]
    >>> round(risk_ratios(event, group, groups=["1"], reference="2")["1"].estimate, 12)
    2.0
    """
    event, group = flags(event, "event"), np.asarray(group, dtype=object)
    patient = None if patient is None else np.asarray(patient)
    same_length(event=event, group=group, patient=patient)
    if reference in groups:
        raise WorkbookError(f'"{reference}" is the reference group, so it has no ratio to itself. Leave it out.')
    ratios = {}
    for name in groups:
        rows = (group == name) | (group == reference)
        ratios[name] = risk_ratio(event[rows], group[rows] == name, _of(patient, rows), conf_level=conf_level)
    return ratios


def hazard_ratios_by_window(
    days, event, exposed, patient=None, *, starts: Sequence[float], conf_level: float = 0.95
) -> dict[str, Estimate]:
    """The hazard ratio within each window of follow-up: whether a difference in pace is one of the first weeks only.

    Parameters
    ----------
    days : array, one per vertebra
    event, exposed : array of bool, one per vertebra
    patient : array of labels, optional
        None gives naive intervals.
    starts : sequence of number
        First day of each window, increasing, the first one 0; the last window is open.
    conf_level : float

    Returns
    -------
    dict of str to Estimate
        By window in words; see `helpers.estimators.hazard_ratio.hazard_ratio`.

    Notes
    -----
    In R: ``survSplit(Surv(days, event) ~ ., data, cut = starts[-1], episode = "window", subset = days > 0)``, then
    ``coxph(Surv(tstart, days, event) ~ exposed, subset = window == w, cluster = patient)``. survSplit refuses rows of 0
    days, so they are left out first.

    Examples
    --------
    >>> ratios = hazard_ratios_by_window([10, 20, 120, 150], [1, 1, 1, 1], [1, 0, 1, 0], starts=[0, 90])
    >>> list(ratios)
    ['days 0 to 90', 'after day 90']
    """
    if not len(starts) or starts[0] != 0 or list(starts) != sorted(set(starts)):
        raise WorkbookError(f"`starts` must increase from 0, but got {list(starts)}. Write for example [0, 90, 365].")
    ratios = {}
    for start, end in zip(starts, [*starts[1:], None], strict=True):
        first = f"{start + 1:g}" if start else "0"
        words = f"after day {start:g}" if end is None else f"days {first} to {end:g}"
        ratios[words] = hazard_ratio(days, event, exposed, patient, window=(start, end), conf_level=conf_level)
    return ratios


def _of(array, rows):
    return None if array is None else array[rows]
