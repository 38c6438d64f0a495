import math

import numpy as np
import pytest

from helpers.errors import WorkbookError
from helpers.estimators.mantel_haenszel import mantel_haenszel, within_patient_risk_ratio
from helpers.estimators.relative_risk import risk_ratio


def expand(strata):
    """(x1, n1, x2, n2) of each stratum to event, exposed, stratum."""
    event, exposed, stratum = [], [], []
    for number, (x1, n1, x2, n2) in enumerate(strata):
        event += [1] * x1 + [0] * (n1 - x1) + [1] * x2 + [0] * (n2 - x2)
        exposed += [1] * n1 + [0] * n2
        stratum += [number] * (n1 + n2)
    return event, exposed, stratum


def test_gart_tumour_data():
    # epiR::epi.2by2(table, method = "cohort.count")$massoc.detail$RR.mh.wald; data of Gart and Nam 1988.
    strata = [(4, 16, 5, 79), (2, 16, 3, 87), (4, 18, 10, 90), (1, 15, 3, 82)]
    event, exposed, stratum = expand(strata)
    ratio = mantel_haenszel(event, exposed, stratum=stratum)
    assert ratio.estimate == pytest.approx(2.67377398764234, rel=1e-12)
    assert ratio.std_error == pytest.approx(0.342730269579983, rel=1e-12)
    assert [ratio.conf_low, ratio.conf_high] == pytest.approx([1.36581588513328, 5.23428334287911], rel=1e-12)


def test_by_level_agrees_with_r(cohort, r):
    naive = mantel_haenszel(cohort.event, cohort.exposed, stratum=cohort.level)
    assert [naive.estimate, naive.conf_low, naive.conf_high] == pytest.approx(r["mantel_haenszel_level"], rel=1e-12)
    clustered = mantel_haenszel(cohort.event, cohort.exposed, cohort.patient, stratum=cohort.level)
    assert clustered.estimate == naive.estimate
    # The reference differentiates numerically, good to about 1e-10.
    assert clustered.std_error == pytest.approx(r["mantel_haenszel_level_clustered_se"], rel=1e-8)
    assert (naive.n_patients, clustered.n_patients) == (None, 70)


def test_within_patients_agrees_with_r(cohort, r):
    within = within_patient_risk_ratio(cohort.event, cohort.exposed, cohort.patient)
    naive = mantel_haenszel(cohort.event, cohort.exposed, stratum=cohort.patient)
    for estimate, error in ((within, "se_patients"), (naive, "se")):
        assert math.log(estimate.estimate) == pytest.approx(r["within_patient"]["log"], rel=1e-12)
        assert estimate.std_error == pytest.approx(r["within_patient"][error], rel=1e-12)
    assert within.note == "34 of 70 patients have exposed and unexposed vertebrae and an event"


def test_one_stratum_is_the_plain_clustered_ratio(cohort):
    one = np.zeros(len(cohort.event), dtype=int)
    stratified = mantel_haenszel(cohort.event, cohort.exposed, cohort.patient, stratum=one)
    plain = risk_ratio(cohort.event, cohort.exposed, cohort.patient)
    assert [stratified.estimate, stratified.std_error] == pytest.approx([plain.estimate, plain.std_error], rel=1e-12)


def test_swapping_the_groups_inverts(cohort):
    here = mantel_haenszel(cohort.event, cohort.exposed, cohort.patient, stratum=cohort.level)
    there = mantel_haenszel(cohort.event, ~cohort.exposed, cohort.patient, stratum=cohort.level).inverted()
    assert [here.estimate, here.conf_low, here.conf_high] == pytest.approx(
        [there.estimate, there.conf_low, there.conf_high], rel=1e-12
    )


def test_repeating_vertebrae_within_their_patient_changes_nothing(cohort):
    once = mantel_haenszel(cohort.event, cohort.exposed, cohort.patient, stratum=cohort.level)
    twice = mantel_haenszel(
        *(np.tile(array, 2) for array in (cohort.event, cohort.exposed, cohort.patient)),
        stratum=np.tile(cohort.level, 2),
    )
    assert twice.std_error == pytest.approx(once.std_error, rel=1e-12)


def test_strata_without_a_comparison():
    nothing = mantel_haenszel([1, 0, 0], [1, 1, 0], stratum=["T12", "T12", "L1"])
    assert nothing.estimate is None
    assert "0 of 2 strata hold" in nothing.note
    zero = mantel_haenszel([0, 1, 0], [1, 0, 0], stratum=["T12"] * 3)
    assert (zero.estimate, zero.conf_low, zero.conf_high) == (0, None, None)
    no_value = mantel_haenszel([1, 0, 0], [1, 0, 0], ["p", "q", "q"], stratum=["T12"] * 3)
    assert no_value.estimate is None
    assert "no unexposed vertebra with an event" in no_value.note
    assert mantel_haenszel([], [], stratum=[]).estimate is None


def test_errors_are_sentences():
    with pytest.raises(WorkbookError, match="`stratum` has 1"):
        mantel_haenszel([1, 0], [1, 0], stratum=["T12"])
    with pytest.raises(WorkbookError, match="`stratum` has 1 missing"):
        mantel_haenszel([1, 0], [1, 0], stratum=["T12", None])
