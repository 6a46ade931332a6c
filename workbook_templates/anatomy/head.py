"""The tab Head: the stream's last row becomes a probability for every token, and the most likely one is chosen."""

from __future__ import annotations

from workbook_templates import walkthrough
from workbook_templates.anatomy.embeddings import LABELS
from workbook_templates.band import Band
from workbook_templates.bands import AFTER_STATISTICS, STATISTICS, BandPage
from workbook_templates.block import ANSWER_LABELS, DIRECTION, edited, layer_norm, weight_row
from workbook_templates.book import READY, Book
from workbook_templates.grids import number_between, unless_message
from workbook_templates.next_tokens import (
    CHART_WIDTH,
    COLUMNS,
    write_behind,
    write_behind_chart,
    write_chart,
    write_next_tokens,
)
from workbook_templates.range import Range

_SHOWN = 10  # tokens in the table
_ID, _LOGIT = 2, 3  # its columns of ids and logits
_CHART_COLUMN = AFTER_STATISTICS + 3


def write_head(book: Book, incoming: Band) -> None:
    """Writes the tab and names the table of next tokens, the temperature and the chosen token."""
    page = BandPage(
        book,
        "Head",
        "Head",
        walkthrough.HEAD,
        labels=LABELS,
        kind="result",
        first=AFTER_STATISTICS,
    )
    labels = book.dialect.last_row(LABELS)
    stream = _last_row(page, incoming, labels)
    page.heading(
        "ln_f", "The final LayerNorm: the row is brought to mean 0 and spread 1, then scaled and shifted by ln_f.", ()
    )
    gain, bias = (_weights(page, name) for name in ("weight", "bias"))
    final = layer_norm(page, stream, gain.here, bias.here, rows=1, labels=labels)
    answer = _logits(page, stream)
    _direction(page, answer, gain, final)
    page.finish()


def _last_row(page: BandPage, incoming: Band, labels: str) -> Band:
    page.heading("last row", f"The last token's row of the residual stream, from the tab {incoming.cells.sheet}.", ())
    cells = page.rows(rows=1, labels=labels)
    row = page.zeros_for_blanks(cells, f"INDEX({incoming.spill_outside},token_count,0)")
    arrived = page.put(cells, row, (incoming,))
    page.heading("your edits", "Type a number here to replace the value above it.", (), numbered=False)
    edits = page.edit_grid(rows=1, labels=labels)
    page.heading("edited", "The same row with your edits.", (), numbered=False)
    return page.fill(edited(arrived.spill, edits.here), (arrived,), rows=1, labels=labels)


def _weights(page: BandPage, name: str) -> Range:
    """A row with the weight or bias of ln_f."""
    width = page.book.shape.channels
    return weight_row(page, name, f'GPT2_WEIGHT("ln_f.{name}",0,1,0,{width},model)', width)


def _direction(page: BandPage, answer: str, gain: Range, final: Band) -> None:
    """The row whose products with a row of the stream add up to that row's part of the answer's logit."""
    page.heading(
        "direction",
        "The direction that the answer's logit measures. Its SUMPRODUCT with what a block adds is the block's share "
        "of the logit.",
        (),
        numbered=False,
    )
    width = page.book.shape.channels
    embedding = weight_row(page, "embedding", f"IF(ISNUMBER({answer}),GPT2_EMBED({answer},model),0)", width)
    weighted = f"{embedding.here}*{gain.here}"
    cells = page.rows(rows=1, labels=ANSWER_LABELS)
    spread = page.at(final.row, STATISTICS + 1)
    direction = page.put(cells, f"({weighted}-AVERAGE({weighted}))/{spread}", (final,))
    page.book.name(DIRECTION, direction.cells.there)


def _logits(page: BandPage, stream: Band) -> str:
    """Writes the table of next tokens. Returns the cell with the id of the first."""
    page.heading(
        "next token",
        f"The {_SHOWN} most likely next tokens, out of all tokens in the vocabulary.",
        (
            "The temperature divides the logits. 1: as trained. Lower: surer. Higher: more even. 0: always the first "
            "token.",
            "GPT2_LOGITS reads the row before ln_f and applies ln_f itself.",
        ),
    )
    _temperature(page)
    page.row += 1
    header, first, last = page.row, page.row + 1, page.row + _SHOWN
    style = page.style
    logits = f'IF(status="{READY}",GPT2_LOGITS({stream.spill},{_SHOWN},temperature,model),status)'
    table = write_next_tokens(page, 0, logits, _SHOWN)
    page.book.name("next_tokens", page.place(header, 0, last, COLUMNS - 1))
    write_behind(page, 0, (first, last))
    write_chart(page, (header, _CHART_COLUMN), 0, (first, last))
    write_behind_chart(page, (header, _CHART_COLUMN), 0, (first, last), CHART_WIDTH + 10)
    page.row = last + 2
    page.text(page.row, 0, "chosen", style.bold)
    page.formula(page.row, 1, unless_message(table, page.at(first, 1), table), style.result)
    page.formula(page.row, _ID, unless_message(table, page.at(first, COLUMNS - 1)), style.result_probability)
    page.mark_errors(page.row, 1)
    page.book.name("next_token", page.place(page.row, 1))
    page.row += 2
    _check(page, page.at(first, _LOGIT))
    page.row += 2
    return page.at(first, _ID)


def _check(page: BandPage, logit: str) -> None:
    page.text(page.row, 0, "check", page.style.bold)
    whole = "INDEX(GPT2_PREDICT(prompt,1,temperature,model),2,4)"
    page.formula(page.row, 1, f'IF(status="{READY}",ABS({logit}-{whole}),status)', page.style.check)
    page.mark_errors(page.row, 1)
    page.text(
        page.row,
        _ID,
        "The difference between the largest logit above and that of GPT2_PREDICT, which computes the whole model in "
        "one call. It is about 0 unless you edit a value.",
        page.style.note,
    )


def _temperature(page: BandPage) -> None:
    page.text(page.row, 0, "temperature", page.style.bold)
    page.input(page.row, 1, 1)
    number_between(page, page.at(page.row, 1), 0, 1000)
    page.book.name("temperature", page.place(page.row, 1))
    page.row += 1
