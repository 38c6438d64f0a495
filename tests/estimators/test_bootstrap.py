import numpy as np
import pytest

from helpers.errors import WorkbookError
from helpers.estimators.bootstrap import resampled_ratios, risk_ratio_bootstrap
from helpers.estimators.patients import Contributions
from helpers.estimators.relative_risk import risk_ratio


@pytest.mark.parametrize("method", ["percentile", "bca"])
def test_agrees_with_boot_in_r(cohort, r, method):
    # boot(patients, ratio, R = 40000); the tolerance is the simulation error of both.
    interval = risk_ratio_bootstrap(cohort.event, cohort.exposed, cohort.patient, method=method, samples=40_000, seed=3)
    assert [interval.conf_low, interval.conf_high] == pytest.approx(r["bootstrap"][method], rel=0.015)
    sandwich = risk_ratio(cohort.event, cohort.exposed, cohort.patient)
    assert interval.estimate == sandwich.estimate
    assert interval.std_error == pytest.approx(sandwich.std_error, rel=0.05)
    assert interval.n_patients == 70


def test_collapsed_resamples_have_the_distribution_of_drawing_patients(cohort):
    names, codes = np.unique(cohort.patient, return_inverse=True)
    per_patient = np.column_stack(
        [
            np.bincount(codes, weights)
            for weights in (
                cohort.event & cohort.exposed,
                cohort.exposed,
                cohort.event & ~cohort.exposed,
                ~cohort.exposed,
            )
        ]
    )
    drawn = np.random.default_rng(5).integers(0, len(names), size=(8000, len(names)))
    a, n1, c, n0 = per_patient[drawn].sum(axis=1).T
    one_by_one = np.quantile(a / n1 / (c / n0), [0.025, 0.25, 0.5, 0.75, 0.975])
    contributions = Contributions.from_rows(cohort.event, cohort.exposed, cohort.patient)
    collapsed = np.quantile(resampled_ratios(contributions, samples=8000, seed=6), [0.025, 0.25, 0.5, 0.75, 0.975])
    assert collapsed == pytest.approx(one_by_one, rel=0.02)


def test_the_seed_decides(cohort):
    def run(seed):
        return risk_ratio_bootstrap(cohort.event, cohort.exposed, cohort.patient, seed=seed)

    assert run(1) == run(1)
    assert run(1).conf_low != run(2).conf_low


def test_zero_cells_keep_their_rank_and_are_counted():
    event = np.repeat([True, False, True, False], [8, 12, 1, 29])
    exposed = np.repeat([True, False], [20, 30])
    interval = risk_ratio_bootstrap(event, exposed, seed=1)
    # With one event among the unexposed, more than a third of resamples have none.
    assert interval.conf_high is None
    assert "none among the unexposed (ratio infinite); they keep their rank; no upper limit" in interval.note


def test_resamples_without_a_group_are_left_out_and_counted():
    event, exposed, patient = [1, 0, 1, 0], [1, 1, 0, 0], ["p", "p", "q", "q"]
    # Each group rests on one patient: no sandwich variance, so the ratio comes back without an interval.
    assert risk_ratio_bootstrap(event, exposed, patient, seed=1).conf_low is None
    event, exposed, patient = [1, 0, 1, 0, 1, 0], [1, 1, 0, 0, 1, 0], ["p", "p", "q", "q", "r", "r"]
    assert "had no ratio and were left out" in risk_ratio_bootstrap(event, exposed, patient, seed=1).note


def test_with_an_empty_cell_it_is_absent_and_says_so():
    ratio = risk_ratio_bootstrap([0, 1, 0], [1, 0, 0], seed=1)
    assert (ratio.estimate, ratio.conf_low, ratio.conf_high) == (None, None, None)
    assert "resampling tells nothing where a cell of the table is empty" in ratio.note


def test_errors_are_sentences():
    with pytest.raises(WorkbookError, match="`samples` must be a whole number of 100 or more, but got 5"):
        risk_ratio_bootstrap([1, 0], [1, 0], samples=5, seed=1)
    with pytest.raises(WorkbookError, match="`method` must be one of percentile, bca, but got basic"):
        risk_ratio_bootstrap([1, 0], [1, 0], method="basic", seed=1)
