"""Files of Stata (.dta), SPSS (.sav, .zsav, .por) and SAS (.sas7bdat, .xpt): values with labels, dates by format."""

import re
from pathlib import Path

import numpy as np
import pyarrow as pa

from helpers.intake import value_labels
from helpers.intake.cell_texts import dates, number_texts, numbers, texts
from helpers.intake.table import Held, cannot_be_read, locked

PROGRAMS = {"dta": "Stata", "sav": "SPSS", "zsav": "SPSS", "por": "SPSS", "sas7bdat": "SAS", "xpt": "SAS"}
_STARTS = {b"$FL2": "sav", b"$FL3": "sav", b"<stata_dta>": "dta", b"HEADER RECORD*******LIB": "xpt"}
_DAY = 86_400
_RECORD = 80  # bytes
# Days from the program's day 0 to 1970, and how a format tells that a number of seconds or days is a date.
_SPSS_DAY_0, _OTHER_DAY_0 = 141_428, 3_653
_SPSS = re.compile(r"(DATE|ADATE|EDATE|JDATE|SDATE|DATETIME|YMDHMS|QYR|MOYR|WKYR)[\d.]*", re.IGNORECASE)
_STATA_DAYS, _STATA_MILLISECONDS = re.compile(r"%-?(td|d).*"), re.compile(r"%-?t[cC].*")
_SAS_SECONDS = re.compile(
    r"(DATETIME|DATEAMPM|DTDATE|MDYAMPM|E8601D[TNZ]|B8601D[TNZ]|NLDATM|IS8601D[TZN])\w*[\d.]*", re.I
)
_SAS_DAYS = re.compile(
    r"(DATE|DAY|DDMMYY|MMDDYY|YYMMDD|JULDAY|JULIAN|MMYY|MONYY|NLDATE|WEEKDATE|WEEKDATX|WORDDATE|WORDDATX|YYMM|YYMON|"
    r"YYQ|EURDF|E8601DA|B8601DA|IS8601DA|MINGUO)\w*[\d.]*",
    re.IGNORECASE,
)
_NO_DATE = re.compile(r"(MONNAME|MONTH|QTR|WEEKDAY|YEAR|DOWNAME)\w*", re.IGNORECASE)


def open_statistics(path: Path, *, encoding: str = "", labels: bool = True, catalogue="") -> Held:
    """Read a file of Stata, SPSS or SAS.

    Values that the file declares missing are empty. A number with a label becomes the label, unless `labels` is
    False; SAS keeps its labels in a catalogue, which is found where it is called like the file (.sas7bcat).
    """
    kind = _kind(path)
    options = {"encoding": encoding} if encoding else {}
    if kind == "sas7bdat":
        catalogue = Path(catalogue) if catalogue else path.with_suffix(".sas7bcat")
        if catalogue.is_file():
            options |= {"catalog_file": str(catalogue)}
    values, about = _read(path, kind, options)
    header = [name.strip() for name in values]
    if not header:
        raise cannot_be_read(path.name, [f"{path.name} has no columns. Write the table again with its columns."])
    of_column = about.variable_value_labels
    columns, codes, notes = [], {}, []
    for name, own in zip(header, values, strict=True):
        own_labels = of_column.get(own) or {}
        column = _column(
            values[own], about.original_variable_types.get(own), about.readstat_variable_types.get(own), kind
        )
        if labels and own_labels and column.type.value_type == pa.string():
            by_code = {_code_text(code): str(label).strip() for code, label in own_labels.items()}
            column, codes[name], note = value_labels.labelled(column, by_code)
            notes += [f'The column "{name}" of {path.name} {note}.'] if note else []
        columns.append(column)
    codes = {name: own for name, own in codes.items() if own}
    if codes:
        notes.append(value_labels.told(path.name, codes))
    if _declares_missing(path, kind, options):
        notes.append(f"Values that {path.name} declares missing are read as empty.")
    row = np.arange(2, 2 + (len(columns[0]) if columns else 0), dtype=np.int32)
    return Held(path.name, header, notes, codes, 0, columns, row)


def _kind(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(64)
    for mark, kind in _STARTS.items():
        if start.startswith(mark):
            return kind
    return path.suffix.lower().lstrip(".")


def _declares_missing(path: Path, kind: str, options: dict) -> bool:
    """Does a file of SPSS name values that stand for a missing one?"""
    return kind in ("sav", "zsav") and bool(
        _read(path, kind, options | {"user_missing": True, "metadataonly": True})[1].missing_ranges
    )


def _read(path: Path, kind: str, options: dict):
    import pyreadstat

    if kind == "xpt" and path.stat().st_size % _RECORD:  # nothing else tells where these files end
        raise cannot_be_read(path.name, [_broken(path.name, kind)])
    readers = {"dta": "read_dta", "por": "read_por", "sas7bdat": "read_sas7bdat", "xpt": "read_xport"}
    read = getattr(pyreadstat, readers.get(kind, "read_sav"))
    options = {} if kind == "por" and not options.get("encoding") else options
    try:
        return read(str(path), output_format="dict", disable_datetime_conversion=True, **options)
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError) as error:
        if "convert string" in str(error) or "encoding" in str(error):
            problem = f"Some texts of {path.name} are not in the encoding that it names. Save it again as Unicode."
        else:
            problem = _broken(path.name, kind)
    except UnicodeDecodeError:
        problem = f"Some texts of {path.name} are not in the encoding that it names. Save it again as Unicode."
    except OSError:
        problem = locked(path.name)
    raise cannot_be_read(path.name, [problem])


def _broken(called: str, kind: str) -> str:
    program = PROGRAMS.get(kind, "SPSS")
    return f"{called} is not a whole file of {program}: it is broken, or was cut off. Write or copy it again."


def _column(values: list, written_as: str | None, stored_as: str | None, kind: str) -> pa.ChunkedArray:
    if stored_as == "string":
        return texts(values)
    values = np.array(values, dtype=np.float64)
    if (days := _days(values, written_as or "", PROGRAMS.get(kind, "SPSS"))) is not None:
        missing = np.isnan(days)
        return dates(np.where(missing, 0, np.floor(np.nan_to_num(days))), missing)
    if stored_as == "float":
        return numbers(values.astype(np.float32))
    return numbers(values)


def _days(values: np.ndarray, written_as: str, program: str) -> np.ndarray | None:
    """Days since 1970 for a column whose format is one of dates; None for another."""
    if program == "SPSS":
        return values / _DAY - _SPSS_DAY_0 if _SPSS.fullmatch(written_as) else None
    if program == "Stata":
        if _STATA_MILLISECONDS.fullmatch(written_as):
            return values / (_DAY * 1000) - _OTHER_DAY_0
        return values - _OTHER_DAY_0 if _STATA_DAYS.fullmatch(written_as) else None
    if _SAS_SECONDS.fullmatch(written_as):
        return values / _DAY - _OTHER_DAY_0
    return values - _OTHER_DAY_0 if _SAS_DAYS.fullmatch(written_as) and not _NO_DATE.fullmatch(written_as) else None


def _code_text(code) -> str:
    return code.strip() if isinstance(code, str) else number_texts(np.array([code], dtype=np.float64))[0]
