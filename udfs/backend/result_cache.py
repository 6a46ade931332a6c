"""Caches of results by content, which share one limit in bytes and are safe under threads."""

from __future__ import annotations

import math
import os
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from itertools import count
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from udfs.backend import system
from udfs.backend.errors import ModelError, quoted
from udfs.backend.stopping import Stopped, check_wanted

if TYPE_CHECKING:
    from concurrent.futures import Future

_VARIABLE = "GPT2_EXCEL_CACHE_MB"
_DEFAULT_MB = 256 if system.IN_BROWSER else 1024
_SMALL = 64  # bytes that anything without an array is counted as


def limit_bytes() -> int:
    """The bytes that all caches of this process may hold together.

    They are `GPT2_EXCEL_CACHE_MB` megabytes; without that variable 1024, or 256 in a browser.

    Raises ModelError if the variable is not a number of at least 0.
    """
    text = os.environ.get(_VARIABLE) or str(_DEFAULT_MB)
    try:
        megabytes = float(text)
    except ValueError:
        megabytes = math.nan
    if not 0 <= megabytes < math.inf:
        raise ModelError(f"{_VARIABLE} must be a number of megabytes, at least 0, not {quoted(text)}")
    return int(megabytes * 2**20)


class Budget:
    """Bytes that several caches share. The result that was used least recently, in any of them, is dropped first."""

    def __init__(self, limit: Callable[[], int] = limit_bytes) -> None:
        self.limit = limit
        self.n_bytes = 0
        self.lock = Lock()
        self.clock = count()
        self._caches: list[Cache] = []

    def join(self, cache: Cache) -> None:
        """Counts the results of a cache from now on."""
        self._caches.append(cache)

    def make_room(self, max_bytes: int) -> None:
        """Drops results until no more than that many bytes are held. The caller holds the lock."""
        while self.n_bytes > max_bytes:
            self.n_bytes -= min(self._caches, key=Cache.least_recent_use).drop()


PROCESS_BUDGET = Budget()


class Cache:
    """Results by key, within a budget. If several threads ask for a result at once, one of them computes it."""

    def __init__(self, budget: Budget = PROCESS_BUDGET) -> None:
        self._budget = budget
        self._results: OrderedDict[Hashable, tuple[Any, int, int]] = OrderedDict()  # result, bytes, time of last use
        self._pending: dict[Hashable, Future[Any]] = {}
        budget.join(self)

    def get(self, key: Hashable, compute: Callable[[], Any]) -> Any:
        """The result for that key, computed if it is not kept. Arrays are made read-only."""
        from concurrent.futures import Future  # imported when needed, so that `import udfs` is quick

        while True:
            with self._budget.lock:
                if key in self._results:
                    return self._used(key)
                others = self._pending.get(key)
                if others is None:
                    mine: Future[Any] = Future()
                    self._pending[key] = mine
                    break
            try:
                return others.result()
            except Stopped:  # the other caller gave up; this one may still want the result
                check_wanted()
        try:
            result = _read_only(compute())
            self._keep(key, result)
        except BaseException as error:
            mine.set_exception(error)
            raise
        else:
            mine.set_result(result)
            return result
        finally:
            with self._budget.lock:
                del self._pending[key]

    def least_recent_use(self) -> float:
        """When the result that `drop` would drop was used; infinite for an empty cache."""
        return next((used for _, _, used in self._results.values()), math.inf)

    def drop(self) -> int:
        """Drops the least recently used result and gives its bytes. The caller holds the budget's lock."""
        return self._results.popitem(last=False)[1][1]

    def _used(self, key: Hashable) -> Any:
        result, size, _ = self._results.pop(key)
        self._results[key] = result, size, next(self._budget.clock)
        return result

    def _keep(self, key: Hashable, result: Any) -> None:
        size, max_bytes = _n_bytes(result), self._budget.limit()
        if size > max_bytes:
            return
        with self._budget.lock:
            self._results[key] = result, size, next(self._budget.clock)
            self._budget.n_bytes += size
            self._budget.make_room(max_bytes)


def content_key(value: Any) -> Hashable:
    """A key that is equal for equal content: arrays by digest, lists and mappings by items, all else by itself."""
    if isinstance(value, np.ndarray):
        import hashlib  # imported when needed, so that `import udfs` is quick

        data = np.ascontiguousarray(value)
        if data.dtype == object:
            return (data.shape, *map(content_key, data.ravel().tolist()))
        return (data.shape, data.dtype.str, hashlib.blake2b(data.data, digest_size=16).digest())
    if isinstance(value, (list, tuple)):
        return tuple(content_key(item) for item in value)
    if isinstance(value, Mapping):
        return tuple(sorted((repr(key), content_key(item)) for key, item in value.items()))
    return (type(value), getattr(value, "fingerprint", value))


def _read_only(result: Any) -> Any:
    if isinstance(result, np.ndarray):
        result.setflags(write=False)
    return result


def _n_bytes(result: Any) -> int:
    if isinstance(result, (list, tuple)):
        return _SMALL + sum(_n_bytes(item) for item in result)
    return int(getattr(result, "nbytes", 0)) + _SMALL
