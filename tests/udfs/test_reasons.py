from __future__ import annotations

import numpy as np
import pytest

import udfs

MODEL, PROMPT, DAYS = "tiny", "The cat sat on a cat", "If today is Tuesday, tomorrow is"
SLOW_AND_QUICK = "Anna is slow. Mike is quick. He moves"


def test_the_rows_of_attribution_add_up() -> None:
    table = udfs.gpt2_attribution(DAYS, " Wednesday", " Monday", "demo")
    assert table[0] == ["component", "layer", "head", "logit"]
    ids = [[udfs.gpt2_tokenize(day)[1][2] for day in (" Wednesday", " Monday")]]
    logits = udfs.gpt2_unembed(udfs.gpt2_residual(DAYS, "h.12", "demo"), ids, "demo")[-1]
    assert table[-1][0] == "sum"
    assert table[-1][3] == pytest.approx(float(logits[0] - logits[1]), abs=1e-3)
    assert table[-1][3] == pytest.approx(sum(row[3] for row in table[1:-1]))


def test_attribution_shows_the_additions_of_a_steered_model() -> None:
    steered = udfs.gpt2_steer_model(np.linspace(-1, 1, 32)[None], "h.1", 2, "last", MODEL)
    table = udfs.gpt2_attribution(PROMPT, " the", None, steered)
    logit = udfs.gpt2_unembed(udfs.gpt2_residual(PROMPT, "h.3", steered), [[262]], steered)[-1, 0]
    assert "added at blocks.1.hook_resid_pre" in [row[0] for row in table]
    assert table[-1][3] == pytest.approx(float(logit), abs=1e-3)


@pytest.mark.parametrize("method", ["gradient", "integrated", "leave out"])
def test_saliency_and_the_rest_sum_to_the_logit(method: str) -> None:
    table = udfs.gpt2_saliency(SLOW_AND_QUICK, " quickly", method, " slowly", "demo")
    assert table[0] == ["position", "token", "saliency"]
    assert [row[1] for row in table[1:-3]] == [row[1] for row in udfs.gpt2_tokenize(SLOW_AND_QUICK)[1:]]
    assert [row[1] for row in table[-3:]] == ["sum", "rest", "logit"]
    ids = [[udfs.gpt2_tokenize(word)[1][2] for word in (" quickly", " slowly")]]
    quickly, slowly = udfs.gpt2_unembed(udfs.gpt2_residual(SLOW_AND_QUICK, "h.12", "demo"), ids, "demo")[-1]
    assert table[-1][2] == pytest.approx(float(quickly - slowly), abs=1e-3)
    assert table[-3][2] + table[-2][2] == pytest.approx(table[-1][2])
    assert sum(row[2] for row in table[1:-3]) == pytest.approx(table[-3][2])


def test_the_rest_of_integrated_gradients_depends_on_the_length_alone() -> None:
    rests = [
        udfs.gpt2_saliency(text, " quickly", "integrated", None, "demo")[-2][2] for text in (DAYS, "a b c d e f g")
    ]
    assert rests[0] == pytest.approx(rests[1], abs=0.05)


def test_one_token_left_out_leaves_nothing() -> None:
    assert udfs.gpt2_saliency("cat", " the", "leave out", None, MODEL)[1] == [0, "cat", None]


def test_neurons_sum_to_the_attribution_of_their_mlp() -> None:
    table = udfs.gpt2_neurons(DAYS, " Wednesday", 2, 5, " Monday", "demo")
    assert table[0][:5] == ["layer", "neuron", "activation", "logit", "fires at"]
    assert len(table) == 1 + 5 + 3
    parts = udfs.gpt2_attribution(DAYS, " Wednesday", " Monday", "demo")
    assert table[-1][3] == pytest.approx(next(row[3] for row in parts if row[0] == "h.2.mlp"), abs=1e-3)
    assert {row[0] for row in table[1:-3]} == {2}


def test_without_a_layer_neurons_are_those_of_all_blocks() -> None:
    table = udfs.gpt2_neurons(DAYS, " Wednesday", None, 30, None, "demo")
    assert len({row[0] for row in table[1:-3]}) > 1
    sizes = [abs(row[3]) for row in table[1:-3]]
    assert sizes == sorted(sizes, reverse=True)


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(udfs.CellError, match=r"^method must be one of gradient; integrated; leave out; not 'ig'"):
        udfs.gpt2_saliency("cat", " the", "ig", None, MODEL)  # type: ignore[arg-type]
    with pytest.raises(udfs.CellError, match=r"^layer must be a whole number 0 to 2 for tiny, not 3"):
        udfs.gpt2_neurons("cat", " the", 3, 5, None, MODEL)
