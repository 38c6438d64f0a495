"""The stored model of natural clustering is the one that fits the survey, and the stored fit is what it gives."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from helpers.cohort.nhanes import NOT_EVALUABLE, fracture_pairs, read_people
from helpers.robustness import survey_fit

SURVEYS = 40


@pytest.fixture(scope="module")
def grades():
    return read_people()


@pytest.fixture(scope="module")
def strengths():
    return survey_fit.read_strengths()


def log_likelihood(model, grades):
    patterns, people = np.unique(grades, axis=0, return_counts=True)
    spines = np.repeat(survey_fit.present([12], [5]), len(patterns), axis=0)
    seen = survey_fit._wide(patterns > 0), survey_fit._wide(patterns != NOT_EVALUABLE)
    return people @ np.log(model.likelihood(spines, *seen))


def test_each_strength_has_the_ratio_and_likelihood_stored(strengths, grades):
    models = survey_fit.models_of(strengths)
    assert list(models) == list(survey_fit.STRENGTHS)
    for line in strengths.to_dict("records"):
        model = models[line["strength"]]
        assert survey_fit.neighbour_ratio(model, grades) == pytest.approx(line["neighbour_ratio"], abs=2e-4)
        assert log_likelihood(model, grades) == pytest.approx(line["log_likelihood"], abs=2e-3)
        assert model.spread == pytest.approx(line["strength"] * models[1.0].spread, abs=1e-5)
    assert strengths["neighbour_ratio"].is_monotonic_increasing


def test_strength_one_has_the_survey_s_own_ratio(strengths, grades):
    risk = fracture_pairs(grades).groupby("is_adjacent")["is_fractured"].mean()
    ratio = strengths.set_index("strength").loc[1.0, "neighbour_ratio"]
    assert ratio == pytest.approx(risk[True] / risk[False], abs=5e-4)
    assert ratio == pytest.approx(3.0574, abs=5e-4)


@pytest.mark.parametrize("strength", survey_fit.STRENGTHS)
def test_no_model_nearby_is_likelier(strengths, grades, strength):
    model = survey_fit.models_of(strengths)[strength]
    best = log_likelihood(model, grades)
    others = [
        replace(model, scale=model.scale * 1.1),
        replace(model, scale=model.scale / 1.1),
        replace(model, frailty_variance=model.frailty_variance * 1.3),
        replace(model, frailty_variance=model.frailty_variance / 1.3),
    ]
    for slot in (6, 11, 13):
        weights = np.repeat(model.weights[None], 2, axis=0)
        weights[:, slot] *= (1.4, 1 / 1.4)
        others += [replace(model, weights=own) for own in weights]
    assert max(log_likelihood(other, grades) for other in others) < best


def test_the_observed_side_of_the_fit_is_the_survey(grades):
    fit = survey_fit.read_fit().set_index(["kind", "of"])
    features = survey_fit.features(grades)
    pd.testing.assert_series_equal(fit["observed"], features, check_names=False, atol=5e-4, rtol=0)
    assert features["total"].round(4).tolist() == [186, 282, 3.0574]
    both = [112, 68, 28, 30, 24, 12, 8, 2, 6, 8, 0, 2]
    assert features["both fractured by distance"].tolist() == both
    assert features["people by fractured vertebrae"].tolist() == [125, 38, 15, 8]
    assert features["fractured by level"].sum() == 282


def test_the_fit_stored_is_what_surveys_simulated_anew_give(strengths, grades):
    """Averages of other simulated surveys differ from those stored by no more than their own random error."""
    model, stored = survey_fit.models_of(strengths)[1.0], survey_fit.read_fit().set_index(["kind", "of"])
    drawn = survey_fit.simulated_surveys(model, grades, surveys=SURVEYS, seed=20)
    found = pd.concat([survey_fit.features(one) for one in drawn], axis=1)
    # Both averages are of random surveys; 4.5 standard errors hold all 56 figures with near certainty.
    error = found.std(axis=1) * np.sqrt(1 / SURVEYS + 1 / stored["surveys"])
    assert ((found.mean(axis=1) - stored["average"]).abs() <= 4.5 * error + 5e-4).all()
    assert (error["total"] / found.mean(axis=1)["total"] < 0.03).all()
    # And the survey itself is nothing unusual under the model.
    inside = stored["observed"].between(stored["low"], stored["high"])
    assert inside["total"].all()
    assert inside["people by fractured vertebrae"].all()
    assert inside.mean() >= 0.95


def test_simulated_surveys_assess_what_was_assessed(strengths, grades):
    model = survey_fit.models_of(strengths)[1.0]
    (one,), (same,), (other,) = (
        survey_fit.simulated_surveys(model, grades, surveys=1, seed=seed) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one == NOT_EVALUABLE, grades == NOT_EVALUABLE)
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_fitting_finds_a_model_at_least_as_likely_as_the_one_behind_a_survey():
    truth = survey_fit.Susceptibility(0.05, 2.0, 1.0, 0.6, survey_fit._all_weights(np.zeros(13)))
    (drawn,) = survey_fit.simulated_surveys(truth, np.zeros((250, 13), dtype=np.int8), surveys=1, seed=5)
    start = np.concatenate([np.log([0.05, 2.0]), np.zeros(13)])
    found, likelihood, _ = survey_fit.fit(drawn, spread=1.0, correlation=0.6, start=start)
    assert likelihood == pytest.approx(log_likelihood(found, drawn))
    assert likelihood > log_likelihood(truth, drawn) + 2
