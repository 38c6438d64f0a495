"""Names of columns in two languages, run together, shortened and misspelt."""

import random

import pytest

from helpers.setup.column_words import PHRASES, name_fit, table_fit
from helpers.setup.guesses import LIKELY, SURE
from helpers.setup.numbered import find_numbered, patterns

NAMES = {
    "patient_id": ["Patienten-Nr.", "PatNr", "Pat.-ID", "patientID", "ID", "Subject ID", "Fallnummer", "MRN"],
    "sex": ["Geschlecht", "SEX", "Gender", "Geschl\u00e9cht", "Geschlecht (m/w)"],
    "age_years": ["Alter", "Alter (Jahre)", "Age [years]", "Lebensalter", "age_at_procedure"],
    "death_date": ["Todesdatum", "Sterbedatum", "date of death", "DateOfDeath", "DOD", "verstorben am", "Death Date"],
    "last_contact_date": ["Letzter Kontakt", "last follow-up", "LastFU", "Letzte Vorstellung", "last_seen"],
    "last_imaging_date": ["letzte Bildgebung", "Last X-ray", "Datum letzte Bildgebung", "letztes R\u00f6ntgen"],
    "procedure_date": ["OP-Datum", "Opertionsdatum", "Datum des Eingriffs", "date_of_surgery"],
    "levels": ["Zementierte Wirbel", "Levels treated", "OP-H\u00f6he", "cemented_levels", "Behandelte Segmente"],
    "level": ["Frakturh\u00f6he", "Fracture level", "frakturierter Wirbelk\u00f6rper", "Fx level", "WKF H\u00f6he"],
    "diagnosis_date": ["Frakturdatum", "Diagnosedatum", "Fracture_Date", "Datum der Fraktur", "FxDate"],
    "bone_density_t_score": ["T-Score", "Knochendichte", "DXA T score", "BMD"],
    "steroid_use": ["Kortison", "Steroide (j/n)", "glucocorticoids"],
    "cement_ml": ["Zementmenge (ml)", "cement volume", "Zement ml", "Zementvolumen"],
    "disc_leak": ["Bandscheibenleckage", "disc leakage", "Diskusleckage"],
    "grade": ["Genant", "Genant-Grad", "Schweregrad"],
    "imaging_date": ["Bildgebungsdatum", "MRT-Datum", "Kontrolle 3", "Date of imaging", "R\u00f6ntgen Datum"],
    "thoracic_vertebrae": ["Anzahl BWK", "Anzahl Brustwirbel"],
}  # fmt: skip


@pytest.mark.parametrize(("column", "name"), [(column, name) for column, names in NAMES.items() for name in names])
def test_a_name_fits_its_column_best(column, name):
    fits = {own: name_fit(name, own) for own in PHRASES}
    assert fits[column] >= LIKELY, fits
    assert fits[column] == max(fits.values())


@pytest.mark.parametrize(
    "name",
    [
        "Geburtsdatum",
        "date of birth",
        "DOB",
        "Todesursache",
        "Aufnahmedatum",
        "Bemerkung",
        "Schmerz VAS",
        "BMI",
        "",
        "?",
    ],
)
def test_other_names_fit_nothing(name):
    assert max(name_fit(name, column) for column in PHRASES) < LIKELY


@pytest.mark.parametrize("seed", range(12))
def test_case_blanks_and_signs_change_nothing(seed):
    """The same name in capitals or small letters, its words apart by any sign."""
    choose = random.Random(seed)
    column = choose.choice(["procedure_date", "last_contact_date", "death_date", "patient_id", "levels"])
    name = choose.choice([name for name in NAMES[column] if " " in name or "-" in name or "_" in name])
    words = name.replace("-", " ").replace("_", " ").split()
    for sign in (" ", "_", "-", ".", "  "):
        for spell in (str.upper, str.lower):
            assert name_fit(spell(sign.join(words)), column) >= LIKELY, spell(sign.join(words))


@pytest.mark.parametrize("column", PHRASES)
def test_our_own_names_are_sure(column):
    assert name_fit(column, column) == 1.0
    assert name_fit(column.upper().replace("_", " "), column) >= SURE


def test_a_word_that_says_too_little_needs_its_table():
    assert name_fit("Datum", "procedure_date") >= SURE
    assert name_fit("Datum", "procedure_date", is_table_known=False) == 0
    assert name_fit("H\u00f6he", "level", is_table_known=False) == 0


def test_sheets_say_their_table():
    names = {"Patienten": "patients", "Stammdaten": "patients", "Eingriffe": "procedures", "Frakturen": "fractures"}
    names |= {"R\u00f6ntgenbilder": "imaging", "Bildgebung": "imaging", "procedures_2005": "procedures"}
    for name, table in names.items():
        assert [own for own, says in table_fit(name).items() if says] == [table], name
    assert not any(table_fit("Tabelle1").values())


def test_a_number_stands_for_several_columns():
    assert patterns("Fraktur 2 Datum") == [("Fraktur {n} Datum", 2)]
    assert patterns("new_fracture_1_level") == [("new_fracture_{n}_level", 1)]
    assert patterns("L1") == patterns("BWK 12") == patterns("Geschlecht") == []
    assert patterns("OP 1 Segment 2") == [("OP {n} Segment 2", 1), ("OP 1 Segment {n}", 2)]


def test_numbered_columns_go_together(look):
    looks = [look(name) for name in ("ID", "Fx 1", "Fx 2", "Fx 10", "T4", "T5", "T-Score 1")]
    found = find_numbered(looks)
    assert [(one.name, one.numbers) for one in found] == [
        ("ID", ()),
        ("Fx {n}", (1, 2, 10)),
        ("T4", ()),
        ("T5", ()),
        ("T-Score 1", ()),
    ]
    assert found[1].look.n_filled == 3
