from __future__ import annotations

from threading import Event
from typing import Any

import pytest

import udfs
from tests.caches import forget_results
from udfs.backend.stopping import Stopped, stopped_by
from udfs.cells import FUNCTIONS

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


def test_scores_of_texts_of_all_lengths_are_the_same_in_any_order() -> None:
    texts = [" ".join(TEXTS[: 1 + n % 4]) + f" {n}" for n in range(40)]
    table = udfs.gpt2_score([[text] for text in texts], "tiny")[1:]
    turned = udfs.gpt2_score([[text] for text in reversed(texts)], "tiny")[1:]
    for row, again in zip(table, reversed(turned), strict=True):
        assert row == close(again)


COLUMN = [[text] for text in TEXTS]
MODELS = ["demo", "tiny", ADDED]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("k", [1, 3])
def test_predictions_of_a_column_are_those_of_each_prompt(model: str, k: int) -> None:
    header, *rows = udfs.gpt2_predict(COLUMN, k, 0.7, model)
    assert header[:4] == ["token", "id", "logit", "probability"]
    assert header[4:5] == (["token 2"] if k > 1 else [])
    for text, row in zip(TEXTS, rows, strict=True):
        alone = [cell for _, *cells in udfs.gpt2_predict(text, k, 0.7, model)[1:] for cell in cells]
        assert row == close(alone)


@pytest.mark.parametrize("model", MODELS)
def test_lens_tracks_of_a_column_are_those_of_each_prompt(model: str) -> None:
    targets = [" the", " a", " Wednesday", ".", " he"]
    header, *rows = udfs.gpt2_lens_track(COLUMN, [[target] for target in targets], -1, model)
    assert header == [*range(len(header) - 1), "rank"]
    for text, target, row in zip(TEXTS, targets, rows, strict=True):
        alone = udfs.gpt2_lens_track(text, target, -1, model)[1:]
        assert row == close([*(of_layer[2] for of_layer in alone), alone[-1][3]])
    first = udfs.gpt2_lens_track(TEXTS[0], " the", 0, model)
    assert udfs.gpt2_lens_track(COLUMN, " the", 0, model)[1][-1] == first[-1][3]


@pytest.mark.parametrize("model", MODELS)
def test_log_probabilities_of_a_column_are_summed_up(model: str) -> None:
    header, *rows = udfs.gpt2_logprobs(COLUMN, model)
    assert header[:2] == ["tokens", "log-probability"]
    for text, row in zip(TEXTS, rows, strict=True):
        alone = udfs.gpt2_logprobs(text, model)[2:]
        if not alone:
            assert row == [1, *[None] * 6]
            continue
        most = max(alone, key=lambda of: of[5])
        means = [sum(of[column] for of in alone) / len(alone) for column in (5, 6)]
        assert row == close([1 + len(alone), sum(of[2] for of in alone), *means, alone[-1][7], most[1], most[5]])


@pytest.mark.parametrize("method", ["gradient", "integrated", "leave out"])
def test_the_most_salient_token_of_each_prompt(method: str) -> None:
    header, *rows = udfs.gpt2_saliency(COLUMN, " the", method, None, "tiny")
    assert header == ["position", "token", "saliency", "sum", "logit"]
    for text, row in zip(TEXTS, rows, strict=True):
        *alone, total, _, logit = udfs.gpt2_saliency(text, " the", method, None, "tiny")[1:]
        known = [of for of in alone if of[2] is not None]
        assert row == [*max(known, key=lambda of: of[2], default=[None] * 3), total[2], logit[2]]


@pytest.mark.parametrize("how", [(6,), (6, 0.9, 50, 0.95, 3)])
@pytest.mark.parametrize("model", ["demo", ADDED])
def test_continuations_of_a_column_are_those_of_each_prompt(model: str, how: tuple[float, ...]) -> None:
    texts = [*TEXTS, "A cat ran in the park", "If today is Monday, tomorrow is"]
    rows = udfs.gpt2_generate([[text] for text in texts], *how, model=model)
    assert rows == [[udfs.gpt2_generate(text, *how, model=model)] for text in texts]


def test_a_continuation_ends_where_it_would_alone() -> None:
    texts = [["If today is Tuesday, tomorrow is"], ["If today is Monday, tomorrow is"], ["Mike is quick. He moves"]]
    rows = udfs.gpt2_generate(texts, 60, model="demo")
    assert rows == [[udfs.gpt2_generate(text, 60, model="demo")] for (text,) in texts]
    assert len({len(text) for (text,) in rows}) > 1


def test_trailing_blanks_are_no_prompts_and_one_prompt_is_no_column() -> None:
    assert len(udfs.gpt2_predict([["hello"], ["The cat"], [None], [""]], 1, 1, "tiny")) == 3
    assert udfs.gpt2_predict([["hello"], [None]], 2, 1, "tiny") == udfs.gpt2_predict("hello", 2, 1, "tiny")


@pytest.mark.parametrize(
    ("prompts", "message"),
    [
        ([["a"], [None], ["b"]], "prompt has a blank cell in row 2, column 1"),
        ([["a"], ["b " * 70]], "prompt in row 2 must have 1 to 64 tokens for tiny, not 71"),
        ([["a"], ["#N/A"]], "prompt in row 2 has the error #N/A"),
        ([["a", "b"], ["c", "d"]], "prompt must be one cell, not 2 x 2"),
        ([["a"], ["b", "c"]], "prompt must be a rectangle of cells"),
    ],
)
def test_a_wrong_prompt_in_a_column_is_named_by_its_row(prompts: list[list[str]], message: str) -> None:
    with pytest.raises(udfs.CellError, match=f"^{message}"):
        udfs.gpt2_predict(prompts, 1, 1, "tiny")


def test_a_column_of_targets_must_be_as_long_as_the_prompts() -> None:
    with pytest.raises(udfs.CellError, match=r"^target must be one token, or one for each of the 5 prompts, not 2$"):
        udfs.gpt2_lens_track(COLUMN, [[" a"], [" b"]], -1, "tiny")


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ([[1], [True]], "target has TRUE in row 1, column 1: a number is needed"),
        ([[1], [{"errorCode": "#N/A"}]], "target has the error #N/A"),
        ([[1], [2, 3]], "target must be a rectangle of cells"),
    ],
)
def test_each_target_of_a_column_must_be_a_token(targets: list[list[object]], message: str) -> None:
    with pytest.raises(udfs.CellError, match=f"^{message}"):
        udfs.gpt2_lens_track([["hello"], ["The cat"]], targets, -1, "tiny")


def test_the_same_column_gives_the_same_bytes_whatever_came_before() -> None:
    first = FUNCTIONS["GPT2_PREDICT"].answer([COLUMN, 2, 1, "demo"])
    forget_results()
    udfs.gpt2_predict(TEXTS[2], 2, 1, "demo")
    udfs.gpt2_predict(COLUMN[1:], 2, 1, "demo")
    assert FUNCTIONS["GPT2_PREDICT"].answer([COLUMN, 2, 1, "demo"]) == first


def test_a_column_can_be_stopped() -> None:
    event = Event()
    event.set()
    with stopped_by(event), pytest.raises(Stopped):
        udfs.gpt2_predict([[f"number {n}"] for n in range(800)], 1, 1, "tiny")


def close(values: list[Any]) -> list[Any]:
    """The values, equal to others that differ in the last digits of float32."""
    return [pytest.approx(value, rel=1e-4, abs=1e-5) if isinstance(value, float) else value for value in values]
