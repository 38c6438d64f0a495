"""The hazard ratio of exposed and unexposed vertebrae, with patients as clusters."""

from helpers.estimators.cox import Likelihood, maximum
from helpers.estimators.estimate import Estimate, check_conf_level, not_estimable
from helpers.estimators.follow_up import Rows, Window
from helpers.estimators.intervals import SANDWICH_T, clustered_ratio, ratio_estimate

WHOSE = {
    "independent": "vertebrae treated as independent",
    "clustered": f"patients as clusters ({SANDWICH_T})",
}


def hazard_ratio(
    days,
    event,
    exposed,
    patient=None,
    *,
    stratum=None,
    window: tuple[float, float | None] | None = None,
    entry=None,
    vertebra=None,
    conf_level: float = 0.95,
) -> Estimate:
    """The hazard of exposed vertebrae over that of unexposed ones (Cox, Efron's ties).

    Without patients the interval is exp(log ratio +- z se), se^2 = 1 / I, the inverse information. With patients
    se^2 = sum over patients of U_g^2 / I^2, U_g the sum of the score residuals of the patient's vertebrae, and the
    quantile is that of Student's t (`intervals.clustered_ratio`).

    Parameters
    ----------
    days : array, one per vertebra
        Time to the event or to the end of follow-up.
    event, exposed : array of bool, one per vertebra
        With `entry` one per row, and `event` is true for the row that ends with it.
    patient : array of labels, optional
        None gives the naive interval.
    stratum : array of labels, optional
        Compare only within these: the level of the vertebra, or the patient.
    window : (after, through), optional
        Only events with after < days <= through count, among vertebrae still at risk after `after`; None
        leaves the end open. A window from 0 keeps day 0.
    entry : array, optional
        Days after which the row is under observation (at risk at t when entry < t <= days). A vertebra whose exposure
        changes has a row for each period.
    vertebra : array of labels, optional
        Which rows are of one vertebra (of one patient, where patients are given); only for the count in the record.

    Returns
    -------
    Estimate
        Without a value where no exposed (or no unexposed) vertebra had an event while one of the other kind
        was at risk: the likelihood then has no maximum.

    Notes
    -----
    In R: ``coxph(Surv(entry, days, event) ~ exposed + strata(stratum), cluster = patient, ties = "efron")``. Times
    are tied only when they are equal. This is not lifelines' fitter because its clustered error depends on
    the order of tied rows and its cost grows with the square of the rows; the tests hold coefficient and
    naive error together.

    References
    ----------
    .. [1] Efron B. The efficiency of Cox's likelihood function for censored data. J Am Stat Assoc
       1977;72:557-565.
    .. [2] Lin DY, Wei LJ. The robust inference for the Cox proportional hazards model. J Am Stat Assoc
       1989;84:1074-1078.
    .. [3] Lee EW, Wei LJ, Amato DA. Cox-type regression analysis for large numbers of small groups of
       correlated failure time observations. In: Klein JP, Goel PK (eds), Survival Analysis, 1992, 237-247.

    Examples
    --------
    >>> ratio = hazard_ratio([1, 2, 3, 4], [1, 1, 1, 1], [1, 0, 1, 0])
    >>> round(ratio.estimate, 4), round(ratio.std_error, 4)
    (2.5616, 1.2403)
    """
    rows = Rows.checked(days, event, exposed, patient, stratum=stratum, entry=entry, vertebra=vertebra)
    return hazard_ratio_of(rows, window=window, conf_level=conf_level)


def hazard_ratio_of(
    rows: Rows, *, clustered: bool = True, window: Window | None = None, conf_level: float = 0.95
) -> Estimate:
    """The hazard ratio of rows that have been checked and counted, of which several answers may be wanted.

    Without patients, or with `clustered` false, the interval is the naive one.
    """
    check_conf_level(conf_level)
    is_clustered = clustered and rows.patients is not None
    told = rows.evidence("Cox, Efron ties, ", window=window, is_clustered=is_clustered, **WHOSE)
    evidence = {"conf_level": conf_level, **told}
    fit, why_not = fit_of(rows, window)
    if fit is None:
        return not_estimable("hazard ratio", why_not, unit="ratio", **evidence)
    if not is_clustered:
        return ratio_estimate("hazard ratio", fit.log_hazard_ratio, 1 / fit.information, **evidence)
    influence = rows.cells.by_patient(*fit.residuals()) / fit.information
    return clustered_ratio("hazard ratio", fit.log_hazard_ratio, influence, **evidence)


def fit_of(rows: Rows, window: Window | None = None) -> tuple[Likelihood | None, str]:
    """The likelihood at its maximum; None, and why in words, where it has none."""
    return rows.fit if window is None else maximum(rows.moments(window), rows.n_seen(window))
