"""The risk table once more, patient by patient in plain Python, from the clean tables."""

from helpers.cohort.spine import SLOTS

REGION = {
    **{f"T{n}": "thoracic" for n in range(1, 11)},
    **{name: "thoracolumbar" for name in ("T11", "T12", "T13", "L1", "L2")},
    **{name: "lumbar" for name in ("L3", "L4", "L5", "L6")},
}


def risk_rows(cohort, *, first, last, adjacent_within, prevalent_fractures, later_vertebroplasty, death_follow_up):
    """A dict (patient key, level) -> everything a row of the risk table says."""
    rows = {}
    for patient in cohort.patients.to_dict("records"):
        key = patient["patient"]
        own = [f"T{n}" for n in range(1, patient["thoracic_vertebrae"] + 1)]
        own += [f"L{n}" for n in range(1, patient["lumbar_vertebrae"] + 1)]
        procedures = _of(cohort.procedures, key)
        if patient["procedure_set_aside"] or not procedures:
            continue
        index = min(procedure["procedure_date"] for procedure in procedures)
        cement = [((p["procedure_date"] - index).days, p["levels"].split(", ")) for p in procedures]
        fractures = [((f["diagnosis_date"] - index).days, f["level"], f["status"]) for f in _of(cohort.fractures, key)]
        images = [(image["imaging_date"] - index).days for image in _of(cohort.imaging, key)]
        death = _day(patient["death_date"], index)
        seen = _last_seen(patient, index, images, death, fractures)
        last_imaging = _day(patient["last_imaging_date"], index)
        if last_imaging is not None and last_imaging != death:
            images.append(last_imaging)
        if seen is None and not (death is not None and death_follow_up == "death"):
            continue
        end = max(seen, 0) if seen is not None else None
        if death_follow_up == "death" and death is not None:
            end = death
        later = [day for day, _ in cement if day > 0]
        if later_vertebroplasty == "censor" and later:
            end = min(end, min(later))
        for level in own:
            if not SLOTS.index(first) <= SLOTS.index(level) <= SLOTS.index(last):
                continue
            cemented_on = [day for day, levels in cement if level in levels]
            if 0 in cemented_on:
                continue
            new = [day for day, name, status in fractures if name == level and status == "new"]
            old = [day for day, name, status in fractures if name == level and status == "prevalent"]
            if prevalent_fractures == "exclude" and old and (not new or min(old) <= min(new)):
                continue
            events = list(new)
            if prevalent_fractures == "keep":
                events += [d for d, name, status in fractures if name == level and status == "progression" and d > 0]
            stop = min([end, *cemented_on])
            if events and min(events) <= stop:
                days, outcome = min(events), "fracture"
            else:
                days, outcome = stop, "death" if death is not None and death <= stop else "censored"
            with_cement = {name for day, levels in cement for name in levels if day == 0}
            if later_vertebroplasty == "reclassify":
                with_cement |= {name for day, levels in cement for name in levels if day < days}
            place = own.index(level)
            up = [place - own.index(name) for name in with_cement if own.index(name) < place]
            down = [own.index(name) - place for name in with_cement if own.index(name) > place]
            distance = min(up + down)
            direction = {(True, True): "between", (True, False): "below", (False, True): "above"}[
                distance in up, distance in down
            ]
            last_image = [day for day in images if 0 <= day < days or (day == days and outcome != "fracture")]
            rows[key, level] = {
                "region": REGION[level],
                "distance": distance,
                "direction": direction,
                "is_adjacent": distance <= adjacent_within,
                "is_sandwich": 1 in up and 1 in down,
                "days": days,
                "outcome": outcome,
                "last_clean_days": max(last_image, default=0) if cohort.has_imaging else None,
            }
    return rows


def period_rows(cohort, **options):
    """A dict (patient key, level) -> its periods, found by walking day by day and asking what is cemented by then."""
    periods = {}
    for (key, level), row in risk_rows(cohort, later_vertebroplasty="ignore", **options).items():
        patient = next(row for row in cohort.patients.to_dict("records") if row["patient"] == key)
        own = [f"T{n}" for n in range(1, patient["thoracic_vertebrae"] + 1)]
        own += [f"L{n}" for n in range(1, patient["lumbar_vertebrae"] + 1)]
        procedures = _of(cohort.procedures, key)
        index = min(procedure["procedure_date"] for procedure in procedures)
        cement = [((p["procedure_date"] - index).days, p["levels"].split(", ")) for p in procedures]
        walked, before = [], None
        for day in range(min(1, row["days"]), row["days"] + 1):
            cemented = {name for since, levels in cement for name in levels if since == 0 or since < day}
            if cemented != before:
                walked.append({"start_days": max(day - 1, 0), "cemented": cemented, "outcome": "censored"})
                before = cemented
            walked[-1]["stop_days"] = day
        walked[-1]["outcome"] = row["outcome"]
        for number, period in enumerate(walked, start=1):
            apart = [own.index(name) - own.index(level) for name in period.pop("cemented")]
            distance = min(map(abs, apart))
            sides = {(True, True): "between", (True, False): "below", (False, True): "above"}
            period |= {
                "region": row["region"],
                "period": number,
                "distance": distance,
                "direction": sides[-distance in apart, distance in apart],
                "is_adjacent": distance <= options["adjacent_within"],
                "is_sandwich": -1 in apart and 1 in apart,
            }
        periods[key, level] = walked
    return periods


def _of(frame, key):
    return [row for row in frame.to_dict("records") if row["patient"] == key]


def _day(date, index):
    return None if date != date else (date - index).days


def _last_seen(patient, index, images, death, fractures):
    seen = _day(patient["last_imaging_date"], index)
    if seen is None and images:
        seen = max(images) if death is None else min(max(images), death)
    if seen is None:
        seen = _day(patient["last_contact_date"], index)
    return None if seen is None else max([seen, *(day for day, _, _ in fractures)])
