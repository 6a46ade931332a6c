"""The tab Head: the stream's last row becomes a probability for every token, and the most likely one is chosen."""

from __future__ import annotations

from collections.abc import Sequence

from workbook_templates import next_tokens, walkthrough
from workbook_templates import style as look
from workbook_templates.band import Band
from workbook_templates.bands import AFTER_STATISTICS, STATISTICS, BandPage
from workbook_templates.block import ANSWER_LABELS, DIRECTION, edited, layer_norm
from workbook_templates.book import MARK, READY, Book
from workbook_templates.pure.answer import Candidate
from workbook_templates.pure.contents import Contents
from workbook_templates.pure.tokens import TokenTable
from workbook_templates.pure.weights import Vocabulary
from workbook_templates.range import Range

SHOWN = 10  # tokens in the table
_PRINTED_ROWS = 30
_TOKEN, _LOGIT, _EXP, _SHARE = range(1, 5)  # columns of the list of all tokens
_RANK = 6  # the column of the table of next tokens
_NEXT = ("rank", "token", "id", "logit", "probability", "row")
_PLACE = _RANK + 5  # the column of a token's row on the tab Vocabulary


def write_head(
    book: Book,
    contents: Contents,
    incoming: Band,
    tokens: TokenTable,
    vocabulary: Vocabulary,
    answer: Sequence[Candidate],
) -> None:
    """Writes the tab and names the table of next tokens, the chosen token and the direction of its logit.

    answer: the most likely tokens, to be shown until a program calculates them; may be empty
    """
    page = BandPage(book, "Head", "Head", walkthrough.HEAD, labels=tokens.labels, kind="result", first=AFTER_STATISTICS)
    number = "MAX(1,MIN(room,token_count))"
    labels = f"INDEX({tokens.positions.there},{number})", f"INDEX({tokens.tokens.there},{number})"
    last = _last_row(page, incoming, number, labels)
    page.heading(
        "ln_f", "The final LayerNorm: the row is brought to mean 0 and spread 1, then scaled and shifted by ln_f.", ()
    )
    gain, bias = (_weights(page, contents, name) for name in ("ln_f.weight", "ln_f.bias"))
    final = layer_norm(page, last, gain.here, bias.here, rows=1, labels=labels)
    spread = page.at(final.row, STATISTICS + 1)
    place = _logits(page, contents, final.cells, vocabulary, answer)
    _direction(page, f"{vocabulary.embedding.row(place)}*{gain.here}", spread)
    page.finish()


def _last_row(page: BandPage, incoming: Band, number: str, labels: tuple[str, str]) -> Band:
    page.heading("last row", f"The last token's row of the residual stream, from the tab {incoming.cells.sheet}.", ())
    arrived = page.fill(f"INDEX({incoming.spill_outside},{number},0)", (incoming,), rows=1, labels=labels)
    page.heading("your edits", "Type a number here to replace the value above it.", (), numbered=False)
    edits = page.edit_grid(rows=1, labels=labels)
    page.heading("edited", "The same row with your edits.", (), numbered=False)
    return page.fill(edited(arrived.spill, edits.here), (arrived,), rows=1, labels=labels)


def _weights(page: BandPage, contents: Contents, name: str) -> Range:
    """A row with the weight or bias of ln_f."""
    page.text(page.row, 1, name, page.style.bold)
    values = contents.vector(name)[0].tolist()
    for column, number in enumerate(values, start=page.first):
        page.sheet.write_number(page.row, column, number, page.style.weight)
    page.row += 1
    return Range(page.name, page.row - 1, page.first, page.row - 1, page.first + len(values) - 1)


def _direction(page: BandPage, weighted: str, spread: str) -> None:
    """The row whose products with a row of the stream add up to that row's part of the answer's logit."""
    page.heading(
        "direction",
        "The direction that the answer's logit measures. Its SUMPRODUCT with what a block adds is the block's share "
        "of the logit.",
        (),
        numbered=False,
    )
    direction = page.put(page.rows(rows=1, labels=ANSWER_LABELS), f"({weighted}-AVERAGE({weighted}))/{spread}", ())
    page.book.name(DIRECTION, direction.cells.there)


def _logits(
    page: BandPage, contents: Contents, final: Range, vocabulary: Vocabulary, answer: Sequence[Candidate]
) -> str:
    """Writes the list of tokens. Returns the cell with the row of the likeliest on the tab Vocabulary."""
    listed, others = len(contents.ids), len(contents.others)
    page.heading(
        "logits",
        "A logit for each token: its row on the tab Vocabulary times the row above, a sum of products. Right: the "
        "most likely.",
        (
            f"Probability: EXP(logit - largest logit) as a share of the sum over all {listed + others:,} tokens.",
            f"The last line is for each of the {others:,} tokens that share a row, and so a logit: the probabilities "
            "are exact."
            if others
            else "",
        ),
    )
    page.row += 1
    table = _Table(page, listed, vocabulary, final, has_others=bool(others))
    table.write_list()
    table.write_next_tokens(answer)
    page.row = table.end + 2
    return page.at(table.header + 1, _PLACE)


class _Table:
    """The list of all tokens with their probabilities, and next to it the most likely ones."""

    def __init__(self, page: BandPage, listed: int, vocabulary: Vocabulary, final: Range, *, has_others: bool) -> None:
        """`has_others`: whether there are tokens that share a row, and so a last line."""
        self._page, self._vocabulary, self._final, self._has_others = page, vocabulary, final, has_others
        self.header, self.last = page.row, page.row + listed + has_others
        first, last = self.header + 1, self.header + listed
        self._logits, self._exps, self._shares = (
            Range(page.name, first, column, last, column) for column in (_LOGIT, _EXP, _SHARE)
        )
        self._fact_row = self.header + SHOWN + 3
        self._chosen_row = self._fact_row + 2
        self.end = max(self.last, self._chosen_row)  # a short list ends above what is next to it
        facts = [page.at(self._fact_row + number, _RANK + 3, absolute=True) for number in range(2)]
        self._largest, self._total = facts

    def write_list(self) -> None:
        """One row per token, and a last row for all others together."""
        page, style, vocabulary = self._page, self._page.style, self._vocabulary
        for column, title in enumerate(("id", "token", "logit", "EXP", "probability")):
            page.text(self.header, column, title, style.header if column < _LOGIT else style.header_right)
        names = Range(page.name, self._logits.row, 0, self._logits.last_row, 1)
        page.array(names.columns(0, 1), vocabulary.ids.there, style.cell)
        page.array(names.columns(1, 1), vocabulary.tokens.there, style.cell)
        listed = vocabulary.listed
        scales = f"*{listed.scales.there}" if listed.scales else ""
        product = f"MMULT({listed.numbers.there},TRANSPOSE({self._final.here})){scales}"
        page.array(self._logits, product, style.logit)
        page.array(self._exps, f"EXP({self._logits.here}-{self._largest})", style.used_number)
        page.array(self._shares, f"{self._exps.here}/{self._total}", style.probability)
        if self._has_others:
            self._write_others()
        page.sheet.conditional_format(self._shares.row, _SHARE, self.last, _SHARE, look.PROBABILITY_BARS)
        exps = Range(page.name, self._exps.row, _EXP, self.last, _EXP)
        for number, (title, formula) in enumerate(
            (("largest logit", f"MAX({self._logits.here})"), ("sum of all EXP", f"SUM({exps.here})")),
            start=self._fact_row,
        ):
            page.text(number, _RANK, title)
            page.plain(number, _RANK + 3, formula, style.logit)

    def _write_others(self) -> None:
        """The line of the tokens that share a row: the logit of each, and the probability of all together."""
        page, style, vocabulary = self._page, self._page.style, self._vocabulary
        logit, exp = page.at(self.last, _LOGIT), page.at(self.last, _EXP)
        page.text(self.last, _TOKEN, "all others", style.bold)
        shared = vocabulary.embedding.row(str(vocabulary.ids.height + 1))
        page.plain(self.last, _LOGIT, f"SUMPRODUCT({shared},{self._final.here})", style.logit)
        page.plain(self.last, _EXP, f"{vocabulary.count.there}*EXP({logit}-{self._largest})", style.used_number)
        page.plain(self.last, _SHARE, f"{exp}/{self._total}", style.probability)

    def write_next_tokens(self, answer: Sequence[Candidate]) -> None:
        """The most likely tokens, a chart of them, and the chosen one."""
        page, style, first = self._page, self._page.style, self.header + 1
        for column, title in enumerate(_NEXT, start=_RANK):
            page.text(self.header, column, title, style.header if column < _RANK + 2 else style.header_right)
        ready = f'status="{READY}"'
        shown = (
            (self._vocabulary.tokens.there, style.token),
            (self._vocabulary.ids.there, style.whole),
            (self._logits.here, style.logit),
            (self._shares.here, style.probability),
        )
        for number in range(SHOWN):
            row = first + number
            place = page.at(row, _PLACE)
            message = "status" if number == 0 else '""'
            values: Sequence[str | float] = answer[number] if number < len(answer) else ("",) * len(shown)
            rank = number + 1 if number < len(answer) else ""
            page.plain(row, _RANK, f"IF({ready},{number + 1},{message})", style.position, rank)
            for column, ((cells, cell_format), value) in enumerate(zip(shown, values, strict=True), start=_RANK + 1):
                page.plain(row, column, f'IF({ready},INDEX({cells},{place}),"")', cell_format, value)
            self._write_place(row, number + 1)
        last = first + SHOWN - 1
        page.mark_errors(first, _RANK)
        page.sheet.conditional_format(first, _RANK + 4, last, _RANK + 4, look.PROBABILITY_BARS)
        page.book.name("next_tokens", page.place(self.header, _RANK, last, _RANK + 4))
        next_tokens.write_chart(page, (self.header, _PLACE + 2), _RANK, (first, last))
        chosen = self._chosen_row
        page.text(chosen, _RANK, "chosen", style.bold)
        unlisted = f'"{MARK} the next token may be one that is not listed on the tab Vocabulary"'
        page.plain(
            chosen,
            _RANK + 1,
            f"IF({ready},{self._or_unlisted(page.at(first, _RANK + 1), unlisted)},status)",
            style.result,
            answer[0].token if answer else "",
        )
        page.plain(
            chosen,
            _RANK + 3,
            f'IF({ready},{page.at(first, _RANK + 4)},"")',
            style.result_probability,
            answer[0].probability if answer else "",
        )
        page.mark_errors(chosen, _RANK + 1)
        page.book.name("next_token", page.place(chosen, _RANK + 1))

    def _or_unlisted(self, token: str, message: str) -> str:
        """The token, or the message if the tokens that share a row have a higher logit."""
        if not self._has_others:
            return token
        return f"IF({self._page.at(self.last, _LOGIT)}>{self._largest},{message},{token})"

    def _write_place(self, row: int, rank: int) -> None:
        """The Vocabulary row of the token with this rank; of equal logits, the first row not yet used."""
        logits, rows = self._logits.here, self._vocabulary.numbers.there
        logit, above = (f"LARGE({logits},{number})" for number in (rank, rank - 1))
        after = f"IF({logit}={above},{self._page.at(row - 1, _PLACE)},0)" if rank > 1 else "0"
        formula = f"MIN(IF(({logits}={logit})*({rows}>{after}),{rows}))"
        self._page.array(Range(self._page.name, row, _PLACE, row, _PLACE), formula, self._page.style.channel)
