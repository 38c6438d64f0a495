"""`results.csv`: a line for each item, number of patients and peer; each is renewed by itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

PATH = Path(__file__).with_name("results.csv")
KEY = ("item", "patients", "peer")
MAY_BE_EMPTY = ("rows", "peer_seconds", "ratio", "ideal_seconds", "from_ideal")
NOT_YET = "Not measured yet: `make bench`, then `make readme`."


@dataclass(frozen=True)
class Line:
    """Our seconds beside the peer's, which are missing where there is no peer or `note` says why not.

    `ideal_seconds` is what memory takes to hand over once the columns that must be read and written, at the bandwidth
    of all cores together.
    """

    item: str
    patients: int
    rows: int | None
    ours_seconds: float
    runs: int
    peer: str = ""
    peer_seconds: float | None = None
    ideal_seconds: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """How many times our time the peer takes."""
        return None if self.peer_seconds is None else self.peer_seconds / self.ours_seconds

    @property
    def from_ideal(self) -> float | None:
        """How many times what memory takes our time is."""
        return None if self.ideal_seconds is None else self.ours_seconds / self.ideal_seconds

    def cells(self) -> dict[str, object]:
        """The line as it is stored."""
        return {
            "item": self.item,
            "patients": self.patients,
            "rows": self.rows,
            "ours_seconds": self.ours_seconds,
            "peer": self.peer,
            "peer_seconds": self.peer_seconds,
            "ratio": self.ratio,
            "ideal_seconds": self.ideal_seconds,
            "from_ideal": self.from_ideal,
            "runs": self.runs,
            "note": self.note,
        }


def read(path: Path = PATH) -> pd.DataFrame:
    """What is stored; nothing where there is no file yet."""
    if not path.is_file():
        return pd.DataFrame(columns=[*KEY, "note"])
    types = {"rows": "Int64"}
    return pd.read_csv(path, keep_default_na=False, na_values=dict.fromkeys(MAY_BE_EMPTY, ""), dtype=types)


def is_measured(line: Line, path: Path = PATH) -> bool:
    """Whether a line of the same item, number of patients and peer holds the peer's time."""
    stored = read(path)
    return bool(
        ((stored[list(KEY)] == [line.item, line.patients, line.peer]).all(axis=1) & (stored["note"] == "")).any()
    )


def store(line: Line, facts: dict[str, object], order: Sequence[tuple[str, str]], path: Path = PATH) -> None:
    """Put one line in the place of its former self; all others stay.

    Parameters
    ----------
    facts : dict
        See `machine.facts`.
    order : sequence of (item, peer)
        In which lines stand in the file; those of one pair stand by number of patients.
    """
    new = line.cells() | facts
    others = [row for row in read(path).to_dict("records") if any(row[name] != new[name] for name in KEY)]
    places = {pair: place for place, pair in enumerate(order)}
    rows = [row for row in [*others, new] if (row["item"], row["peer"]) in places]
    rows.sort(key=lambda row: (places[row["item"], row["peer"]], row["patients"]))
    half = path.with_suffix(".half")
    pd.DataFrame(rows, columns=list(new)).astype({"rows": "Int64"}).to_csv(half, index=False, float_format="%.6g")
    half.rename(path)


def as_markdown(path: Path = PATH) -> str:
    """The table of README.md: every peer at the most patients it was run with and, where ours went further, why not."""
    stored = read(path)
    if stored.empty:
        return NOT_YET
    rows = []
    for _, lines in stored.groupby(["item", "peer"], sort=False):
        measured = lines[lines["note"] == ""]
        rows += [
            _markdown_row(line)
            for line in pd.concat([measured.iloc[-1:], lines.iloc[-1:]]).drop_duplicates().to_dict("records")
        ]
    head = ["| What | Patients | Ours | Beside | Theirs | Times ours |", "|---|--:|--:|---|--:|--:|"]
    return "\n".join([*head, *rows, "", _where_and_when(stored)])


def _markdown_row(line: dict) -> str:
    theirs, ratio = line["note"], ""
    if not pd.isna(line["peer_seconds"]):
        theirs, ratio = _time(line["peer_seconds"]), _short(line["ratio"])
    cells = [line["item"], f"{line['patients']:,}", _time(line["ours_seconds"]), line["peer"], theirs, ratio]
    return f"| {' | '.join(cells)} |"


def _where_and_when(stored: pd.DataFrame) -> str:
    last = stored.loc[stored["date"].idxmax()]
    days = " to ".join(sorted({stored["date"].min(), stored["date"].max()}))
    machine = f"{last['cores']} cores ({last['cpu']}), {last['memory_gb']:.0f} GB"
    return f"Medians of at least {stored['runs'].min()} runs, {days}; {machine}; {last['versions']}."


def _time(seconds: float) -> str:
    return f"{_short(seconds * 1000)} ms" if seconds < 1 else f"{_short(seconds)} s"


def _short(number: float) -> str:
    """Two digits that count: 0.042, 1.6, 160, 12,000."""
    rounded = float(f"{number:.2g}")
    return f"{rounded:,.0f}" if rounded >= 10 else f"{rounded:g}"
