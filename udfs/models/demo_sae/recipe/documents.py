"""Rows of token ids to read: documents of the grammar and of the corpus."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count
from random import Random
from typing import Final

from udfs.backend.gpt2.tokenizer import END_OF_TEXT, encode
from udfs.models.demo.recipe.grammar import documents
from udfs.models.demo.recipe.sources import SHARES, Texts

ROW: Final = 64
_GRAMMAR_SHARE: Final = 0.4
"""The share of rows with documents of the grammar, larger than in the model's training: the grammar has many topics.
The sources of the corpus share the other rows as they do there."""
_BEGIN_SHARE: Final = 0.3
"""The share of rows that begin with <|endoftext|>, as in the model's training."""


def rows(texts: Mapping[str, Texts], seed: int) -> Iterator[list[int]]:
    """Endless rows of `ROW` token ids, each with texts of one source. A longer document takes several rows.

    Reads only the training part of each source: the autoencoder must not see what the model is measured by.
    """
    random = Random(seed)
    grammar = _pieces(document.text for document in documents(seed))
    everyday = [_pieces(_everyday(part, seed)) for part in texts.values()]
    shares = [SHARES[name].short + SHARES[name].long for name in texts]
    while True:
        ids = [END_OF_TEXT] if random.random() < _BEGIN_SHARE else []
        source = grammar if random.random() < _GRAMMAR_SHARE else random.choices(everyday, shares)[0]
        while len(ids) < ROW:
            ids += next(source)
        yield ids[:ROW]


def _everyday(texts: Texts, seed: int) -> Iterator[str]:
    """The documents again and again, in a new order each time."""
    for epoch in count():
        order = list(texts.training)
        Random(f"{seed} {epoch}").shuffle(order)
        yield from order


def _pieces(documents: Iterator[str]) -> Iterator[list[int]]:
    """The tokens of each document and `<|endoftext|>`, cut to the length of a row."""
    for text in documents:
        ids = [*encode(text), END_OF_TEXT]
        yield from (ids[at : at + ROW] for at in range(0, len(ids), ROW))
