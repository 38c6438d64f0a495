"""What files seem to be: sheets, columns, formats; nothing that matters is taken on a guess."""

import datetime
import random
import re

import pytest
import xlsxwriter
import yaml

from helpers.errors import Problems
from helpers.setup.formats import POINTS, format_of
from helpers.setup.guesses import LIKELY, fit
from helpers.setup.printed import printed
from helpers.setup.sources import open_given
from helpers.setup.study_text import study_text
from helpers.workbook.initial import init_study
from tests.setup.files import cohort, day, events, renamed, wide, write_csv, write_excel

GERMAN = {
    "patients": {
        "patient_id": "Pat.-Nr.",
        "sex": "Geschlecht",
        "age_years": "Alter",
        "last_imaging_date": "Letzte Bildgebung",
        "last_contact_date": "Letzter Kontakt",
        "death_date": "Sterbedatum",
    },
    "procedures": {
        "patient_id": "PatNr",
        "procedure_date": "OP-Datum",
        "levels": "Zementierte H\u00f6hen",
        "kind": "Verfahren",
        "cement_ml": "Zement (ml)",
    },
    "fractures": {
        "patient_id": "PatNr",
        "level": "H\u00f6he",
        "diagnosis_date": "Diagnosedatum",
        "status": "Status",
        "grade": "Genant",
    },
    "imaging": {"patient_id": "PatNr", "imaging_date": "Datum"},
}
SHEETS = {"patients": "Patienten", "procedures": "Eingriffe", "fractures": "Frakturen", "imaging": "Bildgebung"}


def german_sheets() -> dict[str, list[dict]]:
    return {SHEETS[table]: renamed(rows, GERMAN[table]) for table, rows in cohort().items()}


def headers(proposal) -> dict[str, dict[str, str]]:
    return {
        section.title: {name: guess.header for name, guess in section.guesses.items() if guess.header}
        for section in proposal.sections
    }


def undecided(proposal) -> dict[str, tuple[str, ...]]:
    return {
        f"{section.title}.{name}": guess.candidates
        for section in proposal.sections
        for name, guess in section.guesses.items()
        if not guess.is_decided
    }


def test_four_german_sheets_need_no_decision(proposed, tmp_path):
    found = proposed(write_excel(tmp_path / "Kohorte.xlsx", german_sheets()))
    assert found.layout == "tables"
    assert {table: guess.given.sheet for table, guess in found.tables.items()} == SHEETS
    assert headers(found) == GERMAN
    assert undecided(found) == {}
    assert {guess.format for guess in found.formats.values()} == {"%d.%m.%Y"}
    assert found.codes == {}


@pytest.mark.parametrize("seed", range(6))
def test_the_order_of_sheets_and_columns_and_their_spelling_change_nothing(proposed, tmp_path, seed):
    choose = random.Random(seed)
    spell = choose.choice([str.upper, str.lower, lambda name: name.replace(" ", "_"), lambda name: f" {name} "])
    sheets, names = list(german_sheets().items()), {}
    choose.shuffle(sheets)
    for title, rows in sheets:
        order = list(rows[0])
        choose.shuffle(order)
        names[title] = {name: spell(name).strip() for name in order}
        rows[:] = [{spell(name): row[name] for name in order} for row in rows]
    titles = choose.choice([True, False])  # files that are called after nothing must do as well
    files = [
        write_csv(tmp_path / (f"{title}.csv" if titles else f"Tabelle{at}.csv"), rows)
        for at, (title, rows) in enumerate(sheets)
    ]
    found = proposed(*files)
    expected = {
        table: {name: names[SHEETS[table]][theirs] for name, theirs in own.items()} for table, own in GERMAN.items()
    }
    assert headers(found) == expected


@pytest.mark.parametrize("seed", range(4))
def test_a_header_that_says_nothing_is_never_taken_for_a_date_or_level(proposed, tmp_path, seed):
    """Wrong guesses must not be silent: where a name says nothing, what matters is asked."""
    tables, choose = cohort(), random.Random(seed)
    table, name = choose.choice(
        [("procedures", "procedure_date"), ("procedures", "levels"), ("fractures", "diagnosis_date")]
    )
    tables[table] = renamed(tables[table], {name: f"Spalte{choose.randrange(9)}"})
    found = proposed(*[write_csv(tmp_path / f"{own}.csv", rows) for own, rows in tables.items()])
    open_ones = undecided(found)
    assert list(open_ones) == [f"{table}.{name}"]
    assert [candidate[:6] for candidate in open_ones[f"{table}.{name}"]] == ["Spalte"]


def test_two_columns_that_fit_alike_are_asked(proposed, tmp_path):
    tables = cohort()
    for at, row in enumerate(tables["procedures"]):
        row["date of operation"], row["surgery date"] = row.pop("procedure_date"), day(at)
    found = proposed(*[write_csv(tmp_path / f"{own}.csv", rows) for own, rows in tables.items()])
    assert set(undecided(found)["procedures.procedure_date"]) == {"date of operation", "surgery date"}


def test_one_column_that_may_be_two_of_ours_is_asked(proposed, tmp_path):
    tables = cohort()
    for row in tables["patients"]:
        del row["last_imaging_date"]
        row["Letzte Kontrolle"] = row.pop("last_contact_date")
    found = undecided(proposed(*[write_csv(tmp_path / f"{own}.csv", rows) for own, rows in tables.items()]))
    assert found == {
        "patients.last_imaging_date": ("Letzte Kontrolle",),
        "patients.last_contact_date": ("Letzte Kontrolle",),
    }


def test_a_column_of_the_right_name_and_the_wrong_content_is_asked(proposed, tmp_path):
    tables = cohort()
    for row in tables["patients"]:
        row["death_date"] = "yes" if row["death_date"] else "no"
    found = proposed(*[write_csv(tmp_path / f"{own}.csv", rows) for own, rows in tables.items()])
    guess = next(one for section in found.sections for name, one in section.guesses.items() if name == "death_date")
    assert guess.candidates == ("death_date",)
    assert guess.reason == "the name is ours, but only 0 of 24 cells are dates"


def test_dates_that_may_be_day_first_or_month_first_are_asked_and_no_cell_is_shown(proposed, tmp_path):
    tables = cohort(form="{d:02d}/{m:02d}/{y}")
    for at, row in enumerate(tables["procedures"]):
        row["procedure_date"] = f"0{1 + at % 9}/0{1 + at % 7}/2005"
    found = proposed(*[write_csv(tmp_path / f"{own}.csv", rows) for own, rows in tables.items()])
    guess = found.formats["procedures.procedure_date"]
    assert guess.format == ""
    assert guess.candidates == ("%d/%m/%Y", "%m/%d/%Y")
    assert "rows 9, 10, 11, 12, 13" in guess.told
    assert "2005" not in guess.told
    assert found.formats["fractures.diagnosis_date"].format == "%d/%m/%Y"


def test_with_points_the_day_comes_first(look, dictionary):
    column = dictionary.column("patients", "death_date")
    guess = format_of(look("Tod", ["03.04.2005", "05.06.2005"]), column)
    assert guess.format == "%d.%m.%Y"
    assert guess.told == POINTS
    assert format_of(look("Tod", ["01.27.2005", "05.06.2005"]), column).format == "%m.%d.%Y"


def test_a_way_of_writing_that_is_rare_is_told_and_not_taken(look, dictionary):
    column = dictionary.column("patients", "death_date")
    usual = [f"{1 + at % 28:02d}.11.2005" for at in range(60)]
    guess = format_of(look("Tod", [*usual, "2005-11-13"]), column)
    assert guess.format == "%d.%m.%Y"
    assert "1 cell is written otherwise" in guess.told
    assert guess.told.endswith("in row 62")
    often = format_of(look("Tod", [*usual, *["11.2005"] * 10]), column)
    assert often.format == "%d.%m.%Y|%m.%Y"


def test_years_of_two_digits_ask_for_their_hundred_years(proposed, tmp_path):
    tables = cohort(form="{d:02d}.{m:02d}.0{y}")
    for rows in tables.values():
        for row in rows:
            row |= {name: cell[:6] + cell[-2:] for name, cell in row.items() if name.endswith("_date") and cell}
    found = proposed(*[write_csv(tmp_path / f"{own}.csv", rows) for own, rows in tables.items()])
    assert found.formats["procedures.procedure_date"].needs_pivot


def test_codes_that_nobody_knows_are_asked_but_slips_are_not(proposed, tmp_path):
    tables = cohort(n=200)
    for row in tables["patients"]:
        row["sex"] = {"m": "1", "w": "2"}[row["sex"]]
    tables["procedures"][7]["kind"] = "siehe Akte"
    tables["patients"][3]["sex"] = "L1"
    found = proposed(*[write_csv(tmp_path / f"{own}.csv", rows) for own, rows in tables.items()])
    assert set(found.codes["patients.sex"].texts) == {"1", "2"}
    assert found.codes["patients.sex"].choices == ("female", "male")
    assert found.codes["procedures.kind"].texts == ()
    assert found.codes["procedures.kind"].n_cells == 1
    assert found.codes["procedures.kind"].told.startswith("no known code in 1 of ")


def test_a_wide_german_sheet_needs_no_decision(proposed, tmp_path):
    found = proposed(write_csv(tmp_path / "Kohorte.csv", wide()))
    assert found.layout == "wide"
    assert undecided(found) == {}
    assert headers(found) == {
        "patients": {"patient_id": "Patienten-Nr", "sex": "Geschlecht", "age_years": "Alter",
                     "last_contact_date": "Letzter Kontakt", "death_date": "Todesdatum"},
        "procedures": {"procedure_date": "OP-Datum {n}", "levels": "Zementierte Wirbel {n}"},
        "fractures": {"level": "Neue Fraktur {n} H\u00f6he", "diagnosis_date": "Neue Fraktur {n} Datum"},
        "fractures (old)": {"level": "Alte Frakturen"},
        "imaging": {"imaging_date": "Kontrolle {n}"},
    }  # fmt: skip
    constants = {section.title: section.constants for section in found.sections if section.constants}
    assert constants == {"fractures": {"status": "new"}, "fractures (old)": {"status": "prevalent"}}
    assert ("patients", "steroid_use") in found.missing
    assert ("fractures", "status") not in found.missing


@pytest.mark.parametrize("seed", range(4))
def test_the_order_of_wide_columns_changes_nothing(proposed, tmp_path, seed):
    rows, order = wide(), list(wide(1)[0])
    random.Random(seed).shuffle(order)
    found = proposed(write_csv(tmp_path / "Kohorte.csv", [{name: row[name] for name in order} for row in rows]))
    same = proposed(write_csv(tmp_path / "Same.csv", rows))
    assert found.layout == "wide"
    assert headers(found) == headers(same)


def test_a_sheet_of_events(proposed, tmp_path):
    found = proposed(write_csv(tmp_path / "Ereignisse.csv", events()))
    assert found.layout == "events"
    assert found.events.event.name == "Ereignis"
    assert found.events.kinds == {
        "procedures": ["Vertebroplastie"], "imaging": ["MRT"], "fractures": ["Neue Fraktur", "Alte Fraktur"],
        "patients.last_contact_date": ["Letzter Kontakt"],
        "patients.death_date": ["Tod"],
    }  # fmt: skip
    assert found.events.unknown == ("Labor",)
    assert undecided(found) == {}
    assert headers(found)["procedures"] == {"procedure_date": "Datum", "levels": "Wirbel"}
    assert headers(found)["fractures"] == {"diagnosis_date": "Datum", "level": "Wirbel", "status": "Ereignis"}
    assert found.codes["fractures.status"].meanings == {"Neue Fraktur": "new", "Alte Fraktur": "prevalent"}


def test_one_sheet_may_hold_patients_and_their_one_procedure(proposed, tmp_path):
    tables = cohort()
    sheets = {
        "Patienten": [
            {"PatNr": one["patient_id"], "Geschlecht": one["sex"], "OP-Datum": own["procedure_date"],
             "Zementierte Wirbel": own["levels"], "Letzter Kontakt": one["last_contact_date"]}
            for one, own in zip(tables["patients"], tables["procedures"], strict=True)
        ],
        "Frakturen": renamed(tables["fractures"], GERMAN["fractures"]),
    }  # fmt: skip
    found = proposed(write_excel(tmp_path / "Kohorte.xlsx", sheets))
    assert found.layout == "tables"
    own = {table: guess.given.sheet for table, guess in found.tables.items() if guess.given}
    assert own == {"patients": "Patienten", "procedures": "Patienten", "fractures": "Frakturen"}
    assert headers(found)["procedures"] == {
        "patient_id": "PatNr", "procedure_date": "OP-Datum", "levels": "Zementierte Wirbel",
    }  # fmt: skip


def test_two_sheets_that_fit_alike_are_asked(proposed, tmp_path):
    tables = cohort()
    files = [write_csv(tmp_path / f"{own}.csv", rows) for own, rows in tables.items()]
    files.append(write_csv(tmp_path / "fractures (2).csv", tables["fractures"]))
    found = proposed(*files)
    assert {given.name for given in found.tables["fractures"].candidates} == {"fractures.csv", "fractures (2).csv"}


def test_a_single_patient_is_enough(proposed, tmp_path):
    found = proposed(write_csv(tmp_path / "Kohorte.csv", wide(1)))
    assert found.layout == "wide"
    assert headers(found)["procedures"]["procedure_date"] == "OP-Datum {n}"


def test_a_wide_sheet_whose_identifiers_nobody_names_asks_for_them(proposed, tmp_path):
    rows = [{"K\u00fcrzel": f"ZQ-{at}"} | row for at, row in enumerate(wide())]
    for row in rows:
        del row["Patienten-Nr"]
    found = proposed(write_csv(tmp_path / "Kohorte.csv", rows))
    assert found.layout == "wide"
    assert undecided(found)["patients.patient_id"] == ("K\u00fcrzel",)


def test_a_sheet_of_something_else_leaves_every_file_open(proposed, tmp_path):
    found = proposed(
        write_csv(tmp_path / "labor.csv", [{"Probe": f"{at}", "Wert": f"{at / 7:.2f}"} for at in range(30)])
    )
    assert found.layout == "tables"
    text = study_text(found, "x", lambda given: given.location.rpartition("/")[2])
    values = yaml.safe_load(text)
    assert [values[f"{table}_file"] for table in ("patients", "procedures", "fractures")] == ["?", "?", "?"]
    assert 'no sheet seems to hold the procedures; name it: "labor.csv"?' in text


def test_dates_that_a_spreadsheet_knows_need_no_format(proposed, tmp_path):
    with xlsxwriter.Workbook(str(tmp_path / "K.xlsx"), {"remove_timezone": True}) as book:
        form = book.add_format({"num_format": "dd/mm/yy"})
        for table, rows in cohort().items():
            sheet = book.add_worksheet(table)
            sheet.write_row(0, 0, list(rows[0]))
            for at, row in enumerate(rows, start=1):
                for place, (name, cell) in enumerate(row.items()):
                    if name.endswith("_date") and cell:
                        sheet.write_datetime(at, place, datetime.datetime.strptime(cell, "%d.%m.%Y"), form)
                    else:
                        sheet.write_string(at, place, cell)
    found = proposed(tmp_path / "K.xlsx")
    assert found.formats == {}
    assert undecided(found) == {}


def test_instruments_of_redcap_are_sheets(proposed, tmp_path):
    tables = cohort()
    header = [
        "record_id",
        "redcap_repeat_instrument",
        "redcap_repeat_instance",
        "sex",
        "last_contact",
        "op_date",
        "op_levels",
    ]
    header += ["fx_level", "fx_date"]
    rows = [
        [one["patient_id"], "", "", one["sex"], one["last_contact_date"], "", "", "", ""] for one in tables["patients"]
    ]
    rows += [
        [one["patient_id"], "procedures", "1", "", "", one["procedure_date"], one["levels"], "", ""]
        for one in tables["procedures"]
    ]
    rows += [
        [one["patient_id"], "fractures", "1", "", "", "", "", one["level"], one["diagnosis_date"]]
        for one in tables["fractures"]
    ]
    path = write_csv(tmp_path / "Spine_DATA_2024.csv", [dict(enumerate(row)) for row in rows], header)
    found = proposed(path)
    assert {table: own.given.sheet for table, own in found.tables.items() if own.given} == {
        "patients": "main", "procedures": "procedures", "fractures": "fractures",
    }  # fmt: skip
    assert headers(found)["procedures"] == {
        "patient_id": "record_id",
        "procedure_date": "op_date",
        "levels": "op_levels",
    }
    assert undecided(found) == {}


def test_five_hundred_columns(proposed, tmp_path):
    rows = [row | {f"Labor {at} Wert": str(at) for at in range(500)} for row in wide()]
    found = proposed(write_csv(tmp_path / "Kohorte.csv", rows))
    assert found.layout == "wide"
    assert headers(found)["procedures"]["levels"] == "Zementierte Wirbel {n}"
    assert any("not used" in note and "Labor" in note for note in found.notes)


def test_an_empty_file_is_told(proposed, tmp_path):
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(Problems, match="empty.csv"):
        proposed(tmp_path / "empty.csv")
    with pytest.raises(Problems, match="No rows stand in header.csv"):
        proposed(write_csv(tmp_path / "header.csv", [], ["patient_id", "sex"]))


def test_columns_of_one_name_are_told(proposed, tmp_path):
    path = write_csv(tmp_path / "twice.csv", [{"a": "1", "b": "2"}], ["Datum", "Datum"])
    with pytest.raises(Problems, match='2 columns called "Datum"'):
        proposed(path)


def test_a_missing_file_is_told(proposed, tmp_path):
    with pytest.raises(Problems, match='"nowhere.csv" is not in the folder'):
        proposed(tmp_path / "nowhere.csv")


def test_identifiers_that_lost_their_zeros_or_capitals_are_told_without_being_shown(proposed, tmp_path):
    tables = cohort()
    for row in tables["fractures"]:
        row["patient_id"] = row["patient_id"].lstrip("0")
    tables["patients"][0]["patient_id"], tables["procedures"][0]["patient_id"] = "abX 1", "ABx1"
    notes = " ".join(proposed(*[write_csv(tmp_path / f"{own}.csv", rows) for own, rows in tables.items()]).notes)
    assert "1 identifier of patients is written in several ways" in notes
    assert "differ from others in leading zeros only" in notes
    assert "23 of 24 identifiers of fractures are not among those of patients" in notes or "24 of 24" in notes
    assert "abX" not in notes
    tables["fractures"] = tables["fractures"][:1]
    tables["patients"].append(tables["patients"][1] | {"patient_id": "0" + tables["patients"][1]["patient_id"]})
    notes = " ".join(proposed(*[write_csv(tmp_path / f"{own}.csv", rows) for own, rows in tables.items()]).notes)
    assert "1 of 1 identifier of fractures is not among those of patients." in notes


def test_one_column_for_each_vertebra_is_told(proposed, tmp_path):
    rows = [{"ID": f"A{at}", "OP-Datum": day(at), "T12": "1", "L1": "0", "L2": ""} for at in range(9)]
    found = proposed(write_csv(tmp_path / "matrix.csv", rows))
    assert any("columns called like vertebrae (T12, L1, L2 ...)" in note for note in found.notes)


def test_birth_dates_are_no_ages(proposed, tmp_path):
    tables = cohort()
    for at, row in enumerate(tables["patients"]):
        del row["age_years"]
        row["Geburtsdatum"] = day(at, first=1930)
    found = proposed(*[write_csv(tmp_path / f"{own}.csv", rows) for own, rows in tables.items()])
    assert any("ages are not computed" in note for note in found.notes)
    assert ("patients", "age_years") in found.missing
    assert "Geburtsdatum" not in str(headers(found)) + str(undecided(found))


def test_a_level_that_a_spreadsheet_made_a_number_is_no_level(look, dictionary):
    column = dictionary.column("fractures", "level")
    good, bad = look("Fraktur H\u00f6he", ["L1", "Th12", ""]), look("Fraktur H\u00f6he", ["1", "12", ""])
    assert fit(good, column).confidence > 0.9
    assert fit(bad, column).confidence < LIKELY


PIECES = [
    "OP",
    "Datum",
    "Fraktur",
    "H\u00f6he",
    "neu",
    "alt",
    "Pat",
    "ID",
    "Letzte",
    "Kontrolle",
    "Zement",
    "Tod",
    "1",
    "2",
    "x",
    "#",
    '"',
    ": ",
]
CELLS = {
    "date": lambda choose: day(choose.randrange(99)),
    "american": lambda choose: f"{1 + choose.randrange(12)}/{1 + choose.randrange(12)}/2005",
    "level": lambda choose: choose.choice(["L1", "Th12", "T11-L1", "L1; L3", "LWK 1"]),
    "number": lambda choose: str(choose.randrange(100)),
    "code": lambda choose: choose.choice(["ja", "nein", "?", "k.A.", "m"]),
    "event": lambda choose: choose.choice(["OP", "Neue Fraktur", "Tod", "MRT", "x; y"]),
    "odd": lambda choose: choose.choice(["", " ", "\n", "\u2028", "=1+1", "\x07", "'", "\\"]),
}


@pytest.mark.parametrize("seed", range(30))
def test_whatever_stands_in_the_files_the_study_file_names_only_what_is_there(proposed, tmp_path, seed):
    """Random sheets: the study file is YAML, every column it names is there, and each ? stands for itself."""
    choose = random.Random(seed)
    files, known = [], set()
    for number in range(choose.randint(1, 3)):
        names = dict.fromkeys(
            " ".join(choose.sample(PIECES, choose.randint(1, 3))) for _ in range(choose.randint(1, 12))
        )
        kinds = [choose.choice(list(CELLS.values())) for _ in names]
        rows = [
            dict(zip(names, (kind(choose) for kind in kinds), strict=True)) for _ in range(choose.choice([1, 2, 30]))
        ]
        files.append(write_csv(tmp_path / f"{choose.choice(['Frakturen', 'OP', 'x'])}{number}.csv", rows))
        known |= {name.strip() for name in names}
    found = proposed(*files)
    values = yaml.safe_load(study_text(found, "x", lambda given: given.location))
    assert printed(found, open_given([str(file) for file in files]))
    named = [name for own in values.get("column_names", {}).values() for name in own.values()]
    for name in named:
        form = re.escape(name).replace(re.escape("{n}"), r"\d+")
        assert name == "?" or name.startswith("=") or any(re.fullmatch(form, one) for one in known), name
    n_open = sum(not guess.is_decided for section in found.sections for guess in section.guesses.values())
    assert named.count("?") == n_open or found.layout != "tables"


def test_a_required_column_that_no_name_fits_is_asked_about_by_its_cells(tmp_path):
    rows = [
        {"Pat.-ID": f"{number:03d}", "Geschl. (1=m, 2=w)": str(1 + number % 2), "OP-Datum": f"{number:02d}.02.2004",
         "Segmente": ["BWK 12", "LWK1", "T12/L1"][number % 3], "Neue Fraktur": ["L2", ""][number % 2],
         "Neue Fraktur Datum": [f"{number:02d}.05.2004", ""][number % 2], "Letzte Kontrolle": f"{number:02d}.02.2006"}
        for number in range(1, 25)
    ]  # fmt: skip
    text = init_study([str(write_csv(tmp_path / "one.csv", rows))], tmp_path / "mine").path.read_text(encoding="utf-8")
    assert 'levels: "?"                                             # "Segmente"?' in text
    assert 'sex: "Geschl. (1=m, 2=w)"' in text
    assert '"1": "?"' in text
