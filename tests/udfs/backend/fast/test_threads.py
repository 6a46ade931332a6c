from __future__ import annotations

import threading

import pytest

from udfs.backend.fast import threads
from udfs.backend.fast.threads import in_shares, n_threads


def numbers(count: int) -> list[int]:
    """Every number that the shares of `range(count)` hold, in order."""
    return [number for share in in_shares(count, lambda share: range(count)[share]) for number in share]


@pytest.fixture(params=[1, 2, 5])
def size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Sets the number of threads, and a pool of that size."""
    monkeypatch.setattr(threads, "n_threads", lambda: request.param)
    pool = threads._pool.__wrapped__() if request.param > 1 else None
    monkeypatch.setattr(threads, "_pool", lambda: pool)
    return request.param


@pytest.mark.parametrize("count", [0, 1, 4, 785])
def test_everything_is_done_once_and_in_order(size: int, count: int) -> None:
    assert all(numbers(count) == list(range(count)) for _ in range(20))


@pytest.mark.parametrize("count", [0, 1, 63, 64, 65, 1000])
def test_shares_begin_at_multiples_of_the_unit(size: int, count: int) -> None:
    shares = in_shares(count, lambda share: share, unit=64)
    assert len(shares) == max(1, min(size, -(-count // 64)))
    assert [number for share in shares for number in range(count)[share]] == list(range(count))
    assert all(share.start % 64 == 0 for share in shares)


def test_each_thread_has_a_share(size: int) -> None:
    assert len(in_shares(100, lambda share: None)) == size
    assert len(in_shares(1, lambda share: None)) == 1


@pytest.mark.parametrize("failing", [0, 1])
def test_an_error_in_any_share_is_raised(size: int, failing: int) -> None:
    def work(share: slice) -> None:
        if failing in range(2)[share]:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        in_shares(2, work)
    assert numbers(2) == [0, 1]


@pytest.mark.skipif(n_threads() < 2, reason="a single core")
def test_shares_run_at_the_same_time() -> None:
    together = threading.Barrier(2, timeout=60)
    in_shares(2, lambda share: together.wait())


@pytest.mark.skipif(n_threads() < 2, reason="a single core")
def test_a_busy_pool_neither_delays_nor_changes_the_shares() -> None:
    held, free = threading.Event(), in_shares(1000, lambda share: share)
    others = [threads._pool().submit(held.wait) for _ in range(n_threads() - 1)]
    try:
        assert in_shares(1000, lambda share: share) == free
    finally:
        held.set()
    assert all(other.result(timeout=60) for other in others)


def test_calls_from_many_threads() -> None:
    results: dict[int, int] = {}

    def call(number: int) -> None:
        results[number] = sum(len(numbers(3)) for _ in range(200))

    callers = [threading.Thread(target=call, args=(number,)) for number in range(6)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert results == dict.fromkeys(range(6), 600)


def test_there_are_one_to_eight_threads() -> None:
    assert 1 <= n_threads() <= 8
