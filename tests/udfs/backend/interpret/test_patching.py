from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.whole_pass import final_stream, trace
from udfs.backend.catalogue import load
from udfs.backend.errors import ModelError
from udfs.backend.interpret import patching
from udfs.backend.interpret.patching import Pair, attribution_patch, patch, patched_ends
from udfs.backend.stream import residual_stream

CLEAN, CORRUPTED = [10, 20, 30, 40, 50, 60], [10, 20, 31, 40, 51, 60]
prompts = st.lists(st.integers(0, 50256), min_size=5, max_size=5)


def pair(clean: list[int] = CLEAN, corrupted: list[int] = CORRUPTED, text: str = "tiny") -> Pair:
    return Pair(clean, corrupted, 11, 4711, load(text))


@settings(deadline=None, max_examples=20)
@given(prompts, prompts, st.integers(0, 2))
def test_patching_everything_is_the_clean_run(clean: list[int], corrupted: list[int], layer: int) -> None:
    assume(clean != corrupted)
    both = pair(clean, corrupted)
    stream = residual_stream(clean, both.model)
    ends = patched_ends(layer, "positions", np.arange(5)[None], stream[layer][None], 0, both)
    np.testing.assert_allclose(ends[0], stream[-1][-1], atol=1e-5)


@settings(deadline=None, max_examples=10)
@given(prompts, st.sampled_from(list(patching.HOOKS)), st.sampled_from([("tiny", 1), ("tiny ; float64", 1e-8)]))
def test_a_patch_equals_a_run_with_the_value_replaced(clean: list[int], what: str, model: tuple[str, float]) -> None:
    corrupted = [clean[0], (clean[1] + 1) % 50257, *clean[2:]]
    text, finer = model
    both = pair(clean, corrupted, text)
    shares = patch(both, what)
    seen, hook = trace(clean, both.model), f"blocks.1.{patching.HOOKS[what]}"

    def see(place: str, value: np.ndarray) -> np.ndarray:
        if place == hook:
            value = value.copy()
            value[3] = seen[hook][3]
        return value

    end = final_stream(corrupted, both.model, see)[-1:]
    assert shares[1, 3] == pytest.approx(both.restored(end)[0], abs=finer * max(1e-3, 1e-4 / abs(both.gap)))


def test_patches_before_the_difference_do_nothing() -> None:
    shares = patch(pair())
    assert shares.shape == (3, 6)
    assert not shares[:, :2].any()
    assert shares[0, 3] == pytest.approx(0, abs=1e-4)  # the same token in both prompts


def test_batched_runs_equal_single_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = patch(pair())
    monkeypatch.setattr(patching, "_ROWS", 5)
    np.testing.assert_allclose(patch(pair()), whole, atol=1e-4)


def test_a_pair_must_be_comparable() -> None:
    with pytest.raises(ModelError, match=r"^corrupted must have 6 tokens, as many as clean, not 2$"):
        pair(corrupted=[1, 2])
    with pytest.raises(ModelError, match=r"^corrupted must change the logit difference"):
        pair(corrupted=CLEAN)


def test_attribution_patching_is_exact_for_a_small_part_of_the_change() -> None:
    both = pair(text="tiny ; float64")
    estimated = attribution_patch(both)
    assert estimated.shape == (3, 6)
    assert not estimated[:, : both.first].any()
    size = 1e-5
    for layer, position in ((0, 2), (1, 2), (1, 5), (2, 4)):
        clean, corrupted = both.clean_values("positions", layer), both.corrupted_stream[layer]
        value = corrupted[position] + size * (clean[position] - corrupted[position])
        ends = patched_ends(layer, "positions", np.array([[position]]), value[None, None], 0, both)
        assert estimated[layer, position] == pytest.approx(both.restored(ends)[0] / size, rel=1e-3, abs=1e-6)
