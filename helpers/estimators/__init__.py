"""Arrays to estimates. Knows formulas; knows no column name, file or plot."""

from helpers.estimators.bootstrap import risk_ratio_bootstrap, risk_ratio_bootstrap_of
from helpers.estimators.conditional_logistic import (
    conditional_odds_ratio,
    conditional_odds_ratio_of,
    within_patient_odds_ratio,
    within_patient_odds_ratio_of,
)
from helpers.estimators.cox_regression import adjusted_hazard_ratio
from helpers.estimators.cumulative_incidence import cumulative_incidence
from helpers.estimators.estimate import Estimate, TwoByTwo
from helpers.estimators.estimates import from_frame, interleaved, to_frame
from helpers.estimators.follow_up import Rows
from helpers.estimators.groups import by_group, hazard_ratios_by_window, risk_ratios
from helpers.estimators.hazard_ratio import hazard_ratio, hazard_ratio_of
from helpers.estimators.horizon import by_horizon, risk_difference_at_horizon, risk_ratio_at_horizon
from helpers.estimators.log_rank import logrank_test, logrank_test_of
from helpers.estimators.mantel_haenszel import mantel_haenszel, within_patient_risk_ratio, within_patient_risk_ratio_of
from helpers.estimators.median_time import median_among_events, median_time
from helpers.estimators.patients import Contributions
from helpers.estimators.peer import lifelines_hazard_ratio
from helpers.estimators.poisson_regression import adjusted_risk_ratio, risk_trend
from helpers.estimators.proportional_hazards import hazard_ratio_change, proportional_hazards_test
from helpers.estimators.relative_risk import rate_ratio, risk_ratio, risk_ratio_of
from helpers.estimators.restricted_mean import restricted_mean_difference
from helpers.estimators.risk import odds_ratio, odds_ratio_of, risk, risk_difference, risk_difference_of
from helpers.estimators.score import score_interval
from helpers.estimators.survival import kaplan_meier
from helpers.estimators.turnbull import interval_censored_risk, turnbull
from helpers.estimators.weibull import interval_censored_hazard_ratio

__all__ = [
    "Contributions",
    "Estimate",
    "Rows",
    "TwoByTwo",
    "adjusted_hazard_ratio",
    "adjusted_risk_ratio",
    "by_group",
    "by_horizon",
    "conditional_odds_ratio",
    "conditional_odds_ratio_of",
    "cumulative_incidence",
    "from_frame",
    "hazard_ratio",
    "hazard_ratio_change",
    "hazard_ratio_of",
    "hazard_ratios_by_window",
    "interleaved",
    "interval_censored_hazard_ratio",
    "interval_censored_risk",
    "kaplan_meier",
    "lifelines_hazard_ratio",
    "logrank_test",
    "logrank_test_of",
    "mantel_haenszel",
    "median_among_events",
    "median_time",
    "odds_ratio",
    "odds_ratio_of",
    "proportional_hazards_test",
    "rate_ratio",
    "restricted_mean_difference",
    "risk",
    "risk_difference",
    "risk_difference_at_horizon",
    "risk_difference_of",
    "risk_ratio",
    "risk_ratio_at_horizon",
    "risk_ratio_bootstrap",
    "risk_ratio_bootstrap_of",
    "risk_ratio_of",
    "risk_ratios",
    "risk_trend",
    "score_interval",
    "to_frame",
    "turnbull",
    "within_patient_odds_ratio",
    "within_patient_odds_ratio_of",
    "within_patient_risk_ratio",
    "within_patient_risk_ratio_of",
]


def __dir__() -> list[str]:
    return sorted(__all__)
