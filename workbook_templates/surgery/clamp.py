"""The tab Clamp and remove: three operations on one feature, side by side, on two texts."""

from __future__ import annotations

from dataclasses import dataclass

from udfs.models.demo.prompts import JEDI_FIGHTS
from workbook_templates import style as look
from workbook_templates.book import Book
from workbook_templates.grids import labelled_input, labelled_value, number_between, title, unless_message
from workbook_templates.next_tokens import COLUMNS
from workbook_templates.prompt_tab import BEFORE_PROMPT
from workbook_templates.sheet import Page
from workbook_templates.surgery.before_after import GAP, TOKEN_TABLE, Done, write_before_and_after
from workbook_templates.surgery.sae_feature import TAB as SAE_TAB
from workbook_templates.surgery.steering import MOST, Steering

TAB = "Clamp and remove"

_WIDTHS = (14, 22, 12, 12, 12, 3, 14, 22, 12, 12, 12, 3, 82)
_SECOND, _TEXTS = COLUMNS + GAP, 12  # the first columns of the second text, and of the model texts
_CHARTED = 8  # tokens in a chart at least
_CHART_WIDTH = 375  # pixels
_SHOWN = ("before", "added", "clamped")
_ANSWER, _PROBABILITY = 2, 5  # the columns of GPT2_PREDICT
_SERIES_COLOURS = (look.GREY, look.POSITIVE, look.ATTENTION)


@dataclass(frozen=True)
class Clamping:
    """What Start and the overview need: the operation, and the input cell of the second text."""

    done: Done
    text: str


@dataclass(frozen=True)
class _Read:
    """A text that the model reads: its first column, its cell, and the formula of its tokens."""

    column: int
    name: str
    prompt: str
    tokens: str


def write_clamp(book: Book, steering: Steering, chosen: tuple[str, str]) -> Clamping:
    """Writes the tab. `chosen`: the addresses of the layer and the feature, which are chosen on the tab SAE feature."""
    page = Page(book, TAB, _WIDTHS)
    page.furniture(
        "Adding, clamping and removing a feature",
        (
            "Adding puts the same vector on every token and ignores what is there. Clamping sets the feature to a "
            "value:",
            "it adds what is missing, and nothing if the feature has that value. Removing takes the direction out.",
            "So adding steers any text; removing changes only a text in which the feature is active.",
        ),
    )
    title(page, "You choose")
    text = labelled_input(page, "second text", JEDI_FIGHTS, "A text in which the feature is active.", COLUMNS - 1)
    value = _value(page, steering)
    labelled_value(page, "feature", f'{steering.argument}&""', f"Chosen on the tab {SAE_TAB}, with its coefficient.")
    page.row += 1
    reads = (
        _Read(0, "your prompt", "prompt_used", f"{TOKEN_TABLE}#"),
        _Read(_SECOND, "the second text", text, f"GPT2_TOKENIZE({BEFORE_PROMPT}&{text},model_used)"),
    )
    models = _operations(page, steering, reads, chosen, value)
    title(page, "The next tokens of the second text without the direction")
    after = write_before_and_after(page, text, ("model_used", models["removed"]))
    _activations(page, steering, reads, chosen, models)
    page.sheet.print_area(0, 0, page.row, _TEXTS)
    page.sheet.freeze_panes(1, 0)
    return Clamping(Done(TAB, after, page.there(text)), text.replace("$", ""))


def _value(page: Page, steering: Steering) -> str:
    """The input cell of the value, which is at first the coefficient of the tab SAE feature."""
    cell = labelled_input(page, "value", None, "The feature is clamped to it. At first, the coefficient that is added.")
    page.plain(page.row - 1, 1, steering.coefficient, page.style.input)
    number_between(page, cell, -MOST, MOST)
    return cell


def _operations(
    page: Page, steering: Steering, reads: tuple[_Read, ...], chosen: tuple[str, str], value: str
) -> dict[str, str]:
    """A row for each operation: the answer to both texts. Returns the cells of the model texts, by operation."""
    title(page, "The answer after each operation")
    layer, feature = chosen
    place, positions = steering.place, steering.positions
    clamp = f"GPT2_CLAMP_MODEL({layer},{feature},{{}},{positions},model_used)"
    steps = {
        "before": ("the model itself", "model_used"),
        "added": (
            "add",
            f"GPT2_STEER_MODEL({steering.argument},{place},{steering.coefficient},{positions},model_used)",
        ),
        "clamped": ("clamp", clamp.format(value)),
        "off": ("clamp to 0", clamp.format("0")),
        "removed": ("remove", f"GPT2_REMOVE_MODEL({steering.argument},{place},{positions},model_used)"),
    }
    for read in reads:
        for column, text, cell_format in (
            (0, "operation", page.style.header),
            (1, read.name, page.style.header),
            (2, "probability", page.style.header_right),
        ):
            page.text(page.row, read.column + column, text, cell_format)
    page.text(page.row, _TEXTS, "model text", page.style.header)
    first = page.row + 1
    models = {}
    for row, (name, (label, formula)) in enumerate(steps.items(), start=first):
        model = models[name] = page.at(row, _TEXTS, absolute=True)
        page.formula(row, _TEXTS, formula, page.style.note)
        for read in reads:
            page.text(row, read.column, label, page.style.bold)
            for column, part, cell_format in (
                (1, _ANSWER, page.style.token),
                (2, _PROBABILITY, page.style.probability),
            ):
                found = f"INDEX(GPT2_PREDICT({read.prompt},1,1,{model}),2,{part})"
                shown = unless_message(model, found, model if part == _ANSWER else '""')
                page.formula(row, read.column + column, f'IFERROR({shown},"")', cell_format)
    last = page.row = first + len(steps)
    for read in reads:
        page.sheet.conditional_format(first, read.column + 2, last - 1, read.column + 2, look.PROBABILITY_BARS)
        page.mark_errors(first, read.column + 1, last - 1)
    page.mark_errors(first, _TEXTS, last - 1)
    page.row += 1
    return models


def _activations(
    page: Page, steering: Steering, reads: tuple[_Read, ...], chosen: tuple[str, str], models: dict[str, str]
) -> None:
    """For each text, how active the feature is at each token: before, added, clamped."""
    title(
        page,
        "How active is the feature at each token?",
        ("Clamped, it is near the value, not exactly at it: the autoencoder does not read just what it writes.",),
    )
    header, tokens = page.row, page.book.shape.tokens
    layer, feature = chosen
    dialect, style = page.book.dialect, page.style
    for read in reads:
        for column, name in enumerate(("position", "token", *_SHOWN)):
            page.text(
                header,
                read.column + column,
                name,
                (style.header_centred, style.header)[column] if column < 2 else style.header_right,
            )
        for column, cell_format in enumerate((style.position, style.token, *[style.logit] * len(_SHOWN))):
            for row in range(header + 1, header + 1 + tokens):
                page.sheet.write_blank(row, read.column + column, None, cell_format)
        part = dialect.part(read.tokens, 1, 2, above=1)
        page.formula(header + 1, read.column, f'IFERROR({part},"")', style.position, (tokens, 2))
        for column, name in enumerate(_SHOWN, start=2):
            stream = f"GPT2_RESIDUAL({read.prompt},{steering.place},{models[name]})"
            formula = f"GPT2_SAE_ACTIVATION({stream},{layer},{feature},model_used)"
            page.formula(header + 1, read.column + column, formula, style.logit, (tokens, 1))
            page.mark_errors(header + 1, read.column + column)
    page.row = header + 1 + tokens
    last = header + min(tokens, max(page.book.unfolded, _CHARTED))
    for number, read in enumerate(reads):
        _chart(page, read, header + 1, last, (header, number * (_CHART_WIDTH + 10)))


def _chart(page: Page, read: _Read, first: int, last: int, at: tuple[int, int]) -> None:
    """A chart of the activations. `at`: its row, and its pixels to the right of the model texts' left edge."""
    chart = page.book.workbook.add_chart({"type": "column"})
    for column, (name, colour) in enumerate(zip(_SHOWN, _SERIES_COLOURS, strict=True), start=read.column + 2):
        chart.add_series(
            {
                "name": name,
                "categories": [page.name, first, read.column + 1, last, read.column + 1],
                "values": [page.name, first, column, last, column],
                "fill": {"color": colour},
            }
        )
    look.dress_chart(chart, f"Activation: {read.name}")
    chart.set_y_axis(look.GRIDLINES)
    chart.set_size({"width": _CHART_WIDTH, "height": 300})
    row, x_offset = at
    page.sheet.insert_chart(row, _TEXTS, chart, {"x_offset": x_offset})
