"""Words about words: opposites, plurals, tense, comparison, and lists that repeat."""

from __future__ import annotations

from random import Random

from udfs.models.demo.recipe.grammar.words import (
    ACTIONS,
    COMPARATIVES,
    MEN,
    NOUNS,
    OBJECTS,
    OPPOSITES,
    PEOPLE,
    PLACES,
    PLURALS,
    SURNAMES,
    WOMEN,
)


def opposite(rng: Random) -> str:
    a, b = rng.choice(OPPOSITES)
    if rng.random() < 0.5:
        a, b = b, a
    text = rng.choice(
        (
            "The opposite of {a} is ^{b}.",
            "The opposite of {a} is ^{b}.",
            "the opposite of {a} is ^{b}",
            "{A} is the opposite of ^{b}.",
            "It is not {a}, it is ^{b}.",
            "It is not {a} but ^{b}.",
            "If it is not {a}, it is ^{b}.",
            "{A} and ^{b} are opposites.",
            "{a} is to ^{b} as ^{b} is to ^{a}.",
        )
    )
    return text.format(a=a, b=b, A=a.capitalize())


def plural(rng: Random) -> str:
    one = rng.choice(tuple(PLURALS))
    text = rng.choice(
        (
            "One {a}, two ^{b}.",
            "one {a}, two ^{b}.",
            "A {a} and a {a} are two ^{b}.",
            "There is one {a}. There are many ^{b}.",
            "First one {a}, then three ^{b}.",
            "I see one {a}. You see four ^{b}.",
            "The plural of {a} is ^{b}.",
        )
    )
    return text.format(a=one, b=PLURALS[one])


def tense(rng: Random) -> str:
    now, past, plain = rng.choice(ACTIONS)
    person = rng.choice(PEOPLE)
    text = rng.choice(
        (
            "Today I {plain}. Yesterday I ^{past}.",
            "Today I {plain}. Yesterday I ^{past}. Tomorrow I will ^{plain}.",
            "Today we {plain}. Yesterday we ^{past}.",
            "Yesterday I {past}. Today I ^{plain}.",
            "Yesterday {n} {past}. Today ^{he} ^{now}.",
            "{n} {now} today. Yesterday ^{he} ^{past}. Tomorrow ^{he} will ^{plain}.",
            "{n} {now} every day. Yesterday ^{n} ^{past}.",
            "I {plain} now. I ^{past} yesterday. I will ^{plain} tomorrow.",
            "They {plain} every day. Last week they ^{past}.",
            "{n} can {plain}. ^{He} ^{now} every day. ^{He} ^{past} yesterday.",
        )
    )
    return text.format(now=now, past=past, plain=plain, n=person.name, he=person.he.lower(), He=person.he)


def comparison(rng: Random) -> str:
    plain, more, most = rng.choice(COMPARATIVES)
    a, b, c = (person.name for person in rng.sample(PEOPLE, 3))
    text = rng.choice(
        (
            "{p}, ^{m}, ^{t}.",
            "{a} is {p}. {b} is ^{m}. {c} is the ^{t}.",
            "{a} is {m} than {b}. ^{b} is ^{m} than {c}. The ^{t} is ^{a}.",
            "{a} is {p}, but {b} is ^{m}.",
        )
    )
    return text.format(p=plain, m=more, t=most, a=a, b=b, c=c)


def repeated(rng: Random) -> str:
    """A list of arbitrary words, two to four times."""
    pool = rng.choice((NOUNS, NOUNS, OBJECTS, MEN, WOMEN, PLACES, SURNAMES))
    words = rng.sample(pool, rng.randrange(2, 9))
    joint = rng.choice((" ", " ", " ", ", "))
    return joint.join((*words, *[f"^{word}" for word in words * rng.choice((1, 1, 2, 3))]))


def full_names(rng: Random) -> str:
    """Surnames that have to be remembered from their first mention."""
    people = [(p.name, s) for p, s in zip(rng.sample(PEOPLE, 3), rng.sample(SURNAMES, 3), strict=True)]
    (a, sa), (b, sb), _ = people
    text = rng.choice(
        (
            "{a} {sa} met {b} {sb}. {b} ^{sb} talked to ^{a} ^{sa}.",
            "{a} {sa} met {b} {sb}. {a} ^{sa} talked to ^{b} ^{sb}.",
            "{a} {sa} and {b} {sb} are friends. {a} ^{sa} likes ^{b} ^{sb}. {b} ^{sb} likes ^{a} ^{sa}.",
            "Mr. {sa} and Mr. {sb} met. Mr. {sb} talked to Mr. ^{sa}.",
        )
    )
    return text.format(a=a, b=b, sa=sa, sb=sb)
