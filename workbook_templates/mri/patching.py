"""The tab Patching: which activation of a clean run, put into a corrupted run, restores the answer."""

from __future__ import annotations

from dataclasses import dataclass

from workbook_templates import style as look
from workbook_templates.book import MARK, Book
from workbook_templates.grids import area, heat_map, labelled_input, labelled_value, title, unless_message
from workbook_templates.prompt_tab import tokens_of
from workbook_templates.sheet import Page

TAB = "Patching"

CLEAN = "When Mary and John went to the store, John gave a drink to"
CORRUPTED = "When Mary and John went to the store, Mary gave a drink to"

_INPUT_COLUMNS = 6  # the width of the cells for sentences
_PRINTED = 16
_CHART_ROWS = 24


@dataclass(frozen=True)
class Patched:
    """What the tab Paths needs.

    arguments: the two sentences and the two answers, as arguments of a function, from any tab
    heads: the range of the shares of the heads, without titles
    """

    arguments: str
    heads: str


@dataclass(frozen=True)
class _Inputs:
    """The cells in which a person types, on this tab."""

    clean: str
    corrupted: str
    answer: str
    wrong: str


def write_patching(book: Book) -> Patched:
    """Writes the tab."""
    shape = book.shape
    page = Page(book, TAB, (13, *[12.5] * max(shape.tokens, shape.n_head)))
    page.furniture(
        TAB,
        (
            "Two sentences differ in one word, so the model answers differently. It reads the corrupted one, but at "
            "one place it gets the values from its run on the clean one.",
            "How much of the answer does that restore? 0 is nothing. 1 is all of it: this place holds what matters.",
        ),
    )
    inputs = _write_inputs(page)
    _write_answers(page, inputs)
    heads = _write_maps(page, inputs)
    page.sheet.print_area(0, 0, page.row, min(max(shape.tokens, shape.n_head), _PRINTED))
    page.sheet.freeze_panes(1, 1)
    sentence, *others = map(page.there, (inputs.clean, inputs.corrupted, inputs.answer, inputs.wrong))
    return Patched(",".join((unless_message("model_used", sentence, "model_used"), *others)), heads)


def _write_inputs(page: Page) -> _Inputs:
    title(page, "You choose")
    inputs = _Inputs(
        labelled_input(page, "clean", CLEAN, "", _INPUT_COLUMNS),
        labelled_input(page, "corrupted", CORRUPTED, "", _INPUT_COLUMNS),
        labelled_input(
            page, "answer", " Mary", "The right next token of the clean sentence, with the space before it."
        ),
        labelled_input(page, "wrong answer", " John", "The next token of the corrupted sentence."),
    )
    page.row += 1
    return inputs


def _write_answers(page: Page, inputs: _Inputs) -> None:
    """What the model answers to both sentences, and how probable that is."""
    style = page.style
    title(page, "What the model answers, unpatched")
    for label, sentence in (("clean", inputs.clean), ("corrupted", inputs.corrupted)):
        page.text(page.row, 0, label, style.bold)
        predicted = f"GPT2_PREDICT({sentence},1,1,model_used)"
        for column, at, cell_format in ((1, 2, style.result), (2, 5, style.result_probability)):
            formula = f"LET(t,{predicted},IF(COLUMNS(t)=1,t,INDEX(t,2,{at})))"
            page.formula(page.row, column, formula, cell_format)
            page.mark_errors(page.row, column)
        page.row += 1
    page.row += 1


def _write_maps(page: Page, inputs: _Inputs) -> str:
    """The three maps, and how well the third estimates the first. Returns the range of the shares of the heads."""
    shape = page.book.shape
    checked = f'LET(n,{tokens_of(inputs.clean)},IF(n>room,"{_too_long(page)}"&n,{inputs.clean}))'
    first_argument = unless_message("model_used", checked, "model_used")
    arguments = f"{first_argument},{inputs.corrupted},{inputs.answer},{inputs.wrong}"
    title(
        page,
        "Patching one token's residual stream as it enters a layer",
        ("The path of the answer: from the word that differs to the last token, layer by layer.",),
    )
    exact = page.row + 1
    _map(page, f'GPT2_PATCH({arguments},"positions",model_used)', shape.tokens)
    page.row += 1
    title(
        page,
        "Patching one head's output at all tokens",
        ("The heads that carry the answer. Blue, below 0: the head works against it.",),
    )
    first = page.row + 1
    _map(page, f'GPT2_PATCH({arguments},"heads",model_used)', shape.n_head)
    heads = page.place(first, 1, first + shape.n_layer - 1, shape.n_head)
    page.row += 1
    title(
        page,
        "One token's stream again, estimated from a gradient",
        (
            "One pass forwards and one backwards give all of these at once: the slope of the answer times the change.",
            "In the chart, each point is a token in a layer. On the diagonal, the estimate is exact.",
        ),
    )
    estimated = page.row + 1
    _map(page, f'GPT2_PATCH({arguments},"gradient",model_used)', shape.tokens)
    page.row += 1
    _write_agreement(page, exact, estimated)
    return heads


def _write_agreement(page: Page, exact: int, estimated: int) -> None:
    """The correlation of two maps of tokens, given their first rows, and a chart."""
    shape = page.book.shape
    maps = [area(page, first, 1, first + shape.n_layer - 1, shape.tokens) for first in (exact, estimated)]
    agree = f'IFERROR(CORREL({maps[0]},{maps[1]}),"")'
    explained = "1 if the estimate orders all places as patching does."
    labelled_value(page, "correlation", agree, explained, page.style.value_number)
    _scatter(page, exact, estimated)
    page.row += _CHART_ROWS


def _too_long(page: Page) -> str:
    return f"{MARK} this workbook has room for fewer tokens than clean has: {page.book.command('mri')} --tokens "


def _map(page: Page, formula: str, columns: int) -> None:
    size = (page.book.shape.n_layer, columns)
    heat_map(page, 0, formula, size, page.style.cell_restored, look.RESTORED_SCALE)


def _scatter(page: Page, exact: int, estimated: int) -> None:
    """The estimate against the exact share: a series for each layer, from the rows of the two maps."""
    chart = page.book.workbook.add_chart({"type": "scatter"})
    n_layer, tokens = page.book.shape.n_layer, page.book.shape.tokens
    for layer in range(n_layer):
        colour = look.between(look.NEGATIVE, look.POSITIVE, layer / max(1, n_layer - 1))
        chart.add_series(
            {
                "name": f"layer {layer}",
                "categories": [page.name, exact + layer, 1, exact + layer, tokens],
                "values": [page.name, estimated + layer, 1, estimated + layer, tokens],
                "marker": {"type": "circle", "size": 6, "fill": {"color": colour}, "border": {"color": colour}},
            }
        )
    look.dress_chart(chart, "The estimate against patching itself")
    chart.set_x_axis({"name": "patching", **look.GRIDLINES})
    chart.set_y_axis({"name": "gradient", **look.GRIDLINES})
    chart.set_size({"width": 640, "height": 440})
    page.sheet.insert_chart(page.row + 1, 1, chart)
