"""A cell cannot exhaust this machine's memory: a call that would is one line."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

import udfs
from udfs.cells import CellError, arguments


def test_no_more_ids_than_tokens_in_the_vocabulary() -> None:
    ids = np.ones((50_258, 1))
    calls = (udfs.gpt2_detokenize, partial(udfs.gpt2_embed, model="tiny"), partial(udfs.gpt2_position, model="tiny"))
    for call in calls:
        with pytest.raises(CellError, match=r"^ids must have at most 50257 cells, not 50258$"):
            call(ids)


@pytest.mark.parametrize("name", ["prompts", "positive"])
def test_prompts_must_fit_into_memory_together(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arguments, "_MAX_READ_BYTES", 200 * 4 * 32 * 10)  # 200 tokens in 3 layers of 32 channels
    prompts, answers = [["a b c d e"]] * 41, [[" a"]] * 41
    arguments_of = {
        "prompts": (udfs.gpt2_circuit, (prompts, answers, "h.0.mlp", "mean", "tiny")),
        "positive": (udfs.gpt2_direction, (prompts, prompts, "h.1", "tiny")),
    }
    function, given = arguments_of[name]
    with pytest.raises(CellError, match=rf"^{name} must have at most 200 tokens in total for tiny, not 205$"):
        function(*given)


def test_two_prompts_as_long_as_the_context_always_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arguments, "_MAX_READ_BYTES", 1)
    prompts = [["a" + " b" * 63], ["b" + " a" * 63]]
    assert len(udfs.gpt2_circuit(prompts, [[" a"], [" b"]], "h.0.mlp", "mean", "tiny")) == 3
