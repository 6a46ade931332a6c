"""A text read in pieces, after going back, or by several beams has the same logits as a text read all at once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from udfs.backend.catalogue import load
from udfs.backend.generate.reader import Reader
from udfs.backend.gpt2.model import Model
from udfs.backend.next_token import next_logits
from udfs.backend.stream import residual_stream

IDS = list(range(1000, 1020))
TEXTS = [("tiny", 1e-4), ("tiny ; float64", 1e-12), ("tiny ; add 5 * sae(1, 3) to h.1 at prompt", 1e-4)]


def logits_at_once(ids: list[int], model: Model) -> np.ndarray:
    return next_logits(residual_stream(ids, model)[-1], model)


@pytest.mark.parametrize(("text", "atol"), TEXTS[:2])
@settings(max_examples=30)  # each compares the logits of the whole vocabulary
@given(pieces=st.lists(st.integers(1, 9), min_size=1, max_size=8))
def test_pieces_give_the_same_logits_as_one_reading(pieces: list[int], text: str, atol: float) -> None:
    model = load(text)
    ids = (IDS * 4)[: min(sum(pieces), 64)]
    reader, logits = Reader(ids[: pieces[0]], model), []
    start = pieces[0]
    for piece in pieces[1:]:
        if ids[start : start + piece]:
            logits.append(reader.read(ids[start : start + piece]))
        start += piece
    assert reader.n_read == len(ids)
    expected = logits_at_once(ids, model)
    np.testing.assert_allclose(reader.next_logits(), expected[-1], atol=atol)
    if logits:
        np.testing.assert_allclose(np.vstack(logits), expected[pieces[0] :], atol=atol)


def test_readers_of_one_prompt_do_not_meet() -> None:
    model = load("tiny")
    first = Reader(IDS[:5], model)
    expected = first.next_logits(), first.read(IDS[5:9])
    second = Reader(IDS[:5], model)
    np.testing.assert_array_equal(second.next_logits(), expected[0])
    second.read(IDS[10:20])
    third = Reader(IDS[:5], model)
    np.testing.assert_array_equal(third.next_logits(), expected[0])
    np.testing.assert_array_equal(third.read(IDS[5:9]), expected[1])


def test_forgotten_tokens_make_no_difference() -> None:
    model = load("tiny")
    reader = Reader(IDS[:5], model)
    reader.read([7, 8, 9])
    reader.go_back(5)
    np.testing.assert_array_equal(reader.read(IDS[5:8]), Reader(IDS[:5], model).read(IDS[5:8]))
    assert reader.n_read == 8


@pytest.mark.parametrize(("text", "atol"), TEXTS)
def test_beams_do_not_affect_each_other(text: str, atol: float) -> None:
    model = load(text)
    reader = Reader(IDS, model)
    beams = reader.beams()
    np.testing.assert_array_equal(beams.next_logits()[0], reader.next_logits())
    beams.read([0, 0, 0], [1, 2, 3])
    found = beams.read([2, 0, 2], [4, 5, 6])
    for logits, own in zip(found, ([3, 4], [1, 5], [3, 6]), strict=True):
        alone = Reader(IDS, model)
        np.testing.assert_allclose(logits, alone.read(own)[-1], atol=atol)
    assert reader.n_read == len(IDS)


def test_steering_at_prompt_does_not_reach_later_tokens() -> None:
    """`prompt` steers only the prompt, and no token that is read later."""
    steered, plain = load("tiny ; add 5 * sae(1, 3) to h.2.out at prompt"), load("tiny")
    np.testing.assert_array_equal(Reader(IDS, steered).read([7]), Reader(IDS, plain).read([7]))
    assert (Reader(IDS, steered).next_logits() != Reader(IDS, plain).next_logits()).any()
