"""A slow call does not delay others. A call ends when its client disconnects or its time is over."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from starlette.exceptions import HTTPException

from addin.office import calls
from addin.office.calls import Calls
from addin.office.json_values import Call
from tests.addin.office.slow import Slow
from udfs.backend import catalogue, stream
from udfs.backend.result_cache import Budget, Cache
from udfs.backend.stopping import Stopped, stopped_by
from udfs.cells import Argument, CellError, CellFunction


def registered(function: Callable[..., Any], *arguments: str) -> CellFunction:
    """A function as the registry has it."""
    return CellFunction("F", "", tuple(Argument(name, "", True) for name in arguments), "", function)


QUICK = registered(lambda text: text, "text")


async def stays() -> None:
    """A client that stays connected."""
    await asyncio.Event().wait()


def goes_when(event: asyncio.Event) -> Coroutine[Any, Any, None]:
    """A client that disconnects."""

    async def gone() -> None:
        await event.wait()

    return gone()


def begun(slow: Slow) -> Coroutine[Any, Any, bool]:
    return asyncio.to_thread(slow.begun.acquire, timeout=60)


def test_quick_calls_do_not_wait_for_slow_ones_of_other_functions() -> None:
    async def scene() -> None:
        slows = {f"SLOW{number}": Slow() for number in range(8)}
        running = Calls({**slows, "QUICK": QUICK}, seconds=300)
        crowd = [asyncio.create_task(running.run([Call(name, [])], stays())) for name in slows for _ in range(20)]
        for slow in slows.values():
            assert await begun(slow)
        assert await asyncio.wait_for(running.run([Call("QUICK", ["a"])], stays()), 60) == b'[[["a"]]]'
        for slow in slows.values():
            slow.let_go.set()
        assert await asyncio.gather(*crowd) == [b'[[["done"]]]'] * len(crowd)

    asyncio.run(scene())


def test_the_slow_calls_of_one_user_leave_room_for_another_user() -> None:
    async def scene() -> None:
        slow = Slow()
        running = Calls({"SLOW": slow}, seconds=300, many_users=True)
        mine = [asyncio.create_task(running.run([Call("SLOW", [])] * 3, stays(), "me")) for _ in range(3)]
        assert await begun(slow)
        await asyncio.sleep(0.05)
        assert slow.n_begun == 1
        yours = asyncio.create_task(running.run([Call("SLOW", [])], stays(), "you"))
        assert await begun(slow)
        assert slow.n_begun == 2
        slow.let_go.set()
        assert await yours == b'[[["done"]]]'
        await asyncio.gather(*mine)
        assert slow.n_begun == 10

    asyncio.run(scene())


def test_every_call_is_observed_with_its_outcome() -> None:
    def wrong() -> None:
        raise CellError("k must be at least 1")

    async def scene() -> list[tuple[str, str]]:
        seen: list[tuple[str, str]] = []
        slow, left = Slow(), asyncio.Event()
        functions = {"SLOW": slow, "QUICK": QUICK, "WRONG": registered(wrong)}
        patient, impatient = (
            Calls(functions, seconds, lambda name, outcome, seconds: seen.append((name, outcome)))
            for seconds in (300, 0.05)
        )
        await patient.run([Call("QUICK", ["a"]), Call("WRONG", []), Call("NONE", [])], stays())
        await impatient.run([Call("SLOW", [])], stays())
        crowd = [asyncio.create_task(patient.run([Call("SLOW", [])], goes_when(left))) for _ in range(3)]
        assert await begun(slow)
        left.set()
        await asyncio.gather(*crowd)
        return seen

    seen = asyncio.run(scene())
    assert sorted(seen[:2]) == [("QUICK", "rows"), ("WRONG", "error")]
    assert seen[2] == ("SLOW", "too slow")
    assert seen[3:] == [("SLOW", "canceled")] * 3  # two that ran, and one that waited
    assert not any(name == "NONE" for name, _ in seen)


def test_calls_of_one_function_run_a_few_at_a_time() -> None:
    async def scene() -> None:
        slow = Slow()
        running = Calls({"SLOW": slow}, seconds=300)
        crowd = [asyncio.create_task(running.run([Call("SLOW", [])], stays())) for _ in range(5)]
        assert await begun(slow)
        await asyncio.sleep(0.05)
        assert slow.n_begun == 2
        slow.let_go.set()
        await asyncio.gather(*crowd)
        assert slow.n_begun == 5

    asyncio.run(scene())


def test_a_call_stops_when_its_caller_has_gone() -> None:
    async def scene() -> None:
        slow, left = Slow(), asyncio.Event()
        running = Calls({"SLOW": slow}, seconds=300)
        crowd = [asyncio.create_task(running.run([Call("SLOW", [])], goes_when(left))) for _ in range(5)]
        assert await begun(slow)
        left.set()
        assert await asyncio.wait_for(asyncio.gather(*crowd), 60) == [None] * 5
        assert slow.n_begun == 2  # waiting calls never started
        slow.let_go.set()
        assert await running.run([Call("SLOW", [])], stays()) == b'[[["done"]]]'

    asyncio.run(scene())


def test_a_call_that_takes_too_long_is_stopped() -> None:
    async def scene() -> None:
        slow = Slow()
        running = Calls({"SLOW": slow, "QUICK": QUICK}, seconds=0.5)
        together = [Call("SLOW", []), Call("QUICK", ["a"])]
        answers = await asyncio.wait_for(running.run(together, stays()), 60)
        assert answers == b'[{"error":"SLOW took longer than 0.5 seconds"},[["a"]]]'
        assert slow.stopped.acquire(timeout=60)

    asyncio.run(scene())


def test_room_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "MAX_CALLS", 2)
    running = Calls({}, 1)
    for _ in range(3):
        with running.room(1, 1), running.room(1, calls.MAX_BYTES - 1), pytest.raises(HTTPException), running.room(1, 0):
            pass
        with pytest.raises(HTTPException), running.room(3, 0):
            pass
        with pytest.raises(HTTPException), running.room(1, calls.MAX_BYTES + 1):
            pass


def fails(error: Exception) -> Callable[[], None]:
    def function() -> None:
        raise error

    return function


@pytest.mark.parametrize("error", [CellError("a\nb"), MemoryError(), KeyError("x")])
def test_what_goes_wrong_is_one_line(error: Exception) -> None:
    async def scene() -> None:
        running = Calls({"BAD": registered(fails(error)), "QUICK": QUICK}, 1)
        answers = await running.run([Call("BAD", []), Call("QUICK", ["a"])], stays())
        wrong, right = json.loads(answers or b"")
        assert len(wrong["error"].splitlines()) == 1
        assert right == [["a"]]

    asyncio.run(scene())


def test_a_forward_pass_stops_between_blocks() -> None:
    model, stop, seen = catalogue.load("tiny"), threading.Event(), list[str]()

    def see(place: str, value: Any) -> Any:
        seen.append(place)
        if place == "blocks.0.hook_resid_post":
            stop.set()
        return value

    residual = stream.residual_stream([1, 2, 3], model)[0]
    with stopped_by(stop):
        residual = stream.block(0, residual, model, see)
        with pytest.raises(Stopped):
            stream.block(1, residual, model, see)
    assert seen[-1] == "blocks.0.hook_resid_post"
    stream.block(1, residual, model)  # outside, nothing stops it


def test_what_one_caller_gives_up_is_computed_for_another() -> None:
    cache, stop, slow = Cache(Budget(lambda: 1000)), threading.Event(), Slow()
    results: list[object] = []

    def first() -> None:
        with stopped_by(stop):
            try:
                cache.get("key", slow)
            except Stopped:
                results.append("stopped")

    giving_up = threading.Thread(target=first)
    giving_up.start()
    assert slow.begun.acquire(timeout=60)
    staying = threading.Thread(target=lambda: results.append(cache.get("key", lambda: "mine")))
    staying.start()
    time.sleep(0.05)
    stop.set()
    giving_up.join(60)
    staying.join(60)
    assert sorted(map(str, results)) == ["mine", "stopped"]
