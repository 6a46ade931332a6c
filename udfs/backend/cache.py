"""A cache of results by content, bounded in bytes and safe under threads."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any

import numpy as np


class Cache:
    """Results by key, the least recently used dropped first once they hold more than `max_bytes`."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.n_bytes = 0
        self._results: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable, compute: Callable[[], Any]) -> Any:
        """The result of that key, computed where it is not there. Arrays come back read-only."""
        with self._lock:
            if key in self._results:
                self._results.move_to_end(key)
                return self._results[key][0]
        result = compute()
        if isinstance(result, np.ndarray):
            result.setflags(write=False)
        self._put(key, result, _n_bytes(result))
        return result

    def _put(self, key: Hashable, result: Any, n_bytes: int) -> None:
        if n_bytes > self.max_bytes:
            return
        with self._lock:
            if key in self._results:
                return
            self._results[key] = (result, n_bytes)
            self.n_bytes += n_bytes
            while self.n_bytes > self.max_bytes:
                self.n_bytes -= self._results.popitem(last=False)[1][1]


def content_key(value: Any) -> Hashable:
    """A key that is equal for equal content: arrays by digest, lists by their items, all else by itself."""
    if isinstance(value, np.ndarray):
        data = np.ascontiguousarray(value)
        return (data.shape, data.dtype.str, hashlib.blake2b(data.data, digest_size=16).digest())
    if isinstance(value, (list, tuple)):
        return tuple(content_key(item) for item in value)
    return getattr(value, "fingerprint", value)


def _n_bytes(result: Any) -> int:
    if isinstance(result, np.ndarray):
        return result.nbytes
    if isinstance(result, (list, tuple)):
        return 64 + sum(_n_bytes(item) for item in result)
    return 64
