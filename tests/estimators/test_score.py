import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.errors import WorkbookError
from helpers.estimators.estimate import TwoByTwo
from helpers.estimators.score import score_interval, score_statistic

ALL_TABLES = Path(__file__).parents[3] / "shared" / "data" / "rr_reference" / "reference_results.json"
Z95 = 1.959963984540054


@st.composite
def two_by_two(draw):
    n1, n0 = draw(st.integers(1, 60)), draw(st.integers(1, 60))
    return draw(st.integers(0, n1)), n1, draw(st.integers(0, n0)), n0


@pytest.mark.parametrize("method", ["koopman", "miettinen_nurminen"])
def test_agrees_with_r_to_1e_8(tables, method):
    for table in tables.values():
        interval = score_interval(*table["counts"], method=method)
        assert [interval.conf_low, interval.conf_high] == pytest.approx(table[method], rel=1e-8, abs=0)


def test_p_value_is_pearsons(tables):
    for table in tables.values():
        assert score_interval(*table["counts"]).p_value == pytest.approx(table["pearson_p"], rel=1e-9, abs=1e-15)


@pytest.mark.parametrize("method", ["koopman", "miettinen_nurminen"])
def test_limits_solve_the_defining_equation(tables, method):
    for table in tables.values():
        interval = score_interval(*table["counts"], method=method)
        z = score_statistic(TwoByTwo(*table["counts"]), "risk ratio", method)
        assert z(interval.conf_low) == pytest.approx(Z95, abs=1e-12)
        assert z(interval.conf_high) == pytest.approx(-Z95, abs=1e-12)


def test_reference_limits_are_themselves_loose(tables):
    # Why the comparison with R stops at 1e-8: put into the equation, R's own limits miss it by this much.
    misses = []
    for table in tables.values():
        z = score_statistic(TwoByTwo(*table["counts"]), "risk ratio", "koopman")
        misses += [abs(abs(z(limit)) - Z95) for limit in table["koopman"]]
    assert 1e-10 < max(misses) < 5e-9


@pytest.mark.skipif(not ALL_TABLES.exists(), reason="the full set of reference tables is not part of the workbook")
def test_all_23_reference_tables(rows_of):
    from helpers.estimators.relative_risk import risk_ratio

    single = json.loads(ALL_TABLES.read_text())["single"]
    assert len(single) == 23
    for table in single.values():
        counts = [table[name] for name in ("a", "n1", "c", "n0")]
        koopman, mn = score_interval(*counts), score_interval(*counts, method="miettinen_nurminen")
        katz = risk_ratio(*rows_of(*counts))
        assert [koopman.conf_low, koopman.conf_high] == pytest.approx(
            table["koopman_asymptotic_score"], rel=1e-8, abs=0
        )
        assert [mn.conf_low, mn.conf_high] == pytest.approx(table["miettinen_nurminen"], rel=1e-8, abs=0)
        assert [katz.conf_low, katz.conf_high] == pytest.approx(table["wald"], rel=1e-8, abs=0)


@pytest.mark.parametrize(
    ("counts", "printed"),
    [
        ((36, 40, 16, 80), (2.94, 7.15)),  # Koopman 1984
        ((8, 15, 4, 15), (0.815, 5.336)),  # Gart and Nam 1988, example 1
        ((6, 10, 6, 20), (0.844, 4.594)),  # Gart and Nam 1988, example 2
    ],
)
def test_published_intervals(counts, printed):
    interval = score_interval(*counts)
    digits = len(str(printed[0]).split(".")[1])
    assert (round(interval.conf_low, digits), round(interval.conf_high, digits)) == printed


def test_risk_difference_of_newcombes_example():
    # Newcombe 1998, example (d): 5/56 against 0/29.
    mn = score_interval(5, 56, 0, 29, measure="risk difference", method="miettinen_nurminen")
    mee = score_interval(5, 56, 0, 29, measure="risk difference")
    assert (round(mn.conf_low, 4), round(mn.conf_high, 4)) == (-0.0326, 0.1933)
    assert (round(mee.conf_low, 4), round(mee.conf_high, 4)) == (-0.0313, 0.1926)
    assert mn.unit == "probability difference"


@given(two_by_two())
@settings(max_examples=60, deadline=None)
def test_swapping_the_groups_inverts_the_ratio_and_the_interval(counts):
    a, n1, c, n0 = counts
    here, there = score_interval(a, n1, c, n0), score_interval(c, n0, a, n1)
    if not (a or c):
        assert here.estimate is None
        return
    assert (here.conf_high is None) == (there.conf_low == 0)
    if here.conf_high is not None:
        assert here.conf_high * there.conf_low == pytest.approx(1, rel=1e-9)


@given(two_by_two(), st.sampled_from(["risk ratio", "odds ratio", "risk difference"]), st.booleans())
@settings(max_examples=60, deadline=None)
def test_interval_and_p_value_agree(counts, measure, corrected):
    method = "miettinen_nurminen" if corrected else "koopman"
    interval = score_interval(*counts, measure=measure, method=method)
    if interval.conf_low is None:
        assert interval.estimate is None
        return
    null = 0.0 if measure == "risk difference" else 1.0
    outside = null < interval.conf_low or (interval.conf_high is not None and null > interval.conf_high)
    assert outside == (interval.p_value < 0.05)
    if interval.estimate is not None and interval.conf_high is not None:
        assert interval.conf_low <= interval.estimate <= interval.conf_high


@given(two_by_two())
@settings(max_examples=40, deadline=None)
def test_a_higher_level_is_wider(counts):
    narrow, wide = score_interval(*counts, conf_level=0.9), score_interval(*counts, conf_level=0.99)
    if narrow.conf_low is not None:
        assert wide.conf_low <= narrow.conf_low
        assert narrow.conf_high is None or wide.conf_high >= narrow.conf_high


def test_zero_cells_are_left_at_zero():
    none_exposed = score_interval(0, 10, 3, 12)
    assert (none_exposed.estimate, none_exposed.conf_low) == (0, 0)
    assert none_exposed.conf_high == pytest.approx(1.30182264, rel=1e-8)
    assert "zero cell in its numerator" in none_exposed.note
    none_unexposed = score_interval(3, 12, 0, 10)
    assert (none_unexposed.estimate, none_unexposed.conf_high) == (None, None)
    assert none_unexposed.conf_low == pytest.approx(1 / 1.30182264, rel=1e-8)
    assert "no upper limit" in none_unexposed.note


@pytest.mark.parametrize(
    ("counts", "measure", "words"),
    [
        ((0, 5, 0, 5), "risk ratio", "no events in either group"),
        ((0, 0, 3, 5), "risk ratio", "no vertebra at risk"),
        ((5, 5, 4, 4), "odds ratio", "every vertebra had an event"),
    ],
)
def test_nothing_to_estimate_says_why(counts, measure, words):
    absent = score_interval(*counts, measure=measure)
    assert absent.estimate is None
    assert words in absent.note


def test_all_events_in_both_groups():
    ratio = score_interval(5, 5, 4, 4)
    assert (ratio.estimate, ratio.p_value) == (1, 1)
    assert ratio.conf_low < 1 < ratio.conf_high


def test_errors_are_sentences():
    with pytest.raises(
        WorkbookError, match="`events_exposed` must lie between 0 and `at_risk_exposed`, but got 6 of 5"
    ):
        score_interval(6, 5, 1, 5)
    with pytest.raises(WorkbookError, match="`method` must be one of koopman, miettinen_nurminen, but got wald"):
        score_interval(1, 5, 1, 5, method="wald")
    with pytest.raises(WorkbookError, match="`conf_level` must be between 0 and 1, but got 95. Pass 0.95 for 95%."):
        score_interval(1, 5, 1, 5, conf_level=95)
