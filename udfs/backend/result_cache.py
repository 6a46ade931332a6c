"""A cache of results by content, bounded in bytes and safe under threads."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import Future
from threading import Lock
from typing import Any

import numpy as np

from udfs.backend.stopping import Stopped, check_wanted

_SMALL = 64  # bytes that anything without an array is counted as


class Cache:
    """Results by key, the least recently used dropped first once they hold more than `max_bytes`.

    A result that several threads ask for at once is computed by one of them.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.n_bytes = 0
        self._results: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._pending: dict[Hashable, Future[Any]] = {}
        self._lock = Lock()

    def get(self, key: Hashable, compute: Callable[[], Any]) -> Any:
        """The result of that key, computed where it is not there. Arrays come back read-only."""
        while True:
            with self._lock:
                if key in self._results:
                    self._results.move_to_end(key)
                    return self._results[key][0]
                others = self._pending.get(key)
                if others is None:
                    mine: Future[Any] = Future()
                    self._pending[key] = mine
                    break
            try:
                return others.result()
            except Stopped:  # nobody wanted it there; here it is still wanted
                check_wanted()
        try:
            result = _read_only(compute())
        except BaseException as error:
            mine.set_exception(error)
            raise
        else:
            self._keep(key, result)
            mine.set_result(result)
            return result
        finally:
            with self._lock:
                del self._pending[key]

    def values(self) -> list[Any]:
        """The results that are there now, the most recently used first."""
        with self._lock:
            return [result for result, _ in reversed(self._results.values())]

    def _keep(self, key: Hashable, result: Any) -> None:
        size = _n_bytes(result)
        if size > self.max_bytes:
            return
        with self._lock:
            self._results[key] = (result, size)
            self.n_bytes += size
            while self.n_bytes > self.max_bytes:
                self.n_bytes -= self._results.popitem(last=False)[1][1]


def content_key(value: Any) -> Hashable:
    """A key that is equal for equal content: arrays by digest, lists and mappings by items, all else by itself."""
    if isinstance(value, np.ndarray):
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
