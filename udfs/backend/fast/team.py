"""A team of threads that share the work of one call; numpy lets them run at the same time.

BLAS's own threads and these must not compete for cores (that costs a factor of two), so the first team holds BLAS to
one thread for the whole process.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from functools import cache, wraps
from threading import Lock, Thread
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

_Array = TypeVar("_Array", bound=NDArray[Any])

_WORTH_SHARING = 2**17  # numbers


class Team:
    """The calling thread and `size - 1` helpers.

    One call at a time has the helpers; another one that comes meanwhile, from another thread, works alone.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._helpers = [_Helper() for _ in range(size - 1)]
        self._taken = Lock()

    def share_out(self, count: int, work: Callable[[slice], None]) -> None:
        """Calls `work` with slices that make up `range(count)`, at the same time where the helpers are free.

        A slice for each member; whoever is free takes the next, since a helper may be held up by other programs.
        """
        if not self._helpers or not self._taken.acquire(blocking=False):
            work(slice(0, count))
            return
        size = min(self.size, count)  # no empty slices
        shares = deque(slice(count * i // size, count * (i + 1) // size) for i in range(size))

        def work_through() -> None:
            while True:
                try:
                    share = shares.popleft()  # which threads may do at the same time
                except IndexError:
                    return
                work(share)

        try:
            for helper in self._helpers:
                helper.begin(work_through)
            try:
                work_through()
            finally:
                errors = [helper.finish() for helper in self._helpers]
        finally:
            self._taken.release()
        for error in filter(None, errors):
            raise error

    def sum(self, count: int, work: Callable[[slice], _Array]) -> _Array:
        """The sum of what `work` gives for slices that make up `range(count)`.

        The slices are always the same and added in the same order, so that the last digits are the same too.
        """
        n_parts = min(self.size, count)
        parts: dict[int, _Array] = {}

        def work_through(share: slice) -> None:
            for part in range(n_parts)[share]:
                parts[part] = work(slice(count * part // n_parts, count * (part + 1) // n_parts))

        self.share_out(n_parts, work_through)
        total = parts[0]
        for part in range(1, n_parts):
            total += parts[part]
        return total


@cache
def team() -> Team:
    """The process's team: a thread for each core, at most eight (more gain nothing: memory is the limit)."""
    threadpool_limits(1, user_api="blas")
    return Team(min(_cores(), 8))


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def shared_out(function: Callable[..., _Array]) -> Callable[..., _Array]:
    """The same function of arrays, large ones cut along their first axis and given to the members of the team.

    For functions whose result has the first axis of their arguments, each entry computed from the same entries.
    """

    @wraps(function)
    def shared(*arrays: NDArray[Any]) -> _Array:
        if max(array.size for array in arrays) < _WORTH_SHARING:
            return function(*arrays)
        parts: dict[int, _Array] = {}

        def work(share: slice) -> None:
            parts[share.start] = function(*(array[share] for array in arrays))

        team().share_out(len(arrays[0]), work)
        whole: Any = np.concatenate([parts[start] for start in sorted(parts)])
        return whole

    return shared


class _Helper:
    """A thread that waits for work; handing over by two locks is three times as fast as by a queue."""

    def __init__(self) -> None:
        self._begun, self._finished = Lock(), Lock()
        self._begun.acquire()
        self._finished.acquire()
        self._work: Callable[[], None] | None = None
        self._error: BaseException | None = None
        Thread(target=self._serve, daemon=True).start()

    def begin(self, work: Callable[[], None]) -> None:
        self._work = work
        self._begun.release()

    def finish(self) -> BaseException | None:
        """Waits for the work's end; what it raised. Work that has not begun by now is taken back."""
        if self._begun.acquire(blocking=False):
            return None
        self._finished.acquire()
        error, self._error = self._error, None
        return error

    def _serve(self) -> None:
        while True:
            self._begun.acquire()
            work, self._work = self._work, None
            try:
                assert work is not None
                work()
            except BaseException as error:
                self._error = error
            del work  # holds arrays
            self._finished.release()
