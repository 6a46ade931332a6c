"""Shares a piece of work among threads; numpy lets them run at the same time."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import cache
from typing import TypeVar

from udfs.backend import system

_Result = TypeVar("_Result")

_MOST_THREADS = 8  # more gain nothing: memory is the limit


def in_shares(count: int, work: Callable[[slice], _Result]) -> list[_Result]:
    """The results of `work` for slices that make up `range(count)`, in order, one slice per thread.

    The slices depend on `count` and the number of cores only, so busy threads do not change how results round.
    """
    n_shares = max(1, min(n_threads(), count))
    shares = [slice(count * i // n_shares, count * (i + 1) // n_shares) for i in range(n_shares)]
    tasks = [(share, _pool().submit(copy_context().run, work, share)) for share in shares[1:]]
    results = [work(shares[0])]
    for share, task in tasks:  # other calls may keep the threads busy: run here what none of them has begun
        results.append(work(share) if task.cancel() else task.result())
    return results


@cache
def n_threads() -> int:
    """One thread per core, at most eight; only the caller's own in a browser, where no thread can be started."""
    if system.IN_BROWSER:
        return 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, _MOST_THREADS)


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(n_threads() - 1, thread_name_prefix="gpt2")
