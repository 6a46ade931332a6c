"""The tab Head: the stream's last row becomes a probability for every token, and the most likely one is chosen."""

from __future__ import annotations

from workbook_templates import walkthrough
from workbook_templates.anatomy.embeddings import LABELS
from workbook_templates.bands import FIRST, Band, BandPage, unless_error
from workbook_templates.book import Book
from workbook_templates.grids import number_between, unless_message
from workbook_templates.next_tokens import COLUMNS, write_chart, write_next_tokens

_SHOWN = 10  # tokens in the table
_CHART_COLUMN = FIRST + 5


def write_head(book: Book, incoming: Band, before: str) -> None:
    """Writes the tab and names the table of next tokens, the temperature and the chosen token."""
    page = BandPage(
        book,
        "Head",
        "Head",
        walkthrough.HEAD,
        labels=LABELS,
        kind="result",
    )
    stream = _last_row(page, incoming, before)
    page.heading(
        "ln_f", "The final LayerNorm, for you to see. (The function for the logits below applies it by itself.)", ()
    )
    page.band(f'GPT2_LAYERNORM({stream.spill},"ln_f",model)', rows=1, labels=book.dialect.last_row(LABELS))
    _logits(page, stream)
    page.finish(before, "Weights")


def _last_row(page: BandPage, incoming: Band, before: str) -> Band:
    dialect, cell = page.book.dialect, incoming.place
    labels = dialect.last_row(LABELS)
    page.heading("last row", f"The last token's row of the residual stream, from the tab {before}.", ())
    arrived = page.band(unless_error((cell,), dialect.last_row(incoming.spill_outside)), rows=1, labels=labels)
    page.heading("your edits", "To replace a value above, type a number here.", (), numbered=False)
    edits = page.edit_grid(arrived, rows=1, labels=labels)
    page.heading("edited", "The row with your edits.", (), numbered=False)
    over = dialect.typed_over(edits, arrived.spill)
    return page.band(f"GPT2_EDIT({arrived.spill},{over})", rows=1, labels=labels)


def _logits(page: BandPage, stream: Band) -> None:
    page.heading(
        "next token",
        f"The {_SHOWN} most likely next tokens, of all the tokens that the model knows.",
        ("Logits are divided by the temperature: 1 as trained, lower surer, higher more even, 0 all to the first.",),
    )
    _temperature(page)
    page.row += 1
    header, first, last = page.row, page.row + 1, page.row + _SHOWN
    style = page.style
    table = write_next_tokens(page, 0, f"GPT2_LOGITS({stream.spill},{_SHOWN},temperature,model)", _SHOWN)
    page.book.name("next_tokens", page.place(header, 0, last, COLUMNS - 1))
    write_chart(page, (header, _CHART_COLUMN), 0, (first, last))
    page.row = last + 2
    page.text(page.row, 0, "chosen", style.bold)
    page.formula(page.row, 1, unless_message(table, page.at(first, 1), table), style.result)
    page.formula(page.row, FIRST, unless_message(table, page.at(first, COLUMNS - 1)), style.result_share)
    page.mark_errors(page.row, 1)
    page.book.name("next_token", page.place(page.row, 1))
    page.row += 4


def _temperature(page: BandPage) -> None:
    page.text(page.row, 0, "temperature", page.style.bold)
    page.input(page.row, 1, 1)
    number_between(page, page.at(page.row, 1), 0, 1000)
    page.book.name("temperature", page.place(page.row, 1))
    page.row += 1
