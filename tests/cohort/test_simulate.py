"""Synthetic cohorts: the same seed, the laws of the known truth, and files a study can start from."""

from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from helpers.cohort import latent as latent_module
from helpers.cohort.calibration import margins
from helpers.cohort.clean import clean_cohort
from helpers.cohort.dictionary import read_dictionary
from helpers.cohort.latent import NEVER, cumulative_hazard, draw, draw_without_cement, next_to
from helpers.cohort.readers import read_cohort
from helpers.cohort.risk_table import build_risk_table
from helpers.cohort.simulate import simulate, write_cohort
from helpers.cohort.spine import SLOTS, present
from helpers.cohort.truth import Truth
from helpers.errors import Problems, WorkbookError
from helpers.workbook.cli import main

TABLES = ("patients", "procedures", "fractures", "imaging")
RATIO = "risk ratio, adjacent to nonadjacent"
# Every vertebra of every patient alike, and cement does nothing.
ALIKE = Truth(
    adjacent_hazard_ratio=1, frailty_variance=0, level_weights=(1.0,) * 19, neighbour_clustering=0, prevalent_rate=0.05,
    eleven_thoracic=0, thirteen_thoracic=0, six_lumbar=0,
)  # fmt: skip


def read_and_clean(folder):
    dictionary = read_dictionary()
    raw = read_cohort({name: f"{name}.csv" for name in TABLES}, dictionary, folder=folder)
    return clean_cohort(raw, dictionary)


def ratio(truth, patients=20_000, seed=1):
    return margins(draw(patients, seed=seed, truth=truth))[RATIO]


def test_same_seed_same_bytes_and_another_seed_another_cohort(tmp_path):
    for name, seed in (("a", 7), ("b", 7), ("c", 8)):
        write_cohort(simulate(60, seed=seed), tmp_path / name, clean=False)
    a, b, c = ({file.name: file.read_bytes() for file in (tmp_path / name).iterdir()} for name in "abc")
    for study in ("study.yml", "study_csv.yml"):
        assert a.pop(study) == b.pop(study).replace(b"/b", b"/a")
    assert a == b
    assert all(a[f"{name}.csv"] != c[f"{name}.csv"] for name in TABLES)


def test_the_threads_change_nothing(monkeypatch):
    monkeypatch.setattr(latent_module, "BLOCK", 50)
    blocks = []
    for workers in (1, 3):
        monkeypatch.setattr(latent_module, "WORKERS", workers)
        blocks.append(draw(220, seed=3, truth=Truth()))
    one, three = blocks
    for field in fields(one):
        np.testing.assert_array_equal(getattr(one, field.name), getattr(three, field.name))
    assert len(one.death) == 220
    # Every block has a stream of its own.
    assert not np.array_equal(one.frailty[:50], one.frailty[50:100])


def test_no_effect_and_no_clustering_gives_a_ratio_of_one():
    found = [ratio(ALIKE, patients=3_000, seed=seed) for seed in range(1, 21)]
    standard_error = np.std(found, ddof=1) / np.sqrt(len(found))
    assert standard_error < 0.02
    assert np.mean(found) == pytest.approx(1, abs=3 * standard_error)


def test_a_stronger_effect_raises_the_ratio():
    found = [ratio(replace(ALIKE, adjacent_hazard_ratio=effect)) for effect in (0.3, 1, 2, 5)]
    assert found == sorted(found)
    assert found[0] < 0.9
    assert found[-1] > 1.5


def test_an_effect_that_lasts_raises_the_ratio_more():
    rare = replace(ALIKE, adjacent_hazard_ratio=3, fractures_per_vertebra_year=0.004)
    found = [ratio(replace(rare, adjacent_half_life_days=days), patients=50_000) for days in (20.0, 100.0, None)]
    assert found == sorted(found)
    # Where fractures are rare the ratio of risks is the hazard ratio.
    assert found[-1] == pytest.approx(3, rel=0.1)


def test_clustering_among_neighbours_raises_the_ratio_without_any_effect_of_cement():
    found = [ratio(replace(ALIKE, neighbour_clustering=spread)) for spread in (0, 1, 2)]
    assert found == sorted(found)
    assert found[-1] > 1.5


def test_the_levels_alone_raise_the_ratio():
    assert ratio(replace(ALIKE, level_weights=Truth().level_weights)) > 1.2


def test_an_effect_that_fades_brings_adjacent_fractures_sooner():
    found = margins(draw(20_000, seed=1, truth=replace(ALIKE, adjacent_hazard_ratio=5, adjacent_half_life_days=30.0)))
    adjacent, nonadjacent = (value for name, value in found.items() if name.startswith("median"))
    assert adjacent < 0.7 * nonadjacent


def test_people_without_cement_cluster_only_by_level_and_region():
    def neighbours(truth):
        prevalent, _ = draw_without_cement(40_000, share=0.056, seed=1, truth=truth)
        assert prevalent[:, 3:17].any(axis=1).mean() == pytest.approx(0.056, abs=0.001)
        return (prevalent[:, 5] & prevalent[:, 6]).sum()

    assert neighbours(replace(ALIKE, neighbour_clustering=2)) > 3 * max(neighbours(ALIKE), 1)


def test_deaths_follow_medicare():
    latent = draw(40_000, seed=1, truth=Truth(closing_years=3.1))
    for days, survival in ((91.3, 0.92), (182.6, 0.87), (365.25, 0.81), (730.5, 0.71), (1095.75, 0.62)):
        assert (latent.death > days).mean() == pytest.approx(survival, abs=0.01)


def test_cumulative_hazard_adds_up_the_hazard():
    truth = Truth(adjacent_hazard_ratio=3, adjacent_half_life_days=50.0, early_excess=2, early_days=100.0)
    start, days = 40.0, np.arange(0, 300, 0.01)
    natural = 1 + 2 * np.exp(-(start + days) / 100)
    for is_adjacent, hazard in ((False, natural), (True, natural * (1 + 2 * 0.5 ** (days / 50)))):
        total = np.trapezoid(hazard, days)
        assert cumulative_hazard(days[-1], start, np.array(is_adjacent), truth) == pytest.approx(total, rel=1e-6)


def test_neighbours_in_spines_with_and_without_t13():
    has_slot = present(np.array([11, 12, 13]), np.array([5, 5, 6]))
    marked = np.zeros((3, 19), dtype=bool)
    marked[:, SLOTS.index("L1")] = True
    names = [{SLOTS[slot] for slot in np.flatnonzero(row)} for row in next_to(marked, has_slot)]
    assert names == [{"T11", "L2"}, {"T12", "L2"}, {"T13", "L2"}]


@pytest.mark.parametrize("patients", [0, 1, 2, 300])
def test_clean_tables_obey_every_rule(tmp_path, patients):
    cohort = simulate(patients, seed=3)
    assert len(cohort.tables["patients"]) == patients
    assert all(column.dtype == "category" for table in cohort.coded.values() for _, column in table.items())
    assert all(table.map(lambda cell: isinstance(cell, str)).all(axis=None) for table in cohort.tables.values())
    study = write_cohort(cohort, tmp_path / "cohort", clean=True)
    assert not (tmp_path / "cohort" / "planted_errors.csv").exists()
    if patients:
        cleaned = read_and_clean(study.parent)
        assert cleaned.ledger.empty
        assert cleaned.quarantine.empty


def test_clean_tables_tell_one_story():
    tables = simulate(2_000, seed=4).tables
    patients = tables["patients"].set_index("patient_id")
    index = tables["procedures"].groupby("patient_id")["procedure_date"].min()
    fractures = tables["fractures"].join(patients, on="patient_id").join(index, on="patient_id")
    after = fractures[fractures["status"] != "prevalent"]
    assert set(fractures["status"]) == {"prevalent", "new", "refracture", "progression"}
    assert (after["diagnosis_date"] > after["procedure_date"]).all()
    assert (after["diagnosis_date"] <= after["last_imaging_date"]).all()
    before = fractures[fractures["status"] == "prevalent"]
    assert (before["diagnosis_date"] < before["procedure_date"]).all()
    assert not fractures.duplicated(["patient_id", "level", "status"]).any()
    imaging = tables["imaging"].join(patients, on="patient_id")
    assert not imaging.duplicated(["patient_id", "imaging_date"]).any()
    assert (imaging.groupby("patient_id")["imaging_date"].max() == patients["last_imaging_date"]).all()
    found = after.set_index(["patient_id", "diagnosis_date"]).index
    assert found.isin(tables["imaging"].set_index(["patient_id", "imaging_date"]).index).all()
    assert (patients["last_imaging_date"] <= patients["last_contact_date"]).all()
    died = patients[patients["death_date"] != ""]
    assert (died["last_contact_date"] <= died["death_date"]).all()
    later = tables["procedures"].join(patients, on="patient_id")
    assert (later["procedure_date"] <= later["last_contact_date"]).all()


def test_levels_cemented_are_fractured_before():
    latent = draw(2_000, seed=5, truth=Truth())
    assert not (latent.cemented & ~latent.prevalent).any()
    assert latent.cemented.any(axis=1).all()
    patient, procedure, slot = np.nonzero(latent.later_cemented)
    assert (latent.diagnosis[patient, slot] < latent.later_day[patient, procedure]).all()
    assert (latent.later_day != NEVER).any(axis=0).all()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_margins_are_those_of_the_risk_table(tmp_path, seed):
    cohort = simulate(432, seed=seed)
    write_cohort(cohort, tmp_path, clean=True)
    risk_table, _ = build_risk_table(read_and_clean(tmp_path))
    fractured = risk_table["outcome"] == "fracture"
    adjacent = risk_table["is_adjacent"]
    risk = fractured.groupby(adjacent).mean()
    expected = {
        "patients": risk_table["patient"].nunique(),
        "patients with new fractures": risk_table.loc[fractured, "patient"].nunique(),
        "new fractures": fractured.sum(),
        "new fractures, adjacent": (fractured & adjacent).sum(),
        RATIO: risk[True] / risk[False],
        "median days to fracture among fractured, adjacent": risk_table.loc[fractured & adjacent, "days"].median(),
        "median days to fracture among fractured, nonadjacent": risk_table.loc[fractured & ~adjacent, "days"].median(),
        "vertebrae at risk, nonadjacent for each adjacent": (~adjacent).sum() / adjacent.sum(),
    }
    found = margins(cohort.latent)
    assert {name: found[name] for name in expected} == pytest.approx(expected)


def test_the_default_truth_is_near_the_published_margins():
    """A quick look at few seeds; `make calibrate` looks at 200."""
    found = pd.DataFrame([margins(draw(432, seed=seed, truth=Truth())) for seed in range(1, 31)]).mean()
    published = pd.Series({"patients with new fractures": 86, "new fractures": 186, RATIO: 4.62})
    assert (found[published.index] / published).between(0.85, 1.15).all()


def test_the_study_file_says_synthetic_and_names_the_tables(tmp_path):
    study = write_cohort(simulate(5, seed=1), tmp_path, clean=False)
    keys = yaml.safe_load(study.read_text(encoding="utf-8"))
    assert keys["is_synthetic"] is True
    assert all((tmp_path / keys[f"{name}_file"]).is_file() for name in TABLES)
    assert keys["study_folder"] == tmp_path.resolve().as_posix()
    for file in ("study.yml", "SYNTHETIC.txt"):
        assert (tmp_path / file).read_text(encoding="utf-8").lstrip("# ").startswith("SYNTHETIC COHORT")


def test_both_formats_hold_the_same_texts(tmp_path):
    study = write_cohort(simulate(300, seed=2), tmp_path, clean=False)
    for name in TABLES:
        csv = pd.read_csv(tmp_path / f"{name}.csv", dtype=str, keep_default_na=False)
        parquet = pq.read_table(tmp_path / f"{name}.parquet")
        assert set(parquet.schema.types) == {pa.string()}
        assert not any(column.null_count for column in parquet.columns)
        pd.testing.assert_frame_equal(parquet.to_pandas(), csv)
    texts = [path.read_text(encoding="utf-8") for path in (study, tmp_path / "study_csv.yml")]
    of_parquet, of_csv = map(yaml.safe_load, texts)
    assert [of_parquet[f"{name}_file"] for name in TABLES] == [f"{name}.parquet" for name in TABLES]
    assert [of_csv[f"{name}_file"] for name in TABLES] == [f"{name}.csv" for name in TABLES]
    differing = {name for name in of_csv if of_csv[name] != of_parquet[name]}
    assert differing == {f"{name}_file" for name in TABLES}
    assert [line.index("#") for text in texts for line in text.splitlines() if line.startswith("imaging")] == [39, 39]


@pytest.mark.parametrize(
    ("options", "studies", "endings", "told"),
    [
        ([], {"study.yml", "study_csv.yml"}, {"csv", "parquet"}, "--seed 1 --out FOLDER"),
        (["--format", "both"], {"study.yml", "study_csv.yml"}, {"csv", "parquet"}, "--seed 1 --out FOLDER"),
        (["--format", "csv"], {"study.yml"}, {"csv"}, "--seed 1 --format csv --out FOLDER"),
        (["--format", "parquet", "--clean"], {"study.yml"}, {"parquet"}, "--clean --format parquet --out FOLDER"),
    ],
)
def test_the_command_writes_the_formats_asked_for(tmp_path, options, studies, endings, told, capsys):
    # What an earlier cohort in another format left behind must go.
    write_cohort(simulate(5, seed=2), tmp_path, clean=False, file_format="both" if "csv" in options else "csv")
    assert main(["simulate", "--patients", "6", "--seed", "1", "--out", str(tmp_path), *options]) == 0
    assert f"workbook run {tmp_path / 'study.yml'}" in capsys.readouterr().out
    expected = studies | {"SYNTHETIC.txt", "truth.json"} | {f"{name}.{ending}" for name in TABLES for ending in endings}
    expected |= set() if "--clean" in options else {"planted_errors.csv"}
    assert {file.name for file in tmp_path.iterdir()} == expected
    for file in ("SYNTHETIC.txt", "truth.json"):
        assert told in (tmp_path / file).read_text(encoding="utf-8")
    for study in studies:
        keys = yaml.safe_load((tmp_path / study).read_text(encoding="utf-8"))
        assert all((tmp_path / keys[f"{name}_file"]).is_file() for name in TABLES)


def test_a_format_nobody_knows_is_told_and_nothing_is_written(tmp_path):
    with pytest.raises(WorkbookError, match="must be one of csv, parquet, both, but got xlsx"):
        write_cohort(simulate(5, seed=1), tmp_path / "made", clean=True, file_format="xlsx")
    assert not (tmp_path / "made").exists()


def test_a_cohort_of_one_is_told_as_one(tmp_path, capsys):
    assert main(["simulate", "--patients", "1", "--seed", "1", "--out", str(tmp_path)]) == 0
    assert "Made-up cohort of 1 patient. Next: " in capsys.readouterr().out
    study = yaml.safe_load((tmp_path / "study.yml").read_text(encoding="utf-8"))
    assert study["study_name"] == "Synthetic cohort of 1 patient, seed 1"


def test_an_earlier_synthetic_cohort_is_replaced_and_nothing_else_is(tmp_path):
    write_cohort(simulate(5, seed=1), tmp_path / "made", clean=False)
    write_cohort(simulate(6, seed=1), tmp_path / "made", clean=True)
    assert not (tmp_path / "made" / "planted_errors.csv").exists()
    assert len((tmp_path / "made" / "patients.csv").read_text(encoding="utf-8").splitlines()) == 7
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "study.yml").write_text("study_name: Clinic\n", encoding="utf-8")
    with pytest.raises(WorkbookError, match="not a synthetic cohort, so nothing was written there"):
        write_cohort(simulate(5, seed=1), tmp_path / "real", clean=True)
    assert [file.name for file in (tmp_path / "real").iterdir()] == ["study.yml"]
    with pytest.raises(WorkbookError, match="is a file, but a cohort is a folder"):
        write_cohort(simulate(5, seed=1), tmp_path / "real" / "study.yml", clean=True)


@pytest.mark.parametrize(
    ("patients", "seed", "sentence"),
    [
        (-1, 1, "`patients` must be a whole number from 0 to 10,000,000, but got -1."),
        (2.5, 1, "`patients` must be a whole number from 0 to 10,000,000, but got 2.5."),
        (True, 1, "`patients` must be a whole number from 0 to 10,000,000, but got True."),
        (10, -3, "`seed` must be a whole number of at least 0, but got -3. Any such number will do."),
    ],
)
def test_unusable_numbers_are_told(patients, seed, sentence):
    with pytest.raises(Problems) as told:
        simulate(patients, seed=seed)
    assert told.value.problems == (sentence,)


def test_an_impossible_truth_is_told_all_at_once():
    with pytest.raises(Problems) as told:
        Truth(
            adjacent_hazard_ratio=-1, attendance=1.5, early_days=0, level_weights=(1.0,), visit_days=(0,),
            drop_out_per_year="often",
        )  # fmt: skip
    assert len(told.value.problems) == 6
    assert "`attendance` must be between 0 and 1, but got 1.5." in told.value.problems
    assert "`adjacent_hazard_ratio` must be a number of at least 0, but got -1." in told.value.problems
