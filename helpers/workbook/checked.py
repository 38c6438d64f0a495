"""A cohort read and cleaned in this process, with the parameters of a study, as the first notebook does it."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from helpers.cohort.clean import CleanCohort, clean_cohort
from helpers.cohort.dictionary import RAW_TABLES, Dictionary
from helpers.cohort.flow import need_vertebrae
from helpers.cohort.readers import read_cohort, reading_notes
from helpers.cohort.risk_table import build_risk_table
from helpers.errors import Problems, WorkbookError


@dataclass(frozen=True)
class Checked:
    """What came of a cohort: what stops it, or else its clean tables; each as far as it could be made.

    Attributes
    ----------
    heading, problems : str, tuple of str
        What stops the study, all at once; empty where nothing does.
    notes : tuple of str
        What was taken for granted in reading.
    cohort : CleanCohort or None
    flow : DataFrame or None
        From the patients to the vertebrae at risk.
    """

    heading: str = ""
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    cohort: CleanCohort | None = None
    flow: pd.DataFrame | None = None


def check_cohort(values: Mapping, folder: Path, dictionary: Dictionary) -> Checked:
    """Read and clean the cohort of a study and count its vertebrae at risk; nothing is raised that a user can mend.

    Parameters
    ----------
    values : mapping
        The study's parameters, as the notebooks get them.
    folder : Path
        Where its files are.
    """
    done = {}
    files = {table: values[f"{table}_file"] for table in RAW_TABLES}
    try:
        raw = read_cohort(files, dictionary, folder=folder, **options_of(read_cohort, values))
        done["notes"] = tuple(reading_notes(raw))
        done["cohort"] = clean_cohort(raw, dictionary, **options_of(clean_cohort, values))
        _, done["flow"] = build_risk_table(done["cohort"], **options_of(build_risk_table, values))
        need_vertebrae(done["flow"])
    except Problems as error:
        return Checked(error.heading, error.problems, **done)
    except WorkbookError as error:
        return Checked("The cohort cannot be worked on:", (str(error),), **done)
    return Checked(**done)


def options_of(function: Callable, values: Mapping) -> dict:
    """The parameters of a study that a function knows as an option: it cannot be given others than in a run."""
    parameters = inspect.signature(function).parameters.values()
    return {own.name: values[own.name] for own in parameters if own.kind is own.KEYWORD_ONLY and own.name in values}
