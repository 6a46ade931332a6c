"""What SAE feature, Contrast and PCA share: input cells, a vector added to the stream, the answer before and after."""

from __future__ import annotations

from dataclasses import dataclass

from xlsxwriter.utility import xl_cell_to_rowcol

from workbook_templates.band import Band, unless_error
from workbook_templates.bands import FIRST, BandPage, RowLabels
from workbook_templates.book import READY, Book
from workbook_templates.grids import number_between, table, unless_message
from workbook_templates.sheet import Page
from workbook_templates.surgery.before_after import TOKEN_TABLE, Done, write_before_and_after
from workbook_templates.surgery.texts import Texts, reserve_texts

MOST = 100_000  # the largest coefficient

_WIDE = 6  # extra columns for a text
_NEAREST = 8


def labels(book: Book) -> str:
    """The position and token of every row of the prompt's stream."""
    return f'IF(status="{READY}",{book.dialect.part(f"{TOKEN_TABLE}#", 1, 2, above=1)},"")'


def write_input(
    page: Page,
    label: str,
    value: str | float,
    note: str,
    *,
    default: bool = False,
    wide: bool = False,
) -> str:
    """Writes the next row and returns the address of the cell to type into.

    default: whether the value is a formula, which the reader may type over
    wide: whether the cell is wide enough for a sentence
    """
    row, last = page.row, FIRST + (_WIDE if wide else 0)
    page.text(row, 0, label, page.style.bold)
    if wide:
        page.sheet.merge_range(row, FIRST, row, last, "", page.style.input)
    if default:
        page.plain(row, FIRST, str(value), page.style.input)
    else:
        page.input(row, FIRST, value)
    page.text(row, last + 1, note, page.style.aside)
    page.row += 1
    return page.at(row, FIRST, absolute=True)


def write_coefficient(page: Page, default: str, note: str) -> str:
    """Like `write_input`, for a number; `default` is a formula."""
    cell = write_input(page, "coefficient", default, note, default=True)
    number_between(page, cell, -MOST, MOST)
    return cell


def write_derived(page: Page, label: str, formula: str, note: str) -> str:
    """Writes the next row, a value computed from the inputs, and returns its address."""
    page.text(page.row, 0, label, page.style.bold)
    page.sheet.merge_range(page.row, FIRST, page.row, FIRST + _WIDE, "", page.style.value)
    page.plain(page.row, FIRST, formula, page.style.value)
    page.text(page.row, FIRST + _WIDE + 1, note, page.style.aside)
    page.row += 1
    return page.at(page.row - 1, FIRST, absolute=True)


@dataclass(frozen=True)
class Chosen:
    """The input cells of a tab: where and how strongly to steer."""

    place: str
    coefficient: str
    positions: str


@dataclass(frozen=True)
class Vector:
    """The vector that is added.

    formula: spills its numbers
    rows: how many rows to reserve
    labels, titles: the labels to the left of the rows, and the titles above them
    argument: the vector as an argument of GPT2_STEER_MODEL; empty for its cells
    title: describes it in one line
    """

    formula: str
    rows: int
    labels: RowLabels
    titles: tuple[str, str]
    title: str
    argument: str = ""


@dataclass(frozen=True)
class Steering:
    """What other tabs may use: the tab's name, and the addresses of the choices, the vector and the answers."""

    tab: str
    place: str
    coefficient: str
    positions: str
    argument: str
    table: str
    texts: Texts
    stream: Band
    steered: Band

    @property
    def done(self) -> Done:
        """The operation, for the overview."""
        return Done(self.tab, self.table, "prompt")


def write_steering(page: BandPage, chosen: Chosen, vector: Vector) -> Steering:
    """Writes everything below the choices: the answer, the vector, the stream before and after, a check."""
    model = _model_cell(page)
    page.heading("answer", "The next tokens, without the vector and with it.", ())
    answers = write_before_and_after(page, "prompt_used", ("model_used", model))
    texts = reserve_texts(page, chosen.coefficient)
    added = _vector(page, vector)
    argument = vector.argument or added.spill
    texts.fill(argument, chosen.place, chosen.positions)
    arguments = f"{argument},{chosen.place},{chosen.coefficient},{chosen.positions}"
    row, column = xl_cell_to_rowcol(model)
    page.formula(row, column, f"GPT2_STEER_MODEL({arguments},model_used)", page.style.note)
    stream, steered = _streams(page, chosen, added)
    _check(page, chosen, model, steered)
    return Steering(
        tab=page.name,
        place=page.there(chosen.place),
        coefficient=page.there(chosen.coefficient),
        positions=page.there(chosen.positions),
        argument=page.there(argument),
        table=answers,
        texts=texts,
        stream=stream,
        steered=steered,
    )


def _model_cell(page: BandPage) -> str:
    """Reserves the row of the model text and returns its cell."""
    page.text(page.row, 0, "model text", page.style.bold)
    page.mark_errors(page.row, FIRST)
    page.row += 2
    return page.at(page.row - 2, FIRST, absolute=True)


def _vector(page: BandPage, vector: Vector) -> Band:
    page.heading("vector", vector.title, ())
    added = page.band(vector.formula, rows=vector.rows, labels=vector.labels)
    for column, title in enumerate(vector.titles):
        page.text(added.row - 1, column, title, page.style.label)
    which = "the same direction" if vector.rows == 1 else "the direction of its last row"
    page.heading("nearest", f"The tokens whose embeddings point most nearly in {which}.", ())
    one = added.spill if vector.rows == 1 else page.book.dialect.last_row(added.spill)
    nearest = unless_error((added.cell,), f"GPT2_NEAREST_TOKENS({one},{_NEAREST},model_used)")
    style = page.style
    table(page, 0, nearest, (style.position, style.token, style.whole, style.number), _NEAREST)
    page.row += 1
    return added


def _streams(page: BandPage, chosen: Chosen, added: Band) -> tuple[Band, Band]:
    page.heading("stream", "The residual stream at this place as the model reads the prompt: one row per token.", ())
    stream = page.band(f"GPT2_RESIDUAL(prompt_used,{chosen.place},model_used)")
    page.heading(
        "steered", "The same stream after the operation: coefficient times vector is added at the chosen positions.", ()
    )
    steered = page.band(
        unless_error(
            (stream.cell, added.cell),
            f"GPT2_STEER({stream.spill},{added.spill},{chosen.coefficient},{chosen.positions},model_used)",
        )
    )
    return stream, steered


def _check(page: BandPage, chosen: Chosen, model: str, steered: Band) -> None:
    page.heading(
        "check",
        "The largest difference between the step above and the stream of the model text. It must be about 0.",
        (),
        numbered=False,
    )
    inside = f"GPT2_RESIDUAL(prompt_used,{chosen.place},{model})"
    formula = page.book.dialect.largest_difference(inside, steered.spill)
    checked = unless_message(model, unless_error((steered.cell,), formula), model)
    page.formula(page.row, FIRST, checked, page.style.check)
    page.mark_errors(page.row, FIRST)
    page.row += 2
