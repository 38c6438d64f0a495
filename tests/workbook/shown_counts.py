"""All counts that a report shares with small numbers hidden, and all that is known of how they add up."""

import csv
import re
from html import unescape
from pathlib import Path

import nbformat
import numpy as np

WHOLE = ("patients", "procedures", "fractures", "imaging")


def tables_of(out: Path, chapter: int) -> list[list[list[str]]]:
    """The tables of an executed notebook: header and lines of cells."""
    (path,) = (out / "notebooks").glob(f"{chapter}_*.ipynb")
    outputs = [output for cell in nbformat.read(path, as_version=4).cells for output in cell.get("outputs", ())]
    shown = "\n".join("".join(output.get("data", {}).get("text/html", "")) for output in outputs)
    return [
        [_cells(row) for row in re.findall(r"<tr>(.*?)</tr>", table)]
        for table in re.findall(r"<table.*?</table>", shown, re.DOTALL)
    ]


def _cells(row: str) -> list[str]:
    return [unescape(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)]


def the_table(out: Path, chapter: int, column: str) -> list[dict[str, str]]:
    """The first table of a notebook that has this column."""
    header, *lines = next(table for table in tables_of(out, chapter) if column in table[0])
    return [dict(zip(header, line, strict=True)) for line in lines]


def system(out: Path, limit: int) -> tuple[dict, list, list]:
    """What the attacker writes down: the box of every count, the sums, and the counts that are hidden."""
    texts, sums, same = {}, [], []
    flow = list(csv.DictReader((out / "tables" / "flow.csv").read_text(encoding="utf-8").splitlines()))
    columns = ("patients", "vertebrae", "patients_removed", "vertebrae_removed", "fractured", "died", "censored")
    texts |= {("flow", row["rule"], name): row[name] for row in flow for name in columns}
    steps = [row["rule"] for row in flow if row["kind"] == "cohort"]
    for unit in ("patients", "vertebrae"):
        for before, after in zip(steps, steps[1:], strict=False):
            if unit == "patients" or before != "in_file":
                sums.append((("flow", before, unit), [("flow", after, unit), ("flow", after, f"{unit}_removed")]))
    at_risk = {unit: ("flow", "at_risk", unit) for unit in ("patients", "vertebrae")}
    groups = ("adjacent", "not_adjacent")
    sums.append((at_risk["vertebrae"], [("flow", group, "vertebrae") for group in groups]))
    ends = ("fractured", "died", "censored")
    sums += [(("flow", group, "vertebrae"), [("flow", group, end) for end in ends]) for group in groups]

    for row in the_table(out, 1, "Rows read"):
        read, *parts = [("rows", row["Table"], name) for name in ("Rows read", "Kept", "Set aside")]
        texts |= {key: row[key[2]] for key in (read, *parts)}
        sums.append((read, parts))
    same += [(("rows", "patients", "Rows read"), ("flow", "in_file", "patients"))]
    same += [(("rows", "patients", "Set aside"), ("flow", "quarantined", "patients_removed"))]

    wholes = {table: ("rows", table, "Kept") for table in WHOLE}
    wholes |= {"risk_table": at_risk["vertebrae"], "patient_summary": at_risk["patients"]}
    for row in csv.DictReader((out / "tables" / "codebook.csv").read_text(encoding="utf-8").splitlines()):
        if row["table"] in wholes:
            keys = [("codebook", row["table"], row["column"], name) for name in ("n", "n_missing")]
            texts |= dict(zip(keys, (row["n"], row["n_missing"]), strict=True))
            sums.append((wholes[row["table"]], keys))
    for row in the_table(out, 2, "Covariate"):
        keys = [("covariate", row["Covariate"], name) for name in ("Patients", "Missing")]
        texts |= dict(zip(keys, (row["Patients"], row["Missing"]), strict=True))
        sums.append((at_risk["patients"], keys))
    for group, row in zip(groups, the_table(out, 2, "New fracture"), strict=True):
        texts |= {("two", group, name): row[name] for name in ("New fracture", "No new fracture")}
        same.append((("two", group, "New fracture"), ("flow", group, "fractured")))
        sums.append((("two", group, "No new fracture"), [("flow", group, end) for end in ("died", "censored")]))
    brackets = [("images", row["Vertebra"]) for row in the_table(out, 3, "Vertebra")]
    texts |= {("images", row["Vertebra"]): row["Vertebrae"] for row in the_table(out, 3, "Vertebra")}
    sums.append((at_risk["vertebrae"], brackets))
    _table_one(out, texts, sums, same, at_risk["patients"])

    boxes = {key: _box(text, limit) for key, text in texts.items()}
    sums += [(one, [other]) for one, other in same]
    for total, parts in sums:
        boxes |= {key: (0, np.inf) for key in (total, *parts) if key not in boxes}
    return boxes, sums, [key for key, text in texts.items() if text.startswith("<")]


def _table_one(out: Path, texts: dict, sums: list, same: list, at_risk: tuple) -> None:
    rows = the_table(out, 1, "All patients")
    groups = [name for name in rows[0] if name not in ("", "Not known")]
    lines = {}
    for row in rows:
        variable, _, category = row[""].partition(", n (%): ")
        if row[""] != "Patients" and not category:
            continue
        for group in groups:
            texts["one", row[""], group] = row[group].split(" (")[0]
            lines.setdefault((variable, group), []).append(("one", row[""], group))
        if len(groups) > 1:
            sums.append((("one", row[""], groups[0]), [("one", row[""], group) for group in groups[1:]]))
        if category and row["Not known"]:
            texts["one", variable, "unknown", groups[0]] = row["Not known"]
    same.append((("one", "Patients", groups[0]), at_risk))
    for (variable, group), keys in lines.items():
        if variable != "Patients":
            sums.append((("one", "Patients", group), [*keys, ("one", variable, "unknown", group)]))


def _box(text: str, limit: int) -> tuple[float, float]:
    if text in ("", "–"):
        return 0, np.inf
    if text.startswith("<"):
        return 0, int(text[1:]) - 1
    number = int(text.strip("~").replace(",", ""))
    return (number, number) if not text.startswith("~") else (number - limit // 2, number - limit // 2 + limit - 1)
