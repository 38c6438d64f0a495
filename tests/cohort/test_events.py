"""A cohort that stands in one table, a row per event: what it gives, what is told, and what stops it."""

import datetime

import pandas as pd
import pytest
import xlsxwriter

from helpers.cohort.clean import clean_cohort
from helpers.cohort.ledger import describe
from helpers.cohort.privacy import shareable
from helpers.cohort.readers import read_cohort, reading_notes
from helpers.cohort.tables import check
from helpers.errors import Problems
from tests.cohort.cohorts import DICTIONARY, on

HEADER = "Nr;Datum;Ereignis;Wert;Geschlecht;Brust"
NAMES = {
    "patients": {
        "patient_id": "Nr", "sex": "Geschlecht", "death_date": "Datum", "last_contact_date": "Datum",
        "thoracic_vertebrae": "Brust",
    },
    "procedures": {"procedure_date": "Datum", "levels": "Wert"},
    "fractures": {"level": "Wert", "diagnosis_date": "Datum", "status": "=new"},
    "imaging": {"imaging_date": "Datum"},
}  # fmt: skip
EVENTS = {
    "procedures": "Vertebroplastie",
    "fractures": "Neue Fraktur; Fraktur",
    "imaging": "MRT",
    "patients.death_date": "Tod",
    "patients.last_contact_date": "Letzter Kontakt",
}
ANNA = (
    f"01;{on(0)};Vertebroplastie;T12;;",
    f"01;{on(90)};Neue Fraktur;L1, L2;w;13",
    f"01;{on(400)};MRT;;;",
    f"01;{on(500)};Tod;;w;",
)


def events(folder, *lines, header=HEADER, names=NAMES, event_names=EVENTS, event_column="Ereignis", **options):
    (folder / "Kohorte.csv").write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    source = {"cohort_file": "Kohorte.csv", "layout": "events", "column_names": names}
    said = {"event_column": event_column, "event_names": event_names}
    return read_cohort({}, DICTIONARY, folder=folder, **source, **said, **options)


def refused(folder, *lines, **options) -> str:
    with pytest.raises(Problems) as caught:
        events(folder, *lines, **options)
    return "\n".join(caught.value.problems)


def told(cohort) -> list[tuple]:
    columns = ["table", "row", "entry", "column", "file_column", "before", "after", "rule", "action"]
    return list(cohort.ledger[columns].itertuples(index=False, name=None))


def test_each_row_is_an_entry_of_the_table_of_its_event(tmp_path):
    raw = events(tmp_path, *ANNA, f"02;{on(3)}; vertebroplastie ;L1;m;")
    assert raw["procedures"][["patient_id", "levels", "row"]].to_numpy().tolist() == [["01", "T12", 2], ["02", "L1", 6]]
    assert raw["fractures"][["level", "row", "entry"]].to_numpy().tolist() == [["L1", 3, 1], ["L2", 3, 2]]
    assert raw["imaging"]["imaging_date"].tolist() == [on(400)]
    patients = clean_cohort(raw, DICTIONARY).patients.set_index("patient_id")
    assert patients.loc["01", ["sex", "thoracic_vertebrae", "row"]].tolist() == ["F", 13, 2]
    assert patients.loc["01", "death_date"] == pd.Timestamp(on(500))
    assert patients["death_date"].isna().tolist().count(True) == 1
    assert reading_notes(raw) == [
        'No row has these events of `event_names`: "fraktur" (fractures), '
        '"letzter kontakt" (patients.last_contact_date).',
        "Cells of fractures that name several levels gave a row for each level: 1 more.",
        "5 rows of Kohorte.csv gave these rows: 2 of patients, 2 of procedures, 2 of fractures, 1 of imaging.",
    ]


def test_rows_of_unknown_events_are_set_aside_and_told(tmp_path):
    lines = (f"01;{on(3)};Sturz;;;", "01;;;;w;", f"01;{on(4)};;;;", f";{on(5)};;;m;", f";{on(6)};MRT;;;")
    raw = events(tmp_path, *ANNA, *lines)
    cohort = clean_cohort(raw, DICTIONARY)
    assert cohort.rows.to_numpy().tolist() == [
        ["patients", 1, 1, 0], ["procedures", 1, 1, 0], ["fractures", 2, 2, 0], ["imaging", 2, 1, 1],
        ["events", 3, 0, 3],
    ]  # fmt: skip
    assert told(cohort)[1:] == [
        ("events", 6, 1, "event", "Ereignis", "Sturz", "", "unknown_event", "quarantined"),
        ("events", 8, 1, "event", "Ereignis", "", "", "unknown_event", "quarantined"),
        ("events", 9, 1, "event", "Ereignis", "", "", "unknown_event", "quarantined"),
    ]
    assert cohort.quarantine["original"].iloc[1].startswith(f"Nr: 01; Ereignis: Sturz; Geschlecht: ; Datum: {on(3)}")
    assert any(
        note.startswith("3 rows of Kohorte.csv of no event that `event_names` names (in row 6, 8, 9)")
        for note in reading_notes(raw)
    )
    shared = shareable(cohort, DICTIONARY)
    for name in ("ledger", "quarantine"):
        check(name, shared[name])
        assert "Sturz" not in shared[name].to_csv()
    assert describe(shared["ledger"]).set_index("rule")["rows"].to_dict() == {"unknown_event": 3, "missing_required": 1}


def test_cells_of_a_patient_that_differ_count_as_empty_and_are_told_where_they_stand(tmp_path):
    lines = (
        f"01;{on(501)};TOD;;m;",
        f"02;{on(0)};Vertebroplastie;T12;;",
        f"02;{on(2)};MRT;;W;x",
        f"02;{on(3)};MRT;; w ;",
    )
    cohort = clean_cohort(events(tmp_path, *ANNA, *lines), DICTIONARY)
    assert told(cohort) == [
        ("patients", 3, 1, "sex", "Geschlecht", "w", "", "differing_cells", "changed"),
        ("patients", 5, 1, "death_date", "Datum", on(500), "", "differing_cells", "changed"),
        ("patients", 8, 1, "thoracic_vertebrae", "Brust", "x", "", "value_not_a_number", "changed"),
    ]
    assert cohort.ledger["why"].iloc[0] == '"w" in sex, but "m" in row 6. The cell counts as empty; correct one.'
    patients = cohort.patients.set_index("patient_id")
    assert patients["sex"].isna().to_dict() == {"01": True, "02": False}
    assert patients["death_date"].isna().all()
    check("ledger", shareable(cohort, DICTIONARY)["ledger"])


def test_dates_of_a_spreadsheet_that_differ_are_told_as_dates_are_written(tmp_path):
    days = [datetime.date(2004, 1, number) for number in (1, 2, 3, 4)]
    names = ["Vertebroplastie", "Tod", "Tod", "Neue Fraktur"]
    with xlsxwriter.Workbook(str(tmp_path / "Kohorte.xlsx"), {"default_date_format": "yyyy-mm-dd"}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADER.split(";"))
        for row, (day, name) in enumerate(zip(days, names, strict=True), start=1):
            sheet.write_row(row, 0, ["007"])
            sheet.write(row, 1, day)
            sheet.write_row(row, 2, [name, "T12" if name == "Vertebroplastie" else "L1"])
    source = {"cohort_file": "Kohorte.xlsx", "layout": "events", "column_names": NAMES}
    formats = {"default": "%d.%m.%Y"}
    raw = read_cohort(
        {}, DICTIONARY, folder=tmp_path, event_column="Ereignis", event_names=EVENTS, date_formats=formats, **source
    )
    assert raw["procedures"]["procedure_date"].tolist() == [pd.Timestamp(days[0])]
    cohort = clean_cohort(raw, DICTIONARY, date_formats=formats)
    assert cohort.ledger["why"].tolist() == [
        '"2004-01-02" in death_date, but "03.01.2004" in row 4. The cell counts as empty; correct one.'
    ]
    assert cohort.patients["patient_id"].tolist() == ["007"]


def test_one_event_may_be_of_two_tables(tmp_path):
    names = EVENTS | {"imaging": "MRT; Neue Fraktur"}
    raw = events(tmp_path, *ANNA, event_names=names)
    assert raw["imaging"]["row"].tolist() == [3, 4]
    assert raw["fractures"]["row"].tolist() == [3, 3]


def test_identifiers_that_differ_in_blanks_are_one_patient(tmp_path):
    raw = events(tmp_path, *ANNA, f" 01;{on(200)};Fraktur;L4;;")
    assert len(raw["patients"]) == 1
    assert clean_cohort(raw, DICTIONARY).fractures["patient_id"].tolist() == ["01"] * 3


def test_everything_that_is_wrong_is_told_at_once(tmp_path):
    names = {
        "patients": {"patient_id": "Nummer"},
        "procedures": {"procedure_date": "Datum {n}", "levels": "Wert"},
        "fractures (old)": {"level": "Wert"},
        "fractures": {"level": "Wert", "patient_id": "Brust"},
    }
    said = {"procedures": " ; ", "fracture": "Fraktur", "patients.sex": "Tod", "imaging": "MRT"}
    found = refused(tmp_path, *ANNA, names=names, event_names=said, event_column="Ereigniss")
    for sentence in (
        '`column_names` says procedures.procedure_date is "Datum {n}", but {n} is for a `cohort_file` with',
        '"fractures (old)" in `column_names`: further groups are for `layout: wide`.',
        '`column_names` says patients.patient_id is "Nummer", but Kohorte.csv has only: Nr, Datum, Ereignis,',
        '`event_column` is "Ereigniss", but Kohorte.csv has only:',
        '`event_names` gives procedures the text " ; ". Write its events, with ; between.',
        '"fracture" is not a known table or column of patients in `event_names`. Did you mean "fractures"?',
        "`event_names` has patients.sex, but `column_names` does not say in which column its value stands.",
        "`event_names` does not say which events are fractures. Name them.",
        'imaging needs a column "imaging_date" (date of imaging), but Kohorte.csv has only:',
    ):
        assert sentence in found
    assert "gives fractures another patient_id" in refused(
        tmp_path, *ANNA, names=NAMES | {"fractures": names["fractures"]}
    )


def test_a_file_without_any_procedure_of_that_name_is_not_read(tmp_path):
    found = refused(tmp_path, *ANNA, event_names=EVENTS | {"procedures": "Vertebroplasty"})
    assert found == (
        'No row of "Ereignis" is one of the events that `event_names` gives procedures. '
        "There stand: vertebroplastie, neue fraktur, mrt, tod."
    )
