"""Longer texts: a person's day, and several documents in a row without a separator."""

from __future__ import annotations

from random import Random
from typing import Final

from udfs.models.demo.recipe.grammar import calendar, language, numbers, people, world
from udfs.models.demo.recipe.grammar.words import (
    ACTIONS,
    ADVERBS,
    COUNTRIES,
    DAYS,
    MANNER_ACTIONS,
    OBJECTS,
    PEOPLE,
    PLACES,
)

_PLAIN: Final = (
    calendar.day,
    calendar.month,
    numbers.word_sum,
    numbers.sums,
    language.opposite,
    language.plural,
    language.tense,
    world.capital,
    world.color,
    world.animal,
    people.manner,
    people.indirect_object,
)


def life(rng: Random) -> str:
    """Four to six sentences about one person, with things to remember from one sentence to the next."""
    person = rng.choice(PEOPLE)
    _, city, language_ = rng.choice(COUNTRIES)
    start = rng.randrange(7)
    adjective = rng.choice(tuple(ADVERBS))
    place, thing = rng.choice(PLACES), rng.choice(OBJECTS)
    now, past, _ = rng.choice(ACTIONS)
    sentences = [
        f"{person.he} lives in {city} and speaks ^{language_}.",
        f"On {DAYS[start]} {person.he.lower()} went to the {place}. On ^{DAYS[(start + 1) % 7]} ^{person.name} {past}.",
        f"{person.he} is {adjective}. {person.name} {rng.choice(MANNER_ACTIONS)[0]} ^{ADVERBS[adjective]}.",
        f"{person.he} has a {thing}. The ^{thing} belongs to ^{person.name}.",
        f"Every day {person.name} {now}. Yesterday ^{person.he.lower()} ^{past}.",
        f"{person.he} went to the {place}. At the ^{place} ^{person.he.lower()} saw a {thing}.",
    ]
    rng.shuffle(sentences)
    return " ".join((f"This is {person.name}.", *sentences[: rng.randrange(2, 5)]))


def in_a_row(rng: Random) -> str:
    """Two or three short texts, one after the other."""
    texts = [rng.choice(_PLAIN)(rng) for _ in range(rng.choice((2, 2, 3)))]
    return " ".join(text if text.endswith((".", "?")) else f"{text}." for text in texts)
