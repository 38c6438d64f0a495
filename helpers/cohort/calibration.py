"""The simulator's margins beside the published ones: `python -m helpers.cohort.calibration` prints and stores them."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from helpers.cohort.latent import Latent, draw, draw_without_cement
from helpers.cohort.latent_rows import latent_rows
from helpers.cohort.published import published_value
from helpers.cohort.spine import N_SLOTS, level_range
from helpers.cohort.truth import Truth

PATIENTS = int(published_value("patients"))
TOLERANCE = 0.10
RESULT_FILE = Path(__file__).parents[2] / "data" / "reference" / "simulator_calibration.csv"
COMMAND = "python -m helpers.cohort.calibration"
PUBLISHED = {
    "patients": "patients",
    "patients with new fractures": "patients_with_new_fractures",
    "new fractures": "new_fractures",
    "new fractures, adjacent": "adjacent_new_fractures",
    "risk ratio, adjacent to nonadjacent": "risk_ratio",
    "median days to fracture among fractured, adjacent": "median_days_adjacent",
    "median days to fracture among fractured, nonadjacent": "median_days_nonadjacent",
}
# Not fitted: where the simulated cohorts stand on figures that follow from the published ones or come from elsewhere.
CONTEXT = {
    "vertebrae at risk, nonadjacent for each adjacent": 6.54,
    "cemented levels for each patient with new fractures": 137 / 86,
    "old fractures for each patient with new fractures": 313 / 86,
}
NO_EFFECT = "risk ratio, adjacent to nonadjacent, were there no effect of cement"
NATURAL = "old fracture next to an old one against further away, people without cement (NHANES)"
NATURAL_RATIO, NATURAL_SHARE = 3.06, 186 / 3330
MARGIN_COLUMNS = (
    "margin", "kind", "reference", "average", "ratio", "lowest_seed", "highest_seed", "seeds", "command",
)  # fmt: skip


def calibrate(truth: Truth, *, seeds: int = 200, first_seed: int = 1) -> pd.DataFrame:
    """Average of every margin over simulated cohorts of the published size, beside the published figure."""
    numbers = range(first_seed, first_seed + seeds)
    found = pd.DataFrame([margins(draw(PATIENTS, seed=seed, truth=truth)) for seed in numbers])
    published = {name: published_value(key) for name, key in PUBLISHED.items()} | CONTEXT
    table = pd.DataFrame({"reference": published, "average": found.mean(), "lowest_seed": found.min()})
    table["highest_seed"] = found.max()
    natural = natural_ratio(*draw_without_cement(100 * 3330, share=NATURAL_SHARE, seed=first_seed, truth=truth))
    without = replace(truth, adjacent_hazard_ratio=1)
    ratios = [
        margins(draw(PATIENTS, seed=seed, truth=without))["risk ratio, adjacent to nonadjacent"] for seed in numbers
    ]
    table.loc[NO_EFFECT, ["average", "lowest_seed", "highest_seed"]] = np.mean(ratios), min(ratios), max(ratios)
    table.loc[NATURAL, ["reference", "average"]] = NATURAL_RATIO, natural
    table["ratio"] = table["average"] / table["reference"]
    table["kind"] = np.where(table.index.isin(PUBLISHED), "calibrated", "context")
    table["seeds"] = f"{numbers[0]} to {numbers[-1]}"
    table["command"] = COMMAND
    return table.rename_axis("margin").reset_index()[list(MARGIN_COLUMNS)]


def out_of_tolerance(table: pd.DataFrame) -> list[str]:
    """One sentence for every calibrated margin whose average is further than 10% from the published figure."""
    missed = table[(table["kind"] == "calibrated") & ~table["ratio"].between(1 - TOLERANCE, 1 + TOLERANCE)]
    return [
        f"{margin.margin}: {margin.average:.2f} on average, published {margin.reference:g} ({margin.ratio - 1:+.0%})."
        for margin in missed.itertuples()
    ]


def margins(latent: Latent) -> dict[str, float]:
    """The published figures as the workbook's defaults compute them, straight from the truth (`latent_rows`)."""
    rows = latent_rows(latent)
    fractured, adjacent = rows.fractured, rows.is_adjacent
    n_fractured = np.bincount(rows.patient[fractured], minlength=len(latent.death))
    n_adjacent, n_other = (fractured & adjacent).sum(), (fractured & ~adjacent).sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = (n_adjacent / adjacent.sum()) / (n_other / (~adjacent).sum())
        context = _context(latent, n_fractured > 0, adjacent)
    values = [len(n_fractured), (n_fractured > 0).sum(), fractured.sum(), n_adjacent, ratio]
    values += [_median(rows.days[fractured & group]) for group in (adjacent, ~adjacent)]
    return {name: float(value) for name, value in zip(PUBLISHED, values, strict=True)} | context


def _median(days):
    return np.median(days) if days.size else np.nan


def _context(latent, has_new, is_adjacent):
    values = [(~is_adjacent).sum() / is_adjacent.sum()]
    values += [levels[has_new].sum() / has_new.sum() for levels in (latent.cemented, latent.prevalent)]
    return {name: float(value) for name, value in zip(CONTEXT, values, strict=True)}


def natural_ratio(prevalent: np.ndarray, place: np.ndarray) -> float:
    """How much likelier the neighbour of an old fracture is fractured too than a vertebra further away (T4 to L4)."""
    assessed = level_range("T4-L4") & (place >= 0)
    both, either = np.zeros(2), np.zeros(2)
    for step in range(1, N_SLOTS):
        near, far = (slice(None), slice(None, -step)), (slice(None), slice(step, None))
        pair = assessed[near] & assessed[far]
        is_next = (place[far] - place[near]) == 1
        for group, chosen in enumerate((pair & is_next, pair & ~is_next)):
            both[group] += 2 * (prevalent[near] & prevalent[far] & chosen).sum()
            either[group] += (prevalent[near] & chosen).sum() + (prevalent[far] & chosen).sum()
    risk = both / either
    return float(risk[0] / risk[1])


def main() -> int:
    """Print and store the calibration of the default truth; 1 when a margin is missed."""
    table = calibrate(Truth())
    table.round(3).to_csv(RESULT_FILE, index=False, lineterminator="\n")
    shown = table.drop(columns=["command", "seeds"]).to_string(index=False, float_format="%.2f", na_rep="")
    print(f"{shown}\nSeeds {table['seeds'].iloc[0]}, {PATIENTS} synthetic patients each; stored in {RESULT_FILE.name}")
    missed = out_of_tolerance(table)
    print("\n".join(missed) if missed else f"All calibrated margins lie within {TOLERANCE:.0%}.")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
