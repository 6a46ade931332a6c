"""The tabs on attention: Attention, with one head in full, All heads, as thumbnails, and Head scores."""

from __future__ import annotations

from typing import Any, NamedTuple

from xlsxwriter.format import Format

from udfs.backend.interpret.places import Component
from udfs.models.demo.prompts import REPEATED
from workbook_templates import style as look
from workbook_templates.book import MARK, READY, Book
from workbook_templates.grids import (
    area,
    fold,
    heat_map,
    labelled_input,
    layer_frame,
    table,
    title,
    unless_message,
    whole_number,
)
from workbook_templates.sheet import Page

ATTENTION = "Attention"

_PRINTED = 18
_WRITTEN = 5

ALL_HEADS = "All heads"

_FIRST = 1  # the column in which the thumbnails begin
_CELL_WIDTH, _CELL_HEIGHT = 1.1, 9
_MOST_TOKENS = 48  # with more, 144 thumbnails would fill hundreds of thousands of cells

HEAD_SCORES = "Head scores"

_MAPS = 6  # the column in which the heat maps begin
_KINDS = (  # name, column in the table, what it means
    ("previous token", 2, "looks at the token just before its own"),
    ("duplicate token", 3, "looks at an earlier copy of its own token"),
    ("induction", 4, "looks at what followed an earlier copy, so that the model can repeat a phrase"),
)


class OneHead(NamedTuple):
    """Where the tab Attention has its head: the cells of its layer and number, and those its two squares spill from."""

    layer: str
    head: str
    pattern: str
    scores: str


def write_attention(book: Book, layer: int, head: int) -> OneHead:
    """Writes the tab, with this head chosen at first. Returns the addresses that other tabs need."""
    shape, style = book.shape, book.style
    page = Page(book, ATTENTION, (13, *[9.5] * (shape.tokens + 1)))
    page.furniture(
        ATTENTION,
        (
            "A head moves information from earlier tokens to later ones. This tab shows where one head looks.",
            "Row: the token that looks. Column: the token looked at. Each row sums to 1. No token sees a later one.",
        ),
    )
    title(page, "You choose")
    layer_cell = labelled_input(page, "layer", layer, f"0 to {shape.n_layer - 1}")
    whole_number(page, layer_cell, 0, shape.n_layer - 1)
    head_cell = labelled_input(page, "head", head, f"0 to {shape.n_head - 1}")
    whole_number(page, head_cell, 0, shape.n_head - 1)
    page.row += 1
    head_of = f"{layer_cell},{head_cell}"
    title(page, "Where it looks: the greener, the more attention")
    pattern = f"GPT2_ATTENTION(prompt_used,{head_of},model_used)"
    looks = _square(page, pattern, 0, style.cell_share, look.SHARE_SCALE)
    title(
        page,
        "Why it looks there: the scores before softmax, query · key / √(head size)",
        ("The last column and the last row: the part of a score that depends on one of the two tokens only.",),
    )
    scores = _square(page, f"GPT2_KQ(prompt_used,{head_of},model_used)", 1, style.cell_number, look.SIGNED_SCALE)
    title(
        page,
        f"What it writes when it looks at a token: the {_WRITTEN} tokens that it makes most likely",
        ("A head that copies makes the token itself likely, so its own rank is close to 1.",),
    )
    formats = (style.token, style.position, *[style.cell] * _WRITTEN)
    table(page, 0, f"GPT2_OV(prompt_used,{head_of},{_WRITTEN},model_used)", formats, shape.tokens)
    fold(page, shape.tokens)
    page.sheet.print_area(0, 0, page.row, min(shape.tokens, _PRINTED))
    page.sheet.fit_to_pages(1, 1)
    page.sheet.freeze_panes(1, 1)
    return OneHead(*map(page.there, (layer_cell, head_cell, looks, scores)))


def _square(page: Page, formula: str, more: int, cell_format: Format, scale: dict[str, Any]) -> str:
    """A heat map of tokens x tokens, with `more` extra rows and columns. Returns the cell that it spills from."""
    tokens = page.book.shape.tokens
    cell = heat_map(page, 0, formula, (tokens + more, tokens + more), cell_format, scale)
    fold(page, tokens, more)
    return cell


def write_heads(book: Book, printed: int) -> None:
    """Writes the tab. `printed` is the number of tokens that a printed page has room for."""
    shape = book.shape
    side = min(shape.tokens, _MOST_TOKENS) + 1
    rows, columns = (count * side - 1 for count in (shape.n_layer, shape.n_head))
    page = Page(book, ALL_HEADS, (9,))
    page.sheet.set_column(_FIRST, _FIRST + columns - 1, _CELL_WIDTH, page.style.thumbnail)
    page.furniture(
        ALL_HEADS,
        (
            "Each square is the pattern of one head, as on the tab Attention. One row of squares per layer, one column "
            "per head. A line just below the diagonal: the head looks one token back.",
        ),
    )
    page.row += 1  # for a message
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
            pattern = f'GPT2_RESIDUAL(prompt_used,"{Component(layer, "attn", head)}.pattern",model_used)'
            checked = f'IF(status<>"{READY}",status,IF(token_count>{room},{_too_many(room)},{pattern}))'
            shown = checked if layer == head == 0 else f'IF(ISTEXT({corner}),"",{pattern})'
            page.formula(row, _FIRST + head * side, shown, page.style.thumbnail, (room, room))


def _too_many(room: int) -> str:
    return f'"{MARK} at most {room} tokens have room here, the prompt has "&token_count&": see Attention"'


def _labels(place: str, corner: str) -> str:
    """The layer or head number at the first row or column of each thumbnail."""
    return f'IF(ISTEXT({corner}),"",LET(x,{place},d,token_count+1,IF(MOD(x,d)=0,INT(x/d)&"","")))'


def _thumbnails(page: Page) -> str:
    """The patterns of a layer are side by side, the layers one below the other; n tokens, then a gap.

    x and y are rows and columns counted from 0, i and j those of a layer's pattern, counted from 1.
    """
    shape = page.book.shape
    layers = ",".join(
        f'INDEX(GPT2_RESIDUAL(prompt_used,"h.{layer}.attn.pattern",model_used),i,j)' for layer in range(shape.n_layer)
    )
    return (
        f'IF(status<>"{READY}",status,IF(token_count>{_MOST_TOKENS},{_too_many(_MOST_TOKENS)},LET(n,token_count,d,n+1,'
        f"x,SEQUENCE({shape.n_layer}*d-1,1,0),y,SEQUENCE(1,{shape.n_head}*d-1,0),i,MOD(x,d)+1,j,y-INT(y/d)+1,"
        f'IF((i>n)+(MOD(y,d)=n),"",CHOOSE(INT(x/d)+1,{layers})))))'
    )


def write_scores(book: Book) -> tuple[str, str]:
    """Writes the tab: the table of scores and a layer x head heat map for each kind.

    Returns the cell of the text, and the address of the note that names the best head of the last kind: induction.
    """
    shape, style = book.shape, book.style
    page = Page(book, HEAD_SCORES, (10, 10, 11, 11, 11, 3, 11, *[6.5] * shape.n_head))
    page.furniture(
        HEAD_SCORES,
        (
            "Three jobs that heads are known to do, and the share of its attention that each head spends on each: 1 is "
            "all of it, 0 is none. A text that repeats itself shows them best.",
        ),
    )
    title(page, "You choose")
    text = labelled_input(page, "text", REPEATED[0], "Any text in which some tokens come twice.", _MAPS + 6)
    page.row += 1
    title(page, "The scores of every head, as a table and as heat maps: the greener, the more attention")
    top = page.row
    formats = (style.position, style.position, *[style.share] * 3)
    scores = table(page, 0, f"GPT2_HEAD_SCORES({text},model_used)", formats, shape.n_layer * shape.n_head)
    last = page.row
    page.row = top
    for name, column, meaning in _KINDS:
        strongest = page.place(page.row + 1, _MAPS)
        _map(page, scores, area(page, top + 1, column, last - 1, column), f"{name}: {meaning}")
    page.row = last
    page.sheet.print_area(0, 0, top + len(_KINDS) * (shape.n_layer + 4), _MAPS + shape.n_head)
    page.sheet.fit_to_pages(1, 1)
    page.sheet.freeze_panes(1, 0)
    return text.replace("$", ""), strongest


def _map(page: Page, scores: str, values: str, heading: str) -> None:
    """A heat map of one column of the table of scores, and the name of the head with the highest score."""
    shape, style = page.book.shape, page.style
    page.text(page.row, _MAPS, heading, style.bold)
    page.row += 1
    place = f"MATCH(MAX({values}),{values},0)-1"
    strongest = (
        f'IF(COUNT({values})=0,"No token comes twice in this text.","Most of all: layer "&INT(({place})/{shape.n_head})'
        f'&", head "&MOD({place},{shape.n_head})&", with "&TEXT(MAX({values}),"0.00"))'
    )
    page.formula(page.row, _MAPS, unless_message(scores, strongest), style.note)
    page.row += 1
    first, last = layer_frame(page, _MAPS, range(shape.n_head), style.cell_share)
    formula = f'IF(COUNT({values})=0,"",INDEX({values},SEQUENCE({shape.n_layer},{shape.n_head}),1))'
    size = shape.n_layer, shape.n_head
    page.formula(first, _MAPS + 1, unless_message(scores, formula), style.cell_share, size)
    page.sheet.conditional_format(first, _MAPS + 1, last, _MAPS + shape.n_head, look.SHARE_SCALE)
    page.row = last + 2
