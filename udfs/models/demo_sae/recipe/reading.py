"""The text at the positions of a stream: the word, the topics mentioned before, and a short snippet."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from udfs.backend.gpt2.tokenizer import END_OF_TEXT, decode

BEFORE: Final = 6
AFTER: Final = 1
"""A snippet has at most this many tokens before and after the token it marks."""
_MEMORY: Final = 12
"""A topic counts as mentioned until this many tokens later."""


class Reading:
    """The tokens of rows of equal length, read as words. `tokens` is [n_tokens]."""

    def __init__(self, tokens: NDArray[np.int64], row: int) -> None:
        self.tokens, self._row = tokens, row
        self.texts = [_text(token) for token in tokens.tolist()]
        self.words, self.word_at = _words(self.texts, row)

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """How many tokens belong to each word: [n_words]."""
        return np.bincount(self.word_at, minlength=len(self.words))

    @cached_property
    def _document(self) -> NDArray[np.int64]:
        """The number of the document, or of its part in one row, that each token belongs to: [n_tokens]."""
        begins = np.arange(len(self.tokens)) % self._row == 0
        begins[1:] |= self.tokens[:-1] == END_OF_TEXT
        return begins.cumsum()

    def members(self, topics: Sequence[Collection[str]]) -> NDArray[np.bool_]:
        """Which words belong to which topics: [n_topics, n_words]."""
        return np.array([[is_in(word, topic) for word in self.words] for topic in topics])

    def mentioned(self, members: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Whether one of the words, [n_words], is at the position or shortly before it in the document: [n_tokens]."""
        at = np.flatnonzero(members[self.word_at])
        found = np.zeros(len(self.tokens), dtype=bool)
        for later in range(_MEMORY + 1):
            there = at[at + later < len(found)]
            found[there[self._document[there] == self._document[there + later]] + later] = True
        return found

    def snippet(self, position: int) -> str:
        """The token between « and », and the few tokens around it in its document."""
        first, last = max(0, position - BEFORE), position + AFTER
        around = range(first, min(last + 1, len(self.tokens)))
        near = [at for at in around if self._same_document(at, position) and self.tokens[at] != END_OF_TEXT]
        before = decode([int(self.tokens[at]) for at in near if at < position])
        after = decode([int(self.tokens[at]) for at in near if at > position])
        token = self.texts[position]
        space = " " if token.startswith(" ") else ""
        return " ".join(f"{before}{space}«{token.strip()}»{after}".split())

    def _same_document(self, one: int, other: int) -> bool:
        return bool(self._document[one] == self._document[other])


def is_in(word: str, topic: Collection[str]) -> bool:
    """Whether the word, or the word without an s at its end, is one of the topic's."""
    return word in topic or (len(word) > 3 and word.endswith("s") and word[:-1] in topic)


def _text(token: int) -> str:
    return "<|endoftext|>" if token == END_OF_TEXT else decode([token])


def _words(texts: Sequence[str], row: int) -> tuple[list[str], NDArray[np.int64]]:
    """The different words, in small letters, and which of them each token belongs to."""
    starts = [at for at in range(len(texts)) if at % row == 0 or not _goes_on(texts[at - 1], texts[at])]
    numbers: dict[str, int] = {}
    word_at = np.empty(len(texts), dtype=np.int64)
    for start, end in zip(starts, [*starts[1:], len(texts)], strict=True):
        word = "".join(texts[start:end]).strip().lower()
        word_at[start:end] = numbers.setdefault(word, len(numbers))
    return list(numbers), word_at


def _goes_on(before: str, text: str) -> bool:
    """Whether a token continues the word of the token before it, as 't continues don."""
    letters = text.removeprefix("'")
    return before[-1:].isalpha() and letters[:1].isalpha()
