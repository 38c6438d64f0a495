"""Two runs side by side on one page: parameters, inputs, flow, and every estimate with the difference."""

from pathlib import Path

import pandas as pd

from helpers.counts import count_text, counted
from helpers.errors import WorkbookError
from helpers.figures.forest import describe_forest, plot_forest
from helpers.figures.theme import svg_bytes
from helpers.report.comparison import COMPARED, SAME, compared, interval_words, key_rows
from helpers.report.display import table
from helpers.report.frames import readable_tables
from helpers.report.html import write_page
from helpers.workbook.figure import inline
from helpers.workbook.settings import written
from helpers.workbook.verify import read_manifest

FLOW = {"step": "Step", "a": "A, patients", "b": "B, patients", "av": "A, vertebrae", "bv": "B, vertebrae"}


def compare_runs(a: str | Path, b: str | Path, out: str | Path | None = None) -> Path:
    """Write a page that sets two reports side by side; returns its path.

    Parameters
    ----------
    a, b : path
        Folders of two reports.
    out : path, optional
        The page; by default `compare-A-B.html` beside A.

    Raises
    ------
    WorkbookError
        If one of the folders holds no report, or the page would replace something that is none.
    """
    folders = [Path(folder).expanduser().absolute() for folder in (a, b)]
    manifests = [read_manifest(folder) for folder in folders]
    names = _names(folders, manifests)
    page = Path(out).expanduser().absolute() if out else folders[0].parent / f"compare-{'-'.join(_plain(folders))}.html"
    if page.is_dir():
        raise WorkbookError(f"{page.name} is a folder. Give --out the name of a page, like compare.html.")
    estimates = [_table(folder, "estimates") for folder in folders]
    content = {
        "title": f"{names[0]} and {names[1]}",
        "runs": [
            (letter, name, _about(manifest)) for letter, name, manifest in zip("AB", names, manifests, strict=True)
        ],
        "sections": [
            ("What was set otherwise", [_parameters(*manifests)]),
            ("What was read", [_inputs(*manifests)]),
            ("Patients and vertebrae", [_flows(folders)]),
            ("The main ratios", [_forest(dict(zip(("A", "B"), estimates, strict=True)))]),
            ("Every estimate", _estimates(*estimates)),
        ],
        "is_synthetic": all(_value(manifest, "is_synthetic") for manifest in manifests),
    }
    page.parent.mkdir(parents=True, exist_ok=True)
    write_page(page, "compare.html", **content)
    return page


def _names(folders: list[Path], manifests: list[dict]) -> list[str]:
    """The studies' names; those of their folders where these are the same."""
    studies = [
        str(_value(manifest, "study_name") or folder.name) for manifest, folder in zip(manifests, folders, strict=True)
    ]
    if studies[0] != studies[1]:
        return studies
    own = _plain(folders)
    return [f"{study} ({name})" for study, name in zip(studies, own, strict=True)]


def _plain(folders: list[Path]) -> list[str]:
    same = folders[0].name == folders[1].name
    return [f"{folder.parent.name}-{folder.name}" if same else folder.name for folder in folders]


def _about(manifest: dict) -> str:
    whose = "made-up patients" if _value(manifest, "is_synthetic") else "patients of a clinic"
    return f"{manifest['study']}, {whose}, run that ended {manifest['ended'][:16].replace('T', ' ')} UTC"


def _value(manifest: dict, name: str):
    return manifest["parameters"].get(name, {}).get("value")


def _table(folder: Path, name: str) -> pd.DataFrame:
    path = folder / "tables" / f"{name}.parquet"
    if not path.is_file():
        raise WorkbookError(f"{folder.name} has no table {name}. Run its study again.")
    return pd.read_parquet(path)


def _parameters(a: dict, b: dict) -> str:
    names = sorted({*a["parameters"], *b["parameters"]})
    rows = [
        (name, written(_value(a, name)), written(_value(b, name)))
        for name in names
        if _value(a, name) != _value(b, name)
    ]
    same = f"<p>{counted(len(names) - len(rows), 'other parameter is', 'other parameters are')} the same.</p>"
    return _shown(pd.DataFrame(rows, columns=["Parameter", "A", "B"])) + same if rows else "<p>Nothing.</p>"


def _inputs(a: dict, b: dict) -> str:
    digests = [
        {each["role"]: each for each in manifest["inputs"] if each["role"] != "reference"} for manifest in (a, b)
    ]
    rows = []
    for role in dict.fromkeys([*digests[0], *digests[1]]):
        one, other = (each.get(role) for each in digests)
        is_same = one and other and one["sha256"] == other["sha256"] and one["sha256"] is not None
        verdict = "the same, byte for byte" if is_same else "not the same" if one and other else "only in one"
        rows.append((role.replace("_", " "), one["name"] if one else "–", other["name"] if other else "–", verdict))
    versions = [
        (name, a["versions"].get(name), b["versions"].get(name)) for name in sorted({*a["versions"], *b["versions"]})
    ]
    differing = pd.DataFrame([v for v in versions if v[1] != v[2]], columns=["Package", "A", "B"])
    told = _shown(differing.fillna("–")) if len(differing) else "<p>The same versions of all packages.</p>"
    return _shown(pd.DataFrame(rows, columns=["Input", "A", "B", "Content"])) + told


def _flows(folders: list[Path]) -> str:
    if not all((folder / "tables" / "flow.parquet").is_file() for folder in folders):
        return "<p>Not shown: one of the runs hides small numbers (<code>suppress_below</code>).</p>"
    return _flow(*(_table(folder, "flow") for folder in folders))


def _flow(a: pd.DataFrame, b: pd.DataFrame) -> str:
    in_order = list(dict.fromkeys([*a["rule"], *b["rule"]]))
    both = a.set_index("rule").add_suffix("_a").join(b.set_index("rule").add_suffix("_b"), how="outer").loc[in_order]
    step = both["step_a"].where(both["step_a"].notna(), both["step_b"])
    columns = {"a": "patients_a", "b": "patients_b", "av": "vertebrae_a", "bv": "vertebrae_b"}
    counts = {
        name: both[column].map(lambda n: "–" if pd.isna(n) else count_text(n)) for name, column in columns.items()
    }
    return _shown(pd.DataFrame({"step": step, **counts}), labels=FLOW)


def _forest(estimates: dict[str, pd.DataFrame]) -> str:
    rows = key_rows(estimates)
    if rows.empty:
        return "<p>The runs share none of the main ratios.</p>"
    words = {"measure": "Ratio of next to cement over further away"}
    figure = plot_forest(rows, text_heading=interval_words(estimates.values()), **words)
    return inline(svg_bytes(figure), alt=describe_forest(rows, **words))


def _estimates(a: pd.DataFrame, b: pd.DataFrame) -> list[str]:
    rows = compared(a, b)
    n_same = int(rows["is_same"].sum())
    other = rows[~rows["is_same"]]
    told = f"{count_text(n_same)} of {count_text(len(rows))} {'is' if n_same == 1 else 'are'} {SAME}"
    parts = [f"<p>{told}, to the last digit.</p>"]
    if len(other):
        parts.append(_shown(other, labels=COMPARED))
    if n_same:
        alike = _shown(rows[rows["is_same"]], labels=COMPARED)
        parts.append(f"<details><summary>Those that are the same</summary>{alike}</details>")
    return parts


def _shown(frame: pd.DataFrame, labels=None) -> str:
    return readable_tables(table(frame, labels=labels)._repr_html_())
