"""The tab All heads: the pattern of every head as a thumbnail, one row of thumbnails per layer."""

from __future__ import annotations

from workbook_templates import style as look
from workbook_templates.book import Book
from workbook_templates.places import MARK, READY
from workbook_templates.sheet import Page

TAB = "All heads"

_FIRST = 1  # the column in which the thumbnails begin
_CELL_WIDTH, _CELL_HEIGHT = 1.1, 9
_MOST_TOKENS = 48  # with more, 144 thumbnails would fill hundreds of thousands of cells


def write_heads(book: Book, printed: int) -> None:
    """Writes the tab. `printed` is the number of tokens that a printed page has room for."""
    shape = book.shape
    side = min(shape.tokens, _MOST_TOKENS) + 1
    rows, columns = (count * side - 1 for count in (shape.n_layer, shape.n_head))
    page = Page(book, TAB, (9,))
    page.sheet.set_column(_FIRST, _FIRST + columns - 1, _CELL_WIDTH, page.style.thumbnail)
    page.furniture(
        TAB,
        (
            "Where every head looks, as thumbnails: one row of squares per layer, one column per head.",
            "Each square is a small tab Attention. A line just below the diagonal: the head looks one token back.",
            "A green first column: it looks at the first token, usually because it has nothing to do.",
        ),
    )
    header, first = page.row, page.row + 1
    corner = page.at(first, _FIRST)
    for column in range(_FIRST + 1, _FIRST + columns):
        page.sheet.write_blank(header, column, None, page.style.thumbnail_label)
    page.text(header, 0, "layer ↓ head →", page.style.thumbnail_label)
    for row in range(first, first + rows):
        page.sheet.set_row(row, _CELL_HEIGHT)
        if row > first:
            page.sheet.write_blank(row, 0, None, page.style.thumbnail_label)
    if book.dialect.is_fixed:
        _write_each(page, header, side)
    else:
        _write_all(page, header)
    page.plain(header - 1, _FIRST, f'IF(ISTEXT({corner}),{corner},"")', page.style.wrong_text)
    page.sheet.conditional_format(first, _FIRST, first + rows - 1, _FIRST + columns - 1, look.SHARE_SCALE)
    side = side if book.dialect.is_fixed else min(side, printed + 1)
    page.sheet.print_area(0, 0, first + shape.n_layer * side - 1, _FIRST + shape.n_head * side - 1)
    page.sheet.freeze_panes(first, _FIRST)
    page.row = first + rows


def _write_all(page: Page, header: int) -> None:
    """One formula for all thumbnails, so that they stay close for any length of prompt; and their numbers."""
    first, corner = header + 1, page.at(header + 1, _FIRST)
    label = page.style.thumbnail_label
    page.formula(header, _FIRST, _labels(f"COLUMN({corner}#)-COLUMN({corner})", corner), label)
    page.formula(first, 0, _labels(f"ROW({corner}#)-ROW({corner})", corner), label)
    page.formula(first, _FIRST, _thumbnails(page), page.style.thumbnail)


def _write_each(page: Page, header: int, side: int) -> None:
    """A formula for each thumbnail, `side` rows and columns from the next; and their numbers."""
    shape, room, corner = page.book.shape, side - 1, page.at(header + 1, _FIRST)
    for head in range(shape.n_head):
        page.text(header, _FIRST + head * side, str(head), page.style.thumbnail_label)
    for layer in range(shape.n_layer):
        row = header + 1 + layer * side
        page.text(row, 0, str(layer), page.style.thumbnail_label)
        for head in range(shape.n_head):
            pattern = f'GPT2_RESIDUAL(prompt_used,"h.{layer}.attn.head.{head}.pattern",model_used)'
            checked = f'IF(status<>"{READY}",status,IF(token_count>{room},{_too_many(room)},{pattern}))'
            shown = checked if layer == head == 0 else f'IF(ISTEXT({corner}),"",{pattern})'
            page.formula(row, _FIRST + head * side, shown, page.style.thumbnail, (room, room))


def _too_many(room: int) -> str:
    return f'"{MARK} at most {room} tokens have room here, the prompt has "&token_count&": see Attention"'


def _labels(place: str, corner: str) -> str:
    """The layer or head number at the first row or column of each thumbnail."""
    return f'IF(ISTEXT({corner}),"",LET(x,{place},d,token_count+1,IF(MOD(x,d)=0,INT(x/d)&"","")))'


def _thumbnails(page: Page) -> str:
    """The patterns of a layer are side by side, the layers one below the other; n tokens, then a gap."""
    shape = page.book.shape
    layers = (f'GPT2_RESIDUAL(prompt_used,"h.{layer}.attn.pattern",model_used)' for layer in range(shape.n_layer))
    patterns = f"VSTACK({','.join(layers)})" if shape.n_layer > 1 else next(layers)
    return (
        f'IF(status<>"{READY}",status,IF(token_count>{_MOST_TOKENS},{_too_many(_MOST_TOKENS)},LET(n,token_count,d,n+1,'
        f"x,SEQUENCE({shape.n_layer}*d-1,1,0),y,SEQUENCE(1,{shape.n_head}*d-1,0),p,{patterns},"
        'IF((MOD(x,d)=n)+(MOD(y,d)=n),"",INDEX(p,x-INT(x/d)+1,y-INT(y/d)+1)))))'
    )
