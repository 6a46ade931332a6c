"""Runs the functions in threads, so that a slow call does not delay the others.

At most two calls of one function run at once; further calls of it wait. So cheap functions do not queue behind
expensive ones, unless a dozen of those fill all threads. If the server has many users, only one of the two may be of
the same user, so that one user's slow calls leave room for the others. Waiting calls are bounded in number and in
bytes, running calls in number and in time. Calls that arrive together are answered together, each with rows or with
its own error. They stop when their client disconnects.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from threading import Event
from typing import Any, Literal, NamedTuple, TypeAlias
from weakref import WeakValueDictionary

from anyio import CancelScope, Semaphore
from starlette.exceptions import HTTPException

import udfs
from addin.office.json_values import Call, checked_arguments, write_error, write_result
from addin.office.limits import CLOSE
from udfs.backend.folders import hub_cache_folder, models_folder
from udfs.backend.stopping import Stopped, stopped_by
from udfs.cells import CellError, CellFunction, error_in

_AT_ONCE = 2  # calls of one function; each uses several cores
_AT_ONCE_OF_ONE_USER = 1  # of these, if there are many users
_THREADS = 24  # each may need much memory
MAX_CALLS = 1_000
MAX_BYTES = 100_000_000  # of the arguments of all calls that wait or run


Outcome: TypeAlias = Literal["rows", "error", "too slow", "canceled"]
Observe: TypeAlias = Callable[[str, Outcome, float], None]


class Answer(NamedTuple):
    """The answer to one call as JSON; empty if the call was canceled."""

    json: bytes
    outcome: Outcome


_CANCELED = Answer(b"", "canceled")


class Calls:
    """The calls of one process. Each may run for `seconds`.

    observe: receives the function, the outcome and the seconds of each call
    many_users: whether the calls of one user may not fill all turns of a function
    """

    def __init__(
        self,
        functions: Mapping[str, CellFunction],
        seconds: float,
        observe: Observe = lambda name, outcome, seconds: None,
        *,
        many_users: bool = False,
    ) -> None:
        self.functions = functions
        self._seconds = seconds
        self._observe = observe
        self._turns = {name: Semaphore(_AT_ONCE) for name in functions}
        self._of_one_user = _AT_ONCE_OF_ONE_USER if many_users else _AT_ONCE
        self._turns_of_users: WeakValueDictionary[tuple[str, str], Semaphore] = WeakValueDictionary()
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

    @property
    def is_full(self) -> bool:
        """Whether no more calls are accepted now."""
        return self._n_calls >= MAX_CALLS or self._n_bytes >= MAX_BYTES

    async def run(self, calls: Sequence[Call], gone: Coroutine[Any, Any, object], user: str = "") -> bytes | None:
        """The answers as a JSON list in the order of the calls: rows, or `{"error": line}`.

        None if the client disconnects, which `gone` waits for.
        """
        watch = asyncio.ensure_future(gone)
        try:
            answers = await asyncio.gather(*(self._run(call, watch, user) for call in calls))
        finally:
            watch.cancel()
        return None if watch.done() else b"[%b]" % b",".join(answers)

    async def _run(self, call: Call, gone: asyncio.Future[object], user: str) -> bytes:
        """The answer to one call as JSON; empty if the client disconnects."""
        if call.name not in self.functions:
            return write_error("there is no such function: reload the add-in")
        started = time.perf_counter()
        answer = await self._answered(call, gone, user)
        self._observe(call.name, answer.outcome, time.perf_counter() - started)
        return answer.json

    async def _answered(self, call: Call, gone: asyncio.Future[object], user: str) -> Answer:
        stop, waiting = Event(), CancelScope()
        own = self._turns_of_users.setdefault((user, call.name), Semaphore(self._of_one_user))

        def give_up(_: object) -> None:
            stop.set()
            waiting.cancel()

        gone.add_done_callback(give_up)
        try:
            async with AsyncExitStack() as turns:
                with waiting:
                    await turns.enter_async_context(own)
                    await turns.enter_async_context(self._turns[call.name])
                if waiting.cancelled_caught:
                    return _CANCELED
                answer = await self._run_now(call, stop)
                return _CANCELED if gone.done() else answer
        finally:
            gone.remove_done_callback(give_up)

    async def alone(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """The result of the server's own work, in a thread, one piece of work at a time."""
        async with self._one:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)

    async def _run_now(self, call: Call, stop: Event) -> Answer:
        loop = asyncio.get_running_loop()
        timer = loop.call_later(self._seconds, stop.set)
        try:
            return await loop.run_in_executor(self._threads, _answer, self.functions[call.name], call, stop)
        except Stopped:
            return Answer(write_error(f"{call.name} took longer than {self._seconds:g} seconds"), "too slow")
        finally:
            timer.cancel()


def _answer(function: CellFunction, call: Call, stop: Event) -> Answer:
    """One call's answer, in a thread. Raises Stopped soon after `stop` is set."""
    try:
        with stopped_by(stop):
            rows = function.answer(checked_arguments(call.arguments))
        if (line := error_in(rows)) is None:
            return Answer(write_result(rows, function.name), "rows")
    except CellError as error:
        line = str(error)
    return Answer(write_error(without_paths(line)), "error")


def without_paths(message: str) -> str:
    """The message on one line, without the paths of this machine's folders."""
    folders = [models_folder(), hub_cache_folder(), Path(udfs.__file__).parents[1], Path.home()]
    line = " ".join(message.split())
    for folder in sorted(map(str, folders), key=len, reverse=True):
        for spelling in {folder, repr(folder)[1:-1]}:
            if len(spelling) > 1:  # a home folder "/" would match every slash
                line = line.replace(spelling, "...")
    return line
