"""The page of a sweep: the main answers of all its runs in one table and one figure."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

import pandas as pd

from helpers.figures.forest import describe_forest, plot_forest
from helpers.figures.theme import svg_bytes
from helpers.report.comparison import KEY_ANALYSES, MEDIANS, interval_words, key_rows, result_of
from helpers.report.frames import readable_tables
from helpers.report.html import write_page
from helpers.workbook.figure import inline
from helpers.workbook.grid import Case
from helpers.workbook.one_run import Ended
from helpers.workbook.settings import written
from helpers.workbook.spreadsheet import write_csv
from helpers.workbook.study import Study

SHOWN = {
    KEY_ANALYSES[0]: KEY_ANALYSES[0],
    KEY_ANALYSES[4]: KEY_ANALYSES[4],
    MEDIANS[0]: "Median days among fractured, next to cement",
    MEDIANS[1]: "Median days among fractured, further away",
}
NUMBERS = ("estimate", "conf_low", "conf_high", "n_patients", "n_vertebrae", "n_events")
MOST_DRAWN = 60
NOT_DONE = "failed"


def write_sweep_page(folder: Path, study: Study, cases: Sequence[Case], ended: Sequence[Ended]) -> None:
    """Write `index.html` and `sweep.csv`: one row for each case, in the order of the grid."""
    runs = [folder / "runs" / case.folder(len(cases)) for case in cases]
    estimates = [
        pd.read_parquet(run / "tables" / "estimates.parquet") if ending.is_done else pd.DataFrame()
        for run, ending in zip(runs, ended, strict=True)
    ]
    write_csv(_numbers(cases, estimates, ended), folder / "sweep.csv")
    failed = [(case.name, ending.words) for case, ending in zip(cases, ended, strict=True) if not ending.is_done]
    before = {run.name for run in (folder / "runs").iterdir() if (run / "manifest.json").is_file()}
    others = sorted(before - {run.name for run in runs})
    is_synthetic = bool(cases) and all(case.of(study).values.get("is_synthetic") is True for case in cases)
    write_page(
        folder / "index.html",
        "sweep.html",
        title=str(study.values.get("study_name", study.name)),
        n_runs=len(cases),
        n_failed=len(failed),
        table=_table(cases, estimates, ended) if cases else "",
        figure=_figure({case.name: own for case, own in zip(cases, estimates, strict=True) if len(own)}),
        failed=failed,
        others=others,
        is_synthetic=is_synthetic,
    )


def _numbers(cases: Sequence[Case], estimates: Sequence[pd.DataFrame], ended: Sequence[Ended]) -> pd.DataFrame:
    """A row for each case and main estimate, at full precision; a failed run has one row without numbers."""
    names = list(dict.fromkeys(name for case in cases for name in case.values))
    rows = []
    for case, own, ending in zip(cases, estimates, ended, strict=True):
        told = {"run": case.number, "case": case.name} | {name: written(case.values.get(name)) for name in names}
        told["ended"] = "done" if ending.is_done else NOT_DONE
        kept = own[own["analysis"].isin([*KEY_ANALYSES, *MEDIANS])] if len(own) else own
        rows += [told | {"analysis": row["analysis"]} | {n: row.get(n) for n in NUMBERS} for _, row in kept.iterrows()]
        rows += [] if len(kept) else [told]
    return pd.DataFrame(rows, columns=["run", "case", *names, "ended", "analysis", *NUMBERS])


def _table(cases: Sequence[Case], estimates: Sequence[pd.DataFrame], ended: Sequence[Ended]) -> str:
    names = list(dict.fromkeys(name for case in cases for name in case.values))
    head = ["Run", *names, "Patients", "Vertebrae", *SHOWN.values()]
    lines = []
    for case, own, ending in zip(cases, estimates, ended, strict=True):
        cells = [escape(written(case.values[name])) if name in case.values else "–" for name in names]
        label = escape(case.name)
        if ending.is_done:
            folder = escape(case.folder(len(cases)))
            label = f'<a href="runs/{folder}/index.html">{label}</a>'
            first = own[own["analysis"] == KEY_ANALYSES[0]]
            counts = [_count(first, name) for name in ("n_patients", "n_vertebrae")]
            results = [_result(own, name) for name in SHOWN]
        else:
            counts, results = ["–", "–"], [NOT_DONE, *["–"] * (len(SHOWN) - 1)]
        lines.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in [label, *cells, *counts, *results]) + "</tr>")
    headings = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    return readable_tables(
        f'<table class="workbook"><thead><tr>{headings}</tr></thead><tbody>{"".join(lines)}</tbody></table>'
    )


def _count(rows: pd.DataFrame, name: str) -> str:
    value = rows[name].iloc[0] if len(rows) and name in rows else None
    return "–" if pd.isna(value) else f"{int(value):,}"


def _result(own: pd.DataFrame, analysis: str) -> str:
    rows = own[own["analysis"] == analysis]
    return escape(result_of(rows.iloc[0])) if len(rows) else "–"


def _figure(estimates: dict[str, pd.DataFrame]) -> str:
    rows = key_rows(dict(list(estimates.items())[:MOST_DRAWN]), [KEY_ANALYSES[0]]).drop(columns="group")
    if rows.empty:
        return ""
    words = {"measure": "Risk ratio, next to cement over further away"}
    figure = plot_forest(rows, text_heading=interval_words(estimates.values()), **words)
    more = f"The first {MOST_DRAWN} of {len(estimates)} runs." if len(estimates) > MOST_DRAWN else ""
    return inline(svg_bytes(figure), alt=describe_forest(rows, **words), caption=more)
