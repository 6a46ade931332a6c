"""The tab Coefficient sweep: one operation at many strengths, two tokens' probabilities, and the continued text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from udfs.models.demo.prompts import LIGHTSABER, PHONE
from workbook_templates import style as look
from workbook_templates.band import unless_error
from workbook_templates.book import MARK, Book
from workbook_templates.grids import area, number_between, unless_message
from workbook_templates.sheet import Page
from workbook_templates.surgery.steering import MOST, Steering
from workbook_templates.surgery.texts import goes_on, mark_changes

TAB = "Coefficient sweep"
TOKENS = (PHONE, LIGHTSABER)

_STRENGTHS = 11
_SIZE, _TEXT, _MODEL, _CHART = 4, 5, 6, 8  # columns
_CHART_ROWS = 16
_LINES = (look.BAND, look.POSITIVE)


@dataclass(frozen=True)
class _Swept:
    """The cells that define the sweep, and the vector's formula."""

    operation: str
    first: str
    last: str
    tokens: tuple[str, str]
    place: str
    positions: str
    ids: tuple[str, str]
    vector: str


def write_sweep(book: Book, steerings: Sequence[Steering]) -> tuple[str, str]:
    """Writes the tab. Returns the cell where the operation is chosen, and the address of the last coefficient."""
    page = Page(book, TAB, (16, 16, 16, 13, 13, 62, 38, 3, *[10.5] * 8), kind="result")
    page.furniture(
        TAB,
        (
            "One operation at many strengths: the probabilities of two tokens, how the text goes on, how far the model "
            "moves.",
            "KL divergence: how far all probabilities together have moved. Change: how much of the stream the vector "
            "is.",
        ),
    )
    top = page.row
    page.section("Choose")
    swept = _choose(page, steerings)
    page.row += 1
    for column in range(_MODEL + 1):  # no further, because the charts are there
        page.text(page.row, column, "" if column else "The sweep", page.style.heading)
    page.row += 1
    header = _table(page, swept)
    _chart(page, top + 1, header, "Probability of the next token", (1, 2), share=True)
    _chart(page, top + 1 + _CHART_ROWS, header, "KL divergence from the model itself (nats)", (3,))
    page.sheet.freeze_panes(1, 0)
    page.sheet.print_area(0, 0, top + 2 * _CHART_ROWS, _CHART + 7)
    return swept.operation.replace("$", ""), page.there(swept.last)


def _choose(page: Page, steerings: Sequence[Steering]) -> _Swept:
    operation = _row(page, "operation", "Its settings are on the tab of that name.")
    page.input(page.row - 1, 1, steerings[0].tab)
    source = [steering.tab for steering in steerings]
    page.sheet.data_validation(page.row - 1, 1, page.row - 1, 1, {"validate": "list", "source": source})

    def of(part: str) -> str:
        formula = str(getattr(steerings[0], part))
        for steering in steerings[1:]:
            formula = f'IF({operation}="{steering.tab}",{getattr(steering, part)},{formula})'
        return formula

    first = _row(page, "from", "The first coefficient. 0 is the model itself.")
    page.input(page.row - 1, 1, 0)
    last = _row(page, "to", "The last coefficient. By default, twice that of the tab.")
    page.plain(page.row - 1, 1, f"LET(m,{of('coefficient')},IF(ISNUMBER(m),2*m,m))", page.style.input)
    for cell in (first, last):
        number_between(page, cell, -MOST, MOST)
    tokens, ids = [], []
    for token in TOKENS:
        tokens.append(_row(page, "token", "A token to watch, usually with the space before it. Left: its id."))
        page.input(page.row - 1, 1, token)
        ids.append(page.at(page.row - 1, 2, absolute=True))
        page.formula(page.row - 1, 2, _id(tokens[-1]), page.style.value)
        page.mark_errors(page.row - 1, 2)
    place = _row(page, "place", "Where the vector is added.")
    page.plain(page.row - 1, 1, of("place"), page.style.value)
    positions = _row(page, "positions", "The tokens at which the vector is added.")
    page.plain(page.row - 1, 1, of("positions"), page.style.value)
    return _Swept(operation, first, last, (tokens[0], tokens[1]), place, positions, (ids[0], ids[1]), of("argument"))


def _row(page: Page, label: str, note: str) -> str:
    page.text(page.row, 0, label, page.style.bold)
    page.text(page.row, 3, note, page.style.aside)
    page.row += 1
    return page.at(page.row - 1, 1, absolute=True)


def _id(token: str) -> str:
    """The id of a cell's token, or a message: of a wrong model, or that the cell holds several tokens."""
    several = f'"{MARK} \'"&{token}&"\' must be one token, not "&ROWS(t)-1'
    return f"LET(t,GPT2_TOKENIZE({token},model),IF(ROWS(t)=1,INDEX(t,1,1),IF(ROWS(t)=2,INDEX(t,2,3),{several})))"


def _table(page: Page, swept: _Swept) -> int:
    """Writes the rows of the sweep and returns the row of their header."""
    header = page.row
    for column, title in ((0, "coefficient"), (3, "KL (nats)"), (_SIZE, "change")):
        page.text(header, column, title, page.style.header_right)
    page.plain(header, _TEXT, 'prompt&" ..."', page.style.header_aside)
    page.text(header, _MODEL, "model text", page.style.header_aside)
    for column, token in enumerate(swept.tokens, start=1):
        page.plain(header, column, f'{token}&""', page.style.header_right)
    for number in range(_STRENGTHS):
        row = header + 1 + number
        strength, model = page.at(row, 0), page.at(row, _MODEL)
        share = f"{number}/{_STRENGTHS - 1}"
        between = f"{swept.first}+({swept.last}-{swept.first})*{share}"
        wrong = f'"{MARK} from and to must be numbers"'
        are_numbers = f"AND(ISNUMBER({swept.first}),ISNUMBER({swept.last}))"
        page.plain(row, 0, f"IF({are_numbers},{between},{wrong})", page.style.logit)
        page.formula(
            row,
            _MODEL,
            f"GPT2_STEER_MODEL({swept.vector},{swept.place},{strength},{swept.positions},model_used)",
            page.style.aside,
        )
        page.text(row, _MODEL + 1, " ")  # so that the model text ends at its column
        moved = page.at(row, 3)
        for column, token_id in enumerate(swept.ids, start=1):
            page.formula(row, column, _probability(page, token_id, moved, model), page.style.probability)
        divergence = unless_message(model, f"GPT2_DIVERGENCE(prompt_used,model_used,{model})", model)
        page.formula(row, 3, divergence, page.style.number)
        page.formula(row, _SIZE, _size(swept, model), page.style.percent)
        page.sheet.write_blank(row, _TEXT, None, page.style.aside)
    last = header + _STRENGTHS
    strengths = area(page, header + 1, 0, last, 0)
    texts = goes_on("prompt_used", swept.vector, swept.place, strengths, swept.positions, _STRENGTHS)
    page.formula(header + 1, _TEXT, texts, page.style.aside, (_STRENGTHS, 1))
    mark_changes(page, _TEXT, header + 1, last)
    page.mark_errors(header + 1, 0, last, _MODEL)
    page.row = last + 1
    page.lines(
        (
            "change: the length of the added vector divided by that of the stream, where this is largest.",
            "Grey texts are the same as the first. Where one word comes again and again, the vector is too strong.",
        )
    )
    return header


def _probability(page: Page, token_id: str, moved: str, model: str) -> str:
    """The probability that the steered model gives to the token with the id in a cell.

    moved: the cell of the KL divergence, whose message also says why there are no probabilities
    """
    track = f"GPT2_LENS_TRACK(prompt_used,{token_id},-1,{model})"
    return unless_error((token_id, moved), f"INDEX({track},{page.book.shape.n_layer + 2},3)")


def _size(swept: _Swept, model: str) -> str:
    """The largest ratio over all tokens of the change's length to the stream's.

    LibreOffice's INDEX would take one number of a stream with one row, not the row.
    """
    x, y = (f"GPT2_RESIDUAL(prompt_used,{swept.place},{text})" for text in ("model_used", model))
    ones = "TRANSPOSE(IF(token_count=1,x,INDEX(x,1,0))*0+1)"
    ratio = f"LET(ones,{ones},MAX(SQRT(MMULT((y-x)^2,ones)/MMULT(x^2,ones))))"
    return unless_message(model, f'LET(x,{x},IF(ISTEXT(INDEX(x,1,1)),"",LET(y,{y},{ratio})))')


def _chart(page: Page, at: int, header: int, title: str, columns: Sequence[int], *, share: bool = False) -> None:
    """A line chart over the coefficients."""
    first, last = header + 1, header + _STRENGTHS
    chart = page.book.workbook.add_chart({"type": "scatter", "subtype": "straight_with_markers"})
    for column, colour in zip(columns, _LINES, strict=False):
        chart.add_series(
            {
                "name": [page.name, header, column],
                "categories": [page.name, first, 0, last, 0],
                "values": [page.name, first, column, last, column],
                **look.line_with_markers(colour, 2),
            }
        )
    look.dress_chart(chart, title, legend=len(columns) > 1)
    limits = {"min": 0, "max": 1, "num_format": "0%"} if share else {"min": 0, "num_format": "0.0"}
    chart.set_y_axis({**limits, **look.GRIDLINES})
    chart.set_x_axis({"name": "coefficient", "num_format": "0", "label_position": "low"})
    chart.set_size({"width": 560, "height": 300})
    page.sheet.insert_chart(at, _CHART, chart)
