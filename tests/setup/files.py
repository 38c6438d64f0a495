"""Small made-up files of a clinic."""

import csv
from pathlib import Path

import xlsxwriter

PATIENTS = ("patient_id", "sex", "age_years", "last_imaging_date", "last_contact_date", "death_date")
N = 24


def day(number: int, *, first: int = 2004, form: str = "{d:02d}.{m:02d}.{y}") -> str:
    """A day in that year or the next."""
    return form.format(d=1 + 7 * number % 28, m=1 + 5 * number % 12, y=first + number % 2)


def cohort(form: str = "{d:02d}.{m:02d}.{y}", n: int = N) -> dict[str, list[dict]]:
    """Our four tables, under our names."""
    ids = [f"{number:04d}" for number in range(1, n + 1)]
    levels = ["Th8", "Th12", "L1", "L2", "L3"]
    return {
        "patients": [
            {"patient_id": one, "sex": "mw"[at % 2], "age_years": str(60 + at), "last_imaging_date": day(at, form=form),
             "last_contact_date": day(at + 1, form=form), "death_date": day(at + 2, form=form) if at % 3 == 0 else ""}
            for at, one in enumerate(ids)
        ],
        "procedures": [
            {"patient_id": one, "procedure_date": day(at + 3, form=form), "levels": ["L1", "Th12; L1", "Th8"][at % 3],
             "kind": ["VP", "KP"][at % 2], "cement_ml": f"{3 + at % 4},5"}
            for at, one in enumerate(ids)
        ],
        "fractures": [
            {"patient_id": ids[at % n], "level": levels[at % 5], "diagnosis_date": day(at + 4, form=form),
             "status": ["neu", "alt"][at % 2], "grade": str(at % 4)}
            for at in range(2 * n)
        ],
        "imaging": [{"patient_id": ids[at % n], "imaging_date": day(at + 5, form=form)} for at in range(3 * n)],
    }  # fmt: skip


def renamed(rows: list[dict], names: dict[str, str]) -> list[dict]:
    """The rows under other names."""
    return [{names.get(name, name): cell for name, cell in row.items()} for row in rows]


def write_csv(path: Path, rows: list[dict], header: list[str] | None = None) -> Path:
    """A CSV file of these rows."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header or list(rows[0]))
        writer.writerows([list(row.values()) for row in rows])
    return path


def write_excel(path: Path, sheets: dict[str, list[dict]]) -> Path:
    """A workbook of these sheets, every cell a text."""
    with xlsxwriter.Workbook(str(path)) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, list(rows[0]) if rows else [])
            for at, row in enumerate(rows, start=1):
                for place, cell in enumerate(row.values()):
                    sheet.write_string(at, place, cell)
    return path


def wide(n: int = N) -> list[dict]:
    """A German sheet with one row per patient."""
    return [
        {
            "Patienten-Nr": f"{at:04d}", "Geschlecht": "mw"[at % 2], "Alter": str(60 + at), "OP-Datum 1": day(at),
            "Zementierte Wirbel 1": ["L1", "Th12; L1"][at % 2],
            "OP-Datum 2": day(at, first=2005) if at % 5 == 0 else "",
            "Zementierte Wirbel 2": "L3" if at % 5 == 0 else "",
            "Neue Fraktur 1 H\u00f6he": "L2" if at % 3 == 0 else "",
            "Neue Fraktur 1 Datum": day(at, first=2006) if at % 3 == 0 else "", "Neue Fraktur 2 H\u00f6he": "",
            "Neue Fraktur 2 Datum": "", "Alte Frakturen": "Th8, Th9" if at % 4 == 0 else "",
            "Kontrolle 1": day(at, first=2005), "Kontrolle 2": day(at, first=2006),
            "Letzter Kontakt": day(at, first=2007), "Todesdatum": day(at, first=2008) if at % 9 == 0 else "",
            "Bemerkung": "frei",
        }
        for at in range(1, n + 1)
    ]  # fmt: skip


def events(n: int = N) -> list[dict]:
    """A German sheet with one row per event."""
    rows = []
    for at in range(1, n + 1):
        kinds = [("Vertebroplastie", "L1"), ("MRT", ""), ("Neue Fraktur", "L2"), ("Alte Fraktur", "Th8"), ("Labor", "")]
        kinds += [("Tod", "")] if at % 6 == 0 else [("Letzter Kontakt", "")]
        rows += [
            {
                "Pat-ID": f"P{at}",
                "Geschlecht": "mw"[at % 2],
                "Ereignis": kind,
                "Datum": day(at + place),
                "Wirbel": level,
            }
            for place, (kind, level) in enumerate(kinds)
        ]
    return rows
