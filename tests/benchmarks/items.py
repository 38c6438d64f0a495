"""Everything that is timed: ours, what stands beside it, how exactly they must agree, and how far each is taken."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.benchmarks import ours, peers_python, peers_r, peers_sql, pipeline
from tests.benchmarks.cohorts import COLUMNS, FILES, KIND, Sample, n_bytes
from tests.benchmarks.measure import Measured, Work, measure

MILLION = 1_000_000
SLOW = "over 100 s a run"
# What a peer's answer may differ by, relative to ours: solvers stop somewhere.
CLOSE = 1e-7
# Two bootstraps have one estimate, and errors that differ by the chance of 2,000 resamples each (1.6% each).
BY_CHANCE = (CLOSE, 0.11)

Measure = Callable[[Sample, int], Measured]


@dataclass(frozen=True)
class Peer:
    """What stands beside ours, told by its name.

    `precision` is how far its answer may lie from ours, for all numbers or for each. `usual` and `most` are the most
    patients it is run with, in a usual and in a long bench; `why` it ends there.
    """

    name: str
    measure: Measure
    precision: float | tuple[float, ...] = CLOSE
    usual: int = MILLION
    most: int = MILLION
    why: str = SLOW


@dataclass(frozen=True)
class Item:
    """One thing that is timed.

    `touched` gives the bytes of the columns it must read and write at least once. `usual` and `most` are as of a peer;
    with `is_example` the item is that of the example study and has no other size.
    """

    name: str
    measure: Measure
    touched: Callable[[Sample], int] | None = None
    peers: tuple[Peer, ...] = ()
    usual: int = MILLION
    most: int = MILLION
    is_example: bool = False


def _here(prepare: Callable[[Sample], Work]) -> Measure:
    """Timed in this process."""
    return lambda sample, runs: measure(prepare(sample), runs)


def _r(step: str, *packages: str) -> Measure:
    """Timed in R."""
    return lambda sample, runs: peers_r.measure(sample, step, runs, packages=packages)


def _columns(*names: str) -> Callable[[Sample], int]:
    return lambda sample: n_bytes(*(getattr(sample, name) for name in names))


def _clean_and_risk_table(sample: Sample) -> int:
    used = {
        "patients": [*KIND, "last_imaging_date", "last_contact_date", "death_date", "procedure_set_aside"],
        "procedures": ["procedure_date", "level_mask"],
        "fractures": ["level", "diagnosis_date", "status"],
        "imaging": ["imaging_date"],
    }
    clean = [getattr(sample.cohort, name)[column] for name in used for column in ("patient", *used[name])]
    return n_bytes(*clean, *(sample.table[name] for name in COLUMNS))


def _files(ending: str) -> Callable[[Sample], int]:
    return lambda sample: sum((sample.study / name).stat().st_size for name in FILES[ending].values())


_SURVIVAL, _ESTIMATES = ("survival",), ("boot", "sandwich", "survival")
_ALL_NUMBERS = (CLOSE, CLOSE, *BY_CHANCE, *[CLOSE] * 34)

ITEMS = (
    Item(
        "risk table",
        _here(ours.risk_table),
        _clean_and_risk_table,
        (
            Peer("pandas", _here(peers_python.pandas_risk_table), precision=0),
            Peer("DuckDB", _here(peers_sql.risk_table), precision=0),
            Peer("R data.table", _r("risk_table", "data.table"), precision=0, usual=100_000),
        ),
    ),
    Item(
        "risk ratio, clustered",
        _here(ours.risk_ratio_clustered),
        _columns("event", "exposed", "patient"),
        (
            Peer("R glm, vcovCL", _r("risk_ratio", "sandwich"), usual=100_000),
            Peer("statsmodels GLM", _here(peers_python.statsmodels_glm), usual=100_000),
            Peer("statsmodels GEE", _here(peers_python.statsmodels_gee), usual=100_000, most=100_000),
            Peer("our way in R", _r("risk_ratio_by_counts")),
        ),
    ),
    Item(
        f"bootstrap of patients, {ours.RESAMPLES:,}",
        _here(ours.bootstrap),
        _columns("event", "exposed", "patient"),
        (Peer("R boot", _r("bootstrap", "boot"), BY_CHANCE, usual=10_000, most=100_000),),
    ),
    Item(f"bootstrap of patients, {ours.RESAMPLES:,}, rows counted before", _here(ours.bootstrap_of_counts)),
    Item(
        "Kaplan-Meier",
        _here(ours.curve),
        _columns("days", "event"),
        (
            Peer("R survfit", _r("curve", *_SURVIVAL), usual=100_000),
            Peer("lifelines", _here(peers_python.lifelines_curve)),
        ),
    ),
    Item(
        "log-rank",
        _here(ours.log_rank),
        _columns("days", "event", "exposed"),
        (
            Peer("R survdiff", _r("log_rank", *_SURVIVAL), usual=100_000),
            Peer("lifelines", _here(peers_python.lifelines_log_rank)),
        ),
    ),
    Item(
        "Cox, naive",
        _here(ours.cox),
        _columns("days", "event", "exposed"),
        (
            Peer("R coxph", _r("cox", *_SURVIVAL), usual=100_000),
            Peer("lifelines", _here(peers_python.lifelines_cox), usual=10_000, most=100_000),
        ),
    ),
    Item(
        "Cox, clustered",
        _here(ours.cox_clustered),
        _columns("days", "event", "exposed", "patient"),
        (
            Peer("R coxph(cluster)", _r("cox_clustered", *_SURVIVAL), usual=10_000, most=100_000),
            # Its clustered error ignores ties, so that it hangs a little on the order of the rows.
            Peer(
                "lifelines",
                _here(peers_python.lifelines_cox_clustered),
                precision=(CLOSE, 1e-2),
                usual=1_000,
                most=10_000,
            ),
            Peer("our way in R", _r("cox_by_lookup")),
        ),
    ),
    Item(
        "all estimates",
        _here(ours.estimates),
        _columns("days", "event", "exposed", "patient"),
        (
            Peer(
                "R",
                _r("estimates", *_ESTIMATES),
                precision=_ALL_NUMBERS,
                usual=10_000,
                most=10_000,
                why="part of the next",
            ),
        ),
    ),
    Item(
        "risk table and all estimates",
        _here(ours.everything),
        _clean_and_risk_table,
        (
            Peer(
                "R",
                _r("everything", "data.table", *_ESTIMATES),
                precision=_ALL_NUMBERS,
                usual=10_000,
                most=100_000,
            ),
        ),
    ),
    Item("specification curve", _here(pipeline.specifications), usual=10_000, most=100_000),
    Item("simulate", _here(pipeline.simulated)),
    Item("read CSV", _here(pipeline.read_csv), _files("csv")),
    Item("read Parquet", _here(pipeline.read_parquet), _files("parquet")),
    Item("clean", _here(pipeline.clean), _files("csv")),
    Item("workbook run", _here(pipeline.run), _files("parquet"), usual=10_000),
    Item(
        "workbook run, the example",
        pipeline.example_report,
        peers=(Peer("its kernels and imports alone, one after another", pipeline.example_floor),),
        is_example=True,
    ),
)
ORDER = tuple((item.name, peer) for item in ITEMS for peer in ("", *(peer.name for peer in item.peers)))
