"""The model of susceptibility fitted to people without cement: `python -m helpers.robustness.survey_fit` stores it."""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from helpers.cohort.nhanes import LEVELS, NOT_EVALUABLE, fracture_pairs, read_people
from helpers.cohort.spine import N_SLOTS, SLOT_INDEX, SLOTS, present
from helpers.cohort.truth import LEVEL_WEIGHTS
from helpers.robustness.susceptibility import Susceptibility

FOLDER = Path(__file__).parents[2] / "data" / "reference"
MODEL_FILE, FIT_FILE = FOLDER / "natural_clustering.csv", FOLDER / "natural_clustering_fit.csv"
COMMAND = "python -m helpers.robustness.survey_fit"
STRENGTHS = (0.0, 0.5, 1.0, 1.5, 2.0)
MOST_AFFECTED = 4  # fractured vertebrae of one person; more count as so many
SHARE = "share fractured by distance"
SURVEYS, SEED = 400, 1
_ASSESSED = np.array([SLOT_INDEX[level] for level in LEVELS])
_DISTANCE = np.abs(np.subtract.outer(np.arange(len(LEVELS)), np.arange(len(LEVELS))))


def read_strengths(path: Path = MODEL_FILE) -> pd.DataFrame:
    """The fitted models by strength of clustering, 1 being that of the survey: neighbour_ratio (how much likelier the
    neighbour of an old fracture is fractured than a vertebra further away), log_likelihood, and the parameters."""
    return pd.read_csv(path)


def models_of(strengths: pd.DataFrame) -> dict[float, Susceptibility]:
    """The models of such a table by strength."""
    names = ("scale", "frailty_variance", "spread", "correlation")
    return {
        line["strength"]: Susceptibility(
            *(line[name] for name in names), np.array([line[f"weight_{slot}"] for slot in SLOTS])
        )
        for line in strengths.to_dict("records")
    }


def read_fit(path: Path = FIT_FILE) -> pd.DataFrame:
    """What the survey found, and surveys of as many people simulated under its model: kind, of, observed, average, low,
    high (the limits of the central 95% of the simulated surveys)."""
    return pd.read_csv(path, dtype={"of": str})


def neighbour_ratio(model: Susceptibility, grades: np.ndarray) -> float:
    """What the survey's crude ratio comes to under the model, among people of whom as much was assessed."""
    single, pairs = model.fractured_pairs(_ASSESSED)
    assessed = (grades != NOT_EVALUABLE).astype(float)
    seen = assessed.T @ assessed
    next_to, further = _DISTANCE == 1, _DISTANCE > 1
    of_next, of_further = (
        (pairs * seen)[group].sum() / (single[:, None] * seen)[group].sum() for group in (next_to, further)
    )
    return float(of_next / of_further)


def fit(
    grades: np.ndarray, *, spread: float, correlation: float | None = None, start: np.ndarray | None = None
) -> tuple[Susceptibility, float, np.ndarray]:
    """The likeliest model of a given spread for what was seen of people; without a correlation this one is fitted too.

    Returns
    -------
    model : Susceptibility
    log_likelihood : float
    parameters : ndarray
        To start a similar fit from.
    """
    from scipy.optimize import minimize  # costs half a second's import

    patterns, people = np.unique(grades, axis=0, return_counts=True)
    seen = (np.repeat(present([12], [5]), len(patterns), axis=0), _wide(patterns > 0), _wide(patterns != NOT_EVALUABLE))

    def model_of(parameters) -> Susceptibility:
        scale, variance = np.exp(parameters[:2])
        along = 1 / (1 + np.exp(-parameters[-1])) if correlation is None else correlation
        return Susceptibility(scale, variance, spread, along, _all_weights(parameters[2 : 2 + len(LEVELS)]))

    def misfit(parameters) -> float:
        return -float(people @ np.log(model_of(parameters).likelihood(*seen)))

    if start is None:
        share = (grades > 0).sum(axis=0) / (grades != NOT_EVALUABLE).sum(axis=0)
        start = np.concatenate([np.log([share.mean(), 13.0]), np.log(share / share.mean()), [0.5]])
    found = minimize(misfit, start[: 2 + len(LEVELS) + (correlation is None)], method="L-BFGS-B")
    return model_of(found.x), -found.fun, found.x


def fit_strengths(grades: np.ndarray) -> pd.DataFrame:
    """The model whose neighbour ratio is the survey's, and those of weaker and stronger clustering.

    The spread is tuned until the ratio is met; all else is the likeliest for that spread. Other strengths multiply the
    spread and keep the correlation; all else is fitted anew, so that as many people and vertebrae are fractured.
    """
    pairs = fracture_pairs(grades)
    risk = pairs.groupby("is_adjacent")["is_fractured"].mean()
    wanted, parameters = risk[True] / risk[False], None
    low, high = 1.0, 5.0
    while high - low > 1e-3:
        middle = (low + high) / 2
        own, _, parameters = fit(grades, spread=middle, start=parameters)
        low, high = (middle, high) if neighbour_ratio(own, grades) < wanted else (low, middle)
    lines = []
    for strength in STRENGTHS:
        near = parameters[:-1] if strength == 1 else None
        model, likelihood, _ = fit(grades, spread=strength * middle, correlation=own.correlation, start=near)
        line = {"strength": strength, "neighbour_ratio": neighbour_ratio(model, grades), "log_likelihood": likelihood}
        line |= {name: getattr(model, name) for name in ("scale", "frailty_variance", "spread", "correlation")}
        lines.append(line | {f"weight_{slot}": weight for slot, weight in zip(SLOTS, model.weights, strict=True)})
    return pd.DataFrame(lines).assign(command=COMMAND)


def simulated_surveys(model: Susceptibility, grades: np.ndarray, *, surveys: int, seed: int) -> Iterator[np.ndarray]:
    """Surveys of as many people, of whom as much is assessed, under the model; fractures have grade 1."""
    not_seen = np.zeros((1, N_SLOTS), dtype=bool)
    for stream in np.random.SeedSequence(seed).spawn(surveys):
        rng = np.random.default_rng(stream)
        hazards = model.draw(rng, present([12], [5]), not_seen, not_seen, len(grades))[0][:, _ASSESSED]
        fractured = rng.random(hazards.shape) < -np.expm1(-hazards)
        yield np.where(grades == NOT_EVALUABLE, NOT_EVALUABLE, fractured)


def features(grades: np.ndarray) -> pd.Series:
    """What the fit is judged by, indexed by kind and what it is of."""
    fractured, pairs = grades > 0, fracture_pairs(grades)
    affected = np.bincount(fractured.sum(axis=1).clip(max=MOST_AFFECTED), minlength=MOST_AFFECTED + 1)
    risk = pairs.groupby("is_adjacent")["is_fractured"].mean()
    found = {("total", "people with a fracture"): affected[1:].sum(), ("total", "fractured vertebrae"): fractured.sum()}
    found["total", "neighbour ratio"] = risk.get(True, np.nan) / risk.get(False, np.nan)
    found |= {("people by fractured vertebrae", str(n)): count for n, count in enumerate(affected[1:], start=1)}
    found |= {("fractured by level", level): count for level, count in zip(LEVELS, fractured.sum(axis=0), strict=True)}
    by_distance = pairs.groupby("distance")["is_fractured"].agg(["sum", "size"])
    by_distance = by_distance.reindex(range(1, len(LEVELS)), fill_value=0)
    by_distance["share"] = by_distance["sum"] / by_distance["size"]
    kinds = {"sum": "both fractured by distance", "size": "pairs by distance", "share": SHARE}
    for column, kind in kinds.items():
        found |= {(kind, str(distance)): count for distance, count in by_distance[column].items()}
    return pd.Series(found, dtype=float).rename_axis(["kind", "of"])


def fit_table(model: Susceptibility, grades: np.ndarray, *, surveys: int, seed: int) -> pd.DataFrame:
    """The survey's own features beside those of surveys simulated under the model."""
    drawn = simulated_surveys(model, grades, surveys=surveys, seed=seed)
    simulated = pd.concat([features(one) for one in drawn], axis=1)
    table = features(grades).rename("observed").to_frame()
    table["average"] = simulated.mean(axis=1)
    table["low"], table["high"] = (simulated.quantile(share, axis=1) for share in (0.025, 0.975))
    return table.reset_index().assign(surveys=surveys, seed=seed, command=COMMAND)


def main() -> int:
    """Fit, store and print."""
    grades = read_people()
    strengths = fit_strengths(grades)
    strengths.round(6).to_csv(MODEL_FILE, index=False, lineterminator="\n")
    table = fit_table(models_of(read_strengths())[1.0], grades, surveys=SURVEYS, seed=SEED)
    table.round(4).to_csv(FIT_FILE, index=False, lineterminator="\n")
    print(strengths.iloc[:, :7].to_string(index=False, float_format="%.3f"))
    print(table.iloc[:, :6].to_string(index=False, float_format="%.1f"))
    return 0


def _wide(of_levels: np.ndarray) -> np.ndarray:
    """Flags of the levels assessed as flags of all slots."""
    flags = np.zeros((len(of_levels), N_SLOTS), dtype=bool)
    flags[:, _ASSESSED] = of_levels
    return flags


def _all_weights(logs: np.ndarray) -> np.ndarray:
    """Weights of all slots: those fitted have mean 1, the ends of the spine follow on as assumed in the simulator."""
    assumed, weights = np.array([LEVEL_WEIGHTS[slot] for slot in SLOTS]), np.zeros(N_SLOTS)
    weights[_ASSESSED] = np.exp(logs) / np.exp(logs).mean()
    first, last, extra = _ASSESSED[0], _ASSESSED[-1], SLOT_INDEX["T13"]
    weights[:first] = weights[first] * assumed[:first] / assumed[first]
    weights[last + 1 :] = weights[last] * assumed[last + 1 :] / assumed[last]
    weights[extra] = np.sqrt(weights[extra - 1] * weights[extra + 1])
    return weights


if __name__ == "__main__":
    sys.exit(main())
