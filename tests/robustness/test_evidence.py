"""Published ratios and their summaries, against published intervals and the laws of a random-effects mean."""

import numpy as np
import pandas as pd
import pytest

from helpers.cohort.published import published_value
from helpers.errors import WorkbookError
from helpers.report.rows import evidence_rows
from helpers.robustness.evidence import EVIDENCE_FILE, from_counts, read_evidence, summarise

Z = 1.959963984540054


def studies(*ratios, unit="patients", measure="risk ratio"):
    """Made-up studies: (ratio, standard error of its log)."""
    return pd.DataFrame({
        "panel": "made up", "unit": unit, "design": "cohort", "contrast": "a : b", "outcome": "c", "measure": measure,
        "study": [f"study {place}" for place in range(len(ratios))],
        "citation": [f"citation {place}" for place in range(len(ratios))], "n_patients": 100,
        "estimate": [ratio for ratio, _ in ratios],
        "conf_low": [ratio * np.exp(-Z * error) for ratio, error in ratios],
        "conf_high": [ratio * np.exp(Z * error) for ratio, error in ratios],
    })  # fmt: skip


def test_the_published_ratio_has_no_interval_and_no_unit():
    trout = read_evidence().set_index("study").loc["Trout 2006"]
    assert trout["estimate"] == published_value("risk_ratio")
    assert trout[["conf_low", "conf_high"]].isna().all()
    assert trout["unit"] == "not stated"


def test_no_figure_is_both_published_and_calculated():
    published = pd.read_csv(EVIDENCE_FILE)
    counted = published["events_exposed"].notna()
    printed = published[counted & published["estimate"].notna()]
    # Kobayashi printed both: the ratio of the counts is the one printed.
    ratios = (printed["events_exposed"] / printed["at_risk_exposed"]) / (
        printed["events_unexposed"] / printed["at_risk_unexposed"]
    )
    np.testing.assert_allclose(ratios, printed["estimate"], atol=0.005)
    assert len(printed) == 2
    assert published[["panel", "unit", "contrast", "outcome", "measure", "strength"]].notna().all(axis=None)


def test_counts_give_the_interval_that_was_printed_elsewhere():
    """Kobayashi 2009 printed 0.27 (0.11 to 0.63) for 7/155 against 15/89."""
    ratio = from_counts(7, 155, 15, 89, measure="risk ratio")
    assert [round(value, 2) for value in (ratio.estimate, ratio.conf_low, ratio.conf_high)] == [0.27, 0.11, 0.63]


def test_studies_that_agree_are_summarised_and_no_others():
    evidence = read_evidence()
    summaries = summarise(evidence)
    assert set(summaries["studies"]) == {
        "VERTOS II 2010, v conservative; VERTOS IV 2019, v sham",
        "794 and 349 patients (PMID 21717302); Yang 2019",
    }
    assert "not stated" not in set(summaries["unit"])


def test_alike_studies_give_their_common_ratio_with_the_error_of_both():
    summary = summarise(studies((2.0, 0.2), (2.0, 0.2))).iloc[0]
    assert summary["estimate"] == pytest.approx(2)
    assert np.log(summary["conf_high"] / 2) == pytest.approx(Z * 0.2 / np.sqrt(2))
    assert summary["tau"] == 0
    assert summary["heterogeneity"] == 0


def test_the_spread_between_studies_solves_its_equation():
    """Paule and Mandel's condition, and the mean and error that follow from it, worked out here."""
    ratios, errors = np.array([0.8, 1.9, 3.5, 1.2]), np.array([0.15, 0.3, 0.25, 0.2])
    summary = summarise(studies(*zip(ratios, errors, strict=True))).iloc[0]
    weights = 1 / (errors**2 + summary["tau"] ** 2)
    mean = weights @ np.log(ratios) / weights.sum()
    assert weights @ (np.log(ratios) - mean) ** 2 == pytest.approx(len(ratios) - 1, abs=1e-8)
    assert np.log(summary["estimate"]) == pytest.approx(mean, abs=1e-10)
    assert np.log(summary["conf_high"]) == pytest.approx(mean + Z / np.sqrt(weights.sum()), abs=1e-10)
    assert summary["tau"] > 0
    assert 0 < summary["heterogeneity"] < 1


def test_other_units_measures_or_lone_studies_are_not_pooled():
    lone = pd.concat([studies((2.0, 0.2)), studies((3.0, 0.2), unit="vertebrae"), studies((3.0, 0.2), measure="x")])
    assert summarise(lone).empty
    assert summarise(studies((2.0, 0.2), (3.0, 0.2), unit="not stated")).empty


def test_two_rows_of_one_study_are_refused():
    twice = studies((2.0, 0.2), (2.5, 0.2), (3.0, 0.1)).assign(citation=["one", "one", "two"])
    with pytest.raises(WorkbookError, match="Two rows of one study"):
        summarise(twice)


def test_a_row_without_ratio_and_counts_is_refused(tmp_path):
    broken = pd.read_csv(EVIDENCE_FILE)
    broken.loc[1, "at_risk_exposed"] = np.nan
    broken.to_csv(tmp_path / "evidence.csv", index=False)
    with pytest.raises(WorkbookError, match="gives no ratio"):
        read_evidence(tmp_path / "evidence.csv")


def test_rows_of_the_figure_keep_the_order_and_put_a_summary_under_its_panel():
    evidence = read_evidence()
    rows = evidence_rows(evidence, summarise(evidence))
    assert list(rows["group"].unique()) == list(evidence["panel"].unique())
    trials = rows[rows["group"] == "Randomised trials"]
    assert trials["kind"].iloc[-1] == "summary of studies"
    assert trials["label"].iloc[-1] == "Summary of VERTOS II 2010 and VERTOS IV 2019"
    assert trials["counts"].iloc[2] == "odds ratio, unit not stated"
    assert rows["text"].iloc[0] == "4.62"
