"""Estimates of several runs side by side: as written results, as rows of a forest plot, and how far apart."""

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from helpers.report.display import ABSENT, level_text, number_text, ratio_text, value_text

KEYS = ["analysis", "contrast"]
KEY_ANALYSES = (
    "Risk ratio, patients as clusters",
    "Risk ratio, level by level",
    "Risk ratio, within patients",
    "Rate ratio",
    "Hazard ratio, patients as clusters",
)
MEDIANS = ("Among fractured: Next to cement", "Among fractured: Further away")
SAME = "the same"
COMPARED = {"analysis": "Analysis", "contrast": "Contrast", "a": "A", "b": "B", "difference": "B against A"}


def compared(a: pd.DataFrame, b: pd.DataFrame) -> pd.DataFrame:
    """Every estimate of two runs: analysis, contrast, a, b (written), difference in words, is_same.

    Ratios are compared by their ratio, all else by B minus A. An estimate that only one run has is a dash in the other.
    """
    before, after = _by_name(a), _by_name(b)
    rows = [
        {
            "analysis": key[0] + (f" ({key[2] + 1})" if key[2] else ""),
            "contrast": key[1],
            "a": result_of(before.get(key, {})),
            "b": result_of(after.get(key, {})),
            "difference": _difference(before.get(key, {}), after.get(key, {})),
            "is_same": before.get(key) == after.get(key),
        }
        for key in dict.fromkeys([*before, *after])
    ]
    columns = ["analysis", "contrast", "a", "b", "difference", "is_same"]
    return pd.DataFrame(rows, columns=columns).astype({"is_same": bool})


def key_rows(runs: Mapping[str, pd.DataFrame], analyses: Sequence[str] = KEY_ANALYSES) -> pd.DataFrame:
    """The main ratios of several runs as rows of a forest plot, run under run below the name of each analysis."""
    rows = []
    for analysis in analyses:
        for name, estimates in runs.items():
            own = estimates[estimates["analysis"] == analysis]
            if own.empty:
                continue
            row = own.iloc[0]
            rows.append(
                {
                    "label": name,
                    "estimate": row["estimate"],
                    "conf_low": row["conf_low"],
                    "conf_high": row["conf_high"],
                    "text": result_of(row),
                    "kind": "this cohort",
                    "group": analysis,
                }
            )
    numbers = dict.fromkeys(("estimate", "conf_low", "conf_high"), float)
    columns = ["label", "estimate", "conf_low", "conf_high", "text", "kind", "group"]
    return pd.DataFrame(rows, columns=columns).astype(numbers)


def interval_words(runs: Iterable[pd.DataFrame]) -> str:
    """Heading over results of several runs: `Ratio (95% CI)`, or all levels where they differ."""
    levels = sorted({level for own in runs if "conf_level" in own for level in own["conf_level"].dropna()})
    return f"Ratio ({', '.join(map(level_text, levels))} CI)" if levels else "Ratio"


def result_of(row: Mapping) -> str:
    """A row of `estimates` as it is written in a report: value and interval."""
    value, low, high, unit = (row.get(name) for name in ("estimate", "conf_low", "conf_high", "unit"))
    if pd.isna(unit):
        return ABSENT
    if pd.isna(value):
        note = row.get("note")
        reached = unit == "days" and isinstance(note, str) and note.startswith("not reached")
        return "not reached" if reached else "not estimable"
    if unit == "ratio":
        return ratio_text(value, low, high)
    limits = "" if pd.isna(low) or pd.isna(high) else f" ({value_text(low, unit)} to {value_text(high, unit)})"
    return f"{value_text(value, unit)}{limits}"


def _by_name(estimates: pd.DataFrame) -> dict[tuple, dict]:
    """The rows by analysis, contrast and how many of that name came before; absent values are None."""
    again = estimates.groupby(KEYS, sort=False).cumcount()
    plain = estimates.astype(object).where(estimates.notna(), None)
    keys = zip(estimates["analysis"], estimates["contrast"], again, strict=True)
    return dict(zip(keys, plain.to_dict("records"), strict=True))


def _difference(a: Mapping, b: Mapping) -> str:
    if a == b:
        return SAME
    before, after, unit = a.get("estimate"), b.get("estimate"), a.get("unit")
    if before is None or after is None:
        return ABSENT
    if unit == "ratio":
        return f"× {number_text(after / before)}" if before > 0 else ABSENT
    size = f"{100 * abs(after - before):.1f} points" if unit == "probability" else value_text(abs(after - before), unit)
    return f"{'+' if after >= before else '−'}{size}"
