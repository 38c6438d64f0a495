"""Whatever a study's files hold, a check gives either a list of problems or clean tables that account for every row."""

import os
import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers.cohort.dictionary import read_dictionary
from helpers.intake.mending_file import SheetToMend, read_rows, write_rows
from helpers.workbook.check import all_found
from helpers.workbook.check_told import page_of, summary
from helpers.workbook.checked import check_cohort
from helpers.workbook.mending import EXPLANATION
from helpers.workbook.parameters import merged, parameters_by_step
from helpers.workbook.places import project_root
from helpers.workbook.study import Study
from tests.workbook.broken_files import COHORTS, WORDS, write_broken

EXAMPLES = int(os.environ.get("CHECK_EXAMPLES", "100"))
DICTIONARY = read_dictionary()
DEFAULTS = {name: own.default for name, own in merged(parameters_by_step(project_root())).items()}
CHOICES = st.fixed_dictionaries(
    {
        "two_level_range": st.sampled_from(["refuse", "levels"]),
        "day_zero_fractures": st.sampled_from(["prevalent", "new"]),
        "date_formats": st.sampled_from(
            [{}] * 4
            + [{"default": "%Y-%m-%d"}, {"default": "%d.%m.%Y"}, {"patients.death_date": "%m/%d/%Y"}, {"default": "%d"}]
        ),
    }
)


def checked(folder: Path, values: dict, corrections=None):
    """A check as the command does it, but for the files it writes; it accounts for every row."""
    made = check_cohort(values, folder, DICTIONARY)
    check = all_found(Study("s", folder, folder / "study.yml", {}), values, made, corrections or {}, DICTIONARY)
    page = page_of(check)
    assert "<script>alert" not in page
    assert "{{" not in page.replace("{{ x }}", "")
    assert summary(check, "out").endswith("never share it.")
    assert all(isinstance(problem, str) and problem.strip() for problem in made.problems)
    if made.cohort is None:
        assert made.problems
        return check
    for counts in made.cohort.rows.itertuples():
        kept = getattr(made.cohort, counts.table)["row"].tolist()
        aside = made.cohort.quarantine.query("table == @counts.table")["row"].tolist()
        assert counts.read == counts.kept + counts.quarantined
        assert (counts.kept, counts.quarantined) == (len(kept), len(aside))
        assert not set(kept) & set(aside)
        source = next((own for own in check.sources if counts.table in own.tables), None)
        assert source is None or sorted([*kept, *aside]) == source.sheet.row.tolist()
    return check


# Cells corrected by hand: in which sheet, row and column of the rows to mend, and what is written there.
MENDED = st.one_of(
    *[st.just([])] * 3,
    st.lists(st.tuples(*[st.integers(0, 30)] * 3, st.sampled_from(WORDS)), min_size=1, max_size=5),
)


def mended(check, cells) -> list[SheetToMend]:
    """The rows to mend of a check with other texts in some cells."""
    sheets = [own.sheet for own in check.to_mend]
    for sheet, row, column, text in cells if sheets else ():
        place = sheet % len(sheets)
        rows = list(sheets[place].rows)
        own = rows[row % len(rows)]
        now = list(own.cells)
        now[column % len(now)] = text
        rows[row % len(rows)] = replace(own, cells=now)
        sheets[place] = replace(sheets[place], rows=rows)
    return sheets


def corrected(sheets) -> set:
    return {
        (name, row.row, column, text)
        for name, sheet in sheets.items()
        for row in sheet.rows.values()
        for column, text in row.corrected.items()
    }


@settings(deadline=None, max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
@given(COHORTS, CHOICES, MENDED)
def test_broken_files_give_problems_or_clean_tables(cohort, choices, cells):
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        values = DEFAULTS | choices | write_broken(folder, cohort)
        check = checked(folder, values)
        if not cells or not check.to_mend:
            return
        write_rows(folder / "mend.xlsx", mended(check, cells), EXPLANATION)
        sheets = read_rows(folder / "mend.xlsx")
        again = checked(folder, values | {"corrections_file": "mend.xlsx"}, sheets)
        if again.checked.cohort is None:
            return
        used = {(own.name, column) for own in again.sources for column in own.used}
        ledger = again.checked.cohort.ledger
        n_used = sum((name, column) in used for name, _, column, _ in corrected(sheets))
        assert (ledger["decided_by"] == "correction").sum() == n_used
        # The next file has what was corrected before, so that it is enough.
        write_rows(folder / "next.xlsx", [own.sheet for own in again.to_mend], EXPLANATION)
        assert corrected(read_rows(folder / "next.xlsx")) == corrected(sheets)
