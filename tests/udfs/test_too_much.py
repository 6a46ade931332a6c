"""A cell cannot make this machine hold more than it can: what would is one line."""

from __future__ import annotations

import numpy as np
import pytest

import udfs
from udfs import arguments
from udfs.cells import CellError
from udfs.model import MAX_CELLS


def test_embeddings_fill_no_more_cells_than_a_spill_has() -> None:
    with pytest.raises(CellError, match=rf"^ids must be 1 to {MAX_CELLS // 32} for tiny, not 40000$"):
        udfs.gpt2_embed(np.ones((40_000, 1)), "tiny")


def test_logits_fill_no_more_cells_than_a_spill_has() -> None:
    with pytest.raises(CellError, match=rf"^ids must be 1 to {MAX_CELLS // 64} for 64 rows, not 40000$"):
        udfs.gpt2_unembed(np.ones((64, 32)), np.ones((40_000, 1)), "tiny")


@pytest.mark.parametrize("name", ["prompts", "positive"])
def test_prompts_together_are_no_longer_than_memory_allows(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arguments, "_MAX_READ_BYTES", 200 * 4 * 32 * 10)  # 200 tokens of 3 layers of 32 channels
    prompts, answers = [["a b c d e"]] * 41, [[" a"]] * 41
    arguments_of = {
        "prompts": (udfs.gpt2_circuit, (prompts, answers, "h.0.mlp", "mean", "tiny")),
        "positive": (udfs.gpt2_direction, (prompts, prompts, "h.1", "tiny")),
    }
    function, given = arguments_of[name]
    with pytest.raises(CellError, match=rf"^{name} must have at most 200 tokens together for tiny, not 205$"):
        function(*given)


def test_two_prompts_of_the_whole_context_always_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arguments, "_MAX_READ_BYTES", 1)
    prompts = [["a" + " b" * 63], ["b" + " a" * 63]]
    assert len(udfs.gpt2_circuit(prompts, [[" a"], [" b"]], "h.0.mlp", "mean", "tiny")) == 3
