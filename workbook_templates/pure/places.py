"""Cells that tabs know of each other."""

from __future__ import annotations

from dataclasses import dataclass

from workbook_templates.pure.page import Range


@dataclass(frozen=True)
class WordTable:
    """The columns of the tab Words: each word, its length, its number of tokens, and their ids."""

    text: Range
    length: Range
    count: Range
    ids: Range


@dataclass(frozen=True)
class Vocabulary:
    """The columns of the tab Vocabulary: each token's id, text, row number, and row of the embedding.

    other_row: the mean row of the tokens that are not listed
    count, spread, radius: how many those are, and how they scatter around their mean
    """

    ids: Range
    tokens: Range
    numbers: Range
    rows: Range
    other_row: Range
    count: Range
    spread: Range
    radius: Range


@dataclass(frozen=True)
class BlockWeights:
    """The ranges of one block's tensors, by the last part of their names: `attn.c_attn.weight`."""

    tensors: dict[str, Range]

    def __getitem__(self, name: str) -> str:
        return self.tensors[name].there


@dataclass(frozen=True)
class TokenTable:
    """The columns of the tab Tokens, one row for each token that there is room for.

    vocabulary_rows: the token's row on the tab Vocabulary
    rest, words, counts: the text that is left, the word taken off it, its number of tokens
    wrong: 1 if no word fits
    """

    positions: Range
    tokens: Range
    vocabulary_rows: Range
    counts: Range
    words: Range
    wrong: Range
    rest: Range

    @property
    def labels(self) -> tuple[str, str]:
        """Positions and tokens, for formulas on other tabs."""
        return self.positions.there, self.tokens.there
