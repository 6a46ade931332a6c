"""The constants of the workbook: the model's weights, the words that can be typed, and their tokens."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from udfs.backend.gpt2.model import Model
from udfs.backend.gpt2.tokenizer import encode, token_text
from udfs.models.demo.known import known_tokens, known_words

END_OF_TEXT = 50256
PIECES = 3  # the most tokens that a word may have
MOST_WEIGHTS = 2_000_000  # in all blocks together

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Word:
    """An entry of the word table: letters, digits or signs, often with the space before them, and their token ids."""

    text: str
    ids: tuple[int, ...]


@dataclass(frozen=True)
class Others:
    """All tokens without a row in the workbook.

    count: how many
    mean: their mean row: [n_embd]
    spread: the variance of their numbers around the mean row, averaged over all channels
    radius: the largest distance of a row from the mean row
    """

    count: int
    mean: Numbers
    spread: float
    radius: float

    @property
    def are_equal(self) -> bool:
        """Whether they share one row, so that they share one logit too."""
        return self.radius == 0


class Contents:
    """The numbers and words of one model."""

    def __init__(self, model: Model) -> None:
        """Raises ValueError, with a message of one line, if the model is too large for cells."""
        self.model, self.config = model, model.config
        weights = 12 * self.config.n_layer * self.config.n_embd**2
        if weights > MOST_WEIGHTS:
            raise ValueError(
                f"model must have at most {MOST_WEIGHTS:,} weights in its blocks, one per cell, as demo has; "
                f"{model.name} has {weights:,}"
            )

    def weights(self, parameter: str) -> Numbers:
        """A tensor of at most two axes, to write; a vector becomes one row.

        It is not rounded: the decimals of float16 numbers repeat, so a file with all of them is smaller.
        """
        return np.atleast_2d(np.asarray(self.model[parameter], np.float64))

    @cached_property
    def ids(self) -> tuple[int, ...]:
        """The ids of the tokens that have a row in the workbook.

        They are the words' tokens and <|endoftext|>, which separates documents. If tokens share a row of the
        embedding, as in a model that learned only some of them, all tokens with a row of their own are listed too.
        """
        known = known_tokens(self.model)
        learned = known if len(known) < self.config.n_vocab else frozenset()
        return tuple(sorted({END_OF_TEXT, *learned, *(i for word in known_words() for i in encode(word))}))

    @cached_property
    def tokens(self) -> tuple[str, ...]:
        """The text of each token in `ids`."""
        return tuple(token_text(i) for i in self.ids)

    @cached_property
    def words(self) -> tuple[Word, ...]:
        """The words of the corpus, longest first, with and without a space before them.

        All their tokens are known, and they have few of them.
        """
        known = set(self.ids)
        texts = {form for word in known_words() for form in (word, word.lstrip(" "), f" {word.strip()}")}
        words = (Word(text, tuple(encode(text))) for text in texts if text.strip(" "))
        usable = [word for word in words if len(word.ids) <= PIECES and known.issuperset(word.ids)]
        return tuple(sorted((*usable, _MARK), key=lambda word: (-len(word.text), word.text)))

    @cached_property
    def wte(self) -> Numbers:
        """The rows of the token embedding for `ids`: [len(ids), n_embd]."""
        return self.weights("wte.weight")[list(self.ids)]

    @cached_property
    def others(self) -> Others:
        """The tokens that are not in `ids`."""
        rest = np.delete(self.weights("wte.weight"), self.ids, axis=0)  # [n_others, n_embd]
        mean = rest[0] if (rest == rest[0]).all() else rest.mean(axis=0)  # the mean of equal rows would be rounded
        apart = rest - mean
        return Others(len(rest), mean, float(apart.var()), float(np.linalg.norm(apart, axis=1).max()))


_MARK = Word("<|endoftext|>", (END_OF_TEXT,))
