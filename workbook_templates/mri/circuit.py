"""The tab Circuit: which heads and MLPs are enough to name the next day, in seven prompts."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from udfs.backend.interpret.places import Component
from udfs.models.demo.prompts import SEVEN_DAYS
from workbook_templates import style as look
from workbook_templates.book import Book
from workbook_templates.grids import area, title, unless_message
from workbook_templates.sheet import Page

TAB = "Circuit"

_PROMPTS = len(SEVEN_DAYS) + 5  # rows, some of them for the reader's own prompts
_PROMPT, _ANSWER, _RANK, _PROBABILITY, _RIGHT, _WHOLE = range(6)  # columns
_TICKS = 8  # the column in which the table of components begins
_TICK = "x"


@dataclass(frozen=True)
class Ticks:
    """What is ticked at first.

    parts: the names of the heads and MLPs; None for all
    origin: a line that explains where this set comes from
    crucial: one of the parts, which the reader is to remove
    wrong_without: how many of the seven days come out wrong then
    """

    parts: Collection[str] | None
    origin: str
    crucial: str = "h.0.mlp"
    wrong_without: str = "most"


@dataclass(frozen=True)
class _Cells:
    """The ranges that several parts of the tab read."""

    prompts: str
    answers: str
    ranks: str
    result: str  # the cell that GPT2_CIRCUIT's table or message spills from
    method: str
    ticks: str
    layers: str
    heads: str

    @property
    def names(self) -> str:
        """The formula for the names of the ticked components; the others are blank."""
        part = f'IF({self.heads}="MLP",".mlp",".attn.head."&{self.heads})'
        return f'IF({self.ticks}="","","h."&{self.layers}&{part})'


def write_circuit(book: Book, ticks: Ticks) -> str:
    """Writes the tab and returns the cell of the crucial part's tick."""
    shape = book.shape
    page = Page(book, TAB, (36, 14, 8, 12, 8, 18, 3, 3, 11, *[5] * (shape.n_head + 1)))
    page.furniture(
        TAB,
        (
            "Which parts does the model need to name the next day? Only the ticked heads and MLPs work. Every "
            "other part gives its average over these prompts, which carries no information about the day.",
            "Remove ticks and see which answers break. A few ticks with all answers right are a circuit.",
        ),
    )
    cells = _cells(page, page.row + 7)
    _results(page, cells)
    title(page, "Prompts and their right answers")
    page.text(page.row - 1, _TICKS, "The parts that work: x, or blank", page.style.heading)
    top = page.row
    crucial = _ticks(page, ticks)
    page.row = top
    _prompts(page, cells)
    page.row = top + max(_PROMPTS, shape.n_layer) + 2
    page.lines((ticks.origin, "The command `gpt2-excel circuit` searches for a small set of parts that is enough."))
    page.sheet.print_area(0, 0, page.row, _TICKS + shape.n_head + 2)
    page.sheet.freeze_panes(1, 0)
    return crucial


def _cells(page: Page, header: int) -> _Cells:
    """The ranges of the tab; `header` is the row of the tables' headers."""
    shape = page.book.shape
    first, last_prompt, last_layer = header + 1, header + _PROMPTS, header + shape.n_layer
    last_head = _TICKS + 1 + shape.n_head
    return _Cells(
        prompts=area(page, first, _PROMPT, last_prompt, _PROMPT),
        answers=area(page, first, _ANSWER, last_prompt, _ANSWER),
        ranks=area(page, first, _RANK, last_prompt, _RANK),
        result=page.at(header, _RANK, absolute=True),
        method=page.at(header - 3, 1, absolute=True),
        ticks=area(page, first, _TICKS + 1, last_layer, last_head),
        layers=area(page, first, _TICKS, last_layer, _TICKS),
        heads=area(page, header, _TICKS + 1, header, last_head),
    )


def _results(page: Page, cells: _Cells) -> None:
    shape, style = page.book.shape, page.style
    title(page, "Result")
    page.book.name("still_right", page.place(page.row, 1))
    share = unless_message(cells.result, f"COUNTIF({cells.ranks},1)/COUNTA({cells.prompts})", cells.result)
    for label, formula, note, cell_format in (
        (
            "still right",
            share,
            "of the prompts get the right answer when only the ticked parts work",
            style.result_share,
        ),
        (
            "parts kept",
            f"COUNTA({cells.ticks})",
            f"of {shape.n_layer * (shape.n_head + 1)} heads and MLPs",
            style.result_whole,
        ),
        ("which", f'TEXTJOIN("",TRUE,IF({cells.ticks}="","",{cells.names}&"   "))', "", style.text),
    ):
        page.text(page.row, 0, label, style.bold)
        page.formula(page.row, 1, formula, cell_format)
        page.mark_errors(page.row, 1)
        page.text(page.row, 2, note, style.aside)
        page.row += 1
    assert page.at(page.row, 1, absolute=True) == cells.method
    page.text(page.row, 0, "the others give", style.bold)
    page.input(page.row, 1, "mean")
    rule = {"validate": "list", "source": ["mean", "zero"], "error_message": "mean or zero, in lower case."}
    page.sheet.data_validation(page.row, 1, page.row, 1, rule)
    page.text(
        page.row, 2, "mean: their average over the prompts. zero: nothing at all, which does more damage.", style.aside
    )
    page.row += 2


def _prompts(page: Page, cells: _Cells) -> None:
    style, dialect, header = page.style, page.book.dialect, page.row
    for column, text in ((_PROMPT, "prompt"), (_ANSWER, "answer"), (_RIGHT, "right"), (_WHOLE, "the whole model")):
        page.text(header, column, text, style.header_centred if column == _RIGHT else style.header)
    asked = f"{dialect.typed(cells.prompts)},{dialect.typed(cells.answers)}"
    called = f"GPT2_CIRCUIT({asked},{cells.names},{cells.method},model_used)"
    found = f"IF(COLUMNS(t)=1,t,{dialect.part('t', 3, 4)})"  # rank and probability, or a message
    page.formula(header, _RANK, f"LET(t,{called},{found})", style.header, (_PROMPTS + 1, 2))
    page.mark_errors(header, _RANK)
    page.sheet.write_blank(header, _PROBABILITY, None, style.header_right)
    for number in range(_PROMPTS):
        row = header + 1 + number
        prompt_text, answer = SEVEN_DAYS[number] if number < len(SEVEN_DAYS) else (None, None)
        page.input(row, _PROMPT, prompt_text)
        page.input(row, _ANSWER, answer)
        page.sheet.write_blank(row, _RANK, None, style.position)
        page.sheet.write_blank(row, _PROBABILITY, None, style.probability)
        rank, prompt = page.at(row, _RANK), page.at(row, _PROMPT)
        page.plain(row, _RIGHT, f'IF(ISNUMBER({rank}),IF({rank}=1,"yes","no"),"")', style.position)
        whole = f"LET(t,GPT2_PREDICT({prompt},1,1,model_used),IF(COLUMNS(t)=1,t,INDEX(t,2,2)))"
        page.formula(row, _WHOLE, f'IF({prompt}="","",{whole})', style.token)
    first, last = header + 1, header + _PROMPTS
    page.sheet.conditional_format(first, _PROBABILITY, last, _PROBABILITY, look.PROBABILITY_BARS)
    wrong = {"type": "cell", "criteria": "==", "value": '"no"', "format": style.error}
    page.sheet.conditional_format(first, _RIGHT, last, _RIGHT, wrong)


def _ticks(page: Page, ticks: Ticks) -> str:
    """Writes the table of components and returns the cell of the crucial one."""
    shape, style, header, crucial = page.book.shape, page.style, page.row, ""
    page.text(header, _TICKS, "layer ↓ head →", style.label)
    for layer in range(shape.n_layer):
        page.text(header + 1 + layer, _TICKS, str(layer), style.position)
    for column in range(shape.n_head + 1):
        is_mlp = column == shape.n_head
        page.text(header, _TICKS + 1 + column, "MLP" if is_mlp else str(column), style.position)
        for layer in range(shape.n_layer):
            part = str(Component(layer, "mlp") if is_mlp else Component(layer, "attn", column))
            if part == ticks.crucial:
                crucial = page.at(header + 1 + layer, _TICKS + 1 + column)
            if ticks.parts is None or part in ticks.parts:
                page.text(header + 1 + layer, _TICKS + 1 + column, _TICK, style.tick)
            else:
                page.sheet.write_blank(header + 1 + layer, _TICKS + 1 + column, None, style.tick)
    return crucial
