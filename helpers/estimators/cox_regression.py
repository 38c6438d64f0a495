"""The hazard ratio of exposed and unexposed vertebrae with the same covariates, with patients as clusters."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from helpers.estimators.arguments import covariate_columns
from helpers.estimators.cox import why_no_maximum
from helpers.estimators.cox_in_parts import RegressionInParts, kinds_in_parts
from helpers.estimators.distinct import distinct_rows
from helpers.estimators.estimate import Estimate, check_conf_level, not_estimable
from helpers.estimators.follow_up import Rows
from helpers.estimators.hazard_ratio import WHOSE
from helpers.estimators.intervals import clustered_ratio, ratio_estimate
from helpers.estimators.partial_likelihood import Regression, maximise
from helpers.parted import gathered, in_parts

EXPOSURE = "exposure"
# On the log scale, for the ratio and for its standard error.
FURTHEST = 25.0
ALL_BUT_FLAT = (
    "the likelihood is all but flat: the covariates all but determine the exposure, and a ratio beyond exp(25) cannot "
    "be told from an infinite one"
)


def adjusted_hazard_ratio(
    days,
    event,
    exposed,
    patient=None,
    *,
    covariates: np.ndarray | pd.DataFrame | Mapping | Sequence | None = None,
    stratum=None,
    entry=None,
    vertebra=None,
    conf_level: float = 0.95,
) -> Estimate:
    """The hazard ratio of exposed and unexposed vertebrae with the same covariates (Cox, Efron's ties).

    The hazard of vertebra i is h_s(t) exp(x_i' b), x_i its exposure and covariates. Without patients the variance of b
    is I^-1, the inverse information; with patients it is the sum over patients of u_g^2, u_g the exposure's entry of
    I^-1 times the sum of the score residuals of the patient's vertebrae [1]_.

    Parameters
    ----------
    days : array, one per vertebra
        Time to the event or to the end of follow-up.
    event, exposed : array of bool, one per vertebra
    patient : array of labels, optional
        None gives the naive interval.
    covariates : array (vertebrae, covariates), data frame, mapping of name to array, or sequence of arrays, optional
        Finite numbers, yes or no as 1 or 0. A frame or mapping gives the note their names. None or empty is none. One
        that is the same for all vertebrae compared is left out, and the note says so.
    stratum : array of labels, optional
        Compare only within these: the level of the vertebra, or the patient.
    entry : array, optional
        Days after which the row is under observation (at risk at t when entry < t <= days). A vertebra whose exposure
        or covariates change has a row for each period.
    vertebra : array of labels, optional
        Which rows are of one vertebra (of one patient, where patients are given); only for the count in the record.

    Returns
    -------
    Estimate
        The note says which covariates were adjusted for. Without a value where a coefficient, be it of a covariate,
        has no finite maximum (monotone likelihood), or where exposure and covariates determine one another.

    Notes
    -----
    In R: ``coxph(Surv(entry, days, event) ~ exposed + covariates + strata(stratum), cluster = patient)``. R warns of
    coefficients without a maximum and gives numbers; here they are named and none is given. Rows in parts stay there,
    but all of them are brought together where patients are the strata or rows enter later.

    References
    ----------
    .. [1] Lin DY, Wei LJ. The robust inference for the Cox proportional hazards model. J Am Stat Assoc
       1989;84:1074-1078.

    Examples
    --------
    >>> days, event, exposed = [1, 2, 3, 4, 5, 6], [1, 1, 1, 1, 0, 1], [1, 0, 1, 0, 1, 0]
    >>> ratio = adjusted_hazard_ratio(days, event, exposed, covariates={"age": [70, 82, 75, 66, 71, 68]})
    >>> round(ratio.estimate, 4), round(ratio.std_error, 4), ratio.note
    (1.1389, 1.0341, 'adjusted for 1 covariate: age')
    """
    columns = covariate_columns(covariates)
    if in_parts(entry) or in_parts(stratum) and stratum.is_like(patient):
        columns = {name: gathered(column) for name, column in columns.items()}
        arrays = (days, event, exposed, patient, stratum, entry, vertebra)
        days, event, exposed, patient, stratum, entry, vertebra = map(gathered, arrays)
    rows = Rows.checked(days, event, exposed, patient, stratum=stratum, entry=entry, vertebra=vertebra, **columns)
    check_conf_level(conf_level)
    model = "Cox with covariates, Efron ties, " if columns else "Cox, Efron ties, "
    make = kinds_in_parts if in_parts(days) else distinct_rows
    kind, table = make(rows.exposed, *columns.values())
    rows = replace(rows, kind=kind)
    model = "Cox with covariates, Efron ties, " if columns else "Cox, Efron ties, "
    evidence = {"conf_level": conf_level, **rows.evidence(model, **WHOSE)}
    why_not = why_no_maximum(rows.moments(), rows.n_seen())
    regression = RegressionInParts if in_parts(days) else Regression
    fit, told = (None, why_not) if why_not else maximise(regression.of(rows.cells, (EXPOSURE, *columns), table))
    if fit is None:
        return not_estimable("hazard ratio", told, unit="ratio", **evidence)
    log_ratio, variance, moves = fit.exposure
    if abs(log_ratio) > FURTHEST or not 0 < variance <= FURTHEST**2:
        return not_estimable("hazard ratio", ALL_BUT_FLAT, unit="ratio", **evidence)
    if rows.patients is None:
        return ratio_estimate("hazard ratio", log_ratio, variance, note=told, **evidence)
    return clustered_ratio("hazard ratio", log_ratio, fit.by_patient(moves), note=told, **evidence)
