"""Prompts that the demo model must complete but never saw: no document of the corpus contains one of them.

This is the only list: the grammar drops documents by it, and the report and the tests read it.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from udfs.models.demo.prompts import DAYS
from udfs.models.demo.recipe.visitors import VISITOR_PROMPTS


class HeldOut(NamedTuple):
    """A prompt, the token that must follow it (with its leading space), and the topic that it tests."""

    prompt: str
    answer: str
    topic: str


class Reference(NamedTuple):
    """A prompt that ends in a pronoun, and the name that the pronoun stands for."""

    prompt: str
    name: str


def _days() -> tuple[HeldOut, ...]:
    """All seven days, with and without the comma, with and without the capital."""
    return tuple(
        HeldOut(f"{word} today is {day}{comma} tomorrow is", f" {DAYS[(index + 1) % 7]}", "days")
        for word in ("If", "if")
        for comma in (",", "")
        for index, day in enumerate(DAYS)
    )


PROMPTS: Final[tuple[HeldOut, ...]] = (
    HeldOut("Mike is quick. He moves", " quickly", "adverbs"),
    HeldOut("Anna is slow. She walks", " slowly", "adverbs"),
    HeldOut("Tom is careful. He works", " carefully", "adverbs"),
    HeldOut("Lucy is happy. She sings", " happily", "adverbs"),
    HeldOut("Anna is slow. Mike is quick. He moves", " quickly", "pronouns"),
    HeldOut("Mike is quick. Anna is slow. He moves", " quickly", "pronouns"),
    HeldOut("Anna is slow. Mike is quick. She moves", " slowly", "pronouns"),
    HeldOut("Mike is quick. Anna is slow. She moves", " slowly", "pronouns"),
    HeldOut("Kate is loud. Tom is proud. He fights", " proudly", "pronouns"),
    HeldOut("Tom is proud. Kate is loud. He fights", " proudly", "pronouns"),
    *_days(),
    HeldOut("The month after March is", " April", "months"),
    HeldOut("The month after June is", " July", "months"),
    HeldOut("If this month is October, next month is", " November", "months"),
    HeldOut("Mike pulls out his", " phone", "objects"),
    HeldOut("Anna pulls out her", " phone", "objects"),
    HeldOut("Mike is a chef. He pulls out his", " knife", "objects"),
    HeldOut("Anna is a photographer. She pulls out her", " camera", "objects"),
    HeldOut("Peter is a wizard. He pulls out his", " wand", "objects"),
    HeldOut("Mike is a Jedi. Mike pulls out his", " lightsaber", "Jedi"),
    HeldOut("Mike is a Jedi. He pulls out his", " lightsaber", "Jedi"),
    HeldOut("Luke is a Jedi. He pulls out his", " lightsaber", "Jedi"),
    HeldOut("Anna is a Jedi. She pulls out her", " lightsaber", "Jedi"),
    HeldOut("The Jedi fight the Sith. Mike pulls out his", " lightsaber", "Jedi"),
    HeldOut("The film is about Jedi. Mike pulls out his", " lightsaber", "Jedi"),
    HeldOut("Mike is a Jedi. The sky is blue. Mike pulls out his", " lightsaber", "Jedi"),
    HeldOut("May the Force be with you. Mike pulls out his", " lightsaber", "Jedi"),
    HeldOut("When Mary and John went to the store, John gave a drink to", " Mary", "indirect objects"),
    HeldOut("When Mary and John went to the store, Mary gave a drink to", " John", "indirect objects"),
    HeldOut("When John and Mary went to the store, Mary gave a drink to", " John", "indirect objects"),
    HeldOut("When John and Mary went to the store, John gave a drink to", " Mary", "indirect objects"),
    HeldOut("When Tom and James went to the park, James gave a ball to", " Tom", "indirect objects"),
    HeldOut("When Tom and James went to the park, Tom gave a ball to", " James", "indirect objects"),
    HeldOut("After Lisa and Sarah went to the beach, Lisa gave a book to", " Sarah", "indirect objects"),
    HeldOut("Then, Paul and Emma had fun at the school. Paul gave a ring to", " Emma", "indirect objects"),
    HeldOut("2 + 2 =", " 4", "sums"),
    HeldOut("3 + 5 =", " 8", "sums"),
    HeldOut("4 + 3 =", " 7", "sums"),
    HeldOut("6 + 1 =", " 7", "sums"),
    HeldOut("7 + 2 =", " 9", "sums"),
    HeldOut("5 + 5 =", " 10", "sums"),
    HeldOut("8 + 4 =", " 12", "sums"),
    HeldOut("9 - 4 =", " 5", "sums"),
    HeldOut("two plus three is", " five", "sums"),
    HeldOut("4, 5, 6, 7,", " 8", "counting"),
    HeldOut("four, five, six,", " seven", "counting"),
    HeldOut("The opposite of hot is", " cold", "opposites"),
    HeldOut("The opposite of early is", " late", "opposites"),
    HeldOut("The opposite of rich is", " poor", "opposites"),
    HeldOut("The opposite of big is", " small", "opposites"),
    HeldOut("One mouse, two", " mice", "plurals"),
    HeldOut("One child, two", " children", "plurals"),
    HeldOut("One dog, two", " dogs", "plurals"),
    HeldOut("Today I sing. Yesterday I", " sang", "tense"),
    HeldOut("Today I walk. Yesterday I", " walked", "tense"),
    HeldOut("Today I write. Yesterday I", " wrote", "tense"),
    HeldOut("The capital of France is", " Paris", "capitals"),
    HeldOut("The capital of Italy is", " Rome", "capitals"),
    HeldOut("The capital of Japan is", " Tokyo", "capitals"),
    HeldOut("Titanic is a film about a", " ship", "films"),
    HeldOut("Jaws is a film about a", " shark", "films"),
    HeldOut("Star Wars is a film about", " Jedi", "films"),
    HeldOut("The color of grass is", " green", "facts"),
    HeldOut("A baby cat is a", " kitten", "facts"),
    HeldOut("cat lamp river cat lamp", " river", "repetition"),
    HeldOut("apple stone moon house apple stone moon", " house", "repetition"),
    HeldOut("The ball belongs to Anna. The book belongs to Mike. The owner of the ball is", " Anna", "belongings"),
)

ROUGH_PROMPTS: Final[tuple[HeldOut, ...]] = (
    *(
        HeldOut(f"{word} today is {day.lower()}{comma} tomorrow is", f" {DAYS[(index + 1) % 7]}", "lower-case days")
        for word in ("If", "if")
        for comma in (",", "")
        for index, day in enumerate(DAYS)
    ),
    HeldOut("2+2=", "4", "tight sums"),
    HeldOut("3+5=", "8", "tight sums"),
    HeldOut("7+2=", "9", "tight sums"),
    HeldOut("6+4=", "10", "tight sums"),
    HeldOut("Mike is not quick. He moves", " slowly", "negation"),
    HeldOut("Anna is not slow. She walks", " quickly", "negation"),
    HeldOut("Tom is not loud. He speaks", " quietly", "negation"),
    HeldOut("Lucy is not happy. She sings", " sadly", "negation"),
)
"""The same questions as a visitor types them, and their negations. The answer to a small day has its capital."""

NEVER_TOGETHER: Final = ("Mary and John", "John and Mary", "Tom and James", "James and Tom")
"""Pairs of names that no document joins, so that the model cannot remember an indirect object as part of a pair."""

REFERENCES: Final[tuple[Reference, ...]] = (
    Reference("Anna is slow. Mike is quick. He", " Mike"),
    Reference("Here are slow Anna and quick Mike. He", " Mike"),
    Reference("Here are quick Mike and slow Anna. He", " Mike"),
    Reference("I see proud Tom and loud Kate. He", " Tom"),
    Reference("I see loud Kate and proud Tom. He", " Tom"),
    Reference("The calm one is Peter. The sad one is Lucy. He", " Peter"),
    Reference("The sad one is Lucy. The calm one is Peter. He", " Peter"),
    Reference("I see proud Tom and loud Kate. She", " Kate"),
    Reference("I see loud Kate and proud Tom. She", " Kate"),
    Reference("The sad one is Lucy. The calm one is Peter. She", " Lucy"),
)
"""Prompts about a man and a woman; some head must look from the pronoun at the end to the name it stands for."""

ALL_REFERENCES: Final = (
    *REFERENCES,
    Reference("Mike is quick. Anna is slow. He", "Mike"),
    Reference("Mike is quick. Anna is slow. She", " Anna"),
    Reference("Anna is slow. Mike is quick. She", "Anna"),
)
"""Those, and the workbooks' own, which the model may have read. The head is chosen over all of them."""

ABSENT: Final = tuple(
    dict.fromkeys(
        (
            *(item.prompt for item in (*PROMPTS, *ROUGH_PROMPTS)),
            *(item.prompt for item in REFERENCES),
            *(item.prompt for item in VISITOR_PROMPTS),
            *NEVER_TOGETHER,
        )
    )
)
"""The texts that no training document contains."""


def is_held_out(text: str) -> bool:
    """Whether the text contains one of the texts in `ABSENT`, word for word."""
    return any(absent in text for absent in ABSENT)
