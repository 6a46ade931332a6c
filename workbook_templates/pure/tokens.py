"""The tabs Tokens and Embeddings: words are looked up, and each of their tokens becomes a row of numbers."""

from __future__ import annotations

from dataclasses import dataclass

from workbook_templates import walkthrough
from workbook_templates.bands import Band, BandPage
from workbook_templates.book import READY, Book
from workbook_templates.pure.weights import Vocabulary, WordTable
from workbook_templates.range import Range
from workbook_templates.sheet import Page

_REST, _WORD, _ENDS, _NEXT, _WRONG, _ROW, _COUNT, _FROM = range(6, 14)  # the columns of the table of words
_TITLES = ("remaining text", "word", "ends in", "before", "wrong", "row in Words", "tokens", "from")


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


def write_tokens(book: Book, words: WordTable, vocabulary: Vocabulary) -> TokenTable:
    """Writes the tab and names the table of tokens."""
    page = Page(book, "Tokens", (11.5, 16, 9, 17, 9, 3, 46, 18, 9, 9, 9, 14, 9, 9))
    page.furniture(
        "Tokens",
        (
            "The model does not read letters. It reads tokens: words and parts of words, each with its id.",
            "On the right, the text is taken apart: at each step, the longest word from the tab Words that it begins "
            "with, if the next character does not continue that word. On the left: the tokens of these words.",
        ),
    )
    page.text(page.row, 0, "The tokens", page.style.bold)
    page.text(page.row, _REST, "The words", page.style.bold)
    page.row += 1
    header = page.row
    for column, title in enumerate(("position", "token", "id", "row in Vocabulary", "word")):
        page.text(header, column, title, page.style.header if column < 2 else page.style.header_right)
    for column, title in enumerate(_TITLES, start=_REST):
        right = column in (_ROW, _WRONG, _COUNT, _FROM)
        page.text(header, column, title, page.style.header_right if right else page.style.header)
    page.row += 1
    _words(page, words)
    table = _tokens(page, words, vocabulary)
    book.name("tokens", page.place(header, 0, header + book.shape.tokens, 2))
    page.sheet.freeze_panes(page.row, 0)
    page.sheet.print_area(0, 0, page.row + book.shape.tokens, _FROM)
    return table


def _words(page: Page, words: WordTable) -> None:
    """One row per word: the remaining text, and the longest word that it begins with."""
    first = page.row
    for row in range(first, first + page.book.shape.tokens):
        rest, number, word, ends, follows = (page.at(row, column) for column in (_REST, _ROW, _WORD, _ENDS, _NEXT))
        above = {column: page.at(row - 1, column) for column in (_REST, _WORD, _COUNT, _FROM)}
        _cell(
            page,
            row,
            _REST,
            'prompt&""'
            if row == first
            else f'IF({above[_WORD]}="","",MID({above[_REST]},LEN({above[_WORD]})+1,LEN({above[_REST]})))',
        )
        found = f"MATCH(TRUE,EXACT(LEFT({rest},{words.length.there}),{words.text.there}),0)"
        looked_up = f'{{=IF({rest}="",0,IF(ISNA({found}),0,{found}))}}'
        page.sheet.write_array_formula(row, _ROW, row, _ROW, looked_up, page.style.counted, "")
        _cell(page, row, _WORD, f'IF({number}=0,"",INDEX({words.text.there},{number}))')
        _cell(page, row, _ENDS, f'IF({number}=0,"",{_kind(f"RIGHT({word},1)")})')
        after = f"MID({rest},LEN({word})+1,1)"
        _cell(page, row, _NEXT, f'IF(OR({number}=0,{after}=""),"",{_kind(after)})')
        _cell(page, row, _WRONG, f'IF({rest}="",0,IF(OR({number}=0,{ends}={follows}),1,0))', "counted")
        _cell(page, row, _COUNT, f"IF({number}=0,0,INDEX({words.count.there},{number}))", "counted")
        _cell(page, row, _FROM, "0" if row == first else f"{above[_FROM]}+{above[_COUNT]}", "whole")
    unused = {"type": "formula", "criteria": f'=${page.at(first, _REST)}=""', "format": page.style.hidden}
    page.sheet.conditional_format(first, _FROM, first + page.book.shape.tokens - 1, _FROM, unused)


def _tokens(page: Page, words: WordTable, vocabulary: Vocabulary) -> TokenTable:
    """One row per token: its word, its id in that word's row, its row in the vocabulary."""
    first, last = page.row, page.row + page.book.shape.tokens - 1

    def column(index: int) -> Range:
        return Range(page.name, first, index, last, index)

    for row in range(first, last + 1):
        position, token_id, number, word = (page.at(row, index) for index in (0, 2, 3, 4))
        index = row - first
        _cell(page, row, 0, f'IF(status<>"{READY}","",IF({index}<token_count,{index},""))', "position")
        _cell(page, row, 4, f'IF({position}="","",MATCH({position},{column(_FROM).here},1))', "whole")
        in_words, piece = f"INDEX({column(_ROW).here},{word})", f"{position}-INDEX({column(_FROM).here},{word})+1"
        _cell(page, row, 2, f'IF({position}="","",INDEX({words.ids.there},{in_words},{piece}))', "whole")
        _cell(page, row, 3, f'IF({position}="","",MATCH({token_id},{vocabulary.ids.there},0))', "whole")
        _cell(page, row, 1, f'IF({position}="","",INDEX({vocabulary.tokens.there},{number}))', "token")
    return TokenTable(
        positions=column(0),
        tokens=column(1),
        vocabulary_rows=column(3),
        counts=column(_COUNT),
        words=column(_WORD),
        wrong=column(_WRONG),
        rest=column(_REST),
    )


def _kind(character: str) -> str:
    """The formula for the kind of a character: letter, digit, space or sign."""
    return (
        f'IF(NOT(EXACT(UPPER({character}),LOWER({character}))),"letter",'
        f'IF(ISNUMBER(FIND({character},"0123456789")),"digit",'
        f'IF(OR({character}=" ",{character}=CHAR(10)),"space","sign")))'
    )


def _cell(page: Page, row: int, column: int, formula: str, cell_format: str = "text") -> None:
    page.sheet.write_formula(row, column, f"={formula}", getattr(page.style, cell_format), "")


def write_embeddings(book: Book, tokens: TokenTable, vocabulary: Vocabulary, positions: Range) -> Band:
    """Writes the tab and returns the stream that enters Block 0."""
    page = BandPage(book, "Embeddings", "Embeddings", (walkthrough.EMBEDDINGS,), labels=tokens.labels)
    page.heading("token", "Token embedding: the token's row on the tab Vocabulary (wte.weight).", ())
    cells = page.rows()
    for index in range(book.shape.tokens):
        number = tokens.vocabulary_rows.rows(index, 1).there
        row = f'IF({number}="",0,INDEX({vocabulary.rows.there},{number},0))'
        page.array(cells.rows(index, 1), row, page.style.used_number)
    token = Band(cells, False, True)
    page.heading("position", "Position embedding: the position's row on the tab Positions (wpe.weight).", ())
    position = page.fill(positions.there, ())
    page.heading("sum", "The residual stream that enters Block 0: token embedding plus position embedding.", ())
    stream = page.fill(f"{token.spill}+{position.spill}", (token, position))
    page.finish()
    return stream
