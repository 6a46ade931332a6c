"""The tab Merges: byte-pair encoding, word by word and merge by merge."""

from __future__ import annotations

from dataclasses import dataclass

from workbook_templates.book import Book
from workbook_templates.pure.bpe import BpeTables, pair
from workbook_templates.pure.characters import SEPARATOR, Characters
from workbook_templates.range import Range
from workbook_templates.sheet import Page

LETTERS = 16  # of the longest word
PIECES = LETTERS + 1  # a word's letters and the space before them
PER_TOKEN = 6  # rows for merges, for each row for tokens

_WORD, _MERGES, _TEXT, _NEXT, _PLACE, _COUNT, _BEFORE, _FIRST_ID = 0, 1, 2, 3, 4, 5, 6, 8  # columns
_FIRST_PAIR = _FIRST_ID + PIECES + 1


@dataclass(frozen=True)
class Words:
    """The columns of the table of words on the tab Tokens.

    firsts, lasts: the numbers of the first and the last character
    texts: the words
    before: how many byte tokens come before the word
    pieces, merges, tokens: its byte tokens, their merges, and the tokens that are left
    rows: its last row on the tab Merges
    starts: how many tokens come before the word
    """

    firsts: Range
    lasts: Range
    texts: Range
    before: Range
    pieces: Range
    merges: Range
    tokens: Range
    starts: Range
    rows: Range


@dataclass(frozen=True)
class Merges:
    """The columns of the tab: for each word, a row before the first merge and one after each merge.

    words: the number of the word; 0 in rows that are not used
    places: where in the word the next merge is; 0 after the last merge
    ids: the tokens after each merge
    """

    words: Range
    places: Range
    ids: Range


def write_merges(book: Book, words: Words, characters: Characters, tables: BpeTables) -> Merges:
    """Writes the tab."""
    page = Page(book, "Merges", (9, 9, 40, 9, 9, 9, 13, 3, *[8] * PIECES, 3, *[8] * (PIECES - 1)))
    page.furniture(
        "Merges",
        (
            "Byte-pair encoding: each word starts as single bytes. Of all neighbours that may be merged, those that "
            "make the token with the lowest id are, again and again.",
            "In the middle: the tokens after each merge. On the right: the token that each two neighbours would make, "
            "looked up on the tab BPE.",
        ),
    )
    for column, title in (
        (_WORD, "word"),
        (_MERGES, "merges"),
        (_TEXT, "pieces"),
        (_NEXT, "makes"),
        (_PLACE, "at piece"),
        (_COUNT, "bytes"),
        (_BEFORE, "bytes before"),
        (_FIRST_ID, "tokens"),
        (_FIRST_PAIR, "neighbours make"),
    ):
        page.text(page.row, column, title, page.style.header)
    page.row += 1
    first, last = page.row, page.row + book.shape.tokens * PER_TOKEN - 1
    for row in range(first, last + 1):
        _write_word(page, row, row == first, words, characters)
        _write_ids(page, row, row == first, characters)
        _write_pairs(page, row, tables)
    page.sheet.freeze_panes(first, _TEXT + 1)
    page.sheet.print_area(0, 0, last, _FIRST_ID + PIECES - 1)
    unused = {"type": "formula", "criteria": f"=$A{first + 1}=0", "format": page.style.hidden}
    page.sheet.conditional_format(first, _WORD, last, _BEFORE, unused)
    begins = {"type": "formula", "criteria": f'=$B{first + 1}&""="0"', "format": page.style.line_above}
    page.sheet.conditional_format(first, _WORD, last, _FIRST_PAIR + PIECES - 2, begins)

    def columns(first_column: int, last_column: int) -> Range:
        return Range(page.name, first, first_column, last, last_column)

    return Merges(columns(_WORD, _WORD), columns(_PLACE, _PLACE), columns(_FIRST_ID, _FIRST_ID + PIECES - 1))


def _write_word(page: Page, row: int, is_first: bool, words: Words, characters: Characters) -> None:
    """Which word a row is about, after how many merges, and the word's pieces."""
    word, merges, count = (page.at(row, column) for column in (_WORD, _MERGES, _COUNT))
    above, merges_above, text_above, place_above = (
        page.at(row - 1, column) for column in (_WORD, _MERGES, _TEXT, _PLACE)
    )
    number = f"MAX({characters.words.there})"
    following = f"IF(OR({above}=0,{above}={number}),0,{above}+1)"
    own = f"MIN(1,{number})" if is_first else f"IF({place_above}>0,{above},{following})"
    page.static(row, _WORD, own, page.style.counted)
    step = "0" if is_first else f"IF({above}={word},{merges_above}+1,0)"
    page.static(row, _MERGES, f'IF({word}=0,"",{step})', page.style.whole)
    at_first = f"INDEX({characters.pieces.there},INDEX({words.lasts.there},{word}))"
    merged = '""' if is_first else f'SUBSTITUTE({text_above},"{SEPARATOR}","",{place_above})'
    page.static(row, _TEXT, f'IF({word}=0,"",IF({merges}=0,{at_first},{merged}))', page.style.token)
    page.static(row, _COUNT, f"IF({word}=0,0,INDEX({words.pieces.there},{word}))", page.style.counted)
    page.static(row, _BEFORE, f"IF({count}=0,0,INDEX({words.before.there},{word}))", page.style.whole)


def _write_ids(page: Page, row: int, is_first: bool, characters: Characters) -> None:
    """The tokens of the word: those of its bytes, or those of the row above after the merge."""
    count, before = (page.at(row, column, absolute=True) for column in (_COUNT, _BEFORE))
    made, place = (page.at(row - 1, column, absolute=True) for column in (_NEXT, _PLACE))
    for piece in range(PIECES):
        column = _FIRST_ID + piece
        number = f"{before}+{piece}"
        row_of = f"MATCH({number},{characters.before.there},1)"
        byte = f"{number}-INDEX({characters.before.there},{row_of})+1"
        formula = f'IF({count}>{piece},INDEX({characters.ids.there},{row_of},{byte}),"")'
        if not is_first:
            own = page.at(row - 1, column)
            right = page.at(row - 1, column + 1) if piece + 1 < PIECES else '""'
            merged = f"IF({place}>{piece + 1},{own},IF({place}={piece + 1},{made},{right}))"
            formula = f"IF({place}>0,{merged},{formula})"
        page.static(row, column, formula, page.style.whole)


def _write_pairs(page: Page, row: int, tables: BpeTables) -> None:
    """What each two neighbours make, and which of these merges comes next."""
    for index in range(PIECES - 1):
        left, right = (page.at(row, _FIRST_ID + index + offset) for offset in range(2))
        found = f"INDEX({tables.merged.there},MATCH({pair(left, right)},{tables.pairs.there},0))"
        formula = f'IF({right}="","",IFERROR({found},""))'
        page.static(row, _FIRST_PAIR + index, formula, page.style.channel)
    pairs = Range(page.name, row, _FIRST_PAIR, row, _FIRST_PAIR + PIECES - 2)
    page.static(row, _NEXT, f"MIN({pairs.here})", page.style.counted)
    made = page.at(row, _NEXT)
    page.static(row, _PLACE, f"IF({made}=0,0,MATCH({made},{pairs.here},0))", page.style.counted)
