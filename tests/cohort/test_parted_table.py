"""What notebooks take from tables, part by part: the same groups, covariates and brackets as of whole tables."""

import numpy as np
import pandas as pd
import pytest

from helpers.cohort import contrasts
from helpers.cohort.covariates import COMPARES, covariate_columns
from helpers.cohort.first_fracture import first_fracture_only
from helpers.cohort.image_intervals import image_intervals
from helpers.parted import gathered
from tests.parts_here import in_parts_here

ROW_BY_ROW = ("exposure_group", "distance_group", "distance_score", "side_group", "place_group", "outcome_code")


@pytest.fixture(scope="module")
def tables(example_report):
    """The example's risk table, patient summary and periods."""
    names = ("risk_table", "patient_summary", "risk_periods")
    return [pd.read_parquet(example_report / "tables" / f"{name}.parquet") for name in names]


def cut(frame, n_parts):
    """Parts of every so manieth patient with their own keys alone, and one without rows."""
    number = frame["patient"].cat.codes.to_numpy() % n_parts
    pieces = [frame[number == part].reset_index(drop=True) for part in range(n_parts)] + [frame.iloc[:0]]
    return [piece.assign(patient=piece["patient"].cat.remove_unused_categories()) for piece in pieces]


def whole(column, tables, n_parts):
    """A column in parts in the order of the whole."""
    rows = np.concatenate([piece.index for piece in cut(tables[0].reset_index(), n_parts)])
    order = np.concatenate([piece["index"] for piece in cut(tables[0].reset_index(), n_parts)])
    assert len(rows) == len(order)
    return pd.Series(np.asarray(gathered(column))[np.argsort(order)])


@pytest.mark.parametrize("n_parts", [1, 3])
@pytest.mark.parametrize("name", ROW_BY_ROW)
def test_groups_of_rows(name, n_parts, tables):
    found = getattr(contrasts, name)(in_parts_here(cut(tables[0], n_parts)))
    expected = getattr(contrasts, name)(tables[0])
    assert whole(found, tables, n_parts).tolist() == expected.tolist()


def test_counts_and_periods(tables):
    parts, periods = (in_parts_here(cut(table, 3)) for table in (tables[0], tables[2]))
    pd.testing.assert_frame_equal(contrasts.two_by_two(parts), contrasts.two_by_two(tables[0]))
    observed, expected = contrasts.observed_periods(periods), contrasts.observed_periods(tables[2])
    assert len(observed) == len(expected)
    assert contrasts.adjacent_at_start(observed).sum() == contrasts.adjacent_at_start(expected).sum()
    first = first_fracture_only(parts)
    for name in ("days", "outcome"):
        assert whole(first[name], tables, 3).tolist() == first_fracture_only(tables[0])[name].tolist()


@pytest.mark.parametrize("more_days", [None, 20])
def test_brackets(tables, more_days):
    table = tables[0]
    if more_days is not None:
        table = table.assign(latest_days=table["days"] + np.int32(more_days))
    found, expected = image_intervals(in_parts_here(cut(table, 3))), image_intervals(table)
    pd.testing.assert_frame_equal(found.told, expected.told)
    assert whole(found.kept, tables, 3).tolist() == expected.kept.tolist()
    ends = [
        sorted(zip(*(np.asarray(gathered(end)) for end in (of.left, of.right)), strict=True))
        for of in (found, expected)
    ]
    assert ends[0] == ends[1]
    days = table.loc[expected.kept & (table["outcome"] == "fracture"), "days"].sort_values().tolist()
    assert sorted(expected.right[np.isfinite(expected.right)]) == [day + (more_days or 0) for day in days]


def spoiled(summary):
    """Every reason there is to leave a covariate out."""
    n = len(summary)
    older = summary.assign(age_years=np.where(np.arange(n) % 3 == 0, np.nan, summary["age_years"]))
    same = summary.assign(bone_density_t_score=-2.5)
    none = summary.assign(steroid_use=pd.Categorical([None] * n, summary["steroid_use"].cat.categories))
    women = summary["sex"] == "female"
    apart = summary.assign(bone_density_t_score=np.where(women, summary["bone_density_t_score"].fillna(-2.0), np.nan))
    return {"as it is": summary, "older": older, "same": same, "none": none, "apart": apart}


@pytest.mark.parametrize("most_missing", [0.0, 0.2, 1.0])
@pytest.mark.parametrize("name", ["as it is", "older", "same", "none", "apart"])
def test_covariates(name, most_missing, tables):
    risk_table, summary = tables[0], spoiled(tables[1])[name]
    options = {"names": list(COMPARES), "most_missing": most_missing}
    parts = [in_parts_here(cut(table, 3)) for table in (risk_table, summary)]
    found, expected = covariate_columns(*parts, **options), covariate_columns(risk_table, summary, **options)
    pd.testing.assert_frame_equal(found.told, expected.told)
    complete = whole(found.complete, tables, 3)
    assert complete.tolist() == expected.complete.tolist()
    assert list(found.labelled) == list(expected.labelled)
    days, expected_days = found.of_complete(parts[0]["days"])[0], expected.of_complete(risk_table["days"])[0]
    columns = {"days": (days, expected_days)}
    columns |= {label: (found.labelled[label], expected.labelled[label].astype(float)) for label in found.labelled}
    # Complete rows of the parts in the order of the whole.
    order = np.concatenate([piece["index"] for piece in cut(risk_table.reset_index(), 3)])
    order = np.argsort(order[np.asarray(gathered(found.complete))])
    for of_parts, of_whole in columns.values():
        np.testing.assert_array_equal(np.asarray(gathered(of_parts))[order], of_whole)
