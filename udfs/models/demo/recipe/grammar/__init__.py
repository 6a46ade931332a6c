"""The grammar that writes the corpus: topics, each a function from a random generator to one document.

In a topic's text, `^` marks each word that follows from the text before it (the adverb, the next day, the sum): a model
can learn to predict it. The other words (which name, which place) are drawn at random.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Final, NamedTuple

from udfs.models.demo.recipe.grammar import calendar, films, language, numbers, people, stories, world
from udfs.models.demo.recipe.held_out import is_held_out

MARK: Final = "^"


class Document(NamedTuple):
    """A text, and the offsets of the words that follow from the text before them."""

    text: str
    predictable: frozenset[int]


Topic = Callable[[Random], str]


class Share(NamedTuple):
    """A topic and its weight when the next document's topic is drawn."""

    topic: Topic
    weight: float


TOPICS: Final[tuple[Share, ...]] = (
    Share(people.manner, 5.0),
    Share(people.negation, 8.0),
    Share(people.man_and_woman, 16.0),
    Share(people.quality_first, 6.0),
    Share(people.qualities, 14.0),
    Share(people.who_is_who, 6.0),
    Share(people.told_of, 16.0),
    Share(people.named_again, 4.0),
    Share(people.belongings, 14.0),
    Share(people.indirect_object, 14.0),
    Share(calendar.day, 5.0),
    Share(calendar.lower_case_day, 4.0),
    Share(calendar.two_days, 1.5),
    Share(calendar.month, 2.5),
    Share(calendar.season, 0.3),
    Share(calendar.order, 0.8),
    Share(numbers.sums, 22.0),
    Share(numbers.tight_sums, 10.0),
    Share(numbers.word_sum, 6.0),
    Share(numbers.story_sum, 2.0),
    Share(numbers.counting, 5.0),
    Share(numbers.compare, 1.0),
    Share(numbers.spelled, 1.0),
    Share(language.opposite, 8.0),
    Share(language.plural, 4.0),
    Share(language.tense, 6.0),
    Share(language.comparison, 1.0),
    Share(language.repeated, 14.0),
    Share(language.full_names, 4.0),
    Share(world.capital, 7.0),
    Share(world.color, 3.0),
    Share(world.animal, 3.0),
    Share(world.kind, 1.5),
    Share(films.pulls_out, 5.0),
    Share(films.jedi, 5.0),
    Share(films.other_worlds, 1.5),
    Share(films.trade, 2.5),
    Share(films.film, 6.0),
    Share(stories.life, 3.0),
    Share(stories.in_a_row, 5.0),
)
"""Topics that are hard to learn get a larger weight."""


def documents(seed: int) -> Iterator[Document]:
    """Endless documents, the same for the same seed. None contains the text of a held-out prompt."""
    rng = Random(seed)
    topics = [share.topic for share in TOPICS]
    weights = [share.weight for share in TOPICS]
    while True:
        for topic in rng.choices(topics, weights, k=50):
            document = parse(topic(rng))
            if not is_held_out(document.text):
                yield document


def parse(marked: str) -> Document:
    """Removes the marks from a text."""
    first, *rest = marked.split(MARK)
    text, starts = first, []
    for part in rest:
        starts.append(len(text))
        text += part
    return Document(text, frozenset(starts))
