"""Every estimator says of a cohort in parts what it says of the whole."""

import subprocess
import sys
from dataclasses import fields, is_dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from helpers import estimators as room
from helpers.errors import WorkbookError
from helpers.estimators import peer
from helpers.estimators.follow_up import Rows
from helpers.estimators.hazard_ratio import hazard_ratio_of
from helpers.estimators.log_rank import logrank_test_of
from helpers.estimators.patients import Contributions
from helpers.estimators.survival import curve_of
from helpers.parted import Parted, PartedColumns, gathered
from tests.parts_here import Here, in_parts_here

ROOT = Path(__file__).parents[2]
GROUPS = ("near", "far", "farther")


@pytest.fixture(scope="module")
def frame(cohort):
    """The cohort by patient, with keys, covariates of the patient, a group of the vertebra, and brackets."""
    names = ("days", "outcome", "event", "exposed", "patient", "level", "entry")
    frame = pd.DataFrame({name: getattr(cohort, name) for name in names})
    number = np.unique(cohort.patient, return_inverse=True)[1]
    frame = frame.iloc[np.argsort(number, kind="stable")].reset_index(drop=True)
    number = np.sort(number)
    frame["number"] = number
    frame["patient"] = keys(number, number.max() + 1)
    frame["level"] = pd.Categorical(frame["level"], ["nobody", *sorted(set(cohort.level))])
    frame["age"], frame["dose"] = 60 + number % 7 / 10, number % 3
    frame["score"] = np.arange(len(frame)) % 4
    frame["group"] = pd.Categorical(np.array(GROUPS)[np.arange(len(frame)) % 3], GROUPS)
    frame["left"] = np.maximum(frame["days"] - 1 - frame["number"] % 5 * 10, 0).astype(float)
    frame["right"] = np.where(frame["event"], np.maximum(frame["days"], 1), np.inf)
    return frame


def keys(number, n):
    return pd.Categorical.from_codes(number, [f"p{key:06d}" for key in range(1, n + 1)])


def cut(frame, part):
    """Pieces by the part of each row, with the keys of their own patients alone."""
    pieces = [frame[part == which].reset_index(drop=True) for which in range(part.max() + 1)]
    return [piece.assign(patient=piece["patient"].cat.remove_unused_categories()) for piece in pieces]


def one_part(frame):
    return cut(frame, np.zeros(len(frame), dtype=int))


def four_parts(frame):
    return cut(frame, frame["number"].to_numpy() * 7 % 4)


def a_part_for_each_patient(frame):
    return cut(frame, frame["number"].to_numpy())


def a_part_without_events(frame):
    has_event = frame.groupby("number")["event"].transform("any").to_numpy()
    return cut(frame, np.where(has_event, 1 + frame["number"] % 2, 0))


def a_part_without_rows(frame):
    return [frame.iloc[:0].assign(patient=frame["patient"].iloc[:0].cat.remove_unused_categories()), *four_parts(frame)]


CUTS = (one_part, four_parts, a_part_for_each_patient, a_part_without_events, a_part_without_rows)


CALLS = {
    "risk": lambda f, who: room.risk(f["event"], who),
    "risk difference": lambda f, who: room.risk_difference(f["event"], f["exposed"], who),
    "odds ratio": lambda f, who: room.odds_ratio(f["event"], f["exposed"], who),
    "rate ratio": lambda f, who: room.rate_ratio(f["days"], f["event"], f["exposed"], who),
    "risk ratio": lambda f, who: room.risk_ratio(f["event"], f["exposed"], who),
    "percentile": lambda f, who: room.risk_ratio_bootstrap(f["event"], f["exposed"], who, seed=1, samples=200),
    "bca": lambda f, who: room.risk_ratio_bootstrap(f["event"], f["exposed"], who, seed=1, samples=200, method="bca"),
    "by level": lambda f, who: room.mantel_haenszel(f["event"], f["exposed"], who, stratum=f["level"]),
    "by number": lambda f, who: room.mantel_haenszel(f["event"], f["exposed"], who, stratum=f["score"]),
    "adjusted": lambda f, who: room.adjusted_risk_ratio(f["event"], f["exposed"], who, stratum=f["level"]),
    "covariates": lambda f, who: room.adjusted_risk_ratio(
        f["event"], f["exposed"], who, covariates=columns(f), stratum=f["level"]
    ),
    "some rows": lambda f, who: room.adjusted_risk_ratio(
        f["event"][f["score"] > 0], f["exposed"][f["score"] > 0], None if who is None else who[f["score"] > 0]
    ),
    "trend": lambda f, who: room.risk_trend(f["event"], f["score"], who),
    "risks by group": lambda f, who: room.by_group(room.risk, f["group"], f["event"], who, groups=[*GROUPS, "nobody"]),
    "risk ratios": lambda f, who: room.risk_ratios(f["event"], f["group"], who, groups=GROUPS[:2], reference=GROUPS[2]),
    "kaplan meier": lambda f, who: room.kaplan_meier(f["days"], f["event"], who),
    "kaplan meier, entry": lambda f, who: room.kaplan_meier(f["days"], f["event"], who, entry=f["entry"]),
    "incidence": lambda f, who: room.cumulative_incidence(f["days"], f["outcome"], who),
    "curves": lambda f, who: room.by_group(
        room.kaplan_meier, f["group"], f["days"], f["event"], who, groups=[*GROUPS, "nobody"]
    ),
    "median": lambda f, who: room.median_among_events(f["days"], f["event"], who),
    "restricted mean": lambda f, who: room.restricted_mean_difference(
        f["days"], f["event"], f["exposed"], who, horizon_days=200
    ),
    "ratios by horizon": lambda f, who: room.by_horizon(
        room.risk_ratio_at_horizon, f["days"], f["outcome"], f["exposed"], who, horizons=[100, 200]
    ),
    "differences by horizon": lambda f, who: room.by_horizon(
        room.risk_difference_at_horizon, f["days"], f["outcome"], f["exposed"], who, horizons=[100, 200]
    ),
    "hazard": lambda f, who: room.hazard_ratio(*followed(f), who),
    "hazard by level": lambda f, who: room.hazard_ratio(*followed(f), who, stratum=f["level"]),
    "hazard by number": lambda f, who: room.hazard_ratio(*followed(f), who, stratum=f["score"]),
    "hazard, entry": lambda f, who: room.hazard_ratio(*followed(f), who, entry=f["entry"]),
    "adjusted hazard": lambda f, who: room.adjusted_hazard_ratio(
        *followed(f), who, covariates=columns(f), stratum=f["level"]
    ),
    "adjusted hazard, some rows": lambda f, who: room.adjusted_hazard_ratio(
        *(column[f["score"] > 0] for column in followed(f)),
        None if who is None else who[f["score"] > 0],
        covariates=columns(f)[f["score"] > 0],
    ),
    "constant covariate": lambda f, who: room.adjusted_hazard_ratio(
        *followed(f), who, covariates={"age": f["age"], "always": f["score"] > -1}, stratum=f["level"]
    ),
    "collinear": lambda f, who: room.adjusted_hazard_ratio(*followed(f), who, covariates=[f["age"], f["exposed"]]),
    "monotone": lambda f, who: room.adjusted_hazard_ratio(*followed(f), who, covariates={"had it": f["event"]}),
    "adjusted hazard, entry": lambda f, who: room.adjusted_hazard_ratio(
        *followed(f), who, covariates=columns(f), entry=f["entry"]
    ),
    "windows": lambda f, who: room.hazard_ratios_by_window(*followed(f), who, starts=[0, 60, 120]),
    "change": lambda f, who: room.hazard_ratio_change(*followed(f), who, at=90),
    "proportional": lambda f, who: room.proportional_hazards_test(*followed(f), who),
    "proportional by level": lambda f, who: room.proportional_hazards_test(*followed(f), who, stratum=f["level"]),
    "log-rank": lambda f, who: room.logrank_test(*followed(f), who),
    "log-rank of events": lambda f, who: room.logrank_test(
        *(column[f["event"]] for column in followed(f)), None if who is None else who[f["event"]]
    ),
    "turnbull": lambda f, who: room.turnbull(f["left"], f["right"], who),
    "weibull": lambda f, who: room.interval_censored_hazard_ratio(f["left"], f["right"], f["exposed"], who),
}
OF_PATIENTS = {
    "within, risk": lambda f, who: room.within_patient_risk_ratio(f["event"], f["exposed"], who),
    "within, odds": lambda f, who: room.within_patient_odds_ratio(f["event"], f["exposed"], who),
    "conditional": lambda f, who: room.conditional_odds_ratio(f["event"], f["exposed"], who),
    "hazard within": lambda f, who: room.hazard_ratio(*followed(f), who, stratum=who),
    "change within": lambda f, who: room.hazard_ratio_change(*followed(f), who, at=90, stratum=who),
    "proportional within": lambda f, who: room.proportional_hazards_test(*followed(f), who, stratum=who),
    "hazard within, entry": lambda f, who: room.hazard_ratio(*followed(f), who, stratum=who, entry=f["entry"]),
    "adjusted hazard within": lambda f, who: room.adjusted_hazard_ratio(
        *followed(f), who, covariates={"score": f["score"]}, stratum=who
    ),
    "counted vertebrae": lambda f, who: room.hazard_ratio(*followed(f), who, entry=f["entry"], vertebra=f["level"]),
    "counted in a window": lambda f, who: room.hazard_ratio(
        *followed(f), who, entry=f["entry"], vertebra=f["level"], window=(50, 150)
    ),
}


def followed(f):
    return f["days"], f["event"], f["exposed"]


def columns(f):
    names = ("age", "dose")
    return f[list(names)] if isinstance(f, pd.DataFrame) else PartedColumns({name: f[name] for name in names})


def assert_alike(found, expected, rtol=1e-12):
    assert type(found) is type(expected)
    if isinstance(expected, dict):
        assert list(found) == list(expected)
        found, expected = list(found.values()), list(expected.values())
    if isinstance(expected, list):
        for one, other in zip(found, expected, strict=True):
            assert_alike(one, other)
    elif is_dataclass(expected):
        for field in fields(expected):
            if field.compare:  # what is behind an estimate may be counted without the rows that tell nothing
                assert_alike(getattr(found, field.name), getattr(expected, field.name))
    elif isinstance(expected, float):
        np.testing.assert_allclose(found, expected, rtol=rtol, atol=0)
    elif isinstance(expected, np.ndarray):
        np.testing.assert_allclose(found, expected, rtol=rtol, atol=1e-14)
    else:
        assert found == expected


@pytest.mark.parametrize("pieces", CUTS)
@pytest.mark.parametrize("clustered", [True, False])
@pytest.mark.parametrize("name", CALLS)
def test_parts_say_what_the_whole_says(name, clustered, pieces, frame):
    table = in_parts_here(pieces(frame))
    found, expected = (CALLS[name](f, f["patient"] if clustered else None) for f in (table, frame))
    assert_alike(found, expected)


@pytest.mark.parametrize("pieces", CUTS)
@pytest.mark.parametrize("name", OF_PATIENTS)
def test_parts_say_what_the_whole_says_of_patients(name, pieces, frame):
    table = in_parts_here(pieces(frame))
    assert_alike(*(OF_PATIENTS[name](f, f["patient"]) for f in (table, frame)))


@pytest.mark.parametrize("pieces", [None, *CUTS])
@pytest.mark.parametrize("stratum", [None, "level", "patient"])
def test_rows_counted_once_say_what_each_call_says(stratum, pieces, frame):
    def counted(f, who):
        return Rows.checked(*followed(f), who, stratum=None if stratum is None else f[stratum])

    table = frame if pieces is None else in_parts_here(pieces(frame))
    rows = counted(table, table["patient"])
    strata = {"stratum": None if stratum is None else frame[stratum]}
    for who, clustered in ((frame["patient"], True), (None, False)):
        assert_alike(hazard_ratio_of(rows, clustered=clustered), room.hazard_ratio(*followed(frame), who, **strata))
        assert_alike(logrank_test_of(rows, clustered=clustered), room.logrank_test(*followed(frame), who, **strata))
    at_once = Contributions.from_rows(frame["event"], frame["exposed"], frame["patient"])
    assert_alike(rows.contributions, at_once)
    if stratum is None:
        alone = counted(table, None).contributions
        assert_alike(alone, Contributions.from_rows(frame["event"], frame["exposed"]))
        for group in (0, 1):
            own = frame[frame["exposed"] == group]
            assert_alike(curve_of(rows.moments().of_group(group)), room.kaplan_meier(own["days"], own["event"]))


def test_a_part_may_look_as_if_its_strata_were_its_patients(frame):
    # One row without an event, the first patient and the first level of its part: it is at risk in its stratum.
    kept = frame[~frame["event"] | (frame["number"] > 0)].drop_duplicates(["number", "level"])
    first = kept.index[kept["number"] == kept["number"].min()][:1]
    kept = kept[(kept["number"] > kept["number"].min()) | kept.index.isin(first)].assign(number=lambda f: f["number"])
    levels = [kept.loc[first[0], "level"], *(set(kept["level"]) - {kept.loc[first[0], "level"]})]
    kept = kept.assign(level=pd.Categorical(kept["level"], levels)).reset_index(drop=True)
    assert not kept["event"].iloc[0]
    table = in_parts_here(cut(kept, (kept["number"] > kept["number"].min()).to_numpy().astype(int)))
    found, expected = (room.hazard_ratio(*followed(f), f["patient"], stratum=f["level"]) for f in (table, kept))
    assert_alike(found, expected)
    without = kept.iloc[1:]
    assert room.hazard_ratio(*followed(without), without["patient"], stratum=without["level"]) != expected


class Counted(Here):
    """Tells how many pieces were brought together."""

    def each(self, wanted):
        self.n_brought = wanted.n_parts
        return super().each(wanted)


def test_many_parts_are_added_up_where_they_are():
    column = Parted(Counted(), pieces=[np.array([number, 1]) for number in range(1000)])
    assert column.total().tolist() == [499500, 1000]
    assert column.workers.n_brought == 4


def test_what_is_asked_of_columns_in_parts():
    table = in_parts_here([pd.DataFrame({"n": [1, 2]}), pd.DataFrame({"n": [3]})])
    assert (len(table), table["n"].sum(), (table["n"] > 1).sum(), (~(table["n"] == 2)).sum()) == (3, 6, 2, 2)
    assert ((table["n"] != 3) & table["n"].isin([2, 3])).sum() == 1
    assert gathered(table["n"]).tolist() == [1, 2, 3]
    with pytest.raises(TypeError, match="neither true nor false"):
        bool(table["n"] == 1)
    with pytest.raises(TypeError, match="entry by entry"):
        list(table["n"])


def test_lifelines_is_given_the_same_first_patients(frame):
    pieces = four_parts(frame)
    for most in (len(frame), 100, 3):
        found, expected = (
            peer.first_patients(who, most=most) for who in (in_parts_here(pieces)["patient"], frame["patient"])
        )
        assert found.told == expected.told
        kept = pd.concat([piece[own] for piece, own in zip(pieces, found.kept.each(), strict=True)])
        assert sorted(kept["patient"].astype(str)) == sorted(frame["patient"][expected.kept].astype(str))
    assert_alike(*(peer.lifelines_hazard_ratio(*followed(f)) for f in (in_parts_here([frame]), frame)))


def test_the_first_patients_are_the_first_by_number_beyond_a_million_too():
    names = [["p999999", "p1000002"], ["p1000000", "p1000001"]]
    whose = in_parts_here([pd.Categorical(np.repeat(own, 2), own) for own in names])
    assert [kept.tolist() for kept in peer.first_patients(whose, most=4).kept.each()] == [
        [True, True, False, False],
        [True, True, False, False],
    ]


def test_vertebrae_are_not_counted_in_parts_without_patients(frame):
    table = in_parts_here(four_parts(frame))
    with pytest.raises(WorkbookError, match="`vertebra` of a cohort in parts needs `patient`"):
        room.hazard_ratio(*followed(table), entry=table["entry"], vertebra=table["level"])


def test_one_machine_does_not_pay_for_dask():
    code = "import sys, helpers.estimators, helpers.workbook.folder, helpers.cohort.contrasts, helpers.cohort.engine"
    run = [sys.executable, "-c", f"{code}; print(sorted({{'dask', 'distributed'}} & set(sys.modules)))"]
    assert subprocess.run(run, capture_output=True, text=True, check=True, cwd=ROOT).stdout.strip() == "[]"
