from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from udfs.backend.catalogue import load
from udfs.backend.gpt2 import forward
from udfs.backend.interpret.attribution import attribution
from udfs.backend.stream import residual_stream

TEXTS = ("tiny", "tiny ; scale h.1.attn by 2 ; scale h.0.attn.head.1 by 0")
prompts = st.lists(st.integers(0, 50256), min_size=1, max_size=8)
tokens = st.integers(0, 50256)


@settings(deadline=None, max_examples=40)
@given(prompts, tokens, st.none() | tokens, st.sampled_from(TEXTS))
def test_the_parts_sum_to_the_logit(ids: list[int], target: int, against: int | None, text: str) -> None:
    model = load(text)
    logits = forward.unembed(residual_stream(ids, model)[-1][-1:], model)[0]
    wanted = logits[target] - (0 if against is None else logits[against])
    assert sum(part.logit for part in attribution(ids, target, model, against)) == pytest.approx(wanted, abs=1e-3)


def test_the_parts_are_in_the_order_of_the_forward_pass() -> None:
    names = [part.name for part in attribution([5, 6], 7, load("tiny"))]
    block = [*(f"attn.head.{head}" for head in range(4)), "attn.c_proj.bias", "mlp"]
    blocks = [f"h.{layer}.{name}" for layer in range(3) for name in block]
    assert names == ["wte", "wpe", *blocks, "ln_f.bias"]


def test_scaling_a_head_scales_its_part() -> None:
    ids = [5, 6, 7]
    whole = {part.name: part.logit for part in attribution(ids, 11, load("tiny"))}
    without = {part.name: part.logit for part in attribution(ids, 11, load("tiny ; scale h.2.attn.head.3 by 0"))}
    assert whole["h.2.attn.head.3"] != 0
    assert without["h.2.attn.head.3"] == 0
