"""A toy project: two tiny notebooks, a study and its file, to test the runner without any statistics."""

import textwrap
from dataclasses import dataclass
from pathlib import Path

import nbformat

from helpers.workbook.steps import Step

REPOSITORY = Path(__file__).resolve().parents[2]

STEPS = (
    Step(
        "count",
        "Count the patients",
        "notebooks/1_count.ipynb",
        "How many patients are there?",
        (),
        ("counts",),
    ),
    Step("tell", "Tell it", "notebooks/2_tell.ipynb", "What did we find?", ("counts",), ("estimates",)),
)
BESIDE = Step("beside", "Stand beside", "notebooks/3_beside.ipynb", "What stands beside?", (), ("other",))
THREE = (STEPS[0], BESIDE, STEPS[1])

OPENING = """
    import sys
    sys.path.insert(0, REPOSITORY)
    import pandas as pd
    from helpers.workbook.folder import input_path, open_run
    from helpers.workbook.steps import Step
    steps = (
        Step("count", "", "notebooks/1_count.ipynb", "", (), ("counts",)),
        Step("tell", "", "notebooks/2_tell.ipynb", "", ("counts",), ("estimates",)),
        Step("beside", "", "notebooks/3_beside.ipynb", "", (), ("other",)),
    )
    def check(name, frame):
        return None
"""

COUNT_PARAMETERS = """
    study_name = "Toy"  # text: name of the study
    is_synthetic = True  # yes/no: made up
    study_folder = "."  # folder: where the files are
    run_folder = "reports/toy"  # folder: where the tables go
    patients_file = "patients.csv"  # file: one row per patient
    imaging_file = ""  # file or empty: one row per imaging
    conf_level = 0.95  # share, between 0 and 1: confidence level
    bootstrap_samples = 2000  # count, at least 200: resamples
    later_vertebroplasty = "censor"  # one of censor, ignore, reclassify: what a later one does
    levels_at_risk = "T1-L5"  # level range: vertebrae at risk
    window_starts_days = [0, 90, 365]  # list of days, increasing: windows
    column_names = {}  # mapping: our names to theirs
    seed = 20060127  # seed: of every random draw
"""

TELL_PARAMETERS = """
    study_name = "Toy"  # text: name of the study
    run_folder = "reports/toy"  # folder: where the tables go
    conf_level = 0.95  # share, between 0 and 1: confidence level
"""

COUNT_WORK = """
    run = open_run(run_folder, "count", steps=steps, check=check)
    patients = pd.read_csv(input_path(study_folder, patients_file), dtype=str)
    counts = pd.DataFrame({"sex": ["F", "M"], "n": [int((patients.sex == sex).sum()) for sex in "FM"]})
    run.write("counts", counts)
    run.private("keys", patients)
    counts
"""

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><rect width="40" height="20"/></svg>'


@dataclass
class Toy:
    """The toy project and the ways a test changes it."""

    root: Path

    @property
    def study(self) -> Path:
        return self.root / "data" / "toy" / "study.yml"

    @property
    def out(self) -> Path:
        return self.root / "reports" / "toy"

    def write_study(self, text: str) -> Path:
        self.study.write_text(textwrap.dedent(text), encoding="utf-8")
        return self.study

    def write_notebook(self, path: str, cells: list[tuple[str, str, list[str]]]) -> None:
        """Cells as (kind, source, tags)."""
        book = nbformat.v4.new_notebook()
        book.metadata = {"kernelspec": {"name": "gone", "display_name": "Gone", "language": "python"}}
        for number, (kind, source, tags) in enumerate(cells):
            make = nbformat.v4.new_code_cell if kind == "code" else nbformat.v4.new_markdown_cell
            source = textwrap.dedent(source).strip().replace("REPOSITORY", repr(str(REPOSITORY)))
            book.cells.append(make(source, id=f"cell-{number}", metadata={"tags": tags}))
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(book, self.root / path)

    def write_count(self, *work: str, before: tuple[str, ...] = (), ending: str = "run.complete()") -> None:
        """The first notebook, with `work` cells before its last and others `before` it writes its table."""
        cells = [
            ("markdown", "# How many patients are there?", []),
            ("code", COUNT_PARAMETERS, ["parameters"]),
            ("code", OPENING, ["remove-cell"]),
            *(("code", source, []) for source in (*before, COUNT_WORK, *work)),
            ("markdown", "A secret of the workshop.", ["remove-cell"]),
            ("markdown", "On to [the answer](2_tell.ipynb), after [a paper](https://example.org/paper).", []),
            ("code", ending, []),
        ]
        self.write_notebook("notebooks/1_count.ipynb", cells)

    def write_tell(self, *work: str) -> None:
        """The last notebook, whose tagged cells frame the report."""
        telling = f"""
            run = open_run(run_folder, "tell", steps=steps, check=check)
            counts = run.read("counts")
            run.write("estimates", counts.assign(analysis="=SUM(A1)"))
            run.figure("bars", svg=b'{SVG}', png=b"png", alt='Two "bars" <of counts>', caption="Counts & sexes")
        """
        cells = [
            ("code", TELL_PARAMETERS, ["parameters"]),
            ("code", OPENING, ["remove-cell"]),
            ("markdown", "# In short\nIt <b>is</b> so.", ["front"]),
            ("code", telling, ["back"]),
            *(("code", source, []) for source in work),
            ("code", "run.complete()", []),
        ]
        self.write_notebook("notebooks/2_tell.ipynb", cells)

    def write_beside(self, *work: str) -> None:
        """A notebook that needs neither of the others."""
        beside = """
            run = open_run(run_folder, "beside", steps=steps, check=check)
            run.write("other", pd.DataFrame({"n": [1]}))
        """
        cells = [
            ("code", TELL_PARAMETERS, ["parameters"]),
            ("code", OPENING, ["remove-cell"]),
            *(("code", source, []) for source in (beside, *work)),
            ("code", "run.complete()", []),
        ]
        self.write_notebook(BESIDE.notebook, cells)


def make_toy(root: Path) -> Toy:
    """A fresh toy project in `root`."""
    project = Toy(root)
    (root / "data" / "toy").mkdir(parents=True)
    (root / "helpers").mkdir()
    (root / "data" / "toy" / "patients.csv").write_text("patient_id,sex\nA1,F\nA2,F\nA3,M\n")
    project.write_study('study_name: "Toy <cohort>"\nis_synthetic: true\nconf_level: 0.9\n')
    project.write_count()
    project.write_tell()
    project.write_beside()
    return project
