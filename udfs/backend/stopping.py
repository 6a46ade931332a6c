"""Stops a computation from outside: its caller sets an event, and the next block of the model raises Stopped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Event

_stop: ContextVar[Event | None] = ContextVar("stop", default=None)


class Stopped(Exception):  # noqa: N818 - nothing went wrong
    """The caller no longer wants the result."""


@contextmanager
def stopped_by(event: Event) -> Iterator[None]:
    """In this context and thread, computations raise Stopped soon after the event is set."""
    token = _stop.set(event)
    try:
        yield
    finally:
        _stop.reset(token)


def check_wanted() -> None:
    """Raises Stopped if the caller no longer wants the result."""
    event = _stop.get()
    if event is not None and event.is_set():
        raise Stopped
