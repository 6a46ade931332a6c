"""The tab Contrast: the difference of two prompts, added to the stream."""

from __future__ import annotations

from workbook_templates.bands import BandPage
from workbook_templates.book import Book
from workbook_templates.places import MARK
from workbook_templates.surgery.inputs import by_model, write_coefficient, write_derived, write_input
from workbook_templates.surgery.steering_tab import LABELS, Chosen, Steering, Vector, write_steering

TAB = "Contrast"
PLUS, MINUS = "The Jedi pulls out his", "The man pulls out his"


def write_contrast(book: Book) -> tuple[Steering, str]:
    """Writes the tab. Returns what other tabs need, and the cell of the text to steer towards."""
    page = BandPage(
        book,
        TAB,
        "The difference of two prompts",
        (
            "The model reads two texts. The stream of the first minus the stream of the second is a direction.",
            "It is added to the prompt's stream token by token: its first row at the first token, and so on.",
            "This needs no training. Try love and hate, or two languages. (Activation addition, Turner et al. 2023.)",
        ),
        labels=LABELS,
    )
    page.heading("choose", "The text to steer towards, the text to steer away from, where, and how strongly.", ())
    early = max(1, book.shape.n_layer // 6)  # at block 0 the tokens carry no information about each other yet
    plus = write_input(page, "towards", PLUS, "The text to steer towards.", wide=True)
    minus = write_input(page, "away from", MINUS, "The text to steer away from.", wide=True)
    place = write_input(page, "place", f"h.{early}", f"Where: h.{early} is the stream that enters block {early}.")
    coefficient = write_coefficient(
        page,
        by_model("2", "4"),
        "How many times the difference is added. 0 does nothing; below 0 steers the other way.",
    )
    positions = write_input(page, "positions", "all", "At which tokens: all, prompt, last, first 3, or 0, 2")
    argument = write_derived(
        page, "vector", f'"contrast("&{_quoted(plus)}&", "&{_quoted(minus)}&")"', "Its name in the model text."
    )
    steering = write_steering(
        page,
        Chosen(place, coefficient, positions),
        Vector(
            _with_room(book, f"GPT2_CONTRAST({plus},{minus},{place},model_used)"),
            book.shape.tokens,
            book.dialect.beside((_tokens(plus), _tokens(minus)), even=False),
            ("towards", "away from"),
            "The stream of the first text minus the stream of the second, at that place: one row per token.",
            argument,
        ),
    )
    page.finish(None, None)
    return steering, plus.replace("$", "")


def _quoted(cell: str) -> str:
    """A cell's text as the model text writes it, between quotes."""
    escaped = f'SUBSTITUTE(SUBSTITUTE({cell},"\\","\\\\"),"""","\\""")'
    return f'""""&{escaped}&""""'


def _tokens(cell: str) -> str:
    """A column of the tokens of one text, with <|endoftext|> before them."""
    return f'INDEX(DROP(GPT2_TOKENIZE("<|endoftext|>"&{cell}),1),0,2)'


def _with_room(book: Book, formula: str) -> str:
    """The difference, or a message if it has more rows than are reserved."""
    room = book.shape.tokens
    message = f'"{MARK} the texts of this tab have "&ROWS(d)&" tokens, there is room for {room}"'
    return f"LET(d,{formula},IF(ROWS(d)>{room},{message},d))"
