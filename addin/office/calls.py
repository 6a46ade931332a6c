"""Runs the functions in threads, so that a slow call does not delay the others.

At most two calls of one function run at once; further calls of it wait. So cheap functions do not queue behind
expensive ones, unless a dozen of those fill all threads. Waiting calls are bounded in number and in bytes, running
calls in number and in time. A call stops when its client disconnects.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

from anyio import CancelScope, Semaphore
from starlette.exceptions import HTTPException

import udfs
from addin.office.json_values import read_arguments, write_result
from addin.office.limits import CLOSE
from udfs.backend.folders import hub_cache_folder, models_folder
from udfs.backend.stopping import Stopped, stopped_by
from udfs.cells import CellError, CellFunction, error_in

_AT_ONCE = 2  # calls of one function; each uses several cores
_THREADS = 24  # each may need much memory
MAX_CALLS = 1_000
MAX_BYTES = 100_000_000  # of the arguments of all calls that wait or run


class Calls:
    """The calls of one process, each of which may run for `seconds`."""

    def __init__(self, functions: Mapping[str, CellFunction], seconds: float) -> None:
        self.functions = functions
        self._seconds = seconds
        self._turns = {name: Semaphore(_AT_ONCE) for name in functions}
        self._one = Semaphore(1)
        self._threads = ThreadPoolExecutor(_THREADS, "call")
        self._n_calls = 0
        self._n_bytes = 0

    @contextmanager
    def room(self, n_bytes: int) -> Iterator[None]:
        """Reserves room for a call with that many bytes of arguments. Raises HTTPException 503 if there is none."""
        if self._n_calls >= MAX_CALLS or self._n_bytes + n_bytes > MAX_BYTES:
            raise HTTPException(503, "the server is busy: try again", CLOSE | {"Retry-After": "1"})
        self._n_calls += 1
        self._n_bytes += n_bytes
        try:
            yield
        finally:
            self._n_calls -= 1
            self._n_bytes -= n_bytes

    async def run(self, name: str, body: bytes, gone: Coroutine[Any, Any, None]) -> bytes | None:
        """The result of a call as JSON, or None if the client disconnects, which `gone` waits for.

        Raises HTTPException 422 if the answer is an error, 504 if the call takes too long.
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
        """The result of the server's own work, in a thread, one piece of work at a time."""
        async with self._one:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)

    async def _run_now(self, name: str, body: bytes, stop: Event) -> bytes:
        loop = asyncio.get_running_loop()
        timer = loop.call_later(self._seconds, stop.set)
        try:
            return await loop.run_in_executor(self._threads, _answer, self.functions[name], body, stop)
        finally:
            timer.cancel()


def _answer(function: CellFunction, body: bytes, stop: Event) -> bytes:
    """One call from JSON to JSON, in a thread. Raises Stopped soon after `stop` is set."""
    try:
        with stopped_by(stop):
            rows = function.answer(read_arguments(body))
        if (line := error_in(rows)) is not None:
            raise CellError(line)
        return write_result(rows, function.name)
    except CellError as error:
        raise HTTPException(422, without_paths(str(error))) from None


def without_paths(message: str) -> str:
    """The message on one line, without the paths of this machine's folders."""
    folders = [models_folder(), hub_cache_folder(), Path(udfs.__file__).parents[1], Path.home()]
    line = " ".join(message.split())
    for folder in sorted(map(str, folders), key=len, reverse=True):
        for spelling in {folder, repr(folder)[1:-1]}:
            if len(spelling) > 1:  # a home folder "/" would match every slash
                line = line.replace(spelling, "...")
    return line
