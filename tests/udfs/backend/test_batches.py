"""How prompts are divided into batches."""

from __future__ import annotations

import pytest

from udfs.backend import batches
from udfs.backend.batches import Batch, for_each


def divided(lengths: list[int]) -> list[tuple[int, ...]]:
    """The lengths of the prompts in each batch."""
    found: list[tuple[int, ...]] = []

    def work(batch: Batch) -> list[int]:
        found.append(tuple(map(int, batch.lengths)))
        return list(batch.places)

    assert for_each([[0] * length for length in lengths], work) == list(range(len(lengths)))
    return found


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "_TOKENS", 100)


def test_a_few_prompts_are_one_batch_and_none_are_none() -> None:
    assert divided([10] * 10) == [(10,) * 10]
    assert divided([]) == []


@pytest.mark.parametrize(("n_prompts", "n_batches"), [(11, 2), (21, 4), (50, 6), (80, 8)])
def test_batches_are_even_in_number_and_equal_in_size(n_prompts: int, n_batches: int) -> None:
    sizes = sorted(map(len, divided([10] * n_prompts)))
    assert len(sizes) == n_batches
    assert sizes[-1] - sizes[0] <= 1


def test_a_batch_has_prompts_of_similar_lengths() -> None:
    found = sorted(divided([1 + number * 7 % 17 for number in range(60)]))
    assert [length for batch in found for length in batch] == sorted(length for batch in found for length in batch)
    assert max(map(sum, found)) < 100 + 17


def test_a_long_prompt_is_a_batch_of_its_own() -> None:
    assert sorted(divided([150, 150, 150])) == [(150,)] * 3
