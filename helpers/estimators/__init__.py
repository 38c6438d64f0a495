"""Arrays to estimates. Knows formulas; knows no column name, file or plot."""

from helpers.estimators.bootstrap import risk_ratio_bootstrap
from helpers.estimators.cumulative_incidence import cumulative_incidence, risk_ratio_at_horizon
from helpers.estimators.estimate import Estimate, TwoByTwo
from helpers.estimators.groups import by_group, hazard_ratios_by_window, risk_ratios
from helpers.estimators.hazard_ratio import hazard_ratio
from helpers.estimators.log_rank import logrank_test
from helpers.estimators.mantel_haenszel import mantel_haenszel, within_patient_risk_ratio
from helpers.estimators.median_time import median_among_events, median_time
from helpers.estimators.relative_risk import rate_ratio, risk_ratio
from helpers.estimators.restricted_mean import restricted_mean_difference
from helpers.estimators.risk import odds_ratio, risk, risk_difference
from helpers.estimators.score import score_interval
from helpers.estimators.stratified_poisson import poisson_risk_ratio
from helpers.estimators.survival import kaplan_meier

__all__ = [
    "Estimate",
    "TwoByTwo",
    "by_group",
    "cumulative_incidence",
    "hazard_ratio",
    "hazard_ratios_by_window",
    "kaplan_meier",
    "logrank_test",
    "mantel_haenszel",
    "median_among_events",
    "median_time",
    "odds_ratio",
    "poisson_risk_ratio",
    "rate_ratio",
    "restricted_mean_difference",
    "risk",
    "risk_difference",
    "risk_ratio",
    "risk_ratio_at_horizon",
    "risk_ratio_bootstrap",
    "risk_ratios",
    "score_interval",
    "within_patient_risk_ratio",
]
