from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.whole_pass import all_logits, trace
from udfs.backend.catalogue import load
from udfs.backend.errors import ModelError
from udfs.backend.generate.reader import Reader
from udfs.backend.gpt2.interventions import Addition, Positions, add_rows, parse_positions

IDS = [464, 3797, 3332, 319, 262, 2603]
ROW = np.ones((1, 4), np.float32)

several = st.lists(st.integers(0, 70), min_size=1, max_size=4).map(tuple)
positions = st.one_of(
    st.sampled_from([Positions(), Positions("prompt"), Positions("last")]),
    st.builds(Positions, st.just("first"), st.integers(0, 9).map(lambda n: (n,))),
    st.builds(Positions, st.just("list"), several),
)


@given(positions)
def test_parse_and_print_are_inverse(some: Positions) -> None:
    assert parse_positions(str(some)) == some


@pytest.mark.parametrize(
    ("typed", "where"),
    [("", [0, 1, 2, 3, 4]), ("all", [0, 1, 2, 3, 4]), ("prompt", [0, 1, 2]), ("last", [2]), ("first 2", [0, 1]),
     ("first 99", [0, 1, 2, 3, 4]), ("0,3 , 9", [0, 3]), ("first 0", [])],
)  # fmt: skip
def test_positions_of_an_addition(typed: str, where: list[int]) -> None:
    """Five positions are read. The first three are the prompt."""
    steered = add_rows(np.zeros((5, 4), np.float32), ROW, parse_positions(typed), n_prompt=3)
    assert np.flatnonzero(steered.all(axis=1)).tolist() == where
    assert steered.sum() == 4 * len(where)


@given(positions, st.integers(1, 8), st.integers(1, 8), st.integers(1, 3))
def test_two_pieces_give_the_same_stream_as_one(some: Positions, first: int, second: int, n_rows: int) -> None:
    rows = np.arange(n_rows * 4, dtype=np.float32).reshape(n_rows, 4)
    zeros = np.zeros((first + second, 4), np.float32)
    whole = add_rows(zeros, rows, some, n_prompt=first)
    pieces = [add_rows(zeros[:first], rows, some, 0, first), add_rows(zeros[first:], rows, some, first, first)]
    np.testing.assert_array_equal(np.vstack(pieces), whole)


def test_several_rows_are_added_from_position_0() -> None:
    rows = np.array([[1, 1], [2, 2], [3, 3]], np.float32)
    zeros = np.zeros((5, 2), np.float32)
    assert add_rows(zeros, rows, Positions())[:, 0].tolist() == [1, 2, 3, 0, 0]
    assert add_rows(zeros[:2], rows, Positions())[:, 0].tolist() == [1, 2]
    assert add_rows(zeros, rows, parse_positions("0, 2, 4"))[:, 0].tolist() == [1, 0, 3, 0, 0]
    assert add_rows(zeros[:2], rows, Positions(), start=1)[:, 0].tolist() == [2, 3]
    assert not zeros.any()


@pytest.mark.parametrize("typed", ["every", "first", "first -1", "0; 1", "1.5", "0, ,1", "-1", "9999999"])
def test_positions_that_cannot_be_read(typed: str) -> None:
    with pytest.raises(ModelError, match=r"^positions must be all, prompt, last, first 3, or a list"):
        parse_positions(typed)


@pytest.mark.parametrize("where", ["all", "prompt", "last", "first 7", "2, 6, 7"])
@pytest.mark.parametrize("place", ["h.0", "h.1.mid", "h.2", "h.1.attn", "h.0.mlp", "h.3"])
def test_a_key_value_cache_changes_nothing(where: str, place: str) -> None:
    """Tokens read one by one after the prompt give the same as one reading that knows where the prompt ends."""
    model = load(f"tiny ; add 3 * sae(1, 4) to {place} at {where}")
    after = [4, 5, 6]
    reader = Reader(IDS, model)
    one_by_one = [reader.next_logits(), *(reader.read([token])[0] for token in after)]
    at_once = all_logits(IDS + after, model, n_prompt=len(IDS))
    np.testing.assert_allclose(one_by_one, at_once[len(IDS) - 1 :], atol=1e-4)


def test_a_hook_sees_the_stream_after_the_addition() -> None:
    plain, model = load("tiny"), load("tiny ; add 3 * sae(1, 4) to h.1 at last")
    (addition,) = model.interventions
    assert isinstance(addition, Addition)
    (before, after) = (trace(IDS, m)["blocks.1.hook_resid_pre"] for m in (plain, model))
    np.testing.assert_array_equal(before[:-1], after[:-1])
    np.testing.assert_allclose((after - before)[-1], addition.rows[0], atol=1e-5)
