"""The kinds of error planted in synthetic tables: those common in such cohorts, each with the rule that finds it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True)
class ErrorKind:
    """One kind of error.

    Attributes
    ----------
    rule : str
        The cleaning rule that must find it.
    error : str
        What went wrong, in the words of a data manager.
    table, column : str
        Where it shows.
    fits : callable
        Rows of the table (Categorical columns) with their patients' facts beside -> bool, those in which it can be
        planted.
    write : callable
        Chosen rows (text), random generator -> {column: texts}, what the rows then say.
    weight : float
        How common it is beside the others.
    copy_of : str
        Plant it as a further row, made from a row of this table; "" to change a row that is there.
    """

    rule: str
    error: str
    table: str
    column: str
    fits: Callable
    write: Callable
    weight: float = 1.0
    copy_of: str = ""


def _every(rows):
    return np.ones(len(rows), dtype=bool)


def _filled(column):
    return lambda rows: rows[column] != ""


def _always(column, *texts):
    return lambda rows, rng: {column: rng.choice(np.array(texts, dtype=object), len(rows))}


def _mapped(column, change):
    return lambda rows, rng: {column: rows[column].map(change)}


def _shifted(column, source, low, high):
    """Dates `low` to `high` days after those in `source`."""
    return lambda rows, rng: {column: _plus(rows[source], rng.integers(low, high + 1, len(rows)))}


def _plus(dates, days):
    moved = dates.to_numpy().astype("datetime64[D]") + days
    return np.datetime_as_string(moved).astype(object)


def _text_fits(column, fits):
    """A condition on the text of one column, looked up once for each distinct text."""

    def test(rows):
        texts = rows[column].cat.categories
        return np.asarray(fits(pd.Series(texts, dtype=object)), dtype=bool)[rows[column].cat.codes]

    return test


def _day_after_12(column):
    return _text_fits(column, lambda dates: dates.str[8:].gt("12"))


def _day_and_month_exchanged(date):
    return f"{date[:4]}-{date[8:]}-{date[5:7]}"


def _day_first(date):
    return f"{date[8:]}.{date[5:7]}.{date[:4]}"


def _neighbours_of_one_letter(levels):
    first, upper, second, lower = (part for _, part in levels.str.extract(r"^([TL])(\d+); ([TL])(\d+)$").items())
    return (first == second) & (pd.to_numeric(lower) == pd.to_numeric(upper) + 1)


def _neighbours(levels):
    return _neighbours_of_one_letter(levels) | (levels == "T12; L1")


def _only_procedure(rows):
    return (rows["n_procedures"] == 1) & rows["usual_spine"]


def _as_sheet_date(levels):
    first, second = (int(level[1:]) for level in levels.split("; "))
    return f"{first}-{_MONTHS[second - 1]}"


def _with_unit(rows, rng):
    return {"cement_ml": rows["cement_ml"] + rng.choice(np.array([" cc", " ml"], dtype=object), len(rows))}


def _is(status):
    return lambda rows: rows["status"] == status


def _seen_after_day_0(rows):
    return rows["imaged_to"] > rows["index_day"]


def _earlier_session(rows, rng):
    """The same patient as entered at an earlier session: follow-up so far, nothing known of a death."""
    first = rows["index_day"]
    age = (rows["age_years"].astype(int) - 1).clip(45).astype(str)
    return {"age_years": age, "last_imaging_date": first, "last_contact_date": first, "death_date": ""}


def _moved_before_day_0(rows, rng):
    day = _plus(rows["index_day"], -rng.integers(20, 200, len(rows)))
    return {"last_contact_date": day, "last_imaging_date": day}


def _fracture_row_among_patients(rows, rng):
    """The row as pasted: cell by cell, under the headings of patients."""
    order = ("sex", "age_years", "last_imaging_date", "last_contact_date", "death_date")
    source = ("level", "diagnosis_date", "status", "confirmed_by", "grade")
    return {column: rows[cell] for column, cell in zip(order, source, strict=True)}


def _first_level(levels):
    return levels.str.split("; ").str[0]


def _as_new_fracture(level):
    """A row that calls a level newly fractured at the last imaging."""
    return lambda rows, rng: {
        "level": level(rows), "diagnosis_date": rows["imaged_to"], "status": "new", "confirmed_by": "mri", "grade": "",
    }  # fmt: skip


def _alive_10_days_later(rows):
    """Dates are categories day by day, so that their numbers count days; "" is number 0."""
    death, diagnosis = (rows[date].cat.codes.to_numpy().astype(int) for date in ("death_day", "diagnosis_date"))
    return (death == 0) | (death - diagnosis > 10)


def _both(*conditions):
    return lambda rows: np.logical_and.reduce([np.asarray(condition(rows), dtype=bool) for condition in conditions])


def _calm(rows):
    return rows["is_event_free"] & (rows["n_procedures"] == 1)


MIXED = '"none", "NA", 0 and blank mixed'
SWAPPED = "day and month swapped"
OLD_AS_NEW = "a prevalent fracture entered as new"
T_AND_L = "T and L swapped"

ERROR_KINDS = (
    # Those that fit few patients come first, so that there are some left.
    ErrorKind("fracture_after_death", "death before fracture", "fractures", "diagnosis_date",
              _both(_is("new"), _filled("death_day")), _shifted("diagnosis_date", "death_day", 3, 60), 0.5),
    ErrorKind("follow_up_before_fracture", "follow-up before fracture", "patients", "last_imaging_date",
              lambda rows: rows["latest_fracture"] > rows["index_day"],
              lambda rows, rng: {"last_imaging_date": rows["index_day"]}, 1.0),
    ErrorKind("new_fracture_before_procedure", "fracture dated before the procedure", "fractures", "diagnosis_date",
              _is("new"), _shifted("diagnosis_date", "index_day", -90, -2), 0.5),
    ErrorKind("fracture_on_day_0", "fracture dated on day 0", "fractures", "diagnosis_date",
              _is("new"), lambda rows, rng: {"diagnosis_date": rows["index_day"]}, 0.5),
    ErrorKind("status_contradicts_record", "a new fracture called prevalent", "fractures", "status",
              _is("new"), _always("status", "prevalent"), 0.0),
    ErrorKind("duplicate_fracture", "the same new fracture entered again, on another date", "fractures",
              "diagnosis_date", _both(_is("new"), _alive_10_days_later),
              _shifted("diagnosis_date", "diagnosis_date", 1, 9), 0.5, copy_of="fractures"),
    ErrorKind("death_before_procedure", "death before the procedure", "patients", "death_date",
              _both(_calm, _filled("death_date")), _shifted("death_date", "index_day", -400, -10), 0.0),
    ErrorKind("follow_up_before_procedure", "follow-up before the procedure", "patients", "last_contact_date",
              _calm, _moved_before_day_0, 0.0),
    ErrorKind("follow_up_after_death", "follow-up after death", "patients", "last_contact_date",
              _filled("death_date"), _shifted("last_contact_date", "death_date", 5, 90), 1.0),
    ErrorKind("level_not_recognised", 'Excel turned "1-2" into a date', "procedures", "levels",
              _both(_text_fits("levels", _neighbours_of_one_letter), _only_procedure),
              _mapped("levels", _as_sheet_date), 0.0),
    ErrorKind("ambiguous_levels", '"T11-T12" can mean both vertebrae or the disc', "procedures", "levels",
              _both(_text_fits("levels", _neighbours), _only_procedure),
              _mapped("levels", lambda levels: levels.replace("; ", "-")), 0.0),
    ErrorKind("treated_level_entered_as_new", "a treated level listed as new", "fractures", "status",
              lambda rows: _seen_after_day_0(rows) & _calm(rows),
              _as_new_fracture(lambda rows: _first_level(rows["levels"])), 1.0, copy_of="procedures"),
    ErrorKind("prevalent_level_entered_as_new", OLD_AS_NEW, "fractures", "status",
              lambda rows: _is("prevalent")(rows) & _seen_after_day_0(rows) & _calm(rows) & ~rows["is_cemented"],
              _as_new_fracture(lambda rows: rows["level"]), 1.0, copy_of="fractures"),
    ErrorKind("new_fracture_before_procedure", OLD_AS_NEW, "fractures", "status",
              _is("prevalent"), _always("status", "new"), 1.0),
    ErrorKind("level_not_in_this_spine", T_AND_L, "fractures", "level",
              lambda rows: (rows["level"] == "T6") & rows["usual_spine"], _always("level", "L6"), 0.5),
    ErrorKind("level_not_recognised", T_AND_L, "fractures", "level",
              lambda rows: rows["level"].isin(["T7", "T8", "T9", "T10", "T11", "T12"]),
              _mapped("level", lambda level: "L" + level[1:]), 1.0),
    ErrorKind("level_not_recognised", 'a bare "12"', "fractures", "level",
              lambda rows: ~rows["level"].isin(["T1", "T2"]), _mapped("level", lambda level: level[1:]), 1.0),
    ErrorKind("duplicate_patient", "duplicate patients across sessions", "patients", "last_contact_date",
              lambda rows: rows["last_contact_date"] > rows["index_day"], _earlier_session, 2.0, copy_of="patients"),
    ErrorKind("duplicate_row", "duplicate patients across sessions", "patients", "patient_id",
              _every, _mapped("patient_id", str), 1.0, copy_of="patients"),
    ErrorKind("duplicate_row", "the same row entered twice", "imaging", "imaging_date",
              _every, _mapped("imaging_date", str), 2.0, copy_of="imaging"),
    ErrorKind("row_from_another_table", "patients and fractures mixed", "patients", "sex",
              _is("prevalent"), _fracture_row_among_patients, 1.0, copy_of="fractures"),
    ErrorKind("day_and_month_swapped", SWAPPED, "imaging", "imaging_date",
              _day_after_12("imaging_date"), _mapped("imaging_date", _day_and_month_exchanged), 3.0),
    ErrorKind("day_and_month_swapped", SWAPPED, "fractures", "diagnosis_date",
              _both(_is("prevalent"), _day_after_12("diagnosis_date")),
              _mapped("diagnosis_date", _day_and_month_exchanged), 1.0),
    ErrorKind("day_and_month_swapped", SWAPPED, "patients", "last_contact_date",
              _day_after_12("last_contact_date"), _mapped("last_contact_date", _day_and_month_exchanged), 2.0),
    ErrorKind("two_digit_year", "two-digit years", "imaging", "imaging_date",
              _every, _mapped("imaging_date", lambda date: date[2:]), 3.0),
    ErrorKind("two_digit_year", "two-digit years", "patients", "last_contact_date",
              _filled("last_contact_date"), _mapped("last_contact_date", lambda date: date[2:]), 2.0),
    ErrorKind("date_not_in_format", "a date written in another way", "imaging", "imaging_date",
              _every, _mapped("imaging_date", _day_first), 2.0),
    ErrorKind("implausible_date", "a year mistyped", "imaging", "imaging_date",
              _every, _mapped("imaging_date", lambda date: "19" + date[2:]), 1.0),
    ErrorKind("missing_required", "an empty cell that is needed", "imaging", "imaging_date",
              _every, _always("imaging_date", ""), 1.0),
    ErrorKind("unknown_patient", "a patient identifier mistyped", "imaging", "patient_id",
              _every, _mapped("patient_id", lambda text: text[0] + text[2:]), 1.0),
    ErrorKind("out_of_range", "an age of 9", "patients", "age_years",
              _filled("age_years"), _always("age_years", "9"), 1.0),
    ErrorKind("out_of_range", "a decimal point left out", "procedures", "cement_ml",
              _text_fits("cement_ml", lambda texts: pd.to_numeric(texts) > 4),
              _mapped("cement_ml", lambda text: text.replace(".", "")), 1.0),
    ErrorKind("value_not_a_number", "words where a number belongs", "patients", "bone_density_t_score",
              _filled("bone_density_t_score"), _always("bone_density_t_score", "osteoporosis", "low"), 1.0),
    ErrorKind("unknown_code", "a code nobody listed", "fractures", "confirmed_by",
              _every, _always("confirmed_by", "PET", "see letter"), 1.0),
    ErrorKind("unit_written_out", "ml and cc mixed", "procedures", "cement_ml",
              _filled("cement_ml"), _with_unit, 8.0),
    ErrorKind("decimal_comma", "a decimal comma", "procedures", "cement_ml",
              _filled("cement_ml"), _mapped("cement_ml", lambda text: text.replace(".", ",")), 4.0),
    ErrorKind("decimal_comma", "a decimal comma", "patients", "bone_density_t_score",
              _filled("bone_density_t_score"),
              _mapped("bone_density_t_score", lambda text: text.replace(".", ",")), 4.0),
    ErrorKind("space_around_id", "a blank after the patient identifier", "fractures", "patient_id",
              _every, _mapped("patient_id", lambda text: text + " "), 4.0),
    ErrorKind("space_around_id", "a blank before the patient identifier", "imaging", "patient_id",
              _every, _mapped("patient_id", lambda text: " " + text), 4.0),
    ErrorKind("missing_code", MIXED, "patients", "death_date",
              lambda rows: rows["death_date"] == "", _always("death_date", "none", "NA", "0"), 14.0),
    ErrorKind("missing_code", MIXED, "patients", "bone_density_t_score",
              lambda rows: rows["bone_density_t_score"] == "",
              _always("bone_density_t_score", "none", "NA", "999"), 10.0),
    ErrorKind("missing_code", MIXED, "procedures", "disc_leak",
              lambda rows: rows["disc_leak"] == "", _always("disc_leak", "NA", "unknown"), 3.0),
    ErrorKind("missing_code", MIXED, "fractures", "grade",
              lambda rows: rows["grade"] == "", _always("grade", "NA", "none"), 5.0),
)  # fmt: skip
