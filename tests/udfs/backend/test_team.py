from __future__ import annotations

import threading

import pytest

from udfs.backend.team import Team, team


@pytest.mark.parametrize("size", [1, 2, 5])
def test_every_part_is_done_once(size: int) -> None:
    members, done = Team(size), []
    members.run(done.append)
    assert sorted(done) == list(range(size))


@pytest.mark.parametrize("size", [1, 2, 5])
@pytest.mark.parametrize("count", [0, 1, 4, 785])
def test_shares_are_the_whole(size: int, count: int) -> None:
    members = Team(size)
    shared = [i for part in range(size) for i in range(count)[members.share(count, part)]]
    assert shared == list(range(count))


@pytest.mark.parametrize("failing", [0, 1])
def test_an_error_of_any_member_is_raised_and_the_team_goes_on(failing: int) -> None:
    members = Team(2)

    def work(part: int) -> None:
        if part == failing:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        members.run(work)
    done: list[int] = []
    members.run(done.append)
    assert sorted(done) == [0, 1]


def test_members_work_at_the_same_time() -> None:
    together = threading.Barrier(2, timeout=10)
    Team(2).run(lambda part: together.wait() and None)


def test_who_finds_the_helpers_taken_works_alone() -> None:
    members = Team(2)
    inner: list[int] = []
    members.run(lambda part: members.run(inner.append) if part == 0 else None)
    assert sorted(inner) == [0, 1]


def test_callers_from_many_threads() -> None:
    members, results = Team(3), {}

    def call(number: int) -> None:
        done: list[int] = []
        for _ in range(200):
            members.run(done.append)
        results[number] = len(done)

    threads = [threading.Thread(target=call, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == dict.fromkeys(range(6), 600)


def test_there_is_one_team() -> None:
    assert team() is team()
    assert 1 <= team().size <= 8
