from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import udfs
from udfs.backend.catalogue import load
from udfs.cells import CellError


def test_tokenize() -> None:
    table = udfs.gpt2_tokenize("The cat sat")
    assert table == [["position", "token", "id"], [0, "The", 464], [1, " cat", 3797], [2, " sat", 3332]]
    assert udfs.gpt2_tokenize("") == [["position", "token", "id"]]
    assert udfs.gpt2_tokenize("=1+1")[1] == [0, "=", 28]
    assert udfs.gpt2_tokenize("😀")[1:] == [[0, r"\xf0\x9f\x98", 47249], [1, r"\x80", 222]]


texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30)


@given(
    texts.filter(lambda text: not text.startswith("#"))
)  # Excel takes #DIV/0! for an error even if it was typed as text
def test_detokenize_undoes_tokenize(text: str) -> None:
    ids = [[row[2]] for row in udfs.gpt2_tokenize(text)[1:]]
    assert udfs.gpt2_detokenize(ids) == text


def test_the_trace_of_merges() -> None:
    table = udfs.gpt2_bpe_steps("The cats")
    assert table[0] == ["piece", "pair", "rank", "after the merge"]
    assert table[1] == ["The", "h + e", 2, "T | he"]
    assert [row[3] for row in table[1:] if row[0] == " cats"][-1] == " cats"
    assert len(udfs.gpt2_bpe_steps("a" * 1500)) == 1001


def test_nearest_tokens() -> None:
    embedding = load("tiny")["wte.weight"][[464]]
    table = udfs.gpt2_nearest_tokens(embedding * 3, 2, "tiny")
    assert table[0] == ["rank", "token", "id", "similarity"]
    assert table[1][:3] == [1, "The", 464]
    assert table[1][3] == pytest.approx(1, abs=1e-5)
    assert table[2][3] < 0.99


@pytest.mark.parametrize(
    ("vector", "message"),
    [
        (np.ones((2, 32)), "vector must be 1 x 32 cells for tiny, not 2 x 32"),
        (np.zeros((1, 32)), "vector must have a number other than zero"),
    ],
)
def test_a_vector_without_neighbours(vector: object, message: str) -> None:
    with pytest.raises(CellError) as error:
        udfs.gpt2_nearest_tokens(vector, 2, "tiny")
    assert str(error.value) == message


def test_embeddings() -> None:
    model = load("tiny")
    np.testing.assert_array_equal(udfs.gpt2_embed([[5], [7]], "tiny"), model["wte.weight"][[5, 7]])
    np.testing.assert_array_equal(udfs.gpt2_position([[5], [7]], "tiny"), model["wpe.weight"][:2])
    with pytest.raises(CellError, match=r"^ids must have 1 to 64 cells for tiny, not 65$"):
        udfs.gpt2_position([[5]] * 65, "tiny")


def test_the_steps_of_a_word_as_long_as_a_cell_are_few_and_short() -> None:
    from time import process_time

    start = process_time()
    _, *rows = udfs.gpt2_bpe_steps("ab" * 16_383)
    assert process_time() - start < 5
    assert len(rows) == 1_000
    assert max(len(cell) for row in rows for cell in row if isinstance(cell, str)) < 2_000
    short = udfs.gpt2_bpe_steps("ab" * 400)
    assert short[1][3] == " | ".join(["ab", *["a", "b"] * 399])
    assert rows[1][3].endswith(" | …")
