"""Results have the same bytes as a fresh computation, no matter which streams earlier calls have left in the cache."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from udfs.backend import stream
from udfs.backend.catalogue import load
from udfs.backend.gpt2.forward import block, embed, no_hook
from udfs.backend.gpt2.interventions import with_interventions
from udfs.backend.result_cache import Budget, Cache

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
def blocks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Counts the blocks that are computed, from an empty cache on."""
    computed: list[int] = []
    quick_block = stream.quick_block

    def counted(layer: int, *rest: object) -> np.ndarray:
        computed.append(layer)
        return quick_block(layer, *rest)

    monkeypatch.setattr(stream, "_kept", Cache(Budget(lambda: 10**9)))
    monkeypatch.setattr(stream, "quick_block", counted)
    return computed


def test_the_same_prompt_costs_nothing(blocks: list[int]) -> None:
    first = stream.residual_stream(IDS, load("tiny"))
    again = stream.residual_stream(IDS, load("tiny"))
    assert all(a is b for a, b in zip(first, again, strict=True))
    assert blocks == [0, 1, 2]


@pytest.mark.parametrize("ids", [IDS[:-1], [*IDS, 5], IDS[::-1]])
def test_another_prompt_costs_every_block(blocks: list[int], ids: list[int]) -> None:
    stream.residual_stream(IDS, load("tiny"))
    blocks.clear()
    stream.residual_stream(ids, load("tiny"))
    assert blocks == [0, 1, 2]


@pytest.mark.parametrize(
    "text", ["tiny ; float64", "tiny ; set wte.weight[0, 0] = 1", "tiny ; set wpe.weight[0, 0] = 1"]
)
def test_another_type_or_embedding_costs_every_block(blocks: list[int], text: str) -> None:
    stream.residual_stream(IDS, load("tiny"))
    blocks.clear()
    stream.residual_stream(IDS, load(text))
    assert blocks == [0, 1, 2]


@pytest.mark.parametrize(
    ("operation", "layer"),
    [
        ("scale h.0.mlp by 0", 0),
        ("scale h.1.attn.head.2 by 0", 1),
        ("set h.2.ln_1.bias[3] = 1", 2),
        ("set ln_f.bias[3] = 1", 3),
        ('mean h.1.attn over ["one", "two"]', 1),
        ("add 3 * sae(1, 2) to h.0 at all", 0),
        ("add 3 * sae(1, 2) to h.1 at last", 1),
        ("add 3 * sae(1, 2) to h.1.mid at all", 1),
        ("add 3 * sae(1, 2) to h.2.out at all", 2),
    ],
)
def test_an_operation_costs_the_blocks_from_there(blocks: list[int], operation: str, layer: int) -> None:
    model = load(f"tiny ; {operation}")
    before = stream.residual_stream(IDS, load("tiny"))
    blocks.clear()
    after = stream.residual_stream(IDS, model)
    assert blocks == list(range(layer, 3))
    assert all((a == b).all() for a, b in zip(before[: layer + 1], after, strict=False))


prompts = st.lists(st.sampled_from([5, 6, 7]), min_size=1, max_size=12)


@settings(max_examples=40)  # each asks up to twelve questions
@given(st.lists(st.tuples(st.sampled_from(TEXTS), prompts), min_size=1, max_size=12), st.integers(0, 200_000))
def test_earlier_calls_do_not_change_the_bytes(questions: list[tuple[str, list[int]]], room: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stream, "_kept", Cache(Budget(lambda: room)))
        warm = [stream.residual_stream(ids, load(text)) for text, ids in questions]
        for (text, ids), found in zip(questions, warm, strict=True):
            patch.setattr(stream, "_kept", Cache(Budget(lambda: 0)))
            cold = stream.residual_stream(ids, load(text))
            assert [residual.tobytes() for residual in found] == [residual.tobytes() for residual in cold]


@pytest.mark.parametrize("text", TEXTS)
def test_the_stream_is_the_forward_pass_with_the_interventions(text: str) -> None:
    model = load(text)
    hook = with_interventions(no_hook, model.interventions, 0, len(IDS))
    residual = embed(IDS, model)
    for layer, found in enumerate(stream.residual_stream(IDS, model)):
        np.testing.assert_allclose(found, residual, atol=1e-5, rtol=1e-5)
        if layer < 3:
            residual = block(layer, residual, model, hook)


def test_a_kept_stream_cannot_be_changed(blocks: list[int]) -> None:
    with pytest.raises(ValueError, match="read-only"):
        stream.residual_stream(IDS, load("tiny"))[1][0, 0] = 0
