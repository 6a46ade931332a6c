from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.whole_pass import all_logits, trace
from udfs.backend import next_token
from udfs.backend.catalogue import load
from udfs.backend.gpt2 import forward
from udfs.backend.interpret import logit_lens
from udfs.backend.stream import residual_stream

prompts = st.lists(st.integers(0, 50256), min_size=1, max_size=8)


@settings(deadline=None, max_examples=25)
@given(prompts)
def test_the_last_row_is_the_models_output(ids: list[int]) -> None:
    model = load("tiny")
    logits = all_logits(ids, model)[-1]
    last = list(logit_lens.stages(ids, model, halves=True).values())[-1][-1:]
    tops = logit_lens.tops(last, 5, model)
    assert tops.ids[0].tolist() == next_token.top(logits, 5).tolist()
    np.testing.assert_allclose(tops.probabilities[0], forward.softmax(logits)[tops.ids[0]], rtol=1e-4)


def test_the_stages_are_places_in_the_stream() -> None:
    ids, model = [5, 6, 7], load("tiny")
    seen = trace(ids, model)
    stages = logit_lens.stages(ids, model, halves=True)
    assert list(stages) == ["h.0", "h.0.mid", "h.1", "h.1.mid", "h.2", "h.2.mid", "h.3"]
    np.testing.assert_allclose(stages["h.1"], seen["blocks.1.hook_resid_pre"], atol=1e-5)
    np.testing.assert_allclose(stages["h.1.mid"], seen["blocks.1.hook_resid_mid"], atol=1e-5)
    np.testing.assert_allclose(stages["h.3"], seen["blocks.2.hook_resid_post"], atol=1e-5)


def test_a_tokens_rank_is_its_place_in_the_sorted_logits() -> None:
    ids, model = [5, 6, 7], load("tiny")
    rows = np.stack([residual[-1] for residual in residual_stream(ids, model)])
    logits = forward.unembed(rows, model)
    found = logit_lens.track(rows, 123, model)
    order = np.argsort(-logits, axis=1, kind="stable")
    assert [list(row).index(123) + 1 for row in order] == found.ranks.tolist()
    np.testing.assert_allclose(found.logits, logits[:, 123], rtol=1e-5)
    np.testing.assert_allclose(found.probabilities, forward.softmax(logits)[:, 123], rtol=1e-4)


def test_more_rows_than_fit_into_one_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    ids, model = list(range(1, 9)), load("tiny")
    rows = residual_stream(ids, model)[1]
    whole = logit_lens.tops(rows, 3, model)
    monkeypatch.setattr(next_token, "_CHUNK", 3)
    np.testing.assert_array_equal(logit_lens.tops(rows, 3, model).ids, whole.ids)
