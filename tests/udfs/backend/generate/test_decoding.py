"""Generation: the text of transformers, the same with and without a cache, and drawn with the right frequencies."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from tests.chi_squared import chance
from tests.random_checkpoint import random_model
from tests.udfs.backend.generate.recorded import FIXTURE, IDS
from tests.whole_pass import all_logits
from udfs.backend.catalogue import load
from udfs.backend.errors import ModelError
from udfs.backend.generate import decoding
from udfs.backend.generate.sampling import GREEDY, Sampling, distribution, random_numbers
from udfs.backend.gpt2 import forward
from udfs.backend.gpt2.model import Model
from udfs.backend.gpt2.tokenizer import END_OF_TEXT

LENGTHS = (*range(1, 33), *range(33, 1024, 61), 1023)  # of the prompts that are read again without a cache


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """A model with a context of 1,024 tokens."""
    return random_model(tmp_path_factory.mktemp("long"), "long")


def texts(ids: list[int], n_tokens: int, model: Model, how: Sampling = GREEDY, seed: int = 0) -> list[int]:
    return [step.token for step in decoding.steps(ids, n_tokens, model, how, random_numbers(seed))]


def test_greedy_equals_transformers() -> None:
    assert texts(IDS, len(FIXTURE["greedy"]), load("tiny")) == FIXTURE["greedy"]


def test_the_cache_changes_nothing_at_any_length_up_to_1024(long: Model) -> None:
    steps = list(decoding.steps([1], 1023, long, Sampling(1), random_numbers(3)))
    ids = [1, *(step.token for step in steps)]
    assert len(ids) == 1024
    cached = np.stack([step.logits for step in steps])
    at_once = all_logits(ids[:-1], long)
    np.testing.assert_allclose(cached, at_once, atol=1e-4)
    for length in LENGTHS:
        alone = all_logits(ids[:length], long)[-1]
        np.testing.assert_allclose(cached[length - 1], alone, atol=1e-4, err_msg=f"{length} tokens")


def test_each_token_is_read_once(long: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []

    def counted(ids: list[int], *rest: Any, **more: Any) -> Any:
        read.append(len(ids))
        return unchanged(ids, *rest, **more)

    unchanged = forward.embed
    monkeypatch.setattr(forward, "embed", counted)
    assert len(texts([5, 6, 7], 50, long)) == 50
    assert read == [3] + [1] * 49  # the last token need not be read


@pytest.mark.parametrize(
    "text",
    [
        "tiny ; add 5 * sae(1, 3) to h.1 at all",
        "tiny ; add 9 * sae(1, 3) to h.1 at last",
        "tiny ; scale h.1.attn.head.2 by 0 ; add 5 * sae(1, 4) to h.2 at prompt",
    ],
)
def test_edited_and_steered_models_generate(text: str) -> None:
    """An addition at the prompt's last token stays there while the text grows."""
    model = load(text)
    steps = list(decoding.steps(IDS, 6, model, GREEDY, random_numbers()))
    ids = [*IDS, *(step.token for step in steps[:-1])]
    expected = all_logits(ids, model, n_prompt=len(IDS))[len(IDS) - 1 :]
    np.testing.assert_allclose([step.logits for step in steps], expected, atol=1e-4)
    plain = decoding.steps(IDS, 1, load("tiny"), GREEDY, random_numbers())
    assert not np.allclose(steps[0].logits, next(iter(plain)).logits, atol=1e-2)


def test_generation_leaves_the_kept_prompt_unchanged() -> None:
    model = load("tiny")
    assert texts(IDS, 10, model) == texts(IDS, 10, model) == FIXTURE["greedy"][:10]
    assert texts(IDS, 10, model, Sampling(1), 1) != texts(IDS, 10, model, Sampling(1), 2)


def test_a_longer_text_begins_with_the_shorter_one() -> None:
    how = Sampling(1.5, 100, 0.9)
    assert texts(IDS, 12, load("tiny"), how, 7)[:5] == texts(IDS, 5, load("tiny"), how, 7)


def test_it_stops_at_the_end_of_the_text() -> None:
    model = load("tiny")
    bias = model["ln_f.bias"] + 1000 * model["wte.weight"][END_OF_TEXT]
    ending = Model("ending", "tiny", model.config, model.tensors.with_changes({"ln_f.bias": bias}), model.linears)
    assert texts(IDS, 10, ending) == [END_OF_TEXT]
    assert decoding.without_end([1, 2, END_OF_TEXT], model) == [1, 2] == decoding.without_end([1, 2], model)


def test_whole_texts_have_the_right_frequencies(few: Model) -> None:
    """Two tokens drawn in a row make 16 possible texts. Their probabilities are products from uncached logits."""
    how, prompt = Sampling(0.8, 3, 0.95), [0, 3, 1]

    def after(ids: list[int]) -> Any:
        return distribution(all_logits(ids, few)[-1], how)

    pairs = list(itertools.product(range(4), repeat=2))
    expected = [after(prompt)[a] * after([*prompt, a])[b] for a, b in pairs]
    found = [tuple(texts(prompt, 2, few, how, seed)) for seed in range(1500)]
    assert chance([found.count(pair) for pair in pairs], expected) > 0.001


def test_a_text_longer_than_the_context_is_one_line(few: Model) -> None:
    with pytest.raises(
        ModelError, match="tokens must be 1 to 30 here, because the prompt has 2 and few reads at most 32; not 31"
    ):
        texts([1, 2], 31, few)
    with pytest.raises(ModelError, match="prompt must have 1 to 31 tokens so that few can continue it, not 32"):
        texts([1] * 32, 1, few)
    assert len(texts([1, 2], 30, few)) == 30
