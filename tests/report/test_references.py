"""Every number leads to its row: keys of estimates, references on the page, links that lead somewhere."""

import inspect
from dataclasses import replace

import pandas as pd
import pytest

from helpers.estimators.estimates import from_frame, to_frame
from helpers.estimators.small_numbers import as_shown
from helpers.report import bias_sentences, display, one_axis, sentences, timing_sentences
from helpers.report.numbers import numbered
from helpers.report.references import anchors_of, rows_of, with_links_that_lead, with_references
from helpers.report.sentence import Sentence, key_of, traced
from tests.report.test_display import ratio
from tests.report.wording import sentences_of

ONE, OTHER = ratio(), ratio(value=1 / 3, low=0.1, high=None)


def numbers_page(*names: str) -> str:
    return numbered(dict(zip(names, (ONE, OTHER), strict=True)), ["near : far"] * 2)._repr_html_()


def test_a_key_outlives_the_table_and_knows_every_number():
    frame = to_frame({"one": ONE, "other": OTHER}, contrast="near : far")
    again = from_frame(frame)
    assert [key_of(again[name]) for name in ("one", "other")] == [key_of(ONE), key_of(OTHER)]
    for name in ("estimate", "conf_low", "conf_high", "p_value", "std_error"):
        assert key_of(replace(ONE, **{name: 0.5})) != key_of(ONE), name
    assert key_of(replace(ONE, method="another")) != key_of(ONE)
    assert key_of(replace(ONE, n_vertebrae=7)) != key_of(ONE)


def test_a_key_stays_where_small_numbers_are_hidden():
    for estimate in (as_shown(ONE, 8), as_shown(ONE, 8, whole=9999), as_shown(ratio(n_events=3), 8)):
        saved = from_frame(to_frame({"one": estimate}, contrast="near : far"))
        assert key_of(estimate) == key_of(saved["one"]) == key_of(as_shown(saved["one"], 8))


def test_rows_are_counted_as_a_spreadsheet_does(tmp_path):
    estimates = to_frame({"one": ONE, "other": OTHER}, contrast="near : far")
    estimates.to_csv(tmp_path / "estimates.csv", index=False)
    lines = (tmp_path / "estimates.csv").read_text().splitlines()
    for row, name in ((2, "one"), (3, "other")):
        assert lines[row - 1].startswith(f"{name},")
        assert rows_of(numbers_page("one", "other"))[key_of(from_frame(estimates)[name])] == (f"row-{row}", name)


def test_a_sentence_leads_to_the_rows_of_its_estimates():
    page = numbers_page("a < b", "other")
    told = with_references(sentences.clustering_sentence(ONE, OTHER)._repr_html_(), rows_of(page))
    assert told.startswith('<p class="finding">What the clusters')
    assert '<a href="#row-2" title="Row 2 of tables/estimates.csv: a &lt; b">row 2</a>, <a href="#row-3"' in told
    assert "data-" not in told


def test_a_row_of_a_table_leads_to_its_estimate_and_an_unknown_one_nowhere():
    rows = rows_of(numbers_page("one", "other"))
    table = display.estimates_table({"named anew": OTHER, "unknown": replace(OTHER, p_value=0.9)})._repr_html_()
    told = with_references(table, rows)
    assert told.count('href="#row-3"') == told.count("<sup") == 1
    assert "<tr><td>named anew <sup" in told
    assert "data-" not in told


def test_a_sentence_of_another_table_leads_to_its_file():
    html = Sentence("Of 400 cohorts.", table="no_effect specifications")._repr_html_()
    told = with_references(html, {}, rooted="../")
    assert '<a href="../tables/no_effect.csv">no_effect.csv</a>, <a href="../tables/specifications.csv">' in told
    assert with_references('<p class="finding">No source.</p>', {}) == '<p class="finding">No source.</p>'


def test_links_lead_to_this_page_or_the_other_or_are_plain_words():
    html = '<h2 id="here">A</h2><a href="#here">1</a><a href="#there" title="t">2</a><a href="#nowhere">3</a>'
    led = with_links_that_lead(html, elsewhere="../index.html", anchors={"there"})
    assert led.endswith('<a href="#here">1</a><a href="../index.html#there" title="t">2</a>3')
    assert anchors_of(led) == {"here"}


@pytest.mark.parametrize("module", [sentences, timing_sentences, bias_sentences, one_axis])
def test_every_sentence_made_from_estimates_knows_them(module):
    functions = {name: getattr(module, name) for name in sentences_of(module)}
    told = {name for name, f in functions.items() if "Estimate" in str(inspect.signature(f))}
    assert told
    assert not [name for name in told if not hasattr(functions[name], "__wrapped__")]


def test_what_a_sentence_says_itself_of_its_estimates_stays():
    windows = {"Hazard ratio, days 0 to 90": ONE, "Risk ratio": OTHER, "Hazard ratio, after day 90": OTHER}
    assert timing_sentences.pace_sentence(windows).made_from == (ONE, OTHER)
    assert timing_sentences.pace_sentence({"Hazard ratio, days 0 to 90": ONE, "Risk": OTHER}).made_from == (ONE,)


def test_nothing_said_stays_nothing():
    assert traced(lambda estimate: None)(ONE) is None
    assert sentences.risk_sentence(ratio(note="not shown: few", value=None)).made_from


def test_sentences_of_tables_name_them():
    empty = pd.DataFrame({"estimate": [], "is_reference": []})
    from helpers.report.specification_sentences import curve_sentence

    assert curve_sentence(empty, 4.62).table == "specifications"
