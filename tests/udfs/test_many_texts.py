from __future__ import annotations

import pytest

import udfs

ADDED = 'tiny ; float64 ; add 2 * contrast("Love", "Hate") to h.1 at all'
TEXTS = [
    "The cat sat on the mat",
    "hello",
    "If today is Tuesday, tomorrow is",
    "A dog ran in the park",
    "Mike is quick.",
]


@pytest.mark.parametrize("model", ["demo", "tiny", ADDED])
def test_each_text_has_the_score_that_it_has_alone(model: str) -> None:
    table = udfs.gpt2_score([[text] for text in TEXTS], model)
    assert table[0] == ["tokens", "log-probability", "perplexity", "next token"]
    for text, (tokens, logs, perplexity, next_token) in zip(TEXTS, table[1:], strict=True):
        alone = udfs.gpt2_logprobs(text, model)[1:]
        assert tokens == len(alone)
        assert next_token == udfs.gpt2_predict(text, 1, 1, model)[1][1]
        if tokens == 1:
            assert (logs, perplexity) == (None, None)
        else:
            assert logs == pytest.approx(sum(row[2] for row in alone[1:]), rel=1e-5)
            assert perplexity == pytest.approx(alone[-1][7], rel=1e-5)


def test_many_texts_of_one_length_go_together() -> None:
    texts = [[f"The number {n} is here"] for n in range(100, 400)]
    table = udfs.gpt2_score(texts, "tiny")
    assert len(table) == 301
    for place in (0, 150, 299):
        assert table[1 + place][1] == pytest.approx(udfs.gpt2_score([texts[place]], "tiny")[1][1], rel=1e-5)


def test_a_blank_among_the_texts_is_an_error() -> None:
    with pytest.raises(udfs.CellError, match=r"^texts has a blank cell in row 2, column 1"):
        udfs.gpt2_score([["a"], [None], ["b"]], "tiny")
