"""Cells that tabs know of each other."""

from __future__ import annotations

from dataclasses import dataclass

from workbook_templates.pure.page import Range


@dataclass(frozen=True)
class WordTable:
    """The columns of the tab Words: each word, its length, how many tokens it is, and their ids."""

    text: Range
    length: Range
    count: Range
    ids: Range


@dataclass(frozen=True)
class Vocabulary:
    """The columns of the tab Vocabulary: each token's id, text, number of its row, and row of the embedding.

    other_row: the mean row of the tokens that are not listed
    count, spread, radius: how many they are, and how they scatter around it
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
    """Where the tensors of one block stand, by the ends of their names: `attn.c_attn.weight`."""

    tensors: dict[str, Range]

    def __getitem__(self, name: str) -> str:
        return self.tensors[name].there


@dataclass(frozen=True)
class TokenTable:
    """The columns of the tab Tokens, a row for each token that there is room for.

    vocabulary_rows: a token's row there
    rest, words, counts: what is still to be read, the word taken off it, its tokens; wrong: 1 where there is none
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
        """Positions and tokens, from another tab."""
        return self.positions.there, self.tokens.there
