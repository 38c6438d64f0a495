"""A cohort whose every cell, header and name that can hold text holds something that must not come out."""

import csv
import io
import json
import re
import struct
import zlib
from base64 import b64decode
from collections.abc import Collection
from html import unescape
from pathlib import Path
from urllib.parse import unquote

import openpyxl
import pandas as pd

from helpers.cohort.simulate import simulate, write_cohort

NAME = "Xaver Geheimrat"
ID = "KX-470815-Zwiesel"
DAY = ("2011-03-29", "29.03.2011", "29.3.2011", "29/03/2011", "03/29/2011", "2011/03/29", "20110329", "29 Mar 2011")
SCRIPT, IMAGE = "<script>alert(`Zellgeheim`)</script>", "<img src=x onerror=alert(`Zellgeheim`)>"
FORMULAS = ('=HYPERLINK("http://evil.example")', "=cmd|' /C calc'!A0", "@SUM(4711)", "+4711+1", "-4711+1")
# What a study file says is shown, as text: the name of the study, of its files, sheets and columns.
STUDY_NAME = "<script>alert(4713)</script> <img src=x onerror=alert(4713)> study"
MARK = "4713"
PATIENTS_FILE, SHEET = f"<img src=x onerror=alert({MARK})>=1+1.csv", "=SUM(1)@"
HEADER = f"<script>alert({MARK})</script>"
PACKED = re.compile(r"data:[a-z/+.-]+;base64,([A-Za-z0-9+/=]+)")
LIKE_ID_OR_DAY = re.compile(r"P0\d{4}|\d{4}-\d\d-\d\d")
_OLD = "P00001"


def plant(folder: Path, *, suppress_below: int = 0) -> Path:
    """Write the cohort and its study file; returns the study file."""
    write_cohort(simulate(60, seed=4), folder, clean=False, file_format="csv")
    tables = {name: pd.read_csv(folder / f"{name}.csv", dtype=str, keep_default_na=False) for name in TABLES}
    for table in tables.values():
        table["patient_id"] = table["patient_id"].str.replace(_OLD, ID)
    _plant_patients(tables["patients"])
    _plant_rows(tables)
    tables["patients"] = tables["patients"].rename(columns={"steroid_use": HEADER})
    for name in ("procedures", "imaging"):
        _with_remark(tables[name]).to_csv(folder / f"{name}.csv", index=False)
    _with_remark(tables["patients"]).to_csv(folder / PATIENTS_FILE, index=False)
    _as_sheet(_with_remark(tables["fractures"]), folder / "fractures.xlsx")
    for name in ("patients.csv", "fractures.csv", "planted_errors.csv", "truth.json"):
        (folder / name).unlink()
    study = folder / "study.yml"
    study.write_text(
        f"study_name: '{STUDY_NAME}'\nis_synthetic: true\nbootstrap_samples: 200\nsuppress_below: {suppress_below}\n"
        "permutations: 20\ncohorts_without_effect: 100\nerror_cohorts: 5\n"
        'specifications: {adjacent_within: {"1": near, "2": further}, estimator: {crude: plain, hazard: timed}}\n'
        f"patients_file: '{PATIENTS_FILE}'\nfractures_file: 'fractures.xlsx#{SHEET}'\n"
        f"column_names: {{patients: {{steroid_use: '{HEADER}'}}}}\n"
    )
    return study


TABLES = ("patients", "procedures", "fractures", "imaging")


def secrets_of(folder: Path) -> set[str]:
    """What must be found nowhere outside `private/`: every patient, every day, and what was planted in cells."""
    secrets = {*NAME.split(), ID, "470815", "Zellgeheim", "evil.example", "/C calc", *DAY, *FORMULAS}
    for path in folder.glob("*.csv"):
        secrets |= set(LIKE_ID_OR_DAY.findall(path.read_text()))
    return secrets


def _plant_patients(patients: pd.DataFrame) -> None:
    """Something in every cell of a patient who is kept, where it makes the cell empty and no more."""
    row = patients.index[patients["patient_id"] == ID][0]
    texts = {"sex": SCRIPT, "age_years": FORMULAS[3], "bone_density_t_score": NAME, "steroid_use": IMAGE}
    for column, text in texts.items():
        patients.loc[row, column] = text
    for row, text in zip(range(10, 10 + len(FORMULAS)), FORMULAS, strict=True):
        patients.loc[row, "sex"] = text
        patients.loc[row, "steroid_use"] = f"{NAME}, {DAY[row % len(DAY)]}"


def _plant_rows(tables: dict[str, pd.DataFrame]) -> None:
    """Rows that are set aside: whose level, date, status or patient cannot be read."""
    secrets = [SCRIPT, IMAGE, NAME, ID, *FORMULAS]
    fractures, imaging, procedures = (tables[name] for name in ("fractures", "imaging", "procedures"))
    for number, text in enumerate([*secrets, *DAY]):
        for table, values in (
            (fractures, {"level": text}),
            (fractures, {"status": text, "confirmed_by": text, "grade": text}),
            (fractures, {"diagnosis_date": text}),
            (imaging, {"imaging_date": text}),
            (imaging, {"patient_id": f"{text} "}),
            (procedures, {"levels": text, "kind": text}),
        ):
            like = table.iloc[number % len(table)].to_dict()
            own = {"patient_id": ID} | values if table is not procedures else {"patient_id": NAME} | values
            table.loc[len(table)] = like | own
    fractures.loc[len(fractures)] = {"patient_id": ID, "level": "T4", "diagnosis_date": DAY[0], "status": "prevalent"}
    imaging.loc[len(imaging)] = {"patient_id": ID, "imaging_date": DAY[0]}


def _with_remark(table: pd.DataFrame) -> pd.DataFrame:
    """A column that nobody asked for, under a header that nobody should run."""
    table = table.fillna("")
    return table.assign(**{FORMULAS[0]: f"{NAME} {ID} {DAY[1]}"})


def _as_sheet(table: pd.DataFrame, path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = SHEET
    for row in (list(table), *table.to_numpy().tolist()):
        sheet.append([text or None for text in row])
        for cell in sheet[sheet.max_row]:
            cell.data_type = "s" if cell.value is not None else cell.data_type
    book.save(path)


def texts_of(path: Path) -> list[str]:
    """All that somebody could read in a file: its bytes, and what is packed or spelled otherwise in it."""
    data = path.read_bytes()
    texts = [data.decode("latin-1")]
    if path.suffix == ".parquet":
        return [*texts, pd.read_parquet(path).to_csv()]
    if path.suffix == ".png":
        return [*texts, *(text.decode("latin-1") for text in png_texts(data))]
    if path.suffix in (".ipynb", ".json"):
        texts += strings_in(json.loads(data))
    plain = PACKED.sub("", "\n".join([*texts[1:], data.decode()]))
    packed = dict.fromkeys(PACKED.findall(data.decode()))
    return [*texts, unescape(unquote(plain)), *(b64decode(one).decode("latin-1") for one in packed)]


def found_in(path: Path, secrets: Collection[str]) -> set[str]:
    """Those of the secrets that somebody could read in a file, identifiers and days of the cohort among them."""
    found = set()
    for text in texts_of(path):
        found |= set(LIKE_ID_OR_DAY.findall(text)) & set(secrets)
        found |= {secret for secret in secrets if not LIKE_ID_OR_DAY.fullmatch(secret) and secret in text}
    return found


def strings_in(value: object) -> list[str]:
    """Every text in what JSON holds."""
    if isinstance(value, dict):
        return [text for inner in (*value, *value.values()) for text in strings_in(inner)]
    if isinstance(value, list):
        # Lines of one text stand in a list.
        return [text for inner in value for text in strings_in(inner)]
    return [value] if isinstance(value, str) else []


def active_in(path: Path) -> list[str]:
    """Scripts that a browser would run: in a page, in a drawing, in what a notebook shows."""
    text = path.read_text(encoding="utf-8") if path.suffix in (".html", ".svg", ".ipynb", ".json") else ""
    if path.suffix == ".ipynb":
        cells = json.loads(text)["cells"]
        shown = [output.get("data", {}) for cell in cells for output in cell.get("outputs", ())]
        kinds = ("text/html", "image/svg+xml", "text/markdown")
        text = "\n".join("".join(data.get(kind, "")) for data in shown for kind in kinds)
        text += "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    elif path.suffix == ".json":
        text = ""
    return re.findall(r"(?i)<script[^>]*>.{0,40}|<[a-z][^>]*\son[a-z]+\s*=[^>]*>|javascript:.{0,20}", text)


def png_texts(data: bytes) -> list[bytes]:
    """The chunks of a PNG that hold words, unpacked."""
    texts, place = [], 8
    while place < len(data):
        (length,), kind = struct.unpack(">I", data[place : place + 4]), data[place + 4 : place + 8]
        body = data[place + 8 : place + 8 + length]
        if kind in (b"tEXt", b"iTXt"):
            texts.append(body)
        elif kind == b"zTXt":
            texts.append(zlib.decompress(body.partition(b"\0")[2][1:]))
        place += length + 12
    return texts


def formulas_in(path: Path) -> list[str]:
    """Cells of a CSV file that a spreadsheet would run."""
    rows = csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline=""))
    return [cell for row in rows for cell in row if _would_run(cell)]


def _would_run(cell: str) -> bool:
    text = cell.lstrip(" ")
    if text.startswith(("=", "@", "\t", "\r", "\n")):
        return True
    return text.startswith(("+", "-")) and not re.fullmatch(r"[+-]?\d+(\.\d+)?(e[+-]?\d+)?", text)
