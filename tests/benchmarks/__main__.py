"""Print `name ours peer ratio memory`, one line for each item, number of patients and peer.

Times are medians in seconds; `memory` is how many times ours is what memory takes to hand the columns over once.

Every line is stored in results.csv as soon as it is there, in the place of its former self, so that a long bench can be
done in pieces; `make readme` shows them.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from helpers.workbook.kernel import environment
from tests.benchmarks import machine, results
from tests.benchmarks.cohorts import ROOT, Sample, sample
from tests.benchmarks.items import ITEMS, ORDER, Item, Peer
from tests.benchmarks.measure import FEWEST_RUNS, NotInstalledError, PeerError, check_agreement
from tests.benchmarks.results import Line

SIZES = (1_000, 10_000, 100_000, 1_000_000)
EXAMPLE_PATIENTS = 432
ONLY_LONG = "only with --long"
ONE_OF_THEM = "NUMPY_MADVISE_HUGEPAGE"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the bench: 0 when done, 1 when a peer failed or gave another answer, 2 for names that are not there."""
    options = _parser().parse_args(arguments)
    items = [item for item in (_asked(item, options.only) for item in ITEMS) if item]
    if not items:
        print(f"Nothing is called {' or '.join(options.only)}; `--list` shows the names.", file=sys.stderr)
        return 2
    if options.list:
        print("\n".join(f"{item.name}: {', '.join(peer.name for peer in item.peers) or 'no peer'}" for item in items))
        return 0
    n_failed = sum(_run(item, None, options) for item in items if item.is_example)
    sized = [item for item in items if not item.is_example]
    with _folder(options.keep) as folder:
        for patients in options.sizes:
            now = [item for item in sized if patients <= (item.most if options.long else item.usual)]
            cohort = sample(patients, folder) if now else None
            n_failed += sum(_run(item, cohort, options) for item in now)
    return int(n_failed > 0)


def _run(item: Item, cohort: Sample | None, options: argparse.Namespace) -> int:
    """Time one item beside all its peers, and store each line; how many peers failed."""
    patients, n_failed = cohort.patients if cohort else EXAMPLE_PATIENTS, 0
    mine = item.measure(cohort, options.runs)
    ideal = item.touched(cohort) / machine.facts()["gb_per_s"] / 1e9 if item.touched else None
    rows = len(cohort.table) if cohort else None
    line = Line(item.name, patients, rows, mine.seconds, options.runs, ideal_seconds=ideal)
    if not item.peers:
        _tell(line, options)
    for peer in item.peers:
        beside = replace(line, peer=peer.name, note=_why_not(peer, patients, is_long=options.long))
        try:
            if not beside.note:
                theirs = peer.measure(cohort, options.runs)
                check_agreement(mine, theirs, peer.precision)
                beside = replace(beside, peer_seconds=theirs.seconds)
        except NotInstalledError as error:
            beside = replace(beside, note=str(error))
        except PeerError as error:
            print(f"NOT STORED: {item.name}, {peer.name}, {patients:,} patients: {error}", flush=True)
            n_failed += 1
            continue
        _tell(beside, options)
    return n_failed


def _why_not(peer: Peer, patients: int, *, is_long: bool) -> str:
    if patients > peer.most:
        return f"not run: {peer.why}"
    return ONLY_LONG if patients > peer.usual and not is_long else ""


def _tell(line: Line, options: argparse.Namespace) -> None:
    """Print and store a line; one that was not measured this time never replaces one that was."""
    name = ", ".join(filter(None, [line.item, line.peer, f"{line.patients:,} patients"]))
    peer, ratio, memory = (_number(value) for value in (line.peer_seconds, line.ratio, line.from_ideal))
    print(f"{name:76}{_number(line.ours_seconds)}{peer}{ratio}{memory}  {line.note}".rstrip(), flush=True)
    if not line.note or not results.is_measured(line, options.results):
        results.store(line, machine.facts(), ORDER, options.results)


def _number(value: float | None) -> str:
    return f"{'–':>12}" if value is None else f"{value:12.4g}"


def _asked(item: Item, words: Sequence[str]) -> Item | None:
    """The item with the peers that were asked for: all of them where its own name was."""
    if not words or _holds(item.name, words):
        return item
    peers = tuple(peer for peer in item.peers if _holds(peer.name, words))
    return replace(item, peers=peers) if peers else None


def _holds(name: str, words: Sequence[str]) -> bool:
    return any(word.lower() in name.lower() for word in words)


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            yield Path(folder)
    else:
        yield keep


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--only", nargs="+", default=(), metavar="NAME", help="items or peers whose name holds this")
    parser.add_argument("--sizes", nargs="+", type=_size, default=SIZES, metavar="N", help="numbers of patients")
    parser.add_argument("--long", action="store_true", help="also what takes many minutes")
    parser.add_argument("--runs", type=_runs, default=FEWEST_RUNS, metavar="N", help=f"at least {FEWEST_RUNS}")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the cohorts there for the next time")
    parser.add_argument("--results", type=Path, default=results.PATH, metavar="FILE", help="where lines are stored")
    parser.add_argument("--list", action="store_true", help="show the names and stop")
    return parser


def _size(text: str) -> int:
    return _at_least(int(text.replace(",", "").replace("_", "")), 1_000)


def _runs(text: str) -> int:
    return _at_least(int(text), FEWEST_RUNS)


def _at_least(number: int, least: int) -> int:
    if number < least:
        raise argparse.ArgumentTypeError(f"must be at least {least:,}")
    return number


def _as_in_a_run() -> int:
    """In a process that handles memory as the kernels of a run do, which is set when a process starts."""
    settings = environment(ROOT)
    if os.environ.get(ONE_OF_THEM) == settings[ONE_OF_THEM]:
        return main()
    command = [sys.executable, "-m", "tests.benchmarks", *sys.argv[1:]]
    return subprocess.run(command, check=False, env=os.environ | settings).returncode


if __name__ == "__main__":
    sys.exit(_as_in_a_run())
