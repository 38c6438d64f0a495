"""The risk table as pandas makes it, with merges and group-bys on whole-number keys."""

import numpy as np
import pandas as pd

from helpers.cohort.clean import CleanCohort
from helpers.cohort.risk_table import DIRECTIONS, OUTCOMES
from helpers.cohort.spine import SLOTS
from tests.benchmarks.cohorts import COLUMNS, KIND, spines


def risk_table(cohort: CleanCohort) -> pd.DataFrame:
    """What `build_risk_table` makes by default from the same clean tables, but for the day of the last clean image."""
    with pd.option_context("mode.copy_on_write", True):
        return _risk_table(cohort)


def _risk_table(cohort: CleanCohort) -> pd.DataFrame:
    patients = _coded(
        cohort.patients, [*KIND, "last_imaging_date", "last_contact_date", "death_date", "procedure_set_aside"]
    )
    procedures = _coded(cohort.procedures, ["procedure_date", "level_mask"])
    fractures = _coded(cohort.fractures, ["level", "diagnosis_date", "status"])
    imaging = _coded(cohort.imaging, ["imaging_date"])

    index_date = procedures.groupby("patient")["procedure_date"].min().rename("index_date")
    procedures = _since_index(procedures, "procedure_date", index_date)
    fractures = _since_index(fractures, "diagnosis_date", index_date)
    followed = _followed(patients, procedures, fractures, imaging, index_date)
    cement, levels = _first_cement(procedures), spines()

    at_risk = followed.merge(levels[levels["level"] <= "L5"], on=KIND)
    at_risk = at_risk.merge(cement, on=["patient", "slot"], how="left")
    for status in ("new", "prevalent"):
        at_risk = at_risk.merge(_first_fracture(fractures, status), on=["patient", "slot"], how="left")
    is_prevalent = at_risk["prevalent"].notna() & ~(at_risk["prevalent"] > at_risk["new"])
    at_risk = at_risk[~is_prevalent & ~(at_risk["cemented"] == 0)].reset_index(drop=True)
    above, below = _nearest_cement(at_risk, cement, patients)
    return _told(at_risk, above, below, cohort)


def _coded(frame: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Some columns, with patients as whole numbers."""
    return frame[columns].assign(patient=frame["patient"].cat.codes)


def _since_index(frame: pd.DataFrame, date: str, index_date: pd.Series) -> pd.DataFrame:
    """With the day counted from the patient's first procedure, of those who had one."""
    frame = frame.merge(index_date, left_on="patient", right_index=True)
    return frame.assign(since=(frame[date] - frame["index_date"]).dt.days)


def _followed(patients, procedures, fractures, imaging, index_date) -> pd.DataFrame:
    """Patients with a procedure and follow-up, with their day of death and their last day at most."""
    later = procedures[procedures["since"] > 0].groupby("patient")["since"].min()
    last_image = imaging.groupby("patient")["imaging_date"].max()
    last_fracture = fractures.groupby("patient")["diagnosis_date"].max()
    frame = patients[~patients["procedure_set_aside"].astype(bool)].merge(
        index_date, left_on="patient", right_index=True
    )
    for name, column in {"next": later, "last_image": last_image, "last_fracture": last_fracture}.items():
        frame = frame.merge(column.rename(name), left_on="patient", right_index=True, how="left")
    image = frame["last_image"].where(~(frame["last_image"] > frame["death_date"]), frame["death_date"])
    seen = frame["last_imaging_date"].fillna(image).fillna(frame["last_contact_date"])
    last = seen.where(seen.isna() | ~(frame["last_fracture"] > seen), frame["last_fracture"])
    frame["death"] = (frame["death_date"] - frame["index_date"]).dt.days
    end = frame["death"].fillna((last - frame["index_date"]).dt.days.clip(lower=0))
    frame["end"] = end.where(~(frame["next"] < end), frame["next"])
    return frame.loc[frame["end"].notna(), ["patient", *KIND, "death", "end"]]


def _first_cement(procedures: pd.DataFrame) -> pd.DataFrame:
    """The first day with cement in each cemented vertebra."""
    cemented = [
        procedures.loc[procedures["level_mask"] & (1 << slot) > 0, ["patient", "since"]].assign(slot=np.int8(slot))
        for slot in range(len(SLOTS))
    ]
    first = pd.concat(cemented, ignore_index=True).groupby(["patient", "slot"], as_index=False)["since"].min()
    return first.rename(columns={"since": "cemented"})


def _first_fracture(fractures: pd.DataFrame, status: str) -> pd.DataFrame:
    """The first day of a fracture of this kind in each vertebra that had one."""
    own = fractures[fractures["status"] == status]
    own = own[["patient", "since"]].assign(slot=own["level"].cat.codes)
    return own.groupby(["patient", "slot"], as_index=False)["since"].min().rename(columns={"since": status})


def _nearest_cement(at_risk: pd.DataFrame, cement: pd.DataFrame, patients: pd.DataFrame) -> tuple:
    """Levels to the nearest vertebra cemented on day 0, above and below each row; missing where there is none."""
    placed = cement.loc[cement["cemented"] == 0, ["patient", "slot"]].merge(patients[["patient", *KIND]], on="patient")
    placed = placed.merge(spines()[[*KIND, "slot", "place"]], on=[*KIND, "slot"])[["patient", "place"]]
    pairs = at_risk[["patient", "place"]].reset_index(names="row")
    pairs = pairs.merge(placed.rename(columns={"place": "cement_place"}), on="patient")
    apart = pairs["place"] - pairs["cement_place"]
    nearest = [(side[side > 0]).groupby(pairs["row"]).min() for side in (apart, -apart)]
    return tuple(side.reindex(at_risk.index) for side in nearest)


def _told(at_risk: pd.DataFrame, above: pd.Series, below: pd.Series, cohort: CleanCohort) -> pd.DataFrame:
    """The columns of the risk table."""
    is_event = at_risk["new"] <= (
        last := at_risk["end"].where(~(at_risk["cemented"] < at_risk["end"]), at_risk["cemented"])
    )
    is_death = ~is_event & (at_risk["death"] <= last)
    distance = above.where(~(below < above), below).fillna(below)
    nearer = np.select([above.isna() | (below < above), below.isna() | (above < below)], [0, 1], 2)
    outcome = np.select([is_event, is_death], [1, 2], 0)
    everyone = cohort.patients["patient"].cat.categories
    table = at_risk[["level", "region"]].assign(
        patient=pd.Categorical.from_codes(at_risk["patient"], everyone),
        distance=distance.astype(np.int8),
        direction=pd.Categorical.from_codes(nearer, DIRECTIONS),
        is_adjacent=distance <= 1,
        is_sandwich=(above == 1) & (below == 1),
        days=last.where(~is_event, at_risk["new"].clip(lower=0)).astype(np.int32),
        outcome=pd.Categorical.from_codes(outcome, OUTCOMES),
    )
    return table[list(COLUMNS)]
