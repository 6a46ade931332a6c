"""Runs the functions in threads, so that a slow call does not delay the others.

At most two calls of one function run at once; further calls of it wait. So cheap functions do not queue behind
expensive ones, unless a dozen of those fill all threads. Waiting calls are bounded in number and in bytes, running
calls in number and in time. Calls that arrive together are answered together, each with rows or with its own error.
They stop when their client disconnects.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

from anyio import CancelScope, Semaphore
from starlette.exceptions import HTTPException

import udfs
from addin.office.json_values import Call, checked_arguments, write_error, write_result
from addin.office.limits import CLOSE
from udfs.backend.folders import hub_cache_folder, models_folder
from udfs.backend.stopping import Stopped, stopped_by
from udfs.cells import CellError, CellFunction, error_in

_AT_ONCE = 2  # calls of one function; each uses several cores
_THREADS = 24  # each may need much memory
MAX_CALLS = 1_000
MAX_BYTES = 100_000_000  # of the arguments of all calls that wait or run


class Calls:
    """The calls of one process. Each may run for `seconds`."""

    def __init__(self, functions: Mapping[str, CellFunction], seconds: float) -> None:
        self.functions = functions
        self._seconds = seconds
        self._turns = {name: Semaphore(_AT_ONCE) for name in functions}
        self._one = Semaphore(1)
        self._threads = ThreadPoolExecutor(_THREADS, "call")
        self._n_calls = 0
        self._n_bytes = 0

    @contextmanager
    def room(self, n_calls: int, n_bytes: int) -> Iterator[None]:
        """Reserves room for calls and their arguments. Raises HTTPException 503 if there is not enough."""
        if self._n_calls + n_calls > MAX_CALLS or self._n_bytes + n_bytes > MAX_BYTES:
            raise HTTPException(503, "the server is busy: try again", CLOSE | {"Retry-After": "1"})
        self._n_calls += n_calls
        self._n_bytes += n_bytes
        try:
            yield
        finally:
            self._n_calls -= n_calls
            self._n_bytes -= n_bytes

    async def run(self, calls: Sequence[Call], gone: Coroutine[Any, Any, None]) -> bytes | None:
        """The answers as a JSON list in the order of the calls: rows, or `{"error": line}`.

        None if the client disconnects, which `gone` waits for.
        """
        watch = asyncio.ensure_future(gone)
        try:
            answers = await asyncio.gather(*(self._run(call, watch) for call in calls))
        finally:
            watch.cancel()
        return None if watch.done() else b"[%b]" % b",".join(answers)

    async def _run(self, call: Call, gone: asyncio.Future[None]) -> bytes:
        """The answer to one call as JSON; empty if the client disconnects."""
        if call.name not in self.functions:
            return write_error("there is no such function: reload the add-in")
        stop, waiting = Event(), CancelScope()

        def give_up(_: object) -> None:
            stop.set()
            waiting.cancel()

        gone.add_done_callback(give_up)
        try:
            with waiting:
                await self._turns[call.name].acquire()
            if waiting.cancelled_caught:
                return b""
            try:
                return await self._run_now(call, stop)
            except Stopped:
                return write_error(f"{call.name} took longer than {self._seconds:g} seconds")
            finally:
                self._turns[call.name].release()
        finally:
            gone.remove_done_callback(give_up)

    async def alone(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """The result of the server's own work, in a thread, one piece of work at a time."""
        async with self._one:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)

    async def _run_now(self, call: Call, stop: Event) -> bytes:
        loop = asyncio.get_running_loop()
        timer = loop.call_later(self._seconds, stop.set)
        try:
            return await loop.run_in_executor(self._threads, _answer, self.functions[call.name], call, stop)
        finally:
            timer.cancel()


def _answer(function: CellFunction, call: Call, stop: Event) -> bytes:
    """One call's answer as JSON, in a thread. Raises Stopped soon after `stop` is set."""
    try:
        with stopped_by(stop):
            rows = function.answer(checked_arguments(call.arguments))
        if (line := error_in(rows)) is None:
            return write_result(rows, function.name)
    except CellError as error:
        line = str(error)
    return write_error(without_paths(line))


def without_paths(message: str) -> str:
    """The message on one line, without the paths of this machine's folders."""
    folders = [models_folder(), hub_cache_folder(), Path(udfs.__file__).parents[1], Path.home()]
    line = " ".join(message.split())
    for folder in sorted(map(str, folders), key=len, reverse=True):
        for spelling in {folder, repr(folder)[1:-1]}:
            if len(spelling) > 1:  # a home folder "/" would match every slash
                line = line.replace(spelling, "...")
    return line
