"""Tables as the notebooks would hand them over, at the size of a cohort of about 432 patients."""

import numpy as np
import pandas as pd

NEXT, AWAY = "Next to cement", "Further away"


def follow_up(*, size, risk, seed, horizon=730.0):
    """Days and event of `size` vertebrae, of which about `risk` fracture within the horizon."""
    random = np.random.default_rng(seed)
    fracture = random.exponential(horizon / -np.log1p(-risk), size) if risk > 0 else np.full(size, np.inf)
    end = np.minimum(random.exponential(500, size), horizon)
    return np.ceil(np.minimum(fracture, end)), fracture <= end


def curve_tables(groups, *, ticks, horizon=730.0):
    """curves, counts and censored of groups given as {name: (days, event)}."""
    curves, counts, censored = [], [], []
    for group, (days, event) in groups.items():
        times, events = np.unique(days[event], return_counts=True)
        at_risk = np.array([(days >= time).sum() for time in times], dtype=float)
        survival = np.cumprod(1 - events / np.maximum(at_risk, 1))
        error = survival * np.sqrt(np.cumsum(events / np.maximum(at_risk * (at_risk - events), 1)))
        curves.append(
            pd.DataFrame(
                {
                    "group": group,
                    "time": np.r_[0, times],
                    "estimate": np.r_[0, 1 - survival],
                    "conf_low": np.r_[0, np.clip(1 - survival - 1.96 * error, 0, 1)],
                    "conf_high": np.r_[0, np.clip(1 - survival + 1.96 * error, 0, 1)],
                }
            )
        )
        for tick in ticks:
            over = days <= tick
            counts.append((group, tick, (days >= tick).sum(), (over & event).sum(), (over & ~event).sum()))
        censored.append(pd.DataFrame({"group": group, "time": days[~event]}))
    columns = ["group", "time", "at_risk", "events", "censored"]
    return pd.concat(curves), pd.DataFrame(counts, columns=columns), pd.concat(censored)


LONG = "A very long label of a group that somebody thought of late at night"
TICKS = [0, 90, 180, 365, 545, 730]


def two_groups():
    """curves, counts and censored with risks of about 8% and 2%."""
    groups = {NEXT: follow_up(size=900, risk=0.08, seed=1), AWAY: follow_up(size=6100, risk=0.02, seed=2)}
    return curve_tables(groups, ticks=TICKS)


def five_groups():
    """curves, counts and censored with a long label, a small group and one without fractures."""
    groups = {
        NEXT: follow_up(size=900, risk=0.08, seed=1),
        "Two levels away": follow_up(size=900, risk=0.05, seed=2),
        LONG: follow_up(size=900, risk=0.05, seed=3),
        "Four levels": follow_up(size=12, risk=0.03, seed=4),
        AWAY: follow_up(size=6100, risk=0.0, seed=5),
    }
    return curve_tables(groups, ticks=TICKS)


def forest_rows():
    """Every kind of row: plain, wide, zero, not estimable, open above, published, other people."""
    comparison = "Next to cement v further away"
    rows = [
        (
            "Ignoring patients",
            comparison,
            4.05,
            2.9,
            5.7,
            "4.05 (2.90 to 5.70)",
            "this cohort",
            "77/900 v 109/6,100",
        ),
        ("Sandwiched", comparison, 9.0, 1.2, 90.0, "9.00 (1.20 to 90.0)", "this cohort", "3/12 v 109/6,100"),
        ("Thoracic only", comparison, 0.0, None, 3.1, "0 (0 to 3.10)", "this cohort", "0/40 v 9/900"),
        ("Lumbar only", comparison, None, None, None, "", "this cohort", "0/40 v 0/300"),
        ("Open above", comparison, 2.0, 0.8, None, "2.00 (0.80 to no limit)", "this cohort", "1/40 v 1/300"),
        ("Published study", "Elsewhere", 4.62, None, None, "4.62", "published", ""),
        (
            "People with no cement",
            "Elsewhere",
            3.06,
            2.14,
            4.37,
            "3.06 (2.14 to 4.37)",
            "other people",
            "112/530",
        ),
    ]
    columns = ["label", "group", "estimate", "conf_low", "conf_high", "text", "kind", "counts"]
    return pd.DataFrame(rows, columns=columns)


def flow_steps():
    """Ten steps, some of which remove nobody, and two groups."""
    rows = [
        ("in the file", 440, 7480, 0, 0, "step"),
        ("patients without a vertebroplasty", 436, 7412, 4, 68, "step"),
        ("rows quarantined by the cleaning rules (see the ledger)", 432, 7344, 4, 68, "step"),
        ("death before the procedure", 432, 7344, 0, 0, "step"),
        ("no spine follow-up", 430, 7310, 2, 34, "step"),
        ("treated at the index procedure", 430, 6700, 0, 610, "step"),
        ("outside the chosen levels T1 to L5", 430, 6700, 0, 0, "step"),
        ("already fractured at baseline", 430, 5890, 0, 810, "step"),
        ("at risk", 430, 5890, 0, 0, "step"),
        ("next to cement (within 1 level)", 428, 900, 0, 0, "split"),
        ("further away", 430, 4990, 0, 0, "split"),
    ]
    columns = ["step", "patients", "vertebrae", "patients_removed", "vertebrae_removed", "kind"]
    return pd.DataFrame(rows, columns=columns)


def spine_levels():
    """Treated and fractured vertebrae by level, most of them at T12 and L1."""
    weight = np.array([1, 1, 2, 3, 4, 6, 12, 11, 8, 8, 14, 30, 38, 24, 16, 12, 8])
    levels = [f"T{number}" for number in range(1, 13)] + [f"L{number}" for number in range(1, 6)]
    counts = {"treated": weight * 4, "fractured_adjacent": weight // 3, "fractured_nonadjacent": weight // 2}
    return pd.DataFrame(
        {"level": levels} | counts | {"at_risk_adjacent": weight * 3, "at_risk_nonadjacent": 430 - weight * 7}
    )


def distance_risks():
    """Risks at 1, 2, 3 and 4 or more levels."""
    rows = [
        ("1", 0.081, 0.06, 0.11, "8.1% (6.0 to 11.0)", "77 / 900"),
        ("2", 0.03, 0.02, 0.045, "3.0% (2.0 to 4.5)", "27 / 900"),
        ("3", 0.025, 0.015, 0.04, "2.5% (1.5 to 4.0)", "22 / 900"),
        ("4 or more", 0.018, 0.015, 0.022, "1.8% (1.5 to 2.2)", "60 / 3,400"),
    ]
    return pd.DataFrame(rows, columns=["distance", "estimate", "conf_low", "conf_high", "text", "counts"])


def fracture_times():
    """Days of 77 and 109 fractures, their medians and the published medians."""
    random = np.random.default_rng(3)
    near, far = np.ceil(random.exponential(80, 77)), np.ceil(random.exponential(180, 109))
    times = pd.concat([pd.DataFrame({"group": NEXT, "days": near}), pd.DataFrame({"group": AWAY, "days": far})])
    middle = [float(np.median(near)), float(np.median(far))]
    words = [f"median {day:g} days" for day in middle]
    medians = pd.DataFrame({"group": [NEXT, AWAY], "median": middle, "text": words})
    published = pd.DataFrame(
        {"group": [NEXT, AWAY], "median": [55, 127], "text": ["published 55 days", "published 127 days"]}
    )
    return times, medians, published


def hazard_windows():
    """Plain windows, a short one whose interval goes far, one that is not estimable, and one that is open."""
    rows = [
        ("days 0 to 7", 0, 7, 40.0, 2.0, 9000.0, "40.0 (2.00 to 9,000)", 4, ""),
        ("days 7 to 90", 7, 90, 9.33, 6.15, 14.2, "9.33 (6.15 to 14.2)", 88, ""),
        ("days 90 to 365", 90, 365, None, None, None, "not estimable", 1, "no exposed vertebra had an event"),
        ("after day 365", 365, None, 1.98, 0.65, 6.05, "1.98 (0.65 to 6.05)", 19, ""),
    ]
    columns = ["window", "start", "end", "estimate", "conf_low", "conf_high", "text", "n_events", "note"]
    numbers = dict.fromkeys(columns[1:6], float)
    return pd.DataFrame(rows, columns=columns).astype(numbers)


SCENARIOS = (
    "published margins",
    "small",
    "strong frailty",
    "no effect, strong clustering",
    "heavy death",
    "rare events",
)


def simulated_coverage(*, scenarios=SCENARIOS, targets=16, most_methods=6):
    """Coverage of up to 26 methods in up to six scenarios, with numbers below the axis and without intervals."""
    random = np.random.default_rng(11)
    sizes = [most_methods, *[2] * 5, *[1] * (targets - 6)]
    rows = [
        (scenario, f"risk ratio within levels ({target})", f"method {method}, clustered", method == 0)
        for scenario in scenarios
        for target, size in enumerate(sizes)
        for method in range(size)
    ]
    table = pd.DataFrame(rows, columns=["scenario", "target", "method", "is_default"])
    coverage = np.clip(random.normal(0.945, 0.02, len(rows)), 0, 1).round(4)
    coverage[[3, 9]] = [0.7123, np.nan]
    no_interval = np.where(random.random(len(rows)) < 0.2, 0.51, 0.0)
    no_interval[9] = 1.0
    return table.assign(coverage=coverage, no_interval=no_interval, cohorts=1000, patients=432)


def image_bounds():
    """Innermost intervals: wide ones, a day known exactly, one cut by the horizon, and ends before it."""
    rows = [
        (NEXT, 0, 90, 0.0, 0.06),
        (NEXT, 90, 180, 0.06, 0.09),
        (NEXT, 300, 300, 0.09, 0.12),
        (NEXT, 600, 900, 0.12, 0.16),
        (NEXT, 1000, np.inf, 0.16, 1.0),
        (AWAY, 0, 120, 0.0, 0.01),
        (AWAY, 365, 500, 0.01, 0.03),
        (AWAY, 640, np.inf, 0.03, 1.0),
    ]
    return pd.DataFrame(rows, columns=["group", "after", "through", "low", "high"])


def cohorts_without_effect(panels=("",), *, is_ratio=True):
    """draws, rows and marks of five strengths, one with a cohort far out and one without any value."""
    random, draws, rows, marks = np.random.default_rng(5), [], [], []
    for panel in panels:
        for strength in range(5):
            label = (
                f"{strength / 2:g}{' (survey)' if strength == 2 else ''}\nneighbour ratio {1.24 + strength * 0.7:.2f}"
            )
            spread = random.lognormal(0.3 * strength, 0.15, 300) * (1 if is_ratio else 60)
            spread[0] *= 9
            spread = spread if strength < 4 else spread * np.nan
            middle = np.quantile(spread, [0.025, 0.5, 0.975])
            draws.append(pd.DataFrame({"panel": panel, "row": label, "value": spread}))
            rows.append((panel, label, *middle, f"{5 * strength}.0%", "1 (0.8 to 1.3)"))
        ours, theirs = (4.76, 4.62) if is_ratio else (64.5, 55)
        marks += [
            (panel, ours, f"this cohort {ours}", "this cohort"), (panel, theirs, f"published {theirs}", "published"),
            (panel, None, "not there", "this cohort"),
        ]  # fmt: skip
    rows = pd.DataFrame(rows, columns=["panel", "row", "low", "middle", "high", "text", "range"])
    marks = pd.DataFrame(marks, columns=["panel", "value", "text", "kind"]).astype({"value": float})
    return pd.concat(draws), rows, marks


def survey_fit():
    """Observed and simulated shares by distance, some of them 0."""
    observed = [0.211, 0.134, 0.059, 0.074, 0.071, 0.042, 0.032, 0.01, 0.046, 0.111, 0, 0.111]
    average = np.linspace(0.22, 0.02, 12)
    fit = pd.DataFrame({"of": [str(n) for n in range(1, 13)], "observed": observed, "average": average})
    return fit.assign(low=np.maximum(average - 0.06, 0), high=average + 0.06)


def growing_errors(lines=("This cohort",), steps=5) -> pd.DataFrame:
    """Ratios under a growing error, a line each."""
    rows = [
        {
            "line": line,
            "x": step / (steps - 1),
            "x_text": f"{step / (steps - 1):.2g}",
            "estimate": (place + 1) * 0.9 * 1.4**step,
            "conf_low": (place + 1) * 0.6 * 1.3**step if place == 0 else float("nan"),
            "conf_high": (place + 1) * 1.3 * 1.5**step if place == 0 else float("nan"),
            "text": f"{(place + 1) * 0.9 * 1.4**step:.2f} at the end" if place else "",
        }
        for place, line in enumerate(lines)
        for step in range(steps)
    ]
    return pd.DataFrame(rows)


def specifications(size):
    """So many specifications of two choices, one of them the reference."""
    random = np.random.default_rng(6)
    estimate = np.exp(random.normal(1.3, 0.4, size))
    half = np.exp(random.uniform(0.2, 0.9, size))
    names = {
        "Levels": ["T1-L5", "T4-L5", "T4-L4"],
        "Estimator": ["crude risks", "risks by level", "risks within patients", "rates", "hazards"],
    }
    rows = pd.DataFrame({"is_reference": np.arange(size) == size // 2, "estimate": estimate})
    rows["conf_low"], rows["conf_high"] = estimate / half, estimate * half
    for name, values in names.items():
        rows[name] = pd.Categorical(np.resize(values, size), categories=values[: max(1, min(size, len(values)))])
    return rows
