"""What the times depend on: cores, memory, its bandwidth, and the versions of everything."""

import platform
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import cache
from importlib.metadata import version
from pathlib import Path

import numpy as np
import psutil

from helpers.workbook.cores import usable_cores
from tests.benchmarks import peers_r

PACKAGES = ("numpy", "pandas", "scipy", "lifelines", "statsmodels", "duckdb")
# Far more than any cache holds.
BANDWIDTH_BYTES = 2**30
BANDWIDTH_RUNS = 5


@cache
def facts() -> dict[str, object]:
    """The facts stored with every line."""
    packages = {"Python": platform.python_version(), **{name: version(name) for name in PACKAGES}, **peers_r.versions()}
    return {
        "cores": usable_cores(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "cpu": _cpu(),
        "gb_per_s_one_core": round(bandwidth(1) / 1e9, 2),
        "gb_per_s": round(bandwidth(usable_cores()) / 1e9, 2),
        "versions": "; ".join(f"{name} {number}" for name, number in packages.items()),
        "date": date.today().isoformat(),
    }


@cache
def bandwidth(cores: int) -> float:
    """Bytes per second at which this many cores together add up numbers far too many for any cache."""
    parts = np.array_split(np.ones(BANDWIDTH_BYTES // 8), cores)
    with ThreadPoolExecutor(cores) as pool:
        return BANDWIDTH_BYTES / min(_seconds(lambda: list(pool.map(np.sum, parts))) for _ in range(BANDWIDTH_RUNS))


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _cpu() -> str:
    told = Path("/proc/cpuinfo")
    names = (
        [line.split(":", 1)[1].strip() for line in told.read_text().splitlines() if line.startswith("model name")]
        if told.is_file()
        else []
    )
    return names[0] if names else platform.processor() or platform.machine()
