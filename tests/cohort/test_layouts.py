"""A cohort that stands in one table, a row per patient: what it gives, what is told, and what stops it."""

import datetime

import numpy as np
import pandas as pd
import pytest
import xlsxwriter

from helpers.cohort.clean import clean_cohort
from helpers.cohort.column_groups import find_groups, table_of
from helpers.cohort.ledger import describe
from helpers.cohort.privacy import shareable
from helpers.cohort.readers import read_cohort, reading_notes
from helpers.cohort.tables import check
from helpers.errors import Problems
from tests.cohort.cohorts import DICTIONARY, on, random_study

GERMAN = {"default": "%d.%m.%Y"}
NAMES = {
    "patients": {"patient_id": "Nr", "sex": "Geschlecht"},
    "procedures": {"procedure_date": "OP {n}", "levels": "Zement {n}"},
    "fractures": {"level": "Neu {n}", "diagnosis_date": "Neu {n} Datum", "status": "=new"},
}
OLD = {"fractures (old)": {"level": "Alt", "diagnosis_date": "Alt Datum", "status": "=prevalent"}}
HEADER = "Nr;Geschlecht;OP 1;Zement 1;OP 2;Zement 2;Neu 1;Neu 1 Datum;Neu 2;Neu 2 Datum;Alt;Alt Datum"
ANNA = f"007;w;{on(0)};T12;{on(300)};L3;;;L1;{on(200)};T7, T8;{on(-90)}"


def wide(folder, *lines, header=HEADER, names=None, **options):
    """The raw tables of a CSV file with these lines."""
    (folder / "Kohorte.csv").write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    given = NAMES | OLD if names is None else names
    return read_cohort(
        {}, DICTIONARY, folder=folder, cohort_file="Kohorte.csv", layout="wide", column_names=given, **options
    )


def refused(folder, *lines, **options) -> str:
    with pytest.raises(Problems) as caught:
        wide(folder, *lines, **options)
    return "\n".join(caught.value.problems)


def plain(frame) -> list[tuple]:
    """Rows without the columns about where they stand."""
    columns = [name for name in frame if name not in ("group", "entry")]
    return list(frame[columns].astype(object).itertuples(index=False, name=None))


def as_excel(folder, rows):
    with xlsxwriter.Workbook(str(folder / "Kohorte.xlsx"), {"default_date_format": "dd.mm.yyyy"}) as book:
        sheet = book.add_worksheet()
        for row, cells in enumerate(rows):
            for place, cell in enumerate(cells):
                if cell is not None:
                    sheet.write(row, place, cell)


def test_a_row_of_a_patient_becomes_rows_of_all_tables(tmp_path):
    raw = wide(tmp_path, ANNA)
    assert plain(raw["patients"]) == [("007", "w", 2)]
    assert plain(raw["procedures"]) == [("007", on(0), "T12", 2), ("007", on(300), "L3", 2)]
    assert plain(raw["fractures"]) == [
        ("007", "L1", on(200), "new", 2),
        ("007", "T7", on(-90), "prevalent", 2),
        ("007", "T8", on(-90), "prevalent", 2),
    ]
    assert raw["fractures"]["entry"].tolist() == [1, 2, 3]
    assert raw["fractures"]["group"].tolist() == [1, 2, 2]
    assert reading_notes(raw) == [
        "Cells of fractures that name several levels gave a row for each level: 1 more.",
        "1 row of Kohorte.csv gave these rows: 1 of patients, 2 of procedures, 3 of fractures.",
    ]


def test_rows_of_the_sheet_keep_their_numbers_over_blank_ones(tmp_path):
    raw = wide(tmp_path, ANNA, ";" * 11, "", " ; ;;;;;;;;;;", f"8;m;{on(0)};L1" + ";" * 8)
    assert raw["patients"]["row"].tolist() == [2, 6]
    assert raw["procedures"]["row"].tolist() == [2, 2, 6]
    assert raw["procedures"]["patient_id"].tolist() == ["007", "007", "8"]


def test_a_sheet_of_a_header_only_has_no_patients(tmp_path):
    raw = wide(tmp_path)
    assert [len(raw[name]) for name in ("patients", "procedures", "fractures")] == [0, 0, 0]
    assert clean_cohort(raw, DICTIONARY).rows["read"].sum() == 0


def test_a_row_with_no_group_filled_is_a_patient_only(tmp_path):
    raw = wide(tmp_path, "1;w" + ";" * 10)
    assert [len(raw[name]) for name in ("patients", "procedures", "fractures")] == [1, 0, 0]
    cohort = clean_cohort(raw, DICTIONARY)
    assert cohort.rows["kept"].tolist() == [1, 0, 0, 0]


def test_a_row_without_a_patient_is_set_aside_with_all_that_came_of_it(tmp_path):
    raw = wide(tmp_path, ANNA, ANNA.replace("007", ""), "x;w" + ";" * 10)
    rows = clean_cohort(raw, DICTIONARY).rows.set_index("table")
    assert rows.loc["patients"].tolist() == [3, 2, 1]
    assert rows.loc["procedures"].tolist() == [4, 2, 2]
    assert rows.loc["fractures"].tolist() == [6, 3, 3]


def test_a_row_that_stands_there_twice_is_set_aside_once(tmp_path):
    cohort = clean_cohort(wide(tmp_path, ANNA, ANNA), DICTIONARY)
    assert set(cohort.ledger["rule"]) == {"duplicate_row"}
    assert set(cohort.ledger["row"]) == {3}
    assert cohort.rows["quarantined"].tolist() == [1, 2, 3, 0]


def test_two_rows_of_one_patient_are_one_patient_with_the_procedures_of_both(tmp_path):
    again = f"007;w;{on(700)};L4" + ";" * 8
    cohort = clean_cohort(wide(tmp_path, ANNA, again), DICTIONARY)
    assert len(cohort.patients) == 1
    assert cohort.procedures["levels"].astype(str).tolist() == ["T12", "L3", "L4"]


def test_the_same_cohort_in_one_table_and_in_four_is_cleaned_alike(tmp_path):
    raw = random_study(np.random.default_rng(7), 40)
    header, rows = _side_by_side(raw)
    names = {"patients": {}} | {
        table: {name: f"{table} {name} {{n}}" for name in raw[table] if name not in ("patient_id", "row")}
        for table in ("procedures", "fractures", "imaging")
    }
    found = wide(tmp_path, *rows, header=header, names=names)
    one, four = (shareable(clean_cohort(tables, DICTIONARY), DICTIONARY) for tables in (found, raw))
    for name in ("patients", "procedures", "fractures", "imaging"):
        own = [frame.sort_values(list(frame), ignore_index=True) for frame in (one[name], four[name])]
        pd.testing.assert_frame_equal(*own)


def _side_by_side(raw) -> tuple[str, list[str]]:
    """Header and lines of one table, written without any of the code under test."""
    patients = raw["patients"].drop(columns="row")
    header, lines = list(patients), {cells[0]: list(cells) for cells in patients.itertuples(index=False, name=None)}
    for table in ("procedures", "fractures", "imaging"):
        own = raw[table].drop(columns="row")
        most = own.groupby("patient_id").size().max()
        columns = list(own.columns.drop("patient_id"))
        header += [f"{table} {name} {number}" for number in range(1, most + 1) for name in columns]
        for patient, cells in lines.items():
            mine = own.loc[own["patient_id"] == patient, columns].to_numpy().ravel().tolist()
            cells += mine + [""] * (most * len(columns) - len(mine))
    return ";".join(header), [";".join(f'"{cell}"' for cell in cells) for cells in lines.values()]


def test_the_ledger_and_the_rows_set_aside_lead_to_the_cell(tmp_path):
    line = f"5;w;{on(0)};T12;;;L9;{on(10)};L1;2004-30-02;Unsinn, T7;{on(-9)}"
    cohort = clean_cohort(wide(tmp_path, ANNA, line), DICTIONARY)
    told = cohort.ledger[["table", "row", "entry", "column", "file_column", "before", "rule"]]
    assert sorted(told.itertuples(index=False, name=None)) == [
        ("fractures", 3, 1, "level", "Neu 1", "L9", "level_not_recognised"),
        ("fractures", 3, 2, "diagnosis_date", "Neu 2 Datum", "2004-30-02", "date_not_in_format"),
        ("fractures", 3, 3, "level", "Alt", "Unsinn, T7", "level_not_recognised"),
    ]
    assert cohort.quarantine["entry"].tolist() == [1, 2, 3]
    assert cohort.quarantine["file_column"].tolist() == ["Neu 1, Neu 1 Datum", "Neu 2, Neu 2 Datum", "Alt, Alt Datum"]
    assert cohort.quarantine["original"].tolist()[1] == "Nr: 5; Neu 2: L1; Neu 2 Datum: 2004-30-02; status: new"
    shared = shareable(cohort, DICTIONARY)
    check("ledger", shared["ledger"])
    check("quarantine", shared["quarantine"])
    assert describe(shared["ledger"])[["rule", "rows", "first_rows"]].to_numpy().tolist() == [
        ["level_not_recognised", 2, "3"],
        ["date_not_in_format", 1, "3"],
    ]


def test_reasons_of_several_entries_of_one_row_are_not_mixed_up(tmp_path):
    header = "Nr;OP 1;Zement 1;Neu 1;Neu 1 Datum;Neu 2;Neu 2 Datum;Art 1;Art 2"
    names = NAMES | {"patients": {"patient_id": "Nr"}}
    names["fractures"] = names["fractures"] | {"status": "Art {n}"}
    raw = wide(tmp_path, f"5;{on(0)};T12;L1;x;L2;y;?!;!?", header=header, names=names)
    quarantine = clean_cohort(raw, DICTIONARY).quarantine
    assert quarantine["entry"].tolist() == [1, 2]
    assert quarantine["rules"].tolist() == ["date_not_in_format; unknown_code"] * 2
    assert [[text in why for text in ('"x"', '"y"', '"?!"', '"!?"')] for why in quarantine["why"]] == [
        [True, False, True, False],
        [False, True, False, True],
    ]


def test_a_range_of_levels_is_read_with_the_patients_own_spine(tmp_path):
    header = "Nr;Brust;Lende;Alt"
    names = {
        "patients": {"patient_id": "Nr", "thoracic_vertebrae": "Brust", "lumbar_vertebrae": "Lende"},
        "procedures": {"procedure_date": "Alt", "levels": "Alt"},
        "fractures": {"level": "Alt", "status": "=prevalent"},
    }
    lines = ["1;13;;T11-L1", "2; 12 ;5;T11-L1", "3;11;6;T10-L1", "4;viele;;L1", "5;;;T12-L1", "6;;;3"]
    fractures = wide(tmp_path, *lines, header=header, names=names)["fractures"]
    own = fractures.groupby("patient_id", observed=True)["level"].agg(lambda levels: " ".join(map(str, levels)))
    assert own.to_dict() == {
        "1": "T11 T12 T13 L1", "2": "T11 T12 L1", "3": "T10 T11 L1", "4": "L1", "5": "T12-L1", "6": "3",
    }  # fmt: skip
    assert fractures["entry"].tolist() == [1, 2, 3, 4, 1, 2, 3, 1, 2, 3, 1, 1, 1]
    assert (fractures["diagnosis_date"] == "").all()  # a fracture said to be old may lack its date


def test_groups_of_codes_for_missing_values_are_no_rows_but_told(tmp_path):
    raw = wide(tmp_path, f"1;w;{on(0)};T12;-;n/a;0;999;NA;{on(5)};-;", ANNA)
    assert raw["procedures"]["row"].tolist() == [2, 3, 3]
    assert raw["fractures"]["row"].tolist() == [2, 3, 3, 3]
    assert reading_notes(raw)[:3] == [
        'In 1 row "OP 2" and "Zement 2" hold nothing but codes for missing values: no row was made.',
        'In 1 row "Neu 1" and "Neu 1 Datum" hold nothing but codes for missing values: no row was made.',
        'In 1 row "Alt" and "Alt Datum" hold nothing but codes for missing values: no row was made.',
    ]


def test_a_column_without_number_beside_numbered_ones_holds_for_all_of_them(tmp_path):
    names = {
        "patients": {"patient_id": "Nr"},
        "procedures": {"procedure_date": "OP", "levels": "Zement"},
        "fractures": {"level": "Fraktur {n}", "diagnosis_date": "Datum"},
    }
    raw = wide(
        tmp_path,
        f"1;{on(0)};T12;L1;L2;{on(9)}",
        f"2;{on(0)};T12;;;{on(8)}",
        header="Nr;OP;Zement;Fraktur 1;Fraktur 2;Datum",
        names=names,
    )
    assert plain(raw["fractures"]) == [("1", "L1", on(9), 2), ("1", "L2", on(9), 2)]
    assert 'In 1 row "Datum" is filled, but no numbered column of fractures: no row was made.' in reading_notes(raw)


def test_dates_in_some_columns_and_texts_in_others_meet_in_the_format_given(tmp_path):
    day = datetime.date(2004, 3, 5)
    names = NAMES | {"imaging": {"imaging_date": "Bild {n}"}}
    header = [
        "Nr",
        "Geschlecht",
        "OP 1",
        "Zement 1",
        "Neu 1",
        "Neu 1 Datum",
        "Neu 2",
        "Neu 2 Datum",
        "Bild 1",
        "Bild 2",
    ]
    row = ["0012", "w", day, "T12", "L1", day, "L2", "06.04.2004", day, None]
    as_excel(tmp_path, [["SYNTHETIC"], [], header, row])
    options = {"folder": tmp_path, "cohort_file": "Kohorte.xlsx", "layout": "wide", "column_names": names}
    raw = read_cohort({}, DICTIONARY, date_formats=GERMAN, **options)
    assert raw["fractures"]["diagnosis_date"].tolist() == ["05.03.2004", "06.04.2004"]
    assert raw["imaging"]["imaging_date"].tolist() == [pd.Timestamp(day)]
    assert raw["patients"]["patient_id"].tolist() == ["0012"]
    cohort = clean_cohort(raw, DICTIONARY, date_formats=GERMAN)
    assert cohort.fractures["diagnosis_date"].tolist() == [pd.Timestamp("2004-03-05"), pd.Timestamp("2004-04-06")]
    assert cohort.ledger["rule"].tolist() == ["fracture_on_day_0"]
    for date_format, text in {"excel": "38051", "%m.%Y": "2004-03-05", "%d.%m.%y|%d/%m/%Y": "05/03/2004"}.items():
        raw = read_cohort({}, DICTIONARY, date_formats={"fractures.diagnosis_date": date_format}, **options)
        assert raw["fractures"]["diagnosis_date"].tolist() == [text, "06.04.2004"]


def test_dates_in_all_columns_stay_dates_where_others_are_empty(tmp_path):
    days = [datetime.date(2004, 3, number) for number in (5, 6)]
    header = ["Nr", "OP", "Zement", "Neu", "Neu Datum", "Bild 1", "Bild 2", "Bild 3"]
    as_excel(tmp_path, [header, ["a", *days[:1], "T12", None, None, *days, None], ["b", days[1], "L1"]])
    names = {
        "patients": {"patient_id": "Nr"},
        "procedures": {"procedure_date": "OP", "levels": "Zement"},
        "fractures": {"level": "Neu", "diagnosis_date": "Neu Datum"},
        "imaging": {"imaging_date": "Bild {n}"},
    }
    raw = read_cohort({}, DICTIONARY, folder=tmp_path, cohort_file="Kohorte.xlsx", layout="wide", column_names=names)
    assert raw["imaging"]["imaging_date"].dtype.categories.dtype.kind == "M"
    assert raw["imaging"]["imaging_date"].tolist() == [pd.Timestamp(day) for day in days]
    assert len(raw["fractures"]) == 0
    assert len(clean_cohort(raw, DICTIONARY).imaging) == 2


def test_numbers_up_to_twelve_with_gaps_among_500_columns(tmp_path):
    numbers = [1, 3, 12]
    header = ["Nr", "OP 1", "Zement 1", *(f"Bild {number}" for number in numbers)]
    header += [f"Labor {number}" for number in range(500 - len(header))]
    names = {
        "patients": {"patient_id": "Nr"},
        "procedures": NAMES["procedures"],
        "fractures": {"level": "Labor {n}", "status": "=prevalent"},
        "imaging": {"imaging_date": "Bild {n}"},
    }
    cells = ["1", on(0), "T12", on(1), on(3), on(12), *[""] * 494]
    raw = wide(tmp_path, ";".join(cells), header=";".join(header), names=names)
    assert raw["imaging"]["imaging_date"].tolist() == [on(1), on(3), on(12)]
    assert raw["imaging"].attrs["file_columns"]["imaging_date"] == ["Bild 1", "Bild 3", "Bild 12"]
    assert 'Of the columns "Bild {n}" (imaging) there are those with 1, 3, 12.' in reading_notes(raw)


def test_our_own_names_need_no_line(tmp_path):
    header = "patient_id;sex;procedure_date;levels;level;diagnosis_date;status"
    raw = wide(tmp_path, f"1;w;{on(0)};T12;;;", f"2;w;{on(0)};T12;L1;{on(9)};new", header=header, names={})
    assert plain(raw["fractures"]) == [("2", "L1", on(9), "new", 3)]
    assert raw["fractures"].attrs["file_columns"] == {"": ["level, diagnosis_date, status"]}
    assert "imaging" not in raw


def test_everything_that_is_wrong_is_told_at_once(tmp_path):
    names = {
        "patients": {"patient_id": "Nummer", "sexe": "Geschlecht", "age_years": "Alter {n}"},
        "patients (more)": {"sex": "Geschlecht"},
        "procedures": {"procedure_date": "OP {n}", "levels": "Cement {n}", "patient_id": "=1"},
        "fracture": {"level": "Neu {n}"},
        "fractures (old)": {"level": "Alt {n} von {n}", "diagnosis_date": "Alt Datum"},
        "imaging": {"imaging_date": "=2004-01-01"},
    }
    told = refused(tmp_path, ANNA, names=names)
    for sentence in (
        '"sexe" is not a known column of patients in `column_names`. Did you mean "sex"?',
        '`column_names` says patients.age_years is "Alter {n}", but patients have one row each: no {n} there.',
        '"patients (more)" cannot be: patients have one row each.',
        "`column_names` gives procedures.patient_id a constant.",
        '"fracture" is not a known table. Did you mean "fractures"?',
        '`column_names` says fractures (old).level is "Alt {n} von {n}", but {n} may stand in it once.',
        "`column_names` gives imaging no column of the file. Name at least one.",
        '`column_names` says patients.patient_id is "Nummer", but Kohorte.csv has only: Nr, Geschlecht,',
    ):
        assert sentence in told
    names = {"patients": {"patient_id": "Nr"}, "procedures": {"procedure_date": "OP {n}", "levels": "Cement {n}"}}
    told = refused(tmp_path, ANNA, names=names)
    assert 'procedures.levels is "Cement {n}", but no column fits it, like "Cement 1"' in told
    assert "Nearest: Zement 1" in told
    assert "`column_names` does not say where the fractures stand." in told


@pytest.mark.parametrize(
    ("header", "names", "sentence"),
    [
        ("OP 3", {}, 'There is "OP 3" with the number 3, but no "Zement 3" (procedures.levels).'),
        ("Neu 01", {}, '"Neu {n}" (fractures.level) fits both "Neu 1" and "Neu 01". Rename one of them.'),
        ("Alt", {}, 'Kohorte.csv has 2 columns called "Alt". Give each column its own name.'),
        ("", {"fractures (x)": {"status": "=new", "grade": "Alt"}}, "gives fractures (x) no level (fractured level)."),
        ("", {"imaging": {"imaging_date": "OP 1", "patient_id": "Alt"}}, "all columns of a row are about one patient."),
        (
            "",
            {"fractures (x)": {"level": "Alt", "status": "Art"}},
            'fractures (x).status is "Art", but Kohorte.csv has',
        ),
    ],
)
def test_groups_that_cannot_be(tmp_path, header, names, sentence):
    assert sentence in refused(tmp_path, ANNA, header=f"{HEADER};{header}", names=NAMES | OLD | names)


def test_a_title_above_the_header_is_told_with_what_is_wrong(tmp_path):
    as_excel(tmp_path, [["Eine Kohorte"], ["Nr", "Zement 1"], ["1", "T12"]])
    options = {"folder": tmp_path, "layout": "wide", "column_names": NAMES}
    with pytest.raises(Problems, match="The column names of Kohorte.xlsx are taken from row 2"):
        read_cohort({}, DICTIONARY, cohort_file="Kohorte.xlsx", **options)
    with pytest.raises(Problems, match='The file "Kohorte.ods" is not in the folder'):
        read_cohort({}, DICTIONARY, cohort_file="Kohorte.ods", **options)
    with pytest.raises(Problems, match=r'`column_names` of patients is "Nr". Write pairs'):
        read_cohort({}, DICTIONARY, cohort_file="Kohorte.xlsx", **options | {"column_names": {"patients": "Nr"}})


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"cohort_file": "x.csv"}, "`cohort_file` is set, but `layout` is not."),
        ({"layout": "wide"}, "`layout` is wide, but `cohort_file` names no file."),
        ({"layout": "long", "cohort_file": "x.csv"}, "`layout` must be one of tables, wide, events, but got"),
        (
            {"layout": "wide", "cohort_file": "x.csv", "event_column": "E"},
            "`event_column` is only for `layout: events`.",
        ),
        ({"layout": "events", "cohort_file": "x.csv"}, "`layout` is events, but `event_names` is not set."),
    ],
)
def test_a_file_needs_its_layout_and_the_reverse(tmp_path, options, sentence):
    with pytest.raises(Problems) as caught:
        read_cohort({"patients": "patients.csv"}, DICTIONARY, folder=tmp_path, **options)
    assert sentence in "\n".join(caught.value.problems)


def test_constants_and_the_files_names_in_tables_of_their_own(tmp_path):
    (tmp_path / "p.csv").write_text("Nr\nA\n\nB\n")
    (tmp_path / "o.csv").write_text(f"patient_id,procedure_date,levels\nA,{on(0)},T12\nB,{on(0)},T12\n")
    (tmp_path / "f.csv").write_text(f"patient_id,Wirbel,diagnosis_date\nA,L9,{on(4)}\nB,L2,{on(4)}\n")
    files = {"patients": "p.csv", "procedures": "o.csv", "fractures": "f.csv"}
    names = {"patients": {"patient_id": "Nr"}, "fractures": {"level": "Wirbel", "status": "=new"}}
    cohort = clean_cohort(read_cohort(files, DICTIONARY, folder=tmp_path, column_names=names), DICTIONARY)
    assert cohort.fractures["status"].tolist() == ["new"]
    assert cohort.ledger[["row", "entry", "file_column"]].to_numpy().tolist() == [[2, 1, "Wirbel"]]
    assert cohort.quarantine["original"].tolist() == [
        f"patient_id: A; Wirbel: L9; diagnosis_date: {on(4)}; status: new"
    ]
    names = {"fractures": {"level": "Wirbel {n}"}, "fractures (old)": {"level": "Wirbel"}}
    with pytest.raises(Problems) as caught:
        read_cohort(files, DICTIONARY, folder=tmp_path, column_names=names)
    told = "\n".join(caught.value.problems)
    assert '"fractures (old)" in `column_names`: further groups are for a `cohort_file` with `layout: wide`.' in told
    assert 'fractures.level is "Wirbel {n}", but {n} is for a `cohort_file` with `layout: wide`.' in told


def test_most_of_a_column_that_cannot_be_read_is_told_with_the_files_names(tmp_path):
    lines = [f"{number};w;5.1.04;T12;6.1.04;L1" + ";" * 6 for number in range(6)]
    with pytest.raises(Problems, match=r'procedures.procedure_date \("OP 1", "OP 2", first in row 2\): 12 of 12 dates'):
        clean_cohort(wide(tmp_path, *lines), DICTIONARY)


def test_find_groups_needs_no_file():
    groups = find_groups(HEADER.split(";"), "a sheet", DICTIONARY, NAMES | OLD)
    assert groups.problems == groups.notes == []
    assert sorted(groups.names()) == sorted(HEADER.split(";"))
    assert [table_of(title) for title in ("fractures", "fractures (old)", "a (b", "")] == [
        ("fractures", ""), ("fractures", "old"), ("a (b", ""), ("", ""),
    ]  # fmt: skip
