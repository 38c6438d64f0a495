"""What a study does without where a table or a column is not there."""

from collections.abc import Collection

IMAGING = "no interval-censored curve and hazard ratio: nothing tells between which images a fracture happened"
_ADJUSTED = "the adjusted ratios leave {} out, and so does the table of patients"
_UNUSED = "nothing changes, no analysis uses it"
WITHOUT = {
    ("patients", "sex"): _ADJUSTED.format("sex"),
    ("patients", "age_years"): _ADJUSTED.format("age"),
    ("patients", "last_imaging_date"): "follow-up ends with the last contact",
    ("patients", "last_contact_date"): "patients without a last imaging who are not known to have died are left out",
    (
        "patients",
        "death_date",
    ): "nobody counts as dead: death does not compete with fracture in the curves of incidence",
    ("patients", "thoracic_vertebrae"): "every spine is taken to have 12 thoracic vertebrae",
    ("patients", "lumbar_vertebrae"): "every spine is taken to have 5 lumbar vertebrae",
    ("patients", "bone_density_t_score"): _ADJUSTED.format("bone density"),
    ("patients", "steroid_use"): _ADJUSTED.format("steroids"),
    ("procedures", "kind"): _UNUSED,
    ("procedures", "cement_ml"): _UNUSED,
    ("procedures", "disc_leak"): _UNUSED,
    ("fractures", "status"): (
        "a fracture dated before the first vertebroplasty counts as old, one after it as new; progressions of old "
        "fractures cannot be told from new ones"
    ),
    ("fractures", "confirmed_by"): _UNUSED,
    ("fractures", "grade"): _UNUSED,
}
FOLLOW_UP = ("last_imaging_date", "last_contact_date")
COVARIATES = ("age_years", "sex", "bone_density_t_score", "steroid_use")
NO_FOLLOW_UP = (
    "neither the last imaging nor the last contact of the patients was found: only those who died would be followed, "
    "all others left out. Give one of the two"
)
NO_COVARIATES = "no ratio is adjusted for patients' covariates, only for levels"


def told_without(missing: Collection[tuple[str, str]], *, has_imaging: bool) -> list[tuple[str, str]]:
    """(what is missing, what is done without), each once."""
    told = []
    names = {name for table, name in missing if table == "patients"}
    if names.issuperset(FOLLOW_UP):
        told.append(("patients.last_imaging_date, patients.last_contact_date", NO_FOLLOW_UP))
    if names.issuperset(COVARIATES):
        told.append((", ".join(f"patients.{name}" for name in COVARIATES), NO_COVARIATES))
    together = {
        *(FOLLOW_UP if names.issuperset(FOLLOW_UP) else ()),
        *(COVARIATES if names.issuperset(COVARIATES) else ()),
    }
    columns: dict[str, list[str]] = {}
    for (table, name), text in WITHOUT.items():
        if (table, name) in missing and not (table == "patients" and name in together):
            columns.setdefault(text, []).append(f"{table}.{name}")
    told += [(", ".join(own), text) for text, own in columns.items()]
    return told + ([] if has_imaging else [("a table of imaging", IMAGING)])
