"""Shares a piece of work among threads; numpy lets them run at the same time."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextvars import copy_context
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

from udfs.backend import system
from udfs.backend.errors import ModelError, quoted

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

_Result = TypeVar("_Result")

VARIABLE = "GPT2_EXCEL_THREADS"  # limits the threads, for several processes on one machine
_MOST_THREADS = 8  # more gain nothing: memory is the limit


def in_shares(count: int, work: Callable[[slice], _Result], unit: int = 1) -> list[_Result]:
    """The results of `work` for slices that make up `range(count)`, in order, one slice per thread.

    Each slice begins at a multiple of `unit`. The slices depend on these numbers and the number of cores only, so busy
    threads do not change how results round.
    """
    n_units = -(-count // unit)
    n_shares = max(1, min(n_threads(), n_units))
    ends = [min(n_units * i // n_shares * unit, count) for i in range(n_shares + 1)]
    shares = [slice(start, stop) for start, stop in pairwise(ends)]
    tasks = [(share, _pool().submit(copy_context().run, work, share)) for share in shares[1:]]
    results = [work(shares[0])]
    for share, task in tasks:  # other calls may keep the threads busy: run here what none of them has begun
        results.append(work(share) if task.cancel() else task.result())
    return results


@cache
def n_threads() -> int:
    """One thread per core, at most eight, and at most `GPT2_EXCEL_THREADS`; in a browser, only the caller's own.

    Raises ModelError if the variable is not a whole number of at least 1.
    """
    if system.IN_BROWSER:
        return 1
    wanted = os.environ.get(VARIABLE) or str(_MOST_THREADS)
    if not (wanted.isdecimal() and int(wanted) > 0):
        raise ModelError(f"{VARIABLE} must be a whole number of at least 1, not {quoted(wanted)}")
    return min(n_cores(), int(wanted), _MOST_THREADS)


def n_cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def _pool() -> ThreadPoolExecutor:
    from concurrent.futures import ThreadPoolExecutor  # imported when needed, so that `import udfs` is quick

    return ThreadPoolExecutor(n_threads() - 1, thread_name_prefix="gpt2")
