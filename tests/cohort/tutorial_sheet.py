"""The example cohort once more, as a clinic would keep it: one sheet, a row per patient, in German.

`python -m tests.cohort.tutorial_sheet` writes data/example/kohorte.xlsx. It holds what data/example/*.csv hold, but for
the rows of images without a date or of a mistyped patient, which a row per patient cannot carry and which are set
aside there; blanks around identifiers are gone.
"""

import datetime
from pathlib import Path

import pandas as pd
import xlsxwriter

EXAMPLE = Path(__file__).parents[2] / "data" / "example"
SHEET = "Patienten"
TITLES = (
    "Kohorte Vertebroplastie - SYNTHETIC: synthetische Daten, keinen dieser Patienten gibt es",
    "Stand: erfundene Auswertung; Fragen an niemanden",
)
NOTES = (
    "SYNTHETIC / SYNTHETISCH: Alle Zeilen sind zufällig erzeugt, auch die Fehler darin.",
    "Alte Fraktur: schon vor der ersten Vertebroplastie. Neue Fraktur: alles, was danach kam, mit der Art.",
    "Kontrolle: jede Bildgebung der Wirbelsäule.",
)
PATIENTS = {
    "patient_id": "Patienten-Nr", "sex": "Geschlecht", "age_years": "Alter", "last_imaging_date": "Letzte Bildgebung",
    "last_contact_date": "Letzter Kontakt", "death_date": "Verstorben am", "thoracic_vertebrae": "Anzahl BWK",
    "lumbar_vertebrae": "Anzahl LWK", "bone_density_t_score": "T-Score", "steroid_use": "Kortison",
}  # fmt: skip
PROCEDURES = {
    "procedure_date": "OP-Datum {n}", "levels": "Zementiert {n}", "kind": "OP {n} Art",
    "cement_ml": "OP {n} Zement (ml)", "disc_leak": "OP {n} Leck in Bandscheibe",
}  # fmt: skip
FRACTURE = {"level": "Höhe", "diagnosis_date": "Datum", "confirmed_by": "gesichert durch", "grade": "Grad"}
OLD = {name: f"Alte Fraktur {{n}} {own}" for name, own in FRACTURE.items()}
NEW = {name: f"Neue Fraktur {{n}} {own}" for name, own in (FRACTURE | {"status": "Art"}).items()}
IMAGING = {"imaging_date": "Kontrolle {n}"}
WORDS = {
    "sex": {"F": "weiblich", "M": "männlich"}, "steroid_use": {"yes": "ja", "no": "nein"},
    "disc_leak": {"yes": "ja", "no": "nein"}, "kind": {"vertebroplasty": "VP", "kyphoplasty": "KP"},
    "status": {"new": "neu"},
    "confirmed_by": {"mri": "MRT", "ct": "CT", "radiograph": "Röntgen", "bone_scan": "Szintigraphie"},
}  # fmt: skip
NUMBERS = ("age_years", "bone_density_t_score", "cement_ml", "grade", "thoracic_vertebrae", "lumbar_vertebrae")


def write_tutorial_sheet(path: Path) -> None:
    """Write the workbook; its bytes hang on the CSV files only."""
    columns = _columns()
    with xlsxwriter.Workbook(str(path)) as book:
        book.set_properties({"title": "SYNTHETIC", "created": datetime.datetime(2020, 1, 1)})
        date, bold = book.add_format({"num_format": "dd.mm.yyyy"}), book.add_format({"bold": True})
        sheet = book.add_worksheet(SHEET)
        for row, title in enumerate(TITLES):
            sheet.merge_range(row, 0, row, 9, title, bold)
        for place, (name, cells) in enumerate(columns.items()):
            sheet.write_string(len(TITLES) + 1, place, name, bold)
            for row, cell in enumerate(cells, start=len(TITLES) + 2):
                if isinstance(cell, datetime.date):
                    sheet.write_datetime(row, place, cell, date)
                elif isinstance(cell, float):
                    sheet.write_number(row, place, cell)
                elif cell:
                    sheet.write_string(row, place, cell)
        notes = book.add_worksheet("Notizen")
        for row, note in enumerate(NOTES):
            notes.write_string(row, 0, note)


def _columns() -> dict[str, list]:
    """Heading -> cells, one for each row of patients.csv."""
    tables = {name: _read(name) for name in ("patients", "procedures", "fractures", "imaging")}
    patients, fractures = tables["patients"], tables["fractures"]
    is_old = fractures["status"] == "prevalent"
    first = {patient: row for row, patient in reversed(list(enumerate(patients["patient_id"])))}
    columns = {theirs: _written(name, patients[name]) for name, theirs in PATIENTS.items()}
    given = tables["imaging"][tables["imaging"]["imaging_date"] != ""]
    groups = [(PROCEDURES, tables["procedures"]), (OLD, fractures[is_old]), (NEW, fractures[~is_old]), (IMAGING, given)]
    for names, table in groups:
        own = table[table["patient_id"].isin(first)]
        row, number = own["patient_id"].map(first), own.groupby("patient_id").cumcount() + 1
        for n in range(1, number.max() + 1):
            for name, theirs in names.items():
                cells = (
                    own.loc[number == n, name].set_axis(row[number == n]).reindex(range(len(patients)), fill_value="")
                )
                columns[theirs.replace("{n}", str(n))] = _written(name, cells)
    return columns


def _read(name: str) -> pd.DataFrame:
    table = pd.read_csv(EXAMPLE / f"{name}.csv", dtype=str, keep_default_na=False)
    return table.assign(patient_id=table["patient_id"].str.strip())


def _written(name: str, cells: pd.Series) -> list:
    """Cells as a clinic has them: real dates, or texts all along where one of the column is no date."""
    if name.endswith("_date"):
        days = [_day(cell) for cell in cells]
        if all(day or not cell for day, cell in zip(days, cells, strict=True)):
            return days
        return [f"{day:%d.%m.%Y}" if day else _misread(cell) for day, cell in zip(days, cells, strict=True)]
    if name in NUMBERS:
        return [_number(cell) for cell in cells]
    return [WORDS.get(name, {}).get(cell, cell) for cell in cells]


def _day(cell: str) -> datetime.date | None:
    """A date that a spreadsheet can hold and would not hold by mistake."""
    try:
        day = datetime.date.fromisoformat(cell)
    except ValueError:
        return None
    return day if day.year > 1980 else None


def _misread(cell: str) -> str:
    """What is wrong with a date in the CSV files, wrong in the same way among dates like 27.01.2006."""
    parts = cell.split("-")
    if len(parts) == 3:
        return ".".join(reversed(parts))
    return cell.replace(".", "/")


def _number(cell: str) -> float | str:
    try:
        return float(cell)
    except ValueError:
        return cell


if __name__ == "__main__":
    write_tutorial_sheet(EXAMPLE / "kohorte.xlsx")
