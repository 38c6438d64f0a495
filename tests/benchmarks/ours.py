"""Our side: the calls of the notebooks, each with its result as the numbers that are compared."""

import math

import numpy as np
import pandas as pd

from helpers.cohort.contrasts import FURTHER_AWAY, NEXT_TO_CEMENT, exposure_group
from helpers.cohort.risk_table import build_risk_table
from helpers.estimators.bootstrap import risk_ratio_bootstrap
from helpers.estimators.estimate import Estimate
from helpers.estimators.groups import by_group
from helpers.estimators.hazard_ratio import hazard_ratio
from helpers.estimators.log_rank import logrank_test
from helpers.estimators.relative_risk import risk_ratio
from helpers.estimators.survival import Curve, kaplan_meier
from tests.benchmarks.cohorts import REPORT_DAYS, Sample, coded, fingerprint
from tests.benchmarks.measure import Work

RESAMPLES = 2000
GROUPS = (FURTHER_AWAY, NEXT_TO_CEMENT)


def risk_table(sample: Sample) -> Work:
    """Ours makes the flow of patients and the day of the last clean image besides."""
    return Work(lambda: build_risk_table(sample.cohort)[0], lambda table: fingerprint(coded(table, sample.cohort)))


def risk_ratio_clustered(sample: Sample) -> Work:
    return Work(lambda: risk_ratio(sample.event, sample.exposed, sample.patient), _log_and_error)


def bootstrap(sample: Sample) -> Work:
    rows = sample.event, sample.exposed, sample.patient
    return Work(lambda: risk_ratio_bootstrap(*rows, samples=RESAMPLES, seed=1), _log_and_error)


def curve(sample: Sample) -> Work:
    return Work(lambda: kaplan_meier(sample.days, sample.event), _heights_and_limits)


def log_rank(sample: Sample) -> Work:
    return Work(lambda: logrank_test(sample.days, sample.event, sample.exposed), lambda test: [test.estimate])


def cox(sample: Sample) -> Work:
    return Work(lambda: hazard_ratio(sample.days, sample.event, sample.exposed), _log_and_error)


def cox_clustered(sample: Sample) -> Work:
    return Work(lambda: hazard_ratio(sample.days, sample.event, sample.exposed, sample.patient), _log_and_error)


def estimates(sample: Sample) -> Work:
    """Everything from the risk table."""
    return Work(lambda: _estimates(sample.table), _all_numbers)


def everything(sample: Sample) -> Work:
    """Everything from the clean tables."""
    return Work(lambda: _estimates(build_risk_table(sample.cohort)[0]), _all_numbers)


def _estimates(table: pd.DataFrame) -> tuple:
    days, exposed, patient = table["days"], table["is_adjacent"], table["patient"]
    event = table["outcome"] == "fracture"
    return (
        risk_ratio(event, exposed, patient),
        risk_ratio_bootstrap(event, exposed, patient, samples=RESAMPLES, seed=1),
        *by_group(kaplan_meier, exposure_group(table), days, event, groups=GROUPS).values(),
        logrank_test(days, event, exposed),
        hazard_ratio(days, event, exposed),
        hazard_ratio(days, event, exposed, patient),
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
