"""The tabs Tokens and Embeddings: the prompt becomes tokens, and each token a row of numbers, the residual stream."""

from __future__ import annotations

from workbook_templates import style as look
from workbook_templates import walkthrough
from workbook_templates.band import Band, unless_error
from workbook_templates.bands import IDS, BandPage
from workbook_templates.book import READY, Book
from workbook_templates.grids import table, whole_number
from workbook_templates.prompt_tab import write_prompt_tokens
from workbook_templates.sheet import Page

TOKEN_TABLE = "Tokens!$A$7"  # the cell that the table of tokens spills from

_STEPS = 4  # the column in which the merges begin
_RANK = _STEPS + 2
_NEAREST = 8  # tokens with similar embeddings
_STEPS_A_TOKEN = 8  # rows reserved for the merges of a token

LABELS = "Embeddings!$A$8#"  # the position and token of every row, spilled once and read by every band


def write_tokens(book: Book) -> None:
    """Writes the tab. The cells below its two tables are free, so that a long prompt has room."""
    page = Page(book, "Tokens", (11.5, 22, 11, 4, 22, 26, look.POSITION_WIDTH, 60))
    page.furniture(
        "Tokens",
        (
            "The model does not read letters. It reads tokens: words and parts of words. Each has an id; GPT-2 has "
            "50,257.",
            "On the right: a word starts as single bytes. At each step, the neighbouring pair with the lowest rank is "
            "merged.",
        ),
    )
    for column, title in ((0, "The tokens"), (_STEPS, "How each word becomes tokens, merge by merge")):
        page.text(page.row, column, title, page.style.bold)
    page.row += 1
    header = page.row
    assert page.place(header, 0) == TOKEN_TABLE
    write_prompt_tokens(page, 0)
    page.sheet.set_column(_RANK, _RANK, look.POSITION_WIDTH, page.style.position)
    for column in range(_STEPS + 1, _STEPS + 4):
        cell_format = page.style.header_centred if column == _RANK else page.style.header
        page.sheet.write_blank(header, column, None, cell_format)
    steps = _STEPS_A_TOKEN * book.shape.tokens + 1
    page.formula(header, _STEPS, "GPT2_BPE_STEPS(text_read,model)", page.style.header, (steps, 4))
    page.mark_errors(header, _STEPS)
    page.sheet.freeze_panes(header + 1, 0)
    page.sheet.print_area(0, 0, header + 2 * book.shape.tokens, _STEPS + 3)
    page.sheet.fit_to_pages(1, 1)


def write_embeddings(book: Book) -> Band:
    """Writes the tab and returns the stream that enters Block 0."""
    page = BandPage(
        book,
        "Embeddings",
        "Embeddings",
        (walkthrough.EMBEDDINGS,),
        labels=LABELS,
    )
    part = book.dialect.part
    page.heading("ids", "The id of each token, from the tab Tokens.", ())
    ids = page.band(
        f'IF(status="{READY}",{part(f"{TOKEN_TABLE}#", 3, 3, above=1)},status)',
        headers=('"id"',),
        labels=f'IF(status="{READY}",{part(f"{TOKEN_TABLE}#", 1, 2, above=1)},"")',
        shown=IDS,
        width=1,
    )
    assert f"{page.place(ids.row, 0)}#" == LABELS
    page.heading("token", "Token embedding: the id selects a row of the table wte.weight.", ())
    token = page.band(f"GPT2_EMBED({ids.spill},model)")
    page.heading("position", "Position embedding: the position selects a row of the table wpe.weight.", ())
    position = page.band(f"GPT2_POSITION({ids.spill},model)")
    page.heading("sum", "The residual stream that enters Block 0: token embedding plus position embedding.", ())
    cells = page.rows()
    total = page.zeros_for_blanks(cells, f"{token.spill}+{position.spill}")
    stream = page.put(cells, total, (token, position))
    _write_meaning(page, token)
    page.finish()
    return stream


def _write_meaning(page: BandPage, token: Band) -> None:
    """The tokens with the most similar rows."""
    page.heading(
        "nearest",
        "What does a row of numbers mean? Tokens with similar rows are used in similar ways.",
        ("Choose a position. Below are the tokens whose embeddings point most nearly in the same direction.",),
    )
    page.text(page.row, 0, "position", page.style.bold)
    page.input(page.row, 1, None)
    page.text(page.row, page.first, "Blank: the last token.", page.style.aside)
    position = page.at(page.row, 1, absolute=True)
    whole_number(page, position, 0, page.book.shape.tokens - 1)
    page.row += 1
    row = f'INDEX({token.spill},IF({position}="",MAX(1,token_count),{position}+1),0)'
    nearest = unless_error((token.cell,), f"GPT2_NEAREST_TOKENS({row},{_NEAREST},model)")
    style = page.style
    table(page, 0, nearest, (style.position, style.token, style.whole, style.number), _NEAREST)
    page.row += 1
