"""How the columns of the four tables are called elsewhere, and how well a name fits one of them."""

from functools import cache

from helpers.setup.words import ideas, plain_words

OWN, SAME, NEARLY, LEAST, MISSPELT = 1.0, 0.97, 0.92, 0.72, 0.92
# A phrase in = is the whole name or none; one in ~ besides says too little where the table is not known.
PHRASES = {
    "patient_id": "patient id, ~id, ~patient, =record id, =patient record id, ~record, ~patient record",
    "sex": "sex",
    "age_years": "=age, =patient age, =age procedure, =age first procedure, age cement",
    "last_imaging_date": "last imaging, last imaging date, =last control",
    "last_contact_date": "last contact, last contact date, contact date, =last control, ~contact, =last date",
    "death_date": "death date, =death",
    "thoracic_vertebrae": "=count thoracic level, =thoracic level, =count thoracic, =thoracic",
    "lumbar_vertebrae": "=count lumbar level, =lumbar level, =count lumbar, =lumbar",
    "bone_density_t_score": "=density, bone density",
    "steroid_use": "steroid",
    "procedure_date": "procedure date, =cement date, =procedure, ~date",
    "levels": "cement level, procedure level, =cement, ~level, =procedure cement level",
    "kind": "procedure kind, =kind cement, ~kind",
    "cement_ml": "cement volume, ~volume, =cement id",
    "disc_leak": "disc leak, disc cement leak, leak cement, =leak",
    "level": "fracture level, =fracture, =new fracture, =old fracture, ~level",
    "diagnosis_date": "fracture date, fracture diagnosis date, =diagnosis date, ~date, ~diagnosis, ~imaging date",
    "status": "fracture status, =fracture kind, ~status, ~kind, ~new old",
    "confirmed_by": "fracture confirmed, =confirmed, =confirmed imaging, ~imaging kind, ~imaging",
    "grade": "grade, fracture grade",
    "imaging_date": "imaging date, =imaging, =control date, =control, ~date",
}
_OTHER_MEANING = frozenset({"birth", "admission", "cause", "next"})
_TELLING = {
    "sex", "age", "last", "contact", "death", "thoracic", "lumbar", "density", "steroid", "procedure", "cement", "kind",
    "volume", "leak", "disc", "fracture", "diagnosis", "status", "confirmed", "grade", "imaging", "control", "id",
}  # fmt: skip
TABLES = {
    "patients": "patient, person, patient person",
    "procedures": "procedure, cement, procedure cement",
    "fractures": "fracture, new fracture, fracture level, fracture patient",
    "imaging": "imaging, control, imaging control, contact",
}


def _phrases(text: str) -> list[tuple[str, frozenset]]:
    return [
        (phrase[0] if phrase[0] in "=~" else "", frozenset(phrase.strip("=~").split())) for phrase in text.split(", ")
    ]


_OF_COLUMN = {name: _phrases(text) for name, text in PHRASES.items()}
_OF_TABLE = {name: _phrases(text) for name, text in TABLES.items()}


@cache
def name_fit(name: str, column: str, *, is_table_known: bool = True) -> float:
    """How well a name fits one of our columns, 0 to 1.

    >>> name_fit("OP-Datum", "procedure_date") > 0.9, name_fit("Geburtsdatum", "procedure_date")
    (True, 0.0)
    """
    if plain_words(name) == plain_words(column) and (
        is_table_known or column not in ("level", "levels", "kind", "status")
    ):
        return OWN
    found, is_near = ideas(name)
    best = max((_fit(found, *phrase, is_table_known) for phrase in _OF_COLUMN[column]), default=0.0)
    return best * (MISSPELT if is_near else 1.0)


def table_fit(name: str) -> dict[str, bool]:
    """Table -> whether the name of a sheet or file says it."""
    found = ideas(name)[0]
    return {table: any(phrase == found for _, phrase in phrases) for table, phrases in _OF_TABLE.items()}


def says(name: str, idea: str) -> bool:
    """True where the idea is in the name."""
    return idea in ideas(name)[0]


def _fit(found: frozenset, mark: str, phrase: frozenset, is_table_known: bool) -> float:
    if mark == "~" and not is_table_known:
        return 0.0
    if phrase == found:
        return SAME
    if mark == "=" and phrase == found - {"new", "old"}:
        return NEARLY
    if mark or not phrase < found or found & _OTHER_MEANING:
        return 0.0
    # Words that mean something else of ours weigh more than unknown ones.
    others = found - phrase - {"new", "old", "first", "patient", "date"}
    weight = len(phrase) / (len(phrase) + 0.5 * len(others) + 0.5 * len(others & _TELLING) + 0.25)
    return LEAST + 0.22 * weight
