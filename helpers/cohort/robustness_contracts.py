"""The contracts of the tables of notebook 5."""

from helpers.cohort.contract_parts import contract, estimates, pa

# What a specification chooses; the room of robustness says what each may be.
SPECIFIED = (
    "levels_at_risk", "region", "adjacent_within", "sandwich_vertebrae", "prevalent_fractures", "day_zero_fractures",
    "later_vertebroplasty", "death_follow_up", "fractures_counted", "horizon_days", "estimator",
)  # fmt: skip


def _specifications(_) -> pa.DataFrameSchema:
    of_estimates = estimates()
    result = ("measure", "estimate", "conf_low", "conf_high", "conf_level", "p_value", "std_error")
    counts = ("n_patients", "n_vertebrae", "n_events", "note")
    columns = {
        "rank": pa.Column("int32", pa.Check.ge(1)),
        "is_reference": pa.Column("bool"),
        **dict.fromkeys(SPECIFIED, pa.Column(object)),
        **{name: of_estimates.columns[name] for name in (*result, *counts)},
    }
    one = pa.Check(lambda frame: frame["is_reference"].sum() == 1, error="it has not just one reference")
    return contract(columns, list(SPECIFIED), order=("rank",), checks=[*of_estimates.checks, one])


def _specification_choices(_) -> pa.DataFrameSchema:
    count = pa.Column("Int64", pa.Check.ge(0), nullable=True)
    columns = {
        "choice": pa.Column(object, pa.Check.isin([*SPECIFIED, "all_together"])),
        "values": count,
        "variance_share": pa.Column(float, pa.Check.in_range(0, 1)),
        **dict.fromkeys(("pairs", "direction_flips", "interval_flips"), count),
        "largest_factor": pa.Column(float, pa.Check.ge(1), nullable=True),
    }
    return contract(columns, ["choice"])


def _specification_tests(_) -> pa.DataFrameSchema:
    number, count = pa.Column(float, pa.Check.ge(0), nullable=True), pa.Column("int64", pa.Check.ge(0))
    columns = {
        **dict.fromkeys(("null", "statistic"), pa.Column(object)),
        **dict.fromkeys(("observed", "null_median", "null_high"), number),
        "p_value": pa.Column(float, pa.Check.in_range(0, 1), nullable=True),
        **dict.fromkeys(("permutations", "specifications", "patients"), count),
    }
    return contract(columns, ["null", "statistic"])


def _no_effect(_) -> pa.DataFrameSchema:
    groups = ("adjacent", "nonadjacent")
    count = pa.Column("int64", pa.Check.ge(0))
    days = pa.Column(float, pa.Check.ge(0), nullable=True)
    columns = {
        "levels": pa.Column(object),
        "strength": pa.Column(float, pa.Check.ge(0)),
        "cohort": pa.Column("int64", pa.Check.ge(1)),
        "risk_ratio": pa.Column(float, pa.Check.ge(0), nullable=True),
        **{f"fractures_{group}": count for group in groups},
        **{f"{median}_{group}": days for median in ("median_days", "all_median_days") for group in groups},
        "patients_fractured": count,
    }
    return contract(columns, ["levels", "strength", "cohort"])


def _error_analyses(_) -> pa.DataFrameSchema:
    number = pa.Column(float, nullable=True)
    columns = {
        **dict.fromkeys(("error", "line"), pa.Column(object)),
        "x": pa.Column(float),
        **dict.fromkeys(("estimate", "conf_low", "conf_high"), number),
    }
    return contract(columns, ["error", "line", "x"])


def _evidence(_) -> pa.DataFrameSchema:
    number = pa.Column(float, pa.Check.gt(0), nullable=True)
    counts = ("events_exposed", "at_risk_exposed", "events_unexposed", "at_risk_unexposed")
    columns = {
        **dict.fromkeys(("panel", "unit", "design", "contrast", "outcome", "study", "citation"), pa.Column(object)),
        "n_patients": pa.Column("int64", pa.Check.gt(0)),
        "measure": pa.Column(object),
        "estimate": pa.Column(float, pa.Check.gt(0)),
        **dict.fromkeys(("conf_low", "conf_high", *counts), number),
        **dict.fromkeys(("strength", "remark"), pa.Column(object)),
        "is_ours": pa.Column("bool"),
    }
    return contract(columns, ["study"])


ROBUSTNESS = {
    "specifications": _specifications,
    "specification_choices": _specification_choices,
    "specification_tests": _specification_tests,
    "no_effect": _no_effect,
    "error_analyses": _error_analyses,
    "evidence": _evidence,
}
