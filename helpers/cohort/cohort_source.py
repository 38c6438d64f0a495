"""Where a cohort's data stand: in a file for each table, or all in one table; what may not be said of both."""

from collections.abc import Mapping

LAYOUTS = ("tables", "wide", "events")
TABLE_FILES = ("patients_file", "procedures_file", "fractures_file", "imaging_file")
NO_PARTS = (
    "A `cohort_file` is worked on as a whole, not in parts. Leave out --workers, --dask and `scheduler` and run the "
    "study as it is; for a cohort too large for that, give each table a file of its own (`layout: tables`)."
)


def wrong_source(cohort_file: str, layout: str, event_column: str, event_names: Mapping | None) -> list[str]:
    """What is wrong with the parameters of one table, whatever the table is."""
    problems = []
    if layout not in LAYOUTS:
        problems.append(f'`layout` must be one of {", ".join(LAYOUTS)}, but got "{layout}".')
    elif cohort_file and layout == "tables":
        problems.append("`cohort_file` is set, but `layout` is not. Write `layout: wide` or `layout: events`.")
    elif not cohort_file and layout != "tables":
        problems.append(f"`layout` is {layout}, but `cohort_file` names no file. Name the file with everything.")
    given = {"event_column": event_column, "event_names": event_names}
    if layout == "events":
        says = {"event_column": "the column that says what a row is about", "event_names": "which events are what"}
        lacking = [name for name in says if not given[name]]
        problems += [f"`layout` is events, but `{name}` is not set. Write {says[name]}." for name in lacking]
    else:
        problems += [f"`{name}` is only for `layout: events`. Leave it out." for name in given if given[name]]
    return problems


def said_twice(given: Mapping) -> list[str]:
    """What is wrong where a study file names one table with everything and files of single tables besides."""
    files = [name for name in TABLE_FILES if given.get("cohort_file") and given.get(name)]
    if not files:
        return []
    named = ", ".join(f"`{name}`" for name in files)
    return [f"`cohort_file` is set, and {named} besides. A study has one table with everything, or one each: choose."]
