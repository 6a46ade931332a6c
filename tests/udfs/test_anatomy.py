from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import udfs
from tests.udfs.all_heads import heads, mix
from udfs.backend.catalogue import load
from udfs.backend.gpt2 import forward
from udfs.cells import CellError

PROMPT = "The cat sat on the"
MODEL = "tiny"


def stream(place: str = "h.0") -> np.ndarray:
    return udfs.gpt2_residual(PROMPT, place, MODEL)


def test_the_steps_of_a_block_give_the_block() -> None:
    x = stream("h.1")
    qkv = udfs.gpt2_linear(udfs.gpt2_layernorm(x, "h.1.ln_1", MODEL), "h.1.attn.c_attn", MODEL)
    middle = x + udfs.gpt2_linear(mix(qkv, 4), "h.1.attn.c_proj", MODEL)
    hidden = udfs.gpt2_linear(udfs.gpt2_layernorm(middle, "h.1.ln_2", MODEL), "h.1.mlp.c_fc", MODEL)
    out = middle + udfs.gpt2_linear(udfs.gpt2_gelu(hidden), "h.1.mlp.c_proj", MODEL)
    np.testing.assert_allclose(out, udfs.gpt2_block(1, x, MODEL), atol=1e-5)


def test_the_blocks_give_the_prediction() -> None:
    ids = [[row[2]] for row in udfs.gpt2_tokenize(PROMPT)[1:]]
    x = udfs.gpt2_embed(ids, MODEL) + udfs.gpt2_position(ids, MODEL)
    for layer in range(3):
        x = udfs.gpt2_block(layer, x, MODEL)
    by_steps, from_text = udfs.gpt2_logits(x, 5, 0.7, MODEL), udfs.gpt2_predict(PROMPT, 5, 0.7, MODEL)
    assert [row[:3] for row in by_steps] == [row[:3] for row in from_text]
    assert by_steps[0] == ["rank", "token", "id", "logit", "probability"]
    probabilities = [row[4] for row in by_steps[1:]]
    np.testing.assert_allclose(probabilities, [row[4] for row in from_text[1:]], rtol=1e-4)
    assert probabilities == sorted(probabilities, reverse=True)


def test_scores_and_patterns() -> None:
    qkv = udfs.gpt2_linear(udfs.gpt2_layernorm(stream(), "h.0.ln_1", MODEL), "h.0.attn.c_attn", MODEL)
    q, k, _ = heads(qkv, 4)[2]
    scores, pattern = udfs.gpt2_attention_scores(q, k), udfs.gpt2_attention_pattern(q, k)
    assert [sum(cell is not None for cell in row) for row in scores] == [1, 2, 3, 4, 5]
    np.testing.assert_allclose(pattern.sum(axis=1), 1, rtol=1e-5)
    assert not np.triu(pattern, 1).any()
    for i, row in enumerate(scores):
        np.testing.assert_allclose(udfs.gpt2_softmax([row])[0], pattern[i, : i + 1], rtol=1e-4)
    np.testing.assert_allclose(pattern, stream("h.0.attn.head.2.pattern"), rtol=1e-5)
    for row, expected in zip(scores, stream("h.0.attn.head.2.scores"), strict=True):
        assert [x is None for x in row] == [x is None for x in expected]
        assert [x or 0 for x in row] == pytest.approx([x or 0 for x in expected], rel=1e-4)


def test_logits_of_chosen_tokens_and_of_all() -> None:
    x = stream("h.3")
    everything = udfs.gpt2_unembed(x, None, MODEL)
    assert everything.shape == (50257, 5)
    np.testing.assert_allclose(udfs.gpt2_unembed(x, [[7, 50256]], MODEL), everything[[7, 50256]].T, atol=1e-5)
    best = udfs.gpt2_logits(x, 1, 1, MODEL)[1]
    assert best[2] == everything[:, -1].argmax()


def test_the_last_norm_is_a_place() -> None:
    np.testing.assert_allclose(stream("ln_f"), udfs.gpt2_layernorm(stream("h.3"), "ln_f", MODEL), atol=1e-6)


def test_bos_begins_the_prompt() -> None:
    with_bos = udfs.gpt2_residual(PROMPT, "wte", f"{MODEL} ; bos")
    assert with_bos.shape == (6, 32)
    np.testing.assert_array_equal(with_bos[0], load(MODEL)["wte.weight"][50256])
    np.testing.assert_array_equal(with_bos, udfs.gpt2_residual("<|endoftext|>" + PROMPT, "wte", MODEL))


def test_an_edited_model_flows_through() -> None:
    edited = udfs.gpt2_model(MODEL, [["scale", "h.1.attn", 0]])
    prompt = "Quietly, unlike every other prompt here"  # not yet in a cache
    before = udfs.gpt2_residual(prompt, "h.1", MODEL)
    assert (udfs.gpt2_residual(prompt, "h.1", edited) == before).all()
    np.testing.assert_allclose(udfs.gpt2_residual(prompt, "h.1.mid", edited), before, atol=1e-6)
    assert udfs.gpt2_predict(prompt, 1, 1, edited) != udfs.gpt2_predict(prompt, 1, 1, MODEL)


def test_edits_replace_values() -> None:
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    edits = [[None, 9.0, ""], [None, None, None], ["", "", None]]
    assert udfs.gpt2_edit(values, edits).tolist() == [[0, 9, 2], [3, 4, 5]]
    assert udfs.gpt2_edit(values, None).tolist() == values.tolist()
    with pytest.raises(CellError, match=r"^edits must be within 2 x 3 values, not in row 3, column 1$"):
        udfs.gpt2_edit(values, [[None], [None], [1.0]])
    with pytest.raises(CellError, match=r"^edits has the text 'x' in row 2, column 3: a number is needed$"):
        udfs.gpt2_edit(values, [["", None, 1.0], [None, "", "x"]])
    with pytest.raises(CellError, match=r"^edits has the text 'x' in row 1, column 1: a number is needed$"):
        udfs.gpt2_edit(values, [["x"]])


def test_numbers_beyond_float32_are_an_error() -> None:
    huge = np.full((1, 32), 1e38, np.float32)
    edited = udfs.gpt2_model(MODEL, [["scale", "h.0.mlp", 1e30]])
    with np.errstate(all="ignore"), pytest.raises(CellError, match="too large"):
        udfs.gpt2_block(0, huge, edited)


def test_temperature_zero_is_greedy() -> None:
    assert [row[4] for row in udfs.gpt2_predict(PROMPT, 3, 0, MODEL)[1:]] == [1, 0, 0]
    assert udfs.gpt2_softmax([[1, 3, 2]], 0).tolist() == [[0, 1, 0]]


def test_gelu() -> None:
    np.testing.assert_array_equal(udfs.gpt2_gelu([[1, -1]]), forward.gelu(np.array([[1.0, -1.0]])))


def test_functions_without_a_model_compute_in_double_precision() -> None:
    assert udfs.gpt2_gelu([[1e300, -1e300]]).tolist() == [[1e300, 0]]
    assert udfs.gpt2_softmax([[1e300, 0]]).tolist() == [[1, 0]]
    assert udfs.gpt2_softmax([[0.1, 0.2]])[0, 0] == pytest.approx(1 / (1 + np.exp(0.1)), rel=1e-15)
    assert udfs.gpt2_edit([[0.1, 1e300]], [[None, 0.3]]).tolist() == [[0.1, 0.3]]


@pytest.mark.parametrize("function", [udfs.gpt2_predict, udfs.gpt2_logitlens])
def test_an_edit_beyond_float32_is_one_line(function: Callable[..., Any]) -> None:
    model = "demo ; scale h.3.mlp by 1e38 ; scale h.4.mlp by 1e38"
    with np.errstate(all="ignore"), pytest.raises(CellError, match="numbers that are not finite"):
        function("Mike", 3, model=model)
