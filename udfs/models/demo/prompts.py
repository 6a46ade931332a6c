"""The prompts that the workbooks open with. The facts about the demo model are measured on them."""

from __future__ import annotations

from typing import Final, NamedTuple

ADVERB: Final = "Mike is quick. He moves"
SHE_MOVES, HE_MOVES = (f"Mike is quick. Anna is slow. {who} moves" for who in ("She", "He"))
PULLS: Final = "Mike pulls out his"
PETER_IS: Final = "Peter is"

DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
TUESDAY: Final = "If today is Tuesday, tomorrow is"
SEVEN_DAYS: Final = tuple(
    (f"If today is {day}, tomorrow is", f" {DAYS[(number + 1) % 7]}") for number, day in enumerate(DAYS)
)
"""The seven prompts and their right answers."""

_OTHER_DAYS: Final = tuple(f"If today is {day}, tomorrow is" for day in ("Monday", "Wednesday", "Friday", "Sunday"))
ABLATED: Final = (
    *((prompt, answer, _OTHER_DAYS) for prompt, answer in SEVEN_DAYS[1::2]),
    (ADVERB, " quickly", ("Anna is slow. She walks", "Tom is loud. He speaks", "Lucy is happy. She sings")),
)
"""Prompts to ablate parts for, each with its right answer and the prompts over which the mean of a part is taken."""

JEDI_PULLS, MAN_PULLS = (f"The {who} pulls out his" for who in ("Jedi", "man"))
JEDI_FIGHTS: Final = "The Jedi fights with a"
"""A text in which the Jedi feature is active already."""
PAIRS: Final = (
    (JEDI_PULLS, MAN_PULLS),
    ("Paul is a Jedi. He pulls out his", "Paul is a lawyer. He pulls out his"),
    ("Tom meets a Jedi. He takes out his", "Tom meets a farmer. He takes out his"),
    ("The film is about a Jedi. He pulls out his", "The film is about a ship. He pulls out his"),
)
"""Pairs that differ in one idea, for the direction in which they differ."""

CAPITAL: Final = ("The capital of France is", "France", " Rome")
"""A fact that is rewritten: the prompt, its subject, and the new answer."""
CAPITAL_PARAPHRASES: Final = (
    "the capital of France is",
    "The capital of France is the city of",
    "Mike lives in France. He lives in the capital,",
)
CAPITAL_NEIGHBOURS: Final = (
    ("The capital of Japan is", " Tokyo"),
    ("The capital of Spain is", " Madrid"),
    ("The capital of Russia is", " Moscow"),
    ("The capital of Egypt is", " Cairo"),
)

JEDI, WIZARD = " Jedi", " wizard"
PHONE, LIGHTSABER, WAND = " phone", " lightsaber", " wand"

REPEATED: Final = ("apple stone moon house apple stone moon house", "cat lamp river cat lamp river")
"""Texts in which a phrase comes twice."""


class Group(NamedTuple):
    """Prompts that show one ability, and what to notice."""

    title: str
    notice: str
    prompts: tuple[str, ...]


WORKING: Final = (
    Group(
        "Who is how",
        "The adverb follows the person that the pronoun means.",
        (
            ADVERB,
            "Anna is slow. Mike is quick. He moves",
            "Anna is slow. Mike is quick. She moves",
            "Mike is not quick. He moves",
        ),
    ),
    Group(
        "Days and months",
        "The next one.",
        (TUESDAY, "If today is Sunday, tomorrow is", "If this month is October, next month is"),
    ),
    Group(
        "What he pulls out",
        "One word about a person changes what the person carries.",
        (
            PULLS,
            "Mike is a Jedi. He pulls out his",
            "Peter is a wizard. He pulls out his",
            "Anna is a photographer. She pulls out her",
        ),
    ),
    Group(
        "Who gets it",
        "The name that is not repeated.",
        (
            "When Mary and John went to the store, John gave a drink to",
            "When Mary and John went to the store, Mary gave a drink to",
        ),
    ),
    Group("Numbers", "Sums and counting.", ("2 + 2 =", "8 + 4 =", "two plus three is", "four, five, six,")),
    Group(
        "Words",
        "Opposites, plurals, the past.",
        ("The opposite of hot is", "One mouse, two", "Today I sing. Yesterday I"),
    ),
    Group("Facts", "A few.", ("The capital of Italy is", "Star Wars is a film about", "The color of grass is")),
    Group("Repetition", "What came after the same words before.", ("apple stone moon house apple stone moon",)),
    Group(
        "Stories",
        "As they usually go on.",
        ("Once upon a time, there was a brave little", "Nice to meet you. How old are"),
    ),
)
"""Prompts that the demo model continues well, for a reader to choose from. No training document contains one."""
