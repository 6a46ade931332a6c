"""The tab PCA: the direction in which pairs of prompts differ most, added to the stream."""

from __future__ import annotations

from workbook_templates.bands import FIRST, BandPage
from workbook_templates.book import Book
from workbook_templates.grids import area
from workbook_templates.surgery.inputs import by_model, write_coefficient, write_input
from workbook_templates.surgery.steering_tab import LABELS, Chosen, Steering, Vector, write_steering

TAB = "PCA"
PAIRS = (
    ("The Jedi pulls out his", "The man pulls out his"),
    ("Paul is a Jedi. He pulls out his", "Paul is a lawyer. He pulls out his"),
    ("Tom meets a Jedi. He takes out his", "Tom meets a farmer. He takes out his"),
    ("The film is about a Jedi. He pulls out his", "The film is about a ship. He pulls out his"),
)

_ROOM = 8  # pairs
_WIDTH = 4  # columns that a prompt takes up
_SECOND = FIRST + _WIDTH + 1


def write_pca(book: Book) -> Steering:
    """Writes the tab and returns what other tabs need."""
    page = BandPage(
        book,
        TAB,
        "The direction in which pairs of prompts differ",
        (
            "The model reads pairs of texts that differ in one idea. At the last token, each pair's streams differ",
            "in their own way, but most of the differences share one direction: the first principal component.",
            "Its length is 1, so the coefficient is the length added. (Representation engineering, Zou et al. 2023.)",
        ),
        labels=LABELS,
    )
    page.heading("choose", "The pairs of texts, where, and how strongly.", ())
    positive, negative = _pairs(page)
    half = book.shape.n_layer // 2
    place = write_input(page, "place", f"h.{half}", f"Where: h.{half} is the stream that enters block {half}.")
    coefficient = write_coefficient(
        page, by_model("160", "40"), "The length that is added. 0 does nothing; below 0 steers the other way."
    )
    positions = write_input(page, "positions", "all", "At which tokens: all, prompt, last, first 3, or 0, 2")
    steering = write_steering(
        page,
        Chosen(place, coefficient, positions),
        Vector(
            f"GPT2_DIRECTION({positive},{negative},{place},model_used)",
            1,
            book.dialect.beside(('"direction"', '""')),
            ("", ""),
            "The direction, of length 1. It points towards the texts on the left.",
        ),
    )
    page.finish(None, None)
    return steering


def _pairs(page: BandPage) -> tuple[str, str]:
    """Writes the input cells of the pairs and returns the ranges of the two sides."""
    for column, title in ((FIRST, "towards"), (_SECOND, "away from")):
        page.text(page.row, column, title, page.style.bold)
    page.row += 1
    first = page.row
    for number in range(_ROOM):
        texts = PAIRS[number] if number < len(PAIRS) else (None, None)
        page.text(page.row, 0, f"pair {number}", page.style.bold)
        for column, text in zip((FIRST, _SECOND), texts, strict=True):
            page.sheet.merge_range(page.row, column, page.row, column + _WIDTH - 1, "", page.style.input)
            page.input(page.row, column, text)
        page.row += 1
    left, right = (area(page, first, column, page.row - 1, column) for column in (FIRST, _SECOND))
    page.row += 1
    typed = page.book.dialect.typed
    return typed(left), typed(right)
