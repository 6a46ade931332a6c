from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from udfs.backend.fast.team import Team, shared_out, team


def numbers(members: Team, count: int) -> list[int]:
    """What a team goes through."""
    done: list[int] = []
    members.share_out(count, lambda share: done.extend(range(count)[share]))
    return sorted(done)


@pytest.mark.parametrize("size", [1, 2, 5])
@pytest.mark.parametrize("count", [0, 1, 4, 785])
def test_everything_is_done_once(size: int, count: int) -> None:
    members = Team(size)
    assert all(numbers(members, count) == list(range(count)) for _ in range(20))


@pytest.mark.parametrize("failing", [0, 1])
@pytest.mark.parametrize("error", [ZeroDivisionError, IndexError])
def test_an_error_of_any_member_is_raised_and_the_team_goes_on(failing: int, error: type[Exception]) -> None:
    members = Team(2)

    def work(share: slice) -> None:
        if failing in range(2)[share]:
            raise error

    with pytest.raises(error):
        members.share_out(2, work)
    assert numbers(members, 2) == [0, 1]


def test_members_work_at_the_same_time() -> None:
    together = threading.Barrier(2, timeout=10)
    Team(2).share_out(2, lambda share: together.wait() and None)


def test_a_helper_that_comes_late_is_not_waited_for() -> None:
    members, held = Team(2), threading.Event()
    [helper] = members._helpers
    helper.begin(held.wait)  # it is busy with something else
    while helper._begun.locked() is False:
        time.sleep(0.001)
    try:
        assert numbers(members, 10) == list(range(10))
    finally:
        held.set()


def test_who_finds_the_helpers_taken_works_alone() -> None:
    members, inner = Team(2), []
    members.share_out(2, lambda share: inner.append(numbers(members, 2)))
    assert inner == [[0, 1], [0, 1]]


def test_callers_from_many_threads() -> None:
    members, results = Team(3), {}

    def call(number: int) -> None:
        results[number] = sum(len(numbers(members, 3)) for _ in range(200))

    threads = [threading.Thread(target=call, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == dict.fromkeys(range(6), 600)


def test_there_is_one_team() -> None:
    assert team() is team()
    assert 1 <= team().size <= 8


@pytest.mark.parametrize("size", [1, 2, 5])
@pytest.mark.parametrize("count", [1, 2, 7])
def test_a_sum_of_shares(size: int, count: int) -> None:
    numbers = np.arange(3 * count).reshape(count, 3)
    np.testing.assert_array_equal(Team(size).sum(count, lambda share: numbers[share].sum(axis=0)), numbers.sum(axis=0))


def test_a_sum_is_the_same_to_the_last_digit_whoever_is_free() -> None:
    members, numbers = Team(3), np.random.default_rng(0).standard_normal((1000, 50), np.float32)

    def total() -> np.ndarray:
        return members.sum(1000, lambda share: numbers[share].sum(axis=0))

    alone: list[np.ndarray] = []
    members.share_out(1, lambda share: alone.append(total()))  # the helpers are taken
    np.testing.assert_array_equal(alone[0], total())


def test_one_large_row_is_one_share() -> None:
    """More members than rows: no member gets an empty share, whose result would take the row's place."""
    assert all(shared_out(np.negative)(np.ones((1, 2**18))).sum() == -(2**18) for _ in range(20))
