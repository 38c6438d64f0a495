"""What other studies found: ratios as they were published, and summaries where studies measured the same thing."""

import math
from pathlib import Path

import numpy as np
import pandas as pd

from helpers.errors import WorkbookError
from helpers.estimators.estimate import Estimate, check_conf_level
from helpers.estimators.intervals import critical_value
from helpers.estimators.relative_risk import risk_ratio
from helpers.estimators.risk import odds_ratio

EVIDENCE_FILE = Path(__file__).parents[2] / "data" / "reference" / "published_evidence.csv"
COUNTS = ["events_exposed", "at_risk_exposed", "events_unexposed", "at_risk_unexposed"]
ALIKE = ["panel", "unit", "design", "contrast", "outcome", "measure"]
FROM_COUNTS = {"risk ratio": risk_ratio, "odds ratio": odds_ratio}
PUBLISHED_LEVEL = 0.95
SUMMARY_COLUMNS = [*ALIKE, "studies", "n_patients", "estimate", "conf_low", "conf_high", "tau", "heterogeneity"]


def read_evidence(path: Path = EVIDENCE_FILE) -> pd.DataFrame:
    """Published ratios, one row each, with what was counted, against what, and how firmly it is known.

    Returns
    -------
    DataFrame
        panel, unit (what was counted: vertebrae, fractures or patients), design, contrast, outcome, study, citation,
        n_patients, measure, estimate, conf_low, conf_high, the four counts, strength of the source, remark, and
        `is_ours`: the ratio and its 95% interval were calculated from published counts. Units are taken to be
        independent there, since how they share patients was not published. A limit that was not published is absent.

    Raises
    ------
    WorkbookError
        If a row gives neither a ratio nor its counts, or counts for another measure than a risk or odds ratio.
    """
    evidence = pd.read_csv(path).fillna({"remark": ""})
    evidence["is_ours"] = evidence["estimate"].isna()
    for at in evidence.index[evidence["is_ours"]]:
        counts, measure = evidence.loc[at, COUNTS], evidence.at[at, "measure"]
        if counts.isna().any() or measure not in FROM_COUNTS:
            raise WorkbookError(
                f'"{evidence.at[at, "study"]}" in {path.name} gives no ratio. Give all four counts of a risk ratio or '
                "odds ratio, or the ratio itself."
            )
        ratio = from_counts(*counts.astype(int), measure=measure)
        evidence.loc[at, ["estimate", "conf_low", "conf_high"]] = ratio.estimate, ratio.conf_low, ratio.conf_high
    return evidence


def from_counts(events_exposed, at_risk_exposed, events_unexposed, at_risk_unexposed, *, measure: str) -> Estimate:
    """A risk ratio (Katz) or odds ratio (Woolf) of four published counts, without clusters.

    In R: ``metafor::escalc("RR", ai=, n1i=, ci=, n2i=)``, or ``"OR"``.

    Examples
    --------
    >>> ratio = from_counts(15, 91, 21, 85, measure="odds ratio")
    >>> round(ratio.estimate, 3), round(ratio.conf_low, 3), round(ratio.conf_high, 3)
    (0.602, 0.287, 1.262)
    """
    exposed = np.repeat([True, False], [at_risk_exposed, at_risk_unexposed])
    event = np.concatenate(
        [np.arange(at_risk_exposed) < events_exposed, np.arange(at_risk_unexposed) < events_unexposed]
    )
    return FROM_COUNTS[measure](event, exposed, conf_level=PUBLISHED_LEVEL)


def summarise(evidence: pd.DataFrame, *, conf_level: float = 0.95) -> pd.DataFrame:
    """Random-effects summaries of the studies that agree in unit, design, contrast, outcome and measure.

    Each study's log ratio has the standard error log(high/low) / (2 z) of its 95% interval. The variance tau^2 between
    studies is the one for which sum of w_i (y_i - y)^2 = k - 1, w_i = 1/(se_i^2 + tau^2), or 0 [1]_; the summary is the
    mean with weights w_i. Rows without an interval, whose unit is not stated, or that would stand alone are left out.

    Returns
    -------
    DataFrame
        What they agree in, studies (their names), n_patients, estimate, conf_low, conf_high, tau (on the log scale),
        heterogeneity (I^2, the share of the spread that chance within studies does not account for).

    Notes
    -----
    In R: ``metafor::rma(yi, sei = se, method = "PM")``. The library is statsmodels' ``combine_effects``.

    References
    ----------
    .. [1] Paule RC, Mandel J. Consensus values and weighting factors. J Res Natl Bur Stand 1982;87:377-385.
    """
    check_conf_level(conf_level)
    has_interval = evidence[["estimate", "conf_low", "conf_high"]].notna().all(axis=1)
    usable = evidence[has_interval & (evidence["unit"] != "not stated")]
    rows = [
        dict(zip(ALIKE, alike, strict=True)) | _summary(studies, conf_level)
        for alike, studies in usable.groupby(ALIKE, sort=False)
        if studies["citation"].nunique() > 1
    ]
    return pd.DataFrame(rows, columns=SUMMARY_COLUMNS)


def _summary(studies: pd.DataFrame, conf_level: float) -> dict:
    if studies["citation"].duplicated().any():
        raise WorkbookError(
            f"Two rows of one study would be summarised as if they were two: {', '.join(studies['study'])}. "
            "Give them different outcomes or contrasts."
        )
    from statsmodels.stats.meta_analysis import combine_effects  # takes a second to import

    log_ratio = np.log(studies["estimate"].to_numpy())
    error = np.log(studies["conf_high"] / studies["conf_low"]).to_numpy() / (2 * critical_value(PUBLISHED_LEVEL))
    found = combine_effects(log_ratio, error**2, method_re="iterated", maxiter=200, atol=1e-12)
    centre, half = float(found.mean_effect_re), critical_value(conf_level) * float(found.sd_eff_w_re)
    return {
        "studies": "; ".join(studies["study"]),
        "n_patients": int(studies["n_patients"].sum()),
        "estimate": math.exp(centre),
        "conf_low": math.exp(centre - half),
        "conf_high": math.exp(centre + half),
        "tau": math.sqrt(max(float(found.tau2), 0.0)),
        "heterogeneity": max(float(found.i2), 0.0),
    }
