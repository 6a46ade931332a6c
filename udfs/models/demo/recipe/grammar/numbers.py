"""Sums, differences, counting, comparing; in digits and in words."""

from __future__ import annotations

from random import Random
from typing import Final

from udfs.models.demo.recipe.grammar.words import NUMBERS, PEOPLE, PLURALS

_SUM_TEMPLATES: Final = ("{a} + {b} = ^{c}", "{a} + {b} = ^{c}.", "{a} + {b} = ^{c}", "{a} plus {b} is ^{c}.")
_DIFFERENCE_TEMPLATES: Final = ("{c} - {b} = ^{a}", "{c} - {b} = ^{a}.", "{c} minus {b} is ^{a}.")

_TIGHT_TEMPLATES: Final = (
    "{a}+{b}=^{c}",
    "{a}+{b}=^{c}",
    "{a}+{b} = ^{c}",
    "{a} + {b}=^{c}",
    "{c}-{b}=^{a}",
    "What is {a} + {b}? It is ^{c}.",
    "What is {a} plus {b}? It is ^{c}.",
)


def _small_pair(rng: Random) -> tuple[int, int]:
    """Two numbers with a sum of at most twenty, most of them with one digit."""
    top = 10 if rng.random() < 0.7 else 20
    a = rng.randrange(top + 1)
    return a, rng.randrange(min(top, 20 - a) + 1)


def sums(rng: Random) -> str:
    """One to four sums or differences in digits."""
    lines = []
    for _ in range(rng.choice((1, 1, 2, 3, 4))):
        a, b = _small_pair(rng)
        template = rng.choice(_SUM_TEMPLATES if rng.random() < 0.75 else _DIFFERENCE_TEMPLATES)
        lines.append(template.format(a=a, b=b, c=a + b))
    return rng.choice((" ", "\n")).join(lines)


def tight_sums(rng: Random) -> str:
    """One to three sums as people type them: `2+2=4`, or as questions."""
    lines = []
    for _ in range(rng.choice((1, 1, 2, 3))):
        a, b = _small_pair(rng)
        lines.append(rng.choice(_TIGHT_TEMPLATES).format(a=a, b=b, c=a + b))
    return rng.choice((" ", "\n")).join(lines)


def word_sum(rng: Random) -> str:
    a, b = _small_pair(rng)
    text = rng.choice(
        ("{a} plus {b} is ^{c}.", "{a} and {b} make ^{c}.", "{c} minus {b} is ^{a}.", "{a} plus {b} equals ^{c}.")
    )
    return text.format(a=NUMBERS[a], b=NUMBERS[b], c=NUMBERS[a + b])


def story_sum(rng: Random) -> str:
    """Things that somebody has, gets or gives away."""
    a, b = _small_pair(rng)
    a, b = max(a, 2), max(b, 2)
    if a + b > 20:
        return word_sum(rng)
    person = rng.choice(PEOPLE)
    things = PLURALS[rng.choice(tuple(PLURALS))]
    text = rng.choice(
        (
            "{n} has {a} {t}. {he} gets {b} more. Now ^{n} has ^{c} ^{t}.",
            "{n} has {c} {t}. {he} gives away {b}. Now ^{n} has ^{a} ^{t}.",
            "{n} has {a} {t} and {b} ^{t}, ^{c} in all.",
        )
    )
    words = rng.random() < 0.5
    a_, b_, c_ = ((NUMBERS[k] if words else str(k)) for k in (a, b, a + b))
    return text.format(n=person.name, he=person.he, t=things, a=a_, b=b_, c=c_)


def counting(rng: Random) -> str:
    """Up or down by one, two or five."""
    step = rng.choice((1, 1, 1, 2, 2, 5, 10, -1, -1))
    length = rng.randrange(4, 9)
    if abs(step) >= 5:
        numbers = [step * k for k in range(1, length + 1)]
    else:
        start = rng.randrange(max(1, 21 - abs(step) * length))
        numbers = [start + abs(step) * k for k in range(length)]
    if step < 0:
        numbers.reverse()
    words = max(numbers) <= 20 and rng.random() < 0.4
    texts = [("^" if index > 1 else "") + (NUMBERS[k] if words else str(k)) for index, k in enumerate(numbers)]
    return rng.choice((", ", ", ", " ")).join(texts)


def compare(rng: Random) -> str:
    a, b = rng.sample(range(21), 2)
    low, high = min(a, b), max(a, b)
    text = rng.choice(
        (
            "{h} is more than {l}.",
            "{l} is less than {h}.",
            "{h} > {l}",
            "{l} < {h}",
            "The number after {l} is ^{l1}.",
            "The number before {h} is ^{h1}.",
        )
    )
    return text.format(l=low, h=high, l1=low + 1, h1=high - 1)


def spelled(rng: Random) -> str:
    """A digit and its word."""
    number = rng.randrange(21)
    return rng.choice(("{d} is ^{w}.", "{w} is ^{d}.", "The number {d} is written ^{w}.")).format(
        d=number, w=NUMBERS[number]
    )
