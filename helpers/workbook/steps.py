"""The flow of the workbook, written once as data: which notebook answers what, from and into which tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from helpers.errors import WorkbookError


@dataclass(frozen=True)
class Step:
    """One notebook: what it asks, the tables it reads and the tables only it writes.

    Attributes
    ----------
    name : str
        What the notebook calls itself in `open_run`.
    title : str
        What the progress line shows.
    notebook : str
        Path from the project root.
    question : str
        What it answers, as its reader would ask it.
    reads, writes : tuple of str
        Names of tables.
    data : tuple of str
        Reference files it reads besides the study's own, from the project root.
    is_longest : bool
        True for the one that works longest; it goes before the others wherever it can, as they fit in beside it.
    """

    name: str
    title: str
    notebook: str
    question: str
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    is_longest: bool = False

    @property
    def stem(self) -> str:
        """File name of the notebook without its ending: the name of its page and of its executed copy."""
        return Path(self.notebook).stem


COMPLETE = ".complete"
TABLES = "tables"
PRIVATE = "private"
# Their numbers are rounded before they are written where small numbers are hidden; all other tables are then private.
SHARED_ALWAYS = ("relative_risk_estimates", "time_to_event_estimates", "natural_clustering_estimates", "estimates")
PUBLISHED = "data/reference/published_figures.csv"
STEPS = (
    Step(
        name="clean_cohort",
        title="Clean the cohort",
        notebook="notebooks/1_clean_cohort.ipynb",
        question="Which patients and vertebrae are at risk, and what was changed or set aside on the way?",
        writes=(
            "patients",
            "procedures",
            "fractures",
            "imaging",
            "ledger",
            "quarantine",
            "flow",
            "risk_table",
            "risk_periods",
            "patient_summary",
            "codebook",
        ),
        data=("data/dictionary.csv",),
    ),
    Step(
        name="relative_risk",
        title="Relative risk",
        notebook="notebooks/2_relative_risk.ipynb",
        question="Does a vertebra next to a cemented one fracture more often than one further away?",
        reads=("risk_table", "patient_summary"),
        writes=("relative_risk_estimates",),
        data=(PUBLISHED,),
    ),
    Step(
        name="time_to_event",
        title="Time to fracture",
        notebook="notebooks/3_time_to_event.ipynb",
        question="Do fractures next to cement come sooner?",
        reads=("risk_table", "risk_periods", "patient_summary", "relative_risk_estimates"),
        writes=("time_to_event_estimates", "curves"),
        data=(PUBLISHED,),
    ),
    Step(
        name="natural_clustering",
        title="Natural clustering",
        notebook="notebooks/4_natural_clustering.ipynb",
        question="How much of that would be seen with no cement at all?",
        reads=("risk_table", "relative_risk_estimates"),
        writes=("natural_clustering_estimates",),
        data=("data/reference/nhanes_vfa_patterns.csv", PUBLISHED),
    ),
    Step(
        name="robustness",
        title="Robustness",
        notebook="notebooks/5_robustness.ipynb",
        question="How robust is 4.62?",
        reads=(
            "patients",
            "procedures",
            "fractures",
            "imaging",
            "risk_table",
            "relative_risk_estimates",
            "time_to_event_estimates",
            "natural_clustering_estimates",
        ),
        writes=(
            "specifications",
            "specification_choices",
            "specification_tests",
            "no_effect",
            "error_analyses",
            "evidence",
        ),
        data=(
            PUBLISHED,
            "data/reference/natural_clustering.csv",
            "data/reference/natural_clustering_fit.csv",
            "data/reference/published_evidence.csv",
        ),
        is_longest=True,
    ),
    Step(
        name="report",
        title="Report",
        notebook="notebooks/6_report.ipynb",
        question="What did we find, and how sure can we be?",
        reads=(
            "flow",
            "quarantine",
            "codebook",
            "relative_risk_estimates",
            "time_to_event_estimates",
            "natural_clustering_estimates",
            "specifications",
            "specification_tests",
            "no_effect",
        ),
        writes=("estimates",),
        data=(PUBLISHED, "data/reference/calibration.csv", "data/reference/reporting_items.csv"),
    ),
)


def find_step(name: str, steps: Sequence[Step] = STEPS) -> Step:
    """The step called `name`.

    Raises
    ------
    WorkbookError
        If there is none.
    """
    for step in steps:
        if step.name == name:
            return step
    known = ", ".join(step.name for step in steps)
    raise WorkbookError(f"No step is called `{name}`. The steps are: {known}.")


def mark_of(run_folder: Path, step: Step) -> Path:
    """The small file that says a notebook ran to its last cell."""
    return run_folder / COMPLETE / f"{step.name}.json"


def written_tables(run_folder: Path, step: Step) -> frozenset[str]:
    """Those of its tables that a notebook has written so far, shared or private."""
    folders = (run_folder / TABLES, run_folder / PRIVATE / TABLES)
    return frozenset(name for name in step.writes if any((own / f"{name}.parquet").exists() for own in folders))


def writer_of(table: str, steps: Sequence[Step] = STEPS) -> Step | None:
    """The one step that writes `table`; None when no step does."""
    return next((step for step in steps if table in step.writes), None)


def steps_as_markdown(steps: Sequence[Step] = STEPS) -> str:
    """The flow as a markdown table: notebook, question, tables read and written."""

    def listed(names: tuple[str, ...]) -> str:
        return ", ".join(f"`{name}`" for name in names) or "-"

    lines = ["| Notebook | Question | Reads | Writes |", "|---|---|---|---|"]
    for step in steps:
        reads = listed(step.reads) if step.reads else "the study's files"
        lines.append(f"| [{step.stem}]({step.notebook}) | {step.question} | {reads} | {listed(step.writes)} |")
    return "\n".join(lines)
