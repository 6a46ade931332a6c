"""Limits the calls of each token in a minute, so that one class cannot use up the server of another."""

from __future__ import annotations

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.exceptions import HTTPException

from addin.office.limits import CLOSE


class Rate:
    """Counts the calls of each token in this process. Several processes count by themselves."""

    def __init__(self, calls_a_minute: int) -> None:
        self._item = RateLimitItemPerMinute(calls_a_minute)
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    def check(self, token: str, n_calls: int) -> None:
        """Counts the calls. Raises HTTPException 429 if the token has made too many in the last minute."""
        if not self._limiter.hit(self._item, token, cost=n_calls):
            line = f"this token may make {self._item.amount} calls a minute: wait"
            raise HTTPException(429, line, CLOSE | {"Retry-After": "5"})
