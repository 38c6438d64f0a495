"""The example cohort in one German spreadsheet: what it gives is what the example's tables give."""

import numpy as np
import openpyxl
import pandas as pd
import pytest
import yaml

from helpers.cohort.clean import clean_cohort
from helpers.cohort.dictionary import RAW_TABLES
from helpers.cohort.privacy import shareable
from helpers.cohort.readers import read_cohort
from helpers.cohort.risk_periods import build_risk_periods
from helpers.cohort.risk_table import build_risk_table
from helpers.intake.sheet import open_sheet, sheet_names
from helpers.intake.text_columns import DATES
from tests.cohort.cohorts import DICTIONARY
from tests.cohort.tutorial_sheet import EXAMPLE, write_tutorial_sheet

# What a row per patient cannot carry, all of it set aside or of no account.
NOT_CARRIED = {
    ("fractures", "space_around_id"): 5,
    ("imaging", "space_around_id"): 5,
    ("imaging", "missing_required"): 3,
    ("imaging", "unknown_patient"): 3,
}


def cleaned(name: str):
    values = yaml.safe_load((EXAMPLE / f"{name}.yml").read_text(encoding="utf-8"))
    files = {table: values.get(f"{table}_file", "") for table in RAW_TABLES}
    source = {key: values[key] for key in ("cohort_file", "layout") if key in values}
    written = {"column_names": values["column_names"], "date_formats": values["date_formats"]}
    raw = read_cohort(files, DICTIONARY, folder=EXAMPLE, **written, **source)
    return raw, clean_cohort(raw, DICTIONARY, date_formats=values["date_formats"], seed=values["seed"])


@pytest.fixture(scope="module")
def both():
    return cleaned("study"), cleaned("kohorte")


def test_the_clean_tables_and_the_keys_are_the_same(both):
    (_, four), (_, one) = both
    shared = [shareable(cohort, DICTIONARY) for cohort in (four, one)]
    for name in RAW_TABLES:
        pd.testing.assert_frame_equal(*(tables[name] for tables in shared))
    pd.testing.assert_frame_equal(four.keys, one.keys)
    pd.testing.assert_frame_equal(build_risk_table(four)[0], build_risk_table(one)[0])
    pd.testing.assert_frame_equal(build_risk_periods(four), build_risk_periods(one))


def test_the_same_errors_are_found_in_it(both):
    (_, four), (_, one) = both
    counts = [cohort.ledger.groupby(["table", "rule"]).size() for cohort in (four, one)]
    lacking = counts[0].sub(counts[1], fill_value=0)
    assert lacking[lacking != 0].to_dict() == NOT_CARRIED
    assert set(four.ledger["file_column"]) == {""}
    own = one.ledger[one.ledger["column"] != ""]
    assert (own["file_column"] != "").all()


def test_a_line_of_the_ledger_leads_to_the_cell_of_the_sheet(both):
    _, (_, one) = both
    sheet = open_sheet(EXAMPLE / "kohorte.xlsx", sheet="Patienten")
    cells = dict(zip(sheet.header, sheet.columns, strict=True))
    lines = one.ledger[(one.ledger["before"] != "") & one.ledger["rule"].isin(["level_not_recognised", "unknown_code"])]
    assert len(lines) > 10
    for line in lines.itertuples():
        (place,) = np.flatnonzero(sheet.row == line.row)
        assert cells[line.file_column][int(place)].as_py() == line.before


def test_the_sheet_is_as_messy_as_promised(both):
    (raw, _), (wide, _) = both
    assert sheet_names(EXAMPLE / "kohorte.xlsx") == ["Patienten", "Notizen"]
    sheet = open_sheet(EXAMPLE / "kohorte.xlsx", sheet="Patienten")
    assert sheet.row[0] == 5  # two titles and a blank row stand above the header
    kinds = {name: column.type == DATES for name, column in zip(sheet.header, sheet.columns, strict=True)}
    assert {is_date for name, is_date in kinds.items() if name.startswith("Kontrolle")} == {True, False}
    assert kinds["OP-Datum 1"]
    assert not kinds["Verstorben am"]
    assert {name: len(raw[name]) - len(wide[name]) for name in RAW_TABLES} == {
        "patients": 0, "procedures": 0, "fractures": 0, "imaging": 6,
    }  # fmt: skip


def test_the_sheet_is_what_the_script_writes_and_says_that_it_is_synthetic(tmp_path):
    paths = [tmp_path / name for name in ("one.xlsx", "two.xlsx")]
    for path in paths:
        write_tutorial_sheet(path)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    # The library that writes it may change; what stands there may not.
    made, kept = (
        {sheet.title: list(sheet.values) for sheet in openpyxl.load_workbook(path).worksheets}
        for path in (paths[0], EXAMPLE / "kohorte.xlsx")
    )
    assert made == kept
    assert all("SYNTHETIC" in rows[0][0] for rows in kept.values())
