"""A fact rewritten: the edit is ROME's rank-one update, and with demo it holds, generalises and spares other facts."""

from __future__ import annotations

from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import udfs
from tests.caches import forget_results
from udfs.backend.catalogue import load
from udfs.backend.errors import ModelError
from udfs.backend.interpret import rome
from udfs.models.demo.facts import facts
from udfs.models.demo.prompts import CAPITAL_NEIGHBOURS, CAPITAL_PARAPHRASES

EDIT = 'tiny ; edit h.1.mlp so "one two three" says " the" about "two"'
WEIGHT = "h.1.mlp.c_proj.weight"
WORDS = st.lists(st.sampled_from(["France", "Zürich", "a", "Buenos Aires", "🙂", "is"]), min_size=1, max_size=5)


@given(WORDS, st.data())
def test_the_subject_ends_at_its_last_token(words: list[str], data: st.DataObject) -> None:
    subject = data.draw(st.sampled_from(words))
    prompt = " ".join(words)
    found = rome.fact(prompt, subject, " the", load("tiny"))
    decode = load("tiny").tokenizer.decode
    before, through = decode(found.ids[: found.subject]), decode(found.ids[: found.subject + 1])
    stop = prompt.rfind(subject) + len(subject)
    assert len(before) < stop <= len(through) or "\N{REPLACEMENT CHARACTER}" in through + before


def test_only_one_matrix_changes_and_by_rank_one() -> None:
    before, after = load("tiny"), load(EDIT)
    changed = [name for name in before.tensors if not np.array_equal(before[name], after[name])]
    assert changed == [WEIGHT]
    sizes = np.linalg.svd(after[WEIGHT].astype(np.float64) - before[WEIGHT], compute_uv=False)
    assert sizes[1] < 1e-5 * sizes[0]


def test_the_change_follows_the_formula() -> None:
    """W' k = W k + d for the key, and the row space of the change is C^-1 k."""
    model = load("tiny")
    fact = rome.fact("one two three", "two", " the", model)
    runs = rome._runs(fact, 1, model)
    key = np.concatenate([of.keys for of in runs]).mean(axis=0, dtype=np.float64)
    change = load(EDIT)[WEIGHT].astype(np.float64) - model[WEIGHT]
    d = key @ change
    assert rome._change_of_value(runs, fact.answer, 1, model) == pytest.approx(d, rel=1e-3, abs=1e-4)
    left = np.linalg.solve(rome._second_moment(1, model), key)
    np.testing.assert_allclose(change, np.outer(left, d) / (key @ left), atol=1e-4 * abs(change).max())


def test_the_same_text_gives_the_same_weights() -> None:
    first = load(EDIT)[WEIGHT].tobytes()
    forget_results()
    fact = rome.fact("one two three", "two", " the", load("tiny"))
    assert rome.edited_weight(fact, 1, load("tiny")).tobytes() == first


def test_each_layer_fact_and_model_has_an_edit_of_its_own() -> None:
    answers = [f'so "one two three" says "{answer}" about "two"' for answer in (" the", " a")]
    edits = [(layer, f"edit h.{layer}.mlp {text}") for layer in (0, 1) for text in answers]
    edits += [(1, f"scale h.0.attn by 0 ; {edit}") for _, edit in edits[-1:]]
    weights = {load(f"tiny ; {edit}")[f"h.{layer}.mlp.c_proj.weight"].tobytes() for layer, edit in edits}
    assert len(weights) == len(edits) == 5


def test_a_fact_of_demo() -> None:
    edit = facts().fact_edit
    header, (text, before, after, size) = udfs.gpt2_edit_fact(*astuple(edit), "demo")
    assert header == ["model text", "before", "after", "size"]
    assert text == edit.model
    assert before < 0.01 < 0.9 < after
    assert 0 < size < 2
    assert {udfs.gpt2_predict(prompt, 1, 1, text)[1][1] for prompt in CAPITAL_PARAPHRASES} == {edit.answer}
    for prompt, answer in CAPITAL_NEIGHBOURS:
        assert udfs.gpt2_predict(prompt, 1, 1, text)[1][1] == answer


def test_every_other_function_can_read_the_text() -> None:
    edit = facts().fact_edit
    text = edit.model
    assert udfs.gpt2_model(text) == text
    assert udfs.gpt2_generate(edit.prompt, 1, 0, model=text) == edit.answer
    assert udfs.gpt2_lens_track(edit.prompt, edit.answer, -1, text)[-1][3] == 1


@pytest.mark.parametrize(
    ("clause", "line"),
    [
        ('edit h.1.attn so "a" says " b"', "edit: an MLP is h.5.mlp, not 'h.1.attn'"),
        ('edit h.7.mlp so "a" says " b"', "edit: layer must be 0 to 2, not 7"),
        ('edit h.1.mlp so "a" says "two words"', "answer must be one token, not 2: 'two words'"),
        ('edit h.1.mlp so "a" says ""', "answer must have 1 to 64 tokens for tiny, not 0"),
        ('edit h.1.mlp so "" says " b"', "prompt must have 1 to 64 tokens for tiny, not 0"),
        ('edit h.1.mlp so "a" says " b" about "c"', "subject must be a part of the prompt 'a', not 'c'"),
    ],
)
def test_what_cannot_be_edited_is_named(clause: str, line: str) -> None:
    with pytest.raises(ModelError) as error:
        load(f"tiny ; {clause}")
    assert str(error.value) == line


def test_a_prompt_without_room_for_texts_before_it() -> None:
    ids = "a" + " a" * 62
    assert load(f'tiny ; edit h.0.mlp so "{ids}" says " b"')[WEIGHT].shape == (128, 32)
