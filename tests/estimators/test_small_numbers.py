"""Estimates as small numbers allow them to be shown."""

import numpy as np
import pytest

from helpers import estimators as est
from helpers.disclosure import NOT_SHOWN, Coarse, is_withheld
from helpers.estimators import curve_table
from helpers.estimators.small_numbers import as_shown, curves_as_shown, guarded, part_as_shown

K = 8


def table(a: int, b: int, c: int, d: int):
    """Rows of a two-by-two table: event, exposed, each vertebra its own patient."""
    event = np.repeat([True, False, True, False], [a, b, c, d])
    return event, np.repeat([True, True, False, False], [a, b, c, d]), np.arange(a + b + c + d)


def survival(seed: int = 1, n: int = 300):
    draw = np.random.default_rng(seed)
    exposed = draw.random(n) < 0.4
    days = draw.integers(1, 700, n)
    return days, draw.random(n) < 0.4, exposed, np.repeat(np.arange(n // 3), 3)


@pytest.mark.parametrize("cells", [(7, 40, 30, 90), (30, 7, 40, 90), (30, 40, 0, 90), (40, 40, 40, 3)])
@pytest.mark.parametrize("estimator", [est.risk_ratio, est.risk_difference, est.odds_ratio, est.mantel_haenszel])
def test_an_estimate_with_a_small_cell_is_not_shown_and_tells_nothing(cells, estimator):
    stratum = {"stratum": np.zeros(sum(cells))} if estimator is est.mantel_haenszel else {}
    shown = as_shown(estimator(*table(*cells), **stratum), K)
    assert shown.note == f"{NOT_SHOWN}: fewer than 8 behind it or one of its groups"
    assert (shown.estimate, shown.conf_low, shown.conf_high, shown.p_value, shown.std_error) == (None,) * 5
    assert shown.counts is None
    assert all(map(is_withheld, (shown.n_patients, shown.n_vertebrae, shown.n_events)))


@pytest.mark.parametrize(
    "estimator",
    [
        est.hazard_ratio,
        est.logrank_test,
        est.proportional_hazards_test,
        est.adjusted_hazard_ratio,
        lambda *rows: est.hazard_ratio_change(*rows, at=350),
        lambda *rows: est.risk_ratio_at_horizon(*rows, horizon_days=600),
        lambda *rows: est.risk_difference_at_horizon(*rows, horizon_days=600),
        lambda *rows: est.restricted_mean_difference(*rows, horizon_days=600),
        lambda days, event, *rest: est.rate_ratio(days, event, *rest),
        lambda days, event, exposed, patient: est.lifelines_hazard_ratio(days, event, exposed),
        lambda days, event, *rest: est.interval_censored_hazard_ratio(days - 1, np.where(event, days, np.inf), *rest),
    ],
)
def test_few_events_in_a_group_hide_estimates_that_have_no_table(estimator):
    days, event, exposed, patient = survival()
    assert as_shown(estimator(days, event, exposed, patient), K).is_estimable
    few = event & (~exposed | (np.cumsum(event & exposed) <= 7))
    assert as_shown(estimator(days, few, exposed, patient), K).note.startswith(NOT_SHOWN)


def test_few_events_on_one_side_of_a_day_hide_the_change():
    days, event, exposed, patient = survival()
    early = event & exposed & (days <= 350)
    event = event & (~early | (np.cumsum(early) <= 5))
    assert not as_shown(est.hazard_ratio_change(days, event, exposed, patient, at=350), K).is_estimable
    assert as_shown(est.hazard_ratio(days, event, exposed, patient), K).is_estimable


def test_counts_are_rounded_and_values_have_two_digits():
    shown = as_shown(est.risk_ratio(*table(74, 756, 107, 5600)), K)
    assert (shown.estimate, shown.counts.events_exposed.text, shown.counts.at_risk_unexposed.text) == (
        4.8,
        "~76",
        "~5,708",
    )
    assert all(value == float(f"{value:.2g}") for value in (shown.conf_low, shown.conf_high, shown.std_error))


def test_showing_twice_changes_nothing():
    once = as_shown(est.risk_ratio(*table(74, 756, 107, 5600)), K)
    assert as_shown(once, K) is once
    stored = est.from_frame(est.to_frame({"ratio": once}, contrast="of groups"))["ratio"]
    assert as_shown(stored, K) == once
    hidden = as_shown(est.risk_ratio(*table(4, 756, 107, 5600)), K)
    stored = est.from_frame(est.to_frame({"ratio": hidden}, contrast="of groups"))["ratio"]
    assert as_shown(stored, K).note == hidden.note


def test_without_a_limit_nothing_changes():
    ratio = est.risk_ratio(*table(3, 4, 5, 6))
    assert as_shown(ratio, 0) is ratio
    assert guarded(est, 1, whole=18) is est


def test_what_adds_up_is_shown_whole_or_not_at_all():
    event, exposed, patient = table(30, 60, 30, 60)
    group = np.where(exposed, "near", np.where(np.cumsum(event & ~exposed) <= 6, "middle", "far"))
    groups = {"groups": ["near", "middle"], "reference": "far"}
    shown = guarded(est, K, whole=len(event)).risk_ratios(event, group, patient, **groups)
    assert [ratio.note.startswith(NOT_SHOWN) for ratio in shown.values()] == [True, True]
    small = guarded(est, K, whole=len(event))
    risks = small.by_group(small.risk, group, event, patient, groups=["near", "middle", "far"])
    assert all(risk.note.startswith(NOT_SHOWN) for risk in risks.values())


def test_an_estimate_of_some_vertebrae_shows_no_counts():
    """Two counts of vertebrae would tell how many patients lie between them."""
    rows = table(74, 756, 107, 5600)
    part = guarded(est, K, whole=9999).risk_ratio(*rows)
    assert part.is_estimable
    assert part.counts is None
    assert is_withheld(part.n_patients)
    assert is_withheld(part.n_vertebrae)


@pytest.mark.parametrize("cells", [(12, 60, 15, 300), (33, 90, 70, 800), (74, 756, 107, 5600)])
def test_counts_of_a_shown_ratio_cannot_be_computed_back(cells):
    """All tables in the boxes that give the ratio and the limit shown: none of the counts is left with one value.

    These are counts of 8 and more, which may be told closely; no hidden count stands behind an estimate that is shown.
    """
    shown = as_shown(est.risk_ratio(*table(*cells)), K)
    boxes = [range(int(count) - 4, int(count) + 4) for count in vars(shown.counts).values()]
    a, n1, c, n0 = (grid.ravel() for grid in np.meshgrid(*boxes))
    log_ratio, error = np.log(a / n1 * n0 / c), np.sqrt(1 / a - 1 / n1 + 1 / c - 1 / n0)
    fits = np.ones(len(a), dtype=bool)
    for name, value in (("estimate", log_ratio), ("conf_low", log_ratio - 2 * error)):
        # The clustered interval is a little wider or narrower: the attacker takes 1.9 to 2.1 errors for possible.
        spread = 0 if name == "estimate" else 0.1 * error
        told = getattr(shown, name)
        step = 10.0 ** (np.floor(np.log10(told)) - 1) / 2
        fits &= (np.exp(value + spread) >= told - step) & (np.exp(value - spread) <= told + step)
    assert fits.any()
    assert min(len(set(number[fits])) for number in (a, n1, c, n0)) >= 3


@pytest.mark.parametrize("cells", [(23, 254, 36, 1902), (33, 90, 70, 800), (74, 756, 107, 5600)])
def test_an_interval_that_ignores_patients_tells_no_more_than_the_ratio_and_its_boxes(cells):
    """Katz's interval is a formula of the four counts: two digits of it, and of p, would leave one table of all."""
    event, exposed, _ = table(*cells)
    exact, shown = est.risk_ratio(event, exposed), as_shown(est.risk_ratio(event, exposed), K)
    assert "calculated from the counts as shown" in shown.note
    a, n1, c, n0 = map(int, vars(shown.counts).values())
    error = np.sqrt(1 / a - 1 / n1 + 1 / c - 1 / n0)
    assert shown.conf_low == pytest.approx(shown.estimate * np.exp(-1.959964 * error), rel=0.05)
    assert shown.conf_low == pytest.approx(exact.conf_low, rel=0.15)
    alike = {
        (shown.conf_low, shown.conf_high, shown.p_value, shown.std_error)
        for more in (0, 1, -1)
        if (shown := as_shown(est.risk_ratio(*table(cells[0], cells[1] + more, *cells[2:])[:2]), K)).estimate
        == as_shown(exact, K).estimate
        and shown.counts == as_shown(exact, K).counts
    }
    assert len(alike) == 1
    stored = est.from_frame(est.to_frame({"ratio": as_shown(exact, K)}, contrast="of groups"))["ratio"]
    assert as_shown(stored, K) == as_shown(exact, K)


@pytest.mark.parametrize(("left_out", "is_shown"), [((8, 9), True), ((7, 9), False), ((8, 0), False)])
def test_a_ratio_of_some_events_is_not_shown_where_few_lie_between_it_and_that_of_all(left_out, is_shown):
    of_all, exposed, patient = table(40, 60, 50, 60)
    event = of_all.copy()
    for group, number in zip((exposed, ~exposed), left_out, strict=True):
        event[np.flatnonzero(of_all & group)[:number]] = False
    options = {"event": event, "of_all": of_all, "exposed": exposed}
    ratio = est.risk_ratio(event, exposed, patient)
    assert part_as_shown(ratio, 0, **options) is ratio
    shown = part_as_shown(as_shown(ratio, K), K, **options)
    assert shown.is_estimable is is_shown
    assert shown.note.startswith(NOT_SHOWN) is not is_shown


def test_a_share_tells_no_more_than_its_counts():
    texts = {as_shown(est.risk(np.arange(830) < n, np.arange(830)), K).estimate for n in range(72, 80)}
    assert texts == {76 / 828}


def test_curves_are_given_on_the_days_of_their_table_in_steps_of_a_box():
    days, event, exposed, patient = survival()
    curves = {"near": est.cumulative_incidence(days, event, patient)}
    steps, ticks = curve_table.curve_table(curves, curve="x"), [0, 90, 365, 690, 699]
    shown, counts = curves_as_shown(steps, curve_table.counts_table(curves, ticks), K, start=0)
    assert list(counts) == ["group", "time", "at_risk"]
    assert all(isinstance(count, Coarse) for count in counts["at_risk"])
    assert shown["time"].tolist() == [day for day in ticks if (days >= day).sum() >= K]
    in_boxes = (shown["estimate"].iloc[1:] * 300 - 4) / K
    np.testing.assert_allclose(in_boxes * (int(counts["at_risk"].iloc[0]) / 300), in_boxes.round(), atol=0.6)
    assert shown[["conf_low", "conf_high"]].isna().all(axis=None)


def test_notes_lose_what_they_count():
    event, exposed, patient = table(30, 60, 30, 60)
    strata = np.tile([0, 1, 2], 60)
    ratio = est.mantel_haenszel(event, exposed, patient, stratum=strata)
    assert "strata" in ratio.note
    assert "strata" not in as_shown(ratio, K).note


def test_every_estimator_of_the_notebooks_is_guarded():
    small = guarded(est, K, whole=100)
    functions = [name for name in est.__all__ if not isinstance(getattr(est, name), type)]
    assert all(getattr(small, name) is not getattr(est, name) for name in functions)
    assert small.Estimate is est.Estimate
