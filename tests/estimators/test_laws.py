"""Laws of every estimator, whatever the numbers: what must not matter does not, and what must turn does.

Cohorts are random, small and awkward: patients of one to eight vertebrae, whole days with heavy ties, deaths, levels
with few events. Where a law is about estimate and standard error it says so; limits are held where symmetry gives them.
"""

from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.estimators.cumulative_incidence import cumulative_incidence
from helpers.estimators.hazard_ratio import hazard_ratio
from helpers.estimators.horizon import risk_difference_at_horizon, risk_ratio_at_horizon
from helpers.estimators.log_rank import logrank_test
from helpers.estimators.mantel_haenszel import mantel_haenszel, within_patient_risk_ratio
from helpers.estimators.patients import Contributions
from helpers.estimators.poisson_regression import adjusted_risk_ratio
from helpers.estimators.relative_risk import rate_ratio, risk_ratio, risk_ratio_of
from helpers.estimators.restricted_mean import restricted_mean_difference
from helpers.estimators.risk import odds_ratio, risk, risk_difference
from helpers.estimators.score import score_interval
from helpers.estimators.survival import kaplan_meier

DAYS_A_YEAR = 365.25
NUMBERS = ("estimate", "std_error", "conf_low", "conf_high", "p_value")
LAW = settings(max_examples=25, deadline=None)


@dataclass(frozen=True)
class Cohort:
    """One entry per vertebra; `horizon` and `window` are in the unit of `days`."""

    days: np.ndarray
    outcome: np.ndarray
    exposed: np.ndarray
    level: np.ndarray
    patient: np.ndarray
    # Cox and log-rank see tied events when vertebrae are copied; a stratum for each copy keeps them apart.
    copy: np.ndarray
    horizon: float = 6
    window: tuple = (3, 9)

    @property
    def event(self) -> np.ndarray:
        return self.outcome == 1

    def rows(self, which) -> "Cohort":
        """The vertebrae numbered `which`, in that order."""
        names = ("days", "outcome", "exposed", "level", "patient", "copy")
        return replace(self, **{name: getattr(self, name)[which] for name in names})

    def twice(self, *, same_patients: bool) -> "Cohort":
        """Every vertebra once more, in the same patient or in a patient of its copy."""
        n = len(self.days)
        both = self.rows(np.tile(np.arange(n), 2))
        is_copy = np.arange(2 * n) >= n
        whose = both.patient if same_patients else both.patient + 1000 * is_copy
        return replace(both, patient=whose, copy=is_copy.astype(int))

    def strata(self, *names) -> np.ndarray:
        """Labels of the combinations of the copy with other columns."""
        columns = [self.copy, *(getattr(self, name) for name in names)]
        return np.array(["-".join(map(str, row)) for row in zip(*columns, strict=True)], dtype=object)


@st.composite
def cohorts(draw, most_vertebrae=8):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    sizes = rng.integers(1, most_vertebrae + 1, draw(st.integers(2, 14)))
    n = int(sizes.sum())
    events = draw(st.sampled_from([0.1, 0.3, 0.6]))
    return Cohort(
        days=rng.integers(0, draw(st.sampled_from([8, 13, 300])), n),
        outcome=rng.choice(3, n, p=[0.9 - events, events, 0.1]),
        exposed=rng.random(n) < draw(st.sampled_from([0.2, 0.5])),
        level=rng.choice(["T11", "T12", "L1", "L2"], n),
        patient=np.repeat(np.arange(len(sizes)), sizes),
        copy=np.zeros(n, dtype=int),
    )


RATIOS = {
    "risk ratio": lambda c, who: risk_ratio(c.event, c.exposed, who),
    "rate ratio": lambda c, who: rate_ratio(c.days, c.event, c.exposed, who),
    "odds ratio": lambda c, who: odds_ratio(c.event, c.exposed, who),
    "Mantel-Haenszel": lambda c, who: mantel_haenszel(c.event, c.exposed, who, stratum=c.level),
    "within patient": lambda c, who: within_patient_risk_ratio(c.event, c.exposed, c.patient),
    "log-Poisson": lambda c, who: adjusted_risk_ratio(c.event, c.exposed, who, stratum=c.level),
    "hazard ratio": lambda c, who: hazard_ratio(c.days, c.event, c.exposed, who, stratum=c.copy),
    "hazard ratio by level": lambda c, who: hazard_ratio(c.days, c.event, c.exposed, who, stratum=c.strata("level")),
    "hazard ratio within patient": lambda c, who: hazard_ratio(
        c.days, c.event, c.exposed, who, stratum=c.strata("patient")
    ),
    "hazard ratio in a window": lambda c, who: hazard_ratio(
        c.days, c.event, c.exposed, who, stratum=c.copy, window=c.window
    ),
    "risk ratio by horizon": lambda c, who: risk_ratio_at_horizon(
        c.days, c.outcome, c.exposed, who, horizon_days=c.horizon
    ),
}
DIFFERENCES = {
    "risk difference": lambda c, who: risk_difference(c.event, c.exposed, who),
    "risk difference by horizon": lambda c, who: risk_difference_at_horizon(
        c.days, c.outcome, c.exposed, who, horizon_days=c.horizon
    ),
    "restricted mean": lambda c, who: restricted_mean_difference(
        c.days, c.event, c.exposed, who, horizon_days=c.horizon
    ),
}
TESTS = {
    "log-rank": lambda c, who: logrank_test(c.days, c.event, c.exposed, who, stratum=c.copy),
    "log-rank by level": lambda c, who: logrank_test(c.days, c.event, c.exposed, who, stratum=c.strata("level")),
}
ALL = RATIOS | DIFFERENCES | TESTS | {"risk": lambda c, who: risk(c.event, who)}
CURVES = {
    "Kaplan-Meier": lambda c, who: kaplan_meier(c.days, c.event, who),
    "cumulative incidence": lambda c, who: cumulative_incidence(c.days, c.outcome, who),
    "cumulative incidence of death": lambda c, who: cumulative_incidence(c.days, c.outcome, who, cause=2),
}
# Their naive variance is that of every vertebra as a patient of its own; the others' rests on a model besides.
EXACT_WHEN_ALONE = ["risk ratio", "odds ratio", "log-Poisson", "risk ratio by horizon", *DIFFERENCES, "risk"]


def each(named):
    return pytest.mark.parametrize("estimator", named.values(), ids=named.keys())


def assert_same(here, there, *, names=NUMBERS):
    """The same estimate up to rounding; a standard error that is absent is one of zero."""
    for name in names:
        ours, theirs = getattr(here, name), getattr(there, name)
        if name == "std_error":
            ours, theirs = ours or 0.0, theirs or 0.0
        assert (ours is None) == (theirs is None), (name, here, there)
        if ours is not None:
            assert ours == pytest.approx(theirs, rel=1e-8, abs=1e-9), (name, here, there)


def assert_same_curve(here, there):
    assert here.value_at(here.time) == pytest.approx(there.value_at(there.time), rel=1e-12, abs=1e-14)
    # Squared: an error of zero comes out as the root of rounding.
    assert here.std_error**2 == pytest.approx(there.std_error**2, rel=1e-9, abs=1e-14, nan_ok=True)
    for name in ("conf_low", "conf_high"):
        assert getattr(here, name) == pytest.approx(getattr(there, name), rel=1e-6, abs=1e-9, nan_ok=True)


def inverse(limit):
    """What a limit of a ratio becomes when the groups are exchanged; no limit above is a limit of zero below."""
    return 0.0 if limit is None else None if limit == 0 else 1 / limit


# What must not matter


@each(ALL)
@given(cohort=cohorts(), random=st.randoms(use_true_random=False), clustered=st.booleans())
@LAW
def test_order_and_names_do_not_matter(estimator, cohort, random, clustered):
    order, names = list(range(len(cohort.days))), list(range(100))
    random.shuffle(order)
    random.shuffle(names)
    other = cohort.rows(order)
    other = replace(other, patient=np.array([f"patient {name}" for name in names], dtype=object)[other.patient])
    here, there = (estimator(c, c.patient if clustered else None) for c in (cohort, other))
    assert_same(here, there)
    words, other_words = ({k: v for k, v in vars(e).items() if k not in NUMBERS} for e in (here, there))
    assert words == other_words


@each(CURVES)
@given(cohort=cohorts(), random=st.randoms(use_true_random=False), clustered=st.booleans())
@LAW
def test_order_and_names_do_not_matter_to_a_curve(estimator, cohort, random, clustered):
    order = list(range(len(cohort.days)))
    random.shuffle(order)
    other = cohort.rows(order)
    other = replace(other, patient=np.char.add("p", other.patient.astype(str)))
    assert_same_curve(*(estimator(c, c.patient if clustered else None) for c in (cohort, other)))


@each(ALL)
@given(cohort=cohorts())
@LAW
def test_repeating_vertebrae_within_their_patient_leaves_the_clustered_interval(estimator, cohort):
    once, twice = (estimator(c, c.patient) for c in (cohort, cohort.twice(same_patients=True)))
    # What stands in for the clustered interval where a cell is empty counts vertebrae.
    stands_in = once.std_error is None or "independent" in once.method
    assert_same(once, twice, names=("estimate", "std_error") if stands_in else NUMBERS)


@each(CURVES)
@given(cohort=cohorts())
@LAW
def test_repeating_vertebrae_within_their_patient_leaves_the_clustered_curve(estimator, cohort):
    assert_same_curve(*(estimator(c, c.patient) for c in (cohort, cohort.twice(same_patients=True))))


@each(RATIOS | TESTS | DIFFERENCES)
@given(cohort=cohorts(), clustered=st.booleans())
@LAW
def test_the_unit_of_time_does_not_matter(estimator, cohort, clustered):
    in_years = replace(
        cohort,
        days=cohort.days / DAYS_A_YEAR,
        horizon=cohort.horizon / DAYS_A_YEAR,
        window=tuple(end / DAYS_A_YEAR for end in cohort.window),
    )
    here, there = (estimator(c, c.patient if clustered else None) for c in (cohort, in_years))
    if here.unit == "days":
        assert here.is_estimable == there.is_estimable
        assert (here.estimate or 0) == pytest.approx((there.estimate or 0) * DAYS_A_YEAR, rel=1e-9, abs=1e-9)
        assert (here.std_error or 0) == pytest.approx((there.std_error or 0) * DAYS_A_YEAR, rel=1e-9, abs=1e-9)
    else:
        assert_same(here, there)


@each({name: RATIOS[name] for name in ("Mantel-Haenszel", "log-Poisson")})
@given(cohort=cohorts(), exposed=st.lists(st.booleans(), min_size=1, max_size=6), clustered=st.booleans())
@LAW
def test_a_level_without_events_adds_nothing(estimator, cohort, exposed, clustered):
    n = len(exposed)
    more = Cohort(
        days=np.r_[cohort.days, np.ones(n, dtype=int)],
        outcome=np.r_[cohort.outcome, np.zeros(n, dtype=int)],
        exposed=np.r_[cohort.exposed, exposed],
        level=np.r_[cohort.level, ["T4"] * n],
        # Of patients that are in the cohort, and of one that is not.
        patient=np.r_[cohort.patient, np.arange(n) % 3 * 50],
        copy=np.zeros(len(cohort.days) + n, dtype=int),
    )
    here, there = (estimator(c, c.patient if clustered else None) for c in (cohort, more))
    assert_same(here, there)


# What must turn, halve or agree


@each(RATIOS)
@given(cohort=cohorts(), clustered=st.booleans())
@LAW
def test_swapping_the_groups_inverts_a_ratio_and_its_interval(estimator, cohort, clustered):
    who = cohort.patient if clustered else None
    here, there = estimator(cohort, who), estimator(replace(cohort, exposed=~cohort.exposed), who)
    assert_same(here, there, names=("std_error", "p_value"))
    if here.is_estimable or there.is_estimable:
        turned = replace(there, estimate=inverse(there.estimate), note="turned")
        if here.conf_low is not None or here.conf_high is not None:
            turned = replace(turned, conf_low=inverse(there.conf_high), conf_high=inverse(there.conf_low))
        assert_same(here, turned, names=("estimate", "conf_low", "conf_high"))


@pytest.mark.parametrize("measure", ["risk ratio", "odds ratio"])
@pytest.mark.parametrize("method", ["koopman", "miettinen_nurminen"])
def test_swapping_the_groups_inverts_the_score_interval_of_every_small_table(measure, method):
    for n1, n0 in product(range(1, 6), repeat=2):
        for x1, x0 in product(range(n1 + 1), range(n0 + 1)):
            here = score_interval(x1, n1, x0, n0, measure=measure, method=method)
            there = score_interval(x0, n0, x1, n1, measure=measure, method=method)
            if here.conf_low is None:
                assert there.conf_low is None
                continue
            for ours, theirs in ((here.conf_low, there.conf_high), (here.conf_high, there.conf_low)):
                assert (ours is None) == (theirs == 0), (here, there)
                if ours:
                    assert ours * theirs == pytest.approx(1, rel=1e-9), (here, there)


@each(DIFFERENCES)
@given(cohort=cohorts(), clustered=st.booleans())
@LAW
def test_swapping_the_groups_turns_a_difference_and_its_interval(estimator, cohort, clustered):
    who = cohort.patient if clustered else None
    here, there = estimator(cohort, who), estimator(replace(cohort, exposed=~cohort.exposed), who)
    if here.is_estimable:
        limits = (None if limit is None else -limit for limit in (there.conf_high, there.conf_low))
        low, high = limits
        there = replace(there, estimate=-there.estimate, conf_low=low, conf_high=high)
    assert_same(here, there)


@each(TESTS)
@given(cohort=cohorts(), clustered=st.booleans())
@LAW
def test_swapping_the_groups_leaves_a_test(estimator, cohort, clustered):
    who = cohort.patient if clustered else None
    assert_same(estimator(cohort, who), estimator(replace(cohort, exposed=~cohort.exposed), who))


@each({name: ALL[name] for name in EXACT_WHEN_ALONE})
@given(cohort=cohorts(most_vertebrae=1))
@LAW
def test_patients_of_one_vertebra_give_the_naive_error(estimator, cohort):
    assert_same(estimator(cohort, None), estimator(cohort, cohort.patient), names=("estimate", "std_error"))


@each(CURVES)
@given(cohort=cohorts())
@LAW
def test_patients_of_one_vertebra_give_the_naive_curve(estimator, cohort):
    assert_same_curve(estimator(cohort, None), estimator(cohort, np.arange(len(cohort.days))))


@each(RATIOS | DIFFERENCES | {"risk": ALL["risk"]})
@given(cohort=cohorts(), clustered=st.booleans())
@LAW
def test_twice_as_many_patients_halve_the_variance(estimator, cohort, clustered):
    once, twice = (estimator(c, c.patient if clustered else None) for c in (cohort, cohort.twice(same_patients=False)))
    assert_same(once, replace(twice, std_error=(twice.std_error or 0) * 2**0.5), names=("estimate", "std_error"))


@each(TESTS)
@given(cohort=cohorts(), clustered=st.booleans())
@LAW
def test_twice_as_many_patients_double_chi_square(estimator, cohort, clustered):
    once, twice = (estimator(c, c.patient if clustered else None) for c in (cohort, cohort.twice(same_patients=False)))
    if once.is_estimable:
        assert 2 * once.estimate == pytest.approx(twice.estimate, rel=1e-8, abs=1e-9)


@each(CURVES)
@given(cohort=cohorts(), clustered=st.booleans())
@LAW
def test_twice_as_many_patients_halve_the_variance_of_a_curve(estimator, cohort, clustered):
    once, twice = (estimator(c, c.patient if clustered else None) for c in (cohort, cohort.twice(same_patients=False)))
    assert once.value_at(once.time) == pytest.approx(twice.value_at(twice.time), rel=1e-12, abs=1e-14)
    assert once.std_error**2 == pytest.approx(2 * twice.std_error**2, rel=1e-9, abs=1e-14, nan_ok=True)


@given(cohort=cohorts(), parts=st.integers(2, 4), with_time=st.booleans())
@LAW
def test_parts_of_a_cohort_add_up_to_the_whole(cohort, parts, with_time):
    def contributions(which):
        part = cohort.rows(which)
        return Contributions.from_rows(
            part.event, part.exposed, part.patient, time=part.days.astype(float) if with_time else None
        )

    whole = contributions(np.arange(len(cohort.days)))
    first, *others = (contributions(cohort.patient % parts == part) for part in range(parts))
    together = sum(others, start=first)
    assert together.counts == pytest.approx(whole.counts, rel=1e-12)
    assert (together.multiplicity == whole.multiplicity).all()
    if not with_time:
        assert risk_ratio_of(together) == risk_ratio_of(whole)
        # Collapsed, the patients give the ratio they give one by one.
        assert_same(risk_ratio_of(together), risk_ratio(cohort.event, cohort.exposed, cohort.patient))
