"""Facts: capitals, colours, animals, kinds of things."""

from __future__ import annotations

from random import Random

from udfs.models.demo.recipe.grammar.words import ANIMAL_ACTIONS, COLORS, COUNTRIES, KINDS, PEOPLE, YOUNG


def capital(rng: Random) -> str:
    country, city, language = rng.choice(COUNTRIES)
    person = rng.choice(PEOPLE)
    text = rng.choice(
        (
            "The capital of {country} is ^{city}.",
            "The capital of {country} is ^{city}.",
            "the capital of {country} is ^{city}",
            "The capital of {country} is the city of ^{city}.",
            "{city} is the capital of ^{country}.",
            "{city} is in ^{country}.",
            "{country} has a capital, ^{city}.",
            "{n} lives in {country}. ^{he} lives in the capital, ^{city}.",
            "{n} lives in {city}, the capital of ^{country}.",
            "{n} went to {country} and saw ^{city}.",
            "In {country} people speak ^{language}.",
            "{n} lives in {city}. ^{he} speaks ^{language}.",
            "{n} comes from {country}. ^{he} speaks ^{language}.",
        )
    )
    return text.format(country=country, city=city, language=language, n=person.name, he=person.he)


def color(rng: Random) -> str:
    thing = rng.choice(tuple(COLORS))
    text = rng.choice(
        (
            "The color of {a} is ^{b}.",
            "The {a} is ^{b}.",
            "{A} is ^{b}.",
            "What color is {a}? It is ^{b}.",
            "It is as {b} as {a}.",
        )
    )
    return text.format(a=thing, b=COLORS[thing], A=thing.capitalize())


def animal(rng: Random) -> str:
    if rng.random() < 0.5:
        parent = rng.choice(tuple(YOUNG))
        text = rng.choice(
            (
                "A baby {a} is a ^{b}.",
                "A young {a} is a ^{b}.",
                "A {b} is a young ^{a}.",
                "The {a} has a little ^{b}.",
            )
        )
        return text.format(a=parent, b=YOUNG[parent])
    beast = rng.choice(tuple(ANIMAL_ACTIONS))
    text = rng.choice(("The {a} ^{b}.", "A {a} ^{b}.", "What does a {a} do? It ^{b}.", "Look, a {a}! It ^{b}."))
    return text.format(a=beast, b=ANIMAL_ACTIONS[beast])


def kind(rng: Random) -> str:
    name = rng.choice(tuple(KINDS))
    a, b = rng.sample(KINDS[name], 2)
    article = "an" if name[0] in "aeiou" else "a"
    text = rng.choice(
        ("{a} is {article} ^{kind}.", "{a} and {b} are both of one kind: ^{kind}.", "{a}: ^{kind}. {b}: ^{kind}.")
    )
    return text.format(a=a, b=b, kind=name, article=article)
