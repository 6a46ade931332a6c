from __future__ import annotations

import pytest

import udfs
from udfs.cells import CellError

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
PROMPTS = [[f"If today is {day}, tomorrow is"] for day in DAYS]
ANSWERS = [[f" {day}"] for day in (*DAYS[1:], DAYS[0])]
CLEAN = "When Mary and John went to the store, John gave a drink to"
CORRUPTED = "When Mary and John went to the store, Mary gave a drink to"


def test_a_circuit_of_everything_and_of_nothing() -> None:
    everything = [[f"h.{layer}.{half}"] for layer in range(12) for half in ("attn", "mlp")]
    table = udfs.gpt2_circuit(PROMPTS, ANSWERS, everything, None, "demo")
    assert table[0] == ["prompt", "answer", "rank", "probability", "right"]
    for row, (prompt,), (answer,) in zip(table[1:], PROMPTS, ANSWERS, strict=True):
        assert row[:3] == [prompt, answer, 1]
        assert row[4] is True
        assert row[3] == pytest.approx(udfs.gpt2_predict(prompt, 1, 1, "demo")[1][4], abs=1e-4)
    nothing = udfs.gpt2_circuit(PROMPTS, ANSWERS, [[None], [""]], None, "demo")
    assert sum(row[4] for row in nothing[1:]) <= 1  # all the same, because everything is the mean


def test_answers_must_be_as_many_as_prompts() -> None:
    with pytest.raises(CellError, match=r"^answers must hold one token for each of the 7 prompts, not 6 in all$"):
        udfs.gpt2_circuit(PROMPTS, ANSWERS[1:], "h.0.mlp", None, "demo")


def test_patching_the_name_or_the_end_restores_the_indirect_object() -> None:
    table = udfs.gpt2_patch(CLEAN, CORRUPTED, " Mary", " John", None, "demo")
    assert table[0][0] == "layer"
    assert table[0][10] == " John / Mary"
    assert table[1][10] == pytest.approx(1, abs=1e-3)
    assert table[-1][-1] == pytest.approx(1, abs=0.1)
    assert not any(table[1][1:10])


def test_patching_heads_has_a_column_for_each_head() -> None:
    table = udfs.gpt2_patch("a b c", "a d c", " e", " f", "heads", "tiny")
    assert table[0] == ["layer", "head 0", "head 1", "head 2", "head 3"]
    assert [row[0] for row in table[1:]] == [0, 1, 2]


def test_prompts_must_have_the_same_length() -> None:
    with pytest.raises(CellError, match=r"^corrupted must have 3 tokens, as many as clean, not 2$"):
        udfs.gpt2_patch("a b c", "a b", " e", " f", None, "tiny")
