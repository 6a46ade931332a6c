"""Metrics for Prometheus: calls, seconds, outcomes, and memory.

With several worker processes, each writes its figures into files of one folder, `PROMETHEUS_MULTIPROC_DIR`, and
whichever process answers adds them up. `prepare` chooses the folder before the workers start.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client import generate_latest as written
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from addin.office.calls import Outcome
from udfs.backend.result_cache import PROCESS_BUDGET

MEDIA_TYPE: Final = CONTENT_TYPE_LATEST
_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_SECONDS = (0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 20, 60, 300)
_STATM = Path("/proc/self/statm")

_CALLS = Counter("gpt2_excel_calls", "Calls of functions.", ["function", "outcome"])
_TIMES = Histogram("gpt2_excel_call_seconds", "Seconds per call, waiting included.", ["function"], buckets=_SECONDS)
_CACHE = Gauge("gpt2_excel_cache_bytes", "Bytes of results kept in memory.", multiprocess_mode="livesum")
_MEMORY = Gauge(
    "gpt2_excel_resident_bytes",
    "Bytes of memory; the weights are shared by all processes, and count in each.",
    multiprocess_mode="liveall",
)


def prepare(workers: int) -> None:
    """Makes the folder that several worker processes share. Call it before any of them imports this module."""
    if workers > 1:
        os.environ.setdefault(_FOLDER, mkdtemp(prefix="gpt2-excel-metrics-"))


def observe(function: str, outcome: Outcome, seconds: float) -> None:
    """Counts a call."""
    _CALLS.labels(function, outcome).inc()
    _TIMES.labels(function).observe(seconds)
    _CACHE.set(PROCESS_BUDGET.n_bytes)
    if _STATM.exists():  # Linux
        _MEMORY.set(int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE"))


def exposition() -> bytes:
    """All figures, in Prometheus' text format."""
    if not (folder := os.environ.get(_FOLDER)):
        return written(REGISTRY)
    for pid in {int(file.stem.rpartition("_")[2]) for file in Path(folder).glob("gauge_live*.db")}:
        if not _runs(pid):
            mark_process_dead(pid)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    return written(registry)


def _runs(pid: int) -> bool:
    if sys.platform == "win32":  # signal 0 would stop the process there
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
