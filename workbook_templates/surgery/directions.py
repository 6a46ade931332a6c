"""The tabs Contrast and PCA: a direction in which texts differ, added to the stream."""

from __future__ import annotations

from udfs.models.demo.facts import facts
from udfs.models.demo.prompts import JEDI, PAIRS, PHONE
from workbook_templates.bands import FIRST, BandPage
from workbook_templates.book import MARK, Book
from workbook_templates.grids import area
from workbook_templates.surgery.models import by_model
from workbook_templates.surgery.steering import (
    Chosen,
    Steering,
    Vector,
    labels,
    write_coefficient,
    write_derived,
    write_input,
    write_steering,
)

CONTRAST = "Contrast"

PCA = "PCA"

_PAIR_ROOM = 8  # pairs
_PROMPT_WIDTH = 4  # columns that a prompt takes up
_SECOND = FIRST + _PROMPT_WIDTH + 1


def write_contrast(book: Book) -> tuple[Steering, str]:
    """Writes the tab. Returns what other tabs need, and the cell of the text to steer towards."""
    page = BandPage(
        book,
        CONTRAST,
        "The difference of two prompts",
        (
            "The model reads two texts. The stream of the first minus the stream of the second is a direction.",
            "It is added to the prompt's stream row by row: its first row at the first token, and so on. (Activation "
            "addition, Turner et al. 2023.)",
        ),
        labels=labels(book),
    )
    page.heading("choose", "Two texts, where to add their difference, and how strongly.", ())
    found = facts().contrast
    early = max(1, book.shape.n_layer // 6)  # at block 0 the tokens carry no information about each other yet
    plus = write_input(page, "towards", JEDI, "The text to steer towards: here one token, with its space.", wide=True)
    minus = write_input(page, "away from", PHONE, "The text to steer away from.", wide=True)
    place = write_input(
        page,
        "place",
        by_model(f'"h.{found.layer}"', f'"h.{early}"'),
        f"Where in the stream: h.{early}, for example, is what enters block {early}.",
        default=True,
    )
    coefficient = write_coefficient(
        page,
        by_model(f"{found.coefficient:g}", "4"),
        "The difference is multiplied by this. 0 does nothing; below 0 steers the other way.",
    )
    positions = write_input(page, "positions", "all", "At which tokens: all, prompt, last, first 3, or 0, 2")
    argument = write_derived(
        page,
        "vector",
        f'"contrast("&{_quoted(plus)}&", "&{_quoted(minus)}&")"',
        "The name of the vector in the model text.",
    )
    steering = write_steering(
        page,
        Chosen(place, coefficient, positions),
        Vector(
            _with_room(book, f"GPT2_CONTRAST({plus},{minus},{place},model_used)"),
            book.shape.tokens,
            (_tokens(book, plus), _tokens(book, minus)),
            ("towards", "away from"),
            "The stream of the first text minus the stream of the second, at that place: one row per token.",
            argument,
        ),
    )
    page.finish()
    return steering, plus.replace("$", "")


def _quoted(cell: str) -> str:
    """A cell's text as the model text writes it, between quotes."""
    escaped = f'SUBSTITUTE(SUBSTITUTE({cell},"\\","\\\\"),"""","\\""")'
    return f'""""&{escaped}&""""'


def _tokens(book: Book, cell: str) -> str:
    """A column of the tokens of one text, with <|endoftext|> before them."""
    return f'IFERROR(LET(t,GPT2_TOKENIZE("<|endoftext|>"&{cell},model),{book.dialect.part("t", 2, 2, above=1)}),"")'


def _with_room(book: Book, formula: str) -> str:
    """The difference, or a message if it has more rows than are reserved."""
    room = book.shape.tokens
    message = f'"{MARK} the texts of this tab have "&ROWS(d)&" tokens, there is room for {room}"'
    return f"LET(d,{formula},IF(ROWS(d)>{room},{message},d))"


def write_pca(book: Book) -> Steering:
    """Writes the tab and returns what other tabs need."""
    page = BandPage(
        book,
        PCA,
        "The direction in which pairs of prompts differ",
        (
            "The model reads pairs of texts that differ in one idea. At the last token, each pair of streams differs "
            "in its own way, but most of the differences share one direction: the first principal component.",
            "Its length is 1, so the coefficient is the length added. (Representation engineering, Zou et al. 2023.)",
        ),
        labels=labels(book),
    )
    page.heading("choose", "The pairs of texts, where, and how strongly.", ())
    positive, negative = _pairs(page)
    half = book.shape.n_layer // 2
    place = write_input(page, "place", f"h.{half}", f"Where: h.{half} is the stream that enters block {half}.")
    coefficient = write_coefficient(
        page,
        by_model(f"{facts().pca:g}", "40"),
        "The length of the added vector. 0 does nothing; below 0 steers the other way.",
    )
    positions = write_input(page, "positions", "all", "At which tokens: all, prompt, last, first 3, or 0, 2")
    steering = write_steering(
        page,
        Chosen(place, coefficient, positions),
        Vector(
            f"GPT2_DIRECTION({positive},{negative},{place},model_used)",
            1,
            ('"direction"', '""'),
            ("", ""),
            "The direction, of length 1. It points towards the texts on the left.",
        ),
    )
    page.finish()
    return steering


def _pairs(page: BandPage) -> tuple[str, str]:
    """Writes the input cells of the pairs and returns the ranges of the two sides."""
    for column, title in ((FIRST, "towards"), (_SECOND, "away from")):
        page.text(page.row, column, title, page.style.bold)
    page.row += 1
    first = page.row
    for number in range(_PAIR_ROOM):
        texts = PAIRS[number] if number < len(PAIRS) else (None, None)
        page.text(page.row, 0, f"pair {number}", page.style.bold)
        for column, text in zip((FIRST, _SECOND), texts, strict=True):
            page.sheet.merge_range(page.row, column, page.row, column + _PROMPT_WIDTH - 1, "", page.style.input)
            page.input(page.row, column, text)
        page.row += 1
    left, right = (area(page, first, column, page.row - 1, column) for column in (FIRST, _SECOND))
    page.row += 1
    typed = page.book.dialect.typed
    return typed(left), typed(right)
