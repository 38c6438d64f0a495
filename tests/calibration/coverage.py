"""How often intervals hold the truth: `python -m tests.calibration.coverage` simulates, prints and stores it."""

import argparse
import os
import sys
import time
import warnings
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import numpy as np
import pandas as pd

from helpers.cohort.interval_coverage import COVERAGE_FILE
from helpers.cohort.latent import draw
from helpers.cohort.latent_rows import LatentRows, latent_rows
from helpers.report.display import COVERAGE_BOUNDS, KEPT, coverage_verdicts
from tests.calibration.methods import METHODS, Method, is_ratio, truth_of
from tests.calibration.scenarios import SCENARIOS, Scenario

COMMAND = "python -m tests.calibration.coverage"
COHORTS, FIRST_SEED, CHUNK = 2000, 1, 25
TRUTH_PATIENTS, TRUTH_SEED = 500_000, 20060127


def rows_of(scenario: Scenario, *, seed: int, patients: int | None = None) -> LatentRows:
    """The risk table of one simulated cohort."""
    return latent_rows(draw(patients or scenario.patients, seed=seed, truth=scenario.truth))


def estimates(scenario: Scenario, seeds: range) -> np.ndarray:
    """Value, lower and upper limit of every method in every cohort (cohorts, methods, 3); absent ones are nan."""
    warnings.simplefilter("error")
    cohorts = []
    for seed in seeds:
        rows = rows_of(scenario, seed=seed)
        found = (method.estimate(rows, seed) for method in METHODS)
        cohorts.append([[e.estimate, e.conf_low, e.conf_high] for e in found])
    return np.array(cohorts, dtype=float)


def summarise(found: np.ndarray, truth: float, *, ratio: bool) -> dict[str, float]:
    """What many cohorts say of one method (cohorts, 3), beside the truth.

    `coverage` is over the cohorts that gave an interval, an open side reaching to the end; `no_interval` and
    `open_side` are shares of all cohorts. `bias` and `spread` (standard deviation) are those of the log for ratios,
    over cohorts with a value above zero; `width` is the median of upper over lower limit for ratios, else of their
    difference.
    """
    value, low, high = found.T
    has_interval = ~(np.isnan(low) & np.isnan(high))
    reaching = (np.where(np.isnan(low), -np.inf, low) <= truth) & (np.where(np.isnan(high), np.inf, high) >= truth)
    has_value = ~np.isnan(value) & ((value > 0) | (not ratio))
    scale = np.log if ratio else np.asarray
    errors = scale(value[has_value]) - scale(truth)
    is_open = has_interval & (np.isnan(high) | (ratio & (low == 0)))
    closed = has_interval & ~is_open
    width = high[closed] / low[closed] if ratio else high[closed] - low[closed]
    return {
        "truth": truth,
        "bias": errors.mean(),
        "spread": errors.std(ddof=1),
        "coverage": _share(reaching, has_interval),
        "too_low": _share(high < truth, has_interval),
        "too_high": _share(low > truth, has_interval),
        "width": np.median(width) if closed.any() else np.nan,
        "no_interval": 1 - has_interval.mean(),
        "open_side": is_open.mean(),
    }


def _share(holds: np.ndarray, among: np.ndarray) -> float:
    return holds[among].mean() if among.any() else np.nan


def calibrate(*, cohorts: int, workers: int, scenarios=SCENARIOS, truth_patients: int = TRUTH_PATIENTS) -> pd.DataFrame:
    """One row for each scenario and method."""
    seeds = [
        range(start, min(start + CHUNK, FIRST_SEED + cohorts))
        for start in range(FIRST_SEED, FIRST_SEED + cohorts, CHUNK)
    ]
    parts: dict[str, dict[int, np.ndarray]] = {scenario.name: {} for scenario in scenarios}
    truths = {}
    with ProcessPoolExecutor(workers) as pool:
        known = {pool.submit(_truth, scenario, truth_patients): scenario.name for scenario in scenarios}
        tasks = {
            pool.submit(estimates, scenario, chunk): (scenario.name, chunk[0])
            for scenario in scenarios
            for chunk in seeds
        }
        started = time.monotonic()
        for done, task in enumerate(as_completed(known | tasks), start=1):
            if task in known:
                truths[known[task]] = task.result()
            else:
                name, start = tasks[task]
                parts[name][start] = task.result()
            _progress(done, len(known) + len(tasks), started)
    rows = []
    for scenario in scenarios:
        # In order of the seeds, whoever finished first.
        found = np.concatenate([parts[scenario.name][start] for start in sorted(parts[scenario.name])])
        for place, method in enumerate(METHODS):
            row = summarise(found[:, place], truths[scenario.name][method.target], ratio=is_ratio(method.target))
            rows.append(_named(scenario, method) | row)
    table = pd.DataFrame(rows)
    table["cohorts"], table["seeds"] = cohorts, f"{FIRST_SEED} to {FIRST_SEED + cohorts - 1}"
    table["command"] = COMMAND
    return table


def out_of_bounds(table: pd.DataFrame) -> list[str]:
    """One sentence for every default interval that holds the truth too rarely or too often, or is often absent."""
    missed = table[table["is_default"] & (coverage_verdicts(table) != KEPT)]
    return [
        f"{row.scenario}: {row.target}, {row.method}: {row.coverage:.1%} of the intervals hold {row.truth:.3g}"
        + (f"; {row.no_interval:.1%} of the cohorts give none." if row.no_interval else ".")
        for row in missed.itertuples()
    ]


def _truth(scenario: Scenario, patients: int) -> dict[str, float]:
    return truth_of(rows_of(scenario, seed=TRUTH_SEED, patients=patients))


def _named(scenario: Scenario, method: Method) -> dict:
    return {
        "scenario": scenario.name,
        "patients": scenario.patients,
        "target": method.target,
        "method": method.name,
        "is_default": method.is_default,
    }


def _progress(done: int, of: int, started: float) -> None:
    elapsed = time.monotonic() - started
    left = elapsed / done * (of - done)
    filled = 40 * done // of
    bar = "#" * filled + "." * (40 - filled)
    end = "\n" if done == of else ""
    print(f"\r[{bar}] {done}/{of}, {elapsed:.0f} s, about {left:.0f} s left ", end=end, file=sys.stderr, flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Simulate, store, and print the table, what is out of bounds and how long it took; 0 whatever it finds.

    Whether what is out of bounds was known to be so is for `test_coverage.py` to say.
    """
    started = time.monotonic()
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.add_argument("--cohorts", type=int, default=COHORTS, help="cohorts in each scenario")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="processes side by side")
    parser.add_argument("--out", type=Path, default=COVERAGE_FILE, help="table to write")
    options = parser.parse_args(arguments)
    table = calibrate(cohorts=options.cohorts, workers=options.workers)
    table.to_csv(options.out, index=False, lineterminator="\n", float_format="%.5g")
    shown = table[["scenario", "target", "method", "truth", "bias", "coverage", "width", "no_interval", "open_side"]]
    print(shown.to_string(index=False, float_format="%.3f", na_rep=""))
    missed = out_of_bounds(table)
    low, high = COVERAGE_BOUNDS
    print("\n".join(missed) if missed else f"Every default interval holds the truth in {low:.1%} to {high:.1%}.")
    minutes, seconds = divmod(round(time.monotonic() - started), 60)
    print(f"{minutes} min {seconds} s; stored in {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
