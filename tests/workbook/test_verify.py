"""A run repeated from its manifest: identical, or every thing that differs; the report itself is never touched."""

import functools
import io
import json

import pandas as pd
import pytest

from helpers.errors import WorkbookError
from helpers.workbook import verify as verify_module
from helpers.workbook.cli import main
from helpers.workbook.differences import Difference, numbers, told
from helpers.workbook.manifest import outputs
from helpers.workbook.run import run_study
from helpers.workbook.verify import read_manifest, verify_run
from tests.workbook.toy import STEPS, Toy, make_toy


@pytest.fixture(scope="module")
def ran(tmp_path_factory) -> Toy:
    """The toy with its finished report."""
    toy = make_toy(tmp_path_factory.mktemp("verify") / "project")
    run_study(toy.study, toy.out, steps=STEPS, root=toy.root, stream=io.StringIO())
    return toy


def verified(toy: Toy, **options) -> list[Difference]:
    return verify_run(toy.out, steps=STEPS, root=toy.root, stream=io.StringIO(), **options)


def test_a_repetition_is_identical_and_leaves_nothing_behind(ran, monkeypatch, capsys):
    before = outputs(ran.out)
    toys = functools.partial(verify_run, steps=STEPS, root=ran.root, stream=io.StringIO())
    monkeypatch.setattr(verify_module, "verify_run", toys)
    assert main(["verify", str(ran.out)]) == 0
    assert capsys.readouterr().out.startswith("identical: ")
    assert outputs(ran.out) == before
    assert [entry.name for entry in ran.out.parent.iterdir()] == [ran.out.name]


def test_everything_that_differs_is_told_at_once(tmp_path):
    toy = make_toy(tmp_path / "project")
    run_study(toy.study, toy.out, steps=STEPS, root=toy.root, stream=io.StringIO())
    (toy.root / "data" / "toy" / "patients.csv").write_text("patient_id,sex\nA1,F\nA2,F\nA3,F\n")
    toy.write_study('study_name: "Toy <cohort>"\nis_synthetic: true\nconf_level: 0.8\n')
    manifest = json.loads((toy.out / "manifest.json").read_text())
    manifest["versions"]["numpy"] = "0.1"
    (toy.out / "manifest.json").write_text(json.dumps(manifest))
    (toy.out / "index.html").write_text("by hand")
    found = verified(toy)
    text = "\n".join(told(found))
    assert "1 changed since the run:\n  index.html" in text
    assert "conf_level in study.yml: 0.9 then, 0.8 now" in text
    assert "data/toy/patients.csv: " in text
    assert "numpy: 0.1 then, " in text
    assert "=SUM(A1), n: 2 then, 3 now" in text
    assert "tables/estimates.csv: " in text
    assert {one.kind for one in found} >= {"changed since the run", "parameter", "input", "version", "number", "file"}
    assert (toy.out / "index.html").read_text() == "by hand"


def test_a_study_file_that_was_moved_is_asked_for(ran, tmp_path):
    moved = tmp_path / "elsewhere.yml"
    ran.study.rename(moved)
    try:
        with pytest.raises(WorkbookError, match="--study FILE"):
            verified(ran)
    finally:
        moved.rename(ran.study)


@pytest.mark.parametrize(
    ("text", "words"), [(None, "holds no report"), ("{", "is damaged"), ('{"inputs": []}', "is damaged")]
)
def test_a_folder_without_a_whole_manifest_is_told(tmp_path, text, words):
    if text is not None:
        (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(WorkbookError, match=words):
        read_manifest(tmp_path)


def test_numbers_are_compared_cell_by_cell(tmp_path):
    table = pd.DataFrame({
        "analysis": ["a", "a", "b"], "contrast": "x : y", "estimate": [1.0, 2.0, None], "note": ["", "", "none"],
    })  # fmt: skip
    for name, frame in {"one": table, "other": table.assign(estimate=[1.0, 2.0 + 1e-15, 3.0])}.items():
        (tmp_path / name / "tables").mkdir(parents=True)
        frame.to_parquet(tmp_path / name / "tables" / "estimates.parquet")
    found = numbers(tmp_path / "one", tmp_path / "other")
    assert [str(one) for one in found] == [
        "a, x : y (2), estimate: 2.0 then, 2.000000000000001 now",
        "b, x : y, estimate: none then, 3.0 now",
    ]
    assert numbers(tmp_path / "one", tmp_path / "one") == []
    gone = numbers(tmp_path / "one", tmp_path / "nowhere")
    assert len(gone) == 6
    assert "a, x : y (2), estimate: 2.0 then, absent now" in map(str, gone)


def test_very_many_differences_are_counted():
    lines = told([Difference("number", f"n{place}", 1, 2) for place in range(50)])
    assert lines[0] == "50 numbers:"
    assert lines[-1] == "  and 30 more"


def test_a_pdf_is_not_repeated_but_one_changed_by_hand_is_told(ran):
    before = outputs(ran.out)
    manifest = json.loads((ran.out / "manifest.json").read_text())
    kept = (ran.out / "manifest.json").read_bytes()
    try:
        (ran.out / "report.pdf").write_bytes(b"%PDF")
        manifest["outputs"] = outputs(ran.out)
        (ran.out / "manifest.json").write_text(json.dumps(manifest))
        assert verified(ran) == []
        (ran.out / "report.pdf").write_bytes(b"%PDF by hand")
        assert [(one.kind, one.name) for one in verified(ran)] == [("changed since the run", "report.pdf")]
    finally:
        (ran.out / "report.pdf").unlink()
        (ran.out / "manifest.json").write_bytes(kept)
    assert outputs(ran.out) == before
