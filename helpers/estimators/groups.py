"""The same estimate in several groups, and risk ratios of groups against one reference."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from helpers.errors import WorkbookError
from helpers.estimators.arguments import flags, label_codes, same_length
from helpers.estimators.estimate import Estimate
from helpers.estimators.follow_up import Rows
from helpers.estimators.hazard_ratio import hazard_ratio_of
from helpers.estimators.kinds import Kinds
from helpers.estimators.patients import Contributions
from helpers.estimators.relative_risk import risk_ratio_of
from helpers.parted import by_part, in_parts, mapped


def by_group(estimator: Callable, group, *arrays, groups: Sequence[str], **options) -> dict:
    """An estimator applied to each group of vertebrae by itself, in the order of `groups`.

    Parameters
    ----------
    estimator : callable
        `risk`, `kaplan_meier`, `cumulative_incidence`, `median_among_events`, ...
    group : array of str or categories, one per vertebra
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
    same_length(group=group, **{f"array {place}": array for place, array in enumerate(arrays, start=1)})
    codes, arrays = _places(group, groups), [_column(array) for array in arrays]
    estimates = {}
    for place, name in enumerate(groups):
        # Places of rows are many times faster to take than yes or no for every row.
        rows = _rows_of(codes, place)
        estimates[name] = estimator(*(None if array is None else _taken(array, rows) for array in arrays), **options)
    return estimates


@by_part
def _rows_of(codes: np.ndarray, place: int) -> np.ndarray:
    return np.flatnonzero(codes == place)


@by_part
def _taken(array, rows: np.ndarray):
    return array.take(rows)


def risk_ratios(
    event, group, patient=None, *, groups: Sequence[str], reference: str, conf_level: float = 0.95
) -> dict[str, Estimate]:
    """The risk of each group over that of the reference group, from the vertebrae of these two groups alone.

    Parameters
    ----------
    event : array of bool, one per vertebra
    group : array of str or categories, one per vertebra
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
    event = flags(event, "event")
    same_length(event=event, group=group, patient=patient)
    if reference in groups:
        raise WorkbookError(f'"{reference}" is the reference group, so it has no ratio to itself. Leave it out.')
    contributions = group_contributions(event, group, patient, groups=groups, reference=reference)
    options = {"clustered": patient is not None, "conf_level": conf_level}
    return {name: risk_ratio_of(of_group, **options) for name, of_group in contributions.items()}


def group_contributions(event, group, patient=None, *, groups: Sequence[str], reference: str) -> dict:
    """`Contributions` of each group as the exposed and the reference as the unexposed vertebrae, from one look at all.

    Examples
    --------
    >>> event, group = [True, False, False], ["2", "1", "1"]
    >>> each = group_contributions(event, group, ["p", "p", "q"], groups=["1"], reference="2")["1"]
    >>> each.counts.tolist()
    [[0, 1, 0, 0], [0, 1, 1, 1]]
    """
    if in_parts(event, group):
        each = mapped(group_contributions, event, group, patient, groups=groups, reference=reference).held()
        return {name: each[name].total() for name in groups}
    event, places = flags(event, "event"), _places(group, [*groups, reference])
    kinds = Kinds((places, event), (len(groups) + 2, 2))
    if patient is None:
        without, events = kinds.counts().T
    else:
        without, events = kinds.counts_by(*label_codes(patient, "patient")).swapaxes(0, 1)
    at_risk, last = without + events, len(groups)
    made = Contributions.from_counts if patient is None else Contributions.from_patients
    return {name: made(events[place], at_risk[place], events[last], at_risk[last]) for place, name in enumerate(groups)}


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
    In R: ``survSplit(Surv(later, event) ~ ., transform(data, later = days + 1), cut = starts[-1] + 1, episode =
    "window")``, then ``coxph(Surv(tstart, later, event) ~ exposed, subset = window == w, cluster = patient)``.
    survSplit refuses rows of 0 days, so that days and cuts are taken one later.

    Examples
    --------
    >>> ratios = hazard_ratios_by_window([10, 20, 120, 150], [1, 1, 1, 1], [1, 0, 1, 0], starts=[0, 90])
    >>> list(ratios)
    ['days 0 to 90', 'after day 90']
    """
    if not len(starts) or starts[0] != 0 or list(starts) != sorted(set(starts)):
        raise WorkbookError(f"`starts` must increase from 0, but got {list(starts)}. Write for example [0, 90, 365].")
    rows, ratios = Rows.checked(days, event, exposed, patient), {}
    for start, end in zip(starts, [*starts[1:], None], strict=True):
        first = f"{start + 1:g}" if start else "0"
        words = f"after day {start:g}" if end is None else f"days {first} to {end:g}"
        ratios[words] = hazard_ratio_of(rows, window=(start, end), conf_level=conf_level)
    return ratios


@by_part
def _places(group, groups: Sequence) -> np.ndarray:
    """Which of the groups each vertebra is in; `len(groups)` for those in none of them."""
    if isinstance(getattr(group, "dtype", None), pd.CategoricalDtype):
        categorical = _column(group)
        codes, names = categorical.codes, categorical.categories
    else:
        codes, names = pd.factorize(group if hasattr(group, "dtype") else np.array(group, dtype=object))
    place = {name: place for place, name in enumerate(groups)}
    # The last one is for vertebrae without a group, whose code is -1.
    places = [place.get(name, len(groups)) for name in names] + [len(groups)]
    return np.array(places, dtype=np.min_scalar_type(len(groups)))[codes]


@by_part
def _column(values):
    """What can be taken by row without making a label for every one of them."""
    if isinstance(getattr(values, "dtype", None), pd.CategoricalDtype):
        return getattr(values, "array", values)
    return None if values is None else np.asarray(values)
