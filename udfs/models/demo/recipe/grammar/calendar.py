"""Days, months, seasons."""

from __future__ import annotations

from random import Random
from typing import Final

from udfs.models.demo.recipe.grammar.words import DAYS, MONTHS, ORDINALS, PEOPLE, PLACES, SEASONS

_DAY_TEMPLATES: Final = (
    "If today is {b}, then tomorrow is ^{c}.",
    "If today is {b}, tomorrow will be ^{c}.",
    "If today is {b} tomorrow will be ^{c}.",
    "if today is {b} tomorrow will be ^{c}.",
    "If today is {b}, yesterday was ^{a}.",
    "if today is {b} yesterday was ^{a}.",
    "If yesterday was {a}, today is ^{b}.",
    "if yesterday was {a} today is ^{b}.",
    "If yesterday was {a}, tomorrow is ^{c}.",
    "If tomorrow is {c}, today is ^{b}.",
    "if tomorrow is {c} today is ^{b}.",
    "Today is {b}. Tomorrow is ^{c}.",
    "today is {b}, tomorrow is ^{c}.",
    "Today is {b}, so tomorrow is ^{c}.",
    "Today is {b}. Yesterday was ^{a}.",
    "Yesterday was {a}. Today is ^{b}. Tomorrow is ^{c}.",
    "Yesterday was {a}, so today is ^{b}.",
    "Tomorrow is {c}, so today is ^{b}.",
    "It is {b} today, so tomorrow is ^{c}.",
    "When today is {b}, tomorrow is ^{c}.",
    "The day after {b} is ^{c}.",
    "The day before {b} is ^{a}.",
    "After {b} comes ^{c}.",
    "Before {b} comes ^{a}.",
    "{b} comes before ^{c}.",
    "{b} comes after ^{a}.",
    "{b} is between ^{a} and ^{c}.",
    "{a}, ^{b}, ^{c}, ^{d}.",
    "{a} ^{b} ^{c} ^{d}",
)
_LOWER_CASE_TEMPLATES: Final = (
    "if today is {b}, then tomorrow is ^{C}.",
    "if today is {b} tomorrow will be ^{C}.",
    "if today is {b}, yesterday was ^{A}.",
    "if yesterday was {a}, today is ^{B}.",
    "today is {b}, tomorrow is ^{C}.",
    "today is {b}. tomorrow is ^{C}.",
    "today is {b} so tomorrow is ^{C}.",
    "the day after {b} is ^{C}.",
    "the day before {b} is ^{A}.",
    "after {b} comes ^{C}.",
)
_MONTH_TEMPLATES: Final = (
    "If this month is {b}, next month is ^{c}.",
    "If this month is {b}, last month was ^{a}.",
    "This month is {b}. Next month is ^{c}.",
    "This month is {b}. Last month was ^{a}.",
    "Last month was {a}, so this month is ^{b}.",
    "The month after {b} is ^{c}.",
    "The month before {b} is ^{a}.",
    "After {b} comes ^{c}.",
    "Before {b} comes ^{a}.",
    "{b} is between ^{a} and ^{c}.",
    "{a}, ^{b}, ^{c}, ^{d}.",
)
_SEASON_TEMPLATES: Final = (
    "After {b} comes ^{c}.",
    "Before {b} comes ^{a}.",
    "The season after {b} is ^{c}.",
    "It is {b}. Next comes ^{c}.",
)


def _cycle(names: tuple[str, ...], rng: Random) -> dict[str, str]:
    """Four consecutive names, cyclically: `a`, `b`, `c`, `d`."""
    start = rng.randrange(len(names))
    return {letter: names[(start + step) % len(names)] for step, letter in enumerate("abcd")}


def day(rng: Random) -> str:
    return rng.choice(_DAY_TEMPLATES).format(**_cycle(DAYS, rng))


def lower_case_day(rng: Random) -> str:
    """A day without its capital, as many people type it. The answer has the capital, so it is one token."""
    days = _cycle(DAYS, rng)
    small = {letter: name.lower() for letter, name in days.items()}
    capital = {letter.upper(): name for letter, name in days.items()}
    return rng.choice(_LOWER_CASE_TEMPLATES).format(**small, **capital)


def two_days(rng: Random) -> str:
    """A person's plan in which a day has to be worked out."""
    person = rng.choice(PEOPLE)
    days = _cycle(DAYS, rng)
    place = rng.choice(PLACES)
    text = rng.choice(
        (
            "Today is {b}. {n} will go to the {place} tomorrow, on ^{c}.",
            "Today is {b}. {n} went to the {place} yesterday, on ^{a}.",
            "{n} goes to the {place} every {b}. Yesterday was {a}, so today ^{n} goes to the ^{place}.",
            "{n} went to the {place} on {b}. The next day was ^{c}.",
            "{n} works on {b} and on ^{c}, the day after.",
        )
    )
    return text.format(n=person.name, place=place, **days)


def month(rng: Random) -> str:
    return rng.choice(_MONTH_TEMPLATES).format(**_cycle(MONTHS, rng))


def season(rng: Random) -> str:
    return rng.choice(_SEASON_TEMPLATES).format(**_cycle(SEASONS, rng))


def order(rng: Random) -> str:
    """Which day or month is the first, second, third."""
    names, whole = rng.choice(((DAYS, "week"), (MONTHS, "year")))
    index = rng.randrange(min(len(names), len(ORDINALS)))
    part = "day" if whole == "week" else "month"
    return rng.choice(
        (
            f"The {ORDINALS[index]} {part} of the {whole} is ^{names[index]}.",
            f"{names[index]} is the ^{ORDINALS[index]} {part} of the {whole}.",
        )
    )
