"""Stopping a computation from outside: whoever began it sets an event, and the next block of the model gives up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Event

_stop: ContextVar[Event | None] = ContextVar("stop", default=None)


class Stopped(Exception):  # noqa: N818 - nothing went wrong
    """The computation was no longer wanted."""


@contextmanager
def stopped_by(event: Event) -> Iterator[None]:
    """What is computed inside, in this thread, raises Stopped soon after the event is set."""
    token = _stop.set(event)
    try:
        yield
    finally:
        _stop.reset(token)


def check_wanted() -> None:
    """Raises Stopped where nobody wants the result any more."""
    event = _stop.get()
    if event is not None and event.is_set():
        raise Stopped
