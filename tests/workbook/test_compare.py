"""Two reports on one page: what differs, and nothing from outside."""

import json
import re
import shutil

import pandas as pd
import pytest

from helpers.errors import WorkbookError
from helpers.report.offline import active_content, outside_addresses
from helpers.workbook.cli import main
from helpers.workbook.compare import compare_runs


@pytest.fixture
def other(example_report, tmp_path):
    """The example report as if two levels counted as adjacent: other parameters, other numbers."""
    other = tmp_path / "other"
    for name in ("manifest.json", "tables/estimates.parquet", "tables/flow.parquet"):
        (other / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(example_report / name, other / name)
    manifest = json.loads((other / "manifest.json").read_text())
    manifest["parameters"]["adjacent_within"]["value"] = 2
    manifest["parameters"]["study_name"]["value"] = "Other <b>"
    manifest["parameters"]["is_synthetic"]["value"] = False
    (other / "manifest.json").write_text(json.dumps(manifest))
    path = other / "tables" / "estimates.parquet"
    estimates = pd.read_parquet(path)
    estimates.loc[1, ["estimate", "conf_low", "conf_high"]] /= 2
    estimates.to_parquet(path)
    return other


def test_the_page_shows_what_differs(example_report, other, tmp_path, capsys):
    page = tmp_path / "pages" / "compare.html"
    assert main(["compare", str(example_report), str(other), "--out", str(page)]) == 0
    assert "compare.html" in capsys.readouterr().out
    text = page.read_text()
    assert "<td>adjacent_within</td>" in text
    assert "Other &lt;b&gt;" in text
    assert "<b>" not in text
    assert "× 0.50" in text
    assert 'aria-label="Forest plot' in text
    assert "patients of a clinic" in text
    assert not outside_addresses(text)
    assert not active_content(text)
    assert 'class="synthetic"' not in text  # one of the two is of real patients
    steps = pd.read_parquet(other / "tables" / "flow.parquet")["step"].tolist()
    places = [text.index(f">{step}<") for step in steps]
    assert places == sorted(places)


def test_one_estimate_that_stayed_is_the_same(example_report, other, tmp_path):
    path = other / "tables" / "estimates.parquet"
    estimates = pd.read_parquet(path)
    is_first = estimates.index == 0
    estimates["estimate"] = estimates["estimate"].where(is_first, estimates["estimate"] * 2)
    estimates[estimates["estimate"].notna()].to_parquet(path)
    text = compare_runs(example_report, other, tmp_path / "one.html").read_text()
    assert re.search(r"<p>1 of \d+ is the same, to the last digit", text)


def test_a_run_beside_itself_is_the_same_throughout(example_report, tmp_path):
    text = compare_runs(example_report, example_report, tmp_path / "same.html").read_text()
    n = len(pd.read_parquet(example_report / "tables" / "estimates.parquet"))
    assert f"{n} of {n} are the same, to the last digit." in text
    assert "<p>Nothing.</p>" in text
    assert "<strong>Synthetic data.</strong>" in text


def test_what_is_no_report_is_told(example_report, tmp_path, capsys):
    assert main(["compare", str(example_report), str(tmp_path)]) == 2
    assert "holds no report" in capsys.readouterr().err
    with pytest.raises(WorkbookError, match="is a folder"):
        compare_runs(example_report, example_report, tmp_path)
