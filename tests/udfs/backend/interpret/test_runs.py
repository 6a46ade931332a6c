"""Whatever is reused, the answer is the one that a fresh computation gives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from udfs.backend.catalogue import load
from udfs.backend.generate.kv_cache import KeyValues
from udfs.backend.gpt2 import forward
from udfs.backend.interpret import runs
from udfs.backend.result_cache import Cache

IDS = list(range(1000, 1020))
TEXTS = ("tiny", "tiny ; scale h.0.attn by 0.5", "tiny ; scale h.1.mlp by 2", "tiny ; set ln_f.bias[0] = 3",
         "tiny ; set wpe.weight[2, 1] = 1", "tiny ; scale h.1.attn.head.2 by 0 ; scale h.2.mlp by 0",
         "tiny ; add 5 * sae(1, 3) to h.1 at all", "tiny ; add 5 * sae(1, 3) to h.1 at last",
         "tiny ; add 5 * sae(1, 4) to h.1 at last ; add 5 * sae(1, 3) to h.2.mid at first 2",
         "tiny ; add 2 * sae(1, 3) to h.0 at last ; add 5 * sae(1, 3) to h.1 at 1, 3, 4",
         "tiny ; add 5 * sae(1, 4) to h.1 at last ; add 5 * sae(1, 4) to h.1 at last",
         'tiny ; add 2 * contrast("one two three", "four") to h.2 at prompt',
         "tiny ; add 5 * sae(1, 3) to h.1.attn at last ; scale h.2.mlp by 2",
         'tiny ; mean h.1.mlp over ["one two"] ; add 5 * sae(1, 3) to h.1 at last')  # fmt: skip


@pytest.fixture
def blocks(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The blocks that are computed, with their number of rows, beginning with nothing kept."""
    computed: list[tuple[int, int]] = []

    def block(layer: int, residual: np.ndarray, *rest: object, **more: object) -> np.ndarray:
        computed.append((layer, len(residual)))
        return forward.block(layer, residual, *rest, **more)

    monkeypatch.setattr(runs, "_runs", Cache(10**9))
    monkeypatch.setattr(runs, "block", block)
    return computed


def test_the_same_question_costs_nothing(blocks: list[tuple[int, int]]) -> None:
    first = runs.run(IDS, load("tiny"))
    assert runs.run(IDS, load("tiny")) is first
    assert blocks == [(0, 20), (1, 20), (2, 20)]


def test_a_longer_prompt_costs_its_new_tokens(blocks: list[tuple[int, int]]) -> None:
    runs.run(IDS[:15], load("tiny"))
    blocks.clear()
    runs.run(IDS, load("tiny"))
    assert blocks == [(0, 5), (1, 5), (2, 5)]


def test_a_longer_prompt_in_float64(blocks: list[tuple[int, int]]) -> None:
    """Nothing that is kept is kept in float32, nor shared with the model that computes in it."""
    model = load("tiny ; float64")
    runs.run(IDS[:15], load("tiny"))
    runs.run(IDS[:15], model)
    found = runs.run(IDS, model).stream[-1]
    np.testing.assert_allclose(found, forward.forward(IDS, model), rtol=1e-12)


def test_a_shorter_prompt_costs_nothing(blocks: list[tuple[int, int]]) -> None:
    runs.run(IDS, load("tiny"))
    blocks.clear()
    runs.run(IDS[:7], load("tiny"))
    assert blocks == []


@pytest.mark.parametrize("layer", [0, 1, 2])
def test_an_edit_in_a_block_costs_the_blocks_from_there(blocks: list[tuple[int, int]], layer: int) -> None:
    runs.run(IDS, load("tiny"))
    blocks.clear()
    runs.run(IDS, load(f"tiny ; scale h.{layer}.mlp by 0"))
    assert blocks == [(later, 20) for later in range(layer, 3)]


@pytest.mark.parametrize(("place", "layer"), [("h.0", 0), ("h.1", 1), ("h.1.mid", 1), ("h.2.out", 2)])
def test_an_addition_costs_the_blocks_from_there(blocks: list[tuple[int, int]], place: str, layer: int) -> None:
    runs.run(IDS, load("tiny"))
    blocks.clear()
    runs.run(IDS, load(f"tiny ; add 3 * sae(1, 2) to {place} at all"))
    assert blocks == [(later, 20) for later in range(layer, 3)]


@pytest.mark.parametrize(("where", "n_new"), [("all", 5), ("prompt", 5), ("first 3", 5), ("0, 17", 5), ("last", 6)])
def test_a_longer_steered_prompt_costs_what_is_new(blocks: list[tuple[int, int]], where: str, n_new: int) -> None:
    """The token that was the last one is no longer steered, so it is read again."""
    model = load(f"tiny ; add 3 * sae(1, 2) to h.1 at {where}")
    runs.run(IDS[:15], model)
    blocks.clear()
    runs.run(IDS, model)
    assert blocks == [(layer, n_new) for layer in range(3)]


def test_an_edited_embedding_costs_everything(blocks: list[tuple[int, int]]) -> None:
    runs.run(IDS, load("tiny"))
    blocks.clear()
    runs.run(IDS, load("tiny ; set wte.weight[0, 0] = 1"))
    assert blocks == [(0, 20), (1, 20), (2, 20)]


prompts = st.lists(st.sampled_from([5, 6, 7]), min_size=1, max_size=12)


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(TEXTS), prompts), min_size=1, max_size=12), st.integers(0, 200_000))
def test_whatever_was_asked_before_the_answer_is_the_same(questions: list[tuple[str, list[int]]], room: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs, "_runs", Cache(room))
        for text, ids in questions:
            model = load(text)
            found, fresh = runs.run(ids, model), forward.trace(ids, model)
            np.testing.assert_array_equal(found.stream[0], forward.embed(ids, model))
            for layer in range(3):
                after = fresh[f"blocks.{layer}.hook_resid_post"]
                np.testing.assert_allclose(found.stream[layer + 1], after, atol=1e-4)
            assert found.past.n_seq == len(ids)


def test_what_is_kept_cannot_be_changed(blocks: list[tuple[int, int]]) -> None:
    with pytest.raises(ValueError, match="read-only"):
        runs.run(IDS, load("tiny")).stream[1][0, 0] = 0


@pytest.mark.parametrize(("text", "atol"), [("tiny", 1e-4), ("tiny ; float64", 1e-12)])
@given(pieces=st.lists(st.integers(1, 9), min_size=1, max_size=8))
def test_read_in_pieces_or_at_once(pieces: list[int], text: str, atol: float) -> None:
    model = load(text)
    ids = (IDS * 4)[: min(sum(pieces), 64)]
    past, parts, start = KeyValues(model.config, dtype=model.dtype), [], 0
    for piece in pieces:
        if ids[start : start + piece]:
            parts.append(forward.forward(ids[start : start + piece], model, past=past))
        start += piece
    np.testing.assert_allclose(np.vstack(parts), forward.forward(ids, model), atol=atol)
    assert past.n_seq == len(ids)
