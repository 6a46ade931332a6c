from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from udfs.backend.arrays import Array
from udfs.backend.next_token import probabilities, probabilities_of, top

vectors = arrays(np.float32, st.integers(1, 40), elements=st.floats(-5, 5, width=16))


@given(vectors, st.integers(1, 50))
def test_top_is_the_start_of_a_stable_sort(values: Array, k: int) -> None:
    assert top(values, k).tolist() == np.argsort(-values, kind="stable")[:k].tolist()


@settings(max_examples=40)  # each has many ties
@given(st.lists(st.integers(0, 6), min_size=64, max_size=400), st.integers(1, 400))
def test_top_of_many_values_with_ties(values: list[int], k: int) -> None:
    array = np.array(values, np.float32)
    assert top(array, k).tolist() == np.argsort(-array, kind="stable")[:k].tolist()


@given(st.integers(0, 2**32 - 1), st.integers(1, 7), st.integers(1, 700) | st.integers(4000, 9000), st.integers(1, 90))
def test_top_and_probabilities_of_rows_with_ties(seed: int, n_rows: int, n_vocab: int, k: int) -> None:
    values = np.random.default_rng(seed).integers(-900, 900, (n_rows, n_vocab)).astype(np.float32) / 50
    ids = top(values, k)
    assert ids.tolist() == np.argsort(-values, kind="stable")[:, :k].tolist()
    expected = np.take_along_axis(probabilities(values), ids, axis=1)
    np.testing.assert_allclose(probabilities_of(values, ids), expected, rtol=1e-5)


def test_rows_of_a_whole_vocabulary_are_shared_among_threads() -> None:
    values = np.random.default_rng(0).standard_normal((9, 50257), np.float32)
    assert top(values, 5).tolist() == np.argsort(-values, kind="stable")[:, :5].tolist()
    assert top(values[None], 5).shape == (1, 9, 5)


@given(vectors, st.floats(0, 1000))
def test_probabilities_sum_to_one_at_every_temperature(values: Array, temperature: float) -> None:
    probability = probabilities(values, temperature)
    assert probability.dtype == np.float64
    np.testing.assert_allclose(probability.sum(), 1, rtol=1e-4)
    assert probability.argmax() in np.flatnonzero(probability == probability[values.argmax()])


def test_temperature_sharpens_and_flattens() -> None:
    logits = np.array([2, 1, 0], np.float32)
    assert probabilities(logits, 0).tolist() == [1, 0, 0]
    assert probabilities(logits, 0.5)[0] > probabilities(logits, 1)[0] > probabilities(logits, 5)[0] > 1 / 3
    np.testing.assert_allclose(probabilities(logits), np.exp([2, 1, 0]) / np.exp([2, 1, 0]).sum(), rtol=1e-6)
