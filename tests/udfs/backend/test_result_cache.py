from __future__ import annotations

import threading

import numpy as np
import pytest

from udfs.backend.errors import ModelError
from udfs.backend.result_cache import Budget, Cache, content_key, limit_bytes


def cache_of(n_bytes: int) -> Cache:
    return Cache(Budget(lambda: n_bytes))


def test_a_result_is_computed_once() -> None:
    calls = []
    cache = cache_of(1000)
    for _ in range(3):
        assert cache.get("key", lambda: calls.append(1) or "result") == "result"
    assert len(calls) == 1


def test_it_stays_within_its_limit_and_drops_the_least_recently_used() -> None:
    budget = Budget(lambda: 1000)
    cache = Cache(budget)
    for key in "abc":
        cache.get(key, lambda: np.zeros(100, np.float32))
        cache.get("a", lambda: pytest.fail("a was dropped though it was used last"))
        assert budget.n_bytes <= 1000
    calls = []
    cache.get("b", lambda: calls.append(1) or np.zeros(100, np.float32))
    assert calls


def test_caches_that_share_a_budget_drop_the_least_recently_used_of_both() -> None:
    budget = Budget(lambda: 1000)
    first, second = Cache(budget), Cache(budget)
    first.get("a", lambda: np.zeros(100, np.float32))
    second.get("b", lambda: np.zeros(100, np.float32))
    first.get("c", lambda: np.zeros(100, np.float32))  # there is room for two: a is dropped
    second.get("b", lambda: pytest.fail("b was dropped, but a was older"))
    second.get("d", lambda: np.zeros(100, np.float32))  # c is dropped, because b was used after it
    second.get("b", lambda: pytest.fail("b was dropped, but c was used less recently"))
    calls: list[str] = []
    for key in "ac":
        first.get(key, lambda key=key: calls.append(key) or 0)
    assert calls == ["a", "c"]
    assert budget.n_bytes <= 1000


def test_the_limit_is_an_environment_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GPT2_EXCEL_CACHE_MB", raising=False)
    assert limit_bytes() == 2**30
    monkeypatch.setenv("GPT2_EXCEL_CACHE_MB", "0.5")
    assert limit_bytes() == 2**19
    for wrong in ("much", "-1", "nan", "inf"):
        monkeypatch.setenv("GPT2_EXCEL_CACHE_MB", wrong)
        with pytest.raises(ModelError, match=f"GPT2_EXCEL_CACHE_MB must be .* at least 0, not '{wrong}'"):
            limit_bytes()


def test_a_result_larger_than_the_limit_is_not_kept() -> None:
    cache = cache_of(1000)
    cache.get("small", lambda: 1)
    cache.get("large", lambda: np.zeros(1000))
    assert cache.get("small", lambda: 2) == 1
    assert cache.get("large", lambda: 3) == 3


def test_arrays_are_read_only() -> None:
    result = cache_of(1000).get("key", lambda: np.zeros(3))
    with pytest.raises(ValueError, match="read-only"):
        result[0] = 1


def test_an_error_is_not_kept() -> None:
    cache = cache_of(1000)
    with pytest.raises(ZeroDivisionError):
        cache.get("key", lambda: 1 / 0)
    assert cache.get("key", lambda: 5) == 5


def test_threads_get_the_right_results() -> None:
    budget = Budget(lambda: 3000)
    cache = Cache(budget)
    wrong = []

    def work(seed: int) -> None:
        for key in np.random.RandomState(seed).randint(0, 20, 300).tolist():
            result = cache.get(key, lambda key=key: np.full(100, key, np.float32))
            if (result != key).any():
                wrong.append(key)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert budget.n_bytes <= 3000


def test_keys_are_equal_only_for_equal_content() -> None:
    a = np.arange(6, dtype=np.float32)
    assert content_key(a) == content_key(a.copy())
    assert content_key(a) != content_key(a.reshape(2, 3))
    assert content_key(a) != content_key(a.astype(np.int32))
    assert content_key(a[::2]) == content_key(np.array([0, 2, 4], np.float32))
    assert content_key([1, ["x", a]]) == content_key((1, ("x", a.copy())))
    assert content_key(1.0) != content_key("1.0")
