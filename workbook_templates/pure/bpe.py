"""The tab BPE: the tokens of GPT-2's vocabulary and its merges, as tables in which formulas look things up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from udfs.backend.gpt2.tokenizer import GPT2, N_VOCAB, token_text
from udfs.backend.gpt2.vocabulary import N_BYTES
from workbook_templates.book import Book
from workbook_templates.range import Range
from workbook_templates.sheet import Page

_TOP = 6  # the first row of each table
_ID, _TOKEN, _BYTE, _BYTE_ID, _PAIR, _MERGED = 0, 1, 3, 4, 6, 7  # columns
_LEFT = 65_536  # above every id


@dataclass(frozen=True)
class BpeTables:
    """The columns of the tab.

    ids, tokens: the tokens and their texts, in the order of the ids
    byte_ids: the id of the token of each byte, from byte 0
    pairs: the merges, each as one number: see `pair`
    merged: the id of the token that each merge makes
    """

    ids: Range
    tokens: Range
    byte_ids: Range
    pairs: Range
    merged: Range


def pair(left: str, right: str) -> str:
    """The number of two neighbours, in a formula: MATCH would take texts that differ in capitals for equal."""
    return f"{left}*{_LEFT}+{right}"


def known_tokens() -> Sequence[int]:
    """The ids of GPT-2's tokens."""
    return range(N_VOCAB)


@cache
def known_merges() -> Sequence[tuple[int, int, int]]:
    """The ids of the left, the right and the merged token of each of GPT-2's merges."""
    ids = GPT2.vocabulary.ids
    return [(ids[left], ids[right], ids[left + right]) for left, right in GPT2.vocabulary.ranks]


def bpe_tables() -> BpeTables:
    """The ranges of the tables."""

    def column(number: int, height: int) -> Range:
        return Range("BPE", _TOP, number, _TOP + height - 1, number)

    tokens, merges = len(known_tokens()), len(known_merges())
    return BpeTables(
        ids=column(_ID, tokens),
        tokens=column(_TOKEN, tokens),
        byte_ids=column(_BYTE_ID, N_BYTES),
        pairs=column(_PAIR, merges),
        merged=column(_MERGED, merges),
    )


def write_bpe(book: Book) -> None:
    """Writes the tab."""
    page = Page(book, "BPE", (9, 18, 3, 9, 9, 3, 14, 9), kind="weight")
    page.furniture(
        "BPE",
        (
            "GPT-2's byte-pair encoding: all tokens; the token of each byte; and all merges of two tokens.",
            f"A pair is one number: the id of its left token × {_LEFT:,} + the id of its right one. The merges are in "
            "the order in which they were learned: of several possible ones, the first is made.",
        ),
    )
    for column, title in ((_ID, "id"), (_TOKEN, "token"), (_BYTE, "byte"), (_BYTE_ID, "id"), (_PAIR, "pair")):
        page.text(page.row, column, title, page.style.header)
    page.text(page.row, _MERGED, "makes", page.style.header)
    assert page.row + 1 == _TOP
    for row, token_id in enumerate(known_tokens(), start=_TOP):
        page.sheet.write_number(row, _ID, token_id, page.style.channel)
        page.text(row, _TOKEN, token_text(token_id), page.style.token)
    for byte in range(N_BYTES):
        page.sheet.write_number(_TOP + byte, _BYTE, byte, page.style.channel)
        page.sheet.write_number(_TOP + byte, _BYTE_ID, GPT2.vocabulary.ids[bytes([byte])], page.style.channel)
    merges = [(left * _LEFT + right, merged) for left, right, merged in known_merges()]
    book.numbers.add(page.sheet, _TOP, _PAIR, np.array(merges, np.int64), page.style.channel)
    page.sheet.freeze_panes(_TOP, 0)
    page.sheet.print_area(0, 0, _TOP + 60, _MERGED)
