"""lifelines and statsmodels as the other side: frames and arrays made ready before, as their manuals say."""

import numpy as np
import pandas as pd
import statsmodels.api as sm
from lifelines import CoxPHFitter, KaplanMeierFitter
from lifelines.statistics import logrank_test

from tests.benchmarks import peers_pandas
from tests.benchmarks.cohorts import REPORT_DAYS, Sample, coded, fingerprint
from tests.benchmarks.measure import Work


def pandas_risk_table(sample: Sample) -> Work:
    return Work(lambda: peers_pandas.risk_table(sample.cohort), lambda table: fingerprint(coded(table, sample.cohort)))


def lifelines_curve(sample: Sample) -> Work:
    days, event = sample.days.to_numpy(), sample.event.to_numpy()
    return Work(lambda: KaplanMeierFitter().fit(days, event), _heights_and_limits)


def lifelines_log_rank(sample: Sample) -> Work:
    days, event, exposed = (column.to_numpy() for column in (sample.days, sample.event, sample.exposed))
    groups = days[exposed], days[~exposed], event[exposed], event[~exposed]
    return Work(lambda: logrank_test(*groups), lambda test: [test.test_statistic])


def lifelines_cox(sample: Sample) -> Work:
    rows = _rows(sample)
    return Work(lambda: CoxPHFitter().fit(rows, "days", "event"), _coefficient_and_error)


def lifelines_cox_clustered(sample: Sample) -> Work:
    rows = _rows(sample).assign(patient=sample.patient.cat.codes)
    return Work(lambda: CoxPHFitter().fit(rows, "days", "event", cluster_col="patient"), _coefficient_and_error)


def statsmodels_gee(sample: Sample) -> Work:
    """Independence as the working correlation; an exchangeable one would be another estimate."""
    event, design, patient = _design(sample)
    options = {"groups": patient, "family": sm.families.Poisson(), "cov_struct": sm.cov_struct.Independence()}
    return Work(lambda: sm.GEE(event, design, **options).fit(), lambda fit: [fit.params[1], fit.bse[1]])


def statsmodels_glm(sample: Sample) -> Work:
    event, design, patient = _design(sample)
    clusters = {"groups": patient, "use_correction": False, "df_correction": False}
    return Work(
        lambda: sm.GLM(event, design, family=sm.families.Poisson()).fit(cov_type="cluster", cov_kwds=clusters),
        lambda fit: [fit.params[1], fit.bse[1]],
    )


def _design(sample: Sample) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    event, exposed = sample.event.to_numpy(dtype=float), sample.exposed.to_numpy(dtype=float)
    return event, sm.add_constant(exposed), sample.patient.cat.codes.to_numpy()


def _rows(sample: Sample) -> pd.DataFrame:
    return pd.DataFrame({"days": sample.days, "event": sample.event, "exposed": sample.exposed.astype(float)})


def _coefficient_and_error(fit: CoxPHFitter) -> list[float]:
    return [fit.params_["exposed"], fit.standard_errors_["exposed"]]


def _heights_and_limits(fit: KaplanMeierFitter) -> list[float]:
    curve = fit.survival_function_.join(fit.confidence_interval_)
    return curve.iloc[curve.index.searchsorted(REPORT_DAYS, "right") - 1].to_numpy().T.ravel().tolist()
