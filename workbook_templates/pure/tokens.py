"""The tabs Tokens and Embeddings: a text becomes tokens, and each token becomes a row of numbers."""

from __future__ import annotations

from dataclasses import dataclass

from workbook_templates import walkthrough
from workbook_templates.band import Band
from workbook_templates.bands import BandPage
from workbook_templates.book import READY, Book
from workbook_templates.pure.bpe import BpeTables
from workbook_templates.pure.characters import Characters, write_characters
from workbook_templates.pure.merges import Merges, Words, write_merges
from workbook_templates.pure.weights import Embedding, Vocabulary
from workbook_templates.range import Range
from workbook_templates.sheet import Page

_NUMBER, _FIRST, _LAST, _TEXT, _BEFORE, _PIECES, _MERGES, _COUNT, _START, _ROW = range(6, 16)  # the table of words
_TITLES = ("word", "first", "last", "text", "bytes before", "bytes", "merges", "tokens", "from", "row in Merges")


@dataclass(frozen=True)
class TokenTable:
    """The columns of the tab Tokens, one row for each token that there is room for, and what the tab Prompt checks.

    vocabulary_rows: the token's row on the tab Vocabulary
    """

    positions: Range
    tokens: Range
    vocabulary_rows: Range
    words: Words
    characters: Characters
    merges: Merges

    @property
    def labels(self) -> tuple[str, str]:
        """Positions and tokens, for formulas on other tabs."""
        return self.positions.there, self.tokens.there


def write_tokens(book: Book, tables: BpeTables, vocabulary: Vocabulary) -> TokenTable:
    """Writes the tabs Tokens, Characters and Merges, and names the table of tokens."""
    page = Page(book, "Tokens", (11.5, 16, 9, 17, 9, 3, 9, 9, 9, 26, 13, 9, 9, 9, 9, 14))
    page.furniture(
        "Tokens",
        (
            "The model does not read letters. It reads tokens: words and parts of words, each with its id.",
            "On the right: the words of the text, from the tab Characters. Each is cut into tokens on the tab Merges.",
        ),
    )
    page.text(page.row, 0, "The tokens", page.style.bold)
    page.text(page.row, _NUMBER, "The words", page.style.bold)
    page.row += 1
    header = page.row
    for column, title in enumerate(("position", "token", "id", "row in Vocabulary", "word")):
        page.text(header, column, title, page.style.header if column < 2 else page.style.header_right)
    for column, title in enumerate(_TITLES, start=_NUMBER):
        page.text(header, column, title, page.style.header if column == _TEXT else page.style.header_right)
    page.row += 1
    characters = write_characters(book, tables)
    columns = (_FIRST, _LAST, _TEXT, _BEFORE, _PIECES, _MERGES, _COUNT, _START, _ROW)
    words = Words(*(_column(page, column) for column in columns))
    merges = write_merges(book, words, characters, tables)
    _words(page, characters, merges)
    table = _tokens(page, words, characters, merges, tables, vocabulary)
    book.name("tokens", page.place(header, 0, header + book.shape.tokens, 2))
    page.sheet.freeze_panes(page.row, 0)
    page.sheet.print_area(0, 0, page.row + book.shape.tokens, _ROW)
    return table


def _column(page: Page, column: int) -> Range:
    """A column of the tables that begin in the page's row."""
    return Range(page.name, page.row, column, page.row + page.book.shape.tokens - 1, column)


def _words(page: Page, characters: Characters, merges: Merges) -> None:
    """One row per word: where it is in the text, and how many tokens it becomes."""
    first, last = page.row, page.row + page.book.shape.tokens - 1
    numbers = characters.words.there
    for row in range(first, last + 1):
        number, start, end, before, pieces, merged = (
            page.at(row, column) for column in (_NUMBER, _FIRST, _LAST, _BEFORE, _PIECES, _MERGES)
        )
        page.sheet.write_number(row, _NUMBER, row - first + 1, page.style.position)
        page.static(row, _FIRST, f'IF({number}>MAX({numbers}),"",MATCH({number},{numbers},0))', page.style.whole)
        following = f"IF({number}=MAX({numbers}),COUNT({numbers}),MATCH({number}+1,{numbers},0)-1)"
        page.static(row, _LAST, f'IF({start}="","",{following})', page.style.whole)
        page.static(row, _TEXT, f'IF({start}="","",MID(prompt,{start},{end}-{start}+1))', page.style.token)
        page.static(row, _BEFORE, f'IF({start}="",0,INDEX({characters.before.there},{start}))', page.style.whole)
        through = f"INDEX({characters.before.there},{end})+INDEX({characters.counts.there},{end})"
        page.static(row, _PIECES, f'IF({start}="",0,{through}-{before})', page.style.counted)
        found = f"COUNTIF({merges.words.there},{number})"
        page.static(row, _MERGES, f'IF({start}="",0,MAX(1,{found})-1)', page.style.whole)
        first_row = f"MATCH({number},{merges.words.there},0)"
        page.static(row, _ROW, f'IF({start}="",0,IFERROR({first_row},1)+{merged})', page.style.counted)
        page.static(row, _COUNT, f"{pieces}-{merged}", page.style.counted)
        so_far = "0" if row == first else f"{page.at(row - 1, _START)}+{page.at(row - 1, _COUNT)}"
        page.static(row, _START, so_far, page.style.whole)
    unused = {"type": "formula", "criteria": f'=${page.at(first, _FIRST)}=""', "format": page.style.hidden}
    page.sheet.conditional_format(first, _NUMBER, last, _ROW, unused)


def _tokens(
    page: Page, words: Words, characters: Characters, merges: Merges, tables: BpeTables, vocabulary: Vocabulary
) -> TokenTable:
    """One row per token: its word, its id after the word's last merge, its row in the vocabulary."""
    first = page.row
    for index in range(page.book.shape.tokens):
        row = first + index
        position, token_id, word = (page.at(row, column) for column in (0, 2, 4))
        page.static(row, 0, f'IF(status<>"{READY}","",IF({index}<token_count,{index},""))', page.style.position)
        page.static(row, 4, f'IF({position}="","",MATCH({position},{words.starts.here},1))', page.style.whole)
        step = f"INDEX({words.rows.here},{word})"
        piece = f"{position}-INDEX({words.starts.here},{word})+1"
        page.static(row, 2, f'IF({position}="","",INDEX({merges.ids.there},{step},{piece}))', page.style.whole)
        listed = f"MATCH({token_id},{vocabulary.ids.there},0)"
        others = str(vocabulary.ids.height + 1)
        page.static(row, 3, f'IF({position}="","",IFERROR({listed},{others}))', page.style.whole)
        text = f"INDEX({tables.tokens.there},MATCH({token_id},{tables.ids.there},0))"
        page.static(row, 1, f'IF({position}="","",{text})', page.style.token)
    positions, tokens, rows = (_column(page, column) for column in (0, 1, 3))
    return TokenTable(positions, tokens, rows, words, characters, merges)


def write_embeddings(book: Book, tokens: TokenTable, vocabulary: Vocabulary, positions: Embedding) -> Band:
    """Writes the tab and returns the stream that enters Block 0."""
    page = BandPage(book, "Embeddings", "Embeddings", (walkthrough.EMBEDDINGS,), labels=tokens.labels)
    page.heading("token", "Token embedding: the token's row on the tab Vocabulary (wte.weight).", ())
    cells = page.rows()
    for index in range(book.shape.tokens):
        number = tokens.vocabulary_rows.rows(index, 1).there
        found = vocabulary.embedding.row(number)
        page.array(cells.rows(index, 1), f'IF({number}="",0,{found})', page.style.used_number)
    token = Band(cells, False, True)
    page.heading("position", "Position embedding: the position's row on the tab Positions (wpe.weight).", ())
    position = page.fill(positions.first(book.shape.tokens).product, ())
    page.heading("sum", "The residual stream that enters Block 0: token embedding plus position embedding.", ())
    stream = page.fill(f"{token.spill}+{position.spill}", (token, position))
    page.finish()
    return stream
