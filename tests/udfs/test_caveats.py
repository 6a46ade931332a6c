"""What a reader is told beside an answer: unknown words, and characters that are cut into bytes."""

from __future__ import annotations

import pytest

import udfs
from udfs.models.demo.known import known_words, unlearned_words
from udfs.models.demo.prompts import WORKING
from udfs.models.demo.recipe.held_out import PROMPTS, ROUGH_PROMPTS
from udfs.models.demo.recipe.visitors import VISITOR_PROMPTS

LISTED = [prompt for group in WORKING for prompt in group.prompts]


@pytest.mark.parametrize(
    ("text", "caveat"),
    [
        ("Mike is quick. He moves", ""),
        ("", ""),
        ("My pizza is cold.", ""),
        ("<|endoftext|>Mike is", ""),
        ("The quokka ate my lasagna", "demo never learned: quokka, lasagna. Its answer is a guess."),
        ("The quokka, the quokka", "demo never learned: quokka. Its answer is a guess."),
        ("mike is quick", "demo never learned: mike (it knows Mike). Its answer is a guess."),
        ("lightsaber", "demo never learned: lightsaber (it knows it after a space). Its answer is a guess."),
        (
            "The Aab Aac Aad Aae Aaf Aag Aah",
            "demo never learned: Aab, Aac, Aad, Aae, Aaf and 2 more. Its answer is a guess.",
        ),
    ],
)
def test_words_that_demo_never_learned_are_named(text: str, caveat: str) -> None:
    assert udfs.gpt2_caveat(text, "demo") == caveat


def test_of_another_model_the_words_are_not_known() -> None:
    assert udfs.gpt2_caveat("The quokka", "tiny") == ""


def test_a_character_of_several_tokens_is_explained() -> None:
    assert (
        udfs.gpt2_caveat("Hi 😀!", "tiny")
        == r"😀 is cut into several tokens: \xf0\x9f\x98 stands for some of the bytes."
    )
    assert udfs.gpt2_caveat("日本", "tiny").startswith("日, 本 are cut into several tokens: ")
    assert udfs.gpt2_caveat("café", "tiny") == ""


def test_every_known_word_is_known() -> None:
    assert [word for word in known_words() if unlearned_words(word)] == []


@pytest.mark.parametrize("prompt", LISTED)
def test_demo_continues_every_prompt_of_the_list(prompt: str) -> None:
    """The right answers are those of the prompts that the model never saw."""
    answers = {item.prompt: {item.answer} for item in (*PROMPTS, *ROUGH_PROMPTS)}
    sensible = answers | {visitor.prompt: set(visitor.sensible) for visitor in VISITOR_PROMPTS}
    _, token, *_, probability = udfs.gpt2_predict(prompt, 1, 1, "demo")[1]
    assert token in sensible[prompt]
    assert probability > 0.5
    assert udfs.gpt2_caveat(prompt, "demo") == ""


def test_the_list_has_some_25_prompts() -> None:
    assert 20 <= len(LISTED) == len(set(LISTED)) <= 30
