"""The prompts that the workbooks open with. The facts about the demo model are measured on them."""

from __future__ import annotations

from typing import Final

ADVERB: Final = "Mike is quick. He moves"
PULLS: Final = "Mike pulls out his"
MIKE_IS: Final = "Mike is"

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

JEDI_PULLS, WIZARD_PULLS, MAN_PULLS = (f"The {who} pulls out his" for who in ("Jedi", "wizard", "man"))
JEDI_WEAPON: Final = "The weapon of a Jedi is a"
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

PHONE, LIGHTSABER, WAND = " phone", " lightsaber", " wand"

REPEATED: Final = ("apple stone moon house apple stone moon house", "cat lamp river cat lamp river")
"""Texts in which a phrase comes twice."""
