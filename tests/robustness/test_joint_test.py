"""Cement dealt anew: the ratios are the ordinary ones, the dealing is fair, and the seed decides it all."""

from functools import cache

import numpy as np
import pandas as pd
import pytest

from helpers.cohort.near_cement import nearest_cement
from helpers.cohort.privacy import shareable
from helpers.cohort.spine import SLOT_INDEX, unpack
from helpers.cohort.spine_arrays import count_levels, spine_arrays
from helpers.cohort.tables import check
from helpers.robustness.dealt_cement import (
    AMONG_FRACTURED,
    AMONG_WHOLE,
    NULLS,
    among_fractured,
    as_it_was,
    can_differ,
    dealt,
)
from helpers.robustness.dealt_ratios import ESTIMATORS, DealtVertebrae, Spans
from helpers.robustness.grid import written_grid
from helpers.robustness.joint_test import ABOVE, BLOCK, MEDIAN, joint_test, thinned
from helpers.robustness.shared_cohort import shared_cohort
from helpers.robustness.specifications import AT_RISK, specification_curve
from helpers.robustness.vertebrae import vertebrae_at_risk
from tests.cohort.cohorts import DICTIONARY, cleaned, random_study, study
from tests.robustness.test_choices import REFERENCE, reasoned
from tests.robustness.test_specifications import GRID


def cohort_of(raw):
    return shared_cohort(shareable(cleaned(raw), DICTIONARY), most_patients=1000, seed=1)


@cache
def cohort():
    return cohort_of(random_study(np.random.default_rng(12), 150))


SMALL = reasoned(adjacent_within=["1", "2"], sandwich_vertebrae=["in", "out"], estimator=["crude", "rate"])


def test_cement_as_it_was_gives_the_ordinary_curve():
    own, grid = cohort(), {choice: values for choice, values in GRID.items() if choice != "death_follow_up"}
    used = thinned(written_grid(grid, REFERENCE).specifications, made_with="prevalent")
    expected = specification_curve(own, used, made_with="prevalent")
    places = as_it_was(spine_arrays(own))
    assert len(used) == 3 * 2 * 2 * 2 * 2 * 2 * 3
    assert expected["estimate"].notna().mean() > 0.8
    for _, of_table in expected.groupby(list(AT_RISK)):
        spans = Spans.of(vertebrae_at_risk(own, of_table.iloc[0].to_dict()))
        for row in of_table.to_dict("records"):
            left_out = places.sandwich if row["sandwich_vertebrae"] == "out" else 0 * places.sandwich
            each = DealtVertebrae(spans, places.adjacent(int(row["adjacent_within"])), left_out)
            [(log_ratio, is_above)] = each.ratios(
                [row["estimator"]],
                fractures_counted=row["fractures_counted"],
                horizon=row["horizon_days"],
                conf_level=0.95,
            )
            assert np.exp(log_ratio[0]) == pytest.approx(row["estimate"], rel=1e-12, nan_ok=True)
            if row["std_error"] > 0:
                assert is_above[0] == (row["conf_low"] > 1)


def test_among_whole_vertebrae_each_patient_keeps_the_number_at_each_distance():
    spines = spine_arrays(cohort())
    was, ways = as_it_was(spines), dealt(spines, AMONG_WHOLE, 40, np.random.default_rng(1))
    is_whole = unpack(spines.levels & ~(spines.cemented | spines.prevalent))
    for values, own in ((ways.distance, was.distance), (ways.is_sandwich, was.is_sandwich)):
        kept, original = (np.sort(np.where(is_whole, each, 99), axis=-1) for each in (values, own))
        assert (kept == original).all()
    assert (ways.distance != was.distance)[:, is_whole].mean() > 0.5
    differs = ((ways.distance != was.distance) & is_whole).any(axis=(0, 2))
    np.testing.assert_array_equal(differs, can_differ(spines, AMONG_WHOLE))


def test_among_fractured_vertebrae_cement_stays_among_them_in_its_number():
    spines = spine_arrays(cohort())
    ways = dealt(spines, AMONG_FRACTURED, 40, np.random.default_rng(1))
    cemented = among_fractured(spines, 40, np.random.default_rng(1))
    assert not (cemented & ~(spines.levels & (spines.cemented | spines.prevalent))).any()
    assert (count_levels(cemented) == count_levels(spines.cemented & spines.levels)).all()
    assert (cemented != spines.cemented).any(axis=0).sum() > 20
    near = nearest_cement(spines.levels, cemented[3])
    np.testing.assert_array_equal(ways.distance[3], near.distance[near.pattern])
    differs = can_differ(spines, AMONG_FRACTURED)
    np.testing.assert_array_equal(differs, (spines.prevalent & ~spines.cemented & spines.levels) > 0)
    assert (ways.distance == as_it_was(spines).distance)[:, ~differs].all()
    assert (cemented != spines.cemented).any(axis=0)[differs].all()


def test_every_fractured_vertebra_is_as_likely_to_be_dealt_the_cement():
    raw = study(
        patients=["a | @400 | | | 12 | 5"],
        procedures=["a | @0 | T12"],
        fractures=["a | T6 | @-5 | prevalent", "a | T9 | @-5 | prevalent", "a | L2 | @-5 | prevalent"],
    )
    ways = dealt(spine_arrays(cohort_of(raw)), AMONG_FRACTURED, 4000, np.random.default_rng(2))
    neighbours = [SLOT_INDEX[level] for level in ("T5", "T8", "T11", "L3")]
    times = (ways.distance[:, 0, neighbours] == 1).sum(axis=0)
    # Each 1,000 times with a standard deviation of 27.
    assert times.sum() == 4000
    assert (np.abs(times - 1000) < 110).all()


def test_the_test_keeps_its_contract_and_the_seed_decides():
    specifications = written_grid(SMALL, REFERENCE).specifications
    options = {"made_with": "prevalent", "permutations": BLOCK + 10}
    one, same, other = (joint_test(cohort(), specifications, **options, seed=seed) for seed in (20060127, 20060127, 1))
    pd.testing.assert_frame_equal(check("specification_tests", one), same, check_exact=True)
    assert not one.equals(other)
    assert one["observed"].equals(other["observed"])
    assert one["patients"].tolist() == [
        int(can_differ(spine_arrays(cohort()), null).sum()) for null in NULLS for _ in (MEDIAN, ABOVE)
    ]
    assert one["null"].tolist() == [NULLS[0], NULLS[0], NULLS[1], NULLS[1]]
    assert one["statistic"].tolist() == [MEDIAN, ABOVE] * 2
    reached = one["p_value"] * (1 + BLOCK + 10) - 1
    assert reached.tolist() == pytest.approx(reached.round().tolist(), abs=1e-9)
    assert one["p_value"].between(1 / (BLOCK + 11), 1).all()


def test_more_permutations_go_on_from_the_same_blocks():
    """The first block of ways is the same whatever the number of blocks."""
    seeds = [np.random.SeedSequence([7, 0]).spawn(n_blocks)[0] for n_blocks in (1, 9)]
    spines = spine_arrays(cohort())
    one, other = (dealt(spines, AMONG_WHOLE, BLOCK, np.random.default_rng(own)) for own in seeds)
    np.testing.assert_array_equal(one.distance, other.distance)


def test_fractures_put_next_to_cement_are_told_from_chance():
    """20 patients whose only new fracture is above the one cemented level, with three others fractured before."""
    names = [f"p{number}" for number in range(20)]
    old = ("T5", "T8", "L4")
    raw = study(
        patients=[f"{name} | @400 | | | 12 | 5" for name in names],
        procedures=[f"{name} | @0 | T12" for name in names],
        fractures=[
            *(f"{name} | T11 | @{40 + place} | new" for place, name in enumerate(names)),
            *(f"{name} | {level} | @-5 | prevalent" for name in names for level in old),
            "p0 | T2 | @90 | new",
        ],
    )
    tests = joint_test(cohort_of(raw), written_grid(SMALL, REFERENCE).specifications, made_with="prevalent")
    assert (tests.loc[tests["statistic"] == MEDIAN, "p_value"] == 1 / 201).all()
    medians = tests[tests["statistic"] == MEDIAN].set_index("null")
    assert medians["observed"].iloc[0] > 3 * medians["null_high"].max()


def test_without_a_specification_it_can_use_it_says_nothing():
    grid = written_grid(reasoned(prevalent_fractures=["keep"]), REFERENCE | {"prevalent_fractures": "keep"})
    tests = check("specification_tests", joint_test(cohort(), grid.specifications, made_with="prevalent"))
    assert tests["p_value"].isna().all()
    assert (tests["specifications"] == 0).all()
    assert set(ESTIMATORS) < {"crude", "within_patient", "rate", "hazard"}
