"""Cohorts in which cement does nothing: laws, an oracle that goes forward in time, and the cohort they stand for."""

import numpy as np
import pandas as pd
import pytest

from helpers.cohort import latent
from helpers.cohort.spine import N_SLOTS, SLOTS, present
from helpers.cohort.tables import check
from helpers.cohort.truth import LEVEL_WEIGHTS
from helpers.estimators import median_among_events, risk_ratio
from helpers.estimators.median_time import median_time
from helpers.estimators.survival import kaplan_meier
from helpers.robustness import no_effect
from helpers.robustness.design import Design, design_of
from helpers.robustness.no_effect import COLUMNS, no_effect_cohorts, summary
from helpers.robustness.pace import pace_of
from helpers.robustness.survey_fit import models_of, read_strengths
from helpers.robustness.susceptibility import Susceptibility

WEIGHTS = np.array([LEVEL_WEIGHTS[slot] for slot in SLOTS])
MODEL = Susceptibility(scale=0.3, frailty_variance=2.0, spread=1.5, correlation=0.6, weights=WEIGHTS)
NONE = {"risk_ratio": None, "adjacent": None, "nonadjacent": None}


def forward(model, people, *, seed, pace=0.3):
    """A cohort that lives through the model: old fractures, cement at the index fracture, new fractures day by day."""
    rng = np.random.default_rng(seed)
    has_slot, nothing = np.repeat(present([12], [5]), people, axis=0), np.zeros((1, N_SLOTS), dtype=bool)
    hazards = model.draw(rng, has_slot[:1], nothing, nothing, people)[0].astype(float)
    old = rng.random(hazards.shape) < -np.expm1(-hazards)
    chosen = old.any(axis=1)
    has_slot, hazards, old = has_slot[chosen], hazards[chosen], old[chosen]
    index = np.argmax(old * rng.random(old.shape), axis=1)
    cemented = np.arange(N_SLOTS) == index[:, None]
    at_risk = has_slot & ~old
    follow_up = np.repeat(rng.integers(30, 900, len(old))[:, None], N_SLOTS, axis=1)
    day = np.ceil(rng.exponential(size=hazards.shape) / np.maximum(hazards * pace / 365, 1e-12))
    new = at_risk & (day <= follow_up)
    design = Design(
        has_slot, old, has_slot, at_risk, latent.next_to(cemented, has_slot), follow_up.astype(np.int32),
        np.sort(day[new]).astype(int), int(new.any(axis=1).sum()), len(old),
    )  # fmt: skip
    return design, new, day


@pytest.fixture(scope="module")
def small():
    return forward(MODEL, 150, seed=1)[0]


def test_the_workers_change_nothing_and_the_seed_does(small, monkeypatch):
    monkeypatch.setattr(no_effect, "BLOCK", 7)
    models = {0.0: Susceptibility(0.3, 2.0, 0.0, 0.6, WEIGHTS), 1.0: MODEL}
    frames = [no_effect_cohorts(small, models, cohorts=30, seed=4, workers=workers) for workers in (1, 2, 5)]
    for frame in frames[1:]:
        pd.testing.assert_frame_equal(frame, frames[0], check_exact=True)
    other = no_effect_cohorts(small, models, cohorts=30, seed=5)
    assert not other["risk_ratio"].equals(frames[0]["risk_ratio"])
    # Every strength has a stream of its own, and every block of patients.
    by_strength = frames[0].groupby("strength")["fractures_adjacent"].apply(list)
    assert by_strength[0.0] != by_strength[1.0]


def test_the_table_keeps_its_contract(small):
    table = no_effect_cohorts(small, {0.0: MODEL, 1.0: MODEL}, cohorts=20, seed=1)
    assert tuple(check("no_effect", table).columns) == COLUMNS
    assert table["cohort"].tolist() == [*range(1, 21)] * 2


@pytest.mark.parametrize("pace", ["cohort", "constant"])
def test_as_many_fractures_as_in_the_cohort(small, pace):
    table = no_effect_cohorts(small, {1.0: MODEL}, cohorts=400, seed=2, pace=pace)
    total = table["fractures_adjacent"] + table["fractures_nonadjacent"]
    error = total.std() / np.sqrt(len(total))
    assert error < 0.02 * total.mean()
    assert total.mean() == pytest.approx(len(small.event_days), abs=4 * error)


def test_the_forward_cohorts_have_the_ratio_and_the_medians_that_are_simulated_for_them():
    """Living through the model gives the same as drawing new fractures given the old ones: bias, cement and all."""
    truths, simulated = [], []
    for seed in range(10):
        design, new, day = forward(MODEL, 900, seed=seed)
        groups = design.is_adjacent & design.at_risk, ~design.is_adjacent & design.at_risk
        truths.append([np.log(np.divide(*((new & group).sum() / group.sum() for group in groups)))])
        truths[-1] += [np.median(day[new & group]) for group in groups]
        table = no_effect_cohorts(design, {1.0: MODEL}, cohorts=10, seed=seed, pace="constant")
        simulated.append([np.log(table["risk_ratio"]).mean()])
        simulated[-1] += [table[f"median_days_{group}"].mean() for group in ("adjacent", "nonadjacent")]
    difference = np.array(truths) - np.array(simulated)
    error = difference.std(axis=0, ddof=1) / np.sqrt(len(difference))
    assert error[0] < 0.07
    assert np.mean(truths, axis=0)[0] > np.log(1.5)
    assert (np.abs(difference.mean(axis=0)) < 3.5 * error).all()


def test_without_any_clustering_the_ratio_is_one():
    alike = Susceptibility(0.1, 1e-3, 0.0, 0.5, np.ones(N_SLOTS))
    design, _, _ = forward(alike, 600, seed=3)
    ratios = no_effect_cohorts(design, {0.0: alike}, cohorts=200, seed=3)["risk_ratio"]
    error = np.log(ratios).std() / np.sqrt(len(ratios))
    # The log of a ratio of few fractures is a little low on average: by half its variance at most.
    assert np.log(ratios).mean() == pytest.approx(0, abs=4 * error + np.log(ratios).var() / 2)


def test_stronger_clustering_gives_higher_ratios(small):
    models = models_of(read_strengths())
    table = no_effect_cohorts(small, models, cohorts=60, seed=1)
    assert table.groupby("strength")["risk_ratio"].median().is_monotonic_increasing


def test_ratio_and_medians_are_those_of_the_estimators(small, monkeypatch):
    kept = []
    fractures_of = no_effect._new_fractures

    def remember(*cohort):
        kept.append(fractures_of(*cohort))
        return kept[-1]

    monkeypatch.setattr(no_effect, "_new_fractures", remember)
    # So many fractures that half of a group have one now and then.
    many = Design(**vars(small) | {"event_days": np.repeat(small.event_days, 20)})
    table = no_effect_cohorts(many, {1.0: MODEL}, cohorts=12, seed=1)
    adjacent, follow_up = many.is_adjacent[many.at_risk], many.follow_up[many.at_risk]
    for line, (day, vertebra) in zip(table.to_dict("records"), kept, strict=True):
        assert (day <= follow_up[vertebra]).all()
        days, fractured = follow_up.astype(float), np.zeros(len(follow_up), dtype=bool)
        days[vertebra], fractured[vertebra] = day, True
        assert line["risk_ratio"] == pytest.approx(risk_ratio(fractured, adjacent).estimate)
        for name, group in (("adjacent", adjacent), ("nonadjacent", ~adjacent)):
            among = median_among_events(days[group], fractured[group]).estimate
            assert line[f"median_days_{name}"] == pytest.approx(among)
            of_all = median_time(kaplan_meier(days[group], fractured[group])).estimate
            assert line[f"all_median_days_{name}"] == pytest.approx(of_all, nan_ok=True) or of_all is None
            assert pd.isna(line[f"all_median_days_{name}"]) == (of_all is None)
        patients = np.nonzero(many.at_risk)[0]
        assert line["patients_fractured"] == len(set(patients[fractured]))
    assert table["all_median_days_adjacent"].notna().any()


def test_a_cohort_without_new_fractures_or_patients_has_no_ratio(small):
    for design in (
        Design(**vars(small) | {"event_days": np.zeros(0, dtype=int), "patients_fractured": 0}),
        Design(*(np.zeros((0, N_SLOTS), dtype=kind) for kind in (bool,) * 5 + (int,)), np.zeros(0, dtype=int), 0, 0),
    ):
        table = check("no_effect", no_effect_cohorts(design, {1.0: MODEL}, cohorts=5, seed=1))
        assert table["risk_ratio"].isna().all()
        found = summary(table, cohort=NONE, published=NONE | {"risk_ratio": 4.62})
        assert found[["risk_ratio_published_share", "risk_ratio_cohort_share"]].isna().all(axis=None)


def test_the_pace_brings_as_many_fractures_each_day():
    rng = np.random.default_rng(1)
    hazards, follow_up = rng.gamma(0.5, 2, (50, 400)), rng.integers(0, 600, 400)
    days = np.array([0, 5, 5, 90, 90, 90, 500])
    pace = pace_of(hazards, follow_up, days, cohorts=50, kind="cohort")
    expected = [
        -(
            np.expm1(-hazards[:, follow_up >= day] * pace.by(day)) - np.expm1(-hazards[:, follow_up >= day] * before)
        ).sum()
        / 50
        for day, before in ((0, 0.0), (5, pace.by(0)), (90, pace.by(5)), (500, pace.by(90)))
    ]
    assert expected == pytest.approx([1, 2, 3, 1], rel=1e-3)
    assert pace.reached(np.array([0.0, pace.by(5), np.nextafter(pace.by(5), 9), 1e9])).tolist() == [0, 5, 90, 500]
    even = pace_of(hazards, follow_up, days, cohorts=50, kind="constant")
    assert -np.expm1(-hazards * even.by(follow_up)).sum() / 50 == pytest.approx(7, rel=1e-3)
    assert even.by(200) == pytest.approx(2 * even.by(100))
    assert even.reached(even.by(np.array([100.0])) * 0.999).tolist() == [100]


def test_the_summary_counts_cohorts():
    table = pd.DataFrame(
        {
            "strength": 1.0,
            "cohort": range(1, 5),
            "risk_ratio": [2.0, 4.62, 6.0, np.nan],
            "fractures_adjacent": [1, 1, 1, 1],
            "fractures_nonadjacent": [1, 1, 1, 0],
            "median_days_adjacent": [50.0, 90.0, 90.0, 20.0],
            "median_days_nonadjacent": [120.0, 80.0, 95.0, np.nan],
            "all_median_days_adjacent": np.nan,
            "all_median_days_nonadjacent": [np.nan, np.nan, 700.0, np.nan],
            "patients_fractured": [1, 2, 3, 2],
        }
    )
    ours, theirs = NONE, {"risk_ratio": 4.62, "adjacent": 55, "nonadjacent": 60}
    (found,) = summary(table, cohort=ours, published=theirs).to_dict("records")
    # The cohort with fractures next to cement only has a ratio higher than any.
    assert found["risk_ratio_published_share"] == 0.75
    # Wilson's interval of 3 of 4; R: prop.test(3, 4, correct = FALSE)$conf.int
    assert found["risk_ratio_published_low"] == pytest.approx(0.3006418, abs=1e-6)
    assert found["risk_ratio_published_high"] == pytest.approx(0.9544127, abs=1e-6)
    assert found["risk_ratio_middle"] == 4.62
    assert found["lead_days_middle"] == 5
    # One cohort has no two medians.
    assert found["lead_days_published_share"] == pytest.approx(2 / 3)
    assert (found["reached_adjacent"], found["reached_nonadjacent"], found["patients_fractured"]) == (0, 1, 2)
    assert np.isnan(found["risk_ratio_cohort_share"])
    assert found["cohorts"] == 4
    nobody_further_away = table.assign(risk_ratio=np.nan, fractures_nonadjacent=0)
    found = summary(nobody_further_away, cohort=ours, published=theirs)
    assert found["risk_ratio_published_share"].isna().all()


def shared_tables():
    """Three patients: one spine with 11 thoracic vertebrae; the second has a new fracture, the third none at risk."""
    names = ["p000001", "p000002", "p000003"]
    rows = []
    for name, gone, days in (("p000001", {"T12", "T13", "L6", "L1"}, 40), ("p000002", {"T13", "L6", "T12", "L3"}, 90)):
        rows += [
            (name, level, level in ("T11", "L2"), days, "censored")
            for level in SLOTS
            if level not in gone and level not in ("T1", "T2", "T3")
        ]
    rows = pd.DataFrame(rows, columns=["patient", "level", "is_adjacent", "days", "outcome"])
    is_new = (rows["patient"] == "p000002") & (rows["level"] == "T11")
    rows.loc[is_new, ["days", "outcome"]] = [12, "fracture"]
    rows["patient"] = pd.Categorical(rows["patient"])
    rows["level"] = pd.Categorical(rows["level"], categories=SLOTS, ordered=True)
    patients = pd.DataFrame({"patient": pd.Categorical(names), "thoracic_vertebrae": [11, 12, 12]})
    patients["lumbar_vertebrae"] = 5
    fractures = pd.DataFrame(
        {"patient": ["p000001", "p000001", "p000002", "p000003"], "level": ["L1", "T2", "T11", "T7"]}
    )
    fractures["status"] = ["prevalent", "prevalent", "new", "prevalent"]
    fractures["patient"] = pd.Categorical(fractures["patient"], categories=names)
    fractures["level"] = pd.Categorical(fractures["level"], categories=SLOTS, ordered=True)
    return rows, patients, fractures


def levels(flags):
    return [[SLOTS[slot] for slot in np.flatnonzero(row)] for row in flags]


def test_a_design_is_read_off_the_shared_tables():
    design = design_of(*shared_tables(), seed=1)
    assert len(design.has_slot) == design.n_patients == 2
    # Old: what is within the levels at risk but not at risk, and what is listed outside of them.
    assert levels(design.fractured) == [["T2", "L1"], ["T12", "L3"]]
    assert levels(design.assessed & ~design.at_risk) == levels(design.fractured)
    assert levels(~design.assessed)[0][:2] == ["T1", "T3"]
    assert levels(design.is_adjacent) == [["T11", "L2"]] * 2
    assert not design.has_slot[0, SLOTS.index("T12")]
    # The vertebra that fractured anew is followed as long as its patient.
    assert design.follow_up[1, SLOTS.index("T11")] == 90
    assert design.follow_up[0, SLOTS.index("T4")] == 40
    assert (design.event_days.tolist(), design.patients_fractured) == ([12], 1)


def test_levels_outside_the_risk_table_are_open_but_for_their_old_fractures():
    risk_table, patients, fractures = shared_tables()
    lumbar = risk_table[risk_table["level"] >= "L1"]
    design = design_of(lumbar, patients, fractures, seed=1)
    assert levels(design.fractured) == [["T2", "L1"], ["L3"]]
    assert levels(design.assessed) == [["T2", "L1", "L2", "L3", "L4", "L5"], ["L1", "L2", "L3", "L4", "L5"]]
    assert not len(design.event_days)


def test_of_many_patients_some_are_drawn():
    one = design_of(*shared_tables(), seed=1, most_patients=1)
    again = design_of(*shared_tables(), seed=1, most_patients=1)
    assert (len(one.has_slot), one.n_patients) == (1, 2)
    np.testing.assert_array_equal(one.fractured, again.fractured)
    drawn = {len(design_of(*shared_tables(), seed=seed, most_patients=1).event_days) for seed in range(8)}
    assert drawn == {0, 1}
