"""The whole workbook, end to end: the example study run by its own command, read from the tables it wrote."""

import html
import json
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest

from helpers.cohort.dictionary import read_dictionary
from helpers.estimators.estimates import from_frame
from helpers.report.display import estimate_text, percent_text
from helpers.report.markdown import slug
from helpers.report.reporting_items import read_items
from helpers.workbook.checked import check_cohort
from helpers.workbook.parameters import merged, parameters_by_step
from helpers.workbook.spreadsheet import write_csv
from helpers.workbook.steps import STEPS
from helpers.workbook.study import checked_values, read_study
from tests import readme

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "data" / "example"
TABLES = ("patients", "procedures", "fractures", "imaging")
OUTSIDE = re.compile(
    r"""(?:src|href|action|data|poster)\s*=\s*["']?\s*(?:https?:)?//|url\(\s*["']?\s*(?:https?:)?//|@import""", re.I
)


def pages(report: Path) -> list[Path]:
    return sorted(report.rglob("*.html"))


def shared_files(report: Path) -> list[Path]:
    return [
        path for path in sorted(report.rglob("*")) if path.is_file() and "private" not in path.relative_to(report).parts
    ]


def table(report: Path, name: str) -> pd.DataFrame:
    return pd.read_parquet(report / "tables" / f"{name}.parquet")


@pytest.fixture(scope="module")
def estimates(example_report):
    return from_frame(table(example_report, "estimates"))


def test_it_ends_well_with_a_line_per_notebook_and_no_warning(example_run):
    done, out = example_run
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line for line in done.stdout.strip().splitlines() if not line.startswith("No PDF: no Chromium")]
    assert len(lines) == len(STEPS) + 1
    assert all(re.fullmatch(r"\d/\d .* \.+ done in [\d.]+ s", line) for line in lines[:-1])
    assert lines[-1].endswith("index.html")


def test_everything_promised_is_there(example_report):
    tables = {path.name for path in (example_report / "tables").iterdir()}
    written = {name for step in STEPS for name in step.writes}
    assert {f"{name}.{ending}" for name in written for ending in ("csv", "parquet")} <= tables
    assert {path.stem for path in (example_report / "audit").iterdir()} == {step.stem for step in STEPS}
    assert {path.stem for path in (example_report / "notebooks").iterdir()} == {step.stem for step in STEPS}
    figures = {path.name for path in (example_report / "figures").iterdir()}
    for name in ("flow", "spine_map", "relative_risk", "risk_by_distance", "cumulative_incidence", "kaplan_meier"):
        assert {f"{name}.svg", f"{name}.png"} <= figures
    assert (example_report / "index.html").is_file()


def test_the_ratio_is_that_of_the_risk_table(example_report, estimates):
    risk_table = table(example_report, "risk_table")
    fractured = risk_table["outcome"] == "fracture"
    by_group = fractured.groupby(risk_table["is_adjacent"]).agg(["sum", "size"])
    ratio = (
        by_group.loc[True, "sum"]
        / by_group.loc[True, "size"]
        / (by_group.loc[False, "sum"] / by_group.loc[False, "size"])
    )
    for name in ("Risk ratio, vertebrae as independent", "Risk ratio, patients as clusters"):
        assert estimates[name].estimate == pytest.approx(ratio, rel=1e-12)
    log_error = np.sqrt((1 / by_group["sum"] - 1 / by_group["size"]).sum())
    assert estimates["Risk ratio, vertebrae as independent"].std_error == pytest.approx(log_error, rel=1e-12)
    medians = risk_table[fractured].groupby("is_adjacent")["days"].median()
    assert estimates["Among fractured: Next to cement"].estimate == medians[True]
    assert estimates["Among fractured: Further away"].estimate == medians[False]


def test_people_without_cement_are_the_survey(estimates):
    natural = estimates["No cement, Crude"]
    assert (round(natural.estimate, 4), round(natural.std_error, 5)) == (3.0574, 0.18181)
    assert (round(natural.conf_low, 3), round(natural.conf_high, 3)) == (2.141, 4.366)
    assert round(estimates["No cement, Adjusted for level (log-Poisson)"].estimate, 2) == 2.67


def test_every_planted_error_is_in_the_ledger_and_nothing_else(example_report):
    planted = pd.read_csv(EXAMPLE / "planted_errors.csv", dtype=str)
    ledger = pd.read_csv(example_report / "tables" / "ledger.csv", dtype=str)
    found, wanted = (
        set(frame[["table", "row", "rule"]].itertuples(index=False, name=None)) for frame in (ledger, planted)
    )
    assert found == wanted


def test_no_row_is_lost(example_report):
    quarantine = table(example_report, "quarantine")
    for name in TABLES:
        n_read = len(pd.read_csv(EXAMPLE / f"{name}.csv", dtype=str))
        assert n_read == len(table(example_report, name)) + (quarantine["table"] == name).sum()


def test_the_flow_ends_in_the_risk_table(example_report):
    flow, risk_table = table(example_report, "flow"), table(example_report, "risk_table")
    at_risk = flow[flow["rule"] == "at_risk"].iloc[0]
    assert (at_risk["patients"], at_risk["vertebrae"]) == (risk_table["patient"].nunique(), len(risk_table))
    assert flow.loc[flow["kind"] == "split", "vertebrae"].sum() == len(risk_table)


def test_pages_open_offline_and_say_synthetic(example_report):
    assert len(pages(example_report)) == len(STEPS) + 1
    for path in pages(example_report):
        page = path.read_text(encoding="utf-8")
        assert not OUTSIDE.search(page), path.name
        assert "<script" not in page
        assert "synthetic" in page.lower(), path.name


def test_the_readers_edition_has_no_code_and_every_figure_has_words(example_report):
    page = (example_report / "index.html").read_text(encoding="utf-8")
    assert "import pandas" not in page
    assert "run.write(" not in page
    alternatives = re.findall(r"<img[^>]*\balt=\"([^\"]*)\"", page)
    assert len(alternatives) == page.count("<img") >= 8
    assert all(len(text) > 40 for text in alternatives)


def test_no_computer_word_for_a_number_reaches_a_reader(example_report):
    page = (example_report / "index.html").read_text(encoding="utf-8")
    text = re.sub(r"<[^>]*>", " ", re.sub(r"data:[^\"]*", "", page))
    assert not re.search(r"\b(nan|NaN|inf|None|NaT|<NA>)\b", text)


def test_notebooks_ran_without_a_warning(example_report):
    for path in (example_report / "notebooks").iterdir():
        outputs = [o for cell in nbformat.read(path, 4).cells for o in cell.get("outputs", ())]
        assert not [o for o in outputs if o.output_type in ("stream", "error")], path.name


def test_no_identifier_and_no_date_leaves_private(example_report):
    raw = {name: pd.read_csv(EXAMPLE / f"{name}.csv", dtype=str, keep_default_na=False) for name in TABLES}
    ids = set().union(*(set(frame["patient_id"].str.strip()) for frame in raw.values())) - {""}
    dates = set().union(*(set(frame[column]) for frame in raw.values() for column in frame if column.endswith("_date")))
    dates = {date for date in dates if len(date) >= 8 and any(letter.isdigit() for letter in date)}
    assert len(ids) > 400
    assert len(dates) > 1000
    secret = re.compile("|".join(map(re.escape, sorted(ids | dates, key=len, reverse=True))))
    for path in shared_files(example_report):
        if path.suffix == ".parquet":
            text = pd.read_parquet(path).to_csv()
        elif path.suffix in (".png", ".pdf"):  # pictures; the other is printed from index.html
            continue
        else:
            text = re.sub(r"base64,[A-Za-z0-9+/=]*", "", path.read_text(encoding="utf-8"))
        assert not secret.search(text), path.name
    assert (example_report / "private").stat().st_mode & 0o077 == 0


def test_the_manifest_says_what_went_in_and_came_out(example_report):
    manifest = json.loads((example_report / "manifest.json").read_text())
    assert {given["name"].rsplit("/", 1)[-1] for given in manifest["inputs"]} >= {f"{name}.csv" for name in TABLES}
    assert all(re.fullmatch("[0-9a-f]{64}", given["sha256"]) for given in manifest["inputs"])
    assert manifest["seed"] == 20060127
    assert {"python", "pandas", "lifelines", "papermill"} <= set(manifest["versions"])
    assert manifest["parameters"]["levels_at_risk"]["value"] == "T1-L5"
    shared = {path.relative_to(example_report).as_posix() for path in shared_files(example_report)}
    assert set(manifest["outputs"]) == shared - {"manifest.json"}
    assert (manifest["pdf"] is not None) == ("report.pdf" in shared)


def test_readme_tells_what_the_report_tells(example_report):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert text == readme.with_parts(text, readme.parts(example_report)), "run `make readme`"
    assert readme.FIGURE.is_file()


def test_every_parameter_of_every_notebook_says_what_it_takes():
    parameters = merged(parameters_by_step(ROOT, STEPS))
    assert len(parameters) >= 15
    assert all(parameter.rule.meaning for parameter in parameters.values())


@pytest.fixture(scope="module")
def bare_runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bare")
    done = {}
    for step in STEPS:
        command = [sys.executable, "-m", "papermill", step.notebook, str(folder / f"{step.stem}.ipynb")]
        command += ["-f", "data/example/study.yml", "-p", "run_folder", str(folder / "run"), "--no-progress-bar"]
        if step.name == "robustness":  # fewer draws than in the example: its own tables are not compared
            command += ["-p", "permutations", "20", "-p", "cohorts_without_effect", "100", "-p", "error_cohorts", "5"]
            command += ["-y", "specifications: {adjacent_within: {'1': near, '2': further}, estimator: {crude: plain}}"]
        done[step.name] = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    return done, folder / "run"


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_each_notebook_runs_by_papermill_alone(bare_runs, step):
    assert bare_runs[0][step.name].returncode == 0, bare_runs[0][step.name].stderr[-2000:]


def test_papermill_alone_gives_the_same_numbers(bare_runs, example_report):
    pd.testing.assert_frame_equal(table(bare_runs[1], "estimates"), table(example_report, "estimates"))


def test_a_check_has_the_ledger_of_the_run(example_report, tmp_path):
    study = read_study(EXAMPLE / "study.yml")
    made = check_cohort(checked_values(study, merged(parameters_by_step(ROOT))), study.folder, read_dictionary())
    for name, frame in {"ledger": made.cohort.ledger, "quarantine": made.cohort.quarantine}.items():
        write_csv(frame, tmp_path / f"{name}.csv")
        assert (tmp_path / f"{name}.csv").read_bytes() == (example_report / "private" / f"{name}.csv").read_bytes()
    pd.testing.assert_frame_equal(made.flow, pd.read_parquet(example_report / "tables" / "flow.parquet"))


def without_pictures(path: Path) -> str:
    return re.sub(r'"data:[^"]*"', '""', path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def reader(example_report):
    return without_pictures(example_report / "index.html")


FINDING = re.compile(r'<p class="finding">(.*?)</p>', re.DOTALL)
RATIO_AND_INTERVAL = re.compile(r"([\d.,]+) \((\d+% CI )?([\d.,]+) to ([\d.,]+)")


def test_every_ratio_of_a_sentence_has_a_reference_whose_row_holds_it(reader, example_report):
    rows = pd.read_csv(example_report / "tables" / "estimates.csv")
    referred = 0
    for told in FINDING.findall(reader):
        numbers = [int(row) for row in re.findall(r'href="#row-(\d+)"', told)]
        found = list(from_frame(rows.iloc[[number - 2 for number in numbers]]).values())
        written = {estimate_text(estimate) for estimate in found}
        words = re.sub(r"<sup.*?</sup>", "", told, flags=re.DOTALL)
        is_of_a_table = ".csv</a>" in told or words.startswith("Negative control")  # of notebook 5
        for value, level, low, high in RATIO_AND_INTERVAL.findall(words):
            is_read = f"{value} ({low} to {high})" in written
            assert is_read or is_of_a_table and not (level and numbers), words
        pieces = {piece.rstrip(")") for text in written for piece in text.split(" (")}
        pieces |= {percent_text(1 / estimate.estimate) for estimate in found if estimate.unit == "ratio"}
        is_named = any(piece in words for piece in pieces) or "p " in words
        assert is_named or not numbers or not re.search(r"\d", words), words
        referred += len(numbers)
    assert referred >= 30


def test_references_lead_to_the_row_they_name(reader, example_report):
    names = pd.read_csv(example_report / "tables" / "estimates.csv")["analysis"]
    links = re.findall(r'<a href="#row-(\d+)" title="Row (\d+) of tables/estimates.csv: ([^"]*)">row (\d+)</a>', reader)
    assert len(links) >= 80
    for anchor, row, name, shown in links:
        assert anchor == row == shown
        assert html.unescape(name) == names[int(row) - 2]
    listed = re.findall(r'<tr id="row-(\d+)"', reader)
    assert list(map(int, listed)) == list(range(2, len(names) + 2))
    assert "data-estimates" not in reader


def test_links_of_a_page_lead_somewhere(example_report):
    texts = {path.resolve(): without_pictures(path) for path in pages(example_report)}
    anchors = {path: set(re.findall(r'\bid="([^"]+)"', page)) for path, page in texts.items()}
    for path, page in texts.items():
        for address in re.findall(r'<a [^>]*href="([^"]+)"', page):
            file, _, anchor = address.partition("#")
            target = path if not file else (path.parent / file).resolve()
            assert target.is_file(), f"{path.name}: {address}"
            assert not anchor or anchor in anchors[target], f"{path.name}: {address}"


def test_items_of_journals_lead_to_the_sections_they_name(reader):
    headings = dict(re.findall(r'<h[2-4] id="([^"]+)">(.*?)</h[2-4]>', reader))
    for section in {name for names in read_items()["sections"] if names for name in names.split("; ")}:
        assert headings[slug(section)].endswith(html.escape(section)), section


def test_headings_come_in_order_and_each_has_something_under_it(example_report):
    for path in pages(example_report):
        body = without_pictures(path).partition("<main")[2]
        parts = re.split(r"<h([1-6])\b[^>]*>.*?</h\1>", body)
        levels = [1, *map(int, parts[1::2])]
        assert all(after - before <= 1 for before, after in zip(levels, levels[1:], strict=False)), path.name
        for text, level, following in zip(parts[2::2], levels[1:], [*levels[2:], 1], strict=True):
            assert following > level or re.sub(r"<[^>]*>|\s", "", text) or "<img" in text, path.name


def test_the_contents_lead_to_the_front_the_numbered_chapters_and_the_back(reader):
    contents = re.search(r"<nav.*?</nav>", reader, re.DOTALL)[0]
    told = re.findall(r'<li><a href="#[^"]+">(.*?)</a></li>', contents)
    chapters = [f"Chapter {number}. {step.question}" for number, step in enumerate(STEPS[:-1], start=1)]
    assert [html.unescape(title) for title in told if title.startswith("Chapter")] == chapters
    assert told.index(html.escape(chapters[-1])) < told.index("Everything on one axis") < told.index("Limits")
    assert told[-1] == "Numbers and where they stand"


def test_the_last_figure_tells_what_the_chapters_told(reader):
    told = FINDING.findall(reader.partition('id="everything-on-one-axis"')[2])[0]
    in_chapter = next(words for words in FINDING.findall(reader) if "cohorts in which cement does nothing had" in words)
    middle, low, high = re.search(r"had a ratio of ([\d.]+) \(([\d.]+) to ([\d.]+)\)", in_chapter).groups()
    assert f"the median ratio was {middle}, and 95% of the ratios lay between {low} and {high}" in told
    of_curve = next(words for words in FINDING.findall(reader) if words.startswith("The question was asked in"))
    low, high, middle = re.search(r"ran from ([\d.]+) to ([\d.]+), with a median of ([\d.]+)", of_curve).groups()
    assert f"ratios from {low} to {high}, with a median of {middle}" in told
    assert 'id="figure-one_axis"' in reader


def test_what_was_changed_of_the_parameters_is_said(reader):
    choices = reader.partition('id="choices"')[2].partition("<h2")[0]
    assert '<th scope="col">Changed?</th>' in choices
    assert re.search(r"<tr><td>study_name</td>.*?<td>yes</td>", choices)
    assert re.search(r"<tr><td>conf_level</td>.*?<td>no</td>", choices)
