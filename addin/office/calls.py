"""Runs the functions in threads, so that one slow call does not hold up the others.

Two calls of one function run at once, and others of it wait for them: cheap functions do not queue behind expensive
ones, of which it takes a dozen to fill all threads. What waits is bounded in number and in bytes, what runs in number
and in time; a call stops when its caller has gone.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from typing import Any

from anyio import CancelScope, Semaphore
from starlette.exceptions import HTTPException

from addin.office.errors import without_paths
from addin.office.json_values import read_arguments, write_result
from udfs.backend.stopping import Stopped, stopped_by
from udfs.cells import CellError

_AT_ONCE = 2  # calls of one function; each shares its work among the cores
_THREADS = 24  # each may hold as much memory as a call needs
MAX_CALLS = 1_000
MAX_BYTES = 100_000_000  # of the arguments of calls that wait or run

_log = logging.getLogger("uvicorn.error")


class Calls:
    """The calls of one process. `seconds` is how long one may run."""

    def __init__(self, functions: dict[str, Callable[..., Any]], seconds: float) -> None:
        self.functions = functions
        self._seconds = seconds
        self._turns = {name: Semaphore(_AT_ONCE) for name in functions}
        self._one = Semaphore(1)
        self._threads = ThreadPoolExecutor(_THREADS, "call")
        self._n_calls = 0
        self._n_bytes = 0

    @contextmanager
    def room(self, n_bytes: int) -> Iterator[None]:
        """Room for a call whose arguments have that many bytes. HTTPException 503 where there is none."""
        if self._n_calls >= MAX_CALLS or self._n_bytes + n_bytes > MAX_BYTES:
            raise HTTPException(503, "the server is busy: try again", {"Retry-After": "1", "Connection": "close"})
        self._n_calls += 1
        self._n_bytes += n_bytes
        try:
            yield
        finally:
            self._n_calls -= 1
            self._n_bytes -= n_bytes

    async def run(self, name: str, body: bytes, gone: Coroutine[Any, Any, None]) -> bytes | None:
        """The result of a call as JSON; None where the caller does not want it any more, which `gone` waits for.

        HTTPException 422 for a wrong argument, 504 where it takes too long.
        """
        stop, waiting = Event(), CancelScope()

        def give_up(_: object) -> None:
            stop.set()
            waiting.cancel()

        watch = asyncio.ensure_future(gone)
        watch.add_done_callback(give_up)
        try:
            with waiting:
                await self._turns[name].acquire()
            if waiting.cancelled_caught:
                return None
            try:
                return await self._run_now(name, body, stop)
            except Stopped:
                if watch.done():
                    return None
                raise HTTPException(504, f"{name} took longer than {self._seconds:g} seconds") from None
            finally:
                self._turns[name].release()
        finally:
            watch.remove_done_callback(give_up)
            watch.cancel()

    async def alone(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """The result of work for the server itself, in a thread, one at a time."""
        async with self._one:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)

    async def _run_now(self, name: str, body: bytes, stop: Event) -> bytes:
        loop = asyncio.get_running_loop()
        timer = loop.call_later(self._seconds, stop.set)
        try:
            return await loop.run_in_executor(self._threads, _answer, self.functions[name], name, body, stop)
        finally:
            timer.cancel()


def _answer(function: Callable[..., Any], name: str, body: bytes, stop: Event) -> bytes:
    """One call from JSON to JSON, in a thread. Raises Stopped soon after `stop` is set."""
    try:
        with stopped_by(stop):
            arguments = read_arguments(body)
            n_parameters = len(inspect.signature(function).parameters)
            if len(arguments) > n_parameters:
                raise CellError(f"{name} takes at most {n_parameters} arguments, not {len(arguments)}")
            return write_result(function(*arguments), name)
    except CellError as error:
        raise HTTPException(422, without_paths(str(error))) from None
    except MemoryError:
        raise HTTPException(422, f"{name} needs more memory than this machine has: ask for less") from None
    except Stopped:
        raise
    except Exception:
        _log.exception("%s failed", name)
        raise HTTPException(500, f"{name} failed: a bug in gpt2-excel; the server's window says where") from None
