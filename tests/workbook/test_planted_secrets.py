"""Nothing of the files' cells is in what a run shares: every byte outside `private/` is searched for it."""

import json
import re
import subprocess
import sys
from html import unescape
from pathlib import Path

import nbformat
import pandas as pd
import pytest

from helpers.disclosure import possible
from tests.workbook import planted
from tests.workbook.shown_counts import system

ROOT = Path(__file__).parents[2]
NOTHING, HIDDEN = 0, 8


@pytest.fixture(scope="module", params=[NOTHING, HIDDEN], ids=["all numbers", "small numbers hidden"])
def run(request, tmp_path_factory):
    """A run of the cohort with secrets: (its limit, its files, its report, what it printed)."""
    files, out = tmp_path_factory.mktemp("files"), tmp_path_factory.mktemp("reports") / "planted"
    study = planted.plant(files, suppress_below=request.param)
    command = [sys.executable, "-m", "helpers.workbook", "run", str(study), "--out", str(out)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return request.param, files, out, done.stdout + done.stderr


def shared(out: Path) -> list[Path]:
    return [path for path in sorted(out.rglob("*")) if path.is_file() and path.relative_to(out).parts[0] != "private"]


def test_no_name_identifier_day_or_cell_is_in_what_is_shared(run):
    _, files, out, told = run
    secrets = planted.secrets_of(files)
    assert len(secrets) > 250
    assert {path.relative_to(out).as_posix(): planted.found_in(path, secrets) for path in shared(out)} == {
        path.relative_to(out).as_posix(): set() for path in shared(out)
    }
    assert not any(secret in told for secret in secrets)


def test_the_search_finds_what_is_there(run):
    _, files, out, _ = run
    secrets = planted.secrets_of(files)
    found = set().union(*(planted.found_in(path, secrets) for path in (out / "private").rglob("*.csv")))
    assert {*planted.NAME.split(), planted.ID, "Zellgeheim", "evil.example", *planted.DAY[:3]} <= found
    assert len([secret for secret in found if secret.startswith("P0")]) > 40
    assert planted.found_in(files / "imaging.csv", secrets) >= {planted.ID, "Geheimrat", "P00002"}


def test_no_script_would_run_in_a_browser(run):
    _, _, out, _ = run
    assert {path.name: active for path in shared(out) if (active := planted.active_in(path))} == {}


def test_what_the_study_file_says_is_shown_as_text(run):
    _, _, out, _ = run
    page = (out / "index.html").read_text(encoding="utf-8")
    for name in (planted.STUDY_NAME, planted.PATIENTS_FILE, planted.SHEET):
        assert name in unescape(page)
    assert json.loads((out / "manifest.json").read_text())["parameters"]["study_name"]["value"] == planted.STUDY_NAME


def test_no_formula_would_run_in_a_spreadsheet(run):
    _, _, out, _ = run
    tables = sorted(out.rglob("*.csv"))
    assert {path.name for path in tables} >= {"ledger.csv", "quarantine.csv", "estimates.csv", "figures.csv"}
    assert {path.name: ran for path in tables if (ran := planted.formulas_in(path))} == {}


def test_private_files_are_for_their_owner(run):
    _, _, out, _ = run
    private = out / "private"
    assert private.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in private.rglob("*") if path.is_file()} == {0o600}


def test_with_small_numbers_hidden_no_table_has_a_row_for_each_patient(run):
    limit, _, out, _ = run
    tables = {path.stem for path in (out / "tables").iterdir()}
    of_patients = {"patients", "risk_table", "risk_periods", "patient_summary", "ledger", "curves"}
    assert tables & of_patients == (set() if limit else of_patients)
    if limit:
        inputs = json.loads((out / "manifest.json").read_text())["inputs"]
        own = [given for given in inputs if given["role"].endswith("_file") and given["role"] != "study_file"]
        assert len(own) == 4
        assert {(given["rows"], given["bytes"]) for given in own} == {(None, None)}
        assert not {"spine_map", "time_to_fracture"} & {path.stem for path in (out / "figures").iterdir()}


COUNTED = ("Patients", "Vertebrae", "Fractures", "Rows", "Rows read", "Kept", "Set aside", "Known", "Missing",
           "New fracture", "No new fracture", "All patients", "Not known")  # fmt: skip


def test_no_table_of_a_page_shows_a_small_count(run):
    """Every cell of a column of counts, and every count in a figure's words, is `<8`, `~12` and larger, or a dash."""
    limit, _, out, _ = run
    seen, plain = 0, []
    for path in sorted((out / "notebooks").glob("[136]*.ipynb")):
        for html in _shown(path):
            for table in re.findall(r"<table.*?</table>", html, re.DOTALL):
                for column, cell in _cells(table):
                    if column in COUNTED and "(" not in cell and "[" not in cell and cell:
                        seen += 1
                        plain += [cell] if re.search(r"(?<![~\d.,<])\d", cell) else []
    assert seen > 100
    if limit:
        assert plain == []
    else:
        assert len(plain) > 100


def test_words_of_figures_show_no_small_count(run):
    limit, _, out, _ = run
    told = pd.read_csv(out / "figures" / "figures.csv").set_index("figure")
    # Other studies' patients may be told.
    words = " ".join(told.drop("evidence_patients")[["caption", "text_alternative"]].to_numpy().ravel())
    counts = re.findall(r"([~<]?\d[\d,]*) (?:patients?|vertebrae|vertebra|fractured|still at risk)\b", words)
    assert len(counts) > 10
    if limit:
        assert all(count.startswith(("~", "<")) for count in counts)


def test_no_hidden_count_of_a_run_can_be_computed_back_from_all_that_it_shares(run):
    """The attacker puts every table together. Table by table 7 values of 0 to 7 are left, here never fewer than 4."""
    limit, _, out, _ = run
    if not limit:
        return
    boxes, sums, hidden = system(out, limit)
    assert len(hidden) > 40
    assert len(sums) > 60
    for key, (low, high) in possible(boxes, sums, hidden).items():
        assert high - low + 1 >= limit // 2, key


def test_estimates_that_are_shared_rest_on_no_small_count(run):
    limit, _, out, _ = run
    estimates = pd.read_csv(out / "tables" / "estimates.csv")
    counts = estimates[["n_patients", "n_vertebrae", "n_events", "events_exposed", "events_unexposed"]]
    is_small = (counts < HIDDEN).any(axis=1)
    if not limit:
        assert is_small.any()
        return
    assert not is_small.any()
    is_hidden = estimates["note"].str.startswith("not shown", na=False)
    numbers = ["estimate", "conf_low", "conf_high", "p_value", "std_error", *counts]
    assert is_hidden.any()
    assert estimates.loc[is_hidden, numbers].isna().all(axis=None)


def _shown(path: Path) -> list[str]:
    cells = nbformat.read(path, as_version=4).cells
    outputs = [output for cell in cells for output in cell.get("outputs", ())]
    # Of synthetic cohorts and of published figures everything may be told.
    shown = ["".join(output.get("data", {}).get("text/html", "")) for output in outputs]
    return [html for html in shown if "Intervals that held the truth" not in html]


def _cells(table: str) -> list[tuple[str, str]]:
    rows = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in re.findall(r"<tr>(.*?)</tr>", table)]
    columns, *lines = [[unescape(cell) for cell in row] for row in rows]
    if columns and columns[0] == "Input":
        lines = [line for line in lines if not line[0].startswith(("data/", "study"))]
    return [pair for line in lines for pair in zip(columns, line, strict=True)]
