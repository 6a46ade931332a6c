"""The tab Head scores: which heads look one token back, at copies of a token, or at what followed a copy."""

from __future__ import annotations

from workbook_templates import style as look
from workbook_templates.book import Book
from workbook_templates.grids import labelled_input, table, title, unless_message
from workbook_templates.mri.layer_grid import write_frame
from workbook_templates.sheet import Page

TAB = "Head scores"

_TEXT = "apple stone moon house apple stone moon house"
_MAPS = 6  # the column in which the heat maps begin
_KINDS = (  # name, column in the table, what it means
    ("previous token", 3, "looks at the token just before its own"),
    ("duplicate token", 4, "looks at an earlier copy of its own token"),
    ("induction", 5, "looks at what came after an earlier copy, so that the model can repeat a phrase"),
)


def write_scores(book: Book) -> str:
    """Writes the tab: the table of scores and a layer x head heat map for each kind. Returns the cell of the text."""
    shape, style = book.shape, book.style
    page = Page(book, TAB, (10, 10, 11, 11, 11, 3, 11, *[6.5] * shape.n_head))
    page.furniture(
        TAB,
        (
            "Three jobs that heads are known to do, and the share of its attention that each head spends on each job.",
            "A text that repeats itself shows them best. 1 would be all of a head's attention, 0 is none.",
        ),
    )
    title(page, "You choose")
    text = labelled_input(page, "text", _TEXT, "Any text in which some tokens occur twice.", _MAPS + 6)
    page.row += 1
    title(page, "The scores of every head, as a table and as heat maps: the greener, the more attention")
    top = page.row
    formats = (style.position, style.position, *[style.share] * 3)
    scores = table(page, 0, f"GPT2_HEAD_SCORES({text},model_used)", formats, shape.n_layer * shape.n_head)
    last = page.row
    page.row = top
    for kind in _KINDS:
        _map(page, scores, *kind)
    page.row = last
    page.sheet.print_area(0, 0, top + len(_KINDS) * (shape.n_layer + 4), _MAPS + shape.n_head)
    page.sheet.fit_to_pages(1, 1)
    page.sheet.freeze_panes(1, 0)
    return text.replace("$", "")


def _map(page: Page, scores: str, name: str, column: int, meaning: str) -> None:
    """A heat map of one column of the table, and the name of the head with the highest score."""
    shape, style = page.book.shape, page.style
    page.text(page.row, _MAPS, f"{name}: {meaning}", style.bold)
    page.row += 1
    body = f"INDEX({scores}#,0,{column})"
    place = f"MATCH(MAX({body}),{body},0)-2"
    strongest = (
        f'IF(COUNT({body})=0,"No token comes twice in this text.","Most of all: layer "&INT(({place})/{shape.n_head})'
        f'&", head "&MOD({place},{shape.n_head})&", with "&TEXT(MAX({body}),"0.00"))'
    )
    page.formula(page.row, _MAPS, unless_message(scores, strongest), style.note)
    page.row += 1
    first, last = write_frame(page, _MAPS, range(shape.n_head), style.cell_share)
    wrapped = page.book.dialect.wrapped(f"DROP({body},1)", shape.n_layer, shape.n_head)
    formula = f'IF(COUNT({body})=0,"",{wrapped})'
    size = shape.n_layer, shape.n_head
    page.formula(first, _MAPS + 1, unless_message(scores, formula), style.cell_share, size)
    page.sheet.conditional_format(first, _MAPS + 1, last, _MAPS + shape.n_head, look.SHARE_SCALE)
    page.row = last + 2
