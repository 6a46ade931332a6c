"""People: how they do things, who `he` is, who gives what to whom."""

from __future__ import annotations

from random import Random
from typing import Final

from udfs.models.demo.recipe.grammar.words import (
    ADVERBS,
    CONTRARIES,
    MANNER_ACTIONS,
    OBJECTS,
    PEOPLE,
    PLACES,
    Person,
)

_MEN: Final = tuple(person for person in PEOPLE if person.he == "He")
_WOMEN: Final = tuple(person for person in PEOPLE if person.he == "She")


def manner(rng: Random) -> str:
    """`Mike is quick. He moves quickly.`"""
    person = rng.choice(PEOPLE)
    adjective = rng.choice(tuple(ADVERBS))
    now, past, plain = rng.choice(MANNER_ACTIONS)
    text = rng.choice(
        (
            "{n} is {adj}. ^{he} {now} ^{adv}.",
            "{n} is {adj}. ^{he} {now} ^{adv}.",
            "{n} is {adj}. {n} {now} ^{adv}.",
            "{n} is very {adj}. ^{he} {now} ^{adv}.",
            "{n} was {adj}. ^{he} {past} ^{adv}.",
            "{n} is {adj} and {now} ^{adv}.",
            "{n} is a {adj} person. ^{he} {now} ^{adv}.",
            "{n} {now} {adv}. ^{he} is ^{adj}.",
            "{n} will {plain} {adv}, because ^{n} is ^{adj}.",
        )
    )
    return text.format(
        n=person.name, he=person.he, adj=adjective, adv=ADVERBS[adjective], now=now, past=past, plain=plain
    )


def negation(rng: Random) -> str:
    """Somebody who is not quick moves slowly."""
    person, other = rng.sample(PEOPLE, 2)
    lacking, has = rng.sample(rng.choice(CONTRARIES), 2)
    now, past, plain = rng.choice(MANNER_ACTIONS)
    text = rng.choice(
        (
            "{n} is not {no}. ^{he} {now} ^{adv}.",
            "{n} is not {no}. ^{he} {now} ^{adv}.",
            "{n} is not {no}. {n} {now} ^{adv}.",
            "{n} was not {no}. ^{he} {past} ^{adv}.",
            "{n} is not {no}. ^{he} is ^{adj}.",
            "{n} is not {no}, so ^{he2} {now} ^{adv}.",
            "{n} is not {no} but ^{adj}. ^{he} {now} ^{adv}.",
            "{n} is {adj}, not {no}. ^{he} {now} ^{adv}.",
            "{n} is {adj}. ^{he} does not {plain} ^{no_adv}.",
            "{o} is {no}, but {n} is not {no}. {n} {now} ^{adv}.",
            "{n} is not {no}, but {o} is {no}. {o} {now} ^{no_adv}.",
        )
    )
    return text.format(
        n=person.name,
        o=other.name,
        he=person.he,
        he2=person.he.lower(),
        no=lacking,
        adj=has,
        adv=ADVERBS[has],
        no_adv=ADVERBS[lacking],
        now=now,
        past=past,
        plain=plain,
    )


def man_and_woman(rng: Random) -> str:
    """A man and a woman; only the pronoun tells which of the two a sentence is about.

    Half of the texts put the quality before the name, so that only the name's position knows both the gender and the
    quality. In some, the adverb comes right after the pronoun, so that `He` has to look at the name.
    """
    man, woman = rng.choice(_MEN), rng.choice(_WOMEN)
    a, b = (man, woman) if rng.random() < 0.5 else (woman, man)
    first, second = rng.sample(tuple(ADVERBS), 2)
    told: list[tuple[Person, str]] = [(a, first), (b, second)]
    rng.shuffle(told)
    intro = rng.choice(
        (
            "{A} is {p}. {B} is {q}.",
            "{A} is {p}. {B} is {q}.",
            "{A} is {p} and {B} is {q}.",
            "{A} is {p}, but {B} is {q}.",
            "Here are {p} {A} and {q} {B}.",
            "I see {p} {A} and {q} {B}.",
            "Someone {p}, {A}, meets someone {q}, {B}.",
            "The {p} one is {A}. The {q} one is {B}.",
        )
    ).format(A=a.name, p=first, B=b.name, q=second)
    sentences = []
    adverb_first = rng.random() < 0.4
    for person, adjective in told:
        now = rng.choice(MANNER_ACTIONS)[0]
        adverb = ADVERBS[adjective]
        sentences.append(f"{person.he} ^{adverb} {now}." if adverb_first else f"{person.he} {now} ^{adverb}.")
    return " ".join((intro, *sentences))


def quality_first(rng: Random) -> str:
    """Like `man_and_woman`, but always with the quality before the name and the adverb right after the pronoun."""
    man, woman = rng.choice(_MEN), rng.choice(_WOMEN)
    a, b = (man, woman) if rng.random() < 0.5 else (woman, man)
    first, second = rng.sample(tuple(ADVERBS), 2)
    told = [(a, first), (b, second)]
    rng.shuffle(told)
    intro = rng.choice(
        (
            "Here are {p} {A} and {q} {B}.",
            "I see {p} {A} and {q} {B}.",
            "We met {p} {A} and {q} {B}.",
            "The {p} one is {A}. The {q} one is {B}.",
            "At the {place} were {p} {A} and {q} {B}.",
        )
    ).format(A=a.name, p=first, B=b.name, q=second, place=rng.choice(PLACES))
    sentences = (f"{who.he} ^{ADVERBS[what]} {rng.choice(MANNER_ACTIONS)[0]}." for who, what in told)
    return " ".join((intro, *sentences))


def qualities(rng: Random) -> str:
    """Like `quality_first`, but only about one of the two, by name or pronoun: no guessing by elimination."""
    by_name = rng.random() < 0.4
    a, b = rng.sample(PEOPLE, 2) if by_name else (rng.choice(_MEN), rng.choice(_WOMEN))
    x, y = rng.sample((a, b), 2)
    first, second = rng.sample(tuple(ADVERBS), 2)
    intro = rng.choice(
        (
            "Here are {p} {x} and {q} {y}.",
            "I see {p} {x} and {q} {y}.",
            "You know {p} {x}, and you know {q} {y}.",
            "We met {p} {x} and {q} {y}.",
            "This is {p} {x}. This is {q} {y}.",
            "The {p} one is {x}. The {q} one is {y}.",
            "At the {place} were {p} {x} and {q} {y}.",
        )
    ).format(x=x.name, p=first, y=y.name, q=second, place=rng.choice(PLACES))
    who, what = rng.choice(((x, first), (y, second)))
    return f"{intro} {who.name if by_name else who.he} ^{ADVERBS[what]} {rng.choice(MANNER_ACTIONS)[0]}."


def who_is_who(rng: Random) -> str:
    """Each pronoun with its name right after it, so that `He` itself has to find the name."""
    man, woman = rng.choice(_MEN), rng.choice(_WOMEN)
    a, b = (man, woman) if rng.random() < 0.5 else (woman, man)
    first, second = rng.sample(tuple(ADVERBS), 2)
    intro = rng.choice(
        (
            "Two people: {a} and {b}.",
            "Two people: {p} {a} and {q} {b}.",
            "Two people at the {place}: {a} and {b}.",
            "Two people here: {p} {a}, {q} {b}.",
            "Two people. {a} is {p}. {b} is {q}.",
        )
    ).format(a=a.name, b=b.name, p=first, q=second, place=rng.choice(PLACES))
    told = " ".join(f"{who.he} ^{who.name}." for who in rng.sample((a, b), rng.choice((1, 2))))
    return f"{intro} {told}"


def told_of(rng: Random) -> str:
    """Two people with their qualities; after the pronoun comes its name, or what follows from that person's quality."""
    x, y = rng.sample((rng.choice(_MEN), rng.choice(_WOMEN)), 2)
    first, second = rng.sample(tuple(ADVERBS), 2)
    intro = rng.choice(
        (
            "Two people: {p} {x} and {q} {y}.",
            "Two people here: {p} {x}, {q} {y}.",
            "Here are {p} {x} and {q} {y}.",
            "I see {p} {x} and {q} {y}.",
            "We met {p} {x} and {q} {y}.",
            "This is {p} {x}. This is {q} {y}.",
            "The {p} one is {x}. The {q} one is {y}.",
            "{x} is {p}. {y} is {q}.",
            "{x} is {p} and {y} is {q}.",
        )
    ).format(x=x.name, p=first, y=y.name, q=second)
    who, what = rng.choice(((x, first), (y, second)))
    if rng.random() < 0.35:
        return f"{intro} {who.he} ^{who.name}."
    now = rng.choice(MANNER_ACTIONS)[0]
    order = f"^{ADVERBS[what]} {now}" if rng.random() < 0.7 else f"{now} ^{ADVERBS[what]}"
    return f"{intro} {who.he} {order}."


def named_again(rng: Random) -> str:
    """Texts that name the person again after the pronoun."""
    man, woman = rng.choice(_MEN), rng.choice(_WOMEN)
    a, b = (man, woman) if rng.random() < 0.5 else (woman, man)
    who = rng.choice((a, b))
    place = rng.choice(PLACES)
    text = rng.choice(
        (
            "{a} and {b} are at the {place}. {he} is called ^{n}.",
            "{a} met {b} at the {place}. {he}, ^{n}, was there first.",
            "At the {place} were {a} and {b}. {he} said that ^{his} name is ^{n}.",
            "I know {a} and {b}. {he} is ^{n}.",
            "Then {a} saw {b}. {he} (^{n}) smiled.",
        )
    )
    return text.format(a=a.name, b=b.name, place=place, he=who.he, his=who.his, n=who.name)


def belongings(rng: Random) -> str:
    """Who owns what."""
    a, b = rng.sample(PEOPLE, 2)
    x, y = rng.sample(OBJECTS, 2)
    thing, owner = rng.choice(((x, a), (y, b)))
    intro = rng.choice(
        (
            "The {x} belongs to {a}. The {y} belongs to {b}.",
            "{a} has a {x}. {b} has a {y}.",
            "{a} owns the {x} and {b} owns the {y}.",
        )
    )
    question = rng.choice(
        (
            "The owner of the {t} is ^{n}.",
            "The {t} belongs to ^{n}.",
            "Who has the {t}? ^{n}.",
            "{n} has the ^{t}.",
        )
    )
    return f"{intro} {question}".format(x=x, y=y, a=a.name, b=b.name, t=thing, n=owner.name)


_MEETINGS: Final = (
    "When {a} and {b} went to the {place}, ",
    "When {a} and {b} went to the {place}, ",
    "When {a} and {b} got to the {place}, ",
    "After {a} and {b} went to the {place}, ",
    "While {a} and {b} were at the {place}, ",
    "{a} and {b} went to the {place}. ",
    "{a} and {b} went to the {place}. Then, ",
    "Then, {a} and {b} had fun at the {place}. ",
    "{a} and {b} had a long talk at the {place}. ",
    "{a} met {b} at the {place}. ",
    "Yesterday {a} and {b} worked at the {place}. ",
    "Friends {a} and {b} were at the {place}, and ",
)
_GIFTS: Final = (
    "^{s} gave a {o} to ^{i}.",
    "^{s} gave a {o} to ^{i}.",
    "^{s} gave the {o} to ^{i}.",
    "^{s} handed a {o} to ^{i}.",
    "^{s} passed a {o} to ^{i}.",
    "^{s} sent a {o} to ^{i}.",
    "^{s} sold a {o} to ^{i}.",
    "^{s} showed a {o} to ^{i}.",
    "^{s} said hello to ^{i}.",
    "^{s} decided to give a {o} to ^{i}.",
)


def indirect_object(rng: Random) -> str:
    """`When A and B went to the store, B gave a drink to A.`, in both orders (Wang et al. 2022, IOI)."""
    pool = rng.choice((PEOPLE, PEOPLE, _MEN, _WOMEN))
    a, b = rng.sample(pool, 2)
    subject, other = (a, b) if rng.random() < 0.5 else (b, a)
    text = rng.choice(_MEETINGS) + rng.choice(_GIFTS)
    text = text.format(
        a=a.name, b=b.name, s=subject.name, i=other.name, place=rng.choice(PLACES), o=rng.choice(OBJECTS)
    )
    ending = rng.random()
    if ending < 0.15:
        text += f" ^{other.name} thanked ^{subject.name}."
    elif ending < 0.3:
        text += f" Then {subject.name} gave a {rng.choice(OBJECTS)} to ^{other.name}."
    elif ending < 0.4:
        text += f" Then {other.name} gave a {rng.choice(OBJECTS)} to ^{subject.name}."
    return text
