"""Our side: the calls of the notebooks, each with its result as the numbers that are compared."""

import math

import numpy as np
import pandas as pd

from helpers.cohort.risk_table import build_risk_table
from helpers.estimators.bootstrap import risk_ratio_bootstrap, risk_ratio_bootstrap_of
from helpers.estimators.estimate import Estimate
from helpers.estimators.follow_up import Rows
from helpers.estimators.hazard_ratio import hazard_ratio, hazard_ratio_of
from helpers.estimators.log_rank import logrank_test, logrank_test_of
from helpers.estimators.patients import Contributions
from helpers.estimators.relative_risk import risk_ratio, risk_ratio_of
from helpers.estimators.survival import Curve, curve_of, kaplan_meier
from tests.benchmarks.cohorts import REPORT_DAYS, Sample, coded, fingerprint
from tests.benchmarks.measure import Work

RESAMPLES = 2000
RESAMPLING = {"samples": RESAMPLES, "seed": 1, "conf_level": 0.95}


def risk_table(sample: Sample) -> Work:
    """Ours makes the flow of patients and the day of the last clean image besides."""
    return Work(lambda: build_risk_table(sample.cohort)[0], lambda table: fingerprint(coded(table, sample.cohort)))


def risk_ratio_clustered(sample: Sample) -> Work:
    return Work(lambda: risk_ratio(sample.event, sample.exposed, sample.patient), _log_and_error)


def bootstrap(sample: Sample) -> Work:
    rows = sample.event, sample.exposed, sample.patient
    return Work(lambda: risk_ratio_bootstrap(*rows, samples=RESAMPLES, seed=1), _log_and_error)


def bootstrap_of_counts(sample: Sample) -> Work:
    """As notebook 2 does it, which has counted the rows already."""
    counts = Contributions.from_rows(sample.event, sample.exposed, sample.patient)
    return Work(lambda: risk_ratio_bootstrap_of(counts, method="percentile", **RESAMPLING), _log_and_error)


def curve(sample: Sample) -> Work:
    return Work(lambda: kaplan_meier(sample.days, sample.event), _heights_and_limits)


def log_rank(sample: Sample) -> Work:
    return Work(lambda: logrank_test(sample.days, sample.event, sample.exposed), lambda test: [test.estimate])


def cox(sample: Sample) -> Work:
    return Work(lambda: hazard_ratio(sample.days, sample.event, sample.exposed), _log_and_error)


def cox_clustered(sample: Sample) -> Work:
    return Work(lambda: hazard_ratio(sample.days, sample.event, sample.exposed, sample.patient), _log_and_error)


def estimates(sample: Sample) -> Work:
    """Everything from the risk table, whose rows are counted once."""
    return Work(lambda: _estimates(sample.table), _all_numbers)


def everything(sample: Sample) -> Work:
    """Everything from the clean tables."""
    return Work(lambda: _estimates(build_risk_table(sample.cohort)[0]), _all_numbers)


def _estimates(table: pd.DataFrame) -> tuple:
    rows = Rows.checked(table["days"], table["outcome"] == "fracture", table["is_adjacent"], table["patient"])
    moments = rows.moments()
    return (
        risk_ratio_of(rows.contributions),
        risk_ratio_bootstrap_of(rows.contributions, method="percentile", **RESAMPLING),
        *(curve_of(moments.of_group(group)) for group in (0, 1)),
        logrank_test_of(rows, clustered=False),
        hazard_ratio_of(rows, clustered=False),
        hazard_ratio_of(rows),
    )


def _all_numbers(found: tuple) -> list[float]:
    ratio, resampled, *curves, test, naive, clustered = found
    by_group = [np.reshape(_heights_and_limits(steps), (3, -1)) for steps in curves]
    return [
        *_log_and_error(ratio),
        *_log_and_error(resampled),
        *np.concatenate(by_group, axis=1).ravel(),
        test.estimate,
        *_log_and_error(naive),
        clustered.std_error,
    ]


def _log_and_error(ratio: Estimate) -> list[float]:
    return [math.log(ratio.estimate), ratio.std_error]


def _heights_and_limits(steps: Curve) -> list[float]:
    at = np.searchsorted(steps.time, REPORT_DAYS, "right") - 1
    return np.r_[steps.survival[at], steps.conf_low[at], steps.conf_high[at]].tolist()
