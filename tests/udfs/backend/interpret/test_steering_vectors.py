from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.whole_pass import trace
from udfs.backend.catalogue import load
from udfs.backend.errors import ModelError
from udfs.backend.gpt2.tokenizer import encode
from udfs.backend.interpret import steering_vectors
from udfs.backend.interpret.places import parse_place

END = 50256
SPACE = 220


def stream(ids: list[int], hook: str) -> np.ndarray:
    return trace(ids, load("tiny"))[hook]


def test_a_contrast_pads_with_spaces_after_the_end_of_text() -> None:
    model = load("tiny ; bos")  # the option must not add a second one
    place = parse_place("h.2", model.config)
    rows = steering_vectors.contrast("one two three", "four", place, model)
    hook = "blocks.2.hook_resid_pre"
    plus, minus = [END, *encode("one two three")], [END, *encode("four"), SPACE, SPACE]
    assert len(plus) == len(minus) == 4
    np.testing.assert_allclose(rows, stream(plus, hook) - stream(minus, hook), atol=1e-5)
    assert not rows[0].any()
    np.testing.assert_allclose(steering_vectors.contrast("four", "one two three", place, model), -rows, atol=1e-5)


def test_a_contrast_that_is_too_long_names_the_text() -> None:
    model = load("tiny")
    with pytest.raises(ModelError, match=r"^minus must have 1 to 64 tokens for tiny, not 65$"):
        steering_vectors.contrast("a", " a" * 64, parse_place("h.2", model.config), model)


def test_a_contrast_uses_the_model_with_earlier_operations() -> None:
    clause = 'add 1 * contrast("one two", "three four") to h.2 at all'
    edit = "scale h.0.mlp by 0"
    plain, before, after = (load(f"tiny ; {text}") for text in (clause, f"{edit} ; {clause}", f"{clause} ; {edit}"))
    np.testing.assert_array_equal(plain.interventions[0].rows, after.interventions[0].rows)
    assert not np.allclose(plain.interventions[0].rows, before.interventions[0].rows)


words = st.lists(st.sampled_from([[5, 6], [7, 8, 9], [10, 11], [12]]), min_size=1, max_size=5)


@settings(max_examples=20, deadline=None)
@given(words, st.integers(0, 2**31))
def test_a_direction_is_the_main_component_of_uncentred_differences(a: list[list[int]], seed: int) -> None:
    """numpy's eigenvectors of the differences' second moments, in double precision, are the reference."""
    model = load("tiny")
    place = parse_place("h.2", model.config)
    random = np.random.default_rng(seed)
    b = [[int(token) for token in random.integers(100, 50000, 3)] for _ in a]
    found = steering_vectors.direction(a, b, place, model)
    hook = "blocks.2.hook_resid_pre"
    differences = np.stack(
        [stream(x, hook)[-1].astype(np.float64) - stream(y, hook)[-1] for x, y in zip(a, b, strict=True)]
    )
    values, vectors = np.linalg.eigh(differences.T @ differences)
    assert np.linalg.norm(found) == pytest.approx(1, abs=1e-5)
    assert (differences @ found).mean() >= 0
    explained = np.square(differences @ found).sum()
    assert explained == pytest.approx(values[-1], rel=1e-4)
    if len(values) < 2 or values[-2] < 0.9 * values[-1]:
        assert abs(found @ vectors[:, -1]) == pytest.approx(1, abs=1e-2)
    if (differences @ found).mean() > 1e-3:
        np.testing.assert_allclose(steering_vectors.direction(b, a, place, model), -found, atol=1e-4)


def test_prompts_without_a_direction() -> None:
    model = load("tiny")
    place = parse_place("h.2", model.config)
    with pytest.raises(ModelError, match=r"^negative must hold 2 prompts, as many as positive, not 1$"):
        steering_vectors.direction([[5], [6]], [[7]], place, model)
    with pytest.raises(ModelError, match=r"^positive and negative must differ at this place"):
        steering_vectors.direction([[5], [6]], [[5], [6]], place, model)


@given(st.integers(1, 3), st.integers(0, 2**31))
def test_numbers_are_packed_without_loss(n_rows: int, seed: int) -> None:
    model = load("tiny")
    rows = np.random.default_rng(seed).standard_normal((n_rows, 32)).astype(np.float32)
    vector = steering_vectors.parse_vector(str(steering_vectors.Numbers.pack(rows)))
    np.testing.assert_array_equal(vector.rows(parse_place("h.2", model.config), model), rows)


@pytest.mark.parametrize("packed", ["", "AAAA", "AAAA" * 33, "!", "A", str(np.float32(0)), "é"])
def test_numbers_that_are_not_a_vector(packed: str) -> None:
    with pytest.raises(ModelError, match=r"^numbers\(\.\.\.\) must hold rows of 32 finite numbers for tiny$"):
        load(f'tiny ; add 1 * numbers("{packed}") to h.1')


def test_numbers_that_are_not_finite() -> None:
    vector = steering_vectors.Numbers.pack(np.full((1, 32), np.inf, np.float32))
    with pytest.raises(ModelError, match="finite numbers"):
        load(f"tiny ; add 1 * {vector} to h.1")
