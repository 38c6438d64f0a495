"""Speed side by side in one run: `make bench` prints `name ours peer ratio`, medians of five runs."""

import time
from collections.abc import Callable
from statistics import median

import numpy as np
import pandas as pd
from lifelines import CoxPHFitter, KaplanMeierFitter
from lifelines.statistics import logrank_test as lifelines_logrank

from helpers.cohort.clean import clean_cohort
from helpers.cohort.dictionary import read_dictionary
from helpers.cohort.risk_table import build_risk_table
from helpers.cohort.simulate import simulate
from helpers.estimators.bootstrap import risk_ratio_bootstrap
from helpers.estimators.hazard_ratio import hazard_ratio
from helpers.estimators.log_rank import logrank_test
from helpers.estimators.survival import kaplan_meier

PATIENTS = 2_000
RUNS = 5
RESAMPLES = 200


def seconds(work: Callable[[], object]) -> float:
    """Median wall time of five runs, after one that does not count."""
    work()
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return median(times)


def plain_bootstrap(table: pd.DataFrame) -> np.ndarray:
    """Patients drawn one by one, their rows put together, the ratio taken: what the multinomial stands for."""
    rng = np.random.default_rng(1)
    rows = table.groupby("patient", observed=True).indices
    rows = list(rows.values())
    event, exposed = (table["outcome"] == "fracture").to_numpy(), table["is_adjacent"].to_numpy()
    ratios = np.empty(RESAMPLES)
    for number in range(RESAMPLES):
        drawn = np.concatenate([rows[patient] for patient in rng.integers(0, len(rows), len(rows))])
        ratios[number] = event[drawn][exposed[drawn]].mean() / event[drawn][~exposed[drawn]].mean()
    return ratios


def items(table: pd.DataFrame) -> dict[str, tuple[Callable, Callable]]:
    """Name -> (ours, peer), on the same risk table."""
    days, patient, exposed = (table[name] for name in ("days", "patient", "is_adjacent"))
    event = table["outcome"] == "fracture"
    rows = pd.DataFrame({"days": days, "event": event, "exposed": exposed.astype(float)})
    clusters = rows.assign(patient=patient.cat.codes)
    cox = CoxPHFitter()
    return {
        "Kaplan-Meier (lifelines)": (
            lambda: kaplan_meier(days, event),
            lambda: KaplanMeierFitter().fit(days, event),
        ),
        "log-rank (lifelines)": (
            lambda: logrank_test(days, event, exposed),
            lambda: lifelines_logrank(days[exposed], days[~exposed], event[exposed], event[~exposed]),
        ),
        "Cox, naive (lifelines)": (
            lambda: hazard_ratio(days, event, exposed),
            lambda: cox.fit(rows, "days", "event"),
        ),
        "Cox, patients as clusters (lifelines)": (
            lambda: hazard_ratio(days, event, exposed, patient),
            lambda: cox.fit(clusters, "days", "event", cluster_col="patient"),
        ),
        f"bootstrap of patients, {RESAMPLES} (plain loop)": (
            lambda: risk_ratio_bootstrap(event, exposed, patient, samples=RESAMPLES, seed=1),
            lambda: plain_bootstrap(table),
        ),
    }


def main() -> None:
    """Print the table."""
    raw = {
        name: frame.assign(row=np.arange(2, len(frame) + 2))
        for name, frame in simulate(PATIENTS, seed=1).tables.items()
    }
    cohort = clean_cohort(raw, read_dictionary())
    table, _ = build_risk_table(cohort)
    print(f"{PATIENTS:,} patients, {len(table):,} vertebrae at risk; seconds, medians of {RUNS} runs")
    for name, (ours, peer) in items(table).items():
        mine, theirs = seconds(ours), seconds(peer)
        print(f"{name:45s} {mine:9.4f} {theirs:9.4f} {theirs / mine:8.1f}")


if __name__ == "__main__":
    main()
