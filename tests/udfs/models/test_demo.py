"""The abilities of the bundled demo model, on prompts that its training never saw."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

import udfs
from tests.whole_pass import trace
from udfs.backend.catalogue import find, load
from udfs.backend.gpt2 import tokenizer
from udfs.models.demo.recipe.grammar import documents
from udfs.models.demo.recipe.held_out import ALL_REFERENCES, PROMPTS, ROUGH_PROMPTS, HeldOut, Reference, is_held_out
from udfs.models.demo.recipe.visitors import VISITOR_PROMPTS

MUST = ("adverbs", "days", "objects", "Jedi", "indirect objects", "sums", "pronouns")  # the templates rely on these


@pytest.mark.parametrize("item", [item for item in PROMPTS if item.topic in MUST], ids=lambda item: item.prompt)
def test_it_completes_prompts_that_it_never_saw(item: HeldOut) -> None:
    token, probability = likeliest(item.prompt)
    assert (token, probability > 0.5) == (item.answer, True), f"{token!r} {probability:.2f}"


def likeliest(prompt: str) -> tuple[str, float]:
    """The most likely next token, and its probability."""
    _, token, _, _, probability = udfs.gpt2_predict(prompt, 1, 1, "demo")[1]
    return token, probability


def right(items: Sequence[HeldOut]) -> list[HeldOut]:
    """The prompts whose expected token is the most likely one, with a probability above 0.5."""
    found = {item: likeliest(item.prompt) for item in items}
    return [item for item, (token, probability) in found.items() if token == item.answer and probability > 0.5]


def test_it_completes_90_of_94_prompts_that_it_never_saw() -> None:
    assert len(PROMPTS) == 94
    assert len(right(PROMPTS)) >= 90, set(PROMPTS) - set(right(PROMPTS))


def test_it_completes_prompts_as_people_type_them() -> None:
    days = [item for item in ROUGH_PROMPTS if item.topic == "lower-case days"]
    assert right(days) == days
    assert likeliest("2+2=")[0] == "4"


def test_who_is_not_quick_does_not_move_quickly() -> None:
    assert likeliest("Mike is not quick. He moves")[0] != " quickly"


def test_it_goes_on_sensibly_with_what_visitors_type() -> None:
    found = [(visitor, *likeliest(visitor.prompt)) for visitor in VISITOR_PROMPTS]
    odd = [(visitor.prompt, token) for visitor, token, _ in found if token not in visitor.sensible]
    assert len(found) - len(odd) >= 48, odd


def test_it_is_not_too_sure_of_what_visitors_type() -> None:
    certain = [visitor.prompt for visitor in VISITOR_PROMPTS if likeliest(visitor.prompt)[1] > 0.99]
    assert len(certain) <= len(VISITOR_PROMPTS) / 4, certain


def test_a_head_looks_from_a_pronoun_to_its_name() -> None:
    model = load("demo")
    least = np.full((12, 12), np.inf)
    for reference in ALL_REFERENCES:
        least = np.minimum(least, attention_to_name(reference))
    assert least.max() > 0.5, f"{least.max():.2f} by head {np.unravel_index(least.argmax(), least.shape)}"
    assert model.config.n_head == 12


def attention_to_name(reference: Reference) -> np.ndarray:
    """How much each head looks from the last token to the name: [n_layer, n_head]."""
    ids = tokenizer.encode(reference.prompt)
    name = ids.index(tokenizer.encode(reference.name)[0])
    seen = trace(ids, load("demo"))
    return np.stack([seen[f"blocks.{layer}.attn.hook_pattern"][:, -1, name] for layer in range(12)])


def test_no_training_document_contains_a_held_out_prompt() -> None:
    texts = [document.text for document in islice(documents(seed=12345), 20_000)]
    assert not any(is_held_out(text) for text in texts)
    held_out = [text for text in texts if any(item.prompt in text for item in PROMPTS)]
    assert held_out == []


def test_it_has_gpt2_smalls_shape_except_for_the_width() -> None:
    config = load("demo").config
    assert (config.n_layer, config.n_head, config.n_vocab) == (12, 12, 50257)
    assert config.n_inner == 4 * config.n_embd


def test_it_stays_small() -> None:
    files = [path for path in Path(find("demo")).rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert sum(path.stat().st_size for path in files) < 14_000_000


def test_unused_tokens_get_almost_no_probability() -> None:
    """The tokens that training never used share one row of the embedding; they must not crowd out the known ones."""
    rows = udfs.gpt2_predict("If today is Tuesday, tomorrow is", 200, 1, "demo")[1:]
    assert sum(row[4] for row in rows) > 0.95
