import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.errors import WorkbookError
from helpers.estimators.patients import Contributions, collapse
from helpers.estimators.relative_risk import risk_ratio, risk_ratio_of


def test_patients_with_the_same_counts_are_kept_once(cohort):
    each = Contributions.from_rows(cohort.event, cohort.exposed, cohort.patient)
    assert each.n_patients == 70
    assert len(each.counts) < 70
    assert len(np.unique(each.counts, axis=0)) == len(each.counts)
    assert each.totals.tolist() == [46, 116, 49, 204]


def test_counts_are_those_of_a_group_by(cohort):
    frame = pd.DataFrame(vars(cohort))
    by_hand = frame.groupby("patient").apply(
        lambda one: pd.Series(
            [
                (one.event & one.exposed).sum(),
                one.exposed.sum(),
                (one.event & ~one.exposed).sum(),
                (~one.exposed).sum(),
            ]
        ),
        include_groups=False,
    )
    distinct, patients = np.unique(by_hand.to_numpy(), axis=0, return_counts=True)
    each = Contributions.from_rows(cohort.event, cohort.exposed, cohort.patient)
    assert (each.counts == distinct).all()
    assert (each.multiplicity == patients).all()


@given(st.integers(1, 69))
@settings(max_examples=30, deadline=None)
def test_parts_of_a_cohort_add_up(cohort, first):
    is_first = np.isin(cohort.patient, np.unique(cohort.patient)[:first])
    parts = [
        Contributions.from_rows(cohort.event[part], cohort.exposed[part], cohort.patient[part])
        for part in (is_first, ~is_first)
    ]
    assert risk_ratio_of(parts[0] + parts[1]) == risk_ratio(cohort.event, cohort.exposed, cohort.patient)


def test_labels_may_be_of_any_kind(cohort):
    codes = np.unique(cohort.patient, return_inverse=True)[1]
    as_text = risk_ratio(cohort.event, cohort.exposed, cohort.patient)
    assert as_text == risk_ratio(cohort.event, cohort.exposed, codes)
    assert as_text == risk_ratio(cohort.event, cohort.exposed, pd.Categorical(cohort.patient))
    assert as_text == risk_ratio(pd.Series(cohort.event), pd.Series(cohort.exposed), pd.Series(cohort.patient))


def test_rates_keep_times_that_do_not_pack(cohort):
    whole = Contributions.from_rows(cohort.event, cohort.exposed, cohort.patient, time=cohort.days)
    broken = Contributions.from_rows(cohort.event, cohort.exposed, cohort.patient, time=cohort.days / 365.25)
    assert whole.variance(1 / 46, 1 / 49) == pytest.approx(broken.variance(1 / 46, 1 / 49), rel=1e-12)
    assert whole.n_patients == broken.n_patients == 70


def test_numbers_too_large_to_pack_are_still_collapsed():
    huge = np.array([[2**40, 2**40, 1, 1], [2**40, 2**40, 1, 1], [1, 1, 2**40, 2**40]])
    together = collapse(huge, np.ones(3, dtype=int))
    assert together.multiplicity.tolist() == [1, 2]


def test_no_vertebrae_are_no_patients():
    nobody = Contributions.from_rows([], [], [])
    assert nobody.n_patients == 0
    assert nobody.totals.tolist() == [0, 0, 0, 0]


def test_variance_of_a_log_ratio_needs_events():
    with pytest.raises(WorkbookError, match="needs an event in both groups"):
        Contributions.from_rows([1, 0], [1, 0]).log_risk_ratio_variance()


def test_missing_category_is_told():
    with pytest.raises(WorkbookError, match="`patient` has 1 missing value"):
        Contributions.from_rows([1, 0], [1, 0], pd.Categorical(["p", None]))
