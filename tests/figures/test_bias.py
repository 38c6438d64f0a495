"""The figure of growing errors: five lines with long names, medians in days, and lines that break."""

import pandas as pd
import pytest

from helpers.errors import WorkbookError
from helpers.figures.bias import describe_bias, plot_bias
from tests.figures.boxes import assert_legible
from tests.figures.figure_tables import growing_errors

NAMES = [f"A rather long name of an error, number {place}" for place in range(5)]


@pytest.mark.parametrize("steps", [2, 5, 40])
def test_five_lines_with_long_names_and_many_numbers(steps):
    figure = plot_bias(
        growing_errors(NAMES, steps).assign(estimate=lambda rows: rows["estimate"].clip(upper=9)),
        x_label="Share",
        y_label="Ratio",
        references={"published 4.62": 4.62, "no cement, 3.06": 3.06},
        note="What stands under the figure, in words that take more than one line of it. " * 3,
    )
    texts = assert_legible(figure)
    assert {"published 4.62", "Share", "Ratio (log scale)"} <= set(texts)


def test_days_on_a_plain_axis_with_words_under_it():
    rows = growing_errors(["Next to cement", "Further away"], 3)
    rows = rows.assign(estimate=rows["estimate"] * 30, conf_low=float("nan"), conf_high=float("nan"))
    rows["x_text"] = ["earliest", "half way", "image"] * 2
    figure = plot_bias(rows, x_label="Dated on", y_label="Median days", is_ratio=False)
    texts = assert_legible(figure)
    assert {"earliest", "half way", "image", "0"} <= set(texts)


def test_a_line_may_be_absent_in_part_or_whole():
    rows = growing_errors(["one", "other"])
    rows.loc[rows["line"] == "other", "estimate"] = float("nan")
    rows.loc[rows.index[2], "estimate"] = float("nan")
    assert_legible(plot_bias(rows, x_label="Share", y_label="Ratio"))
    assert "other: not estimable" in describe_bias(rows, x_label="Share", y_label="Ratio")


def test_the_description_has_both_ends_and_the_dotted_lines():
    told = describe_bias(growing_errors(), x_label="Share", y_label="Ratio", references={"published": 4.62})
    assert told == "Ratio over share. This cohort: 0.9 at 0, 3.46 at 1. Dotted: published 4.62."


def test_a_table_without_its_columns_is_told():
    with pytest.raises(WorkbookError, match="its table lacks x"):
        plot_bias(pd.DataFrame({"line": ["a"]}), x_label="", y_label="")
